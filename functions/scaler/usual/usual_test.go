package usual_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/telemetry"
	"github.com/webordinary/live-edit/functions/scaler/usual"
)

var noon = time.Date(2026, 3, 2, 12, 4, 20, 0, time.UTC)

// metrics answers with values by namespace, metric and statistic, each in the pieces that the window is cut into.
type metrics struct {
	mu    sync.Mutex
	calls []*cloudwatch.GetMetricDataInput
	have  map[string][]float64
	err   error
	wait  time.Duration
}

func (m *metrics) GetMetricData(
	ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options),
) (*cloudwatch.GetMetricDataOutput, error) {
	m.mu.Lock()
	m.calls = append(m.calls, in)
	m.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(m.wait):
	}
	out := &cloudwatch.GetMetricDataOutput{}
	for _, query := range in.MetricDataQueries {
		metric := query.MetricStat.Metric
		key := aws.ToString(metric.Namespace) + " " + aws.ToString(metric.MetricName) + " " + aws.ToString(query.MetricStat.Stat) + " " +
			aws.ToString(metric.Dimensions[0].Name) + "=" + aws.ToString(metric.Dimensions[0].Value)
		result := types.MetricDataResult{Id: query.Id, StatusCode: types.StatusCodeComplete}
		for i, value := range m.have[key] {
			if value > 0 {
				result.Timestamps = append(result.Timestamps, noon.Add(time.Duration(-i)*720*time.Hour))
				result.Values = append(result.Values, value)
			}
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, m.err
}

const (
	counts   = "Webordinary/EditScaler WakeSeconds SampleCount Service=edit"
	moved    = "Webordinary/EditScaler WakeSeconds p50 Service=edit"
	running  = "Webordinary/EditScaler WakeRunningSeconds p50 Service=edit"
	previews = telemetry.Namespace + " " + telemetry.MetricPreviewSeconds + " p50 Client=ada"
)

func wakes(m *metrics, now *time.Time) *usual.Wakes {
	return usual.New(usual.Wakes{
		CloudWatch: m, Service: "edit", Client: "ada", BuiltIn: 50 * time.Second, Now: func() time.Time { return *now },
		Log: slog.New(slog.DiscardHandler),
	})
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		have map[string][]float64
		want time.Duration
	}{
		"nothing":                     {nil, 50 * time.Second},
		"four wakes are too few":      {map[string][]float64{counts: {4}, moved: {30}}, 50 * time.Second},
		"five are enough":             {map[string][]float64{counts: {5}, moved: {30.4}}, 30 * time.Second},
		"until the preview's byte":    {map[string][]float64{counts: {9}, moved: {38}, running: {33}, previews: {14}}, 47 * time.Second},
		"which was there before":      {map[string][]float64{counts: {9}, moved: {60}, running: {33}, previews: {14}}, 60 * time.Second},
		"no supervisor":               {map[string][]float64{counts: {9}, moved: {60}, running: {33}}, 60 * time.Second},
		"a window in two pieces":      {map[string][]float64{counts: {2, 7}, moved: {10, 40}}, 40 * time.Second},
		"and with one part missing":   {map[string][]float64{counts: {7, 2}, moved: {40, 10}, running: {0, 90}, previews: {14}}, 40 * time.Second},
		"two pieces, each too few":    {map[string][]float64{counts: {4, 4}, moved: {10, 40}}, 50 * time.Second},
		"no median, whatever it says": {map[string][]float64{counts: {5}}, 50 * time.Second},
	} {
		now := noon
		require.Equal(t, c.want, wakes(&metrics{have: c.have}, &now).Typical(t.Context()), name)
	}
}

// TestOneCallAnHour, whoever asks at once, and for 30 days.
func TestOneCallAnHour(t *testing.T) {
	t.Parallel()
	m, now := &metrics{have: map[string][]float64{counts: {5}, moved: {30}}, wait: 10 * time.Millisecond}, noon
	w := wakes(m, &now)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { require.Equal(t, 30*time.Second, w.Typical(t.Context())) })
	}
	all.Wait()
	now = noon.Add(59 * time.Minute)
	w.Typical(t.Context())
	require.Len(t, m.calls, 1)
	require.Equal(t, 30*24*time.Hour, m.calls[0].EndTime.Sub(*m.calls[0].StartTime))
	require.False(t, m.calls[0].EndTime.Before(noon))
	m.have[moved] = []float64{44}
	now = noon.Add(time.Hour)
	require.Equal(t, 44*time.Second, w.Typical(t.Context()))
	require.Len(t, m.calls, 2)
}

// TestAFailureTellsWhatWasToldBefore, and leaves CloudWatch alone for a while.
func TestAFailureTellsWhatWasToldBefore(t *testing.T) {
	t.Parallel()
	m, now := &metrics{have: map[string][]float64{counts: {5}, moved: {30}}}, noon
	w := wakes(m, &now)
	require.Equal(t, 30*time.Second, w.Typical(t.Context()))
	m.err, now = errors.New("throttled"), noon.Add(2*time.Hour)
	require.Equal(t, 30*time.Second, w.Typical(t.Context()))
	w.Typical(t.Context())
	require.Len(t, m.calls, 2)
	m.err, now = nil, now.Add(5*time.Minute)
	w.Typical(t.Context())
	require.Len(t, m.calls, 3)
	slow := &metrics{wait: time.Minute}
	began := time.Now()
	require.Equal(t, 50*time.Second, wakes(slow, &now).Typical(t.Context()))
	require.Less(t, time.Since(began), 30*time.Second, "nobody waits for CloudWatch longer than half a second")
}
