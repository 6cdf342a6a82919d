package merge_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// requireUndone adds ours, takes them out again, and compares every byte.
func requireUndone(t require.TestingT, text string) {
	in := input()
	in.Quotas = spec.Quotas{Behaviors: 100, Origins: 100}
	added := ensure(t, text, in)
	require.False(t, added.Empty())
	require.True(t, ensure(t, string(added.After), in).Empty())
	removed := remove(t, string(added.After))
	require.Equal(t, text, string(removed.After))
	require.True(t, remove(t, text).Empty(), "nothing of ours is there any more")
}

func TestRemoveUndoesEnsureToTheByte(t *testing.T) {
	t.Parallel()
	for name, text := range shapes(t) {
		t.Run(name, func(t *testing.T) { requireUndone(t, text) })
	}
	rapid.Check(t, func(t *rapid.T) { requireUndone(t, drawnText(t)) })
}

func TestRemoveUndoesEnsureInAnyLayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { requireUndone(t, raggedText(t)) })
}

func TestEnsureIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := input()
		if rapid.Bool().Draw(t, "with overlapping behaviors of ours") {
			in.Behaviors[1].PathPattern = "*.map"
		}
		once := ensure(t, drawnText(t), in)
		twice := ensure(t, string(once.After), in)
		require.Empty(t, twice.Changes)
		require.Equal(t, once.Warnings, twice.Warnings)
	})
}

// withoutOurs decodes a configuration with the standard library and takes out what sends requests to our origin.
func withoutOurs(t require.TestingT, text string) map[string]any {
	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &config))
	drop := func(name, key string) {
		holder, _ := config[name].(map[string]any)
		items, _ := holder["Items"].([]any)
		items = slices.DeleteFunc(items, func(item any) bool { return item.(map[string]any)[key] == "alb-origin" })
		if len(items) == 0 {
			delete(config, name)
			return
		}
		config[name] = items
	}
	drop("Origins", "Id")
	drop("CacheBehaviors", "TargetOriginId")
	return config
}

func TestForeignEntriesAndTheirOrderAreUntouched(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawnJSON(t)
		plan := ensure(t, text, input())
		require.Equal(t, withoutOurs(t, text), withoutOurs(t, string(plan.After)))
	})
}

// requestPath draws the path of a request, many of them inside our patterns and the owner's.
func requestPath(t *rapid.T) string {
	parts := []string{"api", "preview", "ws", "images", "v1", "static", "cms", "legacy", "health", "x", ""}
	path := ""
	for range rapid.IntRange(1, 3).Draw(t, "depth") {
		path += "/" + rapid.SampledFrom(parts).Draw(t, "part")
	}
	return path + rapid.SampledFrom([]string{"", ".js", ".html", ".json", "/index.html"}).Draw(t, "end")
}

// specificPaths are the foreign paths that are part of one of ours.
var specificPaths = []string{"/api/v1/*", "/api/health", "/api/cms/*.json", "/preview/static/*", "/ws/legacy"}

// What a viewer sees: requests that match none of our patterns go where they went, whatever was inserted; requests that
// do match come to us, except those that a more specific behavior of the owner's already answered.
func TestRequestsGoWhereTheyShould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawnJSON(t)
		before, after := rules(t, text), rules(t, string(ensure(t, text, input()).After))
		specific := slices.ContainsFunc(before, func(r rule) bool { return slices.Contains(specificPaths, r.path) })
		for range 20 {
			path := requestPath(t)
			was, is := route(before, path), route(after, path)
			ours := slices.ContainsFunc(input().Behaviors, func(b spec.Behavior) bool { return matches(b.PathPattern, path) })
			switch {
			case !ours:
				require.Equal(t, was, is, "%s is none of ours", path)
			case is.target != "alb-origin":
				require.Equal(t, was, is, "%s went to the owner and still does", path)
				require.NotContains(t, []string{"*", "/*", "/api*", "/a*", "/p*", "/ws*", "/*/*"}, is.path,
					"%s meets a broader pattern than ours", path)
			}
			if slices.Contains(specificPaths, was.path) {
				require.Equal(t, was, is, "%s had a more specific behavior", path)
			}
			if ours && !specific {
				require.Equal(t, "alb-origin", is.target, "%s is ours, and nobody has a part of it", path)
			}
		}
	})
}

// Whoever else is in the distribution, the list ends the same whether we come first or last.
func TestTwoStacksShareADistribution(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawnText(t)
		dev := input()
		dev.Owner, dev.Origin.ID = "webordinary-live-edit/dev", "alb-origin-dev"
		for i := range dev.Behaviors {
			dev.Behaviors[i].PathPattern = "/dev" + dev.Behaviors[i].PathPattern
		}
		both := ensure(t, string(ensure(t, text, input()).After), dev)
		require.True(t, ensure(t, string(both.After), input()).Empty())
		onlyDev := remove(t, string(both.After))
		require.True(t, ensure(t, string(onlyDev.After), dev).Empty())
		neither, err := merge.Remove(parse(t, string(onlyDev.After)), merge.Owners{dev.Owner}, nil)
		require.NoError(t, err)
		require.Empty(t, ensure(t, string(ensure(t, string(neither.After), input()).After), input()).Changes)
	})
}

// A refusal leaves no plan behind, whatever else is in the configuration.
func TestRefusalsChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawnText(t)
		in := input()
		in.Owner = "somebody/else"
		taken := ensure(t, text, in)
		plan, err := merge.Ensure(parse(t, string(taken.After)), input(), merge.Owners{owner})
		var refusal *merge.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Len(t, refusal.Reasons, 4, "the origin and each of the three paths")
		require.Zero(t, plan)
		require.True(t, remove(t, string(taken.After)).Empty(), "somebody else's entries are not ours to remove")
	})
}
