package wire

import (
	"net/http"
	"time"
)

// Call is one API call in the server's log.
type Call struct {
	At        time.Time
	RequestID string
	// Caller is the role's ARN, Session the session's; Caller is empty for the deployer and for unknown callers.
	Caller, Session    string
	Service, Operation string // e.g. "ecs" and "UpdateService"
	// Action and Resource are what was authorised last: a call may need several permissions.
	Action, Resource string
	// Decision says which statement allowed or refused it.
	Decision string
	// Refused is set when a permission was missing.
	Refused bool
	// Status and Code are the answer: 200 and "" for a success.
	Status int
	Code   string
}

// keptCalls bounds the log of a server that runs for days.
const keptCalls = 20_000

// finish completes the call's record and puts it into the log.
func (x *Exchange) finish(err error) {
	x.record.Status = http.StatusOK
	if err != nil {
		speak := Protocol(JSON{})
		if x.service != nil {
			speak = x.service.Protocol
		}
		wire := speak.Names().Of(AsError(err))
		x.record.Status, x.record.Code = wire.Status, wire.Code
	}
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) >= keptCalls {
		s.calls = append(s.calls[:0:0], s.calls[keptCalls/2:]...)
	}
	s.calls = append(s.calls, x.record)
}

// Calls returns the calls so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ResetCalls empties the log.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}
