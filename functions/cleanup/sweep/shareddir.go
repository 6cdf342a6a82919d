package sweep

import (
	"sync"
	"sync/atomic"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// sharedDir is a directory that is closed when its last user lets go of it.
type sharedDir struct {
	fsx.Dir
	name string
	refs atomic.Int32
	mu   sync.Mutex
	next *syncRound // not begun yet
	turn sync.Mutex // held by the round at work
}

// syncRound is one sync of a directory, for everybody who asked before it began.
type syncRound struct {
	done chan struct{}
	err  error
}

func share(d fsx.Dir, name string) *sharedDir {
	s := &sharedDir{Dir: d, name: name}
	s.refs.Store(1)
	return s
}

func (s *sharedDir) hold() *sharedDir {
	s.refs.Add(1)
	return s
}

func (s *sharedDir) release(r *run) {
	if s.refs.Add(-1) > 0 {
		return
	}
	if err := s.Close(); err != nil {
		r.log.note("close", "closing a directory", "directory", s.name, "error", err)
	}
}

// Sync makes durable what was changed before it was called. Packers that
// publish threads in one directory at the same time share one fsync(2): whoever
// comes while one is at work waits for the next, which begins after it came.
func (s *sharedDir) Sync() error {
	s.mu.Lock()
	round := s.next
	first := round == nil
	if first {
		round = &syncRound{done: make(chan struct{})}
		s.next = round
	}
	s.mu.Unlock()
	if !first {
		<-round.done
		return round.err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	s.next = nil // who comes from now on may have changed something too late for this one
	s.mu.Unlock()
	defer close(round.done)
	round.err = s.Dir.Sync()
	return round.err
}
