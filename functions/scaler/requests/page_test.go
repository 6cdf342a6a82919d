package requests_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// resolve follows a Location as a browser would.
func resolve(t *testing.T, to string) *url.URL {
	t.Helper()
	base, err := url.Parse("https://edit.example.com/api/x")
	require.NoError(t, err)
	reference, err := url.Parse(to)
	require.NoError(t, err, "%q", to)
	return base.ResolveReference(reference)
}

// TestPageIsSmallAndItsOwn: everything in one answer, nothing from elsewhere, and a policy that allows just that.
func TestPageIsSmallAndItsOwn(t *testing.T) {
	t.Parallel()
	f := &fake{results: []reconcile.Result{state(waking(morning.Add(-5 * time.Second)))}}
	response := serve(t, f.handler(), request{method: "GET", path: "/preview/", header: opening})
	page := response.Body
	require.Equal(t, "text/html; charset=utf-8", response.Header("Content-Type"))
	require.Less(t, len(page), 15<<10, "bytes of the page")
	require.NotRegexp(t, `(?i)(src|href)\s*=\s*["']?(https?:)?//`, page)
	require.NotRegexp(t, `(?i)url\(|@import`, page)
	require.NotRegexp(t, `(?i) on[a-z]+=|style="`, page, "inline handlers and styles would need a weaker policy")
	policy := response.Header("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	for tag, times := range map[string]int{"script": 2, "style": 1} {
		found := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		require.Len(t, found, times)
		allowed := tag + "-src"
		for _, one := range found {
			sum := sha256.Sum256([]byte(one[1]))
			allowed += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
		require.Contains(t, policy+";", allowed+";")
	}
	require.Contains(t, page, `data-purpose="ask"`)
	require.Contains(t, page, `&#34;stage&#34;:&#34;pulling&#34;`, "the first status comes with the page")
	require.NotContains(t, page, "{{")
}

// TestPageOfALookDoesNotAskAgain: a page that was opened by a script must not wake by itself.
func TestPageOfALookDoesNotAskAgain(t *testing.T) {
	t.Parallel()
	f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
	response := serve(t, f.handler(), request{method: "GET", path: "/preview/", header: reloading})
	require.Contains(t, response.Body, `data-purpose="look"`)
}

// TestTypicalIsThisStacks: page and status tell what the stack's own wakes have taken.
func TestTypicalIsThisStacks(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]request{
		"&#34;typicalSeconds&#34;:38,": {method: "GET", path: "/preview/", header: opening},
		`"typicalSeconds":38,`: {method: "GET", path: "/preview/", header: map[string]string{
			"accept": "application/vnd.webordinary.wake+json",
		}},
	} {
		f := &fake{results: []reconcile.Result{state(waking(morning))}}
		h := f.handler()
		h.Typical = func(context.Context) time.Duration { return 38 * time.Second }
		require.Contains(t, serve(t, h, r).Body, want)
	}
}
