package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/report"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// scheduled is what EventBridge sends for a schedule.
const scheduled = `{"version":"0","id":"53dc4d37","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`

func newHandler(t *testing.T, root string) (handler, *bytes.Buffer) {
	t.Helper()
	cfg, err := settingsFrom(func(name string) (string, bool) {
		value, ok := map[string]string{"WORKSPACE_ROOT": root, "SETTLE": "0s"}[name]
		return value, ok
	})
	require.NoError(t, err)
	var metrics bytes.Buffer
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	return handler{cfg: cfg, log: log, metrics: &metrics, function: "webordinary-workspace-cleanup", clock: systemClock{}}, &metrics
}

func TestInvocationCleansAndLeavesOneRecord(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
	put(t, root+"/acme/bob/.claude/threads/idle.json", `{}`, 8*day)
	h, metrics := newHandler(t, root)
	summary, err := h.handle(t.Context(), []byte(scheduled))
	require.NoError(t, err)
	require.Equal(t, int64(1), summary.Counts.Deleted)
	require.NoFileExists(t, root+"/acme/bob/.claude/threads/old.json")

	require.Equal(t, 1, bytes.Count(metrics.Bytes(), []byte("\n")), "one record, one line")
	record := map[string]any{}
	require.NoError(t, json.Unmarshal(metrics.Bytes(), &record))
	for key, want := range map[string]any{
		"FunctionName": "webordinary-workspace-cleanup", "Scanned": 2.0, "Compressed": 1.0, "Deleted": 1.0, "Archived": 0.0, "LeftOver": 0.0,
	} {
		require.Equal(t, want, record[key], key)
	}
	requireMetricsExist(t, record)
	again, err := json.Marshal(summary)
	require.NoError(t, err)
	require.Contains(t, string(again), `"Deleted":1`, "what the invoker sees")
}

// requireMetricsExist: CloudWatch silently drops a metric without a member of its name.
func requireMetricsExist(t *testing.T, record map[string]any) {
	t.Helper()
	raw, err := json.Marshal(record["_aws"])
	require.NoError(t, err)
	var aws struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &aws))
	require.WithinDuration(t, time.Now(), time.UnixMilli(aws.Timestamp), time.Hour)
	require.Len(t, aws.CloudWatchMetrics, 1)
	require.Equal(t, report.Namespace, aws.CloudWatchMetrics[0].Namespace)
	require.Equal(t, [][]string{{"FunctionName"}}, aws.CloudWatchMetrics[0].Dimensions)
	names := map[string]bool{}
	for _, m := range aws.CloudWatchMetrics[0].Metrics {
		require.IsType(t, 0.0, record[m.Name], m.Name)
		names[m.Name] = true
	}
	for _, name := range []string{"Scanned", "Compressed", "Deleted", "Archived", "Skipped", "BytesSaved", "Seconds", "LeftOver"} {
		require.True(t, names[name], name)
	}
}

func TestInvocationMayAskForADryRun(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
	h, metrics := newHandler(t, root)
	summary, err := h.handle(t.Context(), []byte(`{"dryRun": true}`))
	require.NoError(t, err)
	require.True(t, summary.DryRun)
	require.FileExists(t, root+"/acme/bob/.claude/threads/old.json")
	require.Contains(t, metrics.String(), `"DryRun":true`)
	require.NotContains(t, metrics.String(), `"Name":"Deleted"`, "nothing was, and the metric must not say so")

	_, err = h.handle(t.Context(), []byte(`[]`))
	require.ErrorContains(t, err, "expected a JSON object")
	require.FileExists(t, root+"/acme/bob/.claude/threads/old.json")
}

func TestInvocationStopsBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
	h, metrics := newHandler(t, root)
	ctx, cancel := context.WithTimeout(t.Context(), h.cfg.Margin-time.Second)
	defer cancel()
	summary, err := h.handle(ctx, []byte(scheduled))
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "there was time left to report")
	require.Equal(t, int64(1), summary.LeftOver)
	require.Equal(t, errDeadline.Error(), summary.Stopped)
	require.Contains(t, metrics.String(), `"LeftOver":1`)
	require.FileExists(t, root+"/acme/bob/.claude/threads/old.json")
}

func TestInvocationFailsWhereTheMountIsMissing(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, filepath.Join(t.TempDir(), "none"))
	_, err := h.handle(t.Context(), []byte(scheduled))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "is the access point mounted there?")
}

func TestInvocationLeavesTheTreeToARunAtWork(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
	require.NoError(t, os.Mkdir(filepath.Join(root, sweep.StateDir), 0o750))
	state, err := fsx.Open(filepath.Join(root, sweep.StateDir))
	require.NoError(t, err)
	lock, err := state.Lock("lock")
	require.NoError(t, err)
	h, _ := newHandler(t, root)
	_, err = h.handle(t.Context(), []byte(scheduled))
	require.NoError(t, err, "a retry would find the same")
	require.FileExists(t, root+"/acme/bob/.claude/threads/old.json")
	require.NoError(t, lock.Close())
	require.NoError(t, state.Close())
}
