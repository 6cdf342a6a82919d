package filelock_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/filelock"
)

func TestOneHolderAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := filelock.Take(path)
	require.NoError(t, err)
	_, err = filelock.Take(path)
	require.ErrorIs(t, err, filelock.ErrHeld)
	require.NoError(t, filelock.Release(held))
	held, err = filelock.Take(path)
	require.NoError(t, err)
	require.NoError(t, filelock.Release(held))
	_, err = filelock.Take(filepath.Join(path, "below a file"))
	require.Error(t, err)
	require.NotErrorIs(t, err, filelock.ErrHeld)
}

// TestReleasedWhateverIsInherited: a process that was started meanwhile may still have the file open.
func TestReleasedWhateverIsInherited(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := filelock.Take(path)
	require.NoError(t, err)
	heir := exec.CommandContext(t.Context(), "cat")
	heir.ExtraFiles = []*os.File{held}
	hold, err := heir.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, heir.Start())
	require.NoError(t, filelock.Release(held))
	held, err = filelock.Take(path)
	require.NoError(t, err)
	require.NoError(t, filelock.Release(held))
	require.NoError(t, hold.Close())
	require.NoError(t, heir.Wait())
}
