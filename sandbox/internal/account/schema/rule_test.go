package schema

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// ruleCase are inputs, in which "?" stands for what is not known yet, and the failures of a rule.
type ruleCase struct {
	inputs string
	want   []Failure
}

func TestRules(t *testing.T) {
	t.Parallel()
	for rule, cases := range map[string][]ruleCase{
		`{"if":{"mode":"ON|AUTO"},"unless":["other"],"requires":["a","b"],"fault":"{mode} needs {property}"}`: {
			{`{"mode":"ON","a":1}`, []Failure{{"b", `ON needs b`}}},
			{`{"mode":"AUTO","a":""}`, []Failure{{"a", `AUTO needs a`}, {"b", `AUTO needs b`}}},
			{`{"mode":"OFF"}`, nil},
			{`{"mode":"?"}`, nil},
			{`{"mode":"ON","other":"x"}`, nil},
			{`{"mode":"ON","a":"?","b":"?"}`, nil},
		},
		`{"if":{"mode":"*"},"excludes":["a","b[*]"],"fault":"no {property}"}`: {
			{`{"mode":"?","a":"x","b":[]}`, []Failure{{"a", "no a"}}},
			{`{"mode":"x","b":["x"]}`, []Failure{{"b", "no b"}}},
			{`{"mode":"x","a":"?"}`, nil},
			{`{"a":"x"}`, nil},
		},
		`{"anyOf":["a","b.c"],"fault":"one"}`: {
			{`{"b":{"c":false}}`, []Failure{{"a", "one"}}},
			{`{"b":{"c":0}}`, nil},
			{`{"b":{"c":true}}`, nil},
			{`{"b":{"c":"?"}}`, nil},
			{`{"a":"x","b":{"c":"x"}}`, nil},
		},
		`{"oneOf":["a","b"],"at":"c","fault":"{count}"}`: {
			{`{"a":0}`, []Failure{{"c", "0"}}},
			{`{"a":"x","b":"x"}`, []Failure{{"c", "2"}}},
			{`{"a":"x","b":"?"}`, nil},
			{`{"b":"x"}`, nil},
		},
		`{"in":"l[*]","oneOf":["a","b[*]"],"fault":"{id} has {count}"}`: {
			{`{"l":[{"id":"i"},{"a":"x"},{"a":"x","b":["y","z"]}]}`, []Failure{{"l[0]", `i has 0`}, {"l[2]", ` has 2`}}},
			{`{"l":"?"}`, nil},
		},
	} {
		d, err := load([]byte("{}"), map[string][]byte{"s": []byte(`{"a":{"rules":[` + rule + `]}}`)})
		require.NoError(t, err)
		typ, ok := d.lookup("a")
		require.True(t, ok)
		for _, c := range cases {
			var in map[string]any
			require.NoError(t, json.Unmarshal([]byte(c.inputs), &in))
			require.Equal(t, c.want, typ.CheckRules(withUnknowns(props.Of(in)).ObjectValue()), "%s %s", rule, c.inputs)
		}
	}
}

func withUnknowns(v props.Value) props.Value {
	switch {
	case v.IsObject():
		for key, inner := range v.ObjectValue() {
			v.ObjectValue()[key] = withUnknowns(inner)
		}
	case v.IsArray():
		for i, inner := range v.ArrayValue() {
			v.ArrayValue()[i] = withUnknowns(inner)
		}
	case v.IsString() && v.StringValue() == "?":
		return props.Unknown()
	}
	return v
}

func TestMalformedRules(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		`{"fault":"x"}`: "0 of requires, anyOf, oneOf and excludes, expected one",
		`{"requires":["a"],"excludes":["b"],"fault":"x"}`: "2 of requires",
		`{"requires":["a"]}`:                              "no fault",
	} {
		d, err := load([]byte("{}"), map[string][]byte{"s": []byte(`{"a":{"rules":[` + rule + `]}}`)})
		require.NoError(t, err)
		_, err = d.decode("a")
		require.ErrorContains(t, err, want)
	}
}

// TestEveryRuleHasItsProperties: a misspelt path would hold always, or never.
func TestEveryRuleHasItsProperties(t *testing.T) {
	t.Parallel()
	rules := 0
	for _, token := range Tokens() {
		typ, _ := Lookup(token)
		for _, r := range typ.Rules {
			rules++
			prefix := ""
			if r.In != "" {
				require.NotNil(t, typ.at(r.In), "%s: rules: there is no %s", token, r.In)
				prefix = r.In + "."
			}
			paths := slices.Clone(r.Unless)
			if r.At != "" {
				paths = append(paths, r.At)
			}
			for path := range r.If {
				paths = append(paths, path)
			}
			for _, list := range r.kinds() {
				paths = append(paths, list...)
			}
			for _, name := range placeholder.FindAllString(r.Fault, -1) {
				if name = name[1 : len(name)-1]; name != "property" && name != "count" {
					paths = append(paths, name)
				}
			}
			for _, path := range paths {
				require.NotNil(t, typ.at(prefix+path), "%s: rules: there is no %s", token, prefix+path)
			}
		}
	}
	require.Greater(t, rules, 40)
}

// TestEveryRuleRefusesAndIsContent makes inputs that break a rule, and some that keep it: each rule can do both.
func TestEveryRuleRefusesAndIsContent(t *testing.T) {
	t.Parallel()
	for _, token := range Tokens() {
		typ, _ := Lookup(token)
		for _, r := range typ.Rules {
			alone := &Type{Rules: []*Rule{r}, Inputs: typ.Inputs}
			broken, kept := props.Map{}, props.Map{}
			for path, want := range r.If {
				value, _, _ := strings.Cut(want, "|")
				for _, in := range []props.Map{broken, kept} {
					alone.put(in, r.within(path), value)
				}
			}
			if r.In != "" && len(r.If) == 0 {
				alone.put(broken, r.In+".nothing", "")
			}
			for _, path := range r.Excludes {
				if r.If[path] == "" {
					alone.put(broken, r.within(path), "*")
				}
			}
			for _, path := range r.Requires {
				alone.put(kept, r.within(path), "*")
			}
			for _, path := range slices.Concat(r.AnyOf, r.OneOf)[:min(1, len(r.AnyOf)+len(r.OneOf))] {
				alone.put(kept, r.within(path), "*")
			}
			require.NotEmpty(t, alone.CheckRules(broken), "%s: %s: %v", token, r.Fault, broken)
			if len(r.Excludes) == 0 || r.If[r.Excludes[0]] == "" {
				require.Empty(t, alone.CheckRules(kept), "%s: %s: %v", token, r.Fault, kept)
			}
		}
	}
}

func (r *Rule) within(path string) string {
	if r.In == "" {
		return path
	}
	return r.In + "." + path
}

// put sets the property at a path, "*" to anything of its kind; lists get one element.
func (t *Type) put(in props.Map, path, value string) {
	head, rest, deeper := strings.Cut(path, ".")
	name, list := strings.CutSuffix(head, "[*]")
	key := props.Key(name)
	if deeper {
		inner := in[key]
		if list && inner.IsArray() {
			inner = inner.ArrayValue()[0]
		}
		object := props.Map{}
		if inner.IsObject() {
			object = inner.ObjectValue()
		}
		nested := &Type{Inputs: t.Inputs[name].Properties}
		nested.put(object, rest, value)
		in[key] = props.Of(object)
		if list {
			in[key] = props.Of([]props.Value{props.Of(object)})
		}
		return
	}
	var sample any = value
	if p := t.Inputs[name]; value == "*" && p != nil {
		switch p.Kind {
		case Bool:
			sample = true
		case Int, Float:
			sample = 1
		case Object:
			sample = map[string]any{"x": "x"}
		}
	}
	if list || t.Inputs[name] != nil && t.Inputs[name].Kind.IsList() {
		sample = []any{sample}
	}
	in[key] = props.Of(sample)
}
