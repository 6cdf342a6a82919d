package lease

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Lease is a session that this task owns.
type Lease struct {
	user   string
	files  Files
	clock  Clock
	ctx    context.Context //nolint:containedctx // ends the renewing, with the lease
	stop   context.CancelFunc
	lost   chan struct{}
	writes chan struct{} // holds one token: one write to the lease's file at a time

	mu        sync.Mutex
	record    Record
	confirmed time.Time // start of the last renewal that succeeded
	isLost    bool
	isOver    bool
	isHanded  bool // somebody has been given the lease, and so answers for the session's processes
}

// hold begins to keep a lease that was created at start.
func (k *Keeper) hold(user string, record Record, start time.Time) *Lease {
	ctx, stop := context.WithCancel(k.ctx)
	l := &Lease{
		user: user, files: k.files, clock: k.clock, ctx: ctx, stop: stop, lost: make(chan struct{}), record: record, confirmed: start,
		writes: make(chan struct{}, 1),
	}
	l.writes <- struct{}{}
	go l.watch()
	go l.renew()
	return l
}

// Record is what the lease says, as far as this task has written it.
func (l *Lease) Record() Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record
}

// Held says whether this task may act as the owner at this moment. It looks at the clock, so that it is right even before the watchdog has
// run; whoever is about to start something asks first.
func (l *Lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held()
}

// held is Held for whoever has the lock.
func (l *Lease) held() bool {
	return !l.isLost && !l.isOver && l.clock.Now().Sub(l.confirmed) < GiveUpAfter
}

// Lost is closed when the lease cannot be counted on any more: the session's processes have to be killed at once, and End called when they
// are gone.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// over says whether a new lease may be taken in this one's place: its processes are gone, or there never were any, since whoever claimed it
// had stopped waiting when the file system answered.
func (l *Lease) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isOver || !l.isHanded && !l.held()
}

// hand gives the lease to a caller, unless it was lost before it had anybody.
func (l *Lease) hand() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.isHanded && !l.held() {
		return false
	}
	l.isHanded = true
	return true
}

// End gives the lease up, once the session's processes are gone. It tells the others that they need not wait; where the file system does
// not take that, the error says so, and they wait for StandstillAfter.
func (l *Lease) End() error {
	l.stop()
	l.mu.Lock()
	l.isOver = true
	l.record.Released = true
	l.mu.Unlock()
	if err := l.write(); err != nil {
		return fmt.Errorf("release session %s: %w", l.user, err)
	}
	return nil
}

// watch is the watchdog. It sleeps until the lease would be lost and rests on nothing but the clock.
func (l *Lease) watch() {
	for {
		l.mu.Lock()
		left := GiveUpAfter - l.clock.Now().Sub(l.confirmed)
		l.mu.Unlock()
		if left <= 0 {
			l.lose()
			return
		}
		if l.clock.Sleep(l.ctx, left) != nil {
			return
		}
	}
}

func (l *Lease) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.isLost && !l.isOver {
		l.isLost = true
		close(l.lost)
	}
}

// renew moves the lease on until it ends or is lost.
func (l *Lease) renew() {
	for l.clock.Sleep(l.ctx, RenewEvery) == nil {
		if l.superseded() {
			l.lose()
		}
		if !l.moveOn() {
			return
		}
	}
}

// superseded says whether somebody else has taken the session over, which happens only when this task had been stopped for long.
func (l *Lease) superseded() bool {
	content, err := l.files.Read(hintName(l.user))
	if err != nil {
		return false // the watchdog judges; it needs no file
	}
	epoch, ok := parseHint(content)
	return ok && epoch > l.Record().Epoch && l.exists(epoch)
}

// exists keeps a garbage hint from costing a live owner its session.
func (l *Lease) exists(epoch uint64) bool {
	_, err := l.files.Read(epochName(l.user, epoch))
	return err == nil
}

// moveOn writes the next count. It says whether it makes sense to go on.
func (l *Lease) moveOn() bool {
	l.mu.Lock()
	start := l.clock.Now()
	// A task that was stopped as a whole may come here before its watchdog does. What was lost stays lost.
	held := l.held()
	if held {
		l.record.Counter++
	}
	l.mu.Unlock()
	if !held {
		return false
	}
	if err := l.write(); err != nil {
		return true // the next one may succeed; if none does, the watchdog ends it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if start.After(l.confirmed) {
		l.confirmed = start
	}
	return true
}

// write puts the record into the lease's file. Only one write is under way at a time, so that a renewal that hangs cannot come after the
// release.
func (l *Lease) write() error {
	<-l.writes
	defer func() { l.writes <- struct{}{} }()
	record := l.Record()
	content, err := record.encode()
	if err != nil {
		return err
	}
	return l.files.Rewrite(epochName(l.user, record.Epoch), content)
}
