package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// The services import this package; its own tests read their files.
func init() {
	files, err := filepath.Glob(filepath.Join("..", "..", "aws", "*", "schema.json"))
	if err != nil || len(files) < 15 {
		panic(fmt.Sprintf("schema.json of the services: found %d, %v", len(files), err))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		Register(filepath.Base(filepath.Dir(file)), data)
	}
}

// TestServicesFilesAreRead reads them again: what is read before the tests begin is none of what a cached result of go test
// depends on, and a changed file would pass by the result of the old one.
func TestServicesFilesAreRead(t *testing.T) {
	t.Parallel()
	for service, data := range services {
		now, err := os.ReadFile(filepath.Join("..", "..", "aws", service, "schema.json"))
		require.NoError(t, err)
		require.Equal(t, string(data), string(now))
	}
}

// TestDataIsConsistent holds both data files to what the code expects of them.
func TestDataIsConsistent(t *testing.T) {
	t.Parallel()
	for _, token := range Tokens() {
		typ, _ := Lookup(token)
		require.NotEmpty(t, typ.Inputs, token)
		consistent(t, token, typ.Inputs)
	}
}

func consistent(t *testing.T, at string, properties map[string]*Property) {
	t.Helper()
	kinds := []Kind{String, Int, Float, Bool, Any, Object, StringMap, ObjectList, StringList, IntList, AnyList, ArchiveKind}
	for name, p := range properties {
		where := at + "." + name
		require.Contains(t, kinds, p.Kind, where)
		for _, other := range append(append([]string{}, p.ConflictsWith...), p.ExactlyOneOf...) {
			require.Contains(t, properties, other, "%s excludes a property that does not exist", where)
		}
		require.Equal(t, p.Kind == Object || p.Kind == ObjectList, len(p.Properties) > 0, where)
		if p.Set {
			require.True(t, p.Kind.IsList(), "%s is a set but no list", where)
		}
		if p.Document != NoDocument {
			require.Contains(t, []Kind{String, Any}, p.Kind, where)
			require.Contains(t, []Document{JSONDocument, PolicyDocument, ContainersDocument}, p.Document, where)
		}
		if d, ok := p.DefaultValue(); ok {
			require.False(t, p.Required, "%s is required and has a default", where)
			c := &checker{}
			c.value(where, d, p)
			require.Empty(t, c.failures, "%s has a default that its own check refuses", where)
		}
		if p.AutoName != nil {
			require.Positive(t, p.AutoName.Max, where)
		}
		consistent(t, where, p.Properties)
	}
}

// TestServicesOnlyPatchWhatIsThere: a misspelt name in a schema.json would
// silently make a new property of it.
func TestServicesOnlyPatchWhatIsThere(t *testing.T) {
	t.Parallel()
	var upstream map[string]map[string]any
	require.NoError(t, json.Unmarshal(upstreamJSON, &upstream))
	d, err := load(upstreamJSON, services)
	require.NoError(t, err)
	for token, raw := range d.patch {
		var patch map[string]any
		require.NoError(t, json.Unmarshal(raw, &patch))
		if upstream[token] == nil {
			continue // a type that upstream lacks
		}
		if inputs, ok := patch["inputs"].(map[string]any); ok {
			patchesExisting(t, token, inputs, upstream[token]["inputs"].(map[string]any))
		}
	}
}

func patchesExisting(t *testing.T, at string, patch, base map[string]any) {
	t.Helper()
	for name, p := range patch {
		require.Contains(t, base, name, at)
		if nested, ok := p.(map[string]any)["properties"].(map[string]any); ok {
			patchesExisting(t, at+"."+name, nested, base[name].(map[string]any)["properties"].(map[string]any))
		}
	}
}

func TestLoadReportsBrokenData(t *testing.T) {
	t.Parallel()
	_, err := load([]byte("{"), nil)
	require.ErrorContains(t, err, "upstream.json")
	_, err = load([]byte("{}"), map[string][]byte{"ecs": []byte("[")})
	require.ErrorContains(t, err, "schema.json of ecs")
	_, err = load([]byte("{}"), map[string][]byte{"ecs": []byte(`{"a":{}}`), "efs": []byte(`{"a":{}}`)})
	require.ErrorContains(t, err, "another service has a, too")
	d, err := load([]byte(`{"a":{"inputs":{"x":{"type":"string","required":true}}}}`),
		map[string][]byte{"s": []byte(`{"a":{"inputs":{"x":{"required":null},"y":{"type":"int"}}}}`)})
	require.NoError(t, err)
	typ, ok := d.lookup("a")
	require.True(t, ok)
	require.False(t, typ.Inputs["x"].Required)
	require.Equal(t, []string{"x", "y"}, typ.Names())
	_, ok = d.lookup("b")
	require.False(t, ok)
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	known := []string{"desiredCount", "taskDefinition", "name"}
	require.Contains(t, suggest("desirdCount", known), `"desiredCount"`)
	require.Contains(t, suggest("Name", known), `"name"`)
	require.Empty(t, suggest("completelyDifferent", known))
}

func TestDefaultsAreRecorded(t *testing.T) {
	t.Parallel()
	typ, _ := Lookup("aws:lb/targetGroup:TargetGroup")
	out, _ := typ.Check(props.Map{"healthCheck": props.Of(map[string]any{"path": "/"}), "deregistrationDelay": props.Of(30)}, nil,
		func(*AutoName) (string, error) { return "generated", nil })
	require.True(t, IsDefaulted(out, "name"))
	require.True(t, IsDefaulted(out, "slowStart"))
	require.False(t, IsDefaulted(out, "deregistrationDelay"))
	health := out["healthCheck"].ObjectValue()
	require.True(t, IsDefaulted(health, "interval"))
	require.EqualValues(t, 30, health["interval"].NumberValue())
	require.False(t, health.HasValue("timeout"), "AWS chooses the timeout")
	require.False(t, typ.ExplicitName(out))
	out["name"] = props.Of("mine")
	out[props.DefaultsKey] = props.Of([]string{})
	require.True(t, typ.ExplicitName(out))
}

func TestADefaultGivesWayToWhatExcludesIt(t *testing.T) {
	t.Parallel()
	known, err := load([]byte(`{"t": {"inputs": {
		"self": {"type": "bool", "default": false, "conflictsWith": ["cidrBlocks"]}, "cidrBlocks": {"type": "list<string>"}
	}}}`), nil)
	require.NoError(t, err)
	typ, _ := known.lookup("t")
	in := map[string]any{}
	out, failures := typ.Check(props.Of(in).ObjectValue(), nil, nil)
	require.Empty(t, failures)
	require.True(t, IsDefaulted(out, "self"))
	in["cidrBlocks"] = []string{"10.0.0.0/8"}
	out, failures = typ.Check(props.Of(in).ObjectValue(), nil, nil)
	require.Empty(t, failures)
	require.False(t, out.HasValue("self"))
}

func TestGenerateNames(t *testing.T) {
	t.Parallel()
	name, err := Generate(&AutoName{Max: 20, Lower: true, Prefix: "alias/"}, "Key", []byte("x"))
	require.NoError(t, err)
	require.Regexp(t, `^alias/key-[0-9a-f]{7}$`, name)
	_, err = Generate(&AutoName{Max: 10}, strings.Repeat("x", 10), nil)
	require.ErrorContains(t, err, "at most 10 characters")
}

// BenchmarkFirstLookups is what a run of this project pays for the schema.
func BenchmarkFirstLookups(b *testing.B) {
	for b.Loop() {
		d, err := load(upstreamJSON, services)
		if err != nil {
			b.Fatal(err)
		}
		for _, token := range Tokens() {
			d.lookup(token)
		}
	}
}
