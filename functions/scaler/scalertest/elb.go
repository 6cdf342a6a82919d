package scalertest

import (
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// register adds a task to the target groups. All three check the same port, so one check stands for all.
func (w *Account) register(t *Task) {
	t.registered, t.Registered = true, w.now
	w.countHosts()
	w.after(w.timing.FirstCheck.Draw(w.random), func() { w.check(t) })
}

// check is one health check; a new target is healthy after the first one that passes.
func (w *Account) check(t *Task) {
	if !t.registered {
		return
	}
	if passes := !w.Sick && !w.now.Before(t.listensAt); passes {
		t.healthy, t.failed = true, 0
		if t.FirstHealthy.IsZero() {
			t.FirstHealthy = w.now
		}
	} else {
		t.failed++
		if t.failed >= w.timing.UnhealthyAfter {
			t.healthy = false
		}
	}
	w.countHosts()
	if w.unhealthy(t) && w.now.Sub(t.Started) >= w.timing.Grace {
		w.stop(t, "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group "+APIGroupARN+")")
		w.schedule()
		return
	}
	w.after(w.timing.HealthInterval, func() { w.check(t) })
}

// unhealthy reports whether the load balancer calls a registered task so.
func (w *Account) unhealthy(t *Task) bool {
	return t.registered && !t.healthy && t.failed >= w.timing.UnhealthyAfter
}

// unreachable reports whether all targets fail their checks without an answer.
func (w *Account) unreachable() bool {
	targets := 0
	for _, t := range w.tasks {
		if !t.registered {
			continue
		}
		if targets++; !w.unhealthy(t) {
			return false
		}
	}
	return targets > 0 && w.timing.Refuses
}

// Healthy counts the healthy targets of a group.
func (w *Account) Healthy() int {
	n := 0
	for _, t := range w.tasks {
		if t.registered && t.healthy {
			n++
		}
	}
	return n
}

// SetPriority moves the waker's rule, as SetRulePriorities does; the load balancer follows a little later.
func (w *Account) SetPriority(priority int) {
	w.priority = priority
	w.after(w.timing.Flip.Draw(w.random), func() { w.effective = w.priority })
}

// Priority is the waker rule's.
func (w *Account) Priority() int { return w.priority }

// Position is the waker rule's place.
func (w *Account) Position() decide.Position { return w.layout.Decode(w.priority, w.now) }

// Lowered reports whether the load balancer sends requests to the service at the moment.
func (w *Account) Lowered() bool {
	return w.layout.Decode(w.effective, w.now).Phase == decide.PhaseAwake
}

// Kind of a request, which is also its target group.
type Kind int

// The kinds of request.
const (
	ToAPI Kind = iota
	ToPreview
)

// Destination is where a request ends up.
type Destination int

// The destinations.
const (
	// ToWaker: the function answers.
	ToWaker Destination = iota
	// Served by a task.
	Served
	// Unserved: 503 by the load balancer, which has no target for it.
	Unserved
	// Preparing: it has reached a task whose preview does not answer yet, and waits there (Account.ServesIn).
	Preparing
)

// Request sends a request through the load balancer.
func (w *Account) Request(kind Kind) Destination {
	if !w.Lowered() {
		return ToWaker
	}
	target := w.target()
	if target == nil {
		return Unserved
	}
	target.LastRequest = w.now
	w.requests[kind].add(w, 1)
	if w.now.Before(target.servesAt) {
		return Preparing
	}
	return Served
}

// ServesIn is how long what reached a task last, and waits in it, will wait for the preview.
func (w *Account) ServesIn() time.Duration {
	target := w.target()
	if target == nil {
		return 0
	}
	return max(0, target.servesAt.Sub(w.now))
}

// target picks a healthy target, or any registered one that has been checked when none is: the load balancer fails open.
func (w *Account) target() *Task {
	var open *Task
	for _, t := range w.tasks {
		switch {
		case t.registered && t.healthy:
			return t
		case t.registered && t.failed >= w.timing.UnhealthyAfter:
			open = t
		}
	}
	return open
}

// LastServed is when a task last served a request.
func (w *Account) LastServed() time.Time {
	var last time.Time
	for _, t := range w.tasks {
		if t.LastRequest.After(last) {
			last = t.LastRequest
		}
	}
	return last
}
