package fault

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrKilled is what every operation returns once a Stop hook has struck: to the
// file system it is as if the process were dead.
var ErrKilled = errors.New("process killed")

// Mode says how an operation goes wrong.
type Mode uint8

// The ways to go wrong.
const (
	FailBefore Mode = iota // refused with an error, nothing done; the run goes on
	FailAfter              // done, but reported as failed; the run goes on
	FailShort              // a write does half; other operations as FailBefore
	StopBefore             // the process dies before the operation
	StopAfter              // the process dies after the operation
	StopShort              // the process dies in the middle of a write
)

// Modes lists every way.
func Modes() []Mode {
	return []Mode{FailBefore, FailAfter, FailShort, StopBefore, StopAfter, StopShort}
}

// At is a hook that lets one operation, counted from zero, go wrong.
type At struct {
	Target int64
	Mode   Mode
	Err    error
	// Seen is called with the operation that was struck, if it is set.
	Seen func(Op)

	count  atomic.Int64
	killed atomic.Bool
}

// Count returns how many operations there were.
func (a *At) Count() int64 { return a.count.Load() }

// Killed says whether the process died.
func (a *At) Killed() bool { return a.killed.Load() }

// Before implements Hook.
func (a *At) Before(op Op) error {
	if a.killed.Load() {
		return ErrKilled
	}
	if a.count.Add(1)-1 != a.Target {
		return nil
	}
	if a.Seen != nil {
		a.Seen(op)
	}
	switch a.Mode {
	case FailBefore:
		return a.Err
	case FailShort:
		return errors.Join(ErrShort, a.Err)
	case StopBefore:
		a.killed.Store(true)
		return ErrKilled
	case StopShort:
		a.killed.Store(true)
		return errors.Join(ErrShort, ErrKilled)
	case FailAfter, StopAfter:
	}
	return nil
}

// After implements Hook. With concurrent operations the one that follows the
// target may be struck in its stead, which is as good.
func (a *At) After(Op) error {
	if a.killed.Load() {
		return ErrKilled
	}
	if a.count.Load()-1 != a.Target {
		return nil
	}
	switch a.Mode {
	case FailAfter:
		return a.Err
	case StopAfter:
		a.killed.Store(true)
		return ErrKilled
	case FailBefore, FailShort, StopBefore, StopShort:
	}
	return nil
}

// Latency is a hook that lets every operation take at least so long.
type Latency time.Duration

// Before implements Hook.
func (l Latency) Before(Op) error {
	time.Sleep(time.Duration(l))
	return nil
}

// After implements Hook.
func (l Latency) After(Op) error { return nil }
