//go:build linux

package fsx

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/functions/cleanup/internal/owner"
)

// inNamespace marks the child process that may mount.
const inNamespace = "CLEANUP_TEST_IN_NAMESPACE"

// TestMountPointsAreNotEntered mounts in a user and mount namespace of its own,
// which needs no privileges where the kernel allows such namespaces.
func TestMountPointsAreNotEntered(t *testing.T) {
	t.Parallel()
	if os.Getenv(inNamespace) != "" {
		mountAndLook(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMountPointsAreNotEntered$", "-test.v")
	cmd.Env = append(os.Environ(), owner.Once, inNamespace+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || strings.Contains(string(out), "can't mount here") {
		t.Skipf("no user namespaces here: %v %s", err, out)
	}
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "looked at every mount")
}

func mountAndLook(t *testing.T) {
	t.Helper()
	path := os.Getenv(inNamespace)
	write(t, path+"/plain/file", "x")
	write(t, path+"/other/file", "y")
	require.NoError(t, os.MkdirAll(path+"/tmpfs", 0o700))
	require.NoError(t, os.MkdirAll(path+"/bind", 0o700))
	write(t, path+"/boundfile", "z")
	if err := unix.Mount("none", path+"/tmpfs", "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("can't mount here: %v", err)
	}
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
	t.Log("looked at every mount")
}
