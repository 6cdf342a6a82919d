//go:build unix

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

// rootFile is a File on the real file system.
type rootFile struct {
	*os.File
	leases bool // whether the file system has them
}

func (f *rootFile) Stat() (Info, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return Info{}, err
	}
	var info Info
	var statErr error
	if err := raw.Control(func(fd uintptr) { info, statErr = statFD(int(fd)) }); err != nil {
		return Info{}, err
	}
	return info, statErr
}

func (f *rootFile) Hold() Hold { return f.lease(holdFD) }

func (f *rootFile) Probe() Hold { return f.lease(probeFD) }

func (f *rootFile) lease(ask func(fd int) Hold) Hold {
	if !f.leases {
		return HoldUnknown
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return HoldUnknown
	}
	hold := HoldUnknown
	if raw.Control(func(fd uintptr) { hold = ask(int(fd)) }) != nil {
		return HoldUnknown
	}
	return hold
}

func kindOf(mode uint32) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return KindFile
	case unix.S_IFDIR:
		return KindDir
	case unix.S_IFLNK:
		return KindSymlink
	default:
		return KindOther
	}
}
