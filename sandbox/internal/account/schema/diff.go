package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/definitions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

// ChangeKind is the kind of a property's change.
type ChangeKind int

// The kinds of change.
const (
	Add ChangeKind = iota
	Delete
	Update
)

// Change is the change of one property.
type Change struct {
	// Path is the property's path, such as "tags.Name" or "conditions[0]".
	Path string
	Kind ChangeKind
	// Replace is true when AWS cannot change the property in place.
	Replace bool
}

// Diff compares checked inputs with a state and returns the changes, sorted by
// path. An input that is not set counts as a change only where AWS does not
// choose a value itself and the state is not already at the default.
func (t *Type) Diff(state, inputs props.Map) []Change {
	d := differ{awsvpc: isAWSVPC(inputs, state)}
	d.object("", state, inputs, scope{properties: t.Inputs, names: t.names})
	if t.HasTags() {
		d.stringMap(TagsAll, pair{state[TagsAll], inputs[TagsAll]}, false)
	}
	slices.SortStableFunc(d.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return d.changes
}

// isAWSVPC reports the network mode of a task definition, which decides what its containers' ports mean; the state has
// it where the inputs leave it to AWS.
func isAWSVPC(inputs, state props.Map) bool {
	mode := props.Str(inputs, "networkMode")
	if mode == "" {
		mode = props.Str(state, "networkMode")
	}
	return mode == "awsvpc"
}

// Equal reports whether an input means the same as the value in a state. Containers are taken for those of a task with
// a network interface of its own, as on Fargate.
func (p *Property) Equal(state, input props.Value) bool {
	d := differ{awsvpc: true}
	d.value("p", pair{state, input}, p)
	return len(d.changes) == 0
}

type differ struct {
	changes []Change
	// force is set below a property that cannot be changed in place.
	force bool
	// awsvpc is a task definition's network mode.
	awsvpc bool
}

// pair is a value in the state and the input that should become it.
type pair struct {
	state, input props.Value
}

func (d *differ) add(at string, kind ChangeKind, replace bool) {
	d.changes = append(d.changes, Change{Path: at, Kind: kind, Replace: replace || d.force})
}

func (d *differ) object(at string, state, inputs props.Map, s scope) {
	for _, name := range s.names {
		d.property(join(at, name), pair{state[props.Key(name)], inputs[props.Key(name)]}, s.properties[name])
	}
}

func (d *differ) property(at string, v pair, p *Property) {
	if isNull(v.input) || (props.IsEmpty(v.input) && isNull(v.state)) {
		if !p.Computed && !props.IsEmpty(v.state) && !p.isDefault(v.state) {
			d.add(at, Delete, p.ForceNew)
		}
		return
	}
	if _, known := props.Known(v.input); !known {
		d.add(at, kindFrom(v.state), p.ForceNew)
		return
	}
	d.value(at, v, p)
}

func (p *Property) isDefault(v props.Value) bool {
	def, ok := p.DefaultValue()
	return ok && p.Equal(v, def)
}

func kindFrom(state props.Value) ChangeKind {
	if isNull(state) {
		return Add
	}
	return Update
}

// value compares a known input.
func (d *differ) value(at string, v pair, p *Property) {
	v.input, _ = props.Known(v.input)
	v.state, _ = props.Known(v.state)
	outer := d.force
	d.force = d.force || p.ForceNew
	defer func() { d.force = outer }()
	switch {
	case p.Kind == Object && v.input.IsObject() && v.state.IsObject():
		d.object(at, v.state.ObjectValue(), v.input.ObjectValue(), scope{properties: p.Properties, names: p.names})
	case p.Kind == StringMap:
		d.stringMap(at, v, p.ForceNew)
	case p.Kind.IsList() && v.input.IsArray():
		d.list(at, v, p)
	case !d.same(v, p):
		d.add(at, kindFrom(v.state), p.ForceNew)
	}
}

func (d *differ) same(v pair, p *Property) bool {
	if v.input.IsString() && v.state.IsString() {
		a, b := v.state.StringValue(), v.input.StringValue()
		switch p.Document {
		case JSONDocument:
			return jsontext.Equal(a, b)
		case PolicyDocument:
			return policies.Equal(a, b)
		case ContainersDocument:
			return definitions.Equal(a, b, d.awsvpc)
		default:
			return a == b
		}
	}
	if props.IsEmpty(v.state) && props.IsEmpty(v.input) && !p.Computed {
		return true
	}
	return v.state.DeepEquals(v.input)
}

func (d *differ) stringMap(at string, v pair, force bool) {
	if _, known := props.Known(v.input); !known {
		d.add(at, kindFrom(v.state), force)
		return
	}
	state, inputs := objectOf(v.state), objectOf(v.input)
	for k, in := range inputs {
		old, have := state[k]
		switch plain, known := props.Known(in); {
		case !have:
			d.add(at+key(k), Add, force)
		case !known || !plain.DeepEquals(props.Plain(old)):
			d.add(at+key(k), Update, force)
		}
	}
	for k := range state {
		if _, have := inputs[k]; !have {
			d.add(at+key(k), Delete, force)
		}
	}
}

// key renders a map key as the end of a property path.
func key(k props.Key) string {
	if strings.ContainsAny(string(k), `.[]"`) {
		return fmt.Sprintf("[%q]", string(k))
	}
	return "." + string(k)
}

func objectOf(v props.Value) props.Map {
	plain, known := props.Known(v)
	if !known || !plain.IsObject() {
		return nil
	}
	return plain.ObjectValue()
}

func (d *differ) list(at string, v pair, p *Property) {
	var old []props.Value
	if v.state.IsArray() {
		old = v.state.ArrayValue()
	}
	in := v.input.ArrayValue()
	elem := *p
	elem.Kind, elem.Document, elem.ForceNew = p.Kind.elem(), NoDocument, false
	if p.Set {
		old, in = unmatched(old, in, &elem)
	}
	for i := range max(len(old), len(in)) {
		path := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case i >= len(in):
			d.add(path, Delete, p.ForceNew)
		case i >= len(old):
			d.add(path, Add, p.ForceNew)
		default:
			d.property(path, pair{old[i], in[i]}, &elem)
		}
	}
}

// unmatched removes the elements that both lists have, whatever their order.
func unmatched(old, in []props.Value, elem *Property) (oldLeft, inLeft []props.Value) {
	oldLeft = slices.Clone(old)
	for _, v := range in {
		at := -1
		if _, known := props.Known(v); known {
			at = slices.IndexFunc(oldLeft, func(o props.Value) bool { return elem.Equal(o, v) })
		}
		if at < 0 {
			inLeft = append(inLeft, v)
			continue
		}
		oldLeft = slices.Delete(oldLeft, at, at+1)
	}
	return oldLeft, inLeft
}

// Differs reports whether a value is set and not the property's default.
func (p *Property) Differs(v props.Value) bool {
	return !props.IsEmpty(v) && !p.isDefault(v)
}

// ConflictsIn reports whether a map has an input that excludes this one.
func (p *Property) ConflictsIn(m props.Map) bool { return conflicts(m, p) }
