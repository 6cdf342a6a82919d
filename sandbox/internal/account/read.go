package account

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Read returns a resource as it is in the account now; found is false when it is
// gone. With State it is a refresh: the inputs are the request's, changed where
// the account differs. Without, it is an import by ID.
func (a *Account) Read(req ReadRequest) (res Resource, found bool, err error) {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return Resource{}, false, err
	}
	op := operation{account: a, kind: k, schema: t}
	imported := len(req.State) == 0 && len(req.Inputs) == 0
	err = a.store.View(func(v store.View) error {
		id := k.Stored(req.ID, props.PlainMap(req.State))
		if imported {
			id = k.Imported(v, req.ID)
		}
		r, ok := v.Get(req.Type, id)
		found = ok
		res = op.public(r)
		return nil
	})
	if err != nil || !found {
		return Resource{}, false, err
	}
	if t.HasTags() && !res.State.HasValue(schema.TagsAll) {
		res.State[schema.TagsAll] = mergeTags(nil, res.State["tags"])
	}
	op.fillDefaults(res.State)
	if imported {
		res.Inputs = op.importedInputs(res.State)
	} else {
		res.Inputs = op.readInputs(res.State, props.PlainMap(req.Inputs))
	}
	if req.URN != "" {
		res.URN = req.URN
	}
	return res, true, nil
}

// fillDefaults gives a foreign resource the values that the provider would.
func (op operation) fillDefaults(state props.Map) {
	for _, name := range op.schema.Names() {
		p := op.schema.Inputs[name]
		if d, ok := p.DefaultValue(); ok && !state.HasValue(props.Key(name)) && !p.ConflictsIn(state) {
			state[props.Key(name)] = d
		}
	}
}

// readInputs are old inputs brought up to date: what means the same stays as the
// program wrote it, what differs is taken from the account.
func (op operation) readInputs(state, old props.Map) props.Map {
	out := props.Map{}
	for k, v := range old {
		if resource.IsInternalPropertyKey(k) {
			out[k] = v
		}
	}
	for _, name := range op.schema.Names() {
		p, key := op.schema.Inputs[name], props.Key(name)
		now, was := state[key], old[key]
		switch {
		case old.HasValue(key) && p.Equal(now, was):
			out[key] = was
		case old.HasValue(key) && state.HasValue(key):
			out[key] = props.Copy(now)
		case !old.HasValue(key) && !p.Computed && p.Differs(now):
			out[key] = props.Copy(now)
		}
	}
	if op.schema.HasTags() {
		out[schema.TagsAll] = props.Copy(state[schema.TagsAll])
	}
	return out
}

// importedInputs are the inputs that a program would have to give for this state.
func (op operation) importedInputs(state props.Map) props.Map {
	out := props.Map{}
	var defaults []string
	for _, name := range op.schema.Names() {
		p, key := op.schema.Inputs[name], props.Key(name)
		v := state[key]
		switch {
		case v.IsNull() || props.IsEmpty(v) && !p.Required:
		case p.Required, p.AutoName != nil, !p.Computed && p.Differs(v):
			out[key] = props.Copy(v)
		case !p.Computed:
			out[key] = props.Copy(v)
			defaults = append(defaults, name)
		}
	}
	slices.Sort(defaults)
	out[props.DefaultsKey] = props.Of(defaults)
	if op.schema.HasTags() {
		out[schema.TagsAll] = props.Copy(state[schema.TagsAll])
	}
	return out
}
