package view

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Resource is one thing in the account.
type Resource = store.Resource

// Store is what the services' own life and their APIs read and change of the account; *account.Account and *Memory are Stores.
type Store interface {
	Get(typ, id string) (Resource, bool)
	List(typ string) []Resource
	Put(r Resource) error
	Mutate(typ, id string, fn func(state resource.PropertyMap) error) error
	Remove(typ, id string) error
}

// FindByARN finds the resource of a type with an ARN.
func FindByARN(store Store, typ, arn string) (Resource, bool) {
	for _, r := range store.List(typ) {
		if value := r.State["arn"]; value.IsString() && value.StringValue() == arn {
			return r, true
		}
	}
	return Resource{}, false
}

// FindBy finds the first resource of a type, by ID, with a text in its state.
func FindBy(store Store, typ, key, value string) (Resource, bool) {
	for _, r := range store.List(typ) {
		if Text(r, key) == value {
			return r, true
		}
	}
	return Resource{}, false
}

// Text is a text in a resource's state, and "" when there is none.
func Text(r Resource, key string) string {
	if value := r.State[resource.PropertyKey(key)]; value.IsString() {
		return value.StringValue()
	}
	return ""
}

// All decodes all resources of a type, sorted by ID.
func All[T any](store Store, typ string) ([]*T, error) {
	resources := store.List(typ)
	out := make([]*T, 0, len(resources))
	for _, r := range resources {
		fact := new(T)
		if err := Decode(r.State, fact); err != nil {
			return nil, fmt.Errorf("%s %s: %w", typ, r.ID, err)
		}
		out = append(out, fact)
	}
	return out, nil
}

// Save writes a fact as a resource of a type.
func Save(store Store, typ, id string, fact any) error {
	state, err := encode(fact)
	if err != nil {
		return err
	}
	if err := store.Put(Resource{Type: typ, ID: id, State: state}); err != nil {
		return fmt.Errorf("save %s %s: %w", typ, id, err)
	}
	return nil
}
