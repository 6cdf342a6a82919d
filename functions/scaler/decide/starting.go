package decide

import "time"

// waking: a task is wanted. It is asked for again if the wish got lost, let in when it serves, and given up when it
// cannot start.
func (p *Policy) waking(f *Facts) Plan {
	if f.Service.Desired == 0 {
		return lostWake(f)
	}
	needs := NeedTasks
	if f.Now.Sub(f.Rule.Since) >= failuresFrom { // the mark is never later than the wake
		needs |= NeedFailures
	}
	if need := f.lacks(needs); need != 0 {
		return Plan{Need: need}
	}
	// Without a running task there is nothing to check; when the tasks are unknown the targets alone must do.
	if !f.has(NeedTasks) || f.Tasks.Running > 0 {
		if need := f.lacks(NeedHealth); need != 0 {
			return Plan{Need: need}
		}
		if f.has(NeedHealth) && f.Health.Serving() {
			return Plan{
				State: StateReady, Reason: ReasonWoke, Stage: StageReady, WokenAt: begun(f),
			}.with(markedMove(PhaseAwake))
		}
	}
	plan := Plan{State: StateWaking, Reason: ReasonStarting, WokenAt: begun(f)}
	if f.has(NeedTasks) {
		plan.Stage = f.Tasks.Stage
	}
	if f.Missing&NeedHealth != 0 {
		// A task that may be serving is not given up.
		plan.Reason = ReasonHealthUnknown
		return plan
	}
	if class := hopeless(f); class != ClassNone {
		return giveUp(f, class)
	}
	return plan
}

// lostWake: waking, but no task is asked for, because a wake was interrupted between its steps or somebody else took the
// count away. It is a new wake with a new mark: had calls to AWS failed for ten minutes, a task that is asked for now under
// the old mark could be given up for its age a minute later, in front of whoever waits for it.
func lostWake(f *Facts) Plan {
	if need := f.lacks(NeedFailures); need != 0 {
		return Plan{Need: need}
	}
	if failing(f) {
		return Plan{
			State: StateFailing, Reason: ReasonGaveUp, Class: f.Failures.Class, RetryAt: f.Now.Add(coolOff),
		}.with(settledMove(PhaseAsleep))
	}
	return wake(f, ReasonLostWake)
}

// failing reports whether too many tasks failed since this wake began.
func failing(f *Facts) bool { return failed(f) && f.Failures.Count >= failureLimit }

// failed reports whether a task was killed or ended since this wake began.
func failed(f *Facts) bool {
	return f.has(NeedFailures) && f.Failures.Count > 0 && !f.Failures.Last.Before(f.Rule.Since)
}

// hopeless says why this wake should be given up: too many tasks failed since it began, or it takes too long. Something that
// fails, because tasks end, are killed or cannot be reached, gets less time than something that is being installed.
func hopeless(f *Facts) Class {
	age := f.Now.Sub(begun(f))
	switch {
	case failing(f), age >= FailLimit && failed(f):
		return f.Failures.Class
	case age >= FailLimit && f.has(NeedHealth) && f.Health.Unreachable:
		return ClassHealth
	case age >= WakeLimit:
		return ClassTimeout
	default:
		return ClassNone
	}
}

// giveUp stops a service that cannot start, so that it does not fail and bill for ever. A running task that is protected
// is left alone even if its checks fail.
func giveUp(f *Facts, class Class) Plan {
	plan := Plan{State: StateFailing, Reason: ReasonGaveUp, Class: class, RetryAt: f.Now.Add(coolOff)}
	if !f.has(NeedTasks) || f.Tasks.Running > 0 {
		if need := f.lacks(NeedProtection); need != 0 {
			return Plan{Need: need}
		}
		if !f.has(NeedProtection) {
			plan.Reason = ReasonUnprovable
			return plan
		}
		if f.Protection.Active {
			plan.Reason = ReasonProtected
			return plan
		}
	}
	return plan.with(settledMove(PhaseAsleep)).with(Step{Kind: StepStop})
}

// begun is when the wake began: at the creation of the oldest task of it that is known, live or failed, else at the latest
// moment that the mark allows. So nobody is given up too early for a mark that is rough, or that another version has made.
func begun(f *Facts) time.Time {
	var first time.Time
	consider := func(known bool, created time.Time) {
		if known && !created.Before(f.Rule.Since) && (first.IsZero() || created.Before(first)) {
			first = created
		}
	}
	consider(f.has(NeedTasks) && f.Tasks.Live > 0, f.Tasks.Oldest)
	consider(f.has(NeedFailures) && f.Failures.Count > 0, f.Failures.Oldest)
	if first.IsZero() {
		first = f.Rule.Since.Add(wakingCycle.slot)
	}
	if first.After(f.Now) {
		return f.Now
	}
	return first
}
