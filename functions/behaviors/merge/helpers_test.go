package merge_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/internal/gen"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

const owner = "webordinary-live-edit/prod"

func input() spec.Input {
	return spec.LiveEdit("E2QWRUHAPOMQZL", owner,
		spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"}).WithDefaults()
}

// parse reads XML or JSON, whichever it is.
func parse(t require.TestingT, text string) *document.Document {
	parser := document.ParseJSON
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		parser = document.ParseXML
	}
	doc, err := parser([]byte(text))
	require.NoError(t, err, text)
	return doc
}

// ensure plans the input and checks what holds for every plan.
func ensure(t require.TestingT, text string, in spec.Input) merge.Plan {
	plan, err := merge.Ensure(parse(t, text), in, merge.Owners{in.Owner})
	require.NoError(t, err)
	require.Equal(t, text, string(plan.Before))
	require.Equal(t, plan.Empty(), string(plan.After) == text, "changes without a difference, or the reverse: %q", plan.Changes)
	return plan
}

func remove(t require.TestingT, text string) merge.Plan {
	plan, err := merge.Remove(parse(t, text), merge.Owners{owner}, nil)
	require.NoError(t, err)
	require.Equal(t, text, string(plan.Before))
	require.Equal(t, plan.Empty(), string(plan.After) == text)
	return plan
}

// refused expects a refusal with every one of these words.
func refused(t *testing.T, text string, in spec.Input, words ...string) {
	t.Helper()
	plan, err := merge.Ensure(parse(t, text), in, merge.Owners{in.Owner})
	var refusal *merge.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Zero(t, plan)
	for _, word := range words {
		require.ErrorContains(t, err, word)
	}
}

// shapes are the real configurations, by file name.
func shapes(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]string{}
	for _, file := range files {
		all[filepath.Base(file)] = shape(t, filepath.Base(file))
	}
	return all
}

func shape(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	require.NoError(t, err)
	return string(text)
}

// foreignPaths are drawn for the owner's behaviors: broader, narrower, overlapping and unrelated ones.
var foreignPaths = []string{
	"/*", "/api*", "/a*", "/p*", "/ws*", "/*/*", "/api/v1/*", "/api/health", "/api/cms/*.json", "/preview/static/*",
	"/ws/legacy", "*.js", "*.html", "/*/index.html", "/images/*", "/API/*", "/api", "/apis/*", "/?pi/x*",
}

// drawnText is any configuration in any format and layout.
func drawnText(t *rapid.T) string {
	o := gen.Options{Paths: foreignPaths, MaxBehaviors: 8, MaxOrigins: 4, XML: rapid.Bool().Draw(t, "xml")}
	config := gen.Config(t, o)
	if o.XML {
		return rapid.SampledFrom(gen.XMLLayouts).Draw(t, "layout").XML(config)
	}
	layout := rapid.SampledFrom(gen.JSONLayouts).Draw(t, "layout")
	if rapid.Bool().Draw(t, "envelope") {
		return layout.JSON(gen.Object{{Key: "ETag", Value: "E1"}, {Key: "DistributionConfig", Value: config}})
	}
	return layout.JSON(config)
}

// raggedText is any configuration with white space, or none, wherever there may be some: what no tool writes.
func raggedText(t *rapid.T) string {
	o := gen.Options{Paths: foreignPaths, MaxBehaviors: 3, MaxOrigins: 2, XML: rapid.Bool().Draw(t, "xml")}
	config := gen.Config(t, o)
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "white space"), 0))
	layout := gen.Layout{Ragged: func() string {
		return []string{"", "", " ", "\n", "\n  ", "\t", "\r\n "}[random.IntN(7)]
	}}
	if o.XML {
		return layout.XML(config)
	}
	return layout.JSON(config)
}

// drawnJSON is any configuration as JSON without its envelope.
func drawnJSON(t *rapid.T) string {
	o := gen.Options{Paths: foreignPaths, MaxBehaviors: 8, MaxOrigins: 4}
	return gen.JSONLayouts[0].JSON(gen.Config(t, o))
}

// rule is a behavior as a router sees it.
type rule struct{ path, target string }

// rules reads the behaviors with the standard library, not with the code under test.
func rules(t require.TestingT, text string) []rule {
	var config struct {
		CacheBehaviors struct {
			Quantity int
			Items    []struct{ PathPattern, TargetOriginId string }
		}
		DefaultCacheBehavior struct{ TargetOriginId string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &config))
	require.Len(t, config.CacheBehaviors.Items, config.CacheBehaviors.Quantity)
	var all []rule
	for _, b := range config.CacheBehaviors.Items {
		all = append(all, rule{b.PathPattern, b.TargetOriginId})
	}
	return append(all, rule{"*", config.DefaultCacheBehavior.TargetOriginId})
}

// matches says whether CloudFront takes the pattern for the path, by a regular expression.
func matches(pattern, path string) bool {
	quoted := regexp.QuoteMeta(strings.TrimPrefix(pattern, "/"))
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile("^" + quoted + "$").MatchString(strings.TrimPrefix(path, "/"))
}

// route is the rule that a request meets: the first that matches.
func route(all []rule, path string) rule {
	for _, r := range all {
		if matches(r.path, path) {
			return r
		}
	}
	return rule{}
}
