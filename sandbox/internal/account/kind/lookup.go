package kind

import (
	"fmt"
	"maps"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Lookup is one data source: it finds what the arguments ask for.
type Lookup func(v View, args props.Map) (props.Map, error)

var lookups = map[string]Lookup{}

// RegisterLookups adds the data sources of a service; each service does so when the program starts.
func RegisterLookups(of map[string]Lookup) {
	for token, find := range of {
		if lookups[token] != nil {
			panic("two services register " + token)
		}
		lookups[token] = find
	}
}

// LookupOf returns the data source of a function token.
func LookupOf(token string) (Lookup, bool) {
	find, ok := lookups[token]
	return find, ok
}

// LookupTokens returns the tokens of all data sources, sorted.
func LookupTokens() []string { return slices.Sorted(maps.Keys(lookups)) }

// StateLookup is a data source that answers with a resource's state, found by any of some arguments.
type StateLookup struct {
	Type string
	// By maps arguments to the state's properties; "id" is the store's ID.
	By map[string]string
	// Rename maps names of the result to properties of the state.
	Rename map[string]string
}

// Find implements Lookup.
func (s StateLookup) Find(v View, args props.Map) (props.Map, error) {
	var found []Resource
	for _, r := range v.List(s.Type) {
		if s.matches(r, args) {
			found = append(found, r)
		}
	}
	r, err := Only(found, s.Type, args)
	if err != nil {
		return nil, err
	}
	out := props.CopyMap(r.State)
	out["id"] = props.Of(r.ID)
	for name, from := range s.Rename {
		out[props.Key(name)] = out[props.Key(from)]
	}
	for arg := range s.By {
		if v, ok := args[props.Key(arg)]; ok {
			out[props.Key(arg)] = v
		}
	}
	return out, nil
}

func (s StateLookup) matches(r Resource, args props.Map) bool {
	asked := false
	for arg, property := range s.By {
		want, ok := args[props.Key(arg)]
		if !ok || want.IsNull() {
			continue
		}
		asked = true
		have := r.State[props.Key(property)]
		if property == "id" {
			have = props.Of(r.ID)
		}
		if !have.DeepEquals(want) {
			return false
		}
	}
	return asked
}

// Only demands exactly one match, as data sources do.
func Only(found []Resource, typ string, args props.Map) (Resource, error) {
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Resource{}, fmt.Errorf("no matching %s found for %v", typ, args.Mappable())
	default:
		return Resource{}, fmt.Errorf("multiple (%d) %s matched %v; use additional constraints to reduce matches to a single one",
			len(found), typ, args.Mappable())
	}
}
