package scalertest

import (
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// window is how far back [Account.Observe] reads metrics unless Account.Window says more: that of the policy for five minutes.
const window = 9 * time.Minute

// failureWindow is how long a failed task counts, as for the real observer.
const failureWindow = 10 * time.Minute

// After lets something happen later, among what the account does by itself.
func (w *Account) After(d time.Duration, do func()) { w.after(d, do) }

// Observe gives needed facts as the function's observer would read them, without the API in between.
func (w *Account) Observe(need decide.Need, f *decide.Facts) {
	f.Have |= need
	if need&(decide.NeedRule|decide.NeedRuleAgain) != 0 {
		f.Rule = w.Position()
	}
	if need&decide.NeedService != 0 {
		running, pending := w.Counts()
		//nolint:gosec // a handful
		f.Service = decide.Service{
			Desired: int32(w.desired), Running: int32(running), Pending: int32(pending), Registered: w.registeredAt(),
		}
	}
	if need&decide.NeedHealth != 0 {
		healthy := int32(w.Healthy()) //nolint:gosec // a handful
		f.Health = decide.Health{API: healthy, Preview: healthy, Unreachable: w.unreachable()}
	}
	if need&decide.NeedTasks != 0 {
		f.Tasks = w.summary()
	}
	if need&decide.NeedFailures != 0 {
		f.Failures = w.failures()
	}
	if need&decide.NeedProtection != 0 {
		f.Protection = decide.Protection{}
		for _, t := range w.live() {
			f.Protection.Active = f.Protection.Active || t.Protected(w.now)
		}
	}
	if need&decide.NeedTraffic != 0 {
		f.Traffic = w.traffic()
	}
}

// registeredAt is when a task was last added to the target groups.
func (w *Account) registeredAt() time.Time {
	var last time.Time
	for _, t := range w.tasks {
		if t.Registered.After(last) {
			last = t.Registered
		}
	}
	return last
}

func (w *Account) summary() decide.Tasks {
	var sum decide.Tasks
	for _, t := range w.live() {
		sum.Live++
		if sum.Oldest.IsZero() || t.Created.Before(sum.Oldest) {
			sum.Oldest, sum.First = t.Created, decide.Timeline{
				Task: t.arn(), Created: t.Created, Attached: t.PullStarted, PullStarted: t.PullStarted, PullStopped: t.PullStopped,
				Started: t.Started,
			}
		}
		switch {
		case t.Status == Running:
			sum.Running++
			sum.Stage = decide.StageChecking
		case !t.PullStopped.IsZero():
			sum.Stage = max(sum.Stage, decide.StageStarting)
		case !t.PullStarted.IsZero():
			sum.Stage = max(sum.Stage, decide.StagePulling)
		default:
			sum.Stage = max(sum.Stage, decide.StagePlacing)
		}
	}
	return sum
}

// earlyExit is the run time below which a container that ended could not start, as for the real observer.
const earlyExit = 3 * time.Minute

func (w *Account) failures() decide.Failures {
	var sum decide.Failures
	position := w.Position()
	for _, t := range w.tasks {
		stopped := t.Ended
		if stopped.IsZero() {
			stopped = t.Stopping
		}
		waking := position.Phase == decide.PhaseWaking && !t.Created.Before(position.Since)
		if !t.failedItself(waking) || t.Created.Before(w.deployedAt) || w.now.Sub(stopped) > failureWindow {
			continue
		}
		sum.Count++
		sum.Class = decide.ClassOther
		if stopped.After(sum.Last) {
			sum.Last = stopped
		}
		if (waking || position.Phase != decide.PhaseWaking) && (sum.Oldest.IsZero() || t.Created.Before(sum.Oldest)) {
			sum.Oldest = t.Created
		}
	}
	return sum
}

// failedItself reports whether a task did not stop because it was told to; a container of a wake has no other way to end.
func (t *Task) failedItself(waking bool) bool {
	switch t.StopCode {
	case "TaskFailedToStart":
		return true
	case "EssentialContainerExited":
		stopped := t.Ended
		if stopped.IsZero() {
			stopped = t.Stopping
		}
		return waking || stopped.Sub(t.Started) < earlyExit
	default:
		return strings.Contains(t.Reason, "health checks")
	}
}

func (w *Account) traffic() decide.Traffic {
	var traffic decide.Traffic
	from := w.now.Truncate(time.Minute).Add(-max(w.Window, window))
	for i := range w.requests {
		for _, p := range w.requests[i].shown(w, from) {
			if p.value > 0 && p.minute.After(traffic.Last) {
				traffic.Last = p.minute
			}
		}
	}
	var minutes []time.Time
	for _, p := range w.hosts.shown(w, from) {
		minutes = append(minutes, p.minute)
		if p.value > 0 && (traffic.UpSince.IsZero() || p.minute.Before(traffic.UpSince)) {
			traffic.UpSince = p.minute
		}
	}
	traffic.Watermark = decide.Published(minutes, traffic.Last, w.now)
	return traffic
}

// Apply carries out a step, as the function's actor would.
func (w *Account) Apply(step decide.Step) {
	switch step.Kind {
	case decide.StepMove:
		position := decide.Position{Phase: step.Phase}
		if step.Mark {
			position.Since = w.now
		}
		w.SetPriority(w.layout.Encode(position))
	case decide.StepStart:
		w.SetDesired(1, true)
	case decide.StepStop, decide.StepStopIdle:
		w.SetDesired(0, true)
	}
}

// Idle reports whether nothing runs and nothing is wanted: until somebody comes, ticks change nothing.
func (w *Account) Idle() bool {
	if w.desired != 0 || w.Position().Phase != decide.PhaseAsleep {
		return false
	}
	for _, t := range w.tasks {
		if t.Status != Stopped {
			return false
		}
	}
	return true
}

// Billed is how long Fargate bills a task: from the image pull to its end, a minute at least (aws.amazon.com/fargate/pricing).
func (t *Task) Billed(until time.Time) time.Duration {
	if t.PullStarted.IsZero() {
		return 0
	}
	end := t.Ended
	if end.IsZero() {
		end = until
	}
	return max(end.Sub(t.PullStarted), time.Minute)
}
