package main

import (
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// misplaced is a priority between the service's own rules.
const misplaced = priorityBase + 25

// disturb does one thing to the service that the scaler did not ask for.
func (h *harness) disturb(d *disturbance) {
	if !h.wait(d.At) {
		return
	}
	if d.Kind == protect {
		h.protect(d.For)
		return
	}
	h.note(func() { h.lastFault = time.Now() })
	h.api.Do(func(w *scalertest.Account) {
		switch d.Kind {
		case scaleOut:
			w.SetDesired(3, false)
		case scaleAway:
			w.SetDesired(0, false)
		case crash:
			w.Crash()
		case misplace:
			w.SetPriority(misplaced)
		case sick:
			w.Sick = true
		case stall:
			w.StallMetrics(d.For)
		case brokenImage:
			w.FailStarts = &scalertest.StartFault{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError: not found"}
		}
	})
	switch d.Kind {
	case crash:
		// What replaces it may install for minutes, and a wake of which a task has failed is given up after five (D21).
		if h.scenario.Timing.Listen.Most > 30*time.Second {
			h.trouble(decide.FailLimit)
		}
	case sick, brokenImage:
		h.trouble(d.For)
		if h.wait(d.For) {
			h.api.Do(func(w *scalertest.Account) { w.Sick, w.FailStarts = false, nil })
		}
	case stall:
		if h.wait(d.For) {
			h.note(func() { h.lastFault = time.Now() })
		}
	}
}

// trouble notes that nothing can be served for a while, and for as long after it as the scaler may hold back.
func (h *harness) trouble(d time.Duration) {
	h.note(func() {
		if end := time.Now().Add(d + 2*time.Minute); end.After(h.troubledUntil) {
			h.troubledUntil = end
		}
	})
}

// protect is a session at work: it protects its task for some minutes at a time and renews that, as the container
// contract says.
func (h *harness) protect(d time.Duration) {
	const expiry = 3 * time.Minute
	for end := time.Now().Add(d); time.Now().Before(end); {
		until := time.Now().Add(expiry)
		running := 0
		h.api.Do(func(w *scalertest.Account) {
			running, _ = w.Counts()
			w.Protect(until)
		})
		if running > 0 {
			h.note(func() { h.protectedUntil = until })
		}
		if !h.wait(time.Minute) {
			return
		}
	}
}
