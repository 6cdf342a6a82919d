package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// randomDigits is the number of hexadecimal digits behind a generated name.
const randomDigits = 7

// autoName fills in generated names. A name that was generated before is kept,
// which __defaults of the old inputs tells.
func (c *checker) autoName(t *Type, out props.Map, s scopeOld) {
	for _, name := range t.names {
		p := t.Inputs[name]
		key := props.Key(name)
		if p.AutoName == nil || out.HasValue(key) || conflicts(out, p) {
			continue
		}
		if IsDefaulted(s.old, name) && s.old.HasValue(key) {
			out[key] = s.old[key]
		} else {
			generated, err := s.namer(p.AutoName)
			if err != nil {
				c.fail(name, "%v", err)
				continue
			}
			if v := out[props.Key(p.AutoName.Fifo)]; v.IsBool() && v.BoolValue() {
				generated += ".fifo"
			}
			out[key] = props.Of(generated)
		}
		list := append(slices.Clone(out[props.DefaultsKey].ArrayValue()), props.Of(name))
		slices.SortFunc(list, func(a, b props.Value) int { return strings.Compare(a.StringValue(), b.StringValue()) })
		out[props.DefaultsKey] = resource.NewProperty(list)
	}
}

// IsDefaulted reports whether Check filled in that input.
func IsDefaulted(inputs props.Map, name string) bool {
	v := inputs[props.DefaultsKey]
	return v.IsArray() && slices.ContainsFunc(v.ArrayValue(), func(e props.Value) bool {
		return e.IsString() && e.StringValue() == name
	})
}

// ExplicitName reports whether the program itself chose a name that the provider
// would otherwise generate: two resources with it can't exist side by side, so a
// replacement has to delete first.
func (t *Type) ExplicitName(inputs props.Map) bool {
	for _, name := range t.names {
		if t.Inputs[name].AutoName != nil && inputs.HasValue(props.Key(name)) && !IsDefaulted(inputs, name) {
			return true
		}
	}
	return false
}

// Generate makes a name in the provider's way: the resource's name, a hyphen, and
// seven random hexadecimal digits.
func Generate(a *AutoName, resourceName string, seed []byte) (string, error) {
	if a.Lower {
		resourceName = strings.ToLower(resourceName)
	}
	name, err := resource.NewUniqueName(seed, a.Prefix+resourceName+"-", randomDigits, a.Max, nil)
	if err != nil {
		return "", fmt.Errorf("cannot generate a name of at most %d characters: %w; give one", a.Max, err)
	}
	return name, nil
}

// suggest names the property that the program probably meant.
func suggest(name string, known []string) string {
	best, at := "", len(name)/2+1
	for _, k := range known {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(k), nil); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
