package reconcile

import (
	"context"
	"log/slog"
	"time"
)

// WokenMessage is the log message of a wake's record. The container's supervisor writes a line with the same message and task
// when the preview has sent its first byte.
const WokenMessage = "woken"

// Wake is the record of a wake, from its being asked for until the load balancer was told to send requests to the service.
// Times that nobody saw are zero.
type Wake struct {
	// Task is its ARN, by which the supervisor's record belongs to this one.
	Task string `json:"task"`
	// Asked is when the call began that raised the desired count; zero if another process of the function did that.
	Asked time.Time `json:"asked,omitzero"`
	// Created to Started are ECS's own times of the task, Registered that of its event.
	Created     time.Time `json:"created,omitzero"`
	Attached    time.Time `json:"attached,omitzero"`
	PullStarted time.Time `json:"pullStarted,omitzero"`
	PullStopped time.Time `json:"pullStopped,omitzero"`
	Started     time.Time `json:"started,omitzero"`
	Registered  time.Time `json:"registered,omitzero"`
	// Healthy is when the function saw the target healthy, which the load balancer keeps no time of: at its next look, two or
	// three seconds late while somebody waits. Moved is when it had moved its rule.
	Healthy time.Time `json:"healthy,omitzero"`
	Moved   time.Time `json:"moved,omitzero"`
}

// WakeStage is a part of a wake.
type WakeStage struct {
	// Metric in Namespace, in seconds; Label for people.
	Metric, Label string
	from, to      func(*Wake) time.Time
}

// WakeStages in their order. Together they are the wake, but for what the container does after its start (the supervisor's
// PreviewSeconds), which goes on beside the last three.
var WakeStages = []WakeStage{
	{"WakeSchedulingSeconds", "asked → task created", asked, created},
	{"WakeAttachingSeconds", "created → network attached", created, attached},
	{"WakePlacingSeconds", "attached → pull started", attached, pullStarted},
	{"WakePullingSeconds", "image pull", pullStarted, pullStopped},
	{"WakeStartingSeconds", "pulled → container started", pullStopped, started},
	{"WakeRegisteringSeconds", "started → registered", started, registered},
	{"WakeCheckingSeconds", "registered → healthy", registered, healthy},
	{"WakeMovingSeconds", "healthy → rule moved", healthy, moved},
}

func asked(w *Wake) time.Time       { return w.Asked }
func created(w *Wake) time.Time     { return w.Created }
func attached(w *Wake) time.Time    { return w.Attached }
func pullStarted(w *Wake) time.Time { return w.PullStarted }
func pullStopped(w *Wake) time.Time { return w.PullStopped }
func started(w *Wake) time.Time     { return w.Started }
func registered(w *Wake) time.Time  { return w.Registered }
func healthy(w *Wake) time.Time     { return w.Healthy }
func moved(w *Wake) time.Time       { return w.Moved }

// Took is how long a stage took; false if one of its ends was not seen, or they contradict each other.
func (s *WakeStage) Took(w *Wake) (time.Duration, bool) {
	from, to := s.from(w), s.to(w)
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return 0, false
	}
	return to.Sub(from), true
}

// askedBefore is how long before its task's creation a wake may have been asked for; what is older was another one.
const askedBefore = 2 * time.Minute

// remember keeps when a wake was asked for, for its record. It is lost with the process, and the stage then left out.
func (r *Recorder) remember(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = at
}

// wakeOf is the record of a wake whose rule has been moved.
func (r *Recorder) wakeOf(result *Result) Wake {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &result.Facts
	first := &f.Tasks.First
	w := Wake{
		Task: first.Task, Created: first.Created, Attached: first.Attached, PullStarted: first.PullStarted,
		PullStopped: first.PullStopped, Started: first.Started, Healthy: result.LookedAtHealth, Moved: r.Now(),
	}
	if !first.Started.IsZero() && !f.Service.Registered.Before(first.Started) {
		w.Registered = f.Service.Registered
	}
	if age := first.Created.Sub(r.asked); !r.asked.IsZero() && age >= 0 && age < askedBefore {
		w.Asked = r.asked
	}
	r.asked = time.Time{}
	return w
}

// woken writes the record of a wake: a line for people and for cmd/calibrate, and one of metrics.
func (r *Recorder) woken(result *Result) {
	values := []value{{MetricWakeSeconds, r.Now().Sub(result.Plan.WokenAt).Seconds()}}
	if result.Facts.Tasks.First.Task == "" { // the tasks could not be read
		r.metrics("Seconds", values...)
		return
	}
	w := r.wakeOf(result)
	for i := range WakeStages {
		if took, seen := WakeStages[i].Took(&w); seen {
			values = append(values, value{WakeStages[i].Metric, took.Seconds()})
		}
	}
	begun := w.Asked
	if begun.IsZero() {
		begun = w.Created
	}
	if w.Started.After(begun) {
		values = append(values, value{MetricRunningSeconds, w.Started.Sub(begun).Seconds()})
	}
	r.metrics("Seconds", values...)
	r.Log.LogAttrs(context.Background(), slog.LevelInfo, WokenMessage, slog.Any("wake", w))
}
