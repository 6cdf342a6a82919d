package main

import (
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// visit is one request of somebody, from its beginning until it is served.
type visit struct {
	site  *site
	began time.Time
	// asleep is set once the visit has met a service that was not up.
	asleep bool
	// known is set once the function has been asked: it may have had to start for that.
	known  bool
	served func(waited time.Duration)
}

// What the supervisor does before the preview answers (container/supervisor/host/front.go and status.go).
const (
	holdPage        = 2 * time.Second
	holdCall        = 25 * time.Second
	holdStatus      = 500 * time.Millisecond
	supervisorLooks = time.Second
	supervisorRetry = 2 * time.Second
)

// patience is how long a request may take before it counts as lost.
const patience = 15 * time.Minute

// done ends the visit.
func (v *visit) done() {
	waited := v.site.account.Now().Sub(v.began)
	v.site.Served++
	if v.asleep {
		v.site.Wakes = append(v.site.Wakes, waited)
	}
	if v.served != nil {
		v.served(waited)
	}
}

// lost gives up.
func (v *visit) lost() bool {
	if v.site.account.Now().Sub(v.began) < patience {
		return false
	}
	v.site.Lost++
	return true
}

func (v *visit) after(d time.Duration, do func()) { v.site.account.After(d, do) }

// starts lets the function start before it is asked for the first time, and says whether it has to. A tick a minute keeps one
// process of it warm, so that this is the worse case.
func (v *visit) starts(then func()) bool {
	if v.known {
		return false
	}
	v.known = true
	v.after(timing.WakerStarts.Times(1).Draw(v.site.random), then)
	return true
}

// prepare is what the supervisor does with a request before the preview answers: it waits, up to its limit, and then says
// that it takes longer. The wait ends with one of the supervisor's looks, which are up to a second apart.
func (v *visit) prepare(limit time.Duration, longer, served func()) {
	v.asleep = true
	left := v.site.account.ServesIn()
	if left > limit {
		v.after(limit, longer)
		return
	}
	v.after(min(limit, left+time.Duration(v.site.random.Int64N(int64(supervisorLooks)))), served)
}

// open is somebody opening the preview.
func (v *visit) open() {
	if v.lost() {
		return
	}
	switch v.site.account.Request(scalertest.ToPreview) {
	case scalertest.Served:
		v.done()
	case scalertest.Preparing:
		v.prepare(holdPage, func() { v.after(supervisorRetry, v.poll) }, v.done)
	case scalertest.Unserved:
		v.site.Unserved++
		v.after(afterError, v.open)
	default:
		if v.starts(v.open) {
			return
		}
		plan := v.site.invoke(decide.Ask)
		if plan.State == decide.StateReady {
			v.site.Redirected++
			v.after(requests.FlipSettle, v.open)
			return
		}
		v.asleep = true
		v.after(pollFirst, v.poll)
	}
}

// poll is the waiting page.
func (v *visit) poll() {
	if v.lost() {
		return
	}
	switch v.site.account.Request(scalertest.ToPreview) {
	case scalertest.Served:
		v.open()
	case scalertest.Preparing:
		v.prepare(holdStatus, func() { v.after(supervisorRetry, v.poll) }, v.open)
	case scalertest.Unserved:
		v.after(pollFirst, v.poll)
	default:
		switch plan := v.site.invoke(decide.Query); {
		case plan.State == decide.StateReady:
			v.after(pageReloads, v.open)
		case plan.State == decide.StateAsleep:
			v.site.invoke(decide.Ask)
			v.after(pollFirst, v.poll)
		case plan.Stage >= decide.StageStarting:
			v.after(requests.RetryCloseSeconds*time.Second, v.poll)
		default:
			v.after(requests.RetryEarlySeconds*time.Second, v.poll)
		}
	}
}

// call is an API call: held, redirected to itself, and told to come back when a wake takes long.
func (v *visit) call() {
	if v.lost() {
		return
	}
	switch v.site.account.Request(scalertest.ToAPI) {
	case scalertest.Served:
		v.done()
	case scalertest.Preparing:
		v.prepare(holdCall, func() {
			v.site.Unserved++
			v.after(afterError, v.call)
		}, v.done)
	case scalertest.Unserved:
		v.site.Unserved++
		v.after(afterError, v.call)
	default:
		if v.starts(v.call) {
			return
		}
		v.hold(v.site.invoke(decide.Ask), v.site.account.Now().Add(requests.HoldLimit))
	}
}

// hold waits for the plan to come true until the deadline.
func (v *visit) hold(plan decide.Plan, deadline time.Time) {
	now := v.site.account.Now()
	if plan.State == decide.StateReady {
		if !v.asleep {
			v.site.Redirected++
		}
		v.after(requests.FlipSettle, v.call)
		return
	}
	v.asleep = true
	switch {
	case now.Sub(plan.WokenAt) >= requests.HoldAge:
		v.after(requests.CallRetrySeconds*time.Second, v.call)
	case !now.Add(requests.GlanceEvery).Before(deadline):
		v.call()
	default:
		v.site.Held += requests.GlanceEvery
		v.after(requests.GlanceEvery, func() { v.hold(v.site.run(decide.Ask), deadline) })
	}
}
