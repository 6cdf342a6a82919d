package schema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	d, err := load([]byte("{}"), map[string][]byte{"s": []byte(`{"a":{
		"patterns":{"x.names[*]":{"match":"^[a-z]+$","min":2,"max":3,"fault":"Bad: {value} has {length}"}},
		"assigned":{"arn":"arn:aws:s:{region}:{account}:x/{id}","size":0}}}`)})
	require.NoError(t, err)
	typ, ok := d.lookup("a")
	require.True(t, ok)
	in := props.Map{"x": props.Of(map[string]any{"names": []any{"ab", "a", "abcd", "A\"", 7}})}
	require.Equal(t, []Failure{
		{Property: "x.names[1]", Reason: `Bad: "a" has 1`},
		{Property: "x.names[2]", Reason: `Bad: "abcd" has 4`},
		{Property: "x.names[3]", Reason: `Bad: "A\"" has 2`},
	}, typ.CheckPatterns(in))
	require.Empty(t, typ.CheckPatterns(props.Map{"x": props.Unknown()}))

	state := props.Map{"arn": props.Of("given"), "other": props.Of("kept")}
	typ.Assign(state, map[string]string{"id": "i", "account": "1", "region": "r"})
	require.Equal(t, props.Map{"arn": props.Of("arn:aws:s:r:1:x/i"), "size": props.Of(0), "other": props.Of("kept")}, state)

	for broken, want := range map[string]string{
		`{"match":"(","fault":"{value}"}`: "patterns: x: error parsing regexp",
		`{"match":".","fault":"bad"}`:     "does not show the {value}",
	} {
		d, err := load([]byte("{}"), map[string][]byte{"s": []byte(`{"a":{"patterns":{"x":` + broken + `}}}`)})
		require.NoError(t, err)
		_, err = d.decode("a")
		require.ErrorContains(t, err, want)
	}
}

// TestEveryPatternAndAssignedOutputHasItsProperty: a misspelt path would check nothing, a misspelt output set another one.
func TestEveryPatternAndAssignedOutputHasItsProperty(t *testing.T) {
	t.Parallel()
	patterns := 0
	for _, token := range Tokens() {
		typ, _ := Lookup(token)
		for path := range typ.Patterns {
			patterns++
			require.True(t, typ.has(path), "%s: patterns: there is no %s", token, path)
		}
		for name := range typ.Assigned {
			if typ.Inputs[name] == nil {
				require.Contains(t, typ.Outputs, name, token)
			}
		}
	}
	require.Greater(t, patterns, 10)
}

// has says whether a path leads to a property that holds texts.
func (t *Type) has(path string) bool {
	p := t.at(path)
	return p != nil && (p.Kind == String || p.Kind == StringList && strings.HasSuffix(path, "[*]"))
}

// at is the property at a path, whose lists end in [*]; nil where there is none.
func (t *Type) at(path string) *Property {
	properties := t.Inputs
	var p *Property
	for name := range strings.SplitSeq(path, ".") {
		if p = properties[strings.TrimSuffix(name, "[*]")]; p == nil {
			return nil
		}
		properties = p.Properties
	}
	return p
}
