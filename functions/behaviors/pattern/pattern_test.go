package pattern_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/pattern"
)

func TestRelate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		p, q string
		want pattern.Relation
	}{
		{"/api/*", "/api/*", pattern.Equal},
		{"/api/*", "api/*", pattern.Equal},
		{"/api/**", "/api/*", pattern.Equal},
		{"/*", "*", pattern.Equal},
		{"/a?*", "/a*?", pattern.Equal},
		{"/api/*", "/preview/*", pattern.Disjoint},
		{"/api/*", "/API/*", pattern.Disjoint},
		{"/api/*", "/apis/*", pattern.Disjoint},
		{"/api/*", "/api", pattern.Disjoint},
		{"*.js", "*.css", pattern.Disjoint},
		{"/a?", "/a", pattern.Disjoint},
		{"/api/v1/*", "/api/*", pattern.Narrower},
		{"/api/health", "/api/*", pattern.Narrower},
		{"/api/", "/api/*", pattern.Narrower},
		{"/api/?", "/api/*", pattern.Narrower},
		{"/api/*.js", "*.js", pattern.Narrower},
		{"/api*", "/api/*", pattern.Broader},
		{"/*", "/api/*", pattern.Broader},
		{"/a*", "/api/*", pattern.Broader},
		{"/*/*", "/api/*", pattern.Broader},
		{"/???/*", "/api/*", pattern.Broader},
		{"*", "/", pattern.Broader},
		{"*.js", "/preview/*", pattern.Overlapping},
		{"/*/index.html", "/preview/*", pattern.Overlapping},
		{"/p*.html", "/preview/*", pattern.Overlapping},
		{"/api/*a", "/api/a*", pattern.Overlapping},
	}
	for _, tt := range tests {
		got := pattern.Relate(pattern.New(tt.p), pattern.New(tt.q))
		require.Equalf(t, tt.want, got, "Relate(%q, %q)", tt.p, tt.q)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/api/*", "api/*", "*.js", "/a?b", `/~$_-."'@:+&/x`, strings.Repeat("a", 255)} {
		require.NoError(t, pattern.Check(good), good)
	}
	tests := map[string]string{
		"":                       "is empty",
		"/":                      "is empty",
		"*":                      "matches every path",
		"/*":                     "matches every path",
		"/**":                    "matches every path",
		"/a b":                   `has ' ' at position 2`,
		"/a;b":                   `has ';'`,
		"/a%20b":                 `has '%'`,
		"/ä":                     `has 'ä'`,
		"/a\nb":                  `has '\n'`,
		strings.Repeat("a", 256): "has 256 characters",
	}
	for bad, want := range tests {
		require.ErrorContains(t, pattern.Check(bad), want, bad)
	}
}

// paths is every string of up to six letters over an alphabet with one letter that no generated pattern names.
var paths = func() []string {
	all, last := []string{""}, []string{""}
	for range 6 {
		var longer []string
		for _, s := range last {
			for _, c := range []string{"a", "b", "z"} {
				longer = append(longer, s+c)
			}
		}
		all, last = append(all, longer...), longer
	}
	return all
}()

// matcher is the reference: the pattern as a regular expression.
func matcher(glob string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(glob)
	quoted = strings.ReplaceAll(quoted, `\*`, `.*`)
	return regexp.MustCompile(`^` + strings.ReplaceAll(quoted, `\?`, `.`) + `$`)
}

// reference is the relation seen by trying every path.
func reference(p, q string) pattern.Relation {
	mp, mq := matcher(p), matcher(q)
	var both, onlyP, onlyQ bool
	for _, path := range paths {
		inP, inQ := mp.MatchString(path), mq.MatchString(path)
		both = both || inP && inQ
		onlyP = onlyP || inP && !inQ
		onlyQ = onlyQ || inQ && !inP
	}
	switch {
	case !both:
		return pattern.Disjoint
	case onlyP && onlyQ:
		return pattern.Overlapping
	case onlyP:
		return pattern.Broader
	case onlyQ:
		return pattern.Narrower
	default:
		return pattern.Equal
	}
}

func TestRelateAgreesWithTryingEveryPath(t *testing.T) {
	t.Parallel()
	globs := rapid.StringMatching(`[ab*?]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		p, q := globs.Draw(t, "p"), globs.Draw(t, "q")
		require.Equal(t, reference(p, q), pattern.Relate(pattern.New("/"+p), pattern.New(q)))
	})
}

func TestRelateIsConsistent(t *testing.T) {
	t.Parallel()
	opposite := map[pattern.Relation]pattern.Relation{
		pattern.Disjoint: pattern.Disjoint, pattern.Equal: pattern.Equal, pattern.Overlapping: pattern.Overlapping,
		pattern.Narrower: pattern.Broader, pattern.Broader: pattern.Narrower,
	}
	globs := rapid.StringMatching(`[ab/*?]{0,40}`)
	rapid.Check(t, func(t *rapid.T) {
		p, q := pattern.New(globs.Draw(t, "p")), pattern.New(globs.Draw(t, "q"))
		require.Equal(t, pattern.Equal, pattern.Relate(p, p))
		require.Equal(t, opposite[pattern.Relate(p, q)], pattern.Relate(q, p))
		require.True(t, pattern.New("*").Covers(p))
	})
}

// A pattern as long as CloudFront allows, built to make naive set constructions explode, still gets an answer.
func TestRelateLongPatterns(t *testing.T) {
	t.Parallel()
	hard := pattern.New("*a" + strings.Repeat("?", 253))
	require.Equal(t, pattern.Narrower, pattern.Relate(hard, pattern.New("*")))
	require.Equal(t, pattern.Equal, pattern.Relate(hard, hard))
	stars := pattern.New(strings.Repeat("*a", 127))
	require.Equal(t, pattern.Overlapping, pattern.Relate(hard, stars))
	require.Equal(t, pattern.Equal, pattern.Relate(stars, stars))
}

// Patterns for which an exact answer takes hours get a careful one.
func TestRelateEndsForAnyPatterns(t *testing.T) {
	t.Parallel()
	stars, marks := strings.Repeat("a*", 8)+"b", "*a"+strings.Repeat("?", 100)+"*"
	require.Equal(t, pattern.Overlapping, pattern.Relate(pattern.New(marks), pattern.New(stars)))
	require.Equal(t, pattern.Overlapping, pattern.Relate(pattern.New(stars), pattern.New(marks)))
	require.Equal(t, pattern.Equal, pattern.Relate(pattern.New(marks), pattern.New("/"+marks)))
}

func FuzzRelate(f *testing.F) {
	f.Add("/api/*", "*.js")
	f.Add("*a*b*?c", "*?*a")
	f.Fuzz(func(t *testing.T, p, q string) {
		if len(p) > pattern.MaxLength || len(q) > pattern.MaxLength {
			t.Skip()
		}
		pattern.Relate(pattern.New(p), pattern.New(q))
	})
}

func BenchmarkRelate(b *testing.B) {
	p, q := pattern.New("/preview/*"), pattern.New("/*/index.html")
	for b.Loop() {
		pattern.Relate(p, q)
	}
}
