package serve_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is a window of one person, whose cookies are nobody else's. Any page in it may reload itself, or be replaced, at any moment: the
// waiting page changes over, and Vite reloads what it can't change. So nothing here rests on a page's staying.
type tab struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // chromedp keeps a tab in it
}

// witness runs in each document before its own scripts. It keeps the titles that the window has shown on an origin, and whether Vite's client
// is connected: what is edited before that is seen by nobody. What became of each socket it keeps for whoever reads of a failure.
const witness = `if (window === top) {
	addEventListener("DOMContentLoaded", () => { try { sessionStorage.titles = (sessionStorage.titles ?? "") + document.title + "\n"; } catch {} });
	window.WebSocket = class extends WebSocket {
		constructor(...all) {
			super(...all);
			const note = (what) => { (window.sockets ??= []).push(Math.round(performance.now()) + " ms: " + what + " " + all.join(" ")); };
			note("begun");
			this.addEventListener("open", () => note("open"));
			this.addEventListener("message", ({data}) => { if (String(data).includes('"type":"connected"')) window.connected = true; });
			this.addEventListener("close", ({code, reason}) => { note("closed " + code + " " + reason); window.connected = false; });
		}
	};
}`

// newTab prepares a window of its own in a browser. It is closed with the test at the latest.
func newTab(root context.Context, t testing.TB) (_ *tab, closed func()) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: witness})
		return err
	})))
	return &tab{t, ctx}, cancel
}

// goTo goes to an address, and is back when its page has begun. The page before may go elsewhere by itself at the same moment. Chromium ends
// this navigation then, with an error or without, or a reload that was under way comes after it: it begins again until it lasts.
func (t *tab) goTo(address string) {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	before, _ := t.at(ctx)
	there := func() bool {
		now, typed := t.at(ctx) // a reload of the page before may have got our typed address
		return typed == address && (now == address || now != before)
	}
	const looks, pause = 10, 20 * time.Millisecond
	for lasting := 0; lasting < looks; {
		err := chromedp.Do(ctx, navigate(address))
		if failed := new(chromedp.LoadError); errors.As(err, &failed) && failed.ErrorText != "net::ERR_ABORTED" || ctx.Err() != nil {
			require.NoError(t.t, cmp.Or(err, ctx.Err()), address)
		}
		for lasting = 0; err == nil && lasting < looks && there(); lasting++ {
			time.Sleep(pause)
		}
	}
}

// at is the address of the page, and what was typed, which differs after a redirect.
func (t *tab) at(ctx context.Context) (address, typed string) {
	for ctx.Err() == nil {
		history, err := chromedp.Run(ctx, chromedp.NavigationEntries())
		if err == nil && int(history.CurrentIndex) < len(history.Entries) {
			entry := history.Entries[history.CurrentIndex]
			return entry.URL, entry.UserTypedURL
		}
		time.Sleep(time.Millisecond) // a page that is being replaced has none
	}
	return "", ""
}

// navigate is as typing an address. Unlike the library's own it does not wait until all of the page has loaded, which a page that reloads
// itself never does.
func navigate(address string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := cdp.Call(ctx, target, page.Navigate, page.NavigateParams{URL: address})
		if err == nil && got.ErrorText != "" {
			err = &chromedp.LoadError{ErrorText: got.ErrorText}
		}
		return err
	})
}

// text evaluates something to a text; a page that is being replaced has none.
func (t *tab) text(expression string) string {
	ctx, cancel := context.WithTimeout(t.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return ""
	}
	return text
}

// shows waits for a text, and says how long it took.
func (t *tab) shows(expression, text string) time.Duration {
	t.t.Helper()
	began := time.Now()
	for !strings.Contains(t.text(expression), text) {
		if time.Since(began) > soon {
			require.Failf(t.t, "not shown", "%s is %q and has no %q: %s\n%s", expression, t.text(expression), text,
				t.text("document.documentElement.outerHTML"), t.text(`(window.sockets ?? ["no socket"]).join("\n")`))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

// connected waits until all of the page is there and its hot reload has its socket: an edit before that is seen by nobody.
func (t *tab) connected() {
	t.t.Helper()
	t.shows(`document.readyState + " " + window.connected`, "complete true")
}

// once does something that must not be done twice, as soon as the page has what it needs: it is a function that says whether it has, and
// gives what to do. That happens after the browser has answered, since it may end the page.
func (t *tab) once(prepare string) {
	t.t.Helper()
	t.shows(fmt.Sprintf(`(() => { if (document.readyState === "loading") return "not yet"; const act = (%s)();
		if (!act) return "not yet"; setTimeout(act); return "it is done"; })()`, prepare), "it is done")
}

// restless is a page that reloads itself again and again, as soon as it is there and while it is loading.
const restless = `<!doctype html><title>restless</title><script>setTimeout(() => location.reload(), Math.random() * 50)</script>`

// TestTabBearsAPageThatReloadsItself goes away from such a page, and to one that reloads itself once.
func TestTabBearsAPageThatReloadsItself(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	if path == "" {
		t.Skip("no Chromium on the PATH")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/restless" {
			_, _ = io.WriteString(w, restless)
			return
		}
		time.Sleep(20 * time.Millisecond) // as long as it needs for the page before to go elsewhere
		_, _ = io.WriteString(w, `<!doctype html><title>still</title><p>there</p><script>
			if (!sessionStorage[location]) { sessionStorage[location] = "seen"; location.reload(); }</script>`)
	}))
	t.Cleanup(server.Close)
	root, end := startBrowser(t, path)
	t.Cleanup(end)
	window, _ := newTab(root, t)
	for i := range 10 {
		window.goTo(server.URL + "/restless")
		window.shows("document.title", "restless")
		address := fmt.Sprintf("%s/still/%d", server.URL, i)
		window.goTo(address)
		window.shows(`document.title + " " + location.href`, "still "+address)
		window.shows(`document.body?.textContent ?? ""`, "there")
	}
	window.shows(`sessionStorage.titles`, "restless\nstill\n")
}
