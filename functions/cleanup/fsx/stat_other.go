//go:build unix && !linux

package fsx

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

func statAt(fd int, name string) (Info, error) {
	var st unix.Stat_t
	if err := retryEINTR(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return Info{}, err
	}
	return fromStat(&st), nil
}

func statFD(fd int) (Info, error) {
	var st unix.Stat_t
	if err := retryEINTR(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return Info{}, err
	}
	return fromStat(&st), nil
}

// fromStat leaves Mount unset: without statx only another device number tells
// a mount point, and OpenDir and Open compare that.
func fromStat(st *unix.Stat_t) Info {
	return Info{
		Kind:       kindOf(uint32(st.Mode)),
		Perm:       fs.FileMode(st.Mode) & fs.ModePerm,
		Size:       st.Size,
		ModTime:    unix.TimespecToNsec(st.Mtim),
		ChangeTime: unix.TimespecToNsec(st.Ctim),
		Dev:        uint64(st.Dev), //nolint:unconvert,gosec // the type differs between systems
		Ino:        st.Ino,
		Links:      uint64(st.Nlink), //nolint:unconvert // the type differs between systems
		UID:        st.Uid,
		GID:        st.Gid,
	}
}

func leasesFD(int) bool { return false }

// holdFD knows nothing: write leases are Linux's own.
func holdFD(int) Hold { return HoldUnknown }

func probeFD(int) Hold { return HoldUnknown }
