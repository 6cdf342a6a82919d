package store

import (
	"errors"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// View reads the state. Resources that it returns belong to the store: callers
// must not change them.
type View interface {
	// Get returns the resource of that type and ID.
	Get(typ, id string) (Resource, bool)
	// List returns all resources of a type, sorted by ID.
	List(typ string) []Resource
	// By returns the resources of a type whose state holds value at path, sorted
	// by ID. The path is a props.Path; the first call builds an index.
	By(typ, path, value string) []Resource
	// Types returns all types that have a resource, sorted.
	Types() []string
	// Counter returns the value of a persistent counter, 0 when never raised.
	Counter(name string) int64
}

// Tx stages changes on top of a View. Reads see the state before the changes.
type Tx struct {
	View
	ops []op
}

// Put stages the creation or replacement of a resource.
func (tx *Tx) Put(r Resource) error {
	if r.Type == "" || r.ID == "" {
		return errors.New("a resource needs a type and an ID")
	}
	// A deep copy without secrets: the caller keeps its own, and the account
	// works on plain values.
	kept := Resource{Type: r.Type, ID: r.ID, URN: r.URN, Inputs: props.PlainMap(r.Inputs), State: props.PlainMap(r.State)}
	body, err := encodeBody(kept)
	if err != nil {
		return err
	}
	h := header{Op: opPut, Type: r.Type, ID: r.ID, URN: r.URN, Len: len(body)}
	tx.ops = append(tx.ops, op{header: h, body: body, kept: &kept})
	return nil
}

// Remove stages a deletion; deleting what doesn't exist is allowed.
func (tx *Tx) Remove(typ, id string) {
	tx.ops = append(tx.ops, op{header: header{Op: opRemove, Type: typ, ID: id}})
}

// Next raises a counter and returns its new value, 1 for a new one. Counters
// survive the deletion of whatever they number.
func (tx *Tx) Next(name string) int64 {
	n := tx.Counter(name) + 1
	for _, o := range tx.ops {
		if o.header.Op == opCounter && o.header.ID == name {
			n = o.header.N + 1
		}
	}
	tx.ops = append(tx.ops, op{header: header{Op: opCounter, ID: name, N: n}})
	return n
}
