package serve_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium finds the browser; "" without one, except in CI, which installs it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium on the PATH: install Debian's package chromium")
	}
	t.Log("no Chromium on the PATH: the page is not opened in a browser")
	return ""
}

// requireABrowserWakesIt opens the printed address as a newcomer does: it shows the waiting page, and by itself the demo's
// page, whose socket connects.
func requireABrowserWakesIt(s *served) {
	ctx, end := browse(s)
	if ctx == nil {
		return
	}
	defer end()
	require.NoError(s.t, chromedp.Do(ctx, chromedp.Navigate("https://"+s.Description().HTTPS+"/preview/")))
	title, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(s.t, err)
	require.Equal(s.t, "Waking the editor", title)
	s.seesTheDemo(ctx)
}

// seesTheDemo waits for the demo's page with its socket. The page may be replaced at any moment, and a look at it fails then.
func (s *served) seesTheDemo(ctx context.Context) {
	s.t.Helper()
	s.eventually("the demo's page is connected", func() bool {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.title + ": " + document.getElementById("socket")?.textContent`))
		return err == nil && text == "webordinary live edit: demo: connected"
	})
}

// browse opens a browser; nil where there is none.
func browse(s *served, more ...chromedp.ExecAllocatorOption) (ctx context.Context, end func()) {
	s.t.Helper()
	path := chromium(s.t)
	if path == "" {
		return nil, nil
	}
	root, closeAll := startBrowser(s, path, more...)
	ctx, timeUp := context.WithTimeout(root, soon)
	return ctx, func() {
		timeUp()
		closeAll()
	}
}

// startBrowser starts the Chromium of that path, with options beside those that every test needs.
func startBrowser(s *served, path string, more ...chromedp.ExecAllocatorOption) (root context.Context, end func()) {
	s.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(s.t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("ignore-certificate-errors", true), // the authority is the sandbox's own: the newcomer clicks the warning away
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	root, closeTab := chromedp.NewContext(allocator)
	return root, func() {
		_ = chromedp.Cancel(root) // waits until the browser is gone, so that its profile can be removed
		closeTab()
		stop()
	}
}

const signInPage = "Sign in (sandbox)"

// browserTab is a page in a browser.
type browserTab struct {
	*served
	ctx context.Context
}

// sees waits until a script gives a text that has another one in it. The page may be replaced at any moment, and a look at it fails then.
func (t browserTab) sees(what, script, want string) {
	t.t.Helper()
	t.eventually(what, func() bool {
		text, err := chromedp.Run(t.ctx, chromedp.Evaluate[string](script))
		return err == nil && strings.Contains(text, want)
	})
}

func (t browserTab) opens(address string) {
	t.t.Helper()
	require.NoError(t.t, chromedp.Do(t.ctx, chromedp.Navigate(address)))
}

// submit fills the sign-in page in.
func (t browserTab) submit(email string) {
	t.t.Helper()
	_, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](
		`document.querySelector("input[type=email]").value = "`+email+`"; document.querySelector("form").submit(); true`))
	require.NoError(t.t, err)
}

// calls lets the page make a call; the text that the script ends with is in window.said then.
func (t browserTab) calls(script string) {
	t.t.Helper()
	_, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](`delete window.said; (`+script+`).then((said) => { window.said = said }); true`))
	require.NoError(t.t, err)
}

// requireABrowserIsToldSo: an editor of the first client, at another one's host, sees a page that says who he is and whom to ask.
func requireABrowserIsToldSo(s *served) {
	address, port, err := net.SplitHostPort(s.Description().HTTPS)
	require.NoError(s.t, err)
	ctx, end := browse(s, chromedp.Flag("host-resolver-rules", "MAP "+otherHost+" "+address))
	if ctx == nil {
		return
	}
	defer end()
	tab := browserTab{s, ctx}
	tab.opens("https://" + otherHost + ":" + port + "/preview/")
	tab.sees("the sign-in", `document.title`, signInPage)
	tab.submit("bo@example.com")
	tab.sees("that he can't edit here", `document.body.innerText`, "You can't edit here")
	tab.sees("who he is", `document.body.innerText`, "signed in as bo@example.com")
}

// requireABrowserSignsIn goes the newcomer's way: the sign-in page, which does not know a stranger; the editor's page; and when the session
// ends during an edit, calls are denied, and the next page is the sign-in again, which leads back to what was wanted.
func requireABrowserSignsIn(s *served) {
	ctx, end := browse(s)
	if ctx == nil {
		return
	}
	defer end()
	tab := browserTab{s, ctx}
	address := "https://" + s.Description().HTTPS + "/preview/?from=a+letter"
	tab.opens(address)
	tab.sees("the sign-in", `document.title`, signInPage)
	tab.submit("eve@example.com")
	tab.sees("that nobody knows her", `document.body.textContent`, "has no eve@example.com")
	tab.submit("bo@example.com")
	s.seesTheDemo(ctx)
	tab.sees("the page that was wanted", `location.href`, address)

	const write, read = `fetch("/api/check/edit", {method: "PUT", body: "%s"}).then((a) => "status " + a.status)`,
		`fetch("/api/check/edit").then((a) => a.text())`
	tab.calls(fmt.Sprintf(write, "before"))
	tab.sees("that the edit is saved", `window.said ?? ""`, "status 20")
	// The session ends, as in another tab. The issuer's own page of signing out is AWS's, and not followed.
	tab.calls(`fetch("/api/sign-out", {redirect: "manual"}).then(() => ` + fmt.Sprintf(write, "after") + `)`)
	tab.sees("that the edit is denied, and not lost in a redirect", `window.said ?? ""`, "status 401")
	tab.opens(address)
	tab.sees("the sign-in again", `document.title`, signInPage)
	tab.submit("bo@example.com")
	s.seesTheDemo(ctx)
	tab.sees("the page that was wanted", `location.href`, address)
	tab.calls(read)
	tab.sees("that what was saved is there, and what was denied is not", `window.said ?? ""`, "before")
	tab.calls(fmt.Sprintf(write, "after"))
	tab.sees("that the edit goes on", `window.said ?? ""`, "status 20")
}
