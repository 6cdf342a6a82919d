package alb

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Limits of a request ("HTTP 400", "HTTP 414" and "HTTP 463" in the troubleshooting page): 16 KB for the request line and
// for each header, 64 KB for all of them, 30 addresses in X-Forwarded-For.
const (
	maxLine     = 16 << 10
	maxHeaders  = 64 << 10
	maxForwards = 30
)

var validHeader = regexp.MustCompile(`^[-A-Za-z0-9]+$`)

// inspect refuses what a load balancer does not pass on, with the status to answer; 0 lets the request pass. It takes
// headers with invalid names off, if the load balancer is told to.
func (x *exchange) inspect() int {
	r := x.request
	total := 0
	for name, values := range r.Header {
		if x.attributes.DropInvalidHeaders && !validHeader.MatchString(name) {
			delete(r.Header, name)
			continue
		}
		for _, value := range values {
			total += len(name) + len(value)
			if len(name)+len(value) > maxLine {
				return http.StatusBadRequest
			}
		}
	}
	switch {
	case len(r.RequestURI) > maxLine:
		return http.StatusRequestURITooLong
	case total > maxHeaders:
		return http.StatusBadRequest
	case r.Method == http.MethodTrace:
		return http.StatusMethodNotAllowed
	case strings.Count(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") >= maxForwards:
		return statusTooManyForwards
	}
	return 0
}

// rawPath is the path as the client sent it.
func rawPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	return r.URL.EscapedPath()
}

// rewrite makes the request that the target gets: path, query and Host unchanged, and the X-Forwarded headers.
func (x *exchange) rewrite(p *httputil.ProxyRequest) {
	out := p.Out
	out.URL.Scheme, out.URL.Host, out.URL.RawQuery = "http", p.In.Host, p.In.URL.RawQuery
	if raw := rawPath(p.In); raw != out.URL.EscapedPath() && !strings.HasPrefix(raw, "//") {
		out.URL.Opaque = raw // Go would spell it in another way
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} { // the proxy took them off; the load balancer does not
		if values := p.In.Header.Values(name); len(values) > 0 {
			out.Header[name] = values
		}
	}
	if value := x.forwardedFor(p.In); value != "" {
		out.Header.Set("X-Forwarded-For", value)
	}
	out.Header.Set("X-Forwarded-Proto", strings.ToLower(x.listener.Protocol))
	out.Header.Set("X-Forwarded-Port", strconv.Itoa(x.listener.Port))
	out.Header.Set("X-Amzn-Trace-Id", traceID(p.In.Header.Get("X-Amzn-Trace-Id"), x.record.At))
}

// forwardedFor is the header by the load balancer's mode: append (the default), preserve or remove.
func (x *exchange) forwardedFor(r *http.Request) string {
	before := strings.Join(r.Header.Values("X-Forwarded-For"), ", ")
	switch x.attributes.ForwardedForMode {
	case "preserve":
		return before
	case "remove":
		return ""
	}
	client := r.RemoteAddr
	if address, _, err := net.SplitHostPort(client); err == nil && !x.attributes.ForwardedClientPort {
		client = address
	}
	if before == "" {
		return client
	}
	return before + ", " + client
}

// traceID adds the load balancer's own field to a trace header, or begins one ("Request tracing" in the guide).
func traceID(before string, at time.Time) string {
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails, says its documentation
	own := fmt.Sprintf("1-%08x-%s", at.Unix(), hex.EncodeToString(id[:]))
	switch {
	case strings.Contains(before, "Root="):
		return "Self=" + own + ";" + before
	case before == "":
		return "Root=" + own
	}
	return before + ";Root=" + own
}
