package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// fullDisk marks the child process that may mount.
const fullDisk = "CLEANUP_TEST_FULL_DISK"

// TestFullDiskStopsCompressingAndLosesNothing uses a real file system of one
// megabyte, mounted in a user and mount namespace of its own.
func TestFullDiskStopsCompressingAndLosesNothing(t *testing.T) {
	t.Parallel()
	if os.Getenv(fullDisk) != "" {
		fillAndClean(t, os.Getenv(fullDisk))
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDiskStopsCompressingAndLosesNothing$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+t.TempDir())
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
	require.Contains(t, string(out), "the disk was full")
}

func fillAndClean(t *testing.T, root string) {
	t.Helper()
	if err := unix.Mount("none", root, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("can't mount here: %v", err)
	}
	random := rand.New(rand.NewPCG(1, 6))
	want := map[string]string{}
	for n := range 8 {
		path := fmt.Sprintf("acme/bob/.claude/threads/idle-%d.json", n)
		var content strings.Builder
		for content.Len() < 80_000 { // hexadecimal digits: half as long when compressed
			fmt.Fprintf(&content, "%016x", random.Uint64())
		}
		want[path] = content.String()
		put(t, root+"/"+path, want[path], 8*day)
	}
	ballast := root + "/ballast"
	f, err := os.Create(ballast)
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	require.NoError(t, os.Truncate(ballast, 1<<20-8*81_920-6*4096), "room for something, but not for a compressed thread")
	before := tree(t, root)

	code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-json")
	require.Equal(t, exitFailure, code, "somebody should hear of it: %s%s", out, errs)
	require.Contains(t, out, `"disk-full"`)
	after := tree(t, root)
	delete(after, ".cleanup/lock")
	require.True(t, maps.Equal(before, after), "nothing but the lock has come or gone")
	t.Log("the disk was full")

	require.NoError(t, os.Remove(ballast))
	code, out, errs = invoke(t, "-root", root, "-settle", "0s", "-json")
	require.Equal(t, exitOK, code, "%s%s", out, errs)
	after = tree(t, root)
	for path, content := range want {
		require.NotContains(t, after, path)
		require.True(t, content == unpack(t, after[path+".gz"]), path)
	}
}
