package memfs

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

func newFS() *FS {
	var now int64
	return New(func() int64 { now++; return now })
}

func create(t *testing.T, d fsx.Dir, name, content string, sync bool) {
	t.Helper()
	f, err := d.Create(name, 0o600)
	require.NoError(t, err)
	_, err = io.WriteString(f, content)
	require.NoError(t, err)
	if sync {
		require.NoError(t, f.Sync())
	}
	require.NoError(t, f.Close())
}

// What was synced survives a crash, what was not may be lost in any combination.
func TestCrashLosesWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	outcomes := map[string]bool{}
	for seed := range uint64(200) {
		f := newFS()
		d := f.Root()
		create(t, d, "safe", "data", true)
		create(t, d, "empty", "data", false)
		require.NoError(t, d.Sync())
		create(t, d, "maybe", "data", true)
		require.NoError(t, d.Rename("safe", "renamed"))
		f.Crash(rand.New(rand.NewPCG(seed, 0)))
		tree := f.Tree()
		require.Empty(t, tree["empty"].Data, "never synced")
		if entry, ok := tree["maybe"]; ok {
			require.Equal(t, "data", entry.Data)
		}
		_, old := tree["safe"]
		_, renamed := tree["renamed"]
		require.NotEqual(t, old, renamed, "a rename happens or does not")
		_, maybe := tree["maybe"]
		outcomes[map[bool]string{true: "r"}[renamed]+map[bool]string{true: "m"}[maybe]] = true
	}
	require.Len(t, outcomes, 4, "every combination occurs")
}

func TestHandlesFollowTheFile(t *testing.T) {
	t.Parallel()
	f := newFS()
	f.Write("a/x", []byte("1"), 5)
	h := f.Handle("a/x")
	d, err := f.Root().OpenDir("a")
	require.NoError(t, err)
	require.NoError(t, d.Rename("x", "y"))
	h.Append([]byte("2"))
	f.Append("a/x", []byte("new"))
	tree := f.Tree()
	require.Equal(t, "12", tree["a/y"].Data)
	require.Equal(t, "new", tree["a/x"].Data)
	require.Nil(t, f.Handle("a/none"))
}

func TestItIsAsStrictAsADisk(t *testing.T) {
	t.Parallel()
	f := newFS()
	f.Write("d/x", []byte("1"), 5)
	f.Symlink("d", "link")
	f.Special("pipe")
	root := f.Root()
	_, err := root.OpenDir("link")
	require.ErrorIs(t, err, fsx.ErrKind)
	_, err = root.Open("pipe")
	require.ErrorIs(t, err, fsx.ErrKind)
	require.ErrorIs(t, root.RemoveDir("d"), syscall.ENOTEMPTY)
	require.ErrorIs(t, root.Remove("d"), syscall.EISDIR)
	require.ErrorIs(t, root.Link("d", "e"), syscall.EPERM)
	require.ErrorIs(t, root.Mkdir("d", 0o700), fs.ErrExist)
	f.SetFull(true)
	_, err = root.Create("new", 0o600)
	require.ErrorIs(t, err, syscall.ENOSPC)
	lock, err := root.Lock("pipe")
	require.NoError(t, err)
	_, err = root.Lock("pipe")
	require.ErrorIs(t, err, fsx.ErrLocked)
	require.NoError(t, lock.Close())
}
