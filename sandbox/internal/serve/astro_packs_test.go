package serve_test

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireAPack waits until what the first session has installed is packed. That session goes on with what npm has put into the workspace.
func requireAPack(s *served) {
	s.t.Helper()
	s.says("container", ": packed after=") // what was installed
	info, err := os.Lstat(s.modules("scott"))
	require.NoError(s.t, err)
	require.True(s.t, info.IsDir())
}

// modules is where a user's site has its dependencies.
func (s *served) modules(user string) string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.stateDir, "serve", "files", "*", "clients", "*", user, "site", "node_modules"))
	require.NoError(s.t, err)
	require.Len(s.t, found, 1)
	return found[0]
}

// requireUnpacked says that somebody's dependencies are on the task's disk, and that Vite serves what a page needs of them.
func requireUnpacked(s *served, user string) {
	s.t.Helper()
	target, err := os.Readlink(s.modules(user))
	require.NoError(s.t, err)
	assert.NotContains(s.t, target, s.stateDir, "it is not in the workspace")
	// What an island loads; Vite's own client may always be read.
	got := s.get("https://"+host+"/preview/@fs"+target+"/astro/dist/runtime/client/idle.js", http.Header{"Cookie": {"live-edit-user=" + user}})
	assert.Equal(s.t, http.StatusOK, got.status, got.body)
	got = s.get("https://"+host+"/preview/@fs/etc/passwd", http.Header{"Cookie": {"live-edit-user=" + user}})
	assert.Equal(s.t, http.StatusForbidden, got.status, "and nothing beside")
}
