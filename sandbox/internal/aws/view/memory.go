package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Memory is a Store without a journal, for tests that play thousands of worlds. Its zero value is empty and ready.
type Memory struct {
	mu        sync.Mutex
	resources map[string]map[string]Resource
}

// Get returns a copy of a resource.
func (m *Memory) Get(typ, id string) (Resource, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.resources[typ][id]
	r.State = r.State.Copy()
	return r, ok
}

// List returns copies of all resources of a type, sorted by ID.
func (m *Memory) List(typ string) []Resource {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.SortedFunc(maps.Values(m.resources[typ]), func(a, b Resource) int { return strings.Compare(a.ID, b.ID) })
	for i := range out {
		out[i].State = out[i].State.Copy()
	}
	return out
}

// Put creates or overwrites a resource.
func (m *Memory) Put(r Resource) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resources == nil {
		m.resources = map[string]map[string]Resource{}
	}
	if m.resources[r.Type] == nil {
		m.resources[r.Type] = map[string]Resource{}
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
