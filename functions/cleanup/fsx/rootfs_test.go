//go:build linux

package fsx

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func openTemp(t *testing.T) (string, Dir) {
	t.Helper()
	path := t.TempDir()
	d, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return path, d
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func TestOpenNeedsADirectory(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	write(t, path+"/file", "")
	for _, wrong := range []string{path + "/file", path + "/missing", ""} {
		_, err := Open(wrong)
		require.Error(t, err, wrong)
	}
}

// Every method refuses every name that is not a single component, before
// anything outside could be touched.
func TestNamesAreSingleComponents(t *testing.T) {
	t.Parallel()
	path, _ := openTemp(t)
	write(t, path+"/outside", "x")
	write(t, path+"/root/sub/inside", "x")
	d, err := Open(path + "/root")
	require.NoError(t, err)
	defer d.Close()
	for _, name := range []string{"", ".", "..", "../outside", "sub/inside", "/etc/passwd", "sub/", "a\x00b", path + "/outside"} {
		calls := map[string]error{}
		_, calls["stat"] = d.Stat(name)
		_, calls["opendir"] = d.OpenDir(name)
		_, calls["open"] = d.Open(name)
		_, calls["create"] = d.Create(name, 0o600)
		_, calls["readlink"] = d.Readlink(name)
		_, calls["lock"] = d.Lock(name)
		calls["link from"], calls["link to"] = d.Link(name, "new"), d.Link("sub", name)
		calls["rename from"], calls["rename to"] = d.Rename(name, "new"), d.Rename("sub", name)
		calls["move from"] = d.MoveDir(Place{Name: name}, Place{Name: "new"})
		calls["move to"] = d.MoveDir(Place{Name: "sub"}, Place{Dir: "sub", Name: name})
		calls["remove"], calls["rmdir"], calls["mkdir"] = d.Remove(name), d.RemoveDir(name), d.Mkdir(name, 0o700)
		calls["adopt"] = d.Adopt(name, Info{})
		for call, err := range calls {
			require.ErrorIs(t, err, ErrName, "%s %q", call, name)
		}
	}
	require.FileExists(t, path+"/outside")
	require.FileExists(t, path+"/root/sub/inside")
}

func TestLinksAreNeverFollowed(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	outside := t.TempDir()
	write(t, outside+"/secret.json", "secret")
	write(t, path+"/client/user/thread.json", "{}")
	for name, target := range map[string]string{
		"out": outside, "up": "..", "in": "client", "file": "client/user/thread.json", "outfile": outside + "/secret.json", "loop": "loop",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(path, name)))
		info, err := d.Stat(name)
		require.NoError(t, err)
		require.Equal(t, KindSymlink, info.Kind, name)
		_, err = d.OpenDir(name)
		require.ErrorIs(t, err, ErrKind, name)
		_, err = d.Open(name)
		require.ErrorIs(t, err, ErrKind, name)
		_, err = d.Lock(name)
		require.ErrorIs(t, err, ErrKind, name)
		_, err = d.Create(name, 0o600)
		require.ErrorIs(t, err, fs.ErrExist, name)
		said, err := d.Readlink(name)
		require.NoError(t, err)
		require.Equal(t, target, said)
		require.NoError(t, d.Remove(name))
	}
	require.FileExists(t, outside+"/secret.json")
	require.FileExists(t, path+"/client/user/thread.json")
}

// What is opened is what was looked at, even if it is swapped in between.
func TestReplacedWhileOpening(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	write(t, path+"/a/x", "")
	write(t, path+"/b/x", "")
	root, ok := d.(*rootDir)
	require.True(t, ok)
	before, err := root.Stat("a")
	require.NoError(t, err)
	require.NoError(t, os.Rename(path+"/a", path+"/old"))
	require.NoError(t, os.Symlink("b", path+"/a"))
	_, err = root.openDirAs("a", before)
	require.ErrorIs(t, err, ErrRaced)
	before, err = root.Stat("b")
	require.NoError(t, err)
	b, err := root.openDirAs("b", before)
	require.NoError(t, err)
	defer b.Close()
	fileBefore, err := b.Stat("x")
	require.NoError(t, err)
	require.NoError(t, os.Remove(path+"/b/x"))
	require.NoError(t, os.Symlink("../old/x", path+"/b/x"))
	bd, ok := b.(*rootDir)
	require.True(t, ok)
	_, err = bd.openAs("x", fileBefore)
	require.Error(t, err, "points out of the directory's root")
	require.NoError(t, os.Remove(path+"/b/x"))
	require.NoError(t, unix.Mkfifo(path+"/b/x", 0o600))
	_, err = bd.openAs("x", fileBefore) // must not block
	require.ErrorIs(t, err, ErrRaced)
	require.NoError(t, os.Remove(path+"/b/x"))
	write(t, path+"/b/x", "a thread")
	write(t, path+"/b/y", "another thread")
	fileBefore, err = b.Stat("x")
	require.NoError(t, err)
	require.NoError(t, os.Rename(path+"/b/x", path+"/b/z"))
	require.NoError(t, os.Symlink("y", path+"/b/x"))
	_, err = bd.openAs("x", fileBefore)
	require.ErrorIs(t, err, ErrRaced, "os.Root follows links that stay inside")
}

func TestKindsThatAreNotOpened(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	require.NoError(t, unix.Mkfifo(path+"/pipe", 0o600))
	require.NoError(t, os.Mkdir(path+"/dir", 0o700))
	write(t, path+"/file", "")
	for _, name := range []string{"pipe", "dir"} {
		_, err := d.Open(name)
		require.ErrorIs(t, err, ErrKind, name)
	}
	for _, name := range []string{"pipe", "file"} {
		_, err := d.OpenDir(name)
		require.ErrorIs(t, err, ErrKind, name)
	}
	require.ErrorIs(t, d.Remove("dir"), unix.EISDIR, "Remove is for files only")
	require.ErrorIs(t, d.RemoveDir("file"), unix.ENOTDIR)
	require.DirExists(t, path+"/dir")
}

func TestFilesAndTimes(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	f, err := d.Create("new", 0o600)
	require.NoError(t, err)
	_, err = io.WriteString(f, "hello")
	require.NoError(t, err)
	require.NoError(t, errors.Join(f.Sync(), f.Close(), d.Sync()))
	like := Info{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Perm: 0o664, ModTime: time.Unix(1_700_000_000, 123_456_789).UnixNano()}
	require.NoError(t, d.Adopt("new", like))
	info, err := Fresh(d, "new")
	require.NoError(t, err)
	require.Equal(t, like.ModTime, info.ModTime)
	require.Equal(t, fs.FileMode(0o664), info.Perm, "whatever the umask")
	require.Equal(t, int64(5), info.Size)
	require.Equal(t, uint64(1), info.Links)
	require.False(t, info.Mount)

	require.NoError(t, d.Link("new", "second"))
	require.ErrorIs(t, d.Link("new", "second"), fs.ErrExist)
	_, err = d.Create("second", 0o600)
	require.ErrorIs(t, err, fs.ErrExist)
	second, err := d.Stat("second")
	require.NoError(t, err)
	require.True(t, second.SameFile(info))
	require.True(t, second.SameContent(info))
	require.Equal(t, uint64(2), second.Links)
	require.NoError(t, d.Rename("second", "third"))
	require.NoError(t, d.Remove("new"))
	content, err := os.ReadFile(path + "/third")
	require.NoError(t, err)
	require.Equal(t, "hello", string(content))
	require.ErrorIs(t, d.Remove("new"), fs.ErrNotExist)
	require.NoError(t, RemoveIfPresent(d, "new"))
	exists, err := Exists(d, "third")
	require.NoError(t, err)
	require.True(t, exists)
}

func TestMoveDirReplacesNothing(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	write(t, path+"/user/file", "")
	require.NoError(t, os.MkdirAll(path+"/_archive/empty", 0o700))
	require.ErrorIs(t, d.MoveDir(Place{Name: "user"}, Place{Dir: "_archive", Name: "empty"}), fs.ErrExist)
	require.NoError(t, d.MoveDir(Place{Name: "user"}, Place{Dir: "_archive", Name: "gone"}))
	require.FileExists(t, path+"/_archive/gone/file")
	require.NoError(t, d.MoveDir(Place{Dir: "_archive", Name: "gone"}, Place{Name: "user"}))
	require.FileExists(t, path+"/user/file")
}

func TestNamesComeInBatchesAndAgain(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	want := make([]string, 0, 100)
	for i := range 100 {
		want = append(want, "f"+strconv.Itoa(i))
		write(t, filepath.Join(path, want[i]), "")
	}
	slices.Sort(want)
	for range 2 {
		var all []string
		for {
			names, err := d.Names(7)
			require.LessOrEqual(t, len(names), 7)
			all = append(all, names...)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		slices.Sort(all)
		require.Equal(t, want, all)
		require.NoError(t, d.Rewind())
	}
}

func TestHoldTellsWhoHasItOpen(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	if !d.Leases() {
		t.Skip("this file system has no leases")
	}
	write(t, path+"/file", "x")
	hold := func() (probe, hold Hold) {
		f, err := d.Open("file")
		require.NoError(t, err)
		defer f.Close()
		return f.Probe(), f.Hold()
	}
	probed, held := hold()
	require.Equal(t, [2]Hold{HoldFree, HoldFree}, [2]Hold{probed, held})
	for _, flag := range []int{os.O_RDONLY, os.O_WRONLY | os.O_APPEND} {
		other, err := os.OpenFile(path+"/file", flag, 0)
		require.NoError(t, err)
		probed, held = hold()
		require.Equal(t, [2]Hold{HoldBusy, HoldBusy}, [2]Hold{probed, held})
		require.NoError(t, other.Close())
	}
	f, err := d.Open("file")
	require.NoError(t, err)
	require.Equal(t, HoldFree, f.Hold())
	_, err = unix.Open(path+"/file", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	require.ErrorIs(t, err, unix.EWOULDBLOCK, "while it is held nobody gets in")
	require.NoError(t, f.Close())
}

func TestLockIsExclusiveAndEndsWithItsHolder(t *testing.T) {
	t.Parallel()
	path, d := openTemp(t)
	other, err := Open(path)
	require.NoError(t, err)
	defer other.Close()
	lock, err := d.Lock("lock")
	require.NoError(t, err)
	_, err = other.Lock("lock")
	require.ErrorIs(t, err, ErrLocked)
	// So has it a process that was started and has not become its program yet.
	again, err := unix.Dup(int(lock.(interface{ Fd() uintptr }).Fd()))
	require.NoError(t, err)
	defer unix.Close(again)
	require.NoError(t, lock.Close())
	lock, err = other.Lock("lock")
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}
