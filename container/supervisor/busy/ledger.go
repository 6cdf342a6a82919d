// Package busy keeps account of who is at work: which bytes of a request, an answer or a socket are a sign of life of a person or a job,
// and since when there was none.
package busy

import (
	"sync"
	"time"
)

const (
	// ProtectFor is how long after the last sign of life a task stays protected. What the load balancer counts comes on top: a service
	// whose last sign was a message on a socket sleeps five to seven minutes after it.
	ProtectFor = 2 * time.Minute
	// SilentAfter is how long after the last sign of life a session may be handed to another task.
	SilentAfter = time.Minute
	// MostSaid is how long ahead a process may say that it is busy.
	MostSaid = time.Hour
)

// Ledger is one session's account. Times are passed in, so that a test, or a service whose minutes are short, has its own.
type Ledger struct {
	mu    sync.Mutex
	last  time.Time // of the last sign
	until time.Time // a process has said so
}

// Sign notes a sign of life.
func (l *Ledger) Sign(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.After(l.last) {
		l.last = at
	}
}

// Say notes that a process says to be busy until a time, which replaces what was said before; it is a sign of life itself.
func (l *Ledger) Say(at, until time.Time) {
	l.Sign(at)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// Unsay takes that back. What was said counts as a sign until now.
func (l *Ledger) Unsay(at time.Time) {
	l.mu.Lock()
	said := at.Before(l.until)
	l.until = time.Time{}
	l.mu.Unlock()
	if said {
		l.Sign(at)
	}
}

// Last is the time of the last sign of life, which is at when a process says that it is busy; zero if there never was one.
func (l *Ledger) Last(at time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case at.Before(l.until):
		return at
	case l.until.After(l.last):
		return l.until
	default:
		return l.last
	}
}

// Within says whether there was a sign of life less than d before at.
func (l *Ledger) Within(at time.Time, d time.Duration) bool {
	last := l.Last(at)
	return !last.IsZero() && at.Sub(last) < d
}
