package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// Namespace of the metrics; their dimension is Service.
const Namespace = "Webordinary/EditScaler"

// The metrics.
const (
	// MetricWakeSeconds is the time from a task's creation until requests reach it, once per wake.
	MetricWakeSeconds = "WakeSeconds"
	// MetricGaveUp counts wakes that were given up because no task could start.
	MetricGaveUp = "WakeGaveUp"
	// MetricSlept counts services put to sleep, and MetricRevived those that a visitor saved at the last moment.
	MetricSlept   = "Slept"
	MetricRevived = "Revived"
)

// Recorder keeps a record of what the function did: a log line for every call that changed or missed something, and metrics in
// CloudWatch's embedded metric format for wakes. Metrics are written only when there is something to count, since CloudWatch
// bills a metric by the hours in which it has data.
type Recorder struct {
	Service string
	Log     *slog.Logger
	// Metrics receives one line of JSON per metric; in Lambda that is standard output.
	Metrics io.Writer
	Now     func() time.Time
}

// Record writes down a run that changed something or went wrong; others would only be noise.
func (r *Recorder) Record(event string, result *Result, err error) {
	plan := &result.Plan
	done := plan.Steps()[:result.Outcome.Done]
	if err == nil && len(done) == 0 {
		return
	}
	attributes := []slog.Attr{
		slog.String("event", event), slog.String("phase", result.Facts.Rule.Phase.String()),
		slog.String("state", plan.State.String()), slog.String("reason", string(plan.Reason)),
		slog.Int("steps", len(plan.Steps())), slog.Int("done", result.Outcome.Done),
		slog.Int("desired", int(result.Facts.Service.Desired)), slog.Bool("revived", result.Outcome.Revived),
	}
	if plan.Class != decide.ClassNone {
		attributes = append(attributes, slog.String("class", string(plan.Class)))
	}
	level, message := slog.LevelInfo, "service changed"
	if err != nil {
		level, message = slog.LevelError, "not everything could be observed or done"
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	r.Log.LogAttrs(context.Background(), level, message, attributes...)
	r.count(result, done)
}

// count derives metrics from the steps that were done.
func (r *Recorder) count(result *Result, done []decide.Step) {
	plan := &result.Plan
	for _, step := range done {
		switch {
		case step.Kind == decide.StepMove && plan.Reason == decide.ReasonWoke && !plan.WokenAt.IsZero():
			r.metric(MetricWakeSeconds, "Seconds", r.Now().Sub(plan.WokenAt).Seconds())
		case step.Kind == decide.StepStop:
			r.metric(MetricGaveUp, "Count", 1)
		case step.Kind == decide.StepStopIdle && result.Outcome.Revived:
			r.metric(MetricRevived, "Count", 1)
		case step.Kind == decide.StepStopIdle:
			r.metric(MetricSlept, "Count", 1)
		}
	}
}

// metric writes one line (CloudWatch user guide: "Embedded metric format specification").
func (r *Recorder) metric(name, unit string, value float64) {
	type definition struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	line, err := json.Marshal(map[string]any{
		"_aws": map[string]any{
			"Timestamp": r.Now().UnixMilli(),
			"CloudWatchMetrics": []directive{{
				Namespace: Namespace, Dimensions: [][]string{{"Service"}}, Metrics: []definition{{name, unit}},
			}},
		},
		"Service": r.Service,
		name:      value,
	})
	if err == nil {
		_, err = fmt.Fprintf(r.Metrics, "%s\n", line)
	}
	if err != nil {
		r.Log.Error("metric not written", "metric", name, "error", err)
	}
}
