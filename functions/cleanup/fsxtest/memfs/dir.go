package memfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

type dir struct {
	fs   *FS
	node *node
	self fsx.Info
	last string // name that Names returned
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func (d *dir) Self() fsx.Info { return d.self }

// Names lists entries that are made while it is at work too, as real
// directories do for some of them.
func (d *dir) Names(limit int) ([]string, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	names := d.node.after(d.last)
	if len(names) == 0 {
		return nil, io.EOF
	}
	names = names[:min(limit, len(names))]
	d.last = names[len(names)-1]
	return names, nil
}

func (d *dir) Rewind() error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.last = ""
	return nil
}

// lookup finds an entry. The caller holds the lock.
func (d *dir) lookup(op, name string) (*node, error) {
	if err := fsx.CheckName(name); err != nil {
		return nil, err
	}
	child, ok := d.node.entries[name]
	if !ok {
		return nil, pathError(op, name, fs.ErrNotExist)
	}
	return child, nil
}

// vacant checks that a new name may be made. The caller holds the lock.
func (d *dir) vacant(op, name string) error {
	if err := fsx.CheckName(name); err != nil {
		return err
	}
	if len(name) > fsx.MaxName {
		return pathError(op, name, syscall.ENAMETOOLONG)
	}
	if _, taken := d.node.entries[name]; taken {
		return pathError(op, name, fs.ErrExist)
	}
	return nil
}

func (d *dir) Stat(name string) (fsx.Info, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("stat", name)
	if err != nil {
		return fsx.Info{}, err
	}
	return child.info, nil
}

func (d *dir) OpenDir(name string) (fsx.Dir, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("open directory", name)
	switch {
	case err != nil:
		return nil, err
	case child.info.Kind != fsx.KindDir:
		return nil, fmt.Errorf("open directory %q: %s: %w", name, child.info.Kind, fsx.ErrKind)
	case child.info.Mount:
		return nil, fmt.Errorf("open directory %q: %w", name, fsx.ErrMount)
	}
	return d.fs.open(child), nil
}

func (d *dir) Open(name string) (fsx.File, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("open", name)
	if err != nil {
		return nil, err
	}
	if child.info.Kind != fsx.KindFile {
		return nil, fmt.Errorf("open %q: %s: %w", name, child.info.Kind, fsx.ErrKind)
	}
	if child.holder != nil {
		return nil, pathError("open", name, syscall.EWOULDBLOCK)
	}
	child.opens++
	return &file{fs: d.fs, node: child}, nil
}

func (d *dir) Create(name string, perm fs.FileMode) (fsx.File, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	if err := d.vacant("create", name); err != nil {
		return nil, err
	}
	if d.fs.full {
		return nil, pathError("create", name, syscall.ENOSPC)
	}
	child := d.fs.newNode(fsx.KindFile, perm)
	child.opens++
	d.fs.change(put(d.node, name, child))
	return &file{fs: d.fs, node: child, writable: true}, nil
}

func (d *dir) Readlink(name string) (string, error) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("readlink", name)
	if err == nil && child.info.Kind != fsx.KindSymlink {
		err = pathError("readlink", name, syscall.EINVAL)
	}
	if err != nil {
		return "", err
	}
	return child.target, nil
}

func (d *dir) Link(oldName, newName string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("link", oldName)
	if err == nil && child.info.Kind == fsx.KindDir {
		err = pathError("link", oldName, syscall.EPERM)
	}
	if err == nil {
		err = d.vacant("link", newName)
	}
	if err != nil {
		return err
	}
	child.info.Links++
	child.info.ChangeTime = d.fs.now()
	d.fs.change(put(d.node, newName, child))
	return nil
}

func (d *dir) Rename(oldName, newName string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("rename", oldName)
	if err != nil {
		return err
	}
	if old, taken := d.node.entries[newName]; taken {
		if old == child { // POSIX: two names of one file, nothing happens
			return nil
		}
		old.info.Links--
	} else if err := d.vacant("rename", newName); err != nil {
		return err
	}
	child.info.ChangeTime = d.fs.now()
	d.fs.change(move(d.node, oldName, d.node, newName))
	return nil
}

func (d *dir) MoveDir(from, to fsx.Place) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	source, err := d.place(from)
	if err != nil {
		return err
	}
	target, err := d.place(to)
	if err != nil {
		return err
	}
	if _, err := source.lookup("move", from.Name); err != nil {
		return err
	}
	if err := target.vacant("move", to.Name); err != nil {
		return err
	}
	d.fs.change(move(source.node, from.Name, target.node, to.Name))
	return nil
}

// place finds the directory of a place. The caller holds the lock.
func (d *dir) place(p fsx.Place) (*dir, error) {
	if p.Dir == "" {
		return d, nil
	}
	child, err := d.lookup("move", p.Dir)
	if err == nil && child.info.Kind != fsx.KindDir {
		err = pathError("move", p.Dir, syscall.ENOTDIR)
	}
	return &dir{fs: d.fs, node: child}, err
}

func (d *dir) Remove(name string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("remove", name)
	if err == nil && child.info.Kind == fsx.KindDir {
		err = pathError("remove", name, syscall.EISDIR)
	}
	if err != nil {
		return err
	}
	child.info.Links--
	child.info.ChangeTime = d.fs.now()
	d.fs.change(drop(d.node, name))
	return nil
}

func (d *dir) Mkdir(name string, perm fs.FileMode) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	if err := d.vacant("mkdir", name); err != nil {
		return err
	}
	if d.fs.full {
		return pathError("mkdir", name, syscall.ENOSPC)
	}
	d.fs.change(put(d.node, name, d.fs.newNode(fsx.KindDir, perm)))
	return nil
}

func (d *dir) Chmod(name string, perm fs.FileMode) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("chmod", name)
	if err != nil {
		return err
	}
	if child.info.Kind != fsx.KindDir {
		return fmt.Errorf("permissions of %q: %s: %w", name, child.info.Kind, fsx.ErrKind)
	}
	child.info.Perm = perm
	return nil
}

func (d *dir) RemoveDir(name string) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("rmdir", name)
	switch {
	case err != nil:
		return err
	case child.info.Kind != fsx.KindDir:
		return pathError("rmdir", name, syscall.ENOTDIR)
	case len(child.entries) > 0:
		return pathError("rmdir", name, syscall.ENOTEMPTY)
	}
	d.fs.change(drop(d.node, name))
	return nil
}

func (d *dir) Adopt(name string, like fsx.Info) error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child, err := d.lookup("adopt", name)
	if err != nil {
		return err
	}
	child.info.UID, child.info.GID, child.info.Perm = like.UID, like.GID, like.Perm
	child.info.ModTime, child.info.ChangeTime = like.ModTime, d.fs.now()
	return nil
}

func (d *dir) Sync() error {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.sync(d.node)
	return nil
}

func (d *dir) Leases() bool {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	return d.fs.leases
}

func (d *dir) Lock(name string) (io.Closer, error) {
	f, err := d.Create(name, 0o644)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	child := d.node.entries[name]
	if d.fs.locked[child] {
		return nil, fmt.Errorf("lock %q: %w", name, fsx.ErrLocked)
	}
	d.fs.locked[child] = true
	return &lock{fs: d.fs, node: child}, nil
}

func (d *dir) Close() error { return nil }

type lock struct {
	fs   *FS
	node *node
}

func (l *lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locked, l.node)
	return nil
}
