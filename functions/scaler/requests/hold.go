package requests

import (
	"context"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

const (
	// HoldLimit is how long an API call is held: CloudFront gives an origin 30 s by default.
	HoldLimit = 20 * time.Second
	// HoldAge is the age of a wake up to which calls are held again. Three holds cover the usual 35 to 60 s.
	HoldAge = 75 * time.Second
	// GlanceEvery is the interval of looks at the target group, one call each; every fifth look is a whole one.
	GlanceEvery = 2 * time.Second
	glances     = 4
	// holdMargin is kept for the answer before the invocation's deadline.
	holdMargin = 2 * time.Second
)

// decline answers a request that is not held any longer.
type decline func(context.Context, *Request, *decide.Plan) *Response

// hold wakes the service for a request and holds the request until it can be served, or gives otherwise's answer. How many are
// held at once is limited by Lambda, which gives each process one request at a time: by the function's reserved concurrency.
func (h *Handler) hold(ctx context.Context, r *Request, event string, otherwise decline) *Response {
	deadline := h.holdDeadline(ctx)
	plan, _ := h.plan(ctx, event, decide.Ask)
	if plan.State != decide.StateWaking && plan.State != decide.StateReady {
		return otherwise(ctx, r, &plan)
	}
	for {
		if plan.State == decide.StateReady {
			_ = h.Sleep(ctx, FlipSettle) // if the invocation ends first, the client comes a little early
			return r.again(plan.State.String())
		}
		if plan.State != decide.StateWaking || h.Now().Sub(plan.WokenAt) >= HoldAge {
			return otherwise(ctx, r, &plan)
		}
		if !h.waitForChange(ctx, deadline) {
			return r.again(plan.State.String())
		}
		plan, _ = h.plan(ctx, event, decide.Ask)
	}
}

// declineForm answers a form that is not held any longer: with the page, which is reloaded, form and all, when the service
// is up. Its browser asks before it sends the form again.
func (h *Handler) declineForm(ctx context.Context, r *Request, plan *decide.Plan) *Response {
	return h.page(r, h.statusOf(ctx, plan), pageAsk, "")
}

// declineCall answers a call that is not held any longer.
func (h *Handler) declineCall(ctx context.Context, r *Request, plan *decide.Plan) *Response {
	status := h.statusOf(ctx, plan)
	return r.unavailable(&status)
}

// holdDeadline is when the hold ends, whatever the invocation's deadline leaves.
func (h *Handler) holdDeadline(ctx context.Context) time.Time {
	deadline := h.Now().Add(HoldLimit)
	if end, ok := ctx.Deadline(); ok && end.Add(-holdMargin).Before(deadline) {
		return end.Add(-holdMargin)
	}
	return deadline
}

// waitForChange returns true when the service is worth a whole look: a target has become healthy, or some time has
// passed. It returns false when the hold is over.
func (h *Handler) waitForChange(ctx context.Context, deadline time.Time) bool {
	for range glances {
		if !h.Now().Add(GlanceEvery).Before(deadline) || h.Sleep(ctx, GlanceEvery) != nil {
			return false
		}
		if healthy, err := h.Glance(ctx); err == nil && healthy {
			return true
		}
	}
	return h.Now().Before(deadline)
}
