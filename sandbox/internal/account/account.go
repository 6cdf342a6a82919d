// Package account is the simulated AWS account behind the sandbox: what exists,
// what AWS would refuse, and what it would answer.
//
// It is built in layers. schema knows the provider's resource types, the folders
// of sandbox/internal/aws what AWS does beyond a schema, document the texts inside
// properties, and store keeps it all in a journal. This package puts them together into the operations
// of a Pulumi provider and of an API front; README.md says how to add a type.
package account

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "github.com/webordinary/live-edit/sandbox/internal/aws/all" // the services register themselves
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda"
)

var _ view.Store = (*Account)(nil)

// Account is one AWS account in one region. It is safe for concurrent use, and
// several processes may have the same one open.
type Account struct {
	// Invoker runs Lambda functions for aws:lambda/invocation:Invocation. Set
	// it before the first operation; without it invocations are recorded as not
	// run, see NotRun.
	Invoker Invoker

	store *store.Store
	now   func() time.Time
}

// Options are for tests and special set-ups.
type Options struct {
	// Seed is what exists before anything is deployed; nil means DefaultSeed.
	// It counts for a new account only.
	Seed []Resource
	// Now is the account's clock; nil means time.Now.
	Now func() time.Time
}

// ErrNotFound means that a resource does not exist.
var ErrNotFound = errors.New("no such resource in the account")

// Open opens the account kept in dir, and creates it with the default seed when
// dir holds none.
func Open(dir string) (*Account, error) { return OpenWith(dir, Options{}) }

// OpenWith is Open with options.
func OpenWith(dir string, o Options) (*Account, error) {
	s, err := store.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the sandbox account in %s: %w", dir, err)
	}
	a := &Account{store: s, now: o.Now}
	if a.now == nil {
		a.now = time.Now
	}
	if err := a.plant(o.Seed); err != nil {
		return nil, errors.Join(fmt.Errorf("seeding the sandbox account: %w", err), s.Close())
	}
	return a, nil
}

// plant puts the seed into a new account, once.
func (a *Account) plant(seed []Resource) error {
	planted := false
	if err := a.store.View(func(v store.View) error { planted = v.Counter(seedCounter) > 0; return nil }); err != nil || planted {
		return err
	}
	if seed == nil {
		var err error
		if seed, err = DefaultSeed(); err != nil {
			return err
		}
	}
	return a.store.Update(func(tx *store.Tx) error {
		if tx.Counter(seedCounter) > 0 { // somebody else was faster
			return nil
		}
		tx.Next(seedCounter)
		for _, r := range seed {
			if err := tx.Put(r); err != nil {
				return err
			}
		}
		return nil
	})
}

const seedCounter = "seeded"

// Close releases the account.
func (a *Account) Close() error { return a.store.Close() }

// Get returns the resource of that type and ID. For the few types whose Pulumi
// ID is not unique in an account (task definitions, scaling policies, scalable
// targets, Lambda permissions, metric filters) the ID is what identifies it in
// AWS, such as the task definition's ARN.
func (a *Account) Get(typ, id string) (Resource, bool) {
	var r Resource
	found := false
	err := a.store.View(func(v store.View) error {
		r, found = v.Get(typ, id)
		r = r.Copy()
		return nil
	})
	return r, found && err == nil
}

// List returns all resources of a type, sorted by ID.
func (a *Account) List(typ string) []Resource {
	var out []Resource
	_ = a.store.View(func(v store.View) error { // an unreadable store has nothing; the next change reports why
		out = v.List(typ)
		for i := range out {
			out[i] = out[i].Copy()
		}
		return nil
	})
	return out
}

// Put creates or overwrites a resource without applying any rule.
func (a *Account) Put(r Resource) error {
	return a.store.Update(func(tx *store.Tx) error { return tx.Put(r) })
}

// Mutate changes a resource's state behind Pulumi's back. An error of fn leaves
// it as it was.
func (a *Account) Mutate(typ, id string, fn func(state resource.PropertyMap) error) error {
	return a.store.Update(func(tx *store.Tx) error {
		r, ok := tx.Get(typ, id)
		if !ok {
			return fmt.Errorf("changing %s %s: %w", typ, id, ErrNotFound)
		}
		r = r.Copy()
		if r.State == nil {
			r.State = props.Map{}
		}
		if err := fn(r.State); err != nil {
			return err
		}
		return tx.Put(r)
	})
}

// Remove deletes a resource without applying any rule; one that is gone already
// is not an error.
func (a *Account) Remove(typ, id string) error {
	return a.store.Update(func(tx *store.Tx) error { tx.Remove(typ, id); return nil })
}

// FunctionCode returns the path of the zip file with a deployed function's code.
func (a *Account) FunctionCode(function Resource) (string, error) {
	sum, err := codeSum(props.Str(function.State, "codeSha256"))
	if err != nil {
		return "", fmt.Errorf("function %s has no code in the account: %w", function.ID, err)
	}
	return lambda.CodePath(a.codeDir(), sum), nil
}

func (a *Account) codeDir() string { return filepath.Join(a.store.Dir(), "code") }

// Invoker runs a deployed Lambda function: aws:lambda/invocation:Invocation
// calls it on create, and with a CRUD lifecycle on update and delete too.
type Invoker interface {
	// Invoke runs function (an aws:lambda/function:Function) with payload and
	// returns its answer. A function error is returned as an error.
	Invoke(ctx context.Context, function Resource, payload []byte) ([]byte, error)
}
