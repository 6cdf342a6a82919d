package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// Namespace of the metrics; their dimension is Service.
const Namespace = "Webordinary/EditScaler"

// The metrics.
const (
	// MetricWakeSeconds is the time from a task's creation until requests reach it, once per wake.
	MetricWakeSeconds = "WakeSeconds"
	// MetricRunningSeconds is the time from asking for a wake, or from the task's creation if that is not known, until its container
	// runs; the container's own part comes after it.
	MetricRunningSeconds = "WakeRunningSeconds"
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

	mu    sync.Mutex
	asked time.Time
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
			r.woken(result)
		case step.Kind == decide.StepStart:
			r.remember(result.Outcome.Asked)
		case step.Kind == decide.StepStop:
			r.metrics("Count", value{MetricGaveUp, 1})
		case step.Kind == decide.StepStopIdle && result.Outcome.Revived:
			r.metrics("Count", value{MetricRevived, 1})
		case step.Kind == decide.StepStopIdle:
			r.metrics("Count", value{MetricSlept, 1})
		}
	}
}

// value of a metric.
type value struct {
	name   string
	amount float64
}

// metrics writes one line (CloudWatch user guide: "Embedded metric format specification").
func (r *Recorder) metrics(unit string, values ...value) {
	type definition struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	about := directive{Namespace: Namespace, Dimensions: [][]string{{"Service"}}}
	document := map[string]any{"Service": r.Service}
	for _, v := range values {
		about.Metrics = append(about.Metrics, definition{v.name, unit})
		document[v.name] = v.amount
	}
	document["_aws"] = map[string]any{"Timestamp": r.Now().UnixMilli(), "CloudWatchMetrics": []directive{about}}
	line, err := json.Marshal(document)
	if err == nil {
		_, err = fmt.Fprintf(r.Metrics, "%s\n", line)
	}
	if err != nil {
		r.Log.Error("metrics not written", "metrics", about.Metrics, "error", err)
	}
}
