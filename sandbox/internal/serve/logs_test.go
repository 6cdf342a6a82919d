package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogHasALinePerLineWithItsSource(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prod.log")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	log, err := openLog(path, func() time.Time { return at })
	require.NoError(t, err)
	log.write("edit-scaler", "START\r\none\n")
	log.write("task 0123", "two")
	require.NoError(t, log.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "2026-03-01T12:00:00Z  edit-scaler             START\n2026-03-01T12:00:00Z  edit-scaler             one\n"+
		"2026-03-01T12:00:00Z  task 0123               two\n", string(data))
}

func TestLogMakesRoom(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prod.log")
	log, err := openLog(path, time.Now)
	require.NoError(t, err)
	log.write("old", strings.Repeat("x", maxLog))
	log.write("new", "y")
	require.NoError(t, log.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), "new ")
	require.NotContains(t, string(data), "old ")
	require.FileExists(t, path+".1")
}

func TestStateInWords(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]lifeSigns{
		"asleep":                  {},
		"waking, 0 tasks":         {wanted: 1},
		"waking, 1 task":          {wanted: 1, tasks: 1},
		"awake, 1 task":           {wanted: 1, tasks: 1, healthy: 1},
		"awake, 2 tasks":          {wanted: 2, tasks: 2, healthy: 1},
		"falling asleep, 1 task":  {tasks: 1, healthy: 1},
		"falling asleep, 3 tasks": {tasks: 3},
	} {
		require.Equal(t, want, s.String())
	}
}
