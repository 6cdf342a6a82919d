//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// fileLock is an advisory lock between processes, and between several stores in
// one process, since flock belongs to the open file.
type fileLock struct{ file *os.File }

func newFileLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the account's own folder
	if err != nil {
		return nil, err
	}
	return &fileLock{file: f}, nil
}

func (l *fileLock) lock() error { return l.flock(unix.LOCK_EX) }

func (l *fileLock) unlock() error { return l.flock(unix.LOCK_UN) }

func (l *fileLock) flock(how int) error {
	for {
		err := unix.Flock(int(l.file.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (l *fileLock) close() error { return l.file.Close() }
