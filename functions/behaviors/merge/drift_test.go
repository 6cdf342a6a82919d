package merge_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// edited decodes a configuration, lets change work on it, and writes it again, as another tool would.
func edited(t require.TestingT, text []byte, change func(config map[string]any)) string {
	var config map[string]any
	require.NoError(t, json.Unmarshal(text, &config))
	change(config)
	out, err := json.MarshalIndent(config, "", "    ")
	require.NoError(t, err)
	return string(out)
}

func items(config map[string]any, name string) []any {
	found, _ := config[name].(map[string]any)["Items"].([]any)
	return found
}

func setItems(config map[string]any, name string, list []any) {
	config[name] = map[string]any{"Quantity": len(list), "Items": list}
}

func mineIn(config map[string]any, name, key string) []map[string]any {
	var mine []map[string]any
	for _, item := range items(config, name) {
		if m := item.(map[string]any); m[key] == "alb-origin" {
			mine = append(mine, m)
		}
	}
	return mine
}

// site is a plain configuration without an envelope.
func site(t *testing.T) string {
	t.Helper()
	return edited(t, []byte(shape(t, "absent-lists.json")), func(map[string]any) {})
}

// CloudFront returns lists in an order of its own and members that nobody sent, and gets new ones every year. None of
// it may look like drift, or every re-merge would write.
func TestWhatCloudFrontAddsIsNotDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		added := ensure(t, drawnJSON(t), input())
		returned := edited(t, added.After, func(config map[string]any) {
			for _, b := range mineIn(config, "CacheBehaviors", "TargetOriginId") {
				methods := b["AllowedMethods"].(map[string]any)
				slices.Reverse(methods["Items"].([]any))
				slices.Reverse(methods["CachedMethods"].(map[string]any)["Items"].([]any))
				b["FutureDefault"] = map[string]any{"Mode": "standard"}
				delete(b, "GrpcConfig")
			}
			for _, o := range mineIn(config, "Origins", "Id") {
				o["CustomOriginConfig"].(map[string]any)["IpAddressType"] = "ipv4"
				o["FutureDefault"] = 1
				header := items(o, "CustomHeaders")[0].(map[string]any)
				header["HeaderName"] = strings.ToLower(header["HeaderName"].(string))
			}
		})
		require.Empty(t, ensure(t, returned, input()).Changes)
	})
}

// What the owner puts on our entries beyond what we asked for stays: protection above all.
func TestAdditionsToOursAreKept(t *testing.T) {
	t.Parallel()
	added := ensure(t, site(t), input())
	protected := edited(t, added.After, func(config map[string]any) {
		b := mineIn(config, "CacheBehaviors", "TargetOriginId")[0]
		b["FunctionAssociations"] = map[string]any{"Quantity": 1, "Items": []any{"basic-auth"}}
		b["ResponseHeadersPolicyId"] = "67f7725c-6f97-4210-82d7-5512b31e9d03"
		b["Compress"] = false
	})
	plan := ensure(t, protected, input())
	require.Equal(t, []string{"change behavior /api/*: Compress"}, plan.Changes)
	require.Contains(t, string(plan.After), "basic-auth")
	require.Contains(t, string(plan.After), "67f7725c-6f97-4210-82d7-5512b31e9d03")
}

// drift is a way in which our entries can be damaged.
type drift struct {
	name   string
	damage func(config map[string]any)
	change string
}

func behaviorDrift(member string, value any) drift {
	return drift{member, func(config map[string]any) {
		mineIn(config, "CacheBehaviors", "TargetOriginId")[0][member] = value
	}, "change behavior /api/*: " + member}
}

func originDrift(member string, value any) drift {
	return drift{
		member, func(config map[string]any) { mineIn(config, "Origins", "Id")[0][member] = value },
		"change origin alb-origin: " + member,
	}
}

func transferDrift(member string, value any) drift {
	return drift{member, func(config map[string]any) {
		mineIn(config, "Origins", "Id")[0]["CustomOriginConfig"].(map[string]any)[member] = value
	}, "change origin alb-origin: " + member}
}

func drifts() []drift {
	return []drift{
		behaviorDrift("ViewerProtocolPolicy", "allow-all"),
		behaviorDrift("Compress", false),
		behaviorDrift("CachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"),
		behaviorDrift("OriginRequestPolicyId", ""),
		behaviorDrift("AllowedMethods", map[string]any{"Quantity": 2, "Items": []any{"GET", "HEAD"}}),
		behaviorDrift("AllowedMethods", nil),
		originDrift("DomainName", "elsewhere.example.com"),
		originDrift("OriginPath", "/v2"),
		originDrift("CustomOriginConfig", nil),
		transferDrift("HTTPSPort", 8443),
		transferDrift("OriginProtocolPolicy", "match-viewer"),
		transferDrift("OriginReadTimeout", 30),
		transferDrift("OriginSslProtocols", map[string]any{"Quantity": 2, "Items": []any{"TLSv1", "TLSv1.2"}}),
		{"no behaviors", func(config map[string]any) { setItems(config, "CacheBehaviors", nil) }, "add behavior /ws/* at the end"},
		{"one behavior", func(config map[string]any) {
			setItems(config, "CacheBehaviors", items(config, "CacheBehaviors")[1:])
		}, "add behavior /api/* at the end"},
		{"doubled", func(config map[string]any) {
			all := items(config, "CacheBehaviors")
			double := map[string]any{}
			for k, v := range all[0].(map[string]any) {
				double[k] = v
			}
			double["PathPattern"] = "api/*"
			setItems(config, "CacheBehaviors", append(all, double))
		}, "remove behavior api/*"},
		{"shadowed", func(config map[string]any) {
			all := items(config, "CacheBehaviors")
			catchAll := map[string]any{"PathPattern": "/*", "TargetOriginId": "S3-site"}
			setItems(config, "CacheBehaviors", append([]any{catchAll}, all...))
		}, "move behavior /api/* before /*"},
		{"mark", func(config map[string]any) {
			header := items(mineIn(config, "Origins", "Id")[0], "CustomHeaders")[0].(map[string]any)
			header["HeaderValue"] = owner
		}, "change origin alb-origin: HeaderValue"},
		{"legacy caching", func(config map[string]any) {
			b := mineIn(config, "CacheBehaviors", "TargetOriginId")[0]
			delete(b, "CachePolicyId")
			b["ForwardedValues"], b["MinTTL"], b["MaxTTL"] = map[string]any{"QueryString": true}, 0, 1
		}, "change behavior /api/*: ForwardedValues, MinTTL, MaxTTL, CachePolicyId"},
		{"vpc origin", func(config map[string]any) {
			o := mineIn(config, "Origins", "Id")[0]
			delete(o, "CustomOriginConfig")
			o["VpcOriginConfig"] = map[string]any{"VpcOriginId": "vo_1"}
		}, "change origin alb-origin: VpcOriginConfig, CustomOriginConfig"},
	}
}

// Whatever happened to our entries, one merge restores them and a second one has nothing to do.
func TestEnsureConvergesFromAnyDamage(t *testing.T) {
	t.Parallel()
	added := ensure(t, site(t), input())
	for _, d := range drifts() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			plan := ensure(t, edited(t, added.After, d.damage), input())
			require.Contains(t, plan.Changes, d.change)
			require.Empty(t, ensure(t, string(plan.After), input()).Changes)
			restored := mineIn(decode(t, plan.After), "CacheBehaviors", "TargetOriginId")
			require.Len(t, restored, 3)
			require.NotContains(t, restored[0], "ForwardedValues")
			cleaned := remove(t, string(plan.After))
			require.NotContains(t, string(cleaned.After), "alb-origin")
		})
	}
}

func decode(t require.TestingT, text []byte) map[string]any {
	var config map[string]any
	require.NoError(t, json.Unmarshal(text, &config))
	return config
}

// An update replaces what the stack asked for before: other paths, another origin, another owner mark.
func TestUpdateReplacesTheFormerInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawnText(t)
		former := input()
		former.Owner = rapid.SampledFrom([]string{owner, "former/owner"}).Draw(t, "owner")
		former.Origin.ID = rapid.SampledFrom([]string{"alb-origin", "old-origin"}).Draw(t, "origin")
		former.Origin.DomainName = "old.example.com"
		former.Behaviors = rapid.SampledFrom([][]spec.Behavior{
			former.Behaviors[:1], former.Behaviors[1:],
			{former.Behaviors[2], former.Behaviors[0]},
			{{PathPattern: "/old/*", AllowedMethods: spec.ReadMethods}},
		}).Draw(t, "behaviors")
		old := ensure(t, text, former)
		plan, err := merge.Ensure(parse(t, string(old.After)), input(), merge.Owners{owner, former.Owner})
		require.NoError(t, err)
		require.NotContains(t, string(plan.After), "old.example.com")
		require.NotContains(t, string(plan.After), "old-origin")
		require.NotContains(t, string(plan.After), "/old/")
		require.Empty(t, ensure(t, string(plan.After), input()).Changes)
		require.Equal(t, text, string(remove(t, string(plan.After)).After))
	})
}
