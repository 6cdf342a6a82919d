package requests

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// Runner observes, decides and acts once.
type Runner interface {
	Run(ctx context.Context, in decide.Intent) (reconcile.Result, error)
}

// Recorder keeps what happened for logs and metrics.
type Recorder interface {
	// Record is called for every run, with the kind of the event that caused it.
	Record(event string, result *reconcile.Result, err error)
}

// StandIn is what can be shown behind the waiting page.
type StandIn interface {
	// For returns the address to frame for a visitor of that origin and path, or nothing, within half a second.
	For(ctx context.Context, editor *url.URL, path string) string
}

// Handler answers events.
type Handler struct {
	Classifier
	Runner   Runner
	Recorder Recorder
	// Glance reports whether the api group has a healthy target, with a single call.
	Glance func(context.Context) (bool, error)
	Log    *slog.Logger
	Now    func() time.Time
	// Sleep waits, or returns the context's error.
	Sleep func(context.Context, time.Duration) error
	// StandIn is the published site; nil for none.
	StandIn StandIn
	// Gate lets invited people in; nil where nobody is asked who he is.
	Gate Gate
	// Typical is what a wake usually takes; nil for TypicalWake. It may ask AWS, now and then, and is asked for ahead.
	Typical func(context.Context) time.Duration
}

// Gate says who sent a request, and what to tell somebody who is not let in; an *identity.Gate does.
type Gate interface {
	Admit(ctx context.Context, header []string) (identity.Person, error)
	Refuse(person identity.Person, why error) identity.Refusal
	// SignOutURL is where the issuer forgets who somebody is; empty where it is not known.
	SignOutURL() string
}

// Handle answers one invocation: a *Response for a request, nil for a tick. A tick's error, unlike a request's, fails the
// invocation, which is what the function's alarm counts.
func (h *Handler) Handle(ctx context.Context, payload []byte) (*Response, error) {
	event, err := ParseEvent(payload)
	if err != nil {
		return nil, err
	}
	if event.Tick {
		_, err := h.run(ctx, "tick", decide.Tick)
		if err != nil {
			return nil, fmt.Errorf("tick: %w", err)
		}
		return nil, nil
	}
	return h.serve(ctx, event.Request), nil
}

func (h *Handler) serve(ctx context.Context, r *Request) *Response {
	if why := checkTarget(r); why != nil {
		return r.refused(why)
	}
	if refused := h.admit(ctx, r); refused != nil {
		return refused
	}
	kind := h.classify(r)
	if h.Typical != nil && (kind == KindPage || kind == KindReload || kind == KindStatus || kind == KindWakeStatus) {
		go h.Typical(ctx) // while AWS is asked for the state; whoever tells it waits for the same answer
	}
	switch kind {
	case KindRefused:
		return r.unserved()
	case KindQuiet:
		return r.quiet()
	case KindUnwanted:
		return r.unwanted()
	case KindPage:
		return h.servePage(ctx, r)
	case KindReload:
		behind := h.behind(ctx, r)
		return h.page(r, h.ask(ctx, "reload", decide.Query), pageLook, behind())
	case KindForm:
		return h.hold(ctx, r, "form", h.declineForm)
	case KindCall:
		return h.hold(ctx, r, "call", h.declineCall)
	case KindStatus:
		status := h.ask(ctx, "status", decide.Query)
		return r.status(&status)
	case KindWakeStatus:
		status := h.ask(ctx, "wake", decide.Ask)
		return r.status(&status)
	default:
		return h.serveFile(ctx, r)
	}
}

// admit answers those who are not let in, before anything is looked at: they wake nothing, and keep nothing awake.
func (h *Handler) admit(ctx context.Context, r *Request) *Response {
	if h.Gate == nil {
		return nil
	}
	if r.Path == identity.SignOutPath {
		return h.signOut(r)
	}
	person, err := h.Gate.Admit(ctx, r.header[identity.Header])
	if err == nil {
		return nil
	}
	if errors.Is(err, identity.ErrUnavailable) {
		h.Log.ErrorContext(ctx, "nobody can be let in", "error", err)
	} else {
		h.Log.InfoContext(ctx, "somebody was not let in", "reason", err.Error())
	}
	refusal := h.Gate.Refuse(person, err)
	if r.accepts("text/html") {
		return r.answer(refusal.Status, refusal.Page, "Content-Type", htmlType, "Content-Security-Policy", identity.Policy)
	}
	return r.answer(refusal.Status, refusal.Text+"\n", "Content-Type", textType)
}

// signOut ends the session at the load balancer, and sends the browser on to end the one at the issuer.
func (h *Handler) signOut(r *Request) *Response {
	response := r.answer(http.StatusOK, identity.SignedOut, "Content-Type", textType)
	if url := h.Gate.SignOutURL(); url != "" {
		response = r.answer(http.StatusFound, "", "Location", url)
	}
	if cookies := identity.SignOutCookies(); r.multi {
		response.MultiValueHeaders["Set-Cookie"] = cookies
	} else {
		response.Headers["Set-Cookie"] = cookies[0]
	}
	return response
}

// run reconciles once and keeps a record.
func (h *Handler) run(ctx context.Context, event string, in decide.Intent) (reconcile.Result, error) {
	result, err := h.Runner.Run(ctx, in)
	h.Recorder.Record(event, &result, err)
	return result, err
}

// ask carries out what the event wants and tells the outcome.
func (h *Handler) ask(ctx context.Context, event string, in decide.Intent) Status {
	plan, _ := h.plan(ctx, event, in)
	return h.statusOf(ctx, &plan)
}

// plan runs once. What could not be done is unknown to the visitor, who asks again. moved says that a step was taken.
//
// A visitor's call that took the service out of a drain looks again at once: a tick may have put the count to zero at the
// very same moment. That tick, too, looks again after it did, so one of the two sees the other before ECS has stopped
// anything.
func (h *Handler) plan(ctx context.Context, event string, in decide.Intent) (plan decide.Plan, moved bool) {
	result, err := h.run(ctx, event, in)
	if err == nil && result.Plan.Reason == decide.ReasonResumed {
		result, err = h.run(ctx, event, in)
		moved = true
	}
	if err != nil && result.Outcome.Done < len(result.Plan.Steps()) {
		h.Log.ErrorContext(ctx, "the plan was not carried out", "event", event, "error", err)
		return decide.Plan{State: decide.StateUnknown}, false
	}
	return result.Plan, moved || result.Outcome.Done > 0
}

// FlipSettle is how long the load balancer may need to follow a moved rule. AWS publishes no figure; requests that come
// too early are simply answered here once more.
const FlipSettle = 1500 * time.Millisecond

// servePage gives the waiting page, or sends the browser straight on when the service was only draining.
func (h *Handler) servePage(ctx context.Context, r *Request) *Response {
	behind := h.behind(ctx, r)
	plan, moved := h.plan(ctx, "page", decide.Ask)
	if plan.State == decide.StateReady && moved && h.Sleep(ctx, FlipSettle) == nil {
		return r.again(plan.State.String())
	}
	return h.page(r, h.statusOf(ctx, &plan), pageAsk, behind())
}

// behind begins to look for what to show behind the page, while AWS is asked for the service's state.
func (h *Handler) behind(ctx context.Context, r *Request) func() string {
	if h.StandIn == nil || r.Method != http.MethodGet || isFramedElsewhere(r) { // which would frame the site in itself
		return func() string { return "" }
	}
	scheme := "https"
	if r.Header("x-forwarded-proto") == "http" {
		scheme = "http"
	}
	found := make(chan string, 1)
	go func() { found <- h.StandIn.For(ctx, &url.URL{Scheme: scheme, Host: r.Header("host")}, r.Path) }()
	return func() string { return <-found }
}

// serveFile gives a page's file back to the service if that is up, and never wakes for one.
func (h *Handler) serveFile(ctx context.Context, r *Request) *Response {
	plan, _ := h.plan(ctx, "file", decide.Touch)
	if plan.State == decide.StateReady && h.Sleep(ctx, FlipSettle) == nil {
		return r.again(plan.State.String())
	}
	status := h.statusOf(ctx, &plan)
	return r.conflict(&status)
}

// page answers with the waiting page.
func (h *Handler) page(r *Request, status Status, purpose pagePurpose, behind string) *Response {
	return r.answer(http.StatusOK, waitingPage(&status, purpose, behind),
		"Content-Type", htmlType, "Content-Security-Policy", policyWith(behind), "Referrer-Policy", "same-origin",
		"X-Robots-Tag", "noindex, nofollow", "Vary", "Accept", stateHeader, status.State)
}
