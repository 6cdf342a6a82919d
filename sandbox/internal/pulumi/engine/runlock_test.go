package engine

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStackIsLockedForOneRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	since := time.Date(2026, 5, 4, 12, 3, 5, 0, time.UTC)
	lock, err := lockStack(dir, "prod", holder{PID: 123, Operation: "up", Since: since})
	require.NoError(t, err)

	_, err = lockStack(dir, "prod", holder{})
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorContains(t, err, "prod is being worked on by another run (up, process 123, since 12:03:05)")
	require.Equal(t, ExitUsage, ExitCode(err))

	other, err := lockStack(dir, "dev", holder{})
	require.NoError(t, err, "another stack is not concerned")
	require.NoError(t, other.Close())

	require.NoError(t, lock.Close())
	lock, err = lockStack(dir, "prod", holder{PID: 4, Operation: "destroy"})
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

func TestALockOutlivesTheSandboxWithItsCLI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := lockStack(dir, "prod", holder{PID: 123, Operation: "up"})
	require.NoError(t, err)
	// A CLI that is still at work after the sandbox has gone.
	cli := exec.CommandContext(t.Context(), "cat")
	cli.ExtraFiles = []*os.File{lock}
	hold, err := cli.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cli.Start())
	require.NoError(t, lock.Close())

	_, err = lockStack(dir, "prod", holder{})
	require.ErrorIs(t, err, ErrBusy)

	require.NoError(t, hold.Close())
	require.NoError(t, cli.Wait())
	lock, err = lockStack(dir, "prod", holder{})
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

// leave writes a lock of Pulumi's backend.
func leave(t *testing.T, dir, name string, lock staleLock) string {
	t.Helper()
	data, err := json.Marshal(lock)
	require.NoError(t, err)
	path := filepath.Join(dir, name+".json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestStaleLocksAreCleared(t *testing.T) {
	t.Parallel()
	here, err := os.Hostname()
	require.NoError(t, err)
	dir := t.TempDir()
	gone := leave(t, dir, "gone", staleLock{PID: deadPID(t), Hostname: here})
	reused := leave(t, dir, "reused", staleLock{PID: os.Getpid(), Hostname: here})
	abroad := leave(t, dir, "abroad", staleLock{PID: deadPID(t), Hostname: "another-" + here})
	torn := filepath.Join(dir, "torn.json")
	require.NoError(t, os.WriteFile(torn, nil, 0o600))

	cleared, err := clearStaleLocks(dir)
	require.NoError(t, err)
	require.Len(t, cleared, 3)
	require.NoFileExists(t, gone)
	require.NoFileExists(t, reused, "this process is no Pulumi CLI, whatever its number")
	require.NoFileExists(t, torn, "the CLI was killed while writing it")
	require.FileExists(t, abroad)

	cleared, err = clearStaleLocks(dir)
	require.NoError(t, err)
	require.Empty(t, cleared)
	cleared, err = clearStaleLocks(filepath.Join(dir, "missing"))
	require.NoError(t, err)
	require.Empty(t, cleared)
}

func TestALockOfARunningCLIStays(t *testing.T) {
	t.Parallel()
	here, err := os.Hostname()
	require.NoError(t, err)
	// A program called pulumi that waits.
	name := filepath.Join(t.TempDir(), "pulumi-test")
	require.NoError(t, os.Symlink(lookPath(t, "cat"), name))
	running := exec.CommandContext(t.Context(), name)
	hold, err := running.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, running.Start())
	dir := t.TempDir()
	lock := leave(t, dir, "running", staleLock{PID: running.Process.Pid, Hostname: here})

	cleared, err := clearStaleLocks(dir)
	require.NoError(t, err)
	require.Empty(t, cleared)
	require.FileExists(t, lock)

	require.NoError(t, hold.Close())
	require.NoError(t, running.Wait())
	cleared, err = clearStaleLocks(dir)
	require.NoError(t, err)
	require.Len(t, cleared, 1)
}

func TestAForeignFileAmongTheLocksIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "odd.json"), []byte("not JSON"), 0o600))
	_, err := clearStaleLocks(dir)
	require.ErrorContains(t, err, "is not one of Pulumi's")
}

// deadPID is the number of a process that has ended.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), lookPath(t, "true"))
	require.NoError(t, cmd.Run())
	return cmd.Process.Pid
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err)
	// A program that acts on its own name, as busybox does, cannot be renamed.
	resolved, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	if strings.Contains(resolved, "busybox") || strings.Contains(resolved, "coreutils") {
		t.Skip("needs a " + name + " of its own")
	}
	return resolved
}
