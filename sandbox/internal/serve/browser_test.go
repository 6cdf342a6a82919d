package serve_test

import (
	"context"
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
	path := chromium(s.t)
	if path == "" {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(s.t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("ignore-certificate-errors", true), // the newcomer clicks the warning away
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	root, closeTab := chromedp.NewContext(allocator)
	defer func() {
		_ = chromedp.Cancel(root) // waits until the browser is gone, so that its profile can be removed
		closeTab()
	}()
	ctx, end := context.WithTimeout(root, soon)
	defer end()
	require.NoError(s.t, chromedp.Do(ctx, chromedp.Navigate("https://"+s.Description().HTTPS+"/preview/")))
	title, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(s.t, err)
	require.Equal(s.t, "Waking the editor", title)
	// The page may be replaced at any moment, and a look at it fails then.
	s.eventually("the demo's page is connected", func() bool {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.title + ": " + document.getElementById("socket")?.textContent`))
		return err == nil && text == "webordinary live edit: demo: connected"
	})
}
