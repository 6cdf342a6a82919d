package definitions

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
)

// TestLimitsAreOfContainers: every rule names a value that a container has, and a
// list that exists.
func TestLimitsAreOfContainers(t *testing.T) {
	t.Parallel()
	l := limitsOfContainers()
	var full Container
	require.NoError(t, json.Unmarshal([]byte(`{"portMappings":[{}],"restartPolicy":{},"environmentFiles":[{}],"dependsOn":[{}],
		"secrets":[{}],"ulimits":[{}],"systemControls":[{}],"resourceRequirements":[{}],"firelensConfiguration":{},"healthCheck":{},
		"logConfiguration":{},"linuxParameters":{"capabilities":{"add":["x"],"drop":["x"]}}}`), &full))
	text, err := json.Marshal(full)
	require.NoError(t, err)
	has := func(path string) {
		parent, name := "", path
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			parent, name = path[:i], path[i+1:]
		}
		found := false
		v, err := jsontext.DecodeAny(string(text))
		require.NoError(t, err)
		eachValue(v, parent, "", func(_ string, v any) {
			_, ok := v.(map[string]any)[strings.TrimSuffix(name, "[*]")]
			found = found || ok
		})
		require.True(t, found, "no container has %s", path)
	}
	for _, n := range l.Numbers {
		has(n.Path)
	}
	for _, n := range l.Lengths {
		has(n.Path)
	}
	for _, n := range l.Values {
		has(n.Path)
		require.NotEmpty(t, lists.Of(n.List))
	}
	for _, n := range l.Patterns {
		has(n.Path)
	}
	for _, path := range append(l.Fargate, l.AWSVPC...) {
		has(path)
	}
}

// TestLimitsAtTheirEnds tries each number at its ends and one beyond.
func TestLimitsAtTheirEnds(t *testing.T) {
	t.Parallel()
	set := func(path string, n float64) Container {
		keys := strings.Split(path, ".")
		var v any = n
		for i := len(keys) - 1; i >= 0; i-- {
			key, isList := strings.CutSuffix(keys[i], "[*]")
			if isList {
				v = []any{v}
			}
			v = map[string]any{key: v}
		}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		c := Container{Name: "a", Image: "i", MemoryReservation: 64}
		require.NoError(t, json.Unmarshal(text, &c))
		return c
	}
	complaints := func(path string, n float64) string {
		c := &containerCheck{}
		d := set(path, n)
		c.limits(&d)
		return strings.Join(c.faults, "\n")
	}
	for _, l := range limitsOfContainers().Numbers {
		last := l.Path[strings.LastIndexByte(l.Path, '.')+1:]
		if l.Min != nil {
			require.NotContains(t, complaints(l.Path, *l.Min), last, "%s at its least", l.Path)
			if beyond := *l.Min - 1; beyond != 0 || !l.ZeroUnset {
				require.Contains(t, complaints(l.Path, beyond), last, "%s below", l.Path)
			}
		}
		if l.Max != nil {
			require.NotContains(t, complaints(l.Path, *l.Max), last, "%s at its most", l.Path)
			require.Contains(t, complaints(l.Path, *l.Max+1), last, "%s above", l.Path)
		}
	}
}
