package reconcile_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// recording is a recorder and what it has written.
type recording struct {
	reconcile.Recorder
	now time.Time
	// answering is how long the calls of a decision's steps take.
	answering    time.Duration
	log, metrics bytes.Buffer
}

func newRecording(now time.Time) *recording {
	r := &recording{now: now}
	r.Recorder = reconcile.Recorder{
		Service: "edit", Log: slog.New(slog.NewJSONHandler(&r.log, nil)), Metrics: &r.metrics, Now: func() time.Time { return r.now },
	}
	return r
}

// decided records a decision whose steps were all done.
func (r *recording) decided(f decide.Facts) {
	f.Now, f.Have = r.now, ^decide.Need(0)
	policy := decide.NewPolicy(5 * time.Minute)
	result := reconcile.Result{Facts: f, Plan: policy.Decide(&f, decide.Ask), LookedAtHealth: r.now}
	result.Outcome = act.Outcome{Done: len(result.Plan.Steps()), Asked: r.now}
	r.now = r.now.Add(r.answering)
	r.Record("page", &result, nil)
}

// serving are the facts when a wake ends.
func serving(first decide.Timeline, registered time.Time) decide.Facts {
	return decide.Facts{
		Rule:    decide.Position{Phase: decide.PhaseWaking, Since: first.Created.Truncate(time.Minute)},
		Service: decide.Service{Desired: 1, Registered: registered}, Health: decide.Health{API: 1, Preview: 1},
		Tasks: decide.Tasks{Live: 1, Running: 1, Oldest: first.Created, First: first},
	}
}

func timelineFrom(created time.Time) decide.Timeline {
	at := func(seconds int) time.Time { return created.Add(time.Duration(seconds) * time.Second) }
	return decide.Timeline{Task: "arn:task/1", Created: created, Attached: at(4), PullStarted: at(14), PullStopped: at(27), Started: at(31)}
}

// woken returns the last record and the last line of metrics.
func (r *recording) woken(t *testing.T) (reconcile.Wake, map[string]any) {
	t.Helper()
	last := func(b *bytes.Buffer) []byte {
		lines := bytes.Split(bytes.TrimSpace(b.Bytes()), []byte("\n"))
		return lines[len(lines)-1]
	}
	var line struct {
		Message string `json:"msg"`
		Wake    reconcile.Wake
	}
	require.NoError(t, json.Unmarshal(last(&r.log), &line))
	require.Equal(t, reconcile.WokenMessage, line.Message)
	metrics := map[string]any{}
	require.NoError(t, json.Unmarshal(last(&r.metrics), &metrics))
	return line.Wake, metrics
}

func TestOneRecordOfAWake(t *testing.T) {
	t.Parallel()
	r := newRecording(noon)
	r.answering = 3 * time.Second // in which the task is made
	r.decided(decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}})
	r.answering = 0
	first := timelineFrom(noon.Add(2 * time.Second))
	r.now = noon.Add(40 * time.Second)
	r.decided(serving(first, noon.Add(35*time.Second)))
	wake, metrics := r.woken(t)
	require.Equal(t, reconcile.Wake{
		Task: "arn:task/1", Asked: noon, Created: first.Created, Attached: first.Attached, PullStarted: first.PullStarted,
		PullStopped: first.PullStopped, Started: first.Started, Registered: noon.Add(35 * time.Second), Healthy: r.now, Moved: r.now,
	}, wake)
	for metric, seconds := range map[string]float64{
		"WakeSeconds": 38, "WakeSchedulingSeconds": 2, "WakeAttachingSeconds": 4, "WakePlacingSeconds": 10, "WakePullingSeconds": 13,
		"WakeStartingSeconds": 4, "WakeRunningSeconds": 33, "WakeRegisteringSeconds": 2, "WakeCheckingSeconds": 5, "WakeMovingSeconds": 0,
	} {
		require.Contains(t, metrics, metric)
		require.InDelta(t, seconds, metrics[metric], 1e-9, metric)
	}
	directives := metrics["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)["Metrics"].([]any)
	require.Len(t, directives, 2+len(reconcile.WakeStages), "CloudWatch makes metrics of those only that the line defines")
}

// TestWhatWasNotSeenIsLeftOut: another process was asked, the service's event is an older task's, and no time of the image.
func TestWhatWasNotSeenIsLeftOut(t *testing.T) {
	t.Parallel()
	r := newRecording(noon.Add(-time.Hour))
	r.decided(decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}}) // another wake, whose end another process saw
	r.now = noon
	first := timelineFrom(noon.Add(-40 * time.Second))
	first.PullStopped = time.Time{}
	r.decided(serving(first, noon.Add(-time.Hour)))
	wake, metrics := r.woken(t)
	require.Zero(t, wake.Asked)
	require.Zero(t, wake.Registered)
	require.InDelta(t, 40, metrics["WakeSeconds"], 1e-9)
	require.InDelta(t, 10, metrics["WakePlacingSeconds"], 1e-9)
	require.InDelta(t, 31, metrics["WakeRunningSeconds"], 1e-9)
	for _, metric := range []string{
		"WakeSchedulingSeconds", "WakePullingSeconds", "WakeStartingSeconds", "WakeRegisteringSeconds", "WakeCheckingSeconds",
	} {
		require.NotContains(t, metrics, metric)
	}
}

// TestAnAskIsUsedOnce: the next wake of the same process has its own.
func TestAnAskIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := newRecording(noon)
	r.decided(decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}})
	r.now = noon.Add(40 * time.Second)
	first := timelineFrom(noon.Add(time.Second))
	r.decided(serving(first, time.Time{}))
	r.decided(serving(first, time.Time{}))
	wake, _ := r.woken(t)
	require.Zero(t, wake.Asked)
}

// TestRegisteredInTheMomentOfItsStart: ECS's times have milliseconds, so both may be the same. Without a start nothing tells whose the
// registration was.
func TestRegisteredInTheMomentOfItsStart(t *testing.T) {
	t.Parallel()
	r := newRecording(noon)
	first := timelineFrom(noon.Add(-40 * time.Second))
	r.decided(serving(first, first.Started))
	wake, _ := r.woken(t)
	require.Equal(t, first.Started, wake.Registered)
	first.Started = time.Time{}
	r.decided(serving(first, noon.Add(-time.Hour)))
	wake, _ = r.woken(t)
	require.Zero(t, wake.Registered)
}
