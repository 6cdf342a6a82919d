// Package reconcile joins the layers: observe what the decision asks for, decide, act.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// Observation observes facts for one decision.
type Observation interface {
	// Observe reads the needed facts; each need is in f.Have or f.Missing afterwards.
	Observe(ctx context.Context, need decide.Need, f *decide.Facts) error
}

// Actor carries out plans.
type Actor interface {
	Do(ctx context.Context, steps []decide.Step) (act.Outcome, error)
}

// Reconciler runs decisions.
type Reconciler struct {
	Policy decide.Policy
	// Begin starts an observation.
	Begin func() Observation
	Actor Actor
	Now   func() time.Time
}

// Result is a decision and what became of it.
type Result struct {
	Facts   decide.Facts
	Plan    decide.Plan
	Outcome act.Outcome
	// LookedAtHealth is when the targets' health was known, which is later than Facts.Now; zero if it was not asked for.
	LookedAtHealth time.Time
}

// maxRounds bounds the exchange of needs and facts; a decision takes at most six.
const maxRounds = 8

var errNeverDecides = errors.New("the decision keeps asking for facts")

// Run observes, decides and acts once. The result is complete even when there is an error: facts that could not be
// observed are in Facts.Missing, steps that were not done are beyond Outcome.Done.
func (r *Reconciler) Run(ctx context.Context, in decide.Intent) (Result, error) {
	result := Result{Facts: decide.Facts{Now: r.Now()}}
	look := r.Begin()
	var problems []error
	for range maxRounds {
		result.Plan = r.Policy.Decide(&result.Facts, in)
		if result.Plan.Need == 0 {
			var err error
			result.Outcome, err = r.Actor.Do(ctx, result.Plan.Steps())
			return result, errors.Join(append(problems, err)...)
		}
		if err := look.Observe(ctx, result.Plan.Need, &result.Facts); err != nil {
			problems = append(problems, err)
		}
		if result.Plan.Need&decide.NeedHealth != 0 {
			result.LookedAtHealth = r.Now()
		}
	}
	return result, errors.Join(append(problems, fmt.Errorf("%w: %s", errNeverDecides, result.Plan.Need))...)
}
