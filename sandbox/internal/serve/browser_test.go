package serve_test

import (
	"context"
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
func browse(s *served) (ctx context.Context, end func()) {
	s.t.Helper()
	path := chromium(s.t)
	if path == "" {
		return nil, nil
	}
	root, closeAll := startBrowser(s, path)
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

// requireABrowserSignsIn goes the newcomer's way: the sign-in page, which does not know a stranger; the editor's page; and when the session
// ends during an edit, calls are denied, and the next page is the sign-in again, which leads back to what was wanted.
func requireABrowserSignsIn(s *served) {
	ctx, end := browse(s)
	if ctx == nil {
		return
	}
	defer end()
	const signInPage = "Sign in (sandbox)"
	sees := func(what, script, want string) {
		s.t.Helper()
		s.eventually(what, func() bool {
			text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
			return err == nil && strings.Contains(text, want)
		})
	}
	submit := func(email string) {
		s.t.Helper()
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
			`document.querySelector("input[type=email]").value = "`+email+`"; document.querySelector("form").submit(); true`))
		require.NoError(s.t, err)
	}
	address := "https://" + s.Description().HTTPS + "/preview/?from=a+letter"
	require.NoError(s.t, chromedp.Do(ctx, chromedp.Navigate(address)))
	sees("the sign-in", `document.title`, signInPage)
	submit("eve@example.com")
	sees("that nobody knows her", `document.body.textContent`, "has no eve@example.com")
	submit("bo@example.com")
	s.seesTheDemo(ctx)
	sees("the page that was wanted", `location.href`, address)

	// As in another tab. The issuer's own page of signing out is AWS's, and not followed.
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`fetch("/api/sign-out", {redirect: "manual"}).then(() => fetch("/api/session"))
		.then((a) => { window.said = "status " + a.status }); true`))
	require.NoError(s.t, err)
	sees("that the call is denied", `window.said ?? ""`, "status 401")
	require.NoError(s.t, chromedp.Do(ctx, chromedp.Navigate(address)))
	sees("the sign-in again", `document.title`, signInPage)
	submit("bo@example.com")
	s.seesTheDemo(ctx)
	sees("the page that was wanted", `location.href`, address)
}
