package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// TestFactsOfTheSimulation reads the same account through the real observer and directly, as the simulation does: the facts
// are the same, so the simulation's figures are about the real code's decisions.
func TestFactsOfTheSimulation(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: priorityBase}
	policy := decide.NewPolicy(idle)
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	needs := []decide.Need{
		decide.NeedRule | decide.NeedService, decide.NeedTasks | decide.NeedFailures, decide.NeedHealth, decide.NeedProtection,
		decide.NeedTraffic,
	}
	rapid.Check(t, func(r *rapid.T) {
		account := scalertest.New(drawTiming(r), layout, began, rapid.Uint64().Draw(r, "seed"))
		now := began
		api := scalertest.NewAPI(account, func() time.Time { return now }, func(context.Context, string, bool) error { return nil })
		observer := observe.Observer{
			Subject: observe.Subject{
				Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, APIGroupARN: scalertest.APIGroupARN,
				PreviewGroupARN: scalertest.PreviewGroupARN, Layout: layout, Window: policy.Window(),
			},
			ECS: api, ELB: api, CloudWatch: api,
		}
		for range 30 {
			stir(r, account)
			now = now.Add(seconds(r, "later", 1, 90))
			account.Advance(now)
			direct, read := decide.Facts{Now: now}, decide.Facts{Now: now}
			look := observer.Begin()
			for _, need := range needs {
				account.Observe(need, &direct)
				require.NoError(r, look.Observe(context.Background(), need, &read))
			}
			if direct.Failures.Count > 0 { // the model keeps one class for all
				direct.Failures.Class = read.Failures.Class
			}
			if len(account.Tasks()) > 100 { // more than one call describes
				direct.Failures = read.Failures
			}
			require.Equal(r, direct, read)
		}
	})
}

// stir does something to the account.
func stir(r *rapid.T, account *scalertest.Account) {
	switch rapid.IntRange(0, 9).Draw(r, "stir") {
	case 0:
		account.SetDesired(rapid.IntRange(0, 3).Draw(r, "count"), true)
	case 1:
		account.SetPriority(priorityBase + rapid.IntRange(1, 99).Draw(r, "priority"))
	case 2:
		account.FailStarts = &scalertest.StartFault{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError"}
	case 3:
		account.FailStarts = nil
	case 4:
		account.Protect(account.Now().Add(time.Minute))
	case 5:
		account.Deploy()
	case 6:
		account.Crash()
	default:
		account.Request(scalertest.Kind(rapid.IntRange(0, 1).Draw(r, "kind")))
	}
}
