package standin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/standin"
)

var editor = &url.URL{Scheme: "https", Host: "edit.example.com"}

// published is a site with TLS, and what it was asked.
type published struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	now   time.Time
	site  *standin.Site
}

func publish(t *testing.T, serve http.HandlerFunc) *published {
	t.Helper()
	p := &published{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.RequestURI())
		p.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		serve(w, r)
	}))
	t.Cleanup(p.Close)
	base, err := url.Parse(p.URL)
	require.NoError(t, err)
	p.site = &standin.Site{Base: base, Transport: p.Client().Transport, Now: func() time.Time { return p.now }}
	return p
}

func TestThePathIsCarriedOver(t *testing.T) {
	t.Parallel()
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone/" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for path, want := range map[string]string{
		"/preview/": "/", "/preview/about/": "/about/", "/preview/a%2Fb": "/a%2Fb", "/preview/caf%C3%A9": "/caf%C3%A9",
		"/preview//elsewhere.example.com/": "/elsewhere.example.com/",
		"/preview/gone/":                   "/", // the first page is better than none
		"/api/x":                           "/",
	} {
		require.Equal(t, p.URL+want, p.site.For(t.Context(), editor, path), path)
	}
}

func TestWhatCannotBeShown(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]http.HandlerFunc{
		"refuses frames": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Frame-Options", "DENY") },
		"an error":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no page":        func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json") },
		"a loop":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"out of HTTPS": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"is slow":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := publish(t, serve)
			require.Empty(t, p.site.For(t.Context(), editor, "/preview/"))
		})
	}
}

// TestTheEditorIsNotShownToItself: a site that sends everybody to the editor would be the waiting page in the waiting page.
func TestTheEditorIsNotShownToItself(t *testing.T) {
	t.Parallel()
	p := publish(t, func(http.ResponseWriter, *http.Request) {})
	own, err := url.Parse(p.URL)
	require.NoError(t, err)
	require.Empty(t, p.site.For(t.Context(), own, "/preview/"))
}

// TestWhereARedirectLeads is what the frame's policy has to allow.
func TestWhereARedirectLeads(t *testing.T) {
	t.Parallel()
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/en/", http.StatusFound)
		}
	})
	require.Equal(t, p.URL+"/en/", p.site.For(t.Context(), editor, "/preview/"))
}

// TestTheSiteIsAskedSeldom: every visitor who waits asks, and the site once in ten minutes; once in two if it said no.
func TestTheSiteIsAskedSeldom(t *testing.T) {
	t.Parallel()
	refuses := false
	p := publish(t, func(w http.ResponseWriter, _ *http.Request) {
		if refuses {
			w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
		}
	})
	ask := func() string { return p.site.For(t.Context(), editor, "/preview/") }
	for range 3 {
		require.NotEmpty(t, ask())
	}
	require.Len(t, p.asked, 1)
	refuses = true
	p.now = p.now.Add(10 * time.Minute)
	require.Empty(t, ask())
	require.Empty(t, ask())
	require.Len(t, p.asked, 2)
	refuses = false
	p.now = p.now.Add(2 * time.Minute)
	require.NotEmpty(t, ask())
	require.Len(t, p.asked, 3)
}
