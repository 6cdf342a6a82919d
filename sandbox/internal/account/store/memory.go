package store

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// memory is the state after the applied lines.
type memory struct {
	tables    map[string]*table
	counters  map[string]int64
	liveBytes int64
}

func newMemory() *memory {
	return &memory{tables: map[string]*table{}, counters: map[string]int64{}}
}

// table holds the rows of one type.
type table struct {
	rows  map[string]*row
	order []*row // sorted by ID; nil when it has to be made again
	index map[string]map[string][]*row
}

// row is one resource, decoded when somebody first looks.
type row struct {
	typ, id, urn string
	body         []byte
	decoded      *Resource
	size         int64
}

func (m *memory) apply(ops []op, size int64) error {
	for _, o := range ops {
		switch o.header.Op {
		case opPut:
			m.put(o, size/int64(len(ops)))
		case opRemove:
			m.remove(o.header.Type, o.header.ID)
		case opCounter:
			m.counters[o.header.ID] = o.header.N
		case opFormat:
			if o.header.N != formatVersion {
				return fmt.Errorf("the journal has format %d, this program knows %d; destroy the stacks with the program "+
					"that made it, or delete the folder", o.header.N, formatVersion)
			}
		default:
			return fmt.Errorf("%w: unknown operation %q", ErrCorrupt, o.header.Op)
		}
	}
	return nil
}

func (m *memory) put(o op, size int64) {
	h := o.header
	m.remove(h.Type, h.ID)
	t := m.tables[h.Type]
	if t == nil {
		t = &table{rows: map[string]*row{}}
		m.tables[h.Type] = t
	}
	r := &row{typ: h.Type, id: h.ID, urn: h.URN, body: o.body, decoded: o.kept, size: size}
	t.rows[h.ID] = r
	t.order = nil
	for path, values := range t.index {
		for _, v := range indexed(r.resource().State, path) {
			values[v] = append(values[v], r)
		}
	}
	m.liveBytes += size
}

func (m *memory) remove(typ, id string) {
	t := m.tables[typ]
	if t == nil || t.rows[id] == nil {
		return
	}
	r := t.rows[id]
	delete(t.rows, id)
	t.order = nil
	for path, values := range t.index {
		for _, v := range indexed(r.resource().State, path) {
			values[v] = slices.DeleteFunc(values[v], func(other *row) bool { return other == r })
		}
	}
	m.liveBytes -= r.size
}

// resource decodes the row; a body is only ever written by encodeBody and is
// guarded by the line's checksum, so a failure to decode it is a bug.
func (r *row) resource() Resource {
	if r.decoded == nil {
		res, err := decodeBody(r.body)
		if err != nil {
			panic(fmt.Sprintf("decoding %s %s: %v", r.typ, r.id, err))
		}
		res.Type, res.ID, res.URN = r.typ, r.id, r.urn
		r.decoded = &res
	}
	return *r.decoded
}

func (r *row) putOp() op {
	return op{header: header{Op: opPut, Type: r.typ, ID: r.id, URN: r.urn, Len: len(r.body)}, body: r.body}
}

func (t *table) sorted() []*row {
	if t.order == nil {
		t.order = make([]*row, 0, len(t.rows))
		for _, r := range t.rows {
			t.order = append(t.order, r)
		}
		sort.Slice(t.order, func(i, j int) bool { return t.order[i].id < t.order[j].id })
	}
	return t.order
}

// Get implements View.
func (m *memory) Get(typ, id string) (Resource, bool) {
	t := m.tables[typ]
	if t == nil || t.rows[id] == nil {
		return Resource{}, false
	}
	return t.rows[id].resource(), true
}

// List implements View.
func (m *memory) List(typ string) []Resource {
	t := m.tables[typ]
	if t == nil {
		return nil
	}
	return resources(t.sorted())
}

// By implements View.
func (m *memory) By(typ, path, value string) []Resource {
	t := m.tables[typ]
	if t == nil {
		return nil
	}
	values, ok := t.index[path]
	if !ok {
		values = t.buildIndex(path)
	}
	found := slices.Clone(values[value])
	slices.SortFunc(found, func(a, b *row) int { return strings.Compare(a.id, b.id) })
	return resources(found)
}

func (t *table) buildIndex(path string) map[string][]*row {
	values := map[string][]*row{}
	for _, r := range t.rows {
		for _, v := range indexed(r.resource().State, path) {
			values[v] = append(values[v], r)
		}
	}
	if t.index == nil {
		t.index = map[string]map[string][]*row{}
	}
	t.index[path] = values
	return values
}

// indexed returns the distinct scalars at path, as text.
func indexed(state props.Map, path string) []string {
	var out []string
	for _, f := range props.All(state, props.Path(path)) {
		var s string
		switch {
		case f.Value.IsString():
			s = f.Value.StringValue()
		case f.Value.IsNumber():
			s = props.Number(f.Value.NumberValue())
		default:
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func resources(rows []*row) []Resource {
	out := make([]Resource, len(rows))
	for i, r := range rows {
		out[i] = r.resource()
	}
	return out
}

// Types implements View.
func (m *memory) Types() []string {
	var out []string
	for typ, t := range m.tables {
		if len(t.rows) > 0 {
			out = append(out, typ)
		}
	}
	slices.Sort(out)
	return out
}

// Counter implements View.
func (m *memory) Counter(name string) int64 { return m.counters[name] }
