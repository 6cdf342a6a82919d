// Package telemetry writes the supervisor's log, one JSON object a line, and its metrics in CloudWatch's embedded metric format.
package telemetry

import (
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Namespace of the metrics; their dimension is Client.
const Namespace = "Webordinary/EditSupervisor"

// The metrics.
const (
	// MetricSessions is how many sessions the task owns, MetricBusyMinutes how many of them somebody was at work in, once a minute.
	MetricSessions    = "Sessions"
	MetricBusyMinutes = "BusyMinutes"
	// MetricForwarded counts requests passed to the task that owns their session.
	MetricForwarded = "ForwardedRequests"
	// MetricTakeOvers counts sessions taken from an owner that had died, MetricHandedBack those given back in peace.
	MetricTakeOvers  = "TakeOvers"
	MetricHandedBack = "HandedBack"
	// MetricFailures counts sessions that can't start: once a minute each, for as long as that is so.
	MetricFailures = "SessionFailures"
	// MetricPreviewSeconds is the time from the start of the task to the first byte of a preview.
	MetricPreviewSeconds = "PreviewSeconds"
)

// Recorder writes log and metrics. Its methods may be called at once.
type Recorder struct {
	Log    *slog.Logger
	out    io.Writer
	client string

	mu     sync.Mutex
	counts map[string]float64
}

// New returns a recorder that writes whole lines to out.
func New(out io.Writer, client string) *Recorder {
	lines := &lineWriter{out: out}
	return &Recorder{Log: slog.New(slog.NewJSONHandler(lines, nil)), out: lines, client: client, counts: map[string]float64{}}
}

// lineWriter keeps lines whole that are written at once.
type lineWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

// Woken is the task's part of a wake. The scaler's record has the part before, under the same task's ARN and the same message.
type Woken struct {
	Task, Session string
	// StartedAt is when the supervisor began; the others count from it: the session's lease was claimed, and the preview sent its
	// first byte.
	StartedAt          time.Time
	Claimed, FirstByte time.Duration
}

// WokenMessage is the log message of a wake's record (functions/scaler/reconcile has the same).
const WokenMessage = "woken"

// Woken writes the record, and the metric by which a stack's own wakes are told to visitors.
func (r *Recorder) Woken(w Woken) {
	r.Log.Info(WokenMessage, "task", w.Task, "session", w.Session, "startedAt", w.StartedAt.UTC(), "claimedAfter", w.Claimed.Seconds(),
		"preparedAndStartedIn", (w.FirstByte - w.Claimed).Seconds(), "firstByteAfter", w.FirstByte.Seconds())
	r.Metric(MetricPreviewSeconds, "Seconds", w.FirstByte.Seconds())
}

// Count adds to a count that Flush writes.
func (r *Recorder) Count(metric string, n float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[metric] += n
}

// Flush writes what was counted since the last time. What is zero is left out, since a metric costs by the hours in which it has data.
func (r *Recorder) Flush() {
	r.mu.Lock()
	counts := r.counts
	r.counts = map[string]float64{}
	r.mu.Unlock()
	for metric, n := range counts {
		if n != 0 {
			r.Metric(metric, "Count", n)
		}
	}
}

// Metric writes one value.
func (r *Recorder) Metric(name, unit string, value float64) {
	line, err := json.Marshal(map[string]any{
		"_aws": map[string]any{
			"Timestamp": time.Now().UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": Namespace, "Dimensions": [][]string{{"Client"}},
				"Metrics": []any{map[string]string{"Name": name, "Unit": unit}},
			}},
		},
		"Client": r.client, name: value,
	})
	if err != nil {
		r.Log.Error("a metric can't be written", "metric", name, "error", err)
		return
	}
	_, _ = r.out.Write(append(line, '\n')) // nobody is left to be told
}
