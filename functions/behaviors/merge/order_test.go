package merge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/internal/gen"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// withPaths is a configuration whose foreign behaviors have these paths.
func withPaths(paths ...string) string {
	values := []gen.Value{}
	for _, path := range paths {
		values = append(values, gen.Object{{Key: "PathPattern", Value: path}, {Key: "TargetOriginId", Value: "S3-site"}})
	}
	list := func(item string, values []gen.Value) gen.Object {
		return gen.Object{
			{Key: "Quantity", Value: gen.Literal(string(rune('0' + len(values))))},
			{Key: "Items", Value: gen.Array{Item: item, Values: values}},
		}
	}
	return gen.JSONLayouts[0].JSON(gen.Object{
		{Key: "Origins", Value: list("Origin", []gen.Value{gen.Object{{Key: "Id", Value: "S3-site"}}})},
		{Key: "CacheBehaviors", Value: list("CacheBehavior", values)},
	})
}

// order is the list of paths that a plan leaves, without the default.
func order(t *testing.T, text []byte) string {
	t.Helper()
	var paths []string
	for _, r := range rules(t, string(text)) {
		paths = append(paths, r.path)
	}
	return strings.Join(paths[:len(paths)-1], " ")
}

func TestWhereBehaviorsGo(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, foreign, want string }{
		{"nobody else", "", "/api/* /preview/* /ws/*"},
		{"unrelated ones come first", "/images/* /API/*", "/images/* /API/* /api/* /preview/* /ws/*"},
		{"before what is broader", "/images/* /* /x", "/images/* /api/* /preview/* /ws/* /* /x"},
		{"each before its own broader one", "/p* /a* /w*", "/preview/* /p* /api/* /a* /ws/* /w*"},
		{"without a leading slash", "a* *", "/api/* a* /preview/* /ws/* *"},
		{"before what takes some", "*.js /x", "/api/* /preview/* /ws/* *.js /x"},
		{"after what is more specific", "/api/v1/* /preview/x", "/api/v1/* /preview/x /api/* /preview/* /ws/*"},
		{"more specific before broader", "/api/v1/* /* /api/v2/*", "/api/v1/* /api/* /preview/* /ws/* /* /api/v2/*"},
		{
			"the owner's specific path is not traded for ours", "*.js /api/v1/* *.css",
			"/preview/* /ws/* *.js /api/v1/* /api/* *.css",
		},
		{"a specific path that was never reached counts for nothing", "*.js /api/x.js", "/api/* /preview/* /ws/* *.js /api/x.js"},
		{"case matters", "/Api/* /API/v1/*", "/Api/* /API/v1/* /api/* /preview/* /ws/*"},
		{"question marks", "/???/* /api/?", "/api/* /ws/* /???/* /api/? /preview/*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plan := ensure(t, withPaths(strings.Fields(tt.foreign)...), input())
			require.Equal(t, tt.want, order(t, plan.After))
			require.Equal(t, tt.foreign, order(t, remove(t, string(plan.After)).After))
		})
	}
}

// Entries of ours that already stand where they work are not moved about.
func TestAGoodPlaceIsKept(t *testing.T) {
	t.Parallel()
	text := string(ensure(t, withPaths("/images/*", "/x", "/*"), input()).After)
	moved := edited(t, []byte(text), func(config map[string]any) {
		all := items(config, "CacheBehaviors")
		setItems(config, "CacheBehaviors", []any{all[4], all[0], all[2], all[1], all[3], all[5]})
	})
	require.Equal(t, "/ws/* /images/* /api/* /x /preview/* /*", order(t, []byte(moved)))
	require.Empty(t, ensure(t, moved, input()).Changes)
}

func TestOursThatShareTakeTheInputsOrder(t *testing.T) {
	t.Parallel()
	in := input()
	in.Behaviors[0].PathPattern, in.Behaviors[1].PathPattern = "/api/stream/*", "/api/*"
	plan := ensure(t, withPaths("/api/v1/*", "/x"), in)
	require.Equal(t, "/api/v1/* /x /api/stream/* /api/* /ws/*", order(t, plan.After))
	swapped := edited(t, plan.After, func(config map[string]any) {
		all := items(config, "CacheBehaviors")
		all[2], all[3] = all[3], all[2]
	})
	repaired := ensure(t, swapped, in)
	require.Equal(t, []string{"put behaviors in their order: /api/stream/* before /api/*"}, repaired.Changes)
	require.Equal(t, order(t, plan.After), order(t, repaired.After))
	require.Empty(t, ensure(t, string(repaired.After), in).Changes)

	first := input()
	first.Behaviors = []spec.Behavior{in.Behaviors[1], in.Behaviors[2]}
	grown := ensure(t, string(ensure(t, withPaths("/x"), first).After), in)
	require.Equal(t, "/x /api/stream/* /api/* /ws/*", order(t, grown.After))
}
