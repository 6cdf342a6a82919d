package requests

import (
	"context"
	"math"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TypicalWake is what visitors are told a wake takes while the stack has too few of its own: about the median of
// docs/simulation.md.
const TypicalWake = 50 * time.Second

// Status is what the waiting page and API clients are told. It is a contract: see docs/container-contract.md.
type Status struct {
	// State is asleep, waking, ready, failing or unknown.
	State string `json:"state"`
	// Stage of a wake: asked, placing, pulling, starting, checking, ready.
	Stage string `json:"stage,omitempty"`
	// ElapsedSeconds since the wake began, and TypicalSeconds one takes.
	ElapsedSeconds int `json:"elapsedSeconds"`
	TypicalSeconds int `json:"typicalSeconds"`
	// RetryAfterSeconds is when to ask again.
	RetryAfterSeconds int `json:"retryAfterSeconds"`
	// Error is set in the state failing.
	Error *StatusError `json:"error,omitempty"`
}

// StatusError says what keeps tasks from starting, by class only: AWS's own text may hold names of resources.
type StatusError struct {
	Class   string `json:"class"`
	Message string `json:"message"`
}

// messages explain each class to a visitor who cannot do more than pass it on.
var messages = map[decide.Class]string{
	decide.ClassImage:      "The editor's image could not be loaded.",
	decide.ClassSecret:     "A secret that the editor needs is missing or cannot be read.",
	decide.ClassFileSystem: "The workspaces could not be mounted.",
	decide.ClassNetwork:    "The editor got no network connection.",
	decide.ClassCapacity:   "There is no capacity for the editor at the moment.",
	decide.ClassMemory:     "The editor ran out of memory while it started.",
	decide.ClassHealth:     "The editor started but did not answer its health checks.",
	decide.ClassExit:       "The editor stopped while it started.",
	decide.ClassLogs:       "The editor's log could not be opened.",
	decide.ClassTimeout:    "The editor was not ready in time.",
	decide.ClassOther:      "The editor could not be started.",
}

// Seconds after which to ask again, by what is going on. The exported ones are also what the simulation waits.
const (
	RetryReadySeconds = 1
	// RetryCloseSeconds is for a wake whose container has been started, RetryEarlySeconds for one before that.
	RetryCloseSeconds = 2
	RetryEarlySeconds = 3

	retryUnknown = 5
	retryAsleep  = 15
	// retryFailMost is more than a service rests that keeps failing: what is told is when it may be tried again.
	retryFailMost = 300
)

// statusOf tells a plan to a visitor.
func (h *Handler) statusOf(ctx context.Context, plan *decide.Plan) Status {
	typical := TypicalWake
	if h.Typical != nil {
		typical = h.Typical(ctx)
	}
	now := h.Now()
	status := Status{
		State: plan.State.String(), TypicalSeconds: int(typical / time.Second), RetryAfterSeconds: retryUnknown,
	}
	switch plan.State {
	case decide.StateAsleep:
		status.RetryAfterSeconds = retryAsleep
	case decide.StateReady:
		status.Stage, status.RetryAfterSeconds = decide.StageReady.String(), RetryReadySeconds
	case decide.StateWaking:
		status.Stage, status.RetryAfterSeconds = plan.Stage.String(), RetryEarlySeconds
		if plan.Stage >= decide.StageStarting {
			status.RetryAfterSeconds = RetryCloseSeconds
		}
	case decide.StateFailing:
		wait := math.Ceil(plan.RetryAt.Sub(now).Seconds())
		status.RetryAfterSeconds = int(min(max(wait, retryUnknown), retryFailMost))
		status.Error = &StatusError{Class: string(plan.Class), Message: messages[plan.Class]}
		if status.Error.Message == "" {
			status.Error.Message = messages[decide.ClassOther]
		}
	}
	if !plan.WokenAt.IsZero() {
		status.ElapsedSeconds = max(0, int(now.Sub(plan.WokenAt)/time.Second))
	}
	return status
}
