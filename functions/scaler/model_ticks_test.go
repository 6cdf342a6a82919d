package main

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// BenchmarkTicks plays an hour in which somebody wakes the service, edits and leaves, with a tick every minute through the
// real observer and actor, and reports the most AWS calls that a tick made in each phase.
func BenchmarkTicks(b *testing.B) {
	most := map[decide.Phase]int64{}
	for b.Loop() {
		playHour(b, most)
	}
	for phase, calls := range most {
		b.ReportMetric(float64(calls), "calls-"+phase.String())
	}
	require.Len(b, most, 4, "every phase has had its ticks")
	require.LessOrEqual(b, most[decide.PhaseAsleep], int64(maxCallsAsleep))
	require.LessOrEqual(b, most[decide.PhaseAwake], int64(maxCallsAwake))
}

func playHour(b *testing.B, most map[decide.Phase]int64) {
	b.Helper()
	layout, began := decide.Layout{Base: priorityBase}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	account := scalertest.New(scalertest.Timing{
		Scheduler: scalertest.Range{Least: time.Second}, Place: scalertest.Range{Least: 10 * time.Second}, Pull: scalertest.Range{Least: 60 * time.Second},
		Start: scalertest.Range{Least: 3 * time.Second}, HealthInterval: 10 * time.Second, UnhealthyAfter: 3, Grace: grace,
		Deregistration: 30 * time.Second, Stop: 5 * time.Second, MetricLag: scalertest.Range{Least: 45 * time.Second},
	}, layout, began, 1)
	now := began
	var calls atomic.Int64 // facts are read side by side
	api := scalertest.NewAPI(account, func() time.Time { return now }, func(_ context.Context, _ string, before bool) error {
		if before {
			calls.Add(1)
		}
		return nil
	})
	policy := decide.NewPolicy(idle)
	observer := observe.Observer{
		Subject: observe.Subject{
			Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, APIGroupARN: scalertest.APIGroupARN,
			PreviewGroupARN: scalertest.PreviewGroupARN, Layout: layout, Window: policy.Window(),
		},
		ECS: api, ELB: api, CloudWatch: api,
	}
	reconciler := reconcile.Reconciler{
		Policy: policy, Begin: func() reconcile.Observation { return observer.Begin() }, Now: func() time.Time { return now },
		Actor: &act.Actor{
			Subject: act.Subject{Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, Layout: layout},
			ECS:     api, ELB: api, Now: func() time.Time { return now },
		},
	}
	run := func(in decide.Intent) int64 {
		calls.Store(0)
		_, err := reconciler.Run(context.Background(), in)
		require.NoError(b, err)
		return calls.Load()
	}
	for minute := range 60 {
		var phase decide.Phase
		api.Do(func(w *scalertest.Account) { phase = w.Position().Phase })
		most[phase] = max(most[phase], run(decide.Tick))
		if minute == 2 {
			run(decide.Ask)
		}
		now = now.Add(time.Minute)
		if minute > 2 && minute < 20 {
			api.Do(func(w *scalertest.Account) { w.Request(scalertest.ToPreview) })
		}
	}
	api.Do(func(w *scalertest.Account) { require.Zero(b, w.Desired(), "it sleeps again") })
}
