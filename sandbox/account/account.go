// Package account is the simulated AWS account behind the sandbox: what exists,
// what AWS would refuse, and what it would answer.
package account

import (
	"errors"
	"sort"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Account is one AWS account in one region. It is safe for concurrent use.
type Account struct {
	// Invoker runs Lambda functions for aws:lambda/invocation:Invocation. Set
	// it before the first operation; without it invocations are recorded as not
	// run.
	Invoker Invoker

	mu        sync.Mutex
	resources map[string]map[string]Resource
}

var errNotFound = errors.New("no such resource")

// Open opens the account kept in dir, and creates it with the default seed when
// dir holds none.
func Open(_ string) (*Account, error) {
	return &Account{resources: map[string]map[string]Resource{}}, nil
}

// Close releases the account.
func (a *Account) Close() error { return nil }

// Get returns the resource of that type and ID.
func (a *Account) Get(typ, id string) (Resource, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.resources[typ][id]
	return r, ok
}

// List returns all resources of a type, sorted by ID.
func (a *Account) List(typ string) []Resource {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Resource
	for _, r := range a.resources[typ] {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Put creates or overwrites a resource without applying any rule.
func (a *Account) Put(r Resource) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.resources[r.Type] == nil {
		a.resources[r.Type] = map[string]Resource{}
	}
	a.resources[r.Type][r.ID] = r
	return nil
}

// Mutate changes a resource's state behind Pulumi's back.
func (a *Account) Mutate(typ, id string, fn func(state resource.PropertyMap) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.resources[typ][id]
	if !ok {
		return errNotFound
	}
	return fn(r.State)
}

// Remove deletes a resource without applying any rule.
func (a *Account) Remove(typ, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.resources[typ], id)
	return nil
}
