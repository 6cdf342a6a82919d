package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// perUser is how many threads each user has: 1,000 users at a million threads.
const perUser = 1000

// plant makes a tree of n small threads, in use today.
func plant(root string, n int) error {
	content := []byte(`{"id":"t","messages":[],"updatedAt":"2020-01-01T00:00:00Z"}`)
	return eachThread(root, n, func(path string, _ int) error { return os.WriteFile(path, content, 0o600) })
}

// plantIdle makes n threads of a kind, idle for ten days, and returns their size in bytes.
func plantIdle(root string, n int, kind corpus) (int64, error) {
	thread, err := kind.prepare()
	if err != nil {
		return 0, err
	}
	when := time.Now().Add(-10 * 24 * time.Hour)
	var size atomic.Int64
	err = eachThread(root, n, func(path string, i int) error {
		content, err := thread(uint64(i)) //nolint:gosec // i counts up from 0
		if err != nil {
			return err
		}
		size.Add(int64(len(content)))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
		return os.Chtimes(path, when, when)
	})
	return size.Load(), err
}

func threadPath(root string, i int) string {
	return filepath.Join(root, fmt.Sprintf("client%d/user%04d/.claude/threads/thread-%07d.json", i/perUser%10, i/perUser, i))
}

func eachThread(root string, n int, write func(path string, i int) error) error {
	var group errgroup.Group
	group.SetLimit(2 * runtime.NumCPU())
	for first := 0; first < n; first += perUser {
		group.Go(func() error {
			if err := os.MkdirAll(filepath.Dir(threadPath(root, first)), 0o750); err != nil {
				return err
			}
			for i := first; i < min(first+perUser, n); i++ {
				if err := write(threadPath(root, i), i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
