// Package standin finds what the waiting page may show behind its progress: the published site, if that can be reached and
// lets itself be framed. A browser does not tell a page why a frame stays empty, so the function asks the site itself.
package standin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long a visitor's page waits for the site's answer; most sites answer in a fraction of it.
	patience = 500 * time.Millisecond
	// goodFor and badFor are how long an answer is remembered: a site that is put right shows up within minutes.
	goodFor, badFor = 10 * time.Minute, 2 * time.Minute
	// most addresses are remembered; more are a robot's, and begin anew.
	most = 256
	// redirects that are followed: www, https and a trailing slash are three.
	redirects = 4
	// previewPrefix is what the editor's paths begin with; the rest is the site's own path.
	previewPrefix = "/preview/"
)

// Site is the published site.
type Site struct {
	// Base is where it begins, such as https://www.example.com.
	Base *url.URL
	// Transport reaches it; nil is the standard library's.
	Transport http.RoundTripper
	// Now is the clock by which answers grow old.
	Now func() time.Time

	mu    sync.Mutex
	known map[string]answer
}

// answer is what may be framed for an address, nothing if address is empty.
type answer struct {
	address string
	until   time.Time
}

// For returns the address to show to a visitor of the editor's page, or nothing: the site's page of the same path, or else its
// first one. The query is left out, since it may hold what is nobody else's business. editor is the origin that frames it.
func (s *Site) For(ctx context.Context, editor *url.URL, path string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rest, preview := strings.CutPrefix(path, previewPrefix)
	if preview && rest != "" {
		if page := s.look(ctx, editor, s.Base.JoinPath(rest)); page != "" {
			return page
		}
	}
	return s.look(ctx, editor, s.Base.JoinPath("/"))
}

// look asks the site, or remembers what it said.
func (s *Site) look(ctx context.Context, editor, page *url.URL) string {
	key := editor.Host + " " + page.String()
	s.mu.Lock()
	found, known := s.known[key]
	s.mu.Unlock()
	now := s.Now()
	if known && now.Before(found.until) {
		return found.address
	}
	found = answer{until: now.Add(badFor)}
	if framed := s.ask(ctx, editor, page); framed != nil {
		found = answer{address: framed.String(), until: now.Add(goodFor)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= most {
		s.known = map[string]answer{}
	}
	s.known[key] = found
	return found.address
}

var errRedirected = errors.New("redirected too often, or out of HTTPS")

// ask returns where the page is in the end, nil if it cannot be shown. No cookie and no name of ours goes with the request.
func (s *Site) ask(ctx context.Context, editor, page *url.URL) *url.URL {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), http.NoBody)
	if err != nil {
		return nil
	}
	request.Header.Set("Accept", "text/html")
	client := http.Client{Transport: s.Transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > redirects || next.URL.Scheme != s.Base.Scheme {
			return errRedirected
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil
	}
	_ = response.Body.Close() // what it says does not matter
	at := response.Request.URL
	switch {
	case response.StatusCode != http.StatusOK,
		!strings.HasPrefix(response.Header.Get("Content-Type"), "text/html"),
		at.Host == editor.Host, // would ask for the waiting page once more
		at.User != nil,
		!frameable(response.Header, at, editor):
		return nil
	}
	at.Fragment = ""
	return at
}
