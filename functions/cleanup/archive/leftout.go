package archive

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's own checksum of its index
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/go-git/go-git/v6/plumbing/format/index"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// remade are the directories that the project's tools make again by themselves.
var remade = []string{"node_modules", ".astro"}

// lockFiles say exactly what is to be made again.
var lockFiles = []string{
	"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock",
}

const (
	packageFile = "package.json"
	gitDir      = ".git"
	gitIndex    = "index"
	// maxIndex is an index of some 80,000 files. The content of a larger one is not known.
	maxIndex = 8 << 20
	// maxRecord bounds what an archive says of the directories that it leaves
	// out. A header of a tar file may have 1 MiB.
	maxRecord = 512 << 10
)

// leftOut decides what an archive leaves out: a directory called node_modules
// or .astro below project/ that stands beside a package.json and a lock file,
// and of which no repository around it tracks anything. All else is kept: a
// test's fixtures are called node_modules, too, and cannot be made again. Where
// it can't be told what a repository tracks, everything is kept.
type leftOut struct {
	root  fsx.Dir
	repos map[string]*repository // by the directory that holds .git
	names int                    // bytes of the paths left out
}

func newLeftOut(root fsx.Dir) *leftOut { return &leftOut{root: root, repos: map[string]*repository{}} }

// mayBeLeftOut says whether a path, with a trailing slash or without, is that of a directory of such a name and place.
func mayBeLeftOut(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasPrefix(path, "project/") && (name == remade[0] || name == remade[1])
}

func (l *leftOut) decide(ctx context.Context, e entry) (bool, error) {
	if e.info.Kind != fsx.KindDir || !mayBeLeftOut(e.path) || l.names+len(e.path) > maxRecord {
		return false, nil
	}
	ok, err := canBeMadeAgain(e)
	if err != nil || !ok {
		return false, err
	}
	for at := e.path; ; {
		repo, err := l.repository(ctx, at)
		if err != nil || repo.mayTrack(e.path) {
			return false, err
		}
		if at == "" {
			l.names += len(e.path) + 1
			return true, nil
		}
		at = at[:max(strings.LastIndexByte(at, '/'), 0)]
	}
}

// canBeMadeAgain looks beside a directory.
func canBeMadeAgain(e entry) (bool, error) {
	isFile := func(name string) (bool, error) {
		info, err := e.parent.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && info.Kind == fsx.KindFile && info.Size > 0, err
	}
	if ok, err := isFile(packageFile); !ok {
		return false, err
	}
	for _, name := range lockFiles {
		if ok, err := isFile(name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// repository is what the index of a git repository tracks in directories of
// those names.
type repository struct {
	base    string // path of the directory that holds .git, with a slash; empty for the workspace
	unknown bool   // what it tracks can't be told
	tracked map[string]bool
}

// mayTrack says whether something in the directory may be tracked.
func (r *repository) mayTrack(path string) bool {
	if r == nil {
		return false
	}
	return r.unknown || r.base == path+"/" || r.tracked[strings.TrimPrefix(path, r.base)]
}

// repository finds what a directory's own repository tracks; nil if it is none.
func (l *leftOut) repository(ctx context.Context, at string) (*repository, error) {
	if known, ok := l.repos[at]; ok {
		return known, nil
	}
	base := at
	if base != "" {
		base += "/"
	}
	paths := newPaths(l.root)
	defer paths.close()
	repo := &repository{base: base, tracked: map[string]bool{}}
	git, err := paths.find(base + gitDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		repo = nil
	case err != nil:
		return nil, err
	case git.info.Kind != fsx.KindDir: // a submodule or work tree, whose index is somewhere else
		repo.unknown = true
	default:
		if err := repo.read(ctx, paths); err != nil {
			return nil, err
		}
	}
	l.repos[at] = repo
	return repo, nil
}

// read decodes the index. A repository without one tracks nothing.
func (r *repository) read(ctx context.Context, paths *paths) error {
	e, err := paths.find(r.base + gitDir + "/" + gitIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.info.Kind != fsx.KindFile || e.info.Size > maxIndex {
		r.unknown = true
		return nil
	}
	f, err := e.parent.Open(e.name)
	if err != nil {
		return err
	}
	return errors.Join(r.decode(gz.Reader(ctx, f)), f.Close())
}

// decoding is one at a time, since a large index takes ten times its size.
var decoding sync.Mutex

// decode keeps of an index only the directories that are asked for. What it
// can't decode is unknown: a repository of SHA-256, a split or sparse index, a
// damaged one.
func (r *repository) decode(in io.Reader) error {
	decoding.Lock()
	defer decoding.Unlock()
	source := &failing{r: in}
	var idx index.Index
	if err := index.NewDecoder(source, sha1.New()).Decode(&idx); err != nil { //nolint:gosec // see above
		r.unknown = true
		return source.err
	}
	for _, file := range idx.Entries {
		for end, c := range file.Name + "/" {
			if c == '/' && mayBeLeftOut("project/"+file.Name[:end]) {
				r.tracked[file.Name[:end]] = true
			}
		}
	}
	return nil
}

// failing keeps the error of a file apart from faults of its content.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
