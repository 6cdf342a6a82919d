package merge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func warningsOf(t *testing.T, text string) []string {
	t.Helper()
	return ensure(t, text, input()).Warnings
}

// has says whether one warning has all the words.
func has(warnings []string, words ...string) bool {
	for _, w := range warnings {
		all := true
		for _, word := range words {
			all = all && strings.Contains(w, word)
		}
		if all {
			return true
		}
	}
	return false
}

func TestErrorPagesAreWarnedOf(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s3-spa.json", "s3-spa.xml"} {
		w := warningsOf(t, shape(t, name))
		require.True(t, has(w, "/api/*", "/preview/*", "403 becomes 200 with /index.html", "404 becomes 200 with /index.html"), w)
		require.True(t, has(w, "503", "10 s"), w)
		require.Len(t, w, 2)
	}
}

func TestErrorCachingIsWarnedOf(t *testing.T) {
	t.Parallel()
	require.False(t, has(warningsOf(t, shape(t, "origins-and-groups.json")), "503"), "its TTL for 503 is 0")
	require.True(t, has(warningsOf(t, shape(t, "legacy-forwarded-values.xml")), "503", "for 10 s"))
	longer := strings.Replace(shape(t, "origins-and-groups.json"), `"ErrorCachingMinTTL": 0`, `"ErrorCachingMinTTL": 300`, 1)
	require.True(t, has(warningsOf(t, longer), "503", "for 300 s"))
}

func TestSharedPathsAreWarnedOf(t *testing.T) {
	t.Parallel()
	w := warningsOf(t, shape(t, "origins-and-groups.json"))
	require.True(t, has(w, "of the requests for /api/*", "/api/cms/* go to legacy-cms"), w)
	require.True(t, has(w, "both our /preview/* and the owner's *.js", "not to S3-site"), w)
	require.True(t, has(w, "both our /preview/* and the owner's /*/index.html"), w)
	require.False(t, has(w, "/images/*.jpg"), w)
	w = warningsOf(t, withPaths("*.js", "/api/v1/*"))
	require.True(t, has(w, "of the requests for /api/*, those that match the owner's *.js go to S3-site"), w)
	require.Empty(t, has(warningsOf(t, withPaths("/*")), "/*"), "what comes after all of ours is no news")
}

func TestStateOfTheDistributionIsWarnedOf(t *testing.T) {
	t.Parallel()
	text := strings.Replace(site(t), `"Enabled": true,`, `"Enabled": false,`, 1)
	text = strings.Replace(text, `"ContinuousDeploymentPolicyId": ""`, `"ContinuousDeploymentPolicyId": "cdp"`, 1)
	w := warningsOf(t, text)
	require.True(t, has(w, "disabled"), w)
	require.True(t, has(w, "continuous deployment"), w)
}

func TestNothingOfOursNoWarnings(t *testing.T) {
	t.Parallel()
	added := ensure(t, shape(t, "s3-spa.json"), input())
	require.Empty(t, remove(t, string(added.After)).Warnings)
}
