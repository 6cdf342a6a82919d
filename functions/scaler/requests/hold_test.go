package requests_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

var call = request{method: "POST", path: "/api/edit", query: `{"thread":["7"]}`}

const callAddress = "/api/edit?thread=7"

// TestCallIsHeldUntilItCanBeServed holds a call, sees a target become healthy, and sends the call on.
func TestCallIsHeldUntilItCanBeServed(t *testing.T) {
	t.Parallel()
	f := &fake{
		results: []reconcile.Result{
			state(waking(morning)), state(waking(morning)), moved(decide.Plan{State: decide.StateReady, Reason: decide.ReasonWoke}),
		},
		healthy: morning.Add(9 * time.Second),
	}
	response := serve(t, f.handler(), call)
	require.Equal(t, 307, response.StatusCode)
	require.Equal(t, callAddress, response.Header("Location"))
	require.Equal(t, "ready", response.Header("X-Webordinary-State"))
	// Ten seconds of looking, every two, and the load balancer's time to follow; glances are single calls.
	require.Equal(t, 11500*time.Millisecond, f.now.Sub(morning))
	require.Equal(t, 5, f.glances)
	require.Len(t, f.intents, 3, "one look at first, one after eight seconds, one when a target is healthy")
}

// TestHoldEndsWithin20Seconds sends a call back to itself when the wake takes longer, while the wake is young.
func TestHoldEndsWithin20Seconds(t *testing.T) {
	t.Parallel()
	f := &fake{results: []reconcile.Result{state(waking(morning.Add(-30 * time.Second)))}, cost: 100 * time.Millisecond}
	response := serve(t, f.handler(), call)
	require.Equal(t, 307, response.StatusCode)
	require.Equal(t, callAddress, response.Header("Location"))
	held := f.now.Sub(morning)
	require.Greater(t, held, 17*time.Second)
	require.LessOrEqual(t, held, 20*time.Second)
	require.LessOrEqual(t, len(f.intents)*5+f.glances, 30, "AWS calls in a hold")
}

// TestHoldKeepsToTheInvocationsDeadline answers before Lambda ends the invocation.
func TestHoldKeepsToTheInvocationsDeadline(t *testing.T) {
	t.Parallel()
	// The context's clock is the real one, so the handler's has to be too; only waiting is made up.
	f := &fake{results: []reconcile.Result{state(waking(time.Now()))}, now: time.Now()}
	began := f.now
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	response, err := f.handler().Handle(ctx, call.event(t))
	require.NoError(t, err)
	require.Equal(t, 307, response.StatusCode)
	require.LessOrEqual(t, f.now.Sub(began), 8*time.Second)
}

// TestOldWakesAreNotHeld answers 503 once a wake takes longer than anybody wants to be redirected.
func TestOldWakesAreNotHeld(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]int{74 * time.Second: 307, 75 * time.Second: 503, 3 * time.Minute: 503} {
		f := &fake{
			results: []reconcile.Result{
				state(waking(morning.Add(-age))), moved(decide.Plan{State: decide.StateReady, Reason: decide.ReasonWoke}),
			},
			healthy: morning,
		}
		response := serve(t, f.handler(), call)
		require.Equal(t, want, response.StatusCode, age)
		if want == 503 {
			require.Equal(t, "10", response.Header("Retry-After"))
			require.Equal(t, morning, f.now, "answered at once")
		}
	}
}

// TestHoldTurnsIntoAnError tells a call that is being held when the wake is given up.
func TestHoldTurnsIntoAnError(t *testing.T) {
	t.Parallel()
	f := &fake{results: []reconcile.Result{
		state(waking(morning)),
		state(decide.Plan{State: decide.StateFailing, Class: decide.ClassImage, RetryAt: morning.Add(2 * time.Minute)}),
	}}
	response := serve(t, f.handler(), call)
	require.Equal(t, 503, response.StatusCode)
	require.Equal(t, "112", response.Header("Retry-After"))
	require.Contains(t, response.Body, `"class":"image"`)
}

// TestUnknownStateIsAnsweredAtOnce does not hold a call when AWS cannot be asked.
func TestUnknownStateIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	f := &fake{err: errAWS}
	response := serve(t, f.handler(), call)
	require.Equal(t, 503, response.StatusCode)
	require.Equal(t, "10", response.Header("Retry-After"))
	require.Equal(t, morning, f.now)
}

// TestUndoneWakeIsNotPromised answers 503 and an honest page when the steps of a wake failed.
func TestUndoneWakeIsNotPromised(t *testing.T) {
	t.Parallel()
	plan := wakePlan(t)
	f := &fake{results: []reconcile.Result{state(plan)}, err: errAWS}
	response := serve(t, f.handler(), call)
	require.Equal(t, 503, response.StatusCode)
	require.Equal(t, "unknown", response.Header("X-Webordinary-State"))
	page := serve(t, f.handler(), request{method: "GET", path: "/preview/", header: opening})
	require.Equal(t, "unknown", page.Header("X-Webordinary-State"))
}

// wakePlan is the decision to wake, with its steps.
func wakePlan(t *testing.T) decide.Plan {
	t.Helper()
	policy := decide.NewPolicy(5 * time.Minute)
	plan := policy.Decide(&decide.Facts{
		Now: morning, Have: decide.NeedRule | decide.NeedService | decide.NeedFailures,
		Rule: decide.Position{Phase: decide.PhaseAsleep},
	}, decide.Ask)
	require.Len(t, plan.Steps(), 2)
	return plan
}

// TestVisitorsOfADrainGoStraightOn sends page, call and file back to the service that was only draining, after a second
// look.
func TestVisitorsOfADrainGoStraightOn(t *testing.T) {
	t.Parallel()
	resumed := moved(decide.Plan{State: decide.StateReady, Reason: decide.ReasonResumed})
	serving := state(decide.Plan{State: decide.StateReady, Reason: decide.ReasonServing})
	for name, r := range map[string]request{
		"page": {method: "GET", path: "/preview/a", header: opening},
		"call": {method: "GET", path: "/api/a"},
		"file": {method: "GET", path: "/preview/a.css"},
	} {
		f := &fake{results: []reconcile.Result{resumed, serving}}
		response := serve(t, f.handler(), r)
		require.Equal(t, 307, response.StatusCode, name)
		require.Equal(t, r.path, response.Header("Location"))
		require.Len(t, f.intents, 2, "%s: it looks again after it took the service back", name)
		require.Equal(t, 1500*time.Millisecond, f.now.Sub(morning), "the load balancer gets its time to follow")
	}
	// The service was put to sleep at that very moment: the visitor waits like any other.
	f := &fake{results: []reconcile.Result{resumed, state(waking(morning))}}
	page := serve(t, f.handler(), request{method: "GET", path: "/preview/a", header: opening})
	require.Equal(t, 200, page.StatusCode)
	require.Equal(t, "waking", page.Header("X-Webordinary-State"))
}

// TestStragglersOfAFlip answers requests that the load balancer sent here although the rule has moved.
func TestStragglersOfAFlip(t *testing.T) {
	t.Parallel()
	serving := state(decide.Plan{State: decide.StateReady, Reason: decide.ReasonServing})
	f := &fake{results: []reconcile.Result{serving}}
	require.Equal(t, 307, serve(t, f.handler(), call).StatusCode)
	require.Equal(t, 1500*time.Millisecond, f.now.Sub(morning), "not in a tight circle")
	page := serve(t, f.handler(), request{method: "GET", path: "/preview/", header: opening})
	require.Equal(t, 200, page.StatusCode, "a browser would give up after twenty redirects; the page goes on asking")
}
