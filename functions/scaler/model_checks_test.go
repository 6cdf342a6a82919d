package main

import (
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// timeToReact is what the function needs from a visitor's request to the changed count.
const timeToReact = 1500 * time.Millisecond

// checkStop is called when ECS begins to stop a task: nobody may be at work on it.
func (h *harness) checkStop(t *scalertest.Task, byScaler bool) {
	if !byScaler {
		return
	}
	now := h.now()
	// A task that has failed its checks for minutes is given up, whoever still tries it.
	if ago := now.Sub(t.LastRequest); ago < idle && t.Healthy() {
		h.violate("a task was stopped %s after it served a request", ago)
	}
	// Protection that began after the count had been changed came too late, as it would in AWS.
	if t.Protected(now) && h.account.DesiredSince().Sub(t.ProtectedFrom) > timeToReact {
		h.violate("a protected task was stopped")
	}
	h.mu.Lock()
	asked, troubled := now.Sub(h.lastAsk), h.troubledUntil.After(now.Add(-idle))
	// A wake that was to be given up for its trouble may have been held by a session's protection, until a tick ago.
	held := !h.troubledUntil.IsZero() && h.protectedUntil.After(now.Add(-tickInterval-timeToReact-5*time.Second))
	h.mu.Unlock()
	if asked >= timeToReact && asked < idle-time.Minute && !troubled && !held {
		h.violate("a task was stopped %s after somebody asked for it", asked)
	}
}

// now is the account's time: its events are played late, but in their own time.
func (h *harness) now() time.Time { return h.account.Now() }

// snapshot is the service as it is, and how many invocations have begun.
type snapshot struct {
	position         decide.Position
	desired, healthy int
	invocations      int
	alone            bool
	fault            time.Time
}

func (h *harness) snapshot() snapshot {
	var s snapshot
	h.api.Do(func(w *scalertest.Account) { s.position, s.desired, s.healthy = w.Position(), w.Desired(), w.Healthy() })
	h.note(func() { s.invocations, s.alone, s.fault = h.invocations, h.running == 0, h.lastFault })
	return s
}

// checkTick is called after a tick that met no error: wish and facts agree, and it was cheap.
func (h *harness) checkTick(before snapshot, inv *invocation) {
	after := h.snapshot()
	limit := maxCallsAwake
	switch {
	case before.position.Phase == decide.PhaseAsleep && before.desired == 0:
		limit = maxCallsAsleep
	case before.position.Phase == decide.PhaseWaking:
		limit = maxCallsGivingUp
	}
	if before.invocations+1 == after.invocations && inv.calls > limit {
		h.violate("a tick in phase %s made %d calls", before.position.Phase, inv.calls)
	}
	if !before.alone || after.invocations != before.invocations+1 || after.fault != before.fault {
		return // others were at it meanwhile
	}
	switch phase := after.position.Phase; {
	case phase == decide.PhaseUnknown,
		phase == decide.PhaseAsleep && after.desired != 0,
		phase == decide.PhaseWaking && after.desired == 0,
		phase == decide.PhaseAwake && after.desired == 0,
		phase == decide.PhaseAwake && after.healthy == 0 && before.healthy == 0:
		h.violate("a tick left %s with count %d and %d healthy targets", phase, after.desired, after.healthy)
	}
}

// watch looks at the service every second: how long the rule has pointed at nothing, and whether it became ready.
func (h *harness) watch() {
	var emptySince, waking time.Time
	lowered := false
	for h.wait(time.Second) {
		h.api.Do(func(w *scalertest.Account) {
			switch {
			case w.Position().Phase != decide.PhaseWaking:
				waking = time.Time{}
			case waking.IsZero():
				waking = time.Now()
			}
			if w.Lowered() && !lowered {
				h.note(func() { h.lastReady = time.Now() })
			}
			if lowered = w.Lowered(); lowered && w.Healthy() == 0 {
				if emptySince.IsZero() {
					emptySince = time.Now()
				}
			} else {
				emptySince = time.Time{}
			}
		})
		faultless := false
		h.note(func() { faultless = time.Since(h.lastFault) > tickInterval+5*time.Second })
		if since := time.Since(emptySince); !emptySince.IsZero() && since > tickInterval+5*time.Second && faultless {
			h.violate("the rule has pointed at no healthy target for %s", since)
			emptySince = time.Now()
		}
		h.checkBound()
		if !waking.IsZero() {
			h.checkWake(waking)
		}
	}
}

// calmSince is the last moment at which anything happened that keeps the service awake or in the way of its sleep.
func (h *harness) calmSince() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.began
	for _, at := range []time.Time{h.lastAsk, h.lastServed, h.lastFault, h.lastReady, h.protectedUntil, h.troubledUntil} {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// sleepBound is five minutes and three ticks, and the time that a tick's calls take.
const sleepBound = idle + 3*tickInterval + 2*time.Second

// blindBound holds after something went wrong: CloudWatch may be silent then, and the service sleeps without it. That is
// silence for 4:55 (the 2:55 after which a drain begins otherwise, and two minutes for slow metrics) from the end of the last
// minute with a request, up to a tick until it is noticed, a drain of six minutes in which the waker itself sees nobody, and
// the calls. A count set by somebody else is found by a tick, and goes the way of the same drain.
const blindBound = time.Minute + 4*time.Minute + 55*time.Second + tickInterval + 6*time.Minute + 2*time.Second

// checkGivenUp is called when the function sets the count to 0. It does so at the end of a drain, or to give a wake up, of which
// nothing may have gone wrong.
func (h *harness) checkGivenUp() {
	var phase decide.Phase
	h.api.Do(func(w *scalertest.Account) { phase = w.Position().Phase })
	wrong := false
	h.note(func() { wrong = !h.troubledUntil.IsZero() || !h.lastFault.IsZero() })
	if phase == decide.PhaseAsleep && !wrong {
		h.violate("a wake was given up although nothing is wrong with it")
	}
}

// wakeBound is how long a wake may last: eleven minutes from its first task, or from the end of the two minutes of its mark,
// and a tick until it is noticed.
const wakeBound = 13*time.Minute + tickInterval + 2*time.Second

// checkWake holds a wake to its limit, whatever goes wrong but calls to AWS and ticks. waking is since when the rule says so
// without a break that was seen, the latest change of the count to 1 since when it was said again.
func (h *harness) checkWake(waking time.Time) {
	began, quiet := waking, true
	h.note(func() {
		if n := len(h.wakes); n > 0 && h.wakes[n-1].After(began) {
			began = h.wakes[n-1]
		}
		// A protected task is left alone, and by then the mark may have begun its cycle anew.
		quiet = !h.lastFault.After(began) && !h.protectedUntil.After(began)
	})
	if since := time.Since(began); quiet && since > wakeBound {
		h.violate("a wake has been going on for %s", since)
	}
}

// checkBound holds the count against the time since the last activity.
func (h *harness) checkBound() {
	calm := time.Since(h.calmSince())
	bound := sleepBound
	if h.scenario.Timing.MetricLag.Most > time.Minute {
		// Silence is known a minute later, and so is everything that follows from it.
		bound += tickInterval
	}
	h.note(func() {
		if !h.troubledUntil.IsZero() || !h.lastFault.IsZero() {
			bound += blindBound - sleepBound
		}
	})
	if calm < bound || calm > bound+time.Second {
		return
	}
	h.api.Do(func(w *scalertest.Account) {
		if w.Desired() != 0 {
			h.violate("the count is still %d, %s after the last activity (rule %s)", w.Desired(), calm, w.Position().Phase)
		}
	})
}

// checkAsleep holds at the end: nobody came for a long time, so nothing runs and nothing will.
func (h *harness) checkAsleep() {
	h.api.Do(func(w *scalertest.Account) {
		running, pending := w.Counts()
		if w.Desired() != 0 || w.Position().Phase != decide.PhaseAsleep || running+pending > 0 {
			h.violate("after a quiet end the count is %d in phase %s", w.Desired(), w.Position().Phase)
		}
	})
}
