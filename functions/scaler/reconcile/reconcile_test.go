package reconcile_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

var noon = time.Date(2026, 3, 2, 12, 4, 20, 0, time.UTC)

var errAWS = errors.New("throttled")

// observer knows everything but what it is told to miss.
type observer struct {
	facts  decide.Facts
	miss   decide.Need
	rounds []decide.Need
	// deaf never gives anything.
	deaf bool
}

func (o *observer) Observe(_ context.Context, need decide.Need, f *decide.Facts) error {
	o.rounds = append(o.rounds, need)
	if o.deaf {
		return errAWS
	}
	have, missing := f.Have|need&^o.miss, f.Missing|need&o.miss
	*f = o.facts
	f.Now, f.Have, f.Missing = noon, have, missing
	if need&o.miss != 0 {
		return errAWS
	}
	return nil
}

// actor notes the steps.
type actor struct {
	steps []decide.Step
	err   error
}

func (a *actor) Do(_ context.Context, steps []decide.Step) (act.Outcome, error) {
	a.steps = append(a.steps, steps...)
	return act.Outcome{Done: len(steps)}, a.err
}

func reconciler(o *observer, a *actor) *reconcile.Reconciler {
	return &reconcile.Reconciler{
		Policy: decide.NewPolicy(5 * time.Minute), Begin: func() reconcile.Observation { return o }, Actor: a,
		Now: func() time.Time { return noon },
	}
}

// TestOnlyWhatTheDecisionAsksForIsObserved: a tick while asleep costs two calls.
func TestOnlyWhatTheDecisionAsksForIsObserved(t *testing.T) {
	t.Parallel()
	o, a := &observer{facts: decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}}}, &actor{}
	result, err := reconciler(o, a).Run(t.Context(), decide.Tick)
	require.NoError(t, err)
	require.Equal(t, []decide.Need{decide.NeedRule | decide.NeedService}, o.rounds)
	require.Equal(t, decide.StateAsleep, result.Plan.State)
	require.Empty(t, a.steps)
}

// TestHealthIsDatedAfterTheLook: a target that becomes healthy while the function looks was not healthy before.
func TestHealthIsDatedAfterTheLook(t *testing.T) {
	t.Parallel()
	o := &observer{facts: serving(timelineFrom(noon.Add(-time.Minute)), noon)}
	r := reconciler(o, &actor{})
	r.Now = func() time.Time { return noon.Add(time.Duration(len(o.rounds)) * time.Second) } // each look takes one
	result, err := r.Run(t.Context(), decide.Tick)
	require.NoError(t, err)
	require.Equal(t, decide.ReasonWoke, result.Plan.Reason)
	looked := 1 + slices.IndexFunc(o.rounds, func(need decide.Need) bool { return need&decide.NeedHealth != 0 })
	require.Equal(t, noon.Add(time.Duration(looked)*time.Second), result.LookedAtHealth)
	require.Equal(t, noon, result.Facts.Now)

	o.facts.Rule.Phase = decide.PhaseAsleep
	o.facts.Service.Desired, o.rounds = 0, nil
	result, err = r.Run(t.Context(), decide.Tick)
	require.NoError(t, err)
	require.Zero(t, result.LookedAtHealth, "nobody looked")
}

// TestMissingFactsDoNotStopTheDecision, but are told.
func TestMissingFactsDoNotStopTheDecision(t *testing.T) {
	t.Parallel()
	o := &observer{
		facts: decide.Facts{Rule: decide.Position{Phase: decide.PhaseAwake}, Service: decide.Service{Desired: 1}},
		miss:  decide.NeedTraffic,
	}
	a := &actor{}
	result, err := reconciler(o, a).Run(t.Context(), decide.Tick)
	require.ErrorIs(t, err, errAWS)
	require.Equal(t, decide.ReasonUnhealthy, result.Plan.Reason, "no metrics, but the targets are known to be gone")
	require.Len(t, a.steps, 1)
}

func TestErrorsOfStepsAreReturnedWithTheResult(t *testing.T) {
	t.Parallel()
	o, a := &observer{facts: decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}}}, &actor{err: errAWS}
	result, err := reconciler(o, a).Run(t.Context(), decide.Ask)
	require.ErrorIs(t, err, errAWS)
	require.Equal(t, decide.StateWaking, result.Plan.State)
}

// TestItEnds even when the observer breaks its promise.
func TestItEnds(t *testing.T) {
	t.Parallel()
	o := &observer{deaf: true}
	_, err := reconciler(o, &actor{}).Run(t.Context(), decide.Tick)
	require.ErrorContains(t, err, "the decision keeps asking for facts: rule+service")
	require.Len(t, o.rounds, 8)
}
