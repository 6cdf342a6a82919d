package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/tools/filelock"
)

// holder says who works on a stack.
type holder struct {
	PID       int       `json:"pid"`
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`
}

// lockStack takes the stack for one operation. The lock is the kernel's: it ends
// with the process, however that ends. The CLI inherits the descriptor, so that
// the lock outlives a killed sandbox for as long as its CLI is still at work;
// whoever gets the lock can be sure that nobody is.
func lockStack(dir, stack string, now holder) (*os.File, error) {
	path := filepath.Join(dir, stack+".lock")
	file, err := filelock.Take(path)
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return nil, fmt.Errorf("%w: %s is being worked on by %s; wait for it to end", ErrBusy, stack, readHolder(path))
	case err != nil:
		return nil, fmt.Errorf("stack %s: %w", stack, err)
	}
	if err := now.write(file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock stack %s: %w", stack, err), filelock.Release(file))
	}
	return file, nil
}

func (h holder) write(file *os.File) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	return err
}

func readHolder(path string) string {
	var h holder
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil || json.Unmarshal(data, &h) != nil {
		return "another run"
	}
	return fmt.Sprintf("another run (%s, process %d, since %s)", h.Operation, h.PID, h.Since.Format(time.TimeOnly))
}

type lockKey struct{}

// withLock hands the lock to the CLI that runs under ctx.
func withLock(ctx context.Context, lock *os.File) context.Context {
	return context.WithValue(ctx, lockKey{}, lock)
}

func lockFrom(ctx context.Context) *os.File {
	lock, _ := ctx.Value(lockKey{}).(*os.File)
	return lock
}

// staleLock is a lock of the backend whose CLI is gone.
type staleLock struct {
	PID       int       `json:"pid"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`
}

// clearStaleLocks removes the backend's locks that a killed CLI left on a stack,
// and returns them. The caller holds the stack's own lock, so no CLI of a
// sandbox is running; a lock of somebody who used the Pulumi CLI on this state
// directly stays while that process lives, and one of another machine for ever.
func clearStaleLocks(dir string) ([]staleLock, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	here, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	var cleared []staleLock
	for _, path := range paths {
		data, err := os.ReadFile(path) //nolint:gosec // a path of our own
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the lock: %w", err)
		}
		var lock staleLock
		if err := json.Unmarshal(data, &lock); err != nil && len(strings.TrimSpace(string(data))) > 0 {
			return nil, fmt.Errorf("the lock %s is not one of Pulumi's: %w", path, err)
		}
		if lock.Hostname != "" && lock.Hostname != here || processLives(lock.PID) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("remove a stale lock: %w", err)
		}
		cleared = append(cleared, lock)
	}
	return cleared, nil
}

// processLives tells whether a Pulumi CLI of that process number is running. A
// number may have been given to another program since, and a killed process may
// be waiting for its parent to take notice of it; where /proc tells, neither
// counts.
func processLives(pid int) bool {
	if pid <= 0 {
		return false
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		err := unix.Kill(pid, 0) // signal 0 asks and sends nothing
		return err == nil || errors.Is(err, unix.EPERM)
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	// The line is "<pid> (<name>) <state> ..."; a name may contain parentheses.
	text := string(stat)
	from, to := strings.Index(text, "("), strings.LastIndex(text, ")")
	if from < 0 || to < from || len(text) < to+3 {
		return false
	}
	return strings.HasPrefix(text[from+1:to], "pulumi") && text[to+2] != 'Z'
}
