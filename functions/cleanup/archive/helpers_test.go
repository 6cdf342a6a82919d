package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/format/index"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
)

var begin = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const (
	settle = time.Minute
	final  = "_archive/bob-2026-07-01.tar.gz"
	limit  = 1 << 20
)

// fixture is a client with one user, in memory.
type fixture struct {
	fs   *memfs.FS
	work Work
	runs int // each run has a tag of its own
}

func newFixture() *fixture {
	s := &fixture{fs: memfs.New(func() int64 { return begin.UnixNano() })}
	old := begin.Add(-100 * 24 * time.Hour).UnixNano()
	for path, content := range map[string]string{
		"metadata.json": `{}`, ".claude/user.json": `{"u":1}`, ".claude/threads/kept.json": `{"t":1}`,
		"project/.git/HEAD": "ref", "project/.git/objects/ab/cd": "\x00\xff", "project/src/index.astro": strings.Repeat("page ", 5000),
		"project/empty": "", "project/a\nb \xff.txt": "weird", "notes/node_modules/kept.txt": "kept", "node_modules/kept": "kept",
		"project/packages/node_modules-not/x": "x", "project/package.json": "{}", "project/package-lock.json": "{}",
		"project/packages/p/package.json": "{}", "project/packages/p/pnpm-lock.yaml": "v",
		"project/test/fixtures/node_modules/f": "nothing beside it", "project/lib/package.json": "{}", "project/lib/node_modules/g": "no lock",
		"project/example/package.json": "{}", "project/example/yarn.lock": "v", "project/example/node_modules/h": "tracked",
		"project/.git/index": gitIndexOf("example/node_modules/h", "package.json"), "project/" + strings.Repeat("a-rather-long-directory-name/", 5) + "x": "deep",
	} {
		s.fs.Write("bob/"+path, []byte(content), old)
	}
	for _, path := range []string{
		"project/node_modules/a/b", "project/.astro/cache", "project/packages/p/node_modules/x", "project/node_modules/.astro/y",
	} {
		s.fs.Write("bob/"+path, []byte("made again"), old)
	}
	s.fs.MkdirAll("bob/project/public")
	s.fs.Symlink("/etc/passwd", "bob/project/link")
	s.fs.Symlink("../jane", "bob/project/src/up")
	s.fs.Symlink("nowhere", "bob/project/src/node_modules")
	s.fs.Write("bob/project/src/.astro", []byte("a file"), old)
	s.fs.Edit("bob/project/.git/HEAD", func(i *fsx.Info) { i.Perm, i.UID, i.ModTime = 0o600, 7, old+123 })
	s.fs.Write("jane/metadata.json", []byte("{}"), old)
	return s
}

func (s *fixture) create(t *testing.T, hook fault.Hook) error {
	t.Helper()
	d := s.fs.Root()
	if hook != nil {
		d = fault.Wrap(d, hook)
	}
	s.runs++
	var err error
	s.work, err = Create(t.Context(), Job{Client: d, User: "bob", Now: begin, Tag: fmt.Sprintf("%08x", s.runs), Limit: limit})
	return err
}

func (s *fixture) finish(t *testing.T, hook fault.Hook) (Result, error) {
	t.Helper()
	d := s.fs.Root()
	if hook != nil {
		d = fault.Wrap(d, hook)
	}
	return Finish(t.Context(), d, s.work, Settling{Now: begin.Add(settle), Time: settle})
}

// describe tells an entry by all that an archive keeps of it.
func describe(mode int64, modTime time.Time, rest string) string {
	return fmt.Sprintf("%o %d %s", mode, modTime.UnixNano(), rest)
}

// workspace describes the entries below a directory that belong in an archive.
func (s *fixture) workspace(dir string) map[string]string {
	all := map[string]string{}
	for path, e := range s.fs.Tree() {
		path, inside := strings.CutPrefix(path, dir+"/")
		if !inside || isLeftOut(path) {
			continue
		}
		switch e.Info.Kind {
		case fsx.KindDir:
			if !isLeftOut(path + "/") {
				all[path+"/"] = fmt.Sprintf("%o", e.Info.Perm)
			}
		case fsx.KindSymlink:
			all[path] = describe(int64(e.Info.Perm), e.Info.Modified(), "-> "+e.Target)
		default:
			all[path] = describe(int64(e.Info.Perm), e.Info.Modified(), e.Data)
		}
	}
	return all
}

// isLeftOut names what the fixture's archive is to leave out.
func isLeftOut(path string) bool {
	return strings.HasPrefix(path, "project/node_modules/") || strings.HasPrefix(path, "project/.astro/") ||
		strings.HasPrefix(path, "project/packages/p/node_modules/")
}

// gitIndexOf is the index of a repository that tracks these files.
func gitIndexOf(names ...string) string {
	idx := index.Index{Version: 2}
	for _, name := range names {
		idx.Entries = append(idx.Entries, &index.Entry{Name: name, Mode: filemode.Regular})
	}
	var out bytes.Buffer
	if err := index.NewEncoder(&out, sha1.New()).Encode(&idx); err != nil {
		panic(err)
	}
	return out.String()
}

// archived describes an archive in the same way, as other programs read it.
func (s *fixture) archived(t require.TestingT, name string) map[string]string {
	z, err := gzip.NewReader(strings.NewReader(s.fs.Tree()[name].Data))
	require.NoError(t, err)
	all := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		switch h.Typeflag {
		case tar.TypeDir:
			if h.Name != trailerName {
				all[h.Name] = fmt.Sprintf("%o", h.Mode)
			}
		case tar.TypeSymlink:
			all[h.Name] = describe(h.Mode, h.ModTime, "-> "+h.Linkname)
		default:
			all[h.Name] = describe(h.Mode, h.ModTime, string(content))
		}
	}
}

// hidden lists the names that runs keep for themselves in the archive directory.
func (s *fixture) hidden() (names []string) {
	for path := range s.fs.Tree() {
		if name, ok := strings.CutPrefix(path, "_archive/."); ok && !strings.Contains(name, "/") {
			names = append(names, "."+name)
		}
	}
	return names
}

// exhaustive asks for the long form of the tests that go through every operation.
var exhaustive = os.Getenv("CLEANUP_EXHAUSTIVE") != ""

// scale is the number of generated cases: many for a long run.
func scale(n int) int {
	if exhaustive {
		return 20 * n
	}
	return n
}

// stride is the distance between the operations that a test picks, 1 in the long form.
func stride(n int) int {
	if exhaustive {
		return 1
	}
	return n
}

// some picks one of the ways for an operation to go wrong, all in the long form.
func some(modes []fault.Mode, target int64) []fault.Mode {
	if exhaustive {
		return modes
	}
	n := len(modes)
	return modes[int(target*5+target/7)%n:][:1]
}
