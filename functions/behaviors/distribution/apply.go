// Package distribution changes a live distribution: it reads the configuration, plans, and writes with the version that
// was read, again with a fresh read whenever somebody else was faster.
package distribution

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// Faults of a [Store] that are handled by their meaning.
var (
	// ErrGone means that there is no such distribution.
	ErrGone = errors.New("the distribution does not exist")
	// ErrConflict means that the configuration is not the one that was read any more.
	ErrConflict = errors.New("somebody else changed the distribution in between")
	// ErrDenied means that the caller may not do this, or may not do it yet.
	ErrDenied = errors.New("a permission is missing")
	// ErrSetting means that CloudFront refuses a setting of the distribution's owner, which we hand back as we read it: it
	// could not be looked at with the caller's rights, or it is not valid any more.
	ErrSetting = errors.New("CloudFront refuses a setting of the distribution's owner")
)

// Snapshot is a configuration at one version.
type Snapshot struct {
	// ETag is the version.
	ETag string
	// XML is the payload of GetDistributionConfig.
	XML []byte
}

// Store reads and writes configurations. Write replaces the version that was read, or fails with [ErrConflict].
type Store interface {
	Read(ctx context.Context, id string) (Snapshot, error)
	Write(ctx context.Context, id string, s Snapshot) error
}

// Planner says what a configuration should become.
type Planner func(doc *document.Document) (merge.Plan, error)

// maxAttempts bounds how often a lost race is run again. Writers of a distribution are deployments and people: a
// handful in a row is a lot.
const maxAttempts = 10

// Applier applies plans to live distributions.
type Applier struct {
	Store Store
	// Sleep waits, or returns the context's error if it ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter draws a duration below its argument.
	Jitter func(below time.Duration) time.Duration
}

// Outcome is what was done.
type Outcome struct {
	// Plan is the one that was written, or found nothing to do.
	Plan merge.Plan
	// Changes are those of the first plan that had any: a write may succeed although its answer is lost, and the next
	// look then finds nothing to do.
	Changes []string
	// Attempts is how often the configuration was read.
	Attempts int
}

// Apply makes the distribution what the planner says, and writes nothing if it is that already. It does not wait for
// the change to reach the edge locations: the API accepts the next change meanwhile.
func (a *Applier) Apply(ctx context.Context, id string, plan Planner) (Outcome, error) {
	var out Outcome
	for out.Attempts < maxAttempts {
		if err := a.pause(ctx, out.Attempts); err != nil {
			return out, fmt.Errorf("distribution %s: %w; the last of %d attempts lost against another writer", id, err, out.Attempts)
		}
		out.Attempts++
		err := a.attempt(ctx, id, plan, &out)
		if err == nil {
			return out, nil
		}
		if !errors.Is(err, ErrConflict) {
			return out, fmt.Errorf("distribution %s: %w", id, err)
		}
	}
	return out, fmt.Errorf("distribution %s: %w, %d times in a row; try again later", id, ErrConflict, maxAttempts)
}

// Plan reads the distribution and says what Apply would do.
func (a *Applier) Plan(ctx context.Context, id string, plan Planner) (merge.Plan, error) {
	_, p, err := a.look(ctx, id, plan)
	if err != nil {
		return merge.Plan{}, fmt.Errorf("distribution %s: %w", id, err)
	}
	return p, nil
}

func (a *Applier) attempt(ctx context.Context, id string, plan Planner, out *Outcome) error {
	read, p, err := a.look(ctx, id, plan)
	if err != nil {
		return err
	}
	out.Plan = p
	if len(out.Changes) == 0 {
		out.Changes = p.Changes
	}
	if p.Empty() {
		return nil
	}
	return explain(a.Store.Write(ctx, id, Snapshot{ETag: read.ETag, XML: p.After}), p.Rights)
}

func (a *Applier) look(ctx context.Context, id string, plan Planner) (Snapshot, merge.Plan, error) {
	read, err := a.Store.Read(ctx, id)
	if err != nil {
		return read, merge.Plan{}, err
	}
	doc, err := document.ParseXML(read.XML)
	if err != nil {
		return read, merge.Plan{}, err
	}
	p, err := plan(doc)
	return read, p, err
}

// pause waits between attempts: not at all before the first two, because whoever won the race has finished; then for a
// growing random time, so that several losers do not meet again.
func (a *Applier) pause(ctx context.Context, attempts int) error {
	const first, longest = 200 * time.Millisecond, 5 * time.Second
	if attempts < 2 {
		return ctx.Err()
	}
	return a.Sleep(ctx, a.Jitter(min(first<<attempts, longest)))
}

// explain adds to a refusal which rights the distribution's settings ask for, since CloudFront names them badly or not at all.
func explain(err error, rights []spec.Right) error {
	if len(rights) == 0 || !errors.Is(err, ErrDenied) && !errors.Is(err, ErrSetting) {
		return err
	}
	var needs, arns []string
	for _, right := range rights {
		needs, arns = append(needs, right.String()), append(arns, right.ARN)
	}
	return fmt.Errorf("%w; because of its settings this distribution also asks whoever changes it for %s: name in the stack's "+
		"configuration what is not there yet, distributionRights: [%s], or have the owner remove the setting",
		err, strings.Join(needs, ", "), strings.Join(arns, ", "))
}
