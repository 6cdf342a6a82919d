// Package orderedmap has the operations of libopenapi's map that the Pulumi CLI calls. Since no document is ever read,
// a map never holds more than what the CLI itself puts there.
package orderedmap

import "iter"

// Map keeps its keys in the order in which they came.
type Map[K comparable, V any] struct {
	keys   []K
	values map[K]V
}

// New returns an empty map.
func New[K comparable, V any]() *Map[K, V] { return &Map[K, V]{values: map[K]V{}} }

// Len counts the keys; none in nil.
func Len[K comparable, V any](m *Map[K, V]) int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Get returns the value of a key, and whether there is one.
func (m *Map[K, V]) Get(key K) (V, bool) {
	value, found := m.values[key]
	return value, found
}

// GetOrZero returns the value of a key, or none.
func (m *Map[K, V]) GetOrZero(key K) V { return m.values[key] }

// Set puts a value behind a key.
func (m *Map[K, V]) Set(key K, value V) {
	if _, known := m.values[key]; !known {
		m.keys = append(m.keys, key)
	}
	m.values[key] = value
}

// Delete takes a key out.
func (m *Map[K, V]) Delete(key K) {
	delete(m.values, key)
	for at, have := range m.keys {
		if have == key {
			m.keys = append(m.keys[:at:at], m.keys[at+1:]...)
			return
		}
	}
}

// FromOldest yields keys and values in their order.
func (m *Map[K, V]) FromOldest() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, key := range m.keys {
			if !yield(key, m.values[key]) {
				return
			}
		}
	}
}

// KeysFromOldest yields the keys in their order.
func (m *Map[K, V]) KeysFromOldest() iter.Seq[K] {
	return func(yield func(K) bool) {
		for _, key := range m.keys {
			if !yield(key) {
				return
			}
		}
	}
}
