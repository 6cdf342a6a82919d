package scheduler

import (
	"net/http"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// Containers is what runs in the tasks: a simulation by default, or real processes when the stack is served on this
// machine. The scheduler calls it with its own lock held, so an implementation must not call the scheduler back.
type Containers interface {
	// Start begins a task whose image has been pulled; a *StartFailure is how the task fails.
	Start(at time.Time, task Task) error
	// Exited says whether the task's essential container has ended by itself.
	Exited(at time.Time, task Task) bool
	// Stop ends a task that is being stopped.
	Stop(at time.Time, task Task)
	// Probe makes one health check of a target.
	Probe(at time.Time, probe Probe) elb.ProbeResult
}

// StartFailure is why a task could not start, in ECS's words, e.g. "CannotPullContainerError: ...".
type StartFailure struct {
	Reason string
}

func (f *StartFailure) Error() string { return f.Reason }

// Simulated containers answer their health checks with 503 for some time after they started and then pass, until they are told
// to fail. The zero value listens at once. It is safe for concurrent use.
type Simulated struct {
	// Boot is the time from the container's start until it passes its health checks.
	Boot time.Duration

	mu        sync.Mutex
	startFail func(Task) *StartFailure
	sick      func(Probe) bool
	exited    map[string]bool
	silent    bool
}

// FailStarts makes every further start ask fail for its failure; nil from fail, or a nil fail, lets tasks start again.
func (s *Simulated) FailStarts(fail func(Task) *StartFailure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startFail = fail
}

// FailProbes makes the health checks fail for which sick says so; nil heals everything.
func (s *Simulated) FailProbes(sick func(Probe) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick = sick
}

// Exit lets the task's essential container end by itself.
func (s *Simulated) Exit(taskARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exited == nil {
		s.exited = map[string]bool{}
	}
	s.exited[taskARN] = true
}

// Start implements Containers.
func (s *Simulated) Start(_ time.Time, task Task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.startFail != nil {
		if failure := s.startFail(task); failure != nil {
			return failure
		}
	}
	return nil
}

// Exited implements Containers.
func (s *Simulated) Exited(_ time.Time, task Task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exited[task.ARN]
}

// Stop implements Containers.
func (s *Simulated) Stop(_ time.Time, task Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.exited, task.ARN)
}

// Probe implements Containers.
func (s *Simulated) Probe(at time.Time, probe Probe) elb.ProbeResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.silent:
		return elb.ProbeRefused
	case s.sick != nil && s.sick(probe), at.Before(probe.Task.StartedAt.Add(s.Boot)):
		return elb.ProbeMismatch(http.StatusServiceUnavailable)
	default:
		return elb.ProbePassed
	}
}

// Silence lets the containers refuse their health checks, as if nobody listened, or not.
func (s *Simulated) Silence(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// Probe is one health check: of which task, at which port and path.
type Probe struct {
	Task   Task
	Target elb.Target
	Check  elb.HealthCheck
	Port   int // the port that is checked, with traffic-port resolved
}
