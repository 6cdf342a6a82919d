// Package merge puts our origin and cache behaviors into a distribution configuration that belongs to somebody else,
// and takes them out again. It is pure: a document goes in, a plan comes out.
//
// What is ours is told by a mark (see mark.go). Everything else keeps its bytes and its order; a check that does not
// share the editing code compares them before a plan is handed out.
package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// Plan is what would be written, and why.
type Plan struct {
	// Before and After are the configuration as it was read and as it would be written; equal when nothing changes.
	Before, After []byte
	// Changes are the differences in words, empty when nothing changes.
	Changes []string
	// Warnings are settings of the distribution's owner that get in the way of our behaviors.
	Warnings []string
	// Rights are what CloudFront may ask of the caller besides cloudfront:UpdateDistribution, because of the owner's settings.
	Rights []spec.Right
}

// MissingRights are those that the stack does not grant its function yet.
func (p Plan) MissingRights(granted []string) []spec.Right {
	return slices.DeleteFunc(slices.Clone(p.Rights), func(r spec.Right) bool { return slices.Contains(granted, r.ARN) })
}

// Empty says whether there is nothing to write.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }

// Refusal is returned when the distribution's owner holds something that we would have to change.
type Refusal struct{ Reasons []string }

// Error lists the reasons.
func (r *Refusal) Error() string {
	return "nothing changed, the distribution's owner comes first: " + strings.Join(r.Reasons, "; ")
}

// Owners are whose entries count as ours: the present mark first, then any that the stack had before.
type Owners []string

// Ensure plans what makes the document hold exactly the input of ours. The document is used up. Errors are a
// [*Refusal], or say what is wrong with the document.
func Ensure(doc *document.Document, in spec.Input, owners Owners) (Plan, error) {
	e, err := begin(doc, owners, in.Behaviors)
	if err != nil {
		return Plan{}, err
	}
	own := mark{owner: in.Owner, paths: paths(in.Behaviors), empty: e.emptyForm()}
	if err := own.check(); err != nil {
		return Plan{}, err
	}
	if err := e.refuseEnsure(in); err != nil {
		return Plan{}, err
	}
	e.ensureOrigin(in.Origin, own)
	e.ensureBehaviors(in)
	e.removeOrigins(in.Origin.ID)
	e.config.behaviors.settle(own.empty)
	e.config.origins.settle(emptyPlain)
	return e.finish(in.Behaviors)
}

// Remove plans what takes everything of ours out of the document. The patterns are those that were last asked for;
// the mark knows the ones that were written.
func Remove(doc *document.Document, owners Owners, last []spec.Behavior) (Plan, error) {
	e, err := begin(doc, owners, last)
	if err != nil {
		return Plan{}, err
	}
	empty := e.emptyForm()
	if reasons := e.foreignUsers(e.mine.origins); len(reasons) > 0 {
		return Plan{}, &Refusal{reasons}
	}
	for _, b := range e.mine.behaviors {
		e.changed("remove behavior %s", b.Text("PathPattern"))
		e.config.behaviors.remove(b)
	}
	e.removeOrigins("")
	e.config.behaviors.settle(empty)
	e.config.origins.settle(emptyPlain)
	return e.finish(nil)
}

// edit is one merge in progress.
type edit struct {
	doc     *document.Document
	config  config
	owners  Owners
	mine    owned
	before  []byte
	foreign foreign
	changes []string
}

func begin(doc *document.Document, owners Owners, wanted []spec.Behavior) (*edit, error) {
	c, err := readConfig(doc)
	if err != nil {
		return nil, err
	}
	e := &edit{doc: doc, config: c, owners: owners, mine: c.owned(owners, wanted), before: doc.Bytes()}
	e.foreign = e.config.foreign(e.mine)
	return e, nil
}

func (e *edit) changed(format string, args ...any) {
	e.changes = append(e.changes, fmt.Sprintf(format, args...))
}

// finish writes the document, reads it again, and compares what is not ours with what it was.
func (e *edit) finish(wanted []spec.Behavior) (Plan, error) {
	plan := Plan{Before: e.before, After: e.before, Changes: e.changes}
	if !plan.Empty() {
		plan.After = e.doc.Bytes()
	}
	doc, err := e.doc.Reread(plan.After)
	if err != nil {
		return Plan{}, fmt.Errorf("the merged configuration cannot be read again, nothing written: %w", err)
	}
	after, err := readConfig(doc)
	if err != nil {
		return Plan{}, fmt.Errorf("the merged configuration is inconsistent, nothing written: %w", err)
	}
	if err := e.foreign.unchangedIn(after.foreign(after.owned(e.owners, wanted))); err != nil {
		return Plan{}, err
	}
	plan.Warnings, plan.Rights = after.warnings(e.owners, wanted), after.rights()
	return plan, nil
}
