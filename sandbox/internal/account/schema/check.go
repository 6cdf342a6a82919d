package schema

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Failure is one faulty property.
type Failure struct {
	// Property is the path of the property, such as "conditions[0].pathPattern".
	// Empty when the fault concerns the resource as a whole.
	Property string
	// Reason says what is wrong with which value, and what is expected.
	Reason string
}

// Namer generates a name for a property that the program left out.
type Namer func(p *AutoName) (string, error)

// Check validates inputs and returns them with defaults and generated names. The
// result keeps unknown values and secrets; old are the last checked inputs.
func (t *Type) Check(inputs, old props.Map, namer Namer) (props.Map, []Failure) {
	c := &checker{}
	out := c.object("", inputs, scope{properties: t.Inputs, names: t.names, tagged: t.HasTags()})
	c.autoName(t, out, scopeOld{inputs: inputs, old: old, namer: namer})
	c.required("", out, scope{properties: t.Inputs, names: t.names})
	slices.SortStableFunc(c.failures, func(a, b Failure) int { return strings.Compare(a.Property, b.Property) })
	return out, c.failures
}

type checker struct {
	failures []Failure
	// secret is set below a secret, whose value no message may tell.
	secret bool
}

// scope is the set of properties at one level.
type scope struct {
	properties map[string]*Property
	names      []string
	// tagged allows tagsAll, which only Check itself sets.
	tagged bool
}

type scopeOld struct {
	inputs, old props.Map
	namer       Namer
}

func (c *checker) fail(at, format string, args ...any) {
	c.failures = append(c.failures, Failure{Property: at, Reason: fmt.Sprintf(format, args...)})
}

// object checks one level and returns it with defaults.
func (c *checker) object(at string, in props.Map, s scope) props.Map {
	out := make(props.Map, len(in)+1)
	for k, v := range in {
		name := string(k)
		if resource.IsInternalPropertyKey(k) || (s.tagged && name == TagsAll) || isNull(v) {
			continue
		}
		p := s.properties[name]
		if p == nil {
			c.fail(join(at, name), "Invalid or unknown key %q: expected one of %s%s", name, strings.Join(s.names, ", "), suggest(name, s.names))
			continue
		}
		out[k] = c.value(join(at, name), v, p)
	}
	c.exclusions(at, out, s)
	var defaulted []props.Value
	for _, name := range s.names {
		p := s.properties[name]
		if d, ok := p.DefaultValue(); ok && !out.HasValue(props.Key(name)) && !conflicts(out, p) {
			out[props.Key(name)] = d
			defaulted = append(defaulted, props.Of(name))
		}
	}
	if at != "" {
		c.required(at, out, s)
	}
	out[props.DefaultsKey] = resource.NewProperty(append([]props.Value{}, defaulted...))
	return out
}

func isNull(v props.Value) bool {
	plain, known := props.Known(v)
	return known && plain.IsNull()
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func conflicts(m props.Map, p *Property) bool {
	return slices.ContainsFunc(p.ConflictsWith, func(other string) bool { return m.HasValue(props.Key(other)) })
}

func (c *checker) required(at string, out props.Map, s scope) {
	for _, name := range s.names {
		p := s.properties[name]
		if p.Required && !out.HasValue(props.Key(name)) {
			c.fail(join(at, name), "Missing required argument: %q (%s) is required, but no definition was found", name, p.Kind)
		}
	}
}

// exclusions checks conflictsWith and exactlyOneOf among the values at one level.
func (c *checker) exclusions(at string, in props.Map, s scope) {
	groups := map[string]bool{}
	for _, name := range s.names {
		p := s.properties[name]
		if in.HasValue(props.Key(name)) {
			for _, other := range p.ConflictsWith {
				if in.HasValue(props.Key(other)) && (name < other || !slices.Contains(s.properties[other].ConflictsWith, name)) {
					c.fail(join(at, name), "Conflicting configuration arguments: %q conflicts with %q; give one of them", name, other)
				}
			}
		}
		key := strings.Join(p.ExactlyOneOf, ", ")
		if key == "" || groups[key] {
			continue
		}
		groups[key] = true
		c.exactlyOne(at, in, p.ExactlyOneOf)
	}
}

func (c *checker) exactlyOne(at string, in props.Map, group []string) {
	var set []string
	for _, g := range group {
		if in.HasValue(props.Key(g)) {
			set = append(set, g)
		}
	}
	switch {
	case len(set) == 0:
		c.fail(join(at, group[0]), "Invalid combination of arguments: one of %s must be specified", strings.Join(group, ", "))
	case len(set) > 1:
		c.fail(join(at, set[1]), "Invalid combination of arguments: only one of %s can be specified, but %s were",
			strings.Join(group, ", "), strings.Join(set, " and "))
	}
}

// value checks one value; secrets stay secret, unknowns pass.
func (c *checker) value(at string, v props.Value, p *Property) props.Value {
	if v.IsOutput() && v.OutputValue().Known {
		inner := v.OutputValue().Element
		if v.OutputValue().Secret {
			inner = resource.MakeSecret(inner)
		}
		return c.value(at, inner, p)
	}
	if v.IsSecret() {
		outer := c.secret
		c.secret = true
		defer func() { c.secret = outer }()
		return resource.MakeSecret(c.value(at, v.SecretValue().Element, p))
	}
	if v, known := props.Known(v); !known {
		return v
	}
	if v.IsResourceReference() {
		if id, ok := v.ResourceReferenceValue().IDString(); ok {
			v = props.Of(id)
		}
	}
	switch {
	case p.Kind == Any && p.Document != NoDocument && v.IsObject():
		return c.documentObject(at, v)
	case p.Kind == Object:
		return c.nested(at, v, p)
	case p.Kind.IsList():
		return c.list(at, v, p)
	case p.Kind == StringMap:
		return c.stringMap(at, v)
	default:
		c.scalar(at, v, p)
		return v
	}
}

func (c *checker) nested(at string, v props.Value, p *Property) props.Value {
	if !v.IsObject() {
		c.mistyped(at, v, Object)
		return v
	}
	return resource.NewProperty(c.object(at, v.ObjectValue(), scope{properties: p.Properties, names: p.names}))
}

func (c *checker) list(at string, v props.Value, p *Property) props.Value {
	if !v.IsArray() {
		c.mistyped(at, v, p.Kind)
		return v
	}
	in := v.ArrayValue()
	if p.MaxItems > 0 && len(in) > p.MaxItems {
		c.fail(at, "Too many list items: %q supports %d item maximum, but has %d", at, p.MaxItems, len(in))
	}
	if len(in) < p.MinItems {
		c.fail(at, "Not enough list items: %q requires %d item minimum, but has %d", at, p.MinItems, len(in))
	}
	elem := *p
	elem.Kind, elem.MinItems, elem.MaxItems, elem.Document = p.Kind.elem(), 0, 0, NoDocument
	out := make([]props.Value, len(in))
	for i, e := range in {
		path := fmt.Sprintf("%s[%d]", at, i)
		if isNull(e) {
			c.fail(path, "Null value found in list: null values are not allowed for this property")
		}
		out[i] = c.value(path, e, &elem)
	}
	return resource.NewProperty(out)
}

func (c *checker) stringMap(at string, v props.Value) props.Value {
	if !v.IsObject() {
		c.mistyped(at, v, StringMap)
		return v
	}
	for k, e := range v.ObjectValue() {
		if e, known := props.Known(e); known && !e.IsString() && !e.IsNull() {
			c.fail(at+"."+string(k), "Incorrect attribute value type: expected string, got %s", c.kindAndValue(e))
		}
	}
	return v
}

// documentObject turns an object given for a JSON document into its text, as the
// provider does for policies.
func (c *checker) documentObject(at string, v props.Value) props.Value {
	if v.ContainsUnknowns() {
		return props.Unknown()
	}
	text, err := jsontext.Marshal(props.Plain(v).Mappable())
	if err != nil {
		c.fail(at, "cannot be written as JSON: %v", err)
		return v
	}
	if v.ContainsSecrets() {
		return resource.MakeSecret(props.Of(text))
	}
	return props.Of(text)
}

func (c *checker) scalar(at string, v props.Value, p *Property) {
	ok := false
	switch p.Kind {
	case String:
		ok = v.IsString()
	case Bool:
		ok = v.IsBool()
	case Float:
		ok = v.IsNumber()
	case Int:
		ok = v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue())
	case ArchiveKind:
		ok = v.IsArchive()
	case Any:
		ok = true
	}
	if !ok {
		c.mistyped(at, v, p.Kind)
		return
	}
	if v.IsString() {
		c.text(at, v.StringValue(), p)
	}
	if v.IsNumber() {
		c.bounds(at, v.NumberValue(), p)
	}
}

func (c *checker) text(at, s string, p *Property) {
	// The provider takes an empty text as not set.
	if len(p.Values) > 0 && s != "" && !slices.Contains(p.Values, s) {
		c.unlisted(at, s, p)
	}
	if p.MaxLength > 0 && len(s) > p.MaxLength {
		c.fail(at, "expected length of %s to be at most %d, got %d", at, p.MaxLength, len(s))
	}
	if p.Document == JSONDocument && s != "" {
		if err := jsontext.Check(s); err != nil {
			c.fail(at, "%q contains an invalid JSON: %v", at, err)
		}
	}
}

// unlisted refuses a value that a closed list lacks.
func (c *checker) unlisted(at, s string, p *Property) {
	if p.List == "" || c.secret {
		c.fail(at, "expected %s to be one of %q, got %s", at, p.Values, c.describe(props.Of(s)))
		return
	}
	c.fail(at, "%s %q is not a value that AWS has (list %s): %s", at, s, p.List, lists.Expect(p.List, s))
}

func (c *checker) bounds(at string, n float64, p *Property) {
	if len(p.Values) > 0 && !slices.Contains(p.Values, props.Number(n)) {
		c.fail(at, "expected %s to be one of [%s], got %s", at, strings.Join(p.Values, " "), c.describe(props.Of(n)))
	}
	if p.Min != nil && n < *p.Min || p.Max != nil && n > *p.Max {
		c.fail(at, "expected %s to be %s, got %s", at, rangeText(p), c.describe(props.Of(n)))
	}
}

func rangeText(p *Property) string {
	switch {
	case p.Min == nil:
		return "at most " + props.Number(*p.Max)
	case p.Max == nil:
		return "at least " + props.Number(*p.Min)
	default:
		return fmt.Sprintf("in the range (%s - %s)", props.Number(*p.Min), props.Number(*p.Max))
	}
}

func (c *checker) mistyped(at string, v props.Value, want Kind) {
	c.fail(at, "Incorrect attribute value type: expected %s, got %s", want, c.kindAndValue(v))
}

// describe renders a value for a message, unless it is secret.
func (c *checker) describe(v props.Value) string {
	if c.secret {
		return "[secret]"
	}
	return props.Text(v)
}

func (c *checker) kindAndValue(v props.Value) string {
	switch {
	case v.IsString(), v.IsNumber(), v.IsBool():
		return v.TypeString() + " " + c.describe(v)
	case v.IsArchive():
		return "an archive"
	default:
		return c.describe(v)
	}
}
