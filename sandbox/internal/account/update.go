package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Update changes a resource in place and returns its new state. Like the real
// provider it sends what differs between the old state and the new inputs, and
// leaves alone what somebody else changed meanwhile.
//
// When the function of an aws:lambda/invocation:Invocation fails, the resource
// with the new inputs is kept and returned together with the error, as the real
// provider does.
func (a *Account) Update(ctx context.Context, req UpdateRequest) (Resource, error) {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return Resource{}, err
	}
	op := operation{account: a, kind: k, schema: t}
	changes, err := changesOf(t, k, DiffRequest{
		URN: req.URN, Type: req.Type, ID: req.ID, OldState: req.OldState, NewInputs: req.NewInputs, IgnoreChanges: req.IgnoreChanges,
	})
	if err != nil {
		return Resource{}, err
	}
	if req.DryRun {
		return op.previewUpdate(req, changes)
	}
	if req.Type == view.TypeInvocation {
		return op.updateInvocation(ctx, req, changes)
	}
	return op.update(req, changes, nil)
}

// topNames are the inputs that changes belong to.
func topNames(changes []schema.Change) map[string]bool {
	out := map[string]bool{}
	for _, c := range changes {
		out[c.Path[:strings.IndexAny(c.Path+".", ".[")]] = true
	}
	return out
}

// withChanges is a state with the changed inputs in it.
func (op operation) withChanges(state, inputs props.Map, changed map[string]bool) props.Map {
	out := props.CopyMap(state)
	for name := range changed {
		key := props.Key(name)
		if v, ok := inputs[key]; ok {
			out[key] = keepComputed(op.schema.Inputs[name], state[key], props.Copy(v))
		} else {
			delete(out, key)
		}
	}
	return props.WithoutInternal(out)
}

// keepComputed carries over what AWS chose inside an object that changes.
func keepComputed(p *schema.Property, old, in props.Value) props.Value {
	if p == nil || p.Kind != schema.Object || !old.IsObject() || !in.IsObject() {
		return in
	}
	for _, name := range p.Names() {
		key := props.Key(name)
		nested := p.Properties[name]
		v, set := in.ObjectValue()[key]
		if set && !v.IsNull() {
			in.ObjectValue()[key] = keepComputed(nested, old.ObjectValue()[key], v)
		} else if was, had := old.ObjectValue()[key]; had && nested.Computed {
			in.ObjectValue()[key] = was
		}
	}
	return in
}

func (op operation) previewUpdate(req UpdateRequest, changes []schema.Change) (Resource, error) {
	inputs := props.PlainMap(req.NewInputs)
	changed := topNames(changes)
	state := op.withChanges(props.PlainMap(req.OldState), inputs, changed)
	err := op.account.store.View(func(v store.View) error {
		c := op.call(v, req.Type, req.URN)
		c.In, c.State, c.Changed, c.DryRun = state, state, changed, true
		c.Old, _ = v.Get(req.Type, op.kind.Stored(req.ID, req.OldState))
		return op.kind.VerifyPreview(c)
	})
	if err != nil {
		return Resource{}, err
	}
	if !onlyTags(changed) {
		for _, name := range op.kind.Volatile {
			state[props.Key(name)] = props.Unknown()
		}
	}
	return op.masked(Resource{Type: req.Type, ID: req.ID, URN: req.URN, Inputs: inputs, State: state}), nil
}

func onlyTags(changed map[string]bool) bool {
	for name := range changed {
		if name != "tags" && name != schema.TagsAll {
			return false
		}
	}
	return true
}

// update applies and keeps changes; extra are outputs known beforehand.
func (op operation) update(req UpdateRequest, changes []schema.Change, extra props.Map) (Resource, error) {
	var out Resource
	inputs := props.PlainMap(req.NewInputs)
	err := op.account.store.Update(func(tx *store.Tx) error {
		old, ok := tx.Get(req.Type, op.kind.Stored(req.ID, req.OldState))
		if !ok {
			return fmt.Errorf("updating %s %q (%s): %w; run refresh to see what is gone",
				req.Type, kind.NameOf(req.URN, req.ID), req.ID, ErrNotFound)
		}
		c := op.call(tx, req.Type, req.URN)
		c.Tx, c.Old, c.ID, c.Changed = tx, old, old.ID, topNames(changes)
		c.State = op.withChanges(old.State, inputs, c.Changed)
		c.In = c.State
		if err := op.kind.Apply(c); err != nil {
			return err
		}
		for name, v := range extra {
			c.State[name] = v
		}
		out = Resource{Type: req.Type, ID: old.ID, URN: req.URN, Inputs: inputs, State: c.State}
		return tx.Put(out)
	})
	return op.public(out), err
}
