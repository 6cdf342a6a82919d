package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/peer"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
)

// TestNewSessionsSpread places sessions of which the other tasks have not told yet.
func TestNewSessionsSpread(t *testing.T) {
	t.Parallel()
	h := New(&config.Settings{SessionsPerTask: 1}, &config.File{}, nil)
	h.loads.at = time.Now()
	h.loads.known = map[string]peer.Load{"a:1": {}, "b:1": {}, "c:1": {Going: true}, "d:1": {Sessions: []string{"dan", "eve"}}}
	find := func(user string, count int) string {
		p, ok := h.elsewhere(t.Context(), user, count)
		if !ok {
			return "here"
		}
		return p.address
	}
	assert.Equal(t, "d:1", find("dan", 1), "where the session is")
	first, second := find("bob", 1), find("cyd", 1)
	assert.ElementsMatch(t, []string{"a:1", "b:1"}, []string{first, second}, "one each")
	assert.Equal(t, "here", find("fay", 1), "nobody has fewer than one now")
	h.loads.known = h.loads.withExpected(map[string]peer.Load{"a:1": {}, "b:1": {}}) // they were asked before they could take them
	assert.Equal(t, "here", find("fay", 1), "what they were given a moment ago still counts")
	assert.Contains(t, []string{"a:1", "b:1"}, find("fay", 2))
}

func TestHealthIsThatSomebodyCanBeServed(t *testing.T) {
	t.Parallel()
	began := time.Now()
	h := health{good: began}
	assert.True(t, h.ok(began.Add(unreadableFor-time.Second)))
	assert.False(t, h.ok(began.Add(unreadableFor)), "the file system has not been readable for a minute")
	h.note(began.Add(unreadableFor))
	assert.True(t, h.ok(began.Add(unreadableFor+time.Second)), "it is again")
	h.note(began)
	assert.True(t, h.ok(began.Add(unreadableFor+time.Second)), "an answer that hung is no news")
}

// TestTasksAreKeptWhileTheyCannotBeListed: a file system that answers with an error tells nothing of who there is.
func TestTasksAreKeptWhileTheyCannotBeListed(t *testing.T) {
	t.Parallel()
	state, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, state.Close()) }()
	other, err := peer.OpenDirectory(state, lease.Identity{Instance: "other", Address: "a:1"})
	require.NoError(t, err)
	require.NoError(t, other.Enter())
	var said strings.Builder
	h := New(&config.Settings{}, &config.File{}, telemetry.New(&said, "amelia"))
	h.tasks, err = peer.OpenDirectory(state, lease.Identity{Instance: "this", Address: "b:1"})
	require.NoError(t, err)
	h.list()
	known := map[string]string{"other": "a:1"}
	require.Equal(t, known, h.loads.listed)

	require.NoError(t, os.RemoveAll(filepath.Join(state.Name(), "tasks")))
	_, err = h.tasks.Others()
	require.Error(t, err)
	h.list()
	require.Equal(t, known, h.loads.listed)
	require.Contains(t, said.String(), "the other tasks can't be listed")
}
