package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

var morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// played is one wake of the model, seen through the function's own observer, decision, actor and recorder, with the SDK's types in between;
// the supervisor's line is written by its own recorder.
func played(t *testing.T, s *timing.Setup, seed uint64, log io.Writer) {
	t.Helper()
	now, layout := morning, decide.Layout{Base: 100}
	clock := func() time.Time { return now }
	world := scalertest.New(s.Timing(), layout, morning, seed)
	api := scalertest.NewAPI(world, clock, func(context.Context, string, bool) error { return nil })
	policy := decide.NewPolicy(5 * time.Minute)
	observer := observe.Observer{
		Subject: observe.Subject{
			Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, APIGroupARN: scalertest.APIGroupARN,
			PreviewGroupARN: scalertest.PreviewGroupARN, Layout: layout, Window: policy.Window(),
		},
		ECS: api, ELB: api, CloudWatch: api,
	}
	runner := reconcile.Reconciler{
		Policy: policy, Begin: func() reconcile.Observation { return observer.Begin() }, Now: clock,
		Actor: &act.Actor{
			Subject: act.Subject{Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, Layout: layout},
			ECS:     api, ELB: api, Now: clock,
		},
	}
	recorder := reconcile.Recorder{Service: "edit", Log: slog.New(slog.NewJSONHandler(log, nil)), Metrics: io.Discard, Now: clock}
	for {
		result, err := runner.Run(t.Context(), decide.Ask)
		recorder.Record("page", &result, err)
		require.NoError(t, err)
		if result.Plan.State == decide.StateReady {
			break
		}
		require.Less(t, now.Sub(morning), 10*time.Minute)
		now = now.Add(2 * time.Second)
	}
	task := world.Tasks()[0]
	inside := telemetry.New(log, "ameliastamps")
	inside.Woken(telemetry.Woken{
		Task: result(t, log), Session: "ada", StartedAt: task.Started, Claimed: time.Second, FirstByte: task.Serves().Sub(task.Started),
	})
}

// result is the task's ARN in the record that was just written; each world numbers its tasks from one, so the caller makes them differ.
func result(t *testing.T, log io.Writer) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log.(*bytes.Buffer).String()), "\n")
	var line struct{ Wake reconcile.Wake }
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &line))
	return line.Wake.Task
}

// records plays wakes and returns their log lines, as CloudWatch shows them: with a time before each, other lines in between, and the
// tasks told apart.
func records(t *testing.T, s *timing.Setup, count int) string {
	t.Helper()
	var all strings.Builder
	for i := range count {
		var log bytes.Buffer
		played(t, s, uint64(i), &log)
		for line := range strings.Lines(log.String()) {
			line = strings.ReplaceAll(line, "task/webordinary-edit-cluster/", fmt.Sprintf("task/webordinary-edit-cluster/%03d", i))
			all.WriteString("2026-03-02T09:00:00.000Z " + line)
		}
		all.WriteString("START RequestId: {not json}\n")
	}
	return all.String()
}

// TestRoundTrip plays the model, reads the records, and finds the model's times again: nothing on the way loses or shifts a stage.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	s := timing.Specified
	found := samples{}
	require.NoError(t, found.read("log", strings.NewReader(records(t, &s, 200))))
	wakes := found.wakes()
	require.Len(t, wakes, 200)
	for _, p := range parts(&s) {
		f := fit(p, wakes)
		if p.name == partHealthy { // registration was seen
			assert.Empty(t, f.values)
			continue
		}
		require.Len(t, f.values, 200, p.name)
		assert.Zero(t, f.tail, p.name)
		assert.InDelta(t, 0, f.off(), 0.1*p.model.Most.Seconds(), "%s: median", p.name)
		assert.GreaterOrEqual(t, f.least(), p.model.Least.Seconds()-1e-6, p.name)
		assert.LessOrEqual(t, f.most(), p.model.Most.Seconds()+1e-6, p.name)
		if p.variable != "" { // drawn evenly, not a sum
			width := (p.model.Most - p.model.Least).Seconds()
			assert.Less(t, math.Abs(f.least()-p.model.Least.Seconds())+math.Abs(f.most()-p.model.Most.Seconds()), 0.1*width, "%s: range", p.name)
		}
	}
}

// TestAWrongModelIsTold: the records of one stack against the model of another.
func TestAWrongModelIsTold(t *testing.T) {
	t.Parallel()
	played := timing.Specified
	played.ImageMB, played.TailShare = 900, 0.1
	file := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(file, []byte(records(t, &played, 60)), 0o600))
	var out strings.Builder
	require.NoError(t, run([]string{file}, nil, &out))
	pulls := row(t, out.String(), partPulled)
	assert.Equal(t, "60", pulls[1])
	assert.Equal(t, "11.3 to 14.2", pulls[6])
	assert.InDelta(t, 0.0235*(900-413), number(t, pulls[7]), 1, "an image of 900 MB for one of 413")
	placed := row(t, out.String(), partPlaced)
	assert.Greater(t, number(t, placed[5]), 1.0, "the long placements are told as such")
	assert.Less(t, number(t, placed[4]), 17.4, "and widen no range")
	require.NoError(t, run([]string{"-image-mb", "900", file}, nil, &out))
	assert.InDelta(t, 0, number(t, row(t, out.String()[out.Len()/2:], partPulled)[7]), 1)
}

func row(t *testing.T, text, name string) []string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| "+name+" |") {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			return cells
		}
	}
	require.Failf(t, "no such row", "%s in %s", name, text)
	return nil
}

func number(t *testing.T, cell string) float64 {
	t.Helper()
	var n float64
	_, err := fmt.Sscan(cell, &n)
	require.NoError(t, err, cell)
	return n
}

// TestProbe reads the probe's own report.
func TestProbe(t *testing.T) {
	t.Parallel()
	stage := func(name string, at float64) report.Stage {
		return report.Stage{Name: name, At: time.Duration(at * float64(time.Second))}
	}
	var r report.Report
	for range 3 {
		r.Wakes = append(r.Wakes, report.Wake{Took: 49 * time.Second, Stages: []report.Stage{
			stage("asked", 0), stage("placing", 2), stage("pulling", 16), stage("starting", 29), stage("checking", 33), stage("ready", 38),
			stage("preparing", 39),
		}})
	}
	var document bytes.Buffer
	require.NoError(t, r.JSON(&document))
	var out strings.Builder
	require.NoError(t, run(nil, &document, &out))
	for name, median := range map[string]string{
		partScheduled: "2.0", partPlaced: "14.0", partPulled: "13.0", partStarted: "4.0", partHealthy: "5.0", partServes: "16.0", partWhole: "49.0",
	} {
		assert.Equal(t, median, row(t, out.String(), name)[3], name)
	}
	assert.Equal(t, "0", row(t, out.String(), partRegisters)[1], "the probe does not see it")
	assert.Contains(t, out.String(), `PulledPlain: Least 13.0, Most 13.0, Origin Measured, N "3"`)
}

// TestFilteredEvents reads what "aws logs filter-log-events" prints.
func TestFilteredEvents(t *testing.T) {
	t.Parallel()
	s := timing.Specified
	var log bytes.Buffer
	played(t, &s, 1, &log)
	var events []map[string]string
	for line := range strings.Lines(log.String()) {
		events = append(events, map[string]string{"message": line})
	}
	document, err := json.Marshal(map[string]any{"events": events})
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, run(nil, bytes.NewReader(document), &out))
	require.Equal(t, "1", row(t, out.String(), partWhole)[1])
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`-dependencies is "disk": expected efs, unpacked or image`: {"-dependencies", "disk"},
		"expected numbers above 0":                                 {"-cpu", "0"},
		"no such file":                                             {filepath.Join(t.TempDir(), "none")},
		"no wake in what was read":                                 nil,
	} {
		require.ErrorContains(t, run(args, strings.NewReader("{}\n"), io.Discard), want)
	}
}

// TestOneMessage: the two records of a wake are found by the same message.
func TestOneMessage(t *testing.T) {
	t.Parallel()
	require.Equal(t, reconcile.WokenMessage, telemetry.WokenMessage)
}
