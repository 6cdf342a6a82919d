package account

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
)

// Diff compares checked inputs with the last known state. It says for each
// changed property whether AWS can change it in place.
func (a *Account) Diff(req DiffRequest) (DiffResult, error) {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return DiffResult{}, err
	}
	changes, err := changesOf(t, k, req)
	if err != nil {
		return DiffResult{}, fmt.Errorf("%s %q: %w", req.Type, kind.NameOf(req.URN, req.ID), err)
	}
	out := DiffResult{Properties: changes}
	out.DeleteBeforeReplace = deleteFirst(t, req.NewInputs, changes)
	return out, nil
}

// deleteFirst reports whether a replacement deletes the old resource first:
// where the provider says so for the type, and where the program chose a name.
// The bridge does not look whether the name changes (pulumi-terraform-bridge,
// nameRequiresDeleteBeforeReplace; pulumi-aws sets no UniqueNameFields), so
// even a new name deletes first unless the program says deleteBeforeReplace: false.
func deleteFirst(t *schema.Type, inputs props.Map, changes []schema.Change) bool {
	replaced := slices.ContainsFunc(changes, func(c schema.Change) bool { return c.Replace })
	return replaced && (t.DeleteBeforeReplace || t.ExplicitName(inputs))
}

// changesOf compares and leaves out what is ignored.
func changesOf(t *schema.Type, k *kind.Kind, req DiffRequest) ([]schema.Change, error) {
	state, inputs := props.PlainMap(req.OldState), props.PlainMap(req.NewInputs)
	ignored := make([]resource.PropertyPath, len(req.IgnoreChanges))
	for i, p := range req.IgnoreChanges {
		path, err := resource.ParsePropertyPath(p)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges %q is not a property path: %w", p, err)
		}
		ignored[i] = path
	}
	var out []schema.Change
	for _, c := range t.Diff(state, inputs) {
		if isIgnored(c.Path, ignored) {
			continue
		}
		if k.ForceNew != nil && k.ForceNew(c.Path, inputs) {
			c.Replace = true
		}
		out = append(out, c)
	}
	return out, nil
}

func isIgnored(path string, ignored []resource.PropertyPath) bool {
	changed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return false
	}
	for _, p := range ignored {
		if p.Contains(changed) {
			return true
		}
	}
	return false
}
