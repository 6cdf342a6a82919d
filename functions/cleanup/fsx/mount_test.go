//go:build linux

package fsx

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/functions/cleanup/internal/owner"
	"github.com/webordinary/live-edit/tools/mounttest"
)

// TestMountPointsAreNotEntered mounts in a user and mount namespace of its own,
// which needs no privileges where the kernel allows such namespaces.
// It is not parallel: until its child is this program, it has the files of other tests open, and they ask who else has them open.
func TestMountPointsAreNotEntered(t *testing.T) {
	mounttest.Isolated(t, "looked at every mount", mountAndLook, owner.Once)
}

func mountAndLook(t *testing.T, path string) {
	t.Helper()
	write(t, path+"/plain/file", "x")
	write(t, path+"/other/file", "y")
	require.NoError(t, os.MkdirAll(path+"/tmpfs", 0o700))
	require.NoError(t, os.MkdirAll(path+"/bind", 0o700))
	write(t, path+"/boundfile", "z")
	mounttest.Tmpfs(t, path+"/tmpfs", "size=1m")
	require.NoError(t, unix.Mount(path+"/other", path+"/bind", "", unix.MS_BIND, ""))
	require.NoError(t, unix.Mount(path+"/other/file", path+"/boundfile", "", unix.MS_BIND, ""))
	d, err := Open(path)
	require.NoError(t, err)
	defer d.Close()
	for _, name := range []string{"tmpfs", "bind"} {
		_, err = d.OpenDir(name)
		require.ErrorIs(t, err, ErrMount, name)
	}
	_, err = d.Open("boundfile")
	require.ErrorIs(t, err, ErrMount)
	info, err := d.Stat("boundfile")
	require.NoError(t, err)
	require.True(t, info.Mount)
	plain, err := d.OpenDir("plain")
	require.NoError(t, err)
	require.NoError(t, plain.Close())
	inside, err := Open(path + "/tmpfs")
	require.NoError(t, err, "the root itself may well be a mount point: the access point is one")
	require.NoError(t, inside.Close())
}
