// Package fault puts a hook in front of every operation of an fsx tree: to let
// it fail, to stop dead as a killed process does, or to make it as slow as a
// network file system.
package fault

import (
	"errors"
	"io"
	"io/fs"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Hook is asked around every operation. It is called from many goroutines.
type Hook interface {
	// Before may refuse an operation: the error is returned and nothing is done.
	// A ShortError lets a Write do half of its work.
	Before(op Op) error
	// After may report failure of an operation that was done.
	After(op Op) error
}

// Op names an operation, and the entry that it works on.
type Op struct {
	Call string // "stat", "open", "create", "read", "write", "sync", "link", ...
	Name string
}

// ErrShort marks a refusal of Before after which half of a write is done all the same.
var ErrShort = errors.New("short write")

// Wrap puts the hook in front of a directory and everything opened through it.
func Wrap(d fsx.Dir, hook Hook) fsx.Dir {
	return &dir{inner: d, hook: hook}
}

type dir struct {
	inner fsx.Dir
	hook  Hook
}

// run does one operation that returns nothing but an error.
func (d *dir) run(call, name string, fn func() error) error {
	op := Op{Call: call, Name: name}
	if err := d.hook.Before(op); err != nil {
		return err
	}
	return errors.Join(fn(), d.hook.After(op))
}

// get does one operation that returns a value.
func get[T any](hook Hook, op Op, fn func() (T, error)) (T, error) {
	var none T
	if err := hook.Before(op); err != nil {
		return none, err
	}
	value, err := fn()
	if after := hook.After(op); after != nil {
		if closer, ok := any(value).(io.Closer); ok && err == nil {
			after = errors.Join(after, closer.Close())
		}
		return none, errors.Join(err, after)
	}
	return value, err
}

func (d *dir) Self() fsx.Info { return d.inner.Self() }

func (d *dir) Names(limit int) ([]string, error) {
	return get(d.hook, Op{Call: "names"}, func() ([]string, error) { return d.inner.Names(limit) })
}

func (d *dir) Rewind() error { return d.run("rewind", "", d.inner.Rewind) }

func (d *dir) Stat(name string) (fsx.Info, error) {
	return get(d.hook, Op{Call: "stat", Name: name}, func() (fsx.Info, error) { return d.inner.Stat(name) })
}

func (d *dir) OpenDir(name string) (fsx.Dir, error) {
	return get(d.hook, Op{Call: "opendir", Name: name}, func() (fsx.Dir, error) {
		sub, err := d.inner.OpenDir(name)
		if err != nil {
			return nil, err
		}
		return Wrap(sub, d.hook), nil
	})
}

func (d *dir) Open(name string) (fsx.File, error) {
	return get(d.hook, Op{Call: "open", Name: name}, func() (fsx.File, error) {
		return d.file(name, func() (fsx.File, error) { return d.inner.Open(name) })
	})
}

func (d *dir) Create(name string, perm fs.FileMode) (fsx.File, error) {
	return get(d.hook, Op{Call: "create", Name: name}, func() (fsx.File, error) {
		return d.file(name, func() (fsx.File, error) { return d.inner.Create(name, perm) })
	})
}

func (d *dir) file(name string, open func() (fsx.File, error)) (fsx.File, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	return &file{inner: f, hook: d.hook, name: name}, nil
}

func (d *dir) Readlink(name string) (string, error) {
	return get(d.hook, Op{Call: "readlink", Name: name}, func() (string, error) { return d.inner.Readlink(name) })
}

func (d *dir) Link(oldName, newName string) error {
	return d.run("link", newName, func() error { return d.inner.Link(oldName, newName) })
}

func (d *dir) Rename(oldName, newName string) error {
	return d.run("rename", oldName, func() error { return d.inner.Rename(oldName, newName) })
}

func (d *dir) MoveDir(from, to fsx.Place) error {
	return d.run("movedir", from.Name, func() error { return d.inner.MoveDir(from, to) })
}

func (d *dir) Remove(name string) error {
	return d.run("remove", name, func() error { return d.inner.Remove(name) })
}

func (d *dir) Mkdir(name string, perm fs.FileMode) error {
	return d.run("mkdir", name, func() error { return d.inner.Mkdir(name, perm) })
}

func (d *dir) Chmod(name string, perm fs.FileMode) error {
	return d.run("chmod", name, func() error { return d.inner.Chmod(name, perm) })
}

func (d *dir) RemoveDir(name string) error {
	return d.run("rmdir", name, func() error { return d.inner.RemoveDir(name) })
}

func (d *dir) Adopt(name string, like fsx.Info) error {
	return d.run("adopt", name, func() error { return d.inner.Adopt(name, like) })
}

func (d *dir) Sync() error {
	return d.run("syncdir", "", d.inner.Sync)
}

func (d *dir) Leases() bool { return d.inner.Leases() }

func (d *dir) Lock(name string) (io.Closer, error) {
	return get(d.hook, Op{Call: "lock", Name: name}, func() (io.Closer, error) { return d.inner.Lock(name) })
}

// Close is never refused: a killed process closes everything too.
func (d *dir) Close() error { return d.inner.Close() }
