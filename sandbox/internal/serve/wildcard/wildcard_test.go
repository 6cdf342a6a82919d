package wildcard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/serve/wildcard"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		exact, fold   bool
	}{
		{"", "", true, true},
		{"", "a", false, false},
		{"*", "", true, true},
		{"/api/*", "/api/", true, true},
		{"/api/*", "/api", false, false},
		{"/api/*", "/x/api/y", false, false},
		{"/API/*", "/api/x", false, true},
		{"a*b*c", "a12b34c", true, true},
		{"a*b*c", "acb", false, false},
		{"a?c", "abc", true, true},
		{"a?c", "ac", false, false},
		{"a.c", "abc", false, false},
		{"a+(b)[c]", "a+(b)[c]", true, true},
		{`a\*`, "a*", true, true},
		{`a\*`, "ab", false, false},
		{`a\\b`, `a\b`, true, true},
		{"é?", "éü", true, true},
	} {
		require.Equal(t, test.exact, wildcard.Match(test.pattern, test.text), "%q %q", test.pattern, test.text)
		require.Equal(t, test.fold, wildcard.MatchFold(test.pattern, test.text), "%q %q", test.pattern, test.text)
	}
}
