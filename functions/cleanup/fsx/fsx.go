package fsx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Kind says what a directory entry is; only plain files and directories are ever opened.
type Kind uint8

// The kinds of directory entries.
const (
	KindOther Kind = iota // device, socket, named pipe
	KindFile
	KindDir
	KindSymlink
)

// String names the kind for reports.
func (k Kind) String() string {
	return [...]string{"special file", "file", "directory", "symbolic link"}[k&3]
}

// Info is what the file system says of one entry. Times are nanoseconds since 1970.
type Info struct {
	Kind       Kind
	Perm       fs.FileMode // permission bits only
	Size       int64
	ModTime    int64
	ChangeTime int64
	Dev, Ino   uint64
	Links      uint64
	UID, GID   uint32
	Mount      bool // something else is mounted here
}

// Modified returns the modification time.
func (i Info) Modified() time.Time { return time.Unix(0, i.ModTime) }

// SameFile says whether both describe one and the same inode.
func (i Info) SameFile(o Info) bool { return i.Dev == o.Dev && i.Ino == o.Ino }

// SameContent says whether the inode is the same and nothing was written in
// between, as far as size and modification time tell. The change time is left
// out because renaming and linking move it.
func (i Info) SameContent(o Info) bool {
	return i.SameFile(o) && i.Size == o.Size && i.ModTime == o.ModTime && i.Kind == o.Kind
}

// Hold is the answer to "does anybody else have this file open?".
type Hold uint8

// The possible answers. Only local file systems can give one; a network file
// system answers HoldUnknown.
const (
	HoldUnknown Hold = iota
	HoldFree
	HoldBusy
)

// File is an open plain file.
type File interface {
	io.Reader
	io.Writer
	io.Closer
	// Stat returns the attributes as the server has them since the file was opened.
	Stat() (Info, error)
	// Sync returns when everything written is on stable storage.
	Sync() error
	// Probe asks whether anybody else has the file open at this moment.
	Probe() Hold
	// Hold asks the same, and after HoldFree nobody can open the file until it
	// is closed here.
	Hold() Hold
}

// Dir is an open directory. Stat, Open and the changing methods may be called
// by several goroutines at once, Names by one only.
type Dir interface {
	// Self returns the directory's own attributes as of its opening.
	Self() Info
	// Names returns up to limit further names in no particular order, io.EOF at the end.
	Names(limit int) ([]string, error)
	// Rewind lets Names start again.
	Rewind() error
	// Stat describes an entry without following a link. It may be answered from a cache.
	Stat(name string) (Info, error)
	// OpenDir opens a sub-directory: no link, no mount point (ErrMount, ErrKind).
	OpenDir(name string) (Dir, error)
	// Open opens a plain file for reading; anything else is ErrKind.
	Open(name string) (File, error)
	// Create makes a new file for writing; an existing name is fs.ErrExist.
	Create(name string, perm fs.FileMode) (File, error)
	// Readlink returns what a symbolic link says, without following it.
	Readlink(name string) (string, error)
	// Link gives a file a second name in this directory; an existing name is fs.ErrExist.
	Link(oldName, newName string) error
	// Rename renames within this directory, replacing a file that has the new name.
	Rename(oldName, newName string) error
	// MoveDir moves a directory. Both places are entries of this directory or of
	// one of its sub-directories. An existing name is fs.ErrExist.
	MoveDir(from, to Place) error
	// Remove removes anything but a directory.
	Remove(name string) error
	// Mkdir makes a directory; an existing name is fs.ErrExist.
	Mkdir(name string, perm fs.FileMode) error
	// Chmod sets the permissions of a sub-directory; anything else is ErrKind.
	Chmod(name string, perm fs.FileMode) error
	// RemoveDir removes an empty directory.
	RemoveDir(name string) error
	// Adopt gives a file of our own the owner, permissions and modification
	// time of another. The time comes last.
	Adopt(name string, like Info) error
	// Sync returns when the directory's own changes are on stable storage.
	Sync() error
	// Leases says whether Hold can tell here if a file is open elsewhere.
	Leases() bool
	// Lock takes the advisory lock on a file of this directory, making the file
	// if need be, without waiting: ErrLocked if somebody has it. Closing lets go.
	Lock(name string) (io.Closer, error)
	Close() error
}

// Place is a name in a directory (Dir empty) or in one of its sub-directories.
type Place struct{ Dir, Name string }

// String is the place as a relative path.
func (p Place) String() string {
	if p.Dir == "" {
		return p.Name
	}
	return p.Dir + "/" + p.Name
}

// Check refuses what is not made of single path components.
func (p Place) Check() error {
	err := CheckName(p.Name)
	if p.Dir != "" {
		err = errors.Join(err, CheckName(p.Dir))
	}
	return err
}

// Faults that are not the kernel's.
var (
	// ErrName is a name that is not a single path component.
	ErrName = errors.New("not a plain file name")
	// ErrKind is an entry that is not of the kind that the operation needs.
	ErrKind = errors.New("not the expected kind of file")
	// ErrMount is a directory on which something else is mounted.
	ErrMount = errors.New("a mount point")
	// ErrRaced is an entry that was replaced while it was being opened.
	ErrRaced = errors.New("replaced while it was being opened")
	// ErrLocked is a lock that somebody else holds.
	ErrLocked = errors.New("locked by somebody else")
)

// MaxName is the longest name a directory entry may have, in bytes (NAME_MAX;
// the same on EFS: https://docs.aws.amazon.com/efs/latest/ug/limits.html).
const MaxName = 255

// CheckName refuses what is not a single path component.
func CheckName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q: %w", name, ErrName)
	}
	return nil
}

// Fresh describes a plain file as it is at this moment. A network file system
// may answer Stat from a cache, and asks the server only when a file is opened;
// a local one, which is one with leases, has no other answer to give.
func Fresh(d Dir, name string) (Info, error) {
	if d.Leases() {
		return freshLocal(d, name)
	}
	f, err := d.Open(name)
	if err != nil {
		return Info{}, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

func freshLocal(d Dir, name string) (Info, error) {
	info, err := d.Stat(name)
	switch {
	case err != nil:
		return Info{}, err
	case info.Kind != KindFile:
		return Info{}, fmt.Errorf("%q: %s: %w", name, info.Kind, ErrKind)
	case info.Mount:
		return Info{}, fmt.Errorf("%q: %w", name, ErrMount)
	default:
		return info, nil
	}
}

// Exists says whether the name is taken, by whatever it may be.
func Exists(d Dir, name string) (bool, error) {
	_, err := d.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Interrupted is nil as long as ctx lasts, and then says why it ended: by the
// error of package context, so that an interruption can be told from a fault,
// and by whatever cause its owner has given.
func Interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("interrupted: %w: %w", ctx.Err(), context.Cause(ctx))
}

// RemoveIfPresent removes a name that somebody else may have removed already.
func RemoveIfPresent(d Dir, name string) error {
	if err := d.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
