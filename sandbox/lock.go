package main

import (
	"context"
	"os"
	"syscall"
	"time"
)

// lock keeps other processes from compiling at the same time. It ends with the process, however that ends. Package filelock would
// do the same with more to compile.
func (b build) lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return nil, wrap("keep the compiled command", err)
	}
	told := false
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			_ = file.Close()
			return nil, wrap("lock "+path, err)
		}
		if !told {
			b.say("Another process is compiling the sandbox; waiting for it.")
			told = true
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
