package world

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// Store is the part of the account that the world reads and changes; *account.Account and *Memory are Stores.
type Store interface {
	Get(typ, id string) (account.Resource, bool)
	List(typ string) []account.Resource
	Put(r account.Resource) error
	Mutate(typ, id string, fn func(state resource.PropertyMap) error) error
	Remove(typ, id string) error
}

// Memory is a Store without a journal, for tests that play thousands of worlds. Its zero value is empty and ready.
type Memory struct {
	mu        sync.Mutex
	resources map[string]map[string]account.Resource
}

var (
	_ Store = (*Memory)(nil)
	_ Store = (*account.Account)(nil)
)

// Get returns a copy of a resource.
func (m *Memory) Get(typ, id string) (account.Resource, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.resources[typ][id]
	r.State = r.State.Copy()
	return r, ok
}

// List returns copies of all resources of a type, sorted by ID.
func (m *Memory) List(typ string) []account.Resource {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.SortedFunc(maps.Values(m.resources[typ]), func(a, b account.Resource) int { return strings.Compare(a.ID, b.ID) })
	for i := range out {
		out[i].State = out[i].State.Copy()
	}
	return out
}

// Put creates or overwrites a resource.
func (m *Memory) Put(r account.Resource) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resources == nil {
		m.resources = map[string]map[string]account.Resource{}
	}
	if m.resources[r.Type] == nil {
		m.resources[r.Type] = map[string]account.Resource{}
	}
	r.State = r.State.Copy()
	m.resources[r.Type][r.ID] = r
	return nil
}

// Mutate changes a resource's state in place; an error of fn leaves it as it was.
func (m *Memory) Mutate(typ, id string, fn func(state resource.PropertyMap) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.resources[typ][id]
	if !ok {
		return fmt.Errorf("%s %s: no such resource", typ, id)
	}
	state := r.State.Copy()
	if err := fn(state); err != nil {
		return err
	}
	r.State = state
	m.resources[typ][id] = r
	return nil
}

// Remove deletes a resource; one that is gone already is not an error.
func (m *Memory) Remove(typ, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.resources[typ], id)
	return nil
}

// encode turns a fact into a resource's state through its JSON form.
func encode(fact any) (resource.PropertyMap, error) {
	data, err := json.Marshal(fact)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", fact, err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("encode %T: %w", fact, err)
	}
	return resource.NewPropertyMapFromMap(fields), nil
}

// Decode reads a resource's state into a struct by the JSON names of its fields; what the struct does not name is left
// out, and so is what JSON cannot carry (an unknown value, an asset).
func Decode(state resource.PropertyMap, into any) error {
	data, err := json.Marshal(plain(resource.NewObjectProperty(state)))
	if err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}

func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsObject():
		out := make(map[string]any, len(value.ObjectValue()))
		for key, item := range value.ObjectValue() {
			out[string(key)] = plain(item)
		}
		return out
	case value.IsArray():
		out := make([]any, 0, len(value.ArrayValue()))
		for _, item := range value.ArrayValue() {
			out = append(out, plain(item))
		}
		return out
	case value.IsString(), value.IsNumber(), value.IsBool():
		return value.V
	}
	return nil
}

// load decodes all facts of a type, sorted by ID.
func load[T any](store Store, typ string) ([]*T, error) {
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

func save(store Store, typ, id string, fact any) error {
	state, err := encode(fact)
	if err != nil {
		return err
	}
	if err := store.Put(account.Resource{Type: typ, ID: id, State: state}); err != nil {
		return fmt.Errorf("save %s %s: %w", typ, id, err)
	}
	return nil
}
