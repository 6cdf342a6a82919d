package account

import (
	"context"
	"encoding/base64"
	"encoding/hex"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Create makes a resource. In a dry run nothing is kept: rules that are knowable
// apply, and computed outputs are unknown.
//
// When the Lambda function of an aws:lambda/invocation:Invocation fails, the
// error is that failure and nothing is kept.
func (a *Account) Create(ctx context.Context, req CreateRequest) (Resource, error) {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return Resource{}, err
	}
	op := operation{account: a, kind: k, schema: t}
	inputs := props.PlainMap(req.Inputs)
	if req.DryRun {
		return op.previewCreate(req, inputs)
	}
	if req.Type == view.TypeInvocation {
		return op.createInvocation(ctx, req, inputs)
	}
	return op.create(req, inputs, nil)
}

// operation is what the steps of a create, update or delete share.
type operation struct {
	account *Account
	kind    *kind.Kind
	schema  *schema.Type
}

func (op operation) call(v store.View, typ, urn string) *kind.Call {
	return &kind.Call{View: v, Type: typ, URN: urn, Now: op.account.now(), CodeDir: op.account.codeDir()}
}

func (op operation) previewCreate(req CreateRequest, inputs props.Map) (Resource, error) {
	state := props.WithoutInternal(props.CopyMap(inputs))
	err := op.account.store.View(func(v store.View) error {
		c := op.call(v, req.Type, req.URN)
		c.In, c.State, c.DryRun = inputs, state, true
		return op.kind.VerifyPreview(c)
	})
	if err != nil {
		return Resource{}, err
	}
	for _, name := range op.schema.Outputs {
		state[props.Key(name)] = props.Unknown()
	}
	for _, name := range op.schema.Names() {
		if op.schema.Inputs[name].Computed && !state.HasValue(props.Key(name)) {
			state[props.Key(name)] = props.Unknown()
		}
	}
	return op.masked(Resource{Type: req.Type, URN: req.URN, Inputs: inputs, State: state}), nil
}

// create applies and keeps a new resource; extra are outputs known beforehand.
func (op operation) create(req CreateRequest, inputs, extra props.Map) (Resource, error) {
	var out Resource
	err := op.account.store.Update(func(tx *store.Tx) error {
		c := op.call(tx, req.Type, req.URN)
		c.Tx, c.In, c.State = tx, inputs, props.WithoutInternal(props.CopyMap(inputs))
		if err := op.kind.Apply(c); err != nil {
			return err
		}
		op.schema.Assign(c.State, map[string]string{"id": c.ID, "account": view.AccountID, "region": view.Region})
		for name, v := range extra {
			c.State[name] = v
		}
		out = Resource{Type: req.Type, ID: c.ID, URN: req.URN, Inputs: inputs, State: c.State}
		return tx.Put(out)
	})
	return op.public(out), err
}

// public is a copy with the ID that the engine knows the resource by.
func (op operation) public(r Resource) Resource {
	out := r.Copy()
	if r.ID != "" {
		out.ID = op.kind.Public(r)
	}
	return op.masked(out)
}

// masked marks what the provider always masks, whether or not the program does:
// a secret's value stays encrypted in the engine's state even after an import.
func (op operation) masked(r Resource) Resource {
	for _, name := range op.schema.Names() {
		if !op.schema.Inputs[name].Secret {
			continue
		}
		if v, ok := r.State[props.Key(name)]; ok && !v.IsNull() && !v.IsComputed() && !v.IsSecret() {
			r.State[props.Key(name)] = resource.MakeSecret(v)
		}
	}
	return r
}

func codeSum(base64Sum string) (string, error) {
	sum, err := base64.StdEncoding.DecodeString(base64Sum)
	if err != nil {
		return "", err
	}
	if len(sum) == 0 {
		return "", ErrNotFound
	}
	return hex.EncodeToString(sum), nil
}
