package merge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

func TestForeignPathsAreRefused(t *testing.T) {
	t.Parallel()
	for _, taken := range []string{"/api/*", "api/*", "/api/**", "/preview/*", "ws/*"} {
		refused(t, withPaths("/x", taken), input(), "behavior for "+taken, "S3-site")
	}
	ensure(t, withPaths("/api", "/api/v1/*", "/API/*"), input())
}

func TestForeignOriginsAreRefused(t *testing.T) {
	t.Parallel()
	in := input()
	in.Origin.ID = "S3-site"
	refused(t, shape(t, "origins-and-groups.json"), in, "origin S3-site already exists", "without an owner mark")
	in.Origin.ID = "site-failover"
	refused(t, shape(t, "origins-and-groups.xml"), in, "origin group is already called site-failover")

	other := input()
	other.Owner = "other/stack"
	other.Behaviors = other.Behaviors[:1]
	other.Behaviors[0].PathPattern = "/other/*"
	text := string(ensure(t, shape(t, "s3-spa.xml"), other).After)
	refused(t, text, input(), "origin alb-origin", "owned by other/stack")
}

func TestQuotasAreRefused(t *testing.T) {
	t.Parallel()
	refused(t, shape(t, "24-behaviors.xml"), input(), "27 cache behaviors", "quota of 25", "distributionBehaviorQuota", "-behavior-quota")
	in := input()
	in.Quotas.Behaviors = 27
	plan := ensure(t, shape(t, "24-behaviors.xml"), in)
	require.Empty(t, ensure(t, string(plan.After), input()).Changes, "what is there already takes no more room")

	in = input()
	in.Quotas.Origins = 4
	refused(t, shape(t, "origins-and-groups.json"), in, "5 origins", "quota of 4", "distributionOriginQuota", "-origin-quota")
	in.Quotas.Origins = 5
	full := ensure(t, shape(t, "origins-and-groups.json"), in)
	in.Origin.DomainName = "other.example.com"
	require.NotEmpty(t, ensure(t, string(full.After), in).Changes, "our origin takes no more room than it has")

	one := input()
	one.Behaviors = one.Behaviors[:1]
	require.Len(t, rules(t, withoutEnvelope(t, ensure(t, shape(t, "24-behaviors.json"), one).After)), 26)
}

func withoutEnvelope(t *testing.T, text []byte) string {
	t.Helper()
	_, config, ok := strings.Cut(string(text), `"DistributionConfig": `)
	require.True(t, ok)
	return strings.TrimSuffix(strings.TrimSpace(config), "}")
}

// Taking our origin away would leave somebody else's entry without one, which CloudFront would refuse as a whole.
func TestOriginsThatOthersUseAreNotRemoved(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(config map[string]any){
		"the owner's behavior /admin/*": func(config map[string]any) {
			setItems(config, "CacheBehaviors", append(items(config, "CacheBehaviors"),
				map[string]any{"PathPattern": "/admin/*", "TargetOriginId": "alb-origin"}))
		},
		"the default behavior": func(config map[string]any) {
			config["DefaultCacheBehavior"].(map[string]any)["TargetOriginId"] = "alb-origin"
		},
		"origin group fallback": func(config map[string]any) {
			members := map[string]any{"Quantity": 1, "Items": []any{map[string]any{"OriginId": "alb-origin"}}}
			config["OriginGroups"] = map[string]any{
				"Quantity": 1,
				"Items":    []any{map[string]any{"Id": "fallback", "Members": members}},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			used := edited(t, ensure(t, site(t), input()).After, use)
			_, err := merge.Remove(parse(t, used), merge.Owners{owner}, input().Behaviors)
			var refusal *merge.Refusal
			require.ErrorAs(t, err, &refusal)
			require.ErrorContains(t, err, name+" sends its requests to our origin alb-origin")
			require.Empty(t, ensure(t, used, input()).Changes, "using it is no harm")
			renamed := input()
			renamed.Origin.ID = "new-origin"
			refused(t, used, renamed, name)
		})
	}
}

func TestInconsistentConfigurationsAreNotTouched(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"Origins":{"Quantity":1}}`:                             "Origins.Quantity is 1, but Items has 0",
		`{"Origins":{"Quantity":0,"Items":[{}]}}`:                "Origins.Quantity is 0, but Items has 1",
		`{"Origins":{"Items":[]}}`:                               `Origins.Quantity is ""`,
		`{"Origins":{"Quantity":"x"}}`:                           `Origins.Quantity is "x"`,
		`{"CacheBehaviors":{"Quantity":0,"Items":{}}}`:           "CacheBehaviors.Items is",
		`{"CacheBehaviors":{"Quantity":0,"Items":""}}`:           "CacheBehaviors.Items is",
		`{"CacheBehaviors":{"Quantity":1,"Items":"x"}}`:          "CacheBehaviors.Items is",
		`{"OriginGroups":[]}`:                                    "OriginGroups.Quantity",
		`{"CustomErrorResponses":{"Quantity":2,"Items":[null]}}`: "CustomErrorResponses.Quantity is 2",
	} {
		_, err := merge.Ensure(parse(t, text), input(), merge.Owners{owner})
		require.ErrorContains(t, err, want)
		_, err = merge.Remove(parse(t, text), merge.Owners{owner}, nil)
		require.ErrorContains(t, err, want)
	}
}

func TestAMarkThatCloudFrontWouldNotTakeIsRefused(t *testing.T) {
	t.Parallel()
	in := input()
	in.Behaviors = nil
	for i := range 8 {
		in.Behaviors = append(in.Behaviors, spec.Behavior{PathPattern: fmt.Sprintf("/%d/%s", i, strings.Repeat("x", 240))})
	}
	_, err := merge.Ensure(parse(t, withPaths()), in, merge.Owners{owner})
	require.ErrorContains(t, err, "behaviors: ")
	require.ErrorContains(t, err, "1783")
}
