package decide_test

import (
	"slices"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// takes reports whether the plan has a step of that kind, and for a move one to that phase.
func (l *leaf) takes(kind decide.StepKind, phase decide.Phase) bool {
	return slices.ContainsFunc(l.plan.Steps(), func(s decide.Step) bool { return s.Kind == kind && s.Phase == phase })
}

func (l *leaf) stops() bool {
	return l.takes(decide.StepStop, 0) || l.takes(decide.StepStopIdle, 0)
}

func (l *leaf) knows(n decide.Need) bool { return l.facts.Have&n == n }

func (l *leaf) age() time.Duration { return noon.Sub(l.facts.Rule.Since) }

func (l *leaf) was(phase decide.Phase) bool {
	return l.start.missing&decide.NeedRule == 0 && l.facts.Rule.Phase == phase
}

// wakes is how long the wake has lasted at least: since the oldest task of it that is known of was created, or since the end
// of the mark's two minutes.
func (l *leaf) wakes() time.Duration {
	mark := l.facts.Rule.Since
	var ages []time.Duration
	if tasks := l.facts.Tasks; l.knows(decide.NeedTasks) && tasks.Live > 0 && !tasks.Oldest.Before(mark) {
		ages = append(ages, noon.Sub(tasks.Oldest))
	}
	if failures := l.facts.Failures; l.knows(decide.NeedFailures) && failures.Count > 0 && !failures.Oldest.Before(mark) {
		ages = append(ages, noon.Sub(failures.Oldest))
	}
	if len(ages) == 0 {
		return l.age() - 2*time.Minute
	}
	return slices.Max(ages)
}

// inVain reports whether a wake should be given up (D21): three of its tasks failed, it failed in any way and lasts five
// minutes, or it lasts eleven.
func (l *leaf) inVain() bool {
	f := &l.facts
	failed := int32(0)
	if l.knows(decide.NeedFailures) && !f.Failures.Last.Before(f.Rule.Since) {
		failed = f.Failures.Count
	}
	unreachable := l.knows(decide.NeedHealth) && f.Health.Unreachable
	return failed >= 3 || (failed > 0 || unreachable) && l.wakes() >= 5*time.Minute || l.wakes() >= 11*time.Minute
}

func implies(a, b bool) bool { return !a || b }

// designRules hold for every decision.
var designRules = map[string]func(*leaf) bool{
	"a protected task is never stopped, nor one whose protection is unknown": func(l *leaf) bool {
		mayBeProtected := !l.knows(decide.NeedProtection) || l.facts.Protection.Active
		runs := !l.knows(decide.NeedTasks) || l.facts.Tasks.Running > 0
		return implies(l.stops() && runs, !mayBeProtected)
	},
	"an idle service is stopped only after a drain, by a tick": func(l *leaf) bool {
		return implies(l.takes(decide.StepStopIdle, 0), l.was(decide.PhaseDraining) && l.start.intent == decide.Tick)
	},
	"an idle service is stopped only when every earlier request is in the metrics, or the waker saw nobody for long": func(l *leaf) bool {
		caughtUp := l.knows(decide.NeedTraffic) && !l.facts.Traffic.Watermark.Before(l.facts.Rule.Since) && l.age() >= 175*time.Second
		return implies(l.takes(decide.StepStopIdle, 0), caughtUp || l.age() >= 6*time.Minute)
	},
	"an idle service is stopped only five minutes after the last request known": func(l *leaf) bool {
		recent := l.knows(decide.NeedTraffic) && noon.Sub(l.facts.Traffic.Last) < 6*time.Minute // the minute's end counts
		return implies(l.takes(decide.StepStopIdle, 0), !recent)
	},
	"a service is stopped otherwise only when it was waking in vain": func(l *leaf) bool {
		return implies(l.takes(decide.StepStop, 0), l.was(decide.PhaseWaking) && l.inVain() &&
			l.takes(decide.StepMove, decide.PhaseAsleep) && l.plan.State == decide.StateFailing)
	},
	"a wake in vain is given up, unless it may be serving": func(l *leaf) bool {
		wakes := l.was(decide.PhaseWaking) && l.start.intent != decide.Touch && l.start.service.Desired > 0
		mayServe := l.facts.Missing&decide.NeedHealth != 0 || l.knows(decide.NeedHealth) && l.facts.Health.Serving()
		return implies(wakes && l.plan.Reason != decide.ReasonBlind && l.inVain() && !mayServe, l.plan.State == decide.StateFailing)
	},
	"a wake whose tasks keep failing is given up": func(l *leaf) bool {
		f := &l.facts
		vain := l.was(decide.PhaseWaking) && l.start.intent != decide.Touch && l.start.service.Desired > 0 && l.knows(decide.NeedFailures) &&
			f.Failures.Count >= 3 && !f.Failures.Last.Before(l.facts.Rule.Since)
		mayServe := f.Missing&decide.NeedHealth != 0 || l.knows(decide.NeedHealth) && f.Health.Serving()
		return implies(vain && !mayServe, l.plan.State == decide.StateFailing && l.plan.Class == f.Failures.Class)
	},
	"a task that may be serving is not given up": func(l *leaf) bool {
		mayServe := l.facts.Missing&decide.NeedHealth != 0 || l.knows(decide.NeedHealth) && l.facts.Health.Serving()
		return implies(l.takes(decide.StepStop, 0), !mayServe)
	},
	"a task is started for somebody who asks, or to finish or restore what somebody asked for": func(l *leaf) bool {
		restores := l.was(decide.PhaseWaking) || l.was(decide.PhaseAwake)
		return implies(l.takes(decide.StepStart, 0), l.start.intent == decide.Ask || restores)
	},
	"a task is asked for under a mark of its own, from which its time to start is counted": func(l *leaf) bool {
		return implies(l.takes(decide.StepStart, 0), slices.Contains(l.plan.Steps(),
			decide.Step{Kind: decide.StepMove, Phase: decide.PhaseWaking, Mark: true}))
	},
	"a task is started only when none is wanted": func(l *leaf) bool {
		return implies(l.takes(decide.StepStart, 0), l.start.service.Desired == 0)
	},
	"the wish goes before the count": func(l *leaf) bool {
		steps := l.plan.Steps()
		return implies(len(steps) == 2, len(steps) == 2 && steps[0].Kind == decide.StepMove && steps[1].Kind != decide.StepMove)
	},
	"the waker is lowered only when api and preview have a healthy target": func(l *leaf) bool {
		raisedBefore := !l.was(decide.PhaseAwake)
		serving := l.knows(decide.NeedHealth) && l.facts.Health.Serving()
		return implies(l.takes(decide.StepMove, decide.PhaseAwake) && raisedBefore, serving)
	},
	"the waker is raised as soon as one of them has none": func(l *leaf) bool {
		empty := l.was(decide.PhaseAwake) && l.knows(decide.NeedHealth) && !l.facts.Health.Serving()
		raised := l.takes(decide.StepMove, decide.PhaseWaking) || l.takes(decide.StepMove, decide.PhaseDraining) // nobody was there
		return implies(empty, raised)
	},
	"whoever asks gets the service, unless tasks keep failing or nothing is known": func(l *leaf) bool {
		if l.start.intent != decide.Ask || l.plan.State == decide.StateUnknown || l.plan.State == decide.StateFailing {
			return true
		}
		return l.plan.State == decide.StateWaking || l.plan.State == decide.StateReady
	},
	"an answer of ready means that requests go to the service": func(l *leaf) bool {
		lowered := l.was(decide.PhaseAwake) && len(l.plan.Steps()) == 0 ||
			l.takes(decide.StepMove, decide.PhaseAwake)
		return implies(l.plan.State == decide.StateReady, lowered)
	},
	"people at work are not sent through the waker: an awake service drains only when no task is protected": func(l *leaf) bool {
		unprotected := l.knows(decide.NeedProtection) && !l.facts.Protection.Active
		return implies(l.was(decide.PhaseAwake) && l.takes(decide.StepMove, decide.PhaseDraining), unprotected)
	},
	"nobody but a visitor or protected work ends a drain": func(l *leaf) bool {
		ends := l.was(decide.PhaseDraining) &&
			(l.takes(decide.StepMove, decide.PhaseAwake) || l.takes(decide.StepMove, decide.PhaseWaking))
		visitor := l.start.intent == decide.Ask || l.start.intent == decide.Touch
		return implies(ends, visitor || l.knows(decide.NeedProtection) && l.facts.Protection.Active)
	},
	"looking and touching never wake": func(l *leaf) bool {
		asleep := l.was(decide.PhaseAsleep) || l.was(decide.PhaseDraining) && l.start.service.Desired == 0
		return implies(asleep && l.start.intent != decide.Ask, !l.takes(decide.StepStart, 0) &&
			!l.takes(decide.StepMove, decide.PhaseWaking) && !l.takes(decide.StepMove, decide.PhaseAwake))
	},
	"tasks are taken for stray only by a rule that was read after their count": func(l *leaf) bool {
		return implies(l.was(decide.PhaseAsleep) && l.takes(decide.StepMove, decide.PhaseDraining), l.knows(decide.NeedRuleAgain))
	},
	"whoever looks at a service that may not wake yet is told so, whatever a tick has made of it": func(l *leaf) bool {
		resting := l.was(decide.PhaseAsleep) || l.was(decide.PhaseDraining)
		failed := l.knows(decide.NeedFailures) && l.facts.Failures.Count >= 3 && noon.Sub(l.facts.Failures.Last) < 2*time.Minute
		return implies(resting && failed && l.start.intent == decide.Query && l.plan.Reason != decide.ReasonBlind, l.plan.State == decide.StateFailing)
	},
	"people are taken for gone after two published minutes without a request, or five in which nothing is": func(l *leaf) bool {
		if !l.was(decide.PhaseAwake) || !l.takes(decide.StepMove, decide.PhaseDraining) {
			return true
		}
		traffic, last := l.facts.Traffic, l.facts.Rule.Since
		for _, minute := range []time.Time{traffic.Last, traffic.UpSince} {
			if minute.After(last) {
				last = minute
			}
		}
		return traffic.Watermark.Sub(last) >= 2*time.Minute || noon.Sub(last) >= 5*time.Minute
	},
	"nothing is done blindly": func(l *leaf) bool {
		blind := l.start.missing != 0 && l.plan.Reason == decide.ReasonBlind
		return implies(blind, len(l.plan.Steps()) == 0 && l.plan.State == decide.StateUnknown)
	},
	"a failing service tells a class and when to try again": func(l *leaf) bool {
		return implies(l.plan.State == decide.StateFailing, l.plan.Class != decide.ClassNone && l.plan.RetryAt.After(noon))
	},
	"every decision has a reason": func(l *leaf) bool { return l.plan.Reason != decide.ReasonNone },
}
