package serve_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAMovedClientAnswersWithItsFiles moves a client to a stack of its own as docs/clients.md says, on a served account: the new stack beside
// the old one, the files, the address. In between nobody answers at it, and at no time does an editor without the files.
func TestAMovedClientAnswersWithItsFiles(t *testing.T) {
	t.Parallel()
	const address, next = "https://" + otherHost, "https://edit-acme-next.ameliastamps.com"
	prod := func(active bool) map[string]any {
		return map[string]any{"protect": false, "clients": []any{"ameliastamps", map[string]any{
			"id": "acme", "host": "edit-acme", "user": "jane", "repository": "https://github.com/acme/site.git", "rulePriority": 300, "active": active,
		}}}
	}
	own := func(host string) map[string]any { // dev's file has what is shared with prod
		return map[string]any{
			"nameSuffix": "-acme", "client": "acme", "clients": []any{"acme"}, "user": "jane", "repository": "https://github.com/acme/site.git",
			"rulePriorityBase": 700, "host": host,
		}
	}
	d := deployWith(t, prod(true))
	old := d.outputs["fileSystemId"].(string)
	moved := d.up("dev", own("edit-acme-next"))["fileSystemId"].Value.(string)
	require.NotEqual(t, old, moved)
	s := d.serve(fast)
	requireNoneIsLost(s, address)
	requireKept(s, address, http.MethodPut, "drawn before the move")
	s.says("request", "edit-api-tg--acme")

	d.up("prod", prod(false))
	for _, path := range []string{"/preview/", "/api/check/move"} {
		require.Contains(t, s.get(address+path, aPage).body, "No target configured", "neither the old nor the new editor has the address")
	}
	files := filepath.Join(d.stateDir, "serve", "files")
	to := filepath.Join(files, moved, "clients", "acme")
	entries, err := os.ReadDir(to)
	require.NoError(t, err)
	require.Empty(t, entries, "nobody has been at the new address")
	require.NoError(t, os.CopyFS(to, os.DirFS(filepath.Join(files, old, "clients", "acme"))))
	d.up("dev", own("edit-acme"))

	requireKept(s, address, http.MethodGet, "drawn before the move")
	s.says("request", "edit-api-tg-acme")
	require.Contains(t, s.get(next+"/preview/", aPage).body, "No target configured", "the way there is gone")
	require.FileExists(t, checkOf(t, filepath.Join(files, old, "clients", "acme")), "and stays where it was")
}

// requireNoneIsLost: twenty calls at once, all of which a sleeping client's waker holds, are answered with what a further client reserves.
func requireNoneIsLost(s *served, address string) {
	const callers = 20
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, address+"/api/session", nil)
			if !assert.NoError(s.t, err) {
				return
			}
			request.Header = aCall.Clone()
			response, err := s.client.Do(request)
			if !assert.NoError(s.t, err) {
				return
			}
			_, err = io.Copy(io.Discard, response.Body)
			assert.NoError(s.t, errors.Join(err, response.Body.Close()))
			fromUs := response.Header.Get("X-Webordinary-State") != "" || response.StatusCode == http.StatusOK
			assert.True(s.t, fromUs, "call %d: %d is neither the waker's answer nor the editor's", i, response.StatusCode)
		})
	}
	all.Wait()
	s.eventually("the log of all calls", func() bool { return strings.Count(s.said("request"), "/api/session by ") >= callers })
	require.NotContains(s.t, s.said("request"), "Rate Exceeded")
}

// requireKept wakes the editor at an address and has it write or read a text in its workspace.
func requireKept(s *served, address, method, text string) {
	s.t.Helper()
	s.eventually("the editor at "+address, func() bool { return strings.Contains(s.get(address+"/preview/", aPage).body, "This is the demo") })
	s.eventually("the text "+text, func() bool {
		if method == http.MethodPut {
			if s.send(method, address+"/api/check/move", nil, text).status >= http.StatusMultipleChoices {
				return false
			}
		}
		return s.get(address+"/api/check/move", nil).body == text
	})
}

// checkOf is the file that holds the text.
func checkOf(t *testing.T, client string) (path string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(client, func(at string, entry os.DirEntry, err error) error {
		if err == nil && strings.Contains(entry.Name(), "move") {
			path = at
		}
		return err
	}))
	return path
}
