package filelock_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/filelock"
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

// TestWaitingForTheLock: whoever waits gets it when it is free, and whoever gives up waiting does not keep it.
func TestWaitingForTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := filelock.Take(path)
	require.NoError(t, err)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = filelock.Wait(impatient, path)
	require.ErrorIs(t, err, context.Canceled)
	got := make(chan error, 1)
	go func() {
		file, err := filelock.Wait(t.Context(), path)
		if err == nil {
			err = filelock.Release(file)
		}
		got <- err
	}()
	require.NoError(t, filelock.Release(held))
	require.NoError(t, <-got)
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
