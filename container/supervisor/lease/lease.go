// Package lease decides which task owns a session, by files on the file system that all tasks share.
//
// A session's owner holds a lease: a file of its own, one per epoch, whose counter the owner moves on every RenewEvery. Everybody
// else only reads. A lease that has stood still for StandstillAfter, by the reader's own clock, is taken over by creating the next
// epoch's file exclusively: of two takers one fails. An owner that could not move its lease for GiveUpAfter has lost it, and says so
// while whoever might take over still waits. No clock is compared with another machine's; only durations count.
//
// # What the file system may do
//
// The files lie on NFS (EFS), which hangs rather than fails, delivers a write long after it was asked for, and caches attributes and
// names. Three rules follow:
//
//   - A lease is read by opening it, since an open revalidates (close-to-open consistency); nothing is decided by stat.
//   - Whether a name is free is decided by creating it exclusively, which the server answers. That a name was not found decides
//     nothing: a client may remember that for half a minute.
//   - Only an epoch's creator writes that epoch's file, so that a write that arrives late can hurt nobody else's lease.
//
// What an owner may do rests on its own clock alone, never on a call of the file system having returned.
//
// # What a lease cannot do
//
// A task that is stopped as a whole, longer than GiveUpAfter, goes on as if nothing had happened until its watchdog runs: the first
// timer to fire. A write that its processes had under way may arrive after somebody else took over. Both windows are bounded by the
// time between the task's going on and the end of its processes, and are named in the documents.
package lease

import (
	"context"
	"errors"
	"time"
)

const (
	// RenewEvery is how often an owner moves its lease on: one read and one write.
	RenewEvery = 3 * time.Second
	// GiveUpAfter is how long after the start of its last renewal an owner may count on its lease. Three renewals fit into it.
	GiveUpAfter = 10 * time.Second
	// StandstillAfter is how long a lease has to stand still before somebody else may take it. It exceeds GiveUpAfter by what the owner
	// has to end its processes in, and by what two clocks may differ in speed.
	StandstillAfter = 15 * time.Second
	// Version is the version of the record and of the protocol between peers. A record of another version is respected: it stands
	// still or it does not, and its address is used if it can be read.
	Version = 1
)

// ErrLost says that a lease can no longer be counted on.
var ErrLost = errors.New("the lease is lost")

// Identity is what a task writes into the leases that it holds.
type Identity struct {
	// Task names the task, for people and logs: its ARN.
	Task string
	// Instance tells two lives of one task apart: a random text made at the start of the process.
	Instance string
	// Address is where the owner answers its peers, as host:port.
	Address string
}

// Clock is the machine's own clock. Its time must go on while the process is stopped, as CLOCK_MONOTONIC does.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// Files are the lease files of one client's sessions. Every method may hang for as long as the file system does.
type Files interface {
	// Read opens the file anew and returns its content; an error that is fs.ErrNotExist where there is none.
	Read(name string) ([]byte, error)
	// Create makes a file that must not exist, as the server sees it: an error that is fs.ErrExist where it does.
	Create(name string, content []byte) error
	// Rewrite replaces the content of a file, making it if need be, by one write of the same length.
	Rewrite(name string, content []byte) error
	// List names all files. It may be old, but not older than the caller's own last change.
	List() ([]string, error)
	// Remove removes a file.
	Remove(name string) error
}

// SystemClock is the process's own clock.
type SystemClock struct{}

// Now implements Clock; the time carries the monotonic clock's reading.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
