package requests_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/standin"
)

// publishedPage looks like somebody's site: a heading, a picture, a form, a link.
const publishedPage = `<!doctype html><html lang="en"><title>Amelia Stamps</title><link rel="icon" href="data:,">
<style>body{margin:0;font:1.1rem/1.6 Georgia,serif;color:#2a2018;background:#fbf7f0}header{padding:2rem 3rem;background:#8c3b2a;color:#fff}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:1.5rem;padding:2rem 3rem}
article{padding:1rem;background:#fff;border:1px solid #e2d6c3}svg{width:100%;height:7rem}</style>
<header><h1>Amelia Stamps</h1><p>Hand-carved stamps, printed in small numbers.</p></header><main>` +
	`<article><svg viewBox="0 0 10 5"><rect width="10" height="5" fill="#d9b36c"/><circle cx="5" cy="2.5" r="2" fill="#8c3b2a"/></svg><h2>Poppies</h2></article>` +
	`<article><svg viewBox="0 0 10 5"><rect width="10" height="5" fill="#9cb79a"/><path d="M1 4L5 1l4 3z" fill="#33513a"/></svg><h2>Hills</h2></article>` +
	`<article><svg viewBox="0 0 10 5"><rect width="10" height="5" fill="#b9cfe0"/><path d="M1 3q2-2 4 0t4 0v2H1z" fill="#2f5d86"/></svg><h2>Sea</h2></article></main>`

// publish serves a site, and puts it behind the waiting page.
func (s *site) publish(t testing.TB, page string, headers ...string) (asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, fmt.Sprint(r.Method, " ", r.URL.Path, " cookies:", len(r.Cookies()), " referrer:", r.Referer()))
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	s.handler.StandIn = &standin.Site{Base: base, Now: time.Now}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

// TestBrowserShowsThePublishedSite behind the progress, at the visitor's path, and changes over to the preview.
func TestBrowserShowsThePublishedSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StagePulling, time.Now().Add(-12*time.Second)))
	asked := s.publish(t, publishedPage)
	b := browse(t)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"waiting-page-site", "light", 1024}, {"waiting-page-site-dark", "dark", 1024}, {"waiting-page-site-phone", "light", 360}} {
		b.do(prefer(look.scheme), chromedp.EmulateViewport(look.width, 640), chromedp.Navigate(s.server.URL+"/preview/about/?thread=7"))
		b.shows("lead", "image is being loaded")
		b.until(`frames.length === 1 && document.readyState === "complete"`)
		require.Contains(t, asked(), "GET /about/ cookies:0 referrer:", "the path, and neither query nor referrer nor cookies")
		require.False(t, value[bool](b, `document.documentElement.scrollWidth > innerWidth`), "%s: something sticks out", look.name)
		require.GreaterOrEqual(t, value[float64](b, leastContrast), 4.5, "%s: WCAG 2.2 AA, 1.4.3", look.name)
		require.Less(t, value[float64](b, `document.querySelector("main").offsetHeight / innerHeight`), 0.35, "%s: a small bar", look.name)
		require.Zero(t, value[float64](b, layoutShift), "%s: the layout jumped", look.name)
		b.shoot(look.name)
	}
	require.True(t, value[bool](b, `document.querySelector("iframe").inert`))
	s.set(decide.Plan{State: decide.StateReady, Stage: decide.StageReady}, "<title>The site</title><h1>Preview of thread 7</h1>")
	b.until(`document.title === "The site"`)
	require.Equal(t, s.server.URL+"/preview/about/?thread=7", value[string](b, `location.href`))
	b.clean()
}

// TestBrowserPaintsThePageInParts as they come over a slow network: nothing jumps, neither of the bar nor of the page without a site.
func TestBrowserPaintsThePageInParts(t *testing.T) {
	t.Parallel()
	for _, behind := range []bool{false, true} {
		s := newSite(t, at(decide.StagePulling, time.Now().Add(-12*time.Second)))
		if behind {
			s.publish(t, publishedPage)
		}
		s.pauseAfter = "</p>"
		b := browse(t)
		b.do(chromedp.Navigate(s.server.URL + "/preview/"))
		b.until(`document.readyState === "complete"`)
		b.shows("lead", "image is being loaded")
		require.Equal(t, "visible", value[string](b, mainVisibility))
		require.Zero(t, value[float64](b, layoutShift), "with a site behind it: %v", behind)
		b.clean()
	}
}

// TestBrowserWithoutScripts shows what the page says to people who have switched them off.
func TestBrowserWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	b := browse(t)
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(s.server.URL+"/preview/"))
	b.shows("title", "Waking the editor")
	require.Equal(t, "visible", value[string](b, mainVisibility))
	require.Contains(t, value[string](b, `document.querySelector("main").innerText`), "looks again every ten seconds")
}

// mainVisibility is whether the page's text is shown.
const mainVisibility = `getComputedStyle(document.querySelector("main")).visibility`

// layoutShift is the sum of the page's layout shifts so far.
const layoutShift = `(() => { let sum = 0; const seen = new PerformanceObserver(() => 0); seen.observe({type: "layout-shift", buffered: true});
	for (const entry of seen.takeRecords()) sum += entry.value; seen.disconnect(); return sum; })()`

// TestBrowserTakesTheKeyboardPastThePublishedSite: the only thing to reach is the button.
func TestBrowserTakesTheKeyboardPastThePublishedSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	s.publish(t, `<title>x</title><link rel="icon" href="data:,"><a href="/a" autofocus>a</a><button>b</button>`)
	// A page that reloads itself is shown the sleeping page.
	s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,">`)
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.until(`document.title === "The site"`)
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	value[bool](b, `(location.reload(), true)`)
	b.shows("title", "asleep")
	b.until(`document.querySelector("iframe.site") !== null`)
	for range 2 {
		b.do(chromedp.KeyEvent("\t"))
		require.Contains(t, []string{"wake", ""}, value[string](b, `document.activeElement.id`), "the frame took the focus")
	}
	b.clean()
}

// TestBrowserKeepsThePublishedSiteFromWaking: whatever a page does to the editor by script, form, picture or refresh.
func TestBrowserKeepsThePublishedSiteFromWaking(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StagePulling, time.Now()))
	editor := s.server.URL
	asked := s.publish(t, strings.ReplaceAll(`<title>x</title><link rel="icon" href="data:,">
		<script>fetch("EDITOR/api/script")</script><body onload="document.forms[0].submit()">
		<form method="post" action="EDITOR/api/form"></form>
		<iframe src="EDITOR/preview/framed"></iframe><img src="EDITOR/api/picture"><link rel="prefetch" href="EDITOR/preview/prefetched"><link rel="stylesheet" href="EDITOR/api/style">
		<meta http-equiv="refresh" content="1;url=EDITOR/preview/refreshed">`, "EDITOR", editor))
	b := browse(t)
	b.do(chromedp.Navigate(editor + "/preview/"))
	b.until(`document.readyState === "complete" && frames.length === 1`)
	s.came(b, "GET /api/picture ")
	s.came(b, "GET /api/style ")
	s.came(b, "GET /preview/framed ")
	time.Sleep(2 * time.Second) // the refresh's second, and more
	require.Len(t, asked(), 2, "the function's look and the page's frame; the editor in that frame shows no site in its turn")
	asks := 0
	for _, intent := range s.seen() {
		if intent == decide.Ask {
			asks++
		}
	}
	require.Equal(t, 1, asks, "only the visitor's own page may ask for the service")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, request := range s.requests {
		require.NotRegexp(t, "script|form|refreshed", request)
	}
}

// TestBrowserShowsTheCardWhereTheSiteRefuses: nothing is framed, and no policy loosened for it.
func TestBrowserShowsTheCardWhereTheSiteRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StagePulling, time.Now()))
	s.publish(t, publishedPage, "Content-Security-Policy", "frame-ancestors 'self'")
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.shows("lead", "image is being loaded")
	require.Zero(t, value[int](b, `document.querySelectorAll("iframe").length`))
	b.clean()
}
