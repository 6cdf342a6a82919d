package wire

import (
	"context"
	"time"
)

// Fault makes calls go wrong. Its effects happen in the order of its fields.
type Fault struct {
	// Service and Operation select the calls, e.g. "ecs" and "UpdateService"; empty means any.
	Service, Operation string
	// Skip lets that many selected calls pass first.
	Skip int
	// Times ends the fault after that many calls; 0 means that it stays until it is removed.
	Times int
	// Delay holds the call back, in real time.
	Delay time.Duration
	// Gate holds the call back until it is closed.
	Gate <-chan struct{}
	// Before runs before the call, for instance to let another writer in between.
	Before func()
	// Error is answered instead of carrying the call out; &Error{Kind: Throttled} and &Error{Kind: Internal} take the
	// names of the service's protocol.
	Error *Error
	// LoseAnswer carries the call out and then cuts the connection.
	LoseAnswer bool
}

// injected is a fault in force.
type injected struct {
	Fault
	seen int
}

// Inject puts a fault in force and returns what removes it. Several faults may be in force; the first that matches a
// call decides it.
func (s *Server) Inject(f Fault) (remove func()) {
	entry := &injected{Fault: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, entry)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, have := range s.faults {
			if have == entry {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
				return
			}
		}
	}
}

// takeFault finds the fault for a call; nil when the call is to succeed.
func (s *Server) takeFault(service, operation string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.faults {
		if (entry.Service != "" && entry.Service != service) || (entry.Operation != "" && entry.Operation != operation) {
			continue
		}
		entry.seen++
		if entry.seen <= entry.Skip || (entry.Times > 0 && entry.seen > entry.Skip+entry.Times) {
			continue
		}
		return &entry.Fault
	}
	return nil
}

func (f *Fault) before(ctx context.Context) error {
	if f == nil {
		return nil
	}
	if f.Delay > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(f.Delay):
		}
	}
	if f.Gate != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.Gate:
		}
	}
	if f.Before != nil {
		f.Before()
	}
	if f.Error != nil {
		return f.Error
	}
	return nil
}

func (f *Fault) losesAnswer() bool { return f != nil && f.LoseAnswer }
