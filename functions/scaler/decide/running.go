package decide

import "time"

// awake: the service's own rules answer. The waker moves in front when no target is healthy, and when nobody has come
// for a while.
func (p *Policy) awake(f *Facts, in Intent) Plan {
	if f.Service.Desired == 0 {
		// Scaled in by somebody else, or a sleep that lost a race with a visitor. People may be at work.
		return wake(f, ReasonScaledAway)
	}
	age := f.Now.Sub(f.Rule.Since)
	marked := !f.Rule.Since.IsZero()
	if in != Tick || marked && age < p.RaiseAfter && age < settleAfter {
		return p.serving(f)
	}
	if need := f.lacks(NeedTraffic); need != 0 {
		return Plan{Need: need}
	}
	if p.quiet(f) {
		if need := f.lacks(NeedProtection); need != 0 {
			return Plan{Need: need}
		}
		if f.has(NeedProtection) && !f.Protection.Active {
			return Plan{State: StateAsleep, Reason: ReasonInactive}.with(markedMove(PhaseDraining))
		}
	}
	plan := p.serving(f)
	if plan.Need == 0 && plan.count == 0 && marked && age >= settleAfter {
		plan = plan.with(settledMove(PhaseAwake))
	}
	return plan
}

// serving keeps the service in charge as long as both kinds of request find a target.
func (p *Policy) serving(f *Facts) Plan {
	if need := f.lacks(NeedHealth); need != 0 {
		return Plan{Need: need}
	}
	if !f.has(NeedHealth) {
		return Plan{State: StateReady, Reason: ReasonHealthUnknown, Stage: StageReady}
	}
	if f.Health.Serving() {
		return Plan{State: StateReady, Reason: ReasonServing, Stage: StageReady}
	}
	return wake(f, ReasonUnhealthy)
}

// quiet reports whether nobody has come for RaiseAfter, as far as the metrics show: since the end of the minute of the last
// request, in which the service came up, or in which it was given back to a visitor. Only that minute is known, and the
// request may have come at its end. Silence counts if it has been published: with slow metrics somebody at work would
// otherwise look idle, and be sent through the waker every few minutes. Metrics that stay away altogether are not waited for
// without end; the drain that follows makes up for what is not known.
// A wake at 12:00:00, the last request with it, and ticks at the 54th second: with metrics a minute late silence is taken
// for granted at 12:04:54 (the tick of 12:03:54 is a second too early), and the service sleeps at 12:07:54.
func (p *Policy) quiet(f *Facts) bool {
	if !f.has(NeedTraffic) {
		return false
	}
	traffic := &f.Traffic
	last := later(later(traffic.Last, traffic.UpSince), f.Rule.Since)
	silence := f.Now.Sub(last.Add(metricMinute))
	if silence < p.RaiseAfter {
		return false
	}
	return !traffic.Watermark.Before(last.Add(QuietMinutes)) || silence >= p.RaiseAfter+slowMetrics
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// draining: the waker is in front of a service that nobody uses. The first visitor takes it back; otherwise it sleeps as
// soon as it is certain that nobody was overlooked.
func (p *Policy) draining(f *Facts, in Intent) Plan {
	if f.Service.Desired == 0 {
		return drained(f, in)
	}
	switch in {
	case Ask, Touch:
		return resume(f, in)
	case Query:
		if plan, told := cooling(f); told {
			return plan
		}
		return Plan{State: StateAsleep, Reason: ReasonDraining}
	default:
		return p.drain(f)
	}
}

// drained: the count is zero, tasks may still be stopping.
func drained(f *Facts, in Intent) Plan {
	if in == Ask || in == Query {
		if plan, told := cooling(f); told {
			return plan
		}
	}
	if in == Ask {
		return wake(f, ReasonAsked)
	}
	if f.Service.Running+f.Service.Pending > 0 {
		return Plan{State: StateAsleep, Reason: ReasonStopping}
	}
	return Plan{State: StateAsleep, Reason: ReasonSettled}.with(settledMove(PhaseAsleep))
}

// resume gives the service back to a visitor.
func resume(f *Facts, in Intent) Plan {
	if need := f.lacks(NeedHealth); need != 0 {
		return Plan{Need: need}
	}
	if f.has(NeedHealth) && f.Health.Serving() {
		return Plan{State: StateReady, Reason: ReasonResumed, Stage: StageReady}.with(markedMove(PhaseAwake))
	}
	if in == Touch {
		return Plan{State: StateAsleep, Reason: ReasonUnhealthy}
	}
	if plan, told := cooling(f); told {
		return plan
	}
	return wake(f, ReasonAsked)
}

// drain sets the count to zero when it is certain that nobody is at work: every request made before the drain is in the
// metrics by now, the last of them is old enough, and no task is protected.
func (p *Policy) drain(f *Facts) Plan {
	age := f.Now.Sub(f.Rule.Since)
	if age < p.DrainFor {
		return Plan{State: StateAsleep, Reason: ReasonDraining}
	}
	if age < p.BlindDrain {
		if need := f.lacks(NeedTraffic); need != 0 {
			return Plan{Need: need}
		}
		if !f.has(NeedTraffic) || f.Traffic.Watermark.Before(f.Rule.Since) {
			return Plan{State: StateAsleep, Reason: ReasonNoMetrics}
		}
		// The last request may have come at the very end of its minute.
		if f.Now.Sub(f.Traffic.Last) < metricMinute+p.Idle {
			return Plan{State: StateAsleep, Reason: ReasonRecent}
		}
	}
	if need := f.lacks(NeedProtection); need != 0 {
		return Plan{Need: need}
	}
	if !f.has(NeedProtection) {
		return Plan{State: StateAsleep, Reason: ReasonUnprovable}
	}
	if f.Protection.Active {
		return giveBack(f)
	}
	return Plan{State: StateAsleep, Reason: ReasonIdle}.with(Step{Kind: StepStopIdle})
}

// giveBack ends a drain because a session became busy without a request, through its socket.
func giveBack(f *Facts) Plan {
	if need := f.lacks(NeedHealth); need != 0 {
		return Plan{Need: need}
	}
	plan := Plan{State: StateAsleep, Reason: ReasonProtected}
	if f.has(NeedHealth) && f.Health.Serving() {
		plan.State, plan.Stage = StateReady, StageReady
		plan = plan.with(markedMove(PhaseAwake))
	}
	return plan
}
