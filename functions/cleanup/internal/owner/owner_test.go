package owner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// TestNobodyElseMayDoWhatRootMay tells whether the second run is real.
func TestNobodyElseMayDoWhatRootMay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/file", nil, 0o600))
	require.NoError(t, os.Chmod(dir, 0o500))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	err := os.Remove(dir + "/file")
	if os.Getenv(once) == "" && os.Geteuid() == 0 {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, os.ErrPermission)
}

// TestAFaultThatOnlyTheOwnerMeetsFails runs this package's tests with one that passes as root alone.
func TestAFaultThatOnlyTheOwnerMeetsFails(t *testing.T) {
	t.Parallel()
	const fault = "CLEANUP_TEST_FAULT"
	if os.Getenv(fault) != "" {
		require.Zero(t, os.Geteuid())
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAFaultThatOnlyTheOwnerMeetsFails$")
	cmd.Env = append(os.Environ(), fault+"=1")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "NOT TESTED") {
		t.Skip(string(out))
	}
	require.Error(t, err, "%s", out)
	require.Contains(t, string(out), "as uid 1000: exit status 1")
}

// TestEveryPackageOfTheCleanupRunsAsTheOwner: a package that joins in later is to do so, too.
func TestEveryPackageOfTheCleanupRunsAsTheOwner(t *testing.T) {
	t.Parallel()
	found := map[string]bool{} // by directory: it has a TestMain that calls Main
	require.NoError(t, filepath.WalkDir("../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		dir := filepath.Dir(path)
		found[dir] = found[dir] || strings.Contains(string(source), "func TestMain(") &&
			(strings.Contains(string(source), "owner.Main(m)") || dir == "../../internal/owner")
		return err
	}))
	require.Greater(t, len(found), 10)
	for dir, runs := range found {
		require.True(t, runs, "%s: expected a TestMain that calls owner.Main(m)", dir)
	}
}
