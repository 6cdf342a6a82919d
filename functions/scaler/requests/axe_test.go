package requests_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// axeCore is axe.min.js of the npm package axe-core 4.14.1, under the Mozilla Public License 2.0, unchanged.
func axeCore(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "axe-4.14.1.min.js.gz"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	script, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	return string(script)
}

// accessible holds what axe finds against nothing: WCAG 2.2 A and AA, and its best practices. The frame is another site's page.
func (b *tab) accessible(script, what string) {
	b.Helper()
	value[bool](b, script+`; (axe.run(document, {iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then((found) => { window.axeFound = found; }), true)`)
	b.until(`window.axeFound`)
	require.Empty(b, value[[]string](b, `axeFound.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" "))`), what)
	require.Greater(b, value[int](b, `axeFound.passes.length`), 10, "%s: axe has looked", what)
}

// TestBrowserAxe has axe look at every face of the waiting page.
func TestBrowserAxe(t *testing.T) {
	t.Parallel()
	script := axeCore(t)
	card, behind := newSite(t, at(decide.StagePulling, time.Now())), newSite(t, at(decide.StagePulling, time.Now()))
	behind.publish(t, publishedPage)
	b := browse(t)
	for _, face := range []struct {
		name, scheme string
		site         *site
		plan         decide.Plan
		width        int64
		shows        string
	}{
		{"card", "light", card, at(decide.StagePulling, time.Now()), 1024, "Waking"},
		{"card, dark", "dark", card, at(decide.StagePulling, time.Now()), 1024, "Waking"},
		{"bar above the published site", "light", behind, at(decide.StagePulling, time.Now()), 1024, "Waking"},
		{"bar, dark, on a phone", "dark", behind, at(decide.StageChecking, time.Now()), 360, "Waking"},
		{"asleep", "light", card, decide.Plan{State: decide.StateAsleep}, 1024, "asleep"},
		{"asleep, above the published site", "light", behind, decide.Plan{State: decide.StateAsleep}, 360, "asleep"},
		{"failing", "light", card, decide.Plan{State: decide.StateFailing, Class: decide.ClassImage, RetryAt: time.Now().Add(time.Minute)}, 1024, "cannot start"},
	} {
		face.site.set(face.plan, "")
		address := face.site.server.URL + "/preview/"
		if face.plan.State == decide.StateAsleep { // the page of somebody who has not asked
			face.site.set(face.plan, `<title>The site</title><link rel="icon" href="data:,">`)
			b.do(chromedp.Navigate(address))
			b.until(`document.title === "The site"`)
			face.site.set(face.plan, "")
			value[bool](b, `(location.reload(), true)`)
		} else {
			b.do(prefer(face.scheme), chromedp.EmulateViewport(face.width, 640), chromedp.Navigate(address))
		}
		b.shows("title", face.shows)
		b.accessible(script, face.name)
	}
	b.clean()
}
