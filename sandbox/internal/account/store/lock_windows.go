package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// fileLock is a lock between processes on the first byte of a file.
type fileLock struct{ file *os.File }

func newFileLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the account's own folder
	if err != nil {
		return nil, err
	}
	return &fileLock{file: f}, nil
}

func (l *fileLock) lock() error {
	return windows.LockFileEx(windows.Handle(l.file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
}

func (l *fileLock) unlock() error {
	return windows.UnlockFileEx(windows.Handle(l.file.Fd()), 0, 1, 0, &windows.Overlapped{})
}

func (l *fileLock) close() error { return l.file.Close() }
