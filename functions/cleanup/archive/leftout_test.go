package archive

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
)

// leavesOut archives what the files make and says whether it leaves the directory out.
func leavesOut(t *testing.T, files map[string]string, dir string) bool {
	t.Helper()
	f := memfs.New(func() int64 { return begin.UnixNano() })
	for path, content := range files {
		f.Write(path, []byte(content), 1)
	}
	left := false
	err := walk(t.Context(), f.Root(), visitor{
		visit: ignore, leaveOut: newLeftOut(f.Root()).decide,
		excluded: func(e entry) error {
			left = left || e.path == dir
			return nil
		},
	})
	require.NoError(t, err)
	return left
}

// TestOnlyWhatCanBeMadeAgainIsLeftOut: untracked, and beside a package.json and a lock file.
func TestOnlyWhatCanBeMadeAgainIsLeftOut(t *testing.T) {
	t.Parallel()
	const npm, modules = "project/package-lock.json", "project/node_modules"
	whole := map[string]string{modules + "/a": "a", "project/package.json": "{}", npm: "{}", "project/.git/index": gitIndexOf("package.json")}
	cases := map[string]struct {
		change map[string]string // nothing removes a file
		dir    string
		want   bool
	}{
		"all is well":           {nil, modules, true},
		"no repository":         {map[string]string{"project/.git/index": ""}, modules, true},
		"nothing tracked yet":   {map[string]string{"project/.git/index": "", "project/.git/HEAD": "ref"}, modules, true},
		"pnpm":                  {map[string]string{npm: "", "project/pnpm-lock.yaml": "v"}, modules, true},
		"yarn":                  {map[string]string{npm: "", "project/yarn.lock": "v"}, modules, true},
		"bun":                   {map[string]string{npm: "", "project/bun.lockb": "v"}, modules, true},
		"similar is tracked":    {map[string]string{"project/.git/index": gitIndexOf("node_modules-x/a", "src/node_modules/a", "package.json")}, modules, true},
		"astro":                 {map[string]string{"project/.astro/x": "x"}, "project/.astro", true},
		"nested project":        {map[string]string{"project/p/package.json": "{}", "project/p/yarn.lock": "v", "project/p/node_modules/x": "x"}, "project/p/node_modules", true},
		"no package.json":       {map[string]string{"project/package.json": ""}, modules, false},
		"no lock file":          {map[string]string{npm: ""}, modules, false},
		"fixture":               {map[string]string{"project/test/fixtures/node_modules/x": "x"}, "project/test/fixtures/node_modules", false},
		"a workspace's lock":    {map[string]string{"project/p/package.json": "{}", "project/p/node_modules/x": "x"}, "project/p/node_modules", false},
		"tracked in a package":  {map[string]string{"project/.git/index": gitIndexOf("node_modules/a/node_modules/b/c")}, modules, false},
		"outside the project":   {map[string]string{"package.json": "{}", "yarn.lock": "v", "node_modules/x": "x"}, "node_modules", false},
		"tracked":               {map[string]string{"project/.git/index": gitIndexOf("node_modules/a")}, modules, false},
		"tracked deep inside":   {map[string]string{"project/.git/index": gitIndexOf("node_modules/b/c/d")}, modules, false},
		"a submodule":           {map[string]string{"project/.git/index": gitIndexOf("node_modules")}, modules, false},
		"tracked further out":   {map[string]string{".git/index": gitIndexOf("project/node_modules/a")}, modules, false},
		"a repository itself":   {map[string]string{modules + "/.git/HEAD": "ref"}, modules, false},
		"a work tree elsewhere": {map[string]string{"project/.git/index": "", "project/.git": "gitdir: /elsewhere"}, modules, false},
		"damaged index":         {map[string]string{"project/.git/index": "DIRC\x00\x00\x00\x02\x00\x00\x00\x09"}, modules, false},
		"index of nothing":      {map[string]string{"project/.git/index": "none"}, modules, false},
		"index cut off":         {map[string]string{"project/.git/index": gitIndexOf("package.json")[:60]}, modules, false},
		"index too large":       {map[string]string{"project/.git/index": strings.Repeat("x", maxIndex+1)}, modules, false},
	}
	for name, c := range cases {
		files := map[string]string{}
		for path, content := range whole {
			files[path] = content
		}
		for path, content := range c.change {
			delete(files, path)
			if content != "" {
				files[path] = content
			}
		}
		require.Equal(t, c.want, leavesOut(t, files, c.dir), name)
	}
}

// TestRealIndexes: the indexes that git itself writes, in every version and
// with each extension that changes the meaning of the rest.
func TestRealIndexes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	for name, c := range map[string]struct {
		commands []string
		want     []bool // which decisions about the untracked directory are right
	}{
		"version 2":    {[]string{"git update-index --index-version 2"}, []bool{true}},
		"version 4":    {[]string{"git update-index --index-version 4"}, []bool{true}},
		"intent":       {[]string{"touch b", "git add -N b"}, []bool{true}},
		"untracked":    {[]string{"git update-index --untracked-cache", "git status"}, []bool{true}},
		"split":        {[]string{"git update-index --split-index", "touch b", "git add b"}, []bool{false}},
		"no checksum":  {[]string{"git config index.skipHash true", "touch b", "git add b"}, []bool{true, false}}, // an older git writes one
		"sparse index": {[]string{"git commit -qm x", "git sparse-checkout set --cone --sparse-index src"}, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			project := filepath.Join(root, "project")
			for _, path := range []string{
				"package.json", "yarn.lock", "node_modules/a", "src/a", "example/package.json", "example/yarn.lock", "example/node_modules/t",
			} {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(project, path)), 0o750))
				require.NoError(t, os.WriteFile(filepath.Join(project, path), []byte("{}"), 0o600))
			}
			script := []string{"git init -q", "git add -f package.json yarn.lock src example"}
			cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(append(script, c.commands...), "\n"))
			cmd.Dir = project
			cmd.Env = append(os.Environ(), "HOME="+root, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
				"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			d, err := fsx.Open(root)
			require.NoError(t, err)
			defer d.Close()
			left := map[string]bool{}
			require.NoError(t, walk(t.Context(), d, visitor{visit: ignore, leaveOut: newLeftOut(d).decide, excluded: func(e entry) error {
				left[e.path] = true
				return nil
			}}))
			require.Contains(t, c.want, left["project/node_modules"])
			require.False(t, left["project/example/node_modules"], "it is tracked")
		})
	}
}

// TestFaultsWhileDecidingLeaveNothingOut: a file system that fails is no reason to leave something out.
func TestFaultsWhileDecidingLeaveNothingOut(t *testing.T) {
	t.Parallel()
	failed := 0
	for target := int64(0); ; target++ {
		s := newFixture()
		root, err := s.fs.Root().OpenDir("bob")
		require.NoError(t, err)
		hook := &fault.At{Target: target, Mode: fault.FailBefore, Err: syscall.EIO}
		project, err := fault.Wrap(root, hook).OpenDir("project")
		out := false
		if err == nil {
			var e entry
			e.path, e.name, e.parent = "project/example/node_modules", "node_modules", nil
			e.parent, err = project.OpenDir("example")
			if err == nil {
				e.info.Kind = fsx.KindDir
				out, err = newLeftOut(fault.Wrap(root, hook)).decide(t.Context(), e)
			}
		}
		require.False(t, out, "operation %d", target)
		if hook.Count() <= target {
			require.NoError(t, err)
			require.Greater(t, failed, 8, "too few operations to be true")
			require.GreaterOrEqual(t, failed, int(target)-1, "only a read after the index's end may be passed over")
			return
		}
		if err != nil {
			require.ErrorIs(t, err, syscall.EIO, "operation %d", target)
			failed++
		}
	}
}

// TestAnArchiveOfAnEarlierReleaseLeavesNothingOut: it does not say what it left
// out, so nothing is removed that it does not hold.
func TestAnArchiveOfAnEarlierReleaseLeavesNothingOut(t *testing.T) {
	t.Parallel()
	s := newFixture()
	require.NoError(t, s.create(t, nil))
	var names []string
	for path, e := range s.fs.Tree() {
		if path, inside := strings.CutPrefix(path, "_archive/"+s.work.Name()+"/"); inside && e.Info.Kind == fsx.KindFile && !isLeftOut(path) {
			names = append(names, path)
		}
	}
	s.fs.Write(final, tarball(t, append(names, trailerName+strconv.Itoa(len(names)))...), 1)
	require.NoError(t, s.fs.Root().MoveDir(s.work.place(StageChecking), s.work.place(StageRemoving)))
	s.work = s.work.at(StageRemoving)
	_, err := s.finish(t, nil)
	require.ErrorIs(t, err, ErrDiffers)
	require.Contains(t, s.fs.Tree(), "_archive/"+s.work.Name()+"/project/node_modules/a/b")
}
