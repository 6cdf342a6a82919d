package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writable undoes what a test has done to permissions, so that its directory can be removed.
func writable(t *testing.T, root string) {
	t.Helper()
	t.Cleanup(func() {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() || errors.Is(err, fs.ErrPermission) {
				_ = os.Chmod(path, 0o700)
			}
			return nil
		})
	})
}

// TestDirectoriesThatMayNotBeWrittenAreArchivedAndRemoved: whoever archives a
// workspace is its owner, and may give himself what permissions it takes.
func TestDirectoriesThatMayNotBeWrittenAreArchivedAndRemoved(t *testing.T) {
	t.Parallel()
	const user = "/acme/gone"
	for name, modes := range map[string]map[string]fs.FileMode{
		"the workspace itself": {"": 0o555},
		"one of the project":   {"/project/src": 0o555},
		"nested":               {"/project": 0o500, "/project/src": 0o511, "/project/src/deep": 0o555},
		"what is left out":     {"/project/node_modules": 0o555, "/project/node_modules/a": 0o555, "/project/node_modules/a/b": 0o500},
		"left out, unreadable": {"/project/node_modules/a": 0o300, "/project/node_modules/a/b": 0},
		"sticky, with a group": {"/project": 0o555 | fs.ModeSticky, "/project/src": 0o555 | fs.ModeSetgid},
		"all": {
			"": 0o555, "/project": 0o555, "/project/src": 0o555, "/project/src/deep": 0o555, "/project/node_modules": 0o555,
			"/project/node_modules/a": 0o555, "/project/node_modules/a/b": 0o555, "/.claude": 0o555, "/.claude/threads": 0o555,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			writable(t, root)
			want := map[string]string{}
			for _, path := range []string{
				"/metadata.json", "/project/package.json", "/project/package-lock.json", "/project/src/x.astro", "/project/src/deep/y.astro",
			} {
				want["acme/gone"+path] = `{"at":"` + path + `"}`
				put(t, root+user+path, want["acme/gone"+path], 100*day)
			}
			put(t, root+user+"/project/node_modules/a/b/c", "made again", 100*day)
			require.NoError(t, os.MkdirAll(root+user+"/.claude/threads", 0o750))
			ageDirs(t, root+user, 100*day)
			for _, path := range []string{ // from the bottom up, while it can be reached
				"/project/node_modules/a/b", "/project/node_modules/a", "/project/node_modules", "/project/src/deep", "/project/src", "/project",
				"/.claude/threads", "/.claude", "",
			} {
				if mode, ok := modes[path]; ok {
					require.NoError(t, os.Chmod(root+user+path, mode))
				}
			}
			code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-archive-after", "2160h", "-json")
			require.Equal(t, exitOK, code, "%s%s", out, errs)
			left := tree(t, root)
			delete(left, ".cleanup/lock")
			require.Len(t, left, 1, "the archive")
			for _, packed := range left {
				require.Equal(t, want, untar(t, packed))
			}
		})
	}
}

// TestWhatMayNotBeReadStaysWhereItIs: permissions of what would have to be archived are not ours to change.
func TestWhatMayNotBeReadStaysWhereItIs(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	for _, closed := range []string{"/acme/gone/project/closed", "/acme/gone/project/node_modules"} { // a repository of its own, for all we know
		root := t.TempDir()
		writable(t, root)
		for _, path := range []string{"/acme/gone/metadata.json", "/acme/gone/project/package.json", "/acme/gone/project/yarn.lock", closed + "/x"} {
			put(t, root+path, `{}`, 100*day)
		}
		ageDirs(t, root+"/acme/gone", 100*day)
		require.NoError(t, os.Chmod(root+closed, 0))
		code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-archive-after", "2160h", "-json")
		require.Equal(t, exitOK, code, "%s%s", out, errs)
		require.Contains(t, out, `"unreadable": 1`, closed)
		info, err := os.Stat(root + closed)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm(), closed)
	}
}
