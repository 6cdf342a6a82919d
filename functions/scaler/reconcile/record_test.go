package reconcile_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// record writes down a decision from those facts, with all or no steps done.
func record(t *testing.T, f *decide.Facts, outcome act.Outcome, err error) (logged, metrics string) {
	t.Helper()
	f.Now, f.Have = noon, ^decide.Need(0)
	policy := decide.NewPolicy(5 * time.Minute)
	result := reconcile.Result{Facts: *f, Plan: policy.Decide(f, decide.Tick), Outcome: outcome}
	var log, out bytes.Buffer
	r := reconcile.Recorder{
		Service: "edit", Log: slog.New(slog.NewJSONHandler(&log, nil)), Metrics: &out, Now: func() time.Time { return noon },
	}
	r.Record("tick", &result, err)
	return log.String(), out.String()
}

func ago(d time.Duration) time.Time { return noon.Truncate(time.Minute).Add(-d) }

func TestQuietTicksLeaveNoTrace(t *testing.T) {
	t.Parallel()
	log, metrics := record(t, &decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}}, act.Outcome{}, nil)
	require.Empty(t, log)
	require.Empty(t, metrics)
}

// TestMetrics checks the lines against CloudWatch's embedded metric format.
func TestMetrics(t *testing.T) {
	t.Parallel()
	draining := decide.Facts{
		Rule: decide.Position{Phase: decide.PhaseDraining, Since: ago(3 * time.Minute)}, Service: decide.Service{Desired: 1},
		Traffic: decide.Traffic{Watermark: ago(time.Minute)},
	}
	for metric, c := range map[string]struct {
		facts   decide.Facts
		outcome act.Outcome
		value   float64
		unit    string
	}{
		"WakeSeconds": {decide.Facts{
			Rule: decide.Position{Phase: decide.PhaseWaking, Since: ago(time.Minute)}, Service: decide.Service{Desired: 1},
			Tasks: decide.Tasks{Live: 1, Running: 1, Oldest: noon.Add(-41500 * time.Millisecond)}, Health: decide.Health{API: 1, Preview: 1},
		}, act.Outcome{Done: 1}, 41.5, "Seconds"},
		"WakeGaveUp": {decide.Facts{
			Rule: decide.Position{Phase: decide.PhaseWaking, Since: ago(time.Minute)}, Service: decide.Service{Desired: 1},
			Failures: decide.Failures{Count: 3, Last: ago(0), Class: decide.ClassImage},
		}, act.Outcome{Done: 2}, 1, "Count"},
		"Slept":   {draining, act.Outcome{Done: 1}, 1, "Count"},
		"Revived": {draining, act.Outcome{Done: 1, Revived: true}, 1, "Count"},
	} {
		log, out := record(t, &c.facts, c.outcome, nil)
		require.Contains(t, log, `"msg":"service changed"`, metric)
		require.Equal(t, 1, strings.Count(out, "\n"), metric)
		var line struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
			Service string
		}
		require.NoError(t, json.Unmarshal([]byte(out), &line))
		require.Equal(t, noon.UnixMilli(), line.AWS.Timestamp)
		require.Equal(t, "edit", line.Service)
		require.Equal(t, reconcile.Namespace, line.AWS.CloudWatchMetrics[0].Namespace)
		require.Equal(t, [][]string{{"Service"}}, line.AWS.CloudWatchMetrics[0].Dimensions)
		require.Equal(t, []struct{ Name, Unit string }{{metric, c.unit}}, line.AWS.CloudWatchMetrics[0].Metrics)
		var values map[string]any
		require.NoError(t, json.Unmarshal([]byte(out), &values))
		require.InDelta(t, c.value, values[metric], 1e-9)
	}
}

// TestUndoneStepsAreNotCounted: a wake that could not be given up has not been given up.
func TestUndoneStepsAreNotCounted(t *testing.T) {
	t.Parallel()
	log, metrics := record(t, &decide.Facts{
		Rule: decide.Position{Phase: decide.PhaseWaking, Since: ago(time.Minute)}, Service: decide.Service{Desired: 1},
		Failures: decide.Failures{Count: 3, Last: ago(0), Class: decide.ClassSecret},
	}, act.Outcome{Done: 1}, errAWS)
	require.Empty(t, metrics)
	require.Contains(t, log, `"level":"ERROR"`)
	require.Contains(t, log, `"error":"throttled"`)
	require.Contains(t, log, `"class":"secret"`)
	require.Contains(t, log, `"done":1`)
}
