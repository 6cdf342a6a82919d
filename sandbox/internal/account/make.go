package account

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Make makes something that Pulumi knows nothing of, as somebody does with AWS's CLI: by the same rules, and with the first of
// what they refuse as the error.
func (a *Account) Make(ctx context.Context, typ string, inputs map[string]any) (Resource, error) {
	checked, err := a.Check(CheckRequest{Type: typ, NewInputs: resource.NewPropertyMapFromMap(inputs)})
	if err != nil {
		return Resource{}, err
	}
	if len(checked.Failures) > 0 {
		return Resource{}, errors.New(checked.Failures[0].Reason)
	}
	return a.Create(ctx, CreateRequest{Type: typ, Inputs: checked.Inputs})
}

// Unmake removes something, by the same rules.
func (a *Account) Unmake(ctx context.Context, r Resource) error {
	return a.Delete(ctx, DeleteRequest{URN: r.URN, Type: r.Type, ID: r.ID, State: r.State})
}
