package invocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// applier changes live distributions.
type applier interface {
	Apply(ctx context.Context, id string, plan distribution.Planner) (distribution.Outcome, error)
}

// Handler answers calls.
type Handler struct {
	Distributions applier
	// Standing is what a re-merge restores, or why that is not known. It is asked for by a re-merge only: a function
	// with a broken environment must still be able to delete.
	Standing func() (spec.Input, error)
	// Function is the metrics' dimension.
	Function string
	// Metrics takes CloudWatch's embedded metric format; in Lambda, standard output.
	Metrics io.Writer
	Log     *slog.Logger
	Now     func() time.Time
	// Sleep waits, or returns the context's error if it ends first.
	Sleep func(ctx context.Context, d time.Duration) error
}

// A deployment creates the role's permission moments before it calls, and IAM needs some seconds to apply it everywhere
// (IAM user guide, "Changes that I make are not always immediately visible").
const (
	permissionPause    = 3 * time.Second
	permissionAttempts = 10
)

// Result is the answer of a call; the resource keeps it as its output.
type Result struct {
	Action         Action   `json:"action"`
	DistributionID string   `json:"distributionId"`
	Changes        []string `json:"changes"`
	Warnings       []string `json:"warnings"`
}

// Handle answers one call.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (Result, error) {
	e, err := parse(payload)
	if err != nil {
		return Result{}, err
	}
	var r Result
	switch e.action {
	case Delete:
		r, err = h.delete(ctx, e.input)
	case Remerge:
		r, err = h.remerge(ctx)
	default:
		r, err = h.ensure(ctx, e)
	}
	r.Action = e.action
	if err != nil {
		h.Log.Error("failed", "action", e.action, "error", err)
		return Result{}, err
	}
	h.Log.Info("done", "action", r.Action, "distribution", r.DistributionID,
		"changes", r.Changes, "warnings", r.Warnings)
	return r, nil
}

// ensure serves create and update, which ask for the same end.
func (h *Handler) ensure(ctx context.Context, e event) (Result, error) {
	owners := merge.Owners{e.input.Owner}
	if before := e.previous.Owner; before != "" && before != e.input.Owner {
		owners = append(owners, before)
	}
	r, err := h.applyOncePermitted(ctx, e.input.DistributionID, ensuring(e.input, owners))
	if err != nil {
		return r, err
	}
	left := e.previous.DistributionID
	if e.action != Update || left == "" || left == e.input.DistributionID {
		return r, nil
	}
	cleaned, err := h.delete(ctx, spec.Input{DistributionID: left, Owner: owners[len(owners)-1]})
	if err != nil {
		return r, fmt.Errorf("the behaviors are on distribution %s now, but could not be removed from %s, where they were: "+
			"remove them with `go run ./functions/behaviors -distribution %s -action delete -apply`: %w",
			e.input.DistributionID, left, left, err)
	}
	for _, change := range cleaned.Changes {
		r.Changes = append(r.Changes, left+": "+change)
	}
	return r, nil
}

// delete succeeds when there is nothing left to delete, for whatever reason.
func (h *Handler) delete(ctx context.Context, in spec.Input) (Result, error) {
	r, err := h.apply(ctx, in.DistributionID, func(doc *document.Document) (merge.Plan, error) {
		return merge.Remove(doc, merge.Owners{in.Owner}, in.Behaviors)
	})
	if errors.Is(err, distribution.ErrGone) {
		h.Log.Info("the distribution is gone, and our behaviors with it", "distribution", in.DistributionID)
		return r, nil
	}
	return r, err
}

// remerge restores what somebody else's deployment wiped, and reports by metric what it found.
func (h *Handler) remerge(ctx context.Context) (Result, error) {
	in, err := h.Standing()
	if err != nil {
		return Result{}, err
	}
	r, err := h.apply(ctx, in.DistributionID, ensuring(in, merge.Owners{in.Owner}))
	var refusal *merge.Refusal
	refused := errors.As(err, &refusal) || errors.Is(err, distribution.ErrGone)
	if err != nil && !refused {
		return r, err
	}
	return r, errors.Join(err, h.report(r, refused))
}

func ensuring(in spec.Input, owners merge.Owners) distribution.Planner {
	return func(doc *document.Document) (merge.Plan, error) { return merge.Ensure(doc, in, owners) }
}

// mayPass says whether a refusal may come from a policy that is too new to be known everywhere. CloudFront tells of a right on
// a web ACL or an edge function by other codes than AccessDenied.
func mayPass(err error) bool {
	return errors.Is(err, distribution.ErrDenied) || errors.Is(err, distribution.ErrSetting)
}

// applyOncePermitted waits for a permission that may be on its way.
func (h *Handler) applyOncePermitted(ctx context.Context, id string, plan distribution.Planner) (Result, error) {
	for attempt := 1; ; attempt++ {
		r, err := h.apply(ctx, id, plan)
		if !mayPass(err) || attempt == permissionAttempts || h.Sleep(ctx, permissionPause) != nil {
			return r, err
		}
	}
}

func (h *Handler) apply(ctx context.Context, id string, plan distribution.Planner) (Result, error) {
	r := Result{DistributionID: id, Changes: []string{}, Warnings: []string{}}
	out, err := h.Distributions.Apply(ctx, id, plan)
	if err != nil {
		return r, err
	}
	r.Changes = append(r.Changes, out.Changes...)
	r.Warnings = append(r.Warnings, out.Plan.Warnings...)
	return r, nil
}
