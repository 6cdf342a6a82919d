package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/tools/mounttest"
)

// TestFullDisk fills a disk of its own before each write in turn: a change is
// there as a whole or not at all, and the store goes on once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the disk was full", writeOnFullDisk)
}

func writeOnFullDisk(t *testing.T, root string) {
	t.Helper()
	mounttest.Tmpfs(t, root, "size=8m")
	full := 0
	const page = 4096
	for left := int64(0); left <= 12*page; left += page / 2 {
		dir := filepath.Join(root, fmt.Sprint("left", left))
		s := open(t, dir)
		put(t, s, "kept", map[string]any{"v": "before"})
		ballast := fillUp(t, root, left)
		// Long enough for several pages, with much that compaction would drop.
		long := strings.Repeat("x", 3*page)
		err := s.Update(func(tx *Tx) error {
			return tx.Put(Resource{Type: thing, ID: "new", State: resource.NewPropertyMapFromMap(map[string]any{"v": long})})
		})
		if err != nil {
			require.True(t, IsFull(err), err)
			full++
		}
		want := []string{"kept"}
		if err == nil {
			want = []string{"kept", "new"}
		}
		require.Equal(t, want, ids(t, s), "with %d bytes left", left)
		again, openErr := Open(dir)
		require.NoError(t, openErr, "reading needs no room")
		require.Equal(t, want, ids(t, again))
		require.NoError(t, again.Close())
		require.NoError(t, os.Remove(ballast))
		put(t, s, "later", map[string]any{"v": "after"})
		require.Contains(t, ids(t, s), "later")
		require.NoError(t, s.Close())
		require.NoError(t, os.RemoveAll(dir))
	}
	require.Positive(t, full)
	compactOnFullDisk(t, root)
}

// compactOnFullDisk: without room for a new journal the old one goes on.
func compactOnFullDisk(t *testing.T, root string) {
	t.Helper()
	dir := filepath.Join(root, "compact")
	s := open(t, dir)
	for range 30 {
		put(t, s, "a", map[string]any{"v": strings.Repeat("x", 64<<10)})
	}
	put(t, s, "b", map[string]any{"v": strings.Repeat("y", 64<<10)})
	require.NoError(t, s.Close())
	ballast := fillUp(t, root, 0)
	again, err := Open(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, ids(t, again))
	require.NoError(t, again.Close())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "the journal and the lock, and nothing half-written: %v", entries)
	require.NoError(t, os.Remove(ballast))
	before, err := os.Stat(filepath.Join(dir, journalName))
	require.NoError(t, err)
	again, err = Open(dir)
	require.NoError(t, err)
	require.NoError(t, again.Close())
	after, err := os.Stat(filepath.Join(dir, journalName))
	require.NoError(t, err)
	require.Less(t, after.Size(), before.Size()/4, "with room it is compacted")
}

// fillUp leaves that many bytes of the disk and returns the file that does it.
func fillUp(t *testing.T, root string, left int64) string {
	t.Helper()
	var fs unix.Statfs_t
	require.NoError(t, unix.Statfs(root, &fs))
	path := filepath.Join(root, "ballast")
	f, err := os.Create(path)
	require.NoError(t, err)
	if size := int64(fs.Bavail)*fs.Bsize - left; size > 0 {
		require.NoError(t, unix.Fallocate(int(f.Fd()), 0, 0, size))
	}
	require.NoError(t, f.Close())
	return path
}
