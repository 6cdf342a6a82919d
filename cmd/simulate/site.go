package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

const (
	tick = time.Minute
	// pollFirst is the waiting page's first look, pageReloads its pause before it opens what is ready; see page.js.
	pollFirst   = 2 * time.Second
	pageReloads = requests.RetryReadySeconds * time.Second
	// afterError is when a browser or a client tries again after a 503 of the load balancer.
	afterError = 2 * time.Second
)

// site is one stack: its account, and the scaler's decisions in it.
type site struct {
	account *scalertest.Account
	policy  decide.Policy
	random  *rand.Rand
	began   time.Time
	end     time.Time
	// ticking is whether ticks are played; while nothing runs they change nothing, and are only counted.
	ticking   bool
	tickPhase time.Duration
	intents   intents
	tally
}

// tally is what a site's month came to.
type tally struct {
	// Billed task time.
	Billed time.Duration
	// Wakes by visitors, and how long the visitors waited.
	Wakes []time.Duration
	// Requests that were served, that met the waker although the service had been up, that the load balancer answered
	// with 503 and were tried again, and that were never served.
	Served, Redirected, Unserved, Lost int
	// Invocations of the function, GetMetricData metrics, and seconds that calls were held.
	Invocations, Metrics int
	Held                 time.Duration
	// Arrivals are sessions that were opened, Warm those of them that met a service which was up, and Opened how long each waited
	// for its first page.
	Arrivals, Warm int
	Opened         []time.Duration
	// InVain is task time that wakes on intent have cost without anybody coming.
	InVain time.Duration
	// Starts of tasks, with their time of day and length, for charts.
	Runs []span
}

type span struct{ From, To time.Time }

// newSite makes a sleeping site.
func newSite(s timing.Setup, began time.Time, length time.Duration, seed uint64) *site {
	st := &site{
		policy: decide.NewPolicy(s.Idle), began: began, end: began.Add(length),
		random: rand.New(rand.NewPCG(seed, 0x517e)), //nolint:gosec // a simulation wants repeatable chance
	}
	st.tickPhase = time.Duration(st.random.Int64N(int64(tick)))
	st.account = scalertest.New(s.Timing(), decide.Layout{Base: 100}, began, seed)
	st.account.Window = st.policy.Window()
	st.account.OnEnd = func(t *scalertest.Task) { st.bill(t) }
	return st
}

func (st *site) bill(t *scalertest.Task) {
	if billed := t.Billed(st.end); billed > 0 {
		st.Billed += billed
		st.ended(billed)
		st.Runs = append(st.Runs, span{t.PullStarted, t.PullStarted.Add(billed)})
	}
}

// at plays something at a moment.
func (st *site) at(moment time.Time, do func()) { st.account.After(moment.Sub(st.account.Now()), do) }

// play runs the site to its end.
func (st *site) play() {
	st.account.Advance(st.end)
	for _, t := range st.account.Tasks() {
		if t.Status != scalertest.Stopped {
			st.bill(t)
		}
	}
	// Ticks that were not played.
	st.Invocations += int(st.end.Sub(st.began) / tick)
}

// run is one decision of the function's own code, with the facts that it asks for.
func (st *site) run(in decide.Intent) decide.Plan {
	r := reconcile.Reconciler{
		Policy: st.policy, Begin: func() reconcile.Observation { return observation{st} }, Actor: actor{st}, Now: st.account.Now,
	}
	result, err := r.Run(context.Background(), in)
	if err != nil {
		panic(fmt.Sprintf("simulate: %v", err)) // nothing fails in this account
	}
	st.arm()
	return result.Plan
}

// observation observes the account without AWS's calls; functions/scaler/model_facts_test.go holds that the facts are the same.
type observation struct{ *site }

// Observe implements reconcile.Observation.
func (l observation) Observe(_ context.Context, need decide.Need, f *decide.Facts) error {
	if need&decide.NeedTraffic != 0 {
		l.Metrics += 3
	}
	l.account.Observe(need, f)
	return nil
}

// actor carries plans out in the account.
type actor struct{ *site }

// Do implements reconcile.Actor.
func (a actor) Do(_ context.Context, steps []decide.Step) (act.Outcome, error) {
	for _, step := range steps {
		a.account.Apply(step)
	}
	return act.Outcome{Done: len(steps)}, nil
}

// arm has ticks played as long as they may change something.
func (st *site) arm() {
	if st.ticking || st.account.Idle() {
		return
	}
	st.ticking = true
	now := st.account.Now()
	next := now.Truncate(tick).Add(st.tickPhase)
	if !next.After(now) {
		next = next.Add(tick)
	}
	st.at(next, st.tick)
}

func (st *site) tick() {
	st.ticking = false
	st.run(decide.Tick)
}

// invoke is a decision for a request.
func (st *site) invoke(in decide.Intent) decide.Plan {
	st.Invocations++
	return st.run(in)
}
