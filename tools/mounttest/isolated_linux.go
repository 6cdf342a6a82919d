package mounttest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inChild is set to the child's folder in the process that may mount.
const inChild = "TEST_MOUNTS_BELOW"

// refused is in the output of a child that may not mount.
const refused = "can't mount here"

// Isolated runs a test in a child process that has a user and mount namespace of its own, which needs no privileges where the
// kernel allows such namespaces; elsewhere the test is skipped. The child gets a folder to mount on or below, and has to have
// said proof by its end, so that a child in which nothing ran proves nothing. The environment is added to the child's.
func Isolated(t *testing.T, proof string, test func(t *testing.T, dir string), environment ...string) {
	t.Helper()
	if dir := os.Getenv(inChild); dir != "" {
		require.NoError(t, os.Unsetenv(inChild)) // whatever the test starts is no such child
		test(t, dir)
		t.Log(proof)
		return
	}
	//nolint:gosec // a copy of this very program
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(append(os.Environ(), environment...), inChild+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || strings.Contains(string(out), refused) {
		t.Skipf("no user namespaces here: %v %s", err, out)
	}
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), proof)
	t.Logf("%s", out)
}

// Tmpfs mounts an empty file system in memory, with options such as size=8m, or skips the test where that is not allowed.
func Tmpfs(t *testing.T, dir, options string) {
	t.Helper()
	if err := unix.Mount("none", dir, "tmpfs", 0, options); err != nil {
		Skip(t, err)
	}
}

// Skip ends a test that may not mount, in the words by which its parent knows.
func Skip(t *testing.T, err error) {
	t.Helper()
	t.Skipf("%s: %v", refused, err)
}
