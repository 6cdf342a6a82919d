package requests_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// documentedSnippet is what docs/container-contract.md gives to front ends for waking on intent.
func documentedSnippet(t *testing.T) string {
	t.Helper()
	contract, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "container-contract.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(contract), "### Waking on intent")
	require.True(t, found)
	_, rest, found = strings.Cut(rest, "```js\n")
	require.True(t, found)
	snippet, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	return snippet
}

// asks counts how often the service was asked for since the last call.
func (s *site) asks() int {
	n := 0
	for _, intent := range s.seen() {
		if intent == decide.Ask {
			n++
		}
	}
	return n
}

// TestBrowserWakesOnIntent runs the documented snippet in a front end: the first character wakes, once, the others do not, and neither
// does following the wake; signing in wakes, too, and both learn when the editor is up.
func TestBrowserWakesOnIntent(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	frontEnd := `<!doctype html><title>The site</title><link rel="icon" href="data:,"><textarea class="message"></textarea>
		<form class="sign-in" onsubmit="return false"><button>Sign in</button></form><script>` + documentedSnippet(t) + `</script>`
	b := browse(t)
	open := func() {
		s.set(decide.Plan{State: decide.StateAsleep}, frontEnd)
		b.do(chromedp.Navigate(s.server.URL + "/preview/"))
		b.until(`document.title === "The site"`)
		s.set(decide.Plan{State: decide.StateAsleep}, "")
		s.seen()
	}
	open()
	b.do(chromedp.SendKeys(chromedp.CSS("textarea"), "Make the heading red"))
	s.came(b, "GET /api/ ")
	value[bool](b, `(wakeEditor((status) => { document.body.dataset.state = status.state; }).then(() => { document.body.dataset.up = "yes"; }), true)`)
	require.Eventually(t, func() bool { return slices.Contains(s.seen(), decide.Query) }, 20*time.Second, 20*time.Millisecond, "nobody follows")
	require.Zero(t, s.asks(), "following wakes nothing")
	s.set(decide.Plan{State: decide.StateReady}, "the editor's own answer")
	value[bool](b, `(wakeEditor().then((status) => { document.title = status.state; }), true)`)
	b.until(`document.title === "ready"`)
	require.Equal(t, "Make the heading red", value[string](b, `document.querySelector("textarea").value`))

	open()
	b.do(chromedp.Click(chromedp.CSS("form.sign-in button")))
	require.Eventually(t, func() bool { return s.asks() == 1 }, 20*time.Second, 20*time.Millisecond)
	b.clean()
}

// TestBrowserWakesOnceForAWord counts the asks of the keys.
func TestBrowserWakesOnceForAWord(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,"><textarea class="message"></textarea><script>`+
		documentedSnippet(t)+`</script>`)
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.until(`document.title === "The site"`)
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	b.do(chromedp.SendKeys(chromedp.CSS("textarea"), "red"))
	s.came(b, "GET /api/ ")
	time.Sleep(time.Second)
	require.Equal(t, 1, s.asks())
	b.clean()
}
