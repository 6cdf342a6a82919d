package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes an exclusive lock on the file at path, which the kernel
// releases when the process ends, however it ends. When somebody else holds the
// lock, waiting is called once and lockFile waits until ctx is done.
func lockFile(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return nil, err
	}
	fd := int(file.Fd())
	err = flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	unlock = func() {
		// Closing alone leaves the lock with a process that is being started at this moment, which has the file open still.
		_ = errors.Join(flock(fd, unix.LOCK_UN), file.Close())
	}
	if err == nil {
		return unlock, nil
	}
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	waiting()
	locked := make(chan error, 1)
	go func() { locked <- flock(fd, unix.LOCK_EX) }()
	select {
	case err := <-locked:
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
		}
		return unlock, nil
	case <-ctx.Done():
		// The descriptor stays open until the blocked call has its lock: closing
		// it under a waiting flock would leave the goroutine waiting for ever.
		go func() {
			_ = errors.Join(<-locked, file.Close())
		}()
		return nil, ctx.Err()
	}
}

func flock(fd, how int) error {
	for {
		err := unix.Flock(fd, how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
