package decide

import "time"

const (
	// metricMinute is the period of the load balancer's metrics (ELB: "CloudWatch metrics": 60-second intervals).
	metricMinute = time.Minute
	// metricLag is how long after its minute a datapoint may appear. AWS promises nothing; 1 to 2 minutes are usual.
	// A longer lag is caught by the watermark.
	metricLag = 115 * time.Second
	// slowMetrics is how much longer silence must last when those minutes have not been published.
	slowMetrics = 2 * time.Minute
	// tick is the schedule's interval, and tickJitter how much later than its minute a tick may come.
	tick       = time.Minute
	tickJitter = 5 * time.Second
	// failureLimit is how many tasks may fail before a wake is given up.
	failureLimit = 3
	// coolOff is how long nobody can wake a service whose tasks keep failing. It is not shorter than a slot of PhaseWaking,
	// so that the next wake's mark is later than the failures before it.
	coolOff = 2 * time.Minute
	// failuresFrom is the age of a wake from which failed tasks are looked for; three do not fail any faster.
	failuresFrom = time.Minute
	// settleAfter is when the minute of PhaseAwake has served its purpose, within its cycle.
	settleAfter = 4 * time.Minute
)

const (
	// FailLimit is how long a wake may last of which a task has failed, or whose container cannot be reached. An image of
	// 413 MB at 2 vCPU and every step at its slowest serve within it (docs/simulation.md).
	FailLimit = 5 * time.Minute
	// WakeLimit is how long any wake may last: the ten minutes that ECS gives a container before its health checks count
	// (healthGraceSeconds of the infra package), and one for placing and pulling (D21). By the mark alone that is two
	// minutes more, which leaves two ticks within the cycle of PhaseWaking.
	WakeLimit = 11 * time.Minute
	// QuietMinutes are the whole minutes without a request that must have been published, after the last one with any, before
	// a service is taken for unused: whoever sends a request every so many minutes never meets the waker while CloudWatch is
	// less than three minutes late.
	QuietMinutes = 2 * metricMinute
)

// Policy is the tuning of the decision.
type Policy struct {
	// Idle is how long nobody may use the service before it sleeps.
	Idle time.Duration
	// RaiseAfter is how long nobody must have come, from the end of the last minute with a request, before the waker moves
	// in front: short of Idle by what the drain takes beyond one tick, so that the service sleeps within Idle and three ticks
	// of the last request although the drain takes three by itself, and the request may have come at its minute's beginning.
	// That holds while CloudWatch is no more than a minute late; a slower one costs another tick.
	RaiseAfter time.Duration
	// DrainFor is the age of a drain at which every request made before it is in the metrics.
	DrainFor time.Duration
	// BlindDrain is the age of a drain that needs no metrics: the waker itself has seen nobody for that long.
	BlindDrain time.Duration
}

// NewPolicy derives the tuning from the time without activity (T02 §4: 5 minutes).
func NewPolicy(idle time.Duration) Policy {
	drain := metricMinute + metricLag
	drainTicks := (drain + tick - 1).Truncate(tick)
	return Policy{
		Idle:       idle,
		DrainFor:   drain,
		RaiseAfter: max(idle+tick-drainTicks-tickJitter, tick),
		BlindDrain: 6 * time.Minute,
	}
}

// Window is how far back the metrics are read, in whole minutes: past the idle time and the drain.
func (p *Policy) Window() time.Duration {
	return (p.Idle + p.DrainFor + 2*metricMinute - 1).Truncate(metricMinute)
}

// Decide turns facts and an intent into a plan. It is pure, and does not allocate.
func (p *Policy) Decide(f *Facts, in Intent) Plan {
	first := NeedRule | NeedService
	if in == Touch {
		// Stale tabs ask for files by the hundred; while asleep the rule alone says enough.
		first = NeedRule
	}
	if need := f.lacks(first); need != 0 {
		return Plan{Need: need}
	}
	if in == Touch && f.has(NeedRule) {
		if phase := f.Rule.Phase; phase == PhaseAsleep || phase == PhaseWaking {
			return Plan{State: StateAsleep, Reason: ReasonQuiet}
		}
		if need := f.lacks(NeedService); need != 0 {
			return Plan{Need: need}
		}
	}
	if !f.has(NeedRule | NeedService) {
		return Plan{State: StateUnknown, Reason: ReasonBlind}
	}
	switch f.Rule.Phase {
	case PhaseAsleep:
		return p.asleep(f, in)
	case PhaseWaking:
		return p.waking(f)
	case PhaseDraining:
		return p.draining(f, in)
	case PhaseAwake:
		return p.awake(f, in)
	default:
		return p.misplaced(f, in)
	}
}

// asleep: nothing should run. Whoever asks wakes it, unless tasks keep failing.
func (p *Policy) asleep(f *Facts, in Intent) Plan {
	if in == Ask || in == Query {
		if plan, told := cooling(f); told {
			return plan
		}
	}
	if in == Ask {
		return wake(f, ReasonAsked)
	}
	if f.Service.Desired > 0 {
		return stray(f)
	}
	return Plan{State: StateAsleep, Reason: ReasonQuiet}
}

// stray: tasks are wanted while the service is asleep. A late scale-out, somebody's hand, or a rule that was created anew
// while tasks ran: who it was cannot be told, and people may be at work, so they go the way of every other task, through
// a drain. It may also be a visitor who came while rule and service were being read, and whose wake must not be taken
// for one: it moves the rule before it sets the count, so the rule is looked at again.
func stray(f *Facts) Plan {
	if need := f.lacks(NeedRuleAgain); need != 0 {
		return Plan{Need: need}
	}
	plan := Plan{State: StateAsleep, Reason: ReasonStray}
	if !f.has(NeedRuleAgain) {
		return plan
	}
	return plan.with(markedMove(PhaseDraining))
}

// wake asks for a task: the wish first, then the count, so that a crash in between is finished by the next call.
func wake(f *Facts, reason Reason) Plan {
	plan := Plan{State: StateWaking, Reason: reason, Stage: StageAsked, WokenAt: f.Now}.with(markedMove(PhaseWaking))
	if f.Service.Desired == 0 {
		plan = plan.with(Step{Kind: StepStart})
	}
	return plan
}

// cooling is what to tell, if anything, before a sleeping service is woken: that the failed tasks have to be looked at,
// or that tasks failed too often, too lately, for another attempt.
func cooling(f *Facts) (plan Plan, told bool) {
	if need := f.lacks(NeedFailures); need != 0 {
		return Plan{Need: need}, true
	}
	if !f.has(NeedFailures) || f.Failures.Count < failureLimit || f.Now.Sub(f.Failures.Last) >= coolOff {
		return Plan{}, false
	}
	return Plan{
		State: StateFailing, Reason: ReasonCooling, Class: f.Failures.Class, RetryAt: f.Failures.Last.Add(coolOff),
	}, true
}

// misplaced: a priority that is not ours, such as between the api and the preview rule. Facts say where it belongs.
func (p *Policy) misplaced(f *Facts, in Intent) Plan {
	if f.Service.Desired == 0 {
		if in == Ask {
			return wake(f, ReasonAsked)
		}
		return Plan{State: StateAsleep, Reason: ReasonRepaired}.with(settledMove(PhaseAsleep))
	}
	if need := f.lacks(NeedHealth); need != 0 {
		return Plan{Need: need}
	}
	if f.has(NeedHealth) && f.Health.Serving() {
		return Plan{State: StateReady, Reason: ReasonRepaired, Stage: StageReady}.with(markedMove(PhaseAwake))
	}
	return wake(f, ReasonRepaired)
}
