package who_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/who"
)

func TestWhoseSessionARequestIsFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cookies string
		want    string // empty: refused
	}{
		"nobody says":            {"", "ada"},
		"another cookie":         {"session=x; theme=dark", "ada"},
		"chosen":                 {"theme=dark; live-edit-user=bob-2", "bob-2"},
		"quoted":                 {`live-edit-user="bob"`, "bob"},
		"the same twice":         {"live-edit-user=bob; live-edit-user=bob", "bob"},
		"two":                    {"live-edit-user=bob; live-edit-user=eve", ""},
		"empty":                  {"live-edit-user=", ""},
		"another's directory":    {"live-edit-user=../eve", ""},
		"a path":                 {"live-edit-user=a/b", ""},
		"a hidden directory":     {"live-edit-user=.live-edit", ""},
		"capitals":               {"live-edit-user=Bob", ""},
		"a hyphen at first":      {"live-edit-user=-rf", ""},
		"63 letters":             {"live-edit-user=" + strings.Repeat("a", 63), strings.Repeat("a", 63)},
		"64 letters":             {"live-edit-user=" + strings.Repeat("a", 64), ""},
		"10 kB":                  {"live-edit-user=" + strings.Repeat("a", 10<<10), ""},
		"another line after one": {"live-edit-user=bob\n", "bob"}, // net/http refuses such a header before anybody reads it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Header: http.Header{"Cookie": {c.cookies}}}
			got, err := who.Of(r, "ada")
			if c.want == "" {
				require.ErrorIs(t, err, who.ErrName)
				assert.Less(t, len(err.Error()), 300, "a message is not as long as what it is about")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func FuzzWhoseSessionARequestIsFor(f *testing.F) {
	for _, seed := range []string{"live-edit-user=bob", "live-edit-user=..%2f; live-edit-user=\"x\"", ";;=;live-edit-user"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookies string) {
		got, err := who.Of(&http.Request{Header: http.Header{"Cookie": {cookies}}}, "ada")
		if err == nil && (got == "" || len(got) > 63 || strings.ContainsAny(got, "./\\\x00 ")) {
			t.Errorf("%q gives %q", cookies, got)
		}
	})
}
