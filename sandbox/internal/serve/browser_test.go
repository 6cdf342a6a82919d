package serve_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
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
	page, end := browse(s)
	if page == nil {
		return
	}
	defer end()
	page.goTo("https://" + s.Description().HTTPS + "/preview/")
	page.showsTheDemo()
	page.shows(`sessionStorage.titles`, "Waking the editor\n") // it may have gone before anybody looked
}

// showsTheDemo waits for the demo's page with its socket.
func (t *tab) showsTheDemo() {
	t.t.Helper()
	t.shows(`document.title + ": " + document.getElementById("socket")?.textContent`, "webordinary live edit: demo: connected")
}

// browse opens a browser; nil where there is none.
func browse(s *served, more ...chromedp.ExecAllocatorOption) (page *tab, end func()) {
	s.t.Helper()
	path := chromium(s.t)
	if path == "" {
		return nil, nil
	}
	root, end := startBrowser(s.t, path, more...)
	page, _ = newTab(root, s.t)
	return page, end
}

// startBrowser starts the Chromium of that path, with options beside those that every test needs.
func startBrowser(t testing.TB, path string, more ...chromedp.ExecAllocatorOption) (root context.Context, end func()) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("ignore-certificate-errors", true), // the authority is the sandbox's own: the newcomer clicks the warning away
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	root, closeTab := chromedp.NewContext(allocator)
	end = func() {
		_ = chromedp.Cancel(root) // waits until the browser is gone, so that its profile can be removed
		closeTab()
		stop()
	}
	if err := chromedp.Do(root, chromedp.Navigate("about:blank")); err != nil {
		end()
		require.NoError(t, err, "start %s", path)
	}
	return root, end
}

const signInPage = "Sign in (sandbox)"

// submit fills the sign-in page in.
func (t *tab) submit(email string) {
	t.t.Helper()
	t.once(`() => {
		const [field, form] = [document.querySelector("input[type=email]"), document.querySelector("form")];
		return field && form && (() => { field.value = "` + email + `"; form.submit(); });
	}`)
}

// calls lets the page make a call, and waits until the text that the script ends with has another one in it.
func (t *tab) calls(script, want string) {
	t.t.Helper()
	t.once(`() => { delete window.said; return () => ` + script + `.then((said) => { window.said = said; }); }`)
	t.shows(`window.said ?? ""`, want)
}

// requireABrowserIsToldSo: an editor of the first client, at another one's host, sees a page that says who he is and whom to ask.
func requireABrowserIsToldSo(s *served) {
	address, port, err := net.SplitHostPort(s.Description().HTTPS)
	require.NoError(s.t, err)
	page, end := browse(s, chromedp.Flag("host-resolver-rules", "MAP "+otherHost+" "+address))
	if page == nil {
		return
	}
	defer end()
	page.goTo("https://" + otherHost + ":" + port + "/preview/")
	page.shows(`document.title`, signInPage)
	page.submit("bo@example.com")
	page.shows(`document.body?.innerText ?? ""`, "You can't edit here")
	page.shows(`document.body?.innerText ?? ""`, "signed in as bo@example.com")
}

// requireABrowserSignsIn goes the newcomer's way: the sign-in page, which does not know a stranger; the editor's page; and when the session
// ends during an edit, calls are denied, and the next page is the sign-in again, which leads back to what was wanted.
func requireABrowserSignsIn(s *served) {
	page, end := browse(s)
	if page == nil {
		return
	}
	defer end()
	address := "https://" + s.Description().HTTPS + "/preview/?from=a+letter"
	page.goTo(address)
	page.shows(`document.title`, signInPage)
	page.submit("eve@example.com")
	page.shows(`document.body?.textContent ?? ""`, "has no eve@example.com")
	page.submit("bo@example.com")
	page.showsTheDemo()
	page.shows(`location.href`, address)

	const write, read = `fetch("/api/check/edit", {method: "PUT", body: "%s"}).then((a) => "status " + a.status)`,
		`fetch("/api/check/edit").then((a) => a.text())`
	page.calls(fmt.Sprintf(write, "before"), "status 20")
	// The session ends, as in another tab. The issuer's own page of signing out is AWS's, and not followed. The edit is denied, and not lost
	// in a redirect.
	page.calls(`fetch("/api/sign-out", {redirect: "manual"}).then(() => `+fmt.Sprintf(write, "after")+`)`, "status 401")
	page.goTo(address)
	page.shows(`document.title`, signInPage)
	page.submit("bo@example.com")
	page.showsTheDemo()
	page.shows(`location.href`, address)
	page.calls(read, "before") // what was saved is there, and what was denied is not
	page.calls(fmt.Sprintf(write, "after"), "status 20")
}
