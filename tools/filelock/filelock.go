// Package filelock takes locks that are the kernel's and end with the process that holds them, however it ends.
package filelock

import (
	"context"
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
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	return locked(file, err)
}

// Wait is Take that waits for the lock until ctx is done, and then fails with its error.
func Wait(ctx context.Context, path string) (*os.File, error) {
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- flock(file, unix.LOCK_EX) }()
	select {
	case err := <-done:
		return locked(file, err)
	case <-ctx.Done():
		// The file stays open until the blocked call has its lock: closing it under a waiting flock would leave the goroutine
		// waiting for ever.
		go func() { _ = errors.Join(<-done, Release(file)) }()
		return nil, ctx.Err()
	}
}

func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own path
}

// locked is the file, or why it could not be locked.
func locked(file *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
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
