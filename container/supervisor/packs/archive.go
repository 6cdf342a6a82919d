package packs

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
)

// What can be wrong with a pack, or with what is to be packed.
var (
	// ErrDamaged is a pack that is no pack of ours, or not all of one.
	ErrDamaged = errors.New("the pack is damaged")
	// ErrLeadsOut is a link that would lead elsewhere from another place.
	ErrLeadsOut = errors.New("a link leads out of the directory, as that of a package that lies beside it does")
	// ErrChanged is a directory that changed while it was being packed.
	ErrChanged = errors.New("it changes while it is being packed")
)

const (
	// window bounds what a pack's reader may need of memory: that of the writer's level.
	window     = 8 << 20
	bufferSize = 256 << 10
	filePerm   = 0o777 // no set-uid, no sticky bit
)

// write packs what is in a directory, but for the names in it that are left out.
func write(ctx context.Context, directory string, without []string, out io.Writer) error {
	// One core at most: a person is at work meanwhile.
	encoder, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	if err != nil {
		return err
	}
	p := &packer{directory: directory, without: without, tar: tar.NewWriter(encoder), buffer: make([]byte, bufferSize)}
	err = filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = p.add(name, entry)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
		return err
	})
	if err == nil {
		err = p.tar.Close()
	}
	return errors.Join(err, encoder.Close())
}

type packer struct {
	directory string
	without   []string
	tar       *tar.Writer
	buffer    []byte
}

// add writes one entry.
func (p *packer) add(name string, entry fs.DirEntry) error {
	relative, err := filepath.Rel(p.directory, name)
	if err != nil || relative == "." {
		return err
	}
	if slices.Contains(p.without, relative) {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: relative, Mode: int64(info.Mode() & filePerm), ModTime: info.ModTime().Truncate(time.Second)}
	switch {
	case info.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, relative+"/"
		return p.tar.WriteHeader(header)
	case info.Mode()&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = os.Readlink(name); err != nil {
			return err
		}
		if !staysWithin(relative, header.Linkname) {
			return fmt.Errorf("%w: %s -> %s", ErrLeadsOut, relative, header.Linkname)
		}
		return p.tar.WriteHeader(header)
	case info.Mode().IsRegular():
		header.Typeflag, header.Size = tar.TypeReg, info.Size()
		return p.file(name, header)
	default: // a socket of something that runs
		return nil
	}
}

func (p *packer) file(name string, header *tar.Header) (err error) {
	file, err := os.Open(name) //nolint:gosec // found in the directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := p.tar.WriteHeader(header); err != nil {
		return err
	}
	switch n, err := io.CopyBuffer(struct{ io.Writer }{p.tar}, struct{ io.Reader }{file}, p.buffer); {
	case errors.Is(err, tar.ErrWriteTooLong) || err == nil && n < header.Size:
		return fmt.Errorf("%w: %s", ErrChanged, name)
	default:
		return err
	}
}

// staysWithin says whether a link leads to something in the same tree, wherever the tree is. Only a text without detours says so: behind
// another link ".." is not what it looks like.
func staysWithin(name, target string) bool {
	return target != "" && !strings.HasPrefix(target, "/") && path.Clean(target) == strings.TrimSuffix(target, "/") &&
		filepath.IsLocal(path.Join(path.Dir(name), target))
}

// read unpacks into a directory that is empty, and nothing outside it, whatever the pack says. It gives the bytes of the files. An error
// that is ErrDamaged is the pack's; any other is that of one of the two file systems.
func read(ctx context.Context, in io.Reader, root *os.Root) (bytes int64, err error) {
	pack := &source{in: in, ctx: ctx}
	decoder, err := zstd.NewReader(pack, zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return 0, pack.blame(err)
	}
	defer decoder.Close()
	u := &unpacker{
		root: root, made: map[string]bool{".": true}, parent: root, parentName: ".", buffer: make([]byte, bufferSize),
	}
	defer func() { err = errors.Join(err, u.leaveParent()) }()
	reader := tar.NewReader(decoder)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, pack.blame(err)
		}
		content := &source{in: reader}
		if err := u.entry(header, content); content.fault() != nil || errors.Is(err, ErrDamaged) {
			return 0, pack.blame(errors.Join(content.fault(), err))
		} else if err != nil {
			return 0, err
		}
	}
	if rest, err := io.Copy(io.Discard, decoder); err != nil || rest > 0 {
		return 0, pack.blame(fmt.Errorf("%d bytes after its end: %w", rest, errors.Join(err, io.ErrUnexpectedEOF)))
	}
	return u.bytes, u.finish()
}

// source remembers what was wrong with a reader. The decoder reads ahead in a goroutine of its own.
type source struct {
	in  io.Reader
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	mu  sync.Mutex
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	if s.ctx != nil {
		err = s.ctx.Err()
	}
	if err == nil {
		n, err = s.in.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = err
	}
	return n, err
}

func (s *source) fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// blame tells a pack that can't be read from one that was read and is wrong.
func (s *source) blame(err error) error {
	if fault := s.fault(); fault != nil {
		return fmt.Errorf("read the pack: %w", fault)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

type unpacker struct {
	root *os.Root
	// made are the directories there are: nothing is written through a link.
	made       map[string]bool
	parent     *os.Root // of the entry before, which most entries share
	parentName string
	later      []*tar.Header // directories, whose times change with each entry
	buffer     []byte
	bytes      int64
}

// entry makes one entry.
func (u *unpacker) entry(header *tar.Header, content io.Reader) error {
	name := strings.TrimSuffix(header.Name, "/")
	if !filepath.IsLocal(name) || path.Clean(name) != name || name == "." || strings.ContainsRune(name, 0) || !u.made[path.Dir(name)] {
		return fmt.Errorf("%w: an entry is called %.200q", ErrDamaged, header.Name)
	}
	if err := u.enterParent(path.Dir(name)); err != nil {
		return err
	}
	err := u.make(name, header, content)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: two entries are called %.200q", ErrDamaged, name)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func (u *unpacker) make(name string, header *tar.Header, content io.Reader) error {
	base, mode := path.Base(name), fs.FileMode(header.Mode)&filePerm //nolint:gosec // masked
	switch header.Typeflag {
	case tar.TypeDir:
		const usable = 0o700
		u.made[name] = true
		u.later = append(u.later, header)
		return errors.Join(u.parent.Mkdir(base, mode|usable), u.parent.Chmod(base, mode|usable))
	case tar.TypeSymlink:
		if !staysWithin(name, header.Linkname) {
			return fmt.Errorf("%w: %.200q leads to %.200q", ErrDamaged, name, header.Linkname)
		}
		return u.parent.Symlink(header.Linkname, base)
	case tar.TypeReg:
		file, err := u.parent.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{file}, content, u.buffer)
		u.bytes += n
		return errors.Join(err, file.Chmod(mode), file.Close(), u.parent.Chtimes(base, header.ModTime, header.ModTime))
	default:
		return fmt.Errorf("%w: %.200q is of the kind %q", ErrDamaged, name, header.Typeflag)
	}
}

// enterParent opens the directory of an entry, unless it is that of the entry before.
func (u *unpacker) enterParent(name string) error {
	if name == u.parentName {
		return nil
	}
	parent, err := u.root.OpenRoot(name)
	if err != nil {
		return err
	}
	err = u.leaveParent()
	u.parent, u.parentName = parent, name
	return err
}

func (u *unpacker) leaveParent() error {
	if u.parent == u.root {
		return nil
	}
	parent := u.parent
	u.parent, u.parentName = u.root, "."
	return parent.Close()
}

// finish sets the directories' times, so that none is younger than what is in it.
func (u *unpacker) finish() error {
	for _, header := range slices.Backward(u.later) {
		if err := u.root.Chtimes(strings.TrimSuffix(header.Name, "/"), header.ModTime, header.ModTime); err != nil {
			return err
		}
	}
	return nil
}
