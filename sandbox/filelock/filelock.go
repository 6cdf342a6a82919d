// Package filelock takes locks that are the kernel's and end with the process that holds them, however it ends.
package filelock

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld means that somebody else has the lock.
var ErrHeld = errors.New("the lock is held")

// Take locks the file at path, which is created if need be, or fails at once with [ErrHeld]. Whoever inherits the open file
// holds the lock, too: until [Release], or until the last of them has ended.
func Take(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, err
	}
	err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

// Release gives the lock back and closes the file. Closing alone would not do: any process that this one starts at the same
// moment has the file open until it is replaced by its program, and the next who wants the lock would find it held.
func Release(file *os.File) error {
	return errors.Join(flock(file, unix.LOCK_UN), file.Close())
}

func flock(file *os.File, how int) error {
	for {
		err := unix.Flock(int(file.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
