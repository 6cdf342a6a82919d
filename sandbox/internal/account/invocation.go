package account

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

const (
	scopeCRUD = "CRUD"
)

// NotRun is the result of an invocation in an account without an Invoker.
const NotRun = `{"sandbox":"not run: this account has no invoker for Lambda functions"}`

// invocation is one run of a function on behalf of an Invocation resource.
type invocation struct {
	action string
	inputs props.Map
	// previous is the input before the change; nil on create.
	previous *string
}

func (op operation) createInvocation(ctx context.Context, req CreateRequest, inputs props.Map) (Resource, error) {
	err := op.account.store.View(func(v store.View) error {
		c := op.call(v, req.Type, req.URN)
		c.In, c.State = inputs, inputs
		return op.kind.VerifyPreview(c)
	})
	if err != nil {
		return Resource{}, err
	}
	result, err := op.invoke(ctx, invocation{action: "create", inputs: inputs})
	if err != nil {
		return Resource{}, fmt.Errorf("%s %q: %w", req.Type, kind.NameOf(req.URN, ""), err)
	}
	return op.create(req, inputs, props.Map{"result": props.Of(result)})
}

func (op operation) updateInvocation(ctx context.Context, req UpdateRequest, changes []schema.Change) (Resource, error) {
	inputs := props.PlainMap(req.NewInputs)
	previous := props.Str(req.OldState, "input")
	if props.Str(inputs, "lifecycleScope") != scopeCRUD || onlyTags(topNames(changes)) {
		return op.update(req, changes, nil)
	}
	result, failed := op.invoke(ctx, invocation{action: "update", inputs: inputs, previous: &previous})
	extra := props.Map{"result": props.Of(result)}
	if failed != nil {
		failed = fmt.Errorf("%s %q: %w", req.Type, kind.NameOf(req.URN, req.ID), failed)
		extra = nil
	}
	kept, err := op.update(req, changes, extra)
	if err != nil {
		return kept, err
	}
	return kept, failed
}

func (op operation) deleteInvocation(ctx context.Context, req DeleteRequest) error {
	state := props.PlainMap(req.State)
	if props.Str(state, "lifecycleScope") != scopeCRUD {
		return nil
	}
	input := props.Str(state, "input")
	if _, err := op.invoke(ctx, invocation{action: "delete", inputs: state, previous: &input}); err != nil {
		return fmt.Errorf("%s %q: %w", req.Type, kind.NameOf(req.URN, req.ID), err)
	}
	return nil
}

// invoke runs the function outside the account's lock, since the function may
// well call the account.
func (op operation) invoke(ctx context.Context, run invocation) (string, error) {
	payload, err := run.payload()
	if err != nil {
		return "", err
	}
	if op.account.Invoker == nil {
		return NotRun, nil
	}
	name := props.Str(run.inputs, "functionName")
	function, ok := op.account.findFunction(name)
	if !ok {
		return "", fmt.Errorf("invoking %s (%s): ResourceNotFoundException: Function not found: %w", name, run.action, ErrNotFound)
	}
	out, err := op.account.Invoker.Invoke(ctx, function, payload)
	if err != nil {
		return "", fmt.Errorf("invoking %s (%s): %w", name, run.action, err)
	}
	return string(out), nil
}

func (a *Account) findFunction(name string) (Resource, bool) {
	if r, ok := a.Get(view.TypeFunction, name); ok {
		return r, true
	}
	var out Resource
	found := false
	err := a.store.View(func(v store.View) error {
		for _, r := range v.By(view.TypeFunction, "arn", name) {
			out, found = r.Copy(), true
		}
		return nil
	})
	return out, found && err == nil
}

// payload is the input; with a CRUD lifecycle it gets a key (terraformKey, "tf")
// with the action and the previous input.
func (run invocation) payload() ([]byte, error) {
	input := props.Str(run.inputs, "input")
	if props.Str(run.inputs, "lifecycleScope") != scopeCRUD {
		return []byte(input), nil
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(input), &body); err != nil {
		return nil, fmt.Errorf("the input is not a JSON object: %w", err)
	}
	var previous map[string]any
	if run.previous != nil {
		if err := json.Unmarshal([]byte(*run.previous), &previous); err != nil {
			return nil, fmt.Errorf("the previous input is not a JSON object: %w", err)
		}
	}
	key := props.Str(run.inputs, "terraformKey")
	if key == "" {
		key = "tf"
	}
	body[key] = map[string]any{"action": run.action, "prev_input": previous}
	return json.Marshal(body)
}
