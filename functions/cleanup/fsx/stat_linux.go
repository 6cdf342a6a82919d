package fsx

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// statxMask asks for everything in Info.
const statxMask = unix.STATX_BASIC_STATS

func statAt(fd int, name string) (Info, error) {
	return statx(fd, name, unix.AT_SYMLINK_NOFOLLOW)
}

func statFD(fd int) (Info, error) {
	return statx(fd, "", unix.AT_EMPTY_PATH)
}

// statx is used instead of stat because only it tells a bind mount, which has
// its parent's device number, from a plain directory.
func statx(fd int, name string, flags int) (Info, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, name, flags|unix.AT_NO_AUTOMOUNT, statxMask, &st)
	for errors.Is(err, unix.EINTR) {
		err = unix.Statx(fd, name, flags|unix.AT_NO_AUTOMOUNT, statxMask, &st)
	}
	if err != nil {
		return Info{}, err
	}
	return Info{
		Kind:       kindOf(uint32(st.Mode)),
		Perm:       fs.FileMode(st.Mode) & fs.ModePerm,
		Size:       int64(st.Size), //nolint:gosec // a file's size fits in int64 (off_t)
		ModTime:    st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
		ChangeTime: st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec),
		Dev:        unix.Mkdev(st.Dev_major, st.Dev_minor),
		Ino:        st.Ino,
		Links:      uint64(st.Nlink),
		UID:        st.Uid,
		GID:        st.Gid,
		Mount:      st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0,
	}, nil
}

// holdFD asks for a write lease, which the kernel grants only if nobody else
// has the file open. It must not be asked on a network file system, which has to
// refuse it whether or not somebody has (leasesFD).
func holdFD(fd int) Hold {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK)
	switch {
	case err == nil:
		return HoldFree
	case errors.Is(err, unix.EAGAIN):
		return HoldBusy
	default:
		return HoldUnknown // not the owner, or leases are not supported
	}
}

// probeFD lets go of the lease at once: while it lasts, it would keep everybody
// else waiting in open(2).
func probeFD(fd int) Hold {
	hold := holdFD(fd)
	if hold == HoldFree {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
			return HoldUnknown
		}
	}
	return hold
}

// leasesFD says whether the file system is one of the local ones, whose leases
// see every open file.
func leasesFD(fd int) bool {
	var fsStat unix.Statfs_t
	if unix.Fstatfs(fd, &fsStat) != nil {
		return false
	}
	switch fsStat.Type {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}
