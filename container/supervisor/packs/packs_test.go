package packs_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/packs"
)

// project is a site of one user, and a task that has it.
type project struct {
	t                  *testing.T
	top, site, archive string
	tree               *packs.Tree
}

// newProject makes a site for which nothing is installed yet; its packs are shared below top.
func newProject(t *testing.T, top, user string) *project {
	t.Helper()
	p := &project{t: t, top: top, site: filepath.Join(top, user, "site"), archive: filepath.Join(top, ".live-edit", "packs")}
	for _, directory := range []string{p.site, p.archive} {
		require.NoError(t, os.MkdirAll(directory, 0o750))
	}
	p.tree = &packs.Tree{
		Directory: p.path("node_modules"), Marker: p.path("node_modules/.package-lock.json"), Kind: "{workspace}/site/node_modules", Version: "v22",
		By: []string{p.path("package-lock.json"), p.path(".npmrc")}, Without: []string{".vite"}, Packs: p.archive,
	}
	p.nextTask()
	p.put("package-lock.json", "one", 0o644)
	return p
}

// nextTask gives the site a task with an empty disk.
func (p *project) nextTask() {
	local, err := packs.Local(p.t.TempDir())
	require.NoError(p.t, err)
	p.tree.Local = filepath.Join(local, "ada", "1")
}

func (p *project) path(name string) string { return filepath.Join(p.site, name) }

func (p *project) put(name, content string, mode fs.FileMode) {
	p.t.Helper()
	require.NoError(p.t, os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	require.NoError(p.t, os.WriteFile(p.path(name), []byte(content), mode))
	require.NoError(p.t, os.Chmod(p.path(name), mode))
}

func (p *project) get(name string) string {
	p.t.Helper()
	content, err := os.ReadFile(p.path(name))
	require.NoError(p.t, err)
	return string(content)
}

var large = strings.Repeat("all the work of a day\n", 40_000)

// install does as npm ci would: whatever was there goes, the marker comes last.
func (p *project) install(version string) {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(p.path("node_modules")))
	p.put("node_modules/astro/astro.js", "console.log('"+version+"')", 0o755)
	p.put("node_modules/astro/"+strings.Repeat("long/", 30)+"name.js", large, 0o600)
	p.put("node_modules/empty/nothing", "", 0o444)
	p.put("node_modules/.vite/cache", "of this session", 0o644)
	require.NoError(p.t, os.MkdirAll(p.path("node_modules/.bin"), 0o755))
	require.NoError(p.t, os.Symlink("../astro/astro.js", p.path("node_modules/.bin/astro")))
	p.put("node_modules/.package-lock.json", version, 0o644)
}

// look looks twice, as a session does: at the second time everything stands still.
func (p *project) look() (*packs.Kept, error) {
	p.t.Helper()
	keeper := &packs.Keeper{Tree: p.tree}
	first, err := keeper.Look(p.t.Context())
	require.NoError(p.t, err)
	require.Nil(p.t, first, "nobody knows at the first look whether it stands still")
	return keeper.Look(p.t.Context())
}

func (p *project) keep() *packs.Kept {
	p.t.Helper()
	kept, err := p.look()
	require.NoError(p.t, err)
	require.NotNil(p.t, kept)
	return kept
}

func (p *project) place() packs.Placed {
	p.t.Helper()
	placed, err := p.tree.Place(p.t.Context())
	require.NoError(p.t, err)
	return placed
}

// requireUnpacked holds what is on the task's disk against what was installed.
func (p *project) requireUnpacked(version string) {
	p.t.Helper()
	target, err := os.Readlink(p.path("node_modules"))
	require.NoError(p.t, err)
	assert.True(p.t, strings.HasPrefix(target, p.tree.Local), target)
	assert.Equal(p.t, "node_modules", filepath.Base(target), "who resolves links finds packages as always")
	assert.Equal(p.t, "console.log('"+version+"')", p.get("node_modules/.bin/astro"))
	assert.Equal(p.t, large, p.get("node_modules/astro/"+strings.Repeat("long/", 30)+"name.js"))
	assert.Empty(p.t, p.get("node_modules/empty/nothing"))
	assert.NoDirExists(p.t, p.path("node_modules/.vite"))
	for name, want := range map[string]fs.FileMode{"astro/astro.js": 0o755, "empty/nothing": 0o444, "astro/" + strings.Repeat("long/", 30) + "name.js": 0o600, "astro": fs.ModeDir | 0o755} {
		info, err := os.Stat(p.path("node_modules/" + name))
		require.NoError(p.t, err)
		assert.Equal(p.t, want, info.Mode(), name)
	}
	link, err := os.Readlink(p.path("node_modules/.bin/astro"))
	require.NoError(p.t, err)
	assert.Equal(p.t, "../astro/astro.js", link)
}

// halves are what is in the packs' directory beside whole packs.
func (p *project) halves() (names []string) {
	entries, err := os.ReadDir(p.archive)
	require.NoError(p.t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".tar.zst") {
			names = append(names, entry.Name())
		}
	}
	return names
}

func (p *project) packs() []string {
	names, err := filepath.Glob(filepath.Join(p.archive, "*.tar.zst"))
	require.NoError(p.t, err)
	return names
}

func TestTheNextTaskUnpacksWhatWasInstalled(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	assert.False(t, p.place().There, "nothing was ever installed")
	p.install("one")
	kept := p.keep()
	assert.Positive(t, kept.Bytes)
	again, err := p.look()
	require.NoError(t, err)
	assert.Nil(t, again, "it has a pack")

	p.nextTask()
	placed := p.place()
	assert.True(t, placed.There)
	assert.Greater(t, placed.Bytes, int64(len(large)))
	p.requireUnpacked("one")
	assert.Eventually(t, func() bool { return len(p.halves()) == 0 }, 10*time.Second, 10*time.Millisecond, "what was in its place is gone")

	placed = p.place() // another session of this task
	assert.True(t, placed.There)
	assert.Zero(t, placed.Bytes, "it is there already")

	bob := newProject(t, p.top, "bob")
	assert.True(t, bob.place().There, "who has the same lock file has the pack")
	bob.requireUnpacked("one")
	bob.put(".npmrc", "omit=dev", 0o644)
	assert.False(t, bob.place().There, "another setting decides, too")
	assert.NoFileExists(t, bob.path("node_modules"))
	require.NoError(t, os.Remove(bob.path(".npmrc")))
	bob.tree.Version = "v24"
	assert.False(t, bob.place().There, "another Node may have other modules")
}

func TestALockFileThatChangesIsPackedAgain(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	p.install("one")
	keeper := &packs.Keeper{Tree: p.tree}
	look := func() *packs.Kept {
		kept, err := keeper.Look(t.Context())
		require.NoError(t, err)
		return kept
	}
	look()
	require.NotNil(t, look())
	p.nextTask()
	p.place()

	p.put("package-lock.json", "two", 0o644) // somebody pulls, and installs later
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(p.path("package-lock.json"), later, later))
	look()
	assert.Nil(t, look(), "what is installed is not what the lock file says")
	require.NoError(t, os.Remove(p.path("node_modules"))) // as npm does, in place of the link
	p.install("two")
	require.NoError(t, os.Chtimes(p.path("node_modules/.package-lock.json"), later, later))
	assert.Nil(t, look(), "it may still be under way")
	require.NotNil(t, look())
	assert.Nil(t, look())

	p.nextTask()
	assert.True(t, p.place().There)
	p.requireUnpacked("two")
	p.put("package-lock.json", "one", 0o644) // back again
	p.nextTask()
	assert.True(t, p.place().There)
	p.requireUnpacked("one")
	p.put("package-lock.json", "three", 0o644)
	assert.False(t, p.place().There)
	assert.NoFileExists(t, p.path("node_modules"), "what another lock file has decided is not taken for this one's")
}

func TestADamagedPackIsInstalledAgain(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut":       func(c []byte) []byte { return c[:len(c)*2/3] },
		"cut late":  func(c []byte) []byte { return c[:len(c)-1] },
		"a bit":     func(c []byte) []byte { c[len(c)/2] ^= 0x10; return c },
		"longer":    func(c []byte) []byte { return append(c, c...) },
		"no pack":   func([]byte) []byte { return []byte("404 page not found") },
		"no marker": func([]byte) []byte { return archive(t, entry{name: "astro.js", content: "x"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, t.TempDir(), "ada")
			p.install("one")
			p.keep()
			pack := p.packs()[0]
			content, err := os.ReadFile(pack)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(pack, damage(content), 0o600))
			placed, err := p.tree.Place(t.Context())
			require.ErrorContains(t, err, "the pack is damaged")
			require.ErrorContains(t, err, pack)
			assert.False(t, placed.There)
			assert.NoFileExists(t, pack, "it would be found again")
			assert.Equal(t, "console.log('one')", p.get("node_modules/astro/astro.js"), "what is installed is still there")
			left, err := filepath.Glob(filepath.Join(p.tree.Local, "*", "*", "*"))
			require.NoError(t, err)
			assert.Empty(t, left, "half of it takes no room")
			p.keep()
			assert.True(t, p.place().There)
			p.requireUnpacked("one")
		})
	}
}

func TestAnUnreadablePackIsKept(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	p.install("one")
	p.keep()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the session ends meanwhile
	placed, err := p.tree.Place(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, placed.There)
	assert.Len(t, p.packs(), 1)
	assert.DirExists(t, p.path("node_modules/astro"))
}

// TestAKillLeavesNothingThatIsTakenForWhole has the leavings of tasks that were killed in the middle.
func TestAKillLeavesNothingThatIsTakenForWhole(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	p.install("one")
	p.keep()
	half := filepath.Join(p.tree.Local, ".new-"+strings.TrimSuffix(filepath.Base(p.packs()[0]), ".tar.zst"), "node_modules")
	require.NoError(t, os.MkdirAll(half, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(half, ".package-lock.json"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(p.archive, ".new-pack"), []byte("half"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(p.archive, ".old-tree", "astro"), 0o750))
	long := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(p.archive, ".new-pack"), long, long))
	require.NoError(t, os.Rename(p.path("node_modules"), filepath.Join(p.archive, ".old-1"))) // between the two renames
	assert.True(t, p.place().There)
	p.requireUnpacked("one")

	p.nextTask() // the link leads to a disk that is gone
	require.NoError(t, os.RemoveAll(filepath.Dir(filepath.Dir(must(os.Readlink(p.path("node_modules")))))))
	assert.True(t, p.place().There)
	p.requireUnpacked("one")
	p.put("package-lock.json", "two", 0o644)
	require.NoError(t, os.Remove(p.path("node_modules")))
	p.install("two")
	p.keep()
	assert.Empty(t, p.halves())
}

func must(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}

// TestNobodySeesHalfAPack has people of one client install the same at once, while others start.
func TestNobodySeesHalfAPack(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	var installing, starting sync.WaitGroup
	done := make(chan struct{})
	for i := range 3 {
		p := newProject(t, top, fmt.Sprint("visitor", i))
		starting.Go(func() {
			for placed := false; ; placed = p.mayPlace() || placed {
				select {
				case <-done:
					assert.True(t, p.mayPlace())
					return
				default:
					if placed {
						p.nextTask()
					}
				}
			}
		})
	}
	for i := range 3 {
		p := newProject(t, top, fmt.Sprint("owner", i))
		p.install("one")
		keeper := &packs.Keeper{Tree: p.tree}
		installing.Go(func() {
			for range 6 {
				_, err := keeper.Look(t.Context())
				assert.NoError(t, err)
			}
		})
	}
	installing.Wait()
	close(done)
	starting.Wait()
}

// mayPlace starts, and says whether there was a pack.
func (p *project) mayPlace() bool {
	placed, err := p.tree.Place(p.t.Context())
	assert.NoError(p.t, err, "a pack that is seen is whole")
	return placed.There
}

func TestOnlyPacksThatAreUsedAreKept(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	for i := range 7 {
		p.put("package-lock.json", fmt.Sprint(i), 0o644)
		p.install(fmt.Sprint(i))
		kept := p.keep()
		then := time.Now().Add(time.Duration(i-100) * time.Minute)
		require.NoError(t, os.Chtimes(filepath.Join(p.archive, kept.Name+".tar.zst"), then, then))
		p.put("package-lock.json", "0", 0o644) // the first is used all the time
		p.nextTask()
		assert.True(t, p.place().There)
	}
	assert.Len(t, p.packs(), 5)
	for i, want := range []bool{true, false, false, true, true, true, true} {
		p.put("package-lock.json", fmt.Sprint(i), 0o644)
		p.nextTask()
		assert.Equal(t, want, p.place().There, i)
	}
}

// TestALinkToAPackageBesideIsNotMoved has a package that lies beside node_modules, as npm links it.
func TestALinkToAPackageBesideIsNotMoved(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	p.install("one")
	require.NoError(t, os.Symlink("../packages/own", p.path("node_modules/own")))
	kept, err := p.look()
	require.ErrorIs(t, err, packs.ErrLeadsOut)
	require.ErrorContains(t, err, "own -> ../packages/own")
	assert.Nil(t, kept)
	assert.Empty(t, p.packs())
	assert.Empty(t, p.halves())
}

func TestALinkOfTheSitesOwnStays(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	require.NoError(t, os.Symlink("../../shared/node_modules", p.path("node_modules")))
	_, err := p.tree.Place(t.Context())
	require.ErrorIs(t, err, packs.ErrForeign)
	require.NoError(t, packs.Withdraw(p.path("node_modules")))
	assert.Equal(t, "../../shared/node_modules", must(os.Readlink(p.path("node_modules"))))
}

// TestGitPassesByTheLink has the .gitignore that most projects have, which is about directories only.
func TestGitPassesByTheLink(t *testing.T) {
	t.Parallel()
	p := newProject(t, t.TempDir(), "ada")
	git := func(arguments ...string) string {
		command := exec.CommandContext(t.Context(), "git", arguments...)
		command.Dir = p.site
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	git("init", "--quiet", ".")
	p.put(".gitignore", "node_modules/\n", 0o644)
	require.NoError(t, os.WriteFile(p.path(".git/info/exclude"), []byte("# mine"), 0o644)) // without an end of line
	p.install("one")
	p.keep()
	for range 2 {
		p.nextTask()
		assert.True(t, p.place().There)
		assert.Equal(t, "?? .gitignore\n?? package-lock.json\n", git("status", "--porcelain"))
	}
	assert.Equal(t, "# mine\n/node_modules\n", p.get(".git/info/exclude"))
}

// entry is a tar entry.
type entry struct {
	name, content, link string
	kind                byte
}

func archive(t testing.TB, entries ...entry) []byte {
	var out bytes.Buffer
	encoder, err := zstd.NewWriter(&out)
	require.NoError(t, err)
	writer := tar.NewWriter(encoder)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		require.NoError(t, writer.WriteHeader(&tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Size: int64(len(e.content)), Mode: 0o6755}))
		_, err := io.WriteString(writer, e.content)
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(writer.Close(), encoder.Close()))
	return out.Bytes()
}

// evil are packs that would write elsewhere.
func evil(t testing.TB) map[string][]byte {
	directory := func(name string) entry { return entry{name: name, kind: tar.TypeDir} }
	link := func(name, target string) entry { return entry{name: name, link: target, kind: tar.TypeSymlink} }
	return map[string][]byte{
		"above":           archive(t, entry{name: "../evil", content: "x"}),
		"far above":       archive(t, directory("a/"), entry{name: "a/../../evil", content: "x"}),
		"absolute":        archive(t, entry{name: "/evil", content: "x"}),
		"itself":          archive(t, directory("./")),
		"no directory":    archive(t, entry{name: "a/b", content: "x"}),
		"link above":      archive(t, link("a", "../evil")),
		"link elsewhere":  archive(t, link("a", "/etc")),
		"by a detour":     archive(t, link("a", "."), link("b", "a/../evil")),
		"through a link":  archive(t, directory("a/"), link("b", "a"), entry{name: "b/evil", content: "x"}),
		"a link's place":  archive(t, link("a", "b"), entry{name: "a", content: "x"}),
		"twice":           archive(t, entry{name: "a", content: "x"}, entry{name: "a", content: "y"}),
		"directory twice": archive(t, directory("a/"), directory("a/")),
		"a hard link":     archive(t, entry{name: "a", content: "x"}, entry{name: "b", link: "a", kind: tar.TypeLink}),
		"a device":        archive(t, entry{name: "a", kind: tar.TypeChar}),
		"a pipe":          archive(t, entry{name: "a", kind: tar.TypeFifo}),
	}
}

func TestAPackWritesNothingElsewhere(t *testing.T) {
	t.Parallel()
	for name, content := range evil(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, unpackAlone(t, content), packs.ErrDamaged)
		})
	}
	require.NoError(t, unpackAlone(t, archive(t, entry{name: "a", content: "x"})), "a set-uid bit is left out")
}

// unpackAlone unpacks into a directory, and looks whether anything is wrong with what is there then.
func unpackAlone(t testing.TB, content []byte) error {
	top := t.TempDir()
	directory := filepath.Join(top, "tree")
	require.NoError(t, os.Mkdir(directory, 0o750))
	root, err := os.OpenRoot(directory)
	require.NoError(t, err)
	_, unpacked := packs.Read(t.Context(), bytes.NewReader(content), root)
	require.NoError(t, root.Close())
	entries, err := os.ReadDir(top)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "something was written elsewhere")
	require.NoError(t, filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if real, err := filepath.EvalSymlinks(name); err == nil {
				assert.True(t, real == directory || strings.HasPrefix(real, directory+"/"), "%s leads to %s", name, real)
			}
		default:
			assert.True(t, info.IsDir() || info.Mode().IsRegular(), "%s is %s", name, info.Mode())
			assert.Zero(t, info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
		}
		return nil
	}))
	return unpacked
}

// FuzzUnpack has any entries in a pack that is whole, and any bytes as a pack.
func FuzzUnpack(f *testing.F) {
	decoder, err := zstd.NewReader(nil)
	require.NoError(f, err)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(f, err)
	all := evil(f)
	all["good"] = archive(f, entry{name: "a/", kind: tar.TypeDir}, entry{name: "a/b", content: "x"}, entry{name: "c", link: "a/b", kind: tar.TypeSymlink})
	for _, content := range all {
		entries, err := decoder.DecodeAll(content, nil)
		require.NoError(f, err)
		f.Add(entries, true)
		f.Add(content, false)
	}
	f.Fuzz(func(t *testing.T, content []byte, whole bool) {
		if whole {
			content = encoder.EncodeAll(content, nil)
		}
		if err := unpackAlone(t, content); err != nil {
			require.ErrorIs(t, err, packs.ErrDamaged, "the pack's fault is said to be the disk's")
		}
	})
}
