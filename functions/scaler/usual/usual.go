// Package usual knows how long this stack's wakes have taken, by the metrics that the function itself and the container's
// supervisor have written. It keeps no state but a copy of the answer.
package usual

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// CloudWatch is what is asked of Amazon CloudWatch.
type CloudWatch interface {
	GetMetricData(
		context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options),
	) (*cloudwatch.GetMetricDataOutput, error)
}

const (
	// Enough wakes make a median worth telling.
	Enough = 5
	// window is what the median is of: a site that is edited a few times a month has some wakes in it.
	window = 30 * 24 * time.Hour
	// keep is how long an answer is told, and again how long after a failure CloudWatch is left alone.
	keep  = time.Hour
	again = 5 * time.Minute
	// patience bounds the query, for which somebody waits.
	patience = 500 * time.Millisecond
	// The container's metric (container/supervisor/telemetry; a test holds the names equal).
	supervisorNamespace = "Webordinary/EditSupervisor"
	previewSeconds      = "PreviewSeconds"
)

// Wakes are those of one service.
type Wakes struct {
	CloudWatch CloudWatch
	// Service and Client are the dimensions of the function's and of the container's metrics; without a client the container's
	// part is not known.
	Service, Client string
	// BuiltIn is told until there are enough wakes.
	BuiltIn time.Duration
	Now     func() time.Time
	Log     *slog.Logger

	// gate is held by whoever asks CloudWatch, or reads what it said.
	gate  chan struct{}
	until time.Time
	told  time.Duration
}

// New makes wakes of which nothing is known yet.
func New(w Wakes) *Wakes {
	w.gate, w.told = make(chan struct{}, 1), w.BuiltIn
	return &w
}

// Typical is what a wake usually takes: the median of the last 30 days, or the built-in figure. It asks CloudWatch once an hour
// and process, with one call. Whoever comes meanwhile waits for the same answer.
func (w *Wakes) Typical(ctx context.Context) time.Duration {
	select {
	case w.gate <- struct{}{}:
		defer func() { <-w.gate }()
	case <-ctx.Done():
		return w.BuiltIn
	}
	now := w.Now()
	if now.Before(w.until) {
		return w.told
	}
	found, err := w.ask(ctx, now)
	if err != nil {
		w.until = now.Add(again)
		w.Log.WarnContext(ctx, "the usual time of a wake is not known", "told", w.told.String(), "error", err)
		return w.told
	}
	w.until, w.told = now.Add(keep), found
	return found
}

// IDs of the queries.
const (
	count   = "count"
	moved   = "moved"
	running = "running"
	preview = "preview"
)

// ask asks for the medians and the number of wakes in one call.
func (w *Wakes) ask(ctx context.Context, now time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	queries := []types.MetricDataQuery{
		w.query(count, reconcile.MetricWakeSeconds, "SampleCount"), w.query(moved, reconcile.MetricWakeSeconds, "p50"),
		w.query(running, reconcile.MetricRunningSeconds, "p50"),
	}
	if w.Client != "" {
		queries = append(queries, w.query(preview, previewSeconds, "p50"))
	}
	end := now.Truncate(time.Hour).Add(time.Hour)
	out, err := w.CloudWatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-window)), EndTime: aws.Time(end), MetricDataQueries: queries,
	})
	if err != nil {
		return 0, fmt.Errorf("get metrics of the wakes of service %s: %w", w.Service, err)
	}
	series := map[string]types.MetricDataResult{}
	for _, result := range out.MetricDataResults {
		if result.StatusCode != types.StatusCodeComplete {
			return 0, fmt.Errorf("get metric %q of the wakes of service %s: %w: status %s", aws.ToString(result.Id), w.Service,
				errIncomplete, result.StatusCode)
		}
		series[aws.ToString(result.Id)] = result
	}
	return w.median(series), nil
}

var errIncomplete = errors.New("CloudWatch has no complete answer")

func (w *Wakes) query(id, metric, statistic string) types.MetricDataQuery {
	namespace, dimension, of := reconcile.Namespace, "Service", w.Service
	if metric == previewSeconds {
		namespace, dimension, of = supervisorNamespace, "Client", w.Client
	}
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{
			Namespace: &namespace, MetricName: &metric, Dimensions: []types.Dimension{{Name: &dimension, Value: &of}},
		},
		Period: aws.Int32(int32(window / time.Second)), Stat: &statistic,
	}}
}

// median makes one figure of the medians: a wake is over when requests reach the service, or when the preview has sent its first
// byte, whichever is later. CloudWatch may cut the window in two; the piece with more wakes counts.
func (w *Wakes) median(series map[string]types.MetricDataResult) time.Duration {
	counts := series[count]
	best := -1
	for i := range min(len(counts.Values), len(counts.Timestamps)) {
		if best < 0 || counts.Values[i] > counts.Values[best] {
			best = i
		}
	}
	if best < 0 || counts.Values[best] < Enough {
		return w.BuiltIn
	}
	of := func(id string) float64 { return at(series[id], counts.Timestamps[best]) }
	seconds := of(moved)
	if whole := of(running) + of(preview); of(running) > 0 && of(preview) > 0 {
		seconds = max(seconds, whole)
	}
	if seconds < 1 {
		return w.BuiltIn
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

// at is a series' value at a time; zero if it has none.
func at(series types.MetricDataResult, moment time.Time) float64 {
	for i := range min(len(series.Values), len(series.Timestamps)) {
		if series.Timestamps[i].Equal(moment) {
			return series.Values[i]
		}
	}
	return 0
}
