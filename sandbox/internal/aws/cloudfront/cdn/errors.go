package cdn

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxErrorPage bounds what is kept of an error.
const maxErrorPage = 1 << 20

// cached is an error in the cache.
type cached struct {
	status int
	header http.Header
	body   []byte
	at     time.Time // when it was cached
	until  time.Time
}

// cacheable says whether the answer to a request is kept: CloudFront caches what answers GET and HEAD.
func (x *exchange) cacheable() bool {
	return (x.request.Method == http.MethodGet || x.request.Method == http.MethodHead) && x.request.Header.Get("Upgrade") == ""
}

// key is the cache key. The policy CachingDisabled has neither query strings nor headers nor cookies in it.
func (x *exchange) key() string { return x.distribution.id + " " + x.request.URL.EscapedPath() }

func (c *CDN) lookUp(x *exchange) *cached {
	if !x.cacheable() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.errors[x.key()]
	if found == nil || !x.record.At.Before(found.until) {
		delete(c.errors, x.key())
		return nil
	}
	return found
}

func (c *cached) write(w http.ResponseWriter, r *http.Request, now time.Time) {
	header := w.Header()
	for name, values := range c.header {
		header[name] = values
	}
	header.Set("Age", strconv.Itoa(int(now.Sub(c.at)/time.Second)))
	w.WriteHeader(c.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(c.body) // the viewer may be gone
	}
}

// replaceError turns an origin's error into what the viewer gets: the distribution's page for it, or the error itself. It
// caches that for as long as the distribution says, or longer if the origin says so.
func (x *exchange) replaceError(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorPage))
	_ = response.Body.Close() // it has been read
	if err != nil {
		return fmt.Errorf("read the origin's error: %w", err)
	}
	x.record.Result = "Error"
	page, ttl := x.distribution.errorPolicy(response.StatusCode)
	ttl = max(ttl, maxAge(response.Header))
	if page != nil {
		if replaced := x.page(page.Page); replaced != nil {
			body = replaced
			response.Header = http.Header{"Content-Type": {"text/html"}}
			x.record.Problem = fmt.Sprintf("%d of the origin replaced by %s", response.StatusCode, page.Page)
			if page.Status != 0 {
				response.StatusCode = page.Status
			}
		}
	}
	mark(response.Header, x.record.Result)
	x.record.Status, response.Status = response.StatusCode, ""
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.TransferEncoding = nil
	if x.cacheable() && ttl > 0 && (x.request.Method == http.MethodGet || len(body) == 0) {
		now := x.cdn.options.Clock.Now()
		x.cdn.mu.Lock()
		defer x.cdn.mu.Unlock()
		x.cdn.errors[x.key()] = &cached{response.StatusCode, response.Header.Clone(), body, now, now.Add(ttl)}
	}
	return nil
}

// maxAge reads s-maxage or max-age.
func maxAge(header http.Header) time.Duration {
	var age time.Duration
	for part := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		seconds, err := strconv.Atoi(value)
		if err != nil {
			continue
		}
		switch strings.ToLower(name) {
		case "s-maxage":
			return time.Duration(seconds) * time.Second
		case "max-age":
			age = time.Duration(seconds) * time.Second
		}
	}
	return age
}

// page fetches an error page through the behavior for its path; nil when it cannot be had.
func (x *exchange) page(path string) []byte {
	inner := &exchange{cdn: x.cdn, distribution: x.distribution, record: x.record}
	var err error
	inner.behavior = x.distribution.behaviorOf(path)
	if inner.origin, err = x.distribution.originOf(inner.behavior); err != nil {
		return nil
	}
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodGet, "https://"+inner.origin.Domain+inner.origin.Path+path, nil)
	if err != nil {
		return nil
	}
	inner.request = request
	response, err := x.cdn.options.Origins.transport(inner).RoundTrip(request)
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorPage))
	if err != nil || response.StatusCode != http.StatusOK {
		return nil
	}
	return body
}
