package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// visitArchive is called for each entry with its content.
type visitArchive func(h *tar.Header, content io.Reader) error

// contents are what an archive says of itself.
type contents struct {
	entries int64
	leftOut map[string]bool // paths of directories
}

// leaves says whether the archive leaves a directory out. It is the archive's
// word that counts when a workspace is compared and removed: what the decision
// was made on may be gone by then.
func (c contents) leaves(_ context.Context, e entry) (bool, error) {
	return e.info.Kind == fsx.KindDir && c.leftOut[e.path] && mayBeLeftOut(e.path), nil
}

// read goes through an archive to its very end, checksums included. An archive
// without its last entry, or with another number of entries than that says, is
// ErrIncomplete.
func read(ctx context.Context, archives fsx.Dir, name string, visit visitArchive) (contents, error) {
	f, err := archives.Open(name)
	if err != nil {
		return contents{}, err
	}
	c, err := readFrom(ctx, f, visit)
	if err = errors.Join(err, f.Close()); err != nil {
		return contents{}, fmt.Errorf("archive %q: %w", name, err)
	}
	return c, nil
}

func readFrom(ctx context.Context, f io.Reader, visit visitArchive) (contents, error) {
	unzip, err := gz.NewReader(ctx, f)
	if err != nil {
		return contents{}, err
	}
	defer unzip.Release()
	reader := tar.NewReader(unzip)
	c, announced := contents{leftOut: map[string]bool{}}, int64(-1)
	for {
		h, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return contents{}, err
		}
		if announced >= 0 {
			return contents{}, fmt.Errorf("%q follows its last entry: %w", h.Name, ErrIncomplete)
		}
		if count, ok := h.PAXRecords[recordEntries]; ok && h.Name == trailerName {
			if announced, err = strconv.ParseInt(count, 10, 64); err != nil {
				return contents{}, fmt.Errorf("%w: %w", ErrIncomplete, err)
			}
			for path := range strings.SplitSeq(h.PAXRecords[recordLeftOut], "\x00") {
				c.leftOut[path] = true
			}
			continue
		}
		c.entries++
		if err := visit(h, reader); err != nil {
			return contents{}, err
		}
	}
	if _, err := io.Copy(io.Discard, unzip); err != nil {
		return contents{}, err
	}
	if c.entries != announced {
		return contents{}, fmt.Errorf("%d entries where its last entry announces %d: %w", c.entries, announced, ErrIncomplete)
	}
	return c, nil
}

// compare checks that archive and workspace hold the same, in both directions:
// every entry of the archive is in the workspace, equal, and the workspace has
// no more entries than the archive.
func compare(ctx context.Context, archives fsx.Dir, name string, workspace fsx.Dir) error {
	paths := newPaths(workspace)
	defer paths.close()
	inArchive, err := read(ctx, archives, name, func(h *tar.Header, content io.Reader) error {
		return paths.compare(ctx, h, content)
	})
	if err != nil {
		return err
	}
	var onDisk int64
	if err := workspace.Rewind(); err != nil {
		return err
	}
	err = walk(ctx, workspace, visitor{leaveOut: inArchive.leaves, excluded: ignore, visit: func(entry) error {
		onDisk++
		return nil
	}})
	if err == nil && onDisk != inArchive.entries {
		err = fmt.Errorf("%d entries where the archive has %d: %w", onDisk, inArchive.entries, ErrDiffers)
	}
	return err
}

// paths finds entries by their path. It keeps the directories of the last path
// open, because an archive lists what is together together.
type paths struct {
	names []string
	dirs  []fsx.Dir // dirs[0] is the workspace, dirs[i+1] is names[i] in dirs[i]
}

func newPaths(workspace fsx.Dir) *paths { return &paths{dirs: []fsx.Dir{workspace}} }

// find opens the directory of a path.
func (p *paths) find(path string) (entry, error) {
	path = strings.TrimSuffix(path, "/") // a directory's
	parts := strings.Split(path, "/")
	parents, name := parts[:len(parts)-1], parts[len(parts)-1]
	common := 0
	for common < len(parents) && common < len(p.names) && parents[common] == p.names[common] {
		common++
	}
	if err := p.closeFrom(common); err != nil {
		return entry{}, err
	}
	for _, parent := range parents[common:] {
		d, err := p.dirs[len(p.dirs)-1].OpenDir(parent)
		if err != nil {
			return entry{}, err
		}
		p.names, p.dirs = append(p.names, parent), append(p.dirs, d)
	}
	e := entry{path: path, name: name, parent: p.dirs[len(p.dirs)-1]}
	var err error
	e.info, err = e.parent.Stat(name)
	return e, err
}

func (p *paths) closeFrom(level int) error {
	var err error
	for i := len(p.dirs) - 1; i > level; i-- {
		err = errors.Join(err, p.dirs[i].Close())
	}
	p.dirs, p.names = p.dirs[:level+1], p.names[:level]
	return err
}

func (p *paths) close() { _ = p.closeFrom(0) } // read-only handles: nothing to lose

// compare finds what an archive's entry was made from and compares it.
func (p *paths) compare(ctx context.Context, h *tar.Header, content io.Reader) error {
	e, err := p.find(h.Name)
	if err != nil {
		return fmt.Errorf("%q: %w", h.Name, err)
	}
	return equal(ctx, e, h, content)
}

// equal compares kind, permissions, time, target and content.
func equal(ctx context.Context, e entry, h *tar.Header, content io.Reader) error {
	want, err := headerOf(e)
	if err != nil {
		return err
	}
	same := want.Typeflag == h.Typeflag && want.Name == h.Name && want.Linkname == h.Linkname &&
		want.Size == h.Size && want.Mode == h.Mode
	if h.Typeflag != tar.TypeDir { // a directory's time changes when its entries are removed
		same = same && want.ModTime.Equal(h.ModTime)
	}
	if !same {
		return fmt.Errorf("%q: %w", e.path, ErrDiffers)
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	f, err := e.parent.Open(e.name)
	if err != nil {
		return err
	}
	err = unchanged(e, f)
	if err == nil {
		err = equalContent(gz.Reader(ctx, f), content, e.path)
	}
	if err == nil {
		err = unchanged(e, f) // what had been read may have been written over since
	}
	return errors.Join(err, f.Close())
}

func equalContent(a, b io.Reader, path string) error {
	x, y := make([]byte, compareBytes), make([]byte, compareBytes)
	for {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if err := errors.Join(notEnd(errA), notEnd(errB)); err != nil {
			return err
		}
		if n != m || !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("%q: %w", path, ErrDiffers)
		}
		if n < len(x) {
			return nil
		}
	}
}

const compareBytes = 32 << 10

func notEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
