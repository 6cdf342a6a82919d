// Package kind is the kernel of what the account knows about a resource type beyond its schema: how its ID and outputs look,
// what it refers to, what AWS refuses, and what goes away with it. The kinds themselves live with their service, in folders of
// sandbox/internal/aws, and register here.
package kind

import (
	"maps"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Resource and View are the store's.
type (
	// Resource is one thing in the account.
	Resource = store.Resource
	// View reads the account's state.
	View = store.View
)

// Kind is the behaviour of one resource type. Every field is optional except Create.
type Kind struct {
	// Refs are the inputs that name other resources.
	Refs []Ref
	// Unique are the properties that no two resources of the type may share.
	Unique []Unique
	// Overwrites is true where AWS's call is a Put: creating the resource writes
	// over what is there, such as a setting that an earlier destroy kept.
	Overwrites bool
	// Check adds faults that the inputs alone show. Unknown values must pass.
	Check func(*Checker)
	// Verify adds faults against the account before a create or an update; it
	// runs in previews too, with unknown values.
	Verify func(*Call)
	// Create sets the ID and the computed outputs.
	Create func(*Call) error
	// Update adjusts computed outputs after a change in place.
	Update func(*Call) error
	// Delete adds faults that keep the resource from being deleted, and stages
	// what else a deletion does. Refs that block are checked already.
	Delete func(*Call)
	// Owns returns what AWS made together with the resource and removes with it.
	Owns func(v View, r Resource) []Resource
	// Volatile are computed outputs that an update changes, so that a preview
	// does not know them.
	Volatile []string
	// ForceNew reports changes that need a replacement although the schema
	// allows an update, such as those of a custom diff in the provider.
	ForceNew func(path string, inputs props.Map) bool
	// PublicID is the provider's ID where it is not unique in the account and
	// thus cannot be the store's.
	PublicID func(Resource) string
	// StoreID finds the store's ID from the provider's ID and the state.
	StoreID func(id string, state props.Map) string
	// ImportID finds the store's ID from what a user passes to an import.
	ImportID func(v View, id string) string
}

// Unique is a rule that a combination of properties occurs once.
type Unique struct {
	// Paths are the properties; a resource that lacks one of them is exempt.
	Paths []string
	// Code and Message are AWS's error; Message gets the last property's value.
	Code    string
	Message string
	// Adopt says how to take over the one that exists; empty where the program
	// should rather choose another value.
	Adopt string
}

var registry = map[string]*Kind{}

// Register adds the kinds of a service; each service does so when the program starts.
func Register(kinds map[string]*Kind) {
	for typ, k := range kinds {
		if registry[typ] != nil {
			panic("two services register " + typ)
		}
		registry[typ] = k
	}
}

// Of returns the behaviour of a type.
func Of(typ string) (*Kind, bool) {
	k, ok := registry[typ]
	return k, ok
}

// Types returns all types with a behaviour, sorted.
func Types() []string { return slices.Sorted(maps.Keys(registry)) }

// Public returns the ID that the engine knows the resource by.
func (k *Kind) Public(r Resource) string {
	if k.PublicID == nil {
		return r.ID
	}
	return k.PublicID(r)
}

// Stored returns the store's ID for the engine's.
func (k *Kind) Stored(id string, state props.Map) string {
	if k.StoreID == nil || len(state) == 0 {
		return id
	}
	return k.StoreID(id, state)
}

// Imported returns the store's ID for what a user passes to an import.
func (k *Kind) Imported(v View, id string) string {
	if k.ImportID == nil {
		return id
	}
	return k.ImportID(v, id)
}
