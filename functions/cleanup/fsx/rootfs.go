//go:build unix

package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rootDir is a Dir on the real file system. Names are resolved by os.Root, so
// that nothing outside can be reached even if the tree is changed under our
// feet; the two hot calls (stat and unlink) go to the kernel directly with the
// directory's descriptor and one checked component, which can't escape either.
type rootDir struct {
	root *os.Root
	self *os.File // the directory itself: listing, syncing, descriptor
	fd   int
	info Info
	// leases is whether the file system has them. Nothing below is on another
	// one: OpenDir and Open see to that.
	leases bool
}

// Open opens the directory at path as the root of a tree. A symbolic link at
// path itself is followed: it is the operator's own word.
func Open(path string) (Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open workspace root: %w", err)
	}
	d, err := newRootDir(root)
	if err != nil {
		return nil, err
	}
	d.leases = leasesFD(d.fd)
	return d, nil
}

func newRootDir(root *os.Root) (*rootDir, error) {
	self, err := root.OpenFile(".", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	d := &rootDir{root: root, self: self, fd: int(self.Fd())}
	if d.info, err = statFD(d.fd); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *rootDir) Self() Info { return d.info }

func (d *rootDir) Names(limit int) ([]string, error) {
	return d.self.Readdirnames(limit)
}

func (d *rootDir) Rewind() error {
	_, err := d.self.Seek(0, io.SeekStart)
	return err
}

func (d *rootDir) Stat(name string) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	info, err := statAt(d.fd, name)
	runtime.KeepAlive(d)
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info, nil
}

func (d *rootDir) OpenDir(name string) (Dir, error) {
	before, err := d.Stat(name)
	if err != nil {
		return nil, err
	}
	if before.Kind != KindDir {
		return nil, fmt.Errorf("open directory %q: %s: %w", name, before.Kind, ErrKind)
	}
	return d.openDirAs(name, before)
}

// openDirAs compares what it opens with what lay at the name before, because
// os.Root would follow a symbolic link that stays inside: into another client's
// workspace, say.
func (d *rootDir) openDirAs(name string, before Info) (Dir, error) {
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	sub, err := newRootDir(root)
	if err != nil {
		return nil, err
	}
	if sub.info.Mount || sub.info.Dev != d.info.Dev {
		return nil, errors.Join(fmt.Errorf("open directory %q: %w", name, ErrMount), sub.Close())
	}
	if !sub.info.SameFile(before) {
		return nil, errors.Join(fmt.Errorf("open directory %q: %w", name, ErrRaced), sub.Close())
	}
	sub.leases = d.leases
	return sub, nil
}

func (d *rootDir) Open(name string) (File, error) {
	before, err := d.Stat(name)
	if err != nil {
		return nil, err
	}
	if before.Kind != KindFile {
		return nil, fmt.Errorf("open %q: %s: %w", name, before.Kind, ErrKind)
	}
	return d.openAs(name, before)
}

func (d *rootDir) openAs(name string, before Info) (File, error) {
	// O_NONBLOCK: a named pipe slipped in at this instant must not block us.
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	file := &rootFile{File: f, leases: d.leases}
	after, err := file.Stat()
	if err == nil && (after.Kind != KindFile || !after.SameFile(before)) {
		err = fmt.Errorf("open %q: %w", name, ErrRaced)
	}
	if err == nil && (after.Mount || after.Dev != d.info.Dev) {
		err = fmt.Errorf("open %q: %w", name, ErrMount)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file, nil
}

func (d *rootDir) Create(name string, perm fs.FileMode) (File, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	return &rootFile{File: f, leases: d.leases}, nil
}

func (d *rootDir) Readlink(name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return d.root.Readlink(name)
}

func (d *rootDir) Link(oldName, newName string) error {
	if err := errors.Join(CheckName(oldName), CheckName(newName)); err != nil {
		return err
	}
	return d.root.Link(oldName, newName)
}

func (d *rootDir) Rename(oldName, newName string) error {
	if err := errors.Join(CheckName(oldName), CheckName(newName)); err != nil {
		return err
	}
	return d.root.Rename(oldName, newName)
}

// MoveDir relies on rename(2) refusing to put a directory over anything but an
// empty directory, and looks first so that not even that is replaced.
func (d *rootDir) MoveDir(from, to Place) error {
	if err := errors.Join(from.Check(), to.Check()); err != nil {
		return err
	}
	if _, err := d.root.Lstat(to.String()); err == nil {
		return &fs.PathError{Op: "move", Path: to.String(), Err: fs.ErrExist}
	}
	return d.root.Rename(from.String(), to.String())
}

// Remove does not use Root.Remove, which would also remove an empty directory.
func (d *rootDir) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := retryEINTR(func() error { return unix.Unlinkat(d.fd, name, 0) })
	runtime.KeepAlive(d)
	if err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

func (d *rootDir) Mkdir(name string, perm fs.FileMode) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return d.root.Mkdir(name, perm)
}

func (d *rootDir) Chmod(name string, perm fs.FileMode) error {
	info, err := d.Stat(name)
	if err != nil {
		return err
	}
	if info.Kind != KindDir {
		return fmt.Errorf("permissions of %q: %s: %w", name, info.Kind, ErrKind)
	}
	return d.root.Chmod(name, perm)
}

func (d *rootDir) RemoveDir(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := retryEINTR(func() error { return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
	runtime.KeepAlive(d)
	if err != nil {
		return &fs.PathError{Op: "rmdir", Path: name, Err: err}
	}
	return nil
}

func (d *rootDir) Adopt(name string, like Info) error {
	made, err := d.Stat(name)
	if err != nil {
		return err
	}
	if made.UID != like.UID || made.GID != like.GID {
		if err := d.root.Lchown(name, int(like.UID), int(like.GID)); err != nil {
			return err
		}
	}
	if made.Perm != like.Perm { // the umask had its say when the file was made
		if err := d.root.Chmod(name, like.Perm); err != nil {
			return err
		}
	}
	return d.root.Chtimes(name, time.Time{}, like.Modified())
}

func (d *rootDir) Sync() error { return d.self.Sync() }

func (d *rootDir) Leases() bool { return d.leases }

// Lock uses flock(2), which EFS carries as a lock of the NFS protocol: it
// holds between hosts and the server drops it when its holder dies.
func (d *rootDir) Lock(name string) (io.Closer, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if info, err := d.Stat(name); err == nil && info.Kind != KindFile {
		return nil, fmt.Errorf("lock %q: %s: %w", name, info.Kind, ErrKind)
	}
	// Open for writing: NFS grants an exclusive lock on nothing less.
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	err = retryEINTR(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", name, err), f.Close())
	}
	return heldLock{f}, nil
}

// heldLock is given back explicitly: any process that is started at the same
// moment has the file open until it is replaced by its program.
type heldLock struct{ *os.File }

func (l heldLock) Close() error {
	err := retryEINTR(func() error { return unix.Flock(int(l.Fd()), unix.LOCK_UN) })
	return errors.Join(err, l.File.Close())
}

func (d *rootDir) Close() error {
	return errors.Join(d.self.Close(), d.root.Close())
}

func retryEINTR(fn func() error) error {
	for {
		if err := fn(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
