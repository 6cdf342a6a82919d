package schema

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Rule is how the properties of an object depend on each other. It has one of Requires, AnyOf, OneOf and Excludes.
type Rule struct {
	// In is the path of the objects that the rule is for; lists end in [*]. Empty is the resource itself.
	In string `json:"in"`
	// If are what has to hold first: by path a value, several with | between them, or "*" for any. Unless are paths of
	// which none may be set.
	If     map[string]string `json:"if"`
	Unless []string          `json:"unless"`
	// Requires must all be set, AnyOf one at least, OneOf exactly one, Excludes none. Empty texts and lists and false are not
	// set, nor is the number 0, but for AnyOf. What is not known yet passes.
	Requires []string `json:"requires"`
	AnyOf    []string `json:"anyOf"`
	OneOf    []string `json:"oneOf"`
	Excludes []string `json:"excludes"`
	// At is the property that AnyOf and OneOf are told of: by default the object, or the first of them.
	At string `json:"at"`
	// Fault is the refusal, in AWS's words and with the cure. {property} is the one that lacks or is too many, {count} how
	// many are set, and the path of another property in braces its value.
	Fault string `json:"fault"`
}

var placeholder = regexp.MustCompile(`\{[\w.]+\}`)

// kinds are the rule's lists of properties, of which one is not empty.
func (r *Rule) kinds() [][]string { return [][]string{r.Requires, r.AnyOf, r.OneOf, r.Excludes} }

func (r *Rule) validate() error {
	lists := slices.DeleteFunc(r.kinds(), func(paths []string) bool { return len(paths) == 0 })
	switch {
	case len(lists) != 1:
		return fmt.Errorf("%d of requires, anyOf, oneOf and excludes, expected one", len(lists))
	case r.Fault == "":
		return errors.New("no fault")
	}
	return nil
}

// CheckRules returns where inputs do not go together. The inputs are without secrets.
func (t *Type) CheckRules(inputs props.Map) []Failure {
	var failures []Failure
	for _, r := range t.Rules {
		if r.In == "" {
			failures = append(failures, r.check("", inputs)...)
			continue
		}
		for _, f := range props.All(inputs, props.Path(r.In)) {
			if f.Value.IsObject() {
				failures = append(failures, r.check(f.Path, f.Value.ObjectValue())...)
			}
		}
	}
	return failures
}

func (r *Rule) check(at string, in props.Map) []Failure {
	if !r.holds(in) {
		return nil
	}
	missing := func(path string) bool { return !props.Has(in, props.Path(path)) }
	unknown := func(path string) bool { return props.AnyUnknown(in, props.Path(path)) }
	switch {
	case len(r.Requires) > 0:
		return r.failures(at, in, without(r.Requires, func(path string) bool { return !missing(path) }))
	case len(r.Excludes) > 0:
		return r.failures(at, in, without(r.Excludes, func(path string) bool { return missing(path) || unknown(path) }))
	case slices.ContainsFunc(r.AnyOf, func(path string) bool { return given(in, path) }):
		return nil
	case slices.ContainsFunc(r.OneOf, unknown), len(r.OneOf) > 0 && r.count(in) == 1:
		return nil
	case at == "" && r.At == "":
		return r.failures(at, in, slices.Concat(r.AnyOf, r.OneOf)[:1])
	}
	return r.failures(at, in, []string{r.At})
}

func without(paths []string, drop func(path string) bool) []string {
	return slices.DeleteFunc(slices.Clone(paths), drop)
}

// given is whether a property is set, the number 0 included.
func given(in props.Map, path string) bool {
	v, _ := props.Get(in, props.Path(path))
	return v.IsNumber() || props.Has(in, props.Path(path))
}

func (r *Rule) count(in props.Map) int {
	return len(without(r.OneOf, func(path string) bool { return !props.Has(in, props.Path(path)) }))
}

func (r *Rule) holds(in props.Map) bool {
	for path, want := range r.If {
		matches := func(f props.Found) bool {
			return f.Value.IsString() && slices.Contains(strings.Split(want, "|"), f.Value.StringValue())
		}
		if want == "*" && !props.Has(in, props.Path(path)) || want != "*" && !slices.ContainsFunc(props.All(in, props.Path(path)), matches) {
			return false
		}
	}
	return !slices.ContainsFunc(r.Unless, func(path string) bool { return props.Has(in, props.Path(path)) })
}

// failures are one for each property, or one of the object if the property is "".
func (r *Rule) failures(at string, in props.Map, properties []string) []Failure {
	var out []Failure
	for _, property := range properties {
		property = strings.TrimSuffix(property, "[*]")
		reason := placeholder.ReplaceAllStringFunc(r.Fault, func(name string) string {
			switch name = strings.Trim(name, "{}"); name {
			case "property":
				return property
			case "count":
				return strconv.Itoa(r.count(in))
			}
			return props.Str(in, props.Path(name))
		})
		where := at
		if property != "" {
			where = join(at, property)
		}
		out = append(out, Failure{Property: where, Reason: reason})
	}
	return out
}
