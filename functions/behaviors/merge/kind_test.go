package merge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// ours are the behaviors that were added to a configuration in JSON, member by member.
func ours(t *testing.T, text []byte) []map[string]json.RawMessage {
	t.Helper()
	var document struct {
		DistributionConfig struct {
			CacheBehaviors struct{ Items []map[string]json.RawMessage }
		}
	}
	require.NoError(t, json.Unmarshal(text, &document))
	require.NotEmpty(t, document.DistributionConfig.CacheBehaviors.Items)
	return document.DistributionConfig.CacheBehaviors.Items
}

// What the API reference calls "only supported by standard distributions" stays off multi-tenant ones, and is there on all others.
func TestBehaviorsFitTheKindOfDistribution(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"multi-tenant.json": false, "staging.json": true, "s3-spa.json": true} {
		for _, b := range ours(t, ensure(t, shape(t, name), input()).After) {
			for _, member := range []string{"SmoothStreaming", "TrustedSigners"} {
				require.Equal(t, want, b[member] != nil, "%s: %s", name, member)
			}
			for _, member := range []string{"MinTTL", "DefaultTTL", "MaxTTL", "ForwardedValues"} {
				require.NotContains(t, b, member, name)
			}
			for _, member := range []string{"TargetOriginId", "TrustedKeyGroups", "AllowedMethods", "CachePolicyId", "GrpcConfig"} {
				require.Contains(t, b, member, name)
			}
		}
	}
}

func TestTheKindOfDistributionIsWarnedOf(t *testing.T) {
	t.Parallel()
	w := warningsOf(t, shape(t, "multi-tenant.json"))
	require.True(t, has(w, "multi-tenant", "every one of its tenants"), w)
	w = warningsOf(t, shape(t, "staging.json"))
	require.True(t, has(w, "staging distribution", "viewers do not reach it", "distributionId"), w)
	for _, name := range []string{"s3-spa.json", "s3-spa.xml"} {
		w = warningsOf(t, shape(t, name))
		require.False(t, has(w, "staging"), w)
		require.False(t, has(w, "multi-tenant"), w)
	}
}

// What stands before the whole distribution judges editors as well.
func TestGatesBeforeTheDistributionAreWarnedOf(t *testing.T) {
	t.Parallel()
	open := shape(t, "s3-spa.json")
	require.False(t, has(warningsOf(t, open), "geo restriction"))
	require.False(t, has(warningsOf(t, open), "web ACL"))
	for kind, words := range map[string]string{"whitelist": "in other countries", "blacklist": "in countries that the distribution blocks"} {
		closed := strings.Replace(open, `"RestrictionType": "none"`, `"RestrictionType": "`+kind+`"`, 1)
		require.NotEqual(t, open, closed)
		require.True(t, has(warningsOf(t, closed), "geo restriction", words, "403"), kind)
	}
	require.True(t, has(warningsOf(t, shape(t, "owner-settings.json")), "web ACL", "AWSManagedRulesCommonRuleSet", "403"))
}

func TestRightsThatTheOwnersSettingsAskFor(t *testing.T) {
	t.Parallel()
	acl := "arn:aws:wafv2:us-east-1:942734823970:global/webacl/site/473e64fd-f30b-4765-81a0-62ad96dd167a"
	want := []spec.Right{
		{Actions: []string{"s3:GetBucketAcl", "s3:PutBucketAcl"}, ARN: "arn:aws:s3:::ameliastamps.s3.logs", Setting: "Logging"},
		{Actions: []string{"wafv2:GetWebACL"}, ARN: acl, Setting: "WebACLId"},
		{
			Actions: []string{"lambda:GetFunction", "lambda:EnableReplication*"},
			ARN:     "arn:aws:lambda:us-east-1:942734823970:function:site-auth:7", Setting: "Lambda@Edge of the default behavior",
		},
		{
			Actions: []string{"lambda:GetFunction", "lambda:EnableReplication*"},
			ARN:     "arn:aws:lambda:us-east-1:942734823970:function:members:12", Setting: "Lambda@Edge of /members/*",
		},
	}
	plan := ensure(t, shape(t, "owner-settings.json"), input())
	require.Equal(t, want, plan.Rights)
	require.Equal(t, want[1:2], plan.MissingRights([]string{want[0].ARN, want[2].ARN, want[3].ARN}))
	require.Equal(t, want, remove(t, string(plan.After)).Rights, "taking ours off is an update, too")
	for _, right := range want {
		known, ok := spec.RightOn(right.ARN)
		require.True(t, ok)
		require.Equal(t, right.Actions, known.Actions)
	}

	classic := strings.Replace(shape(t, "owner-settings.json"), acl, "473e64fd-f30b-4765-81a0-62ad96dd167a", 1)
	require.Contains(t, rightsOn(ensure(t, classic, input())), "arn:aws:waf::942734823970:webacl/473e64fd-f30b-4765-81a0-62ad96dd167a")
	off := strings.Replace(shape(t, "owner-settings.json"), `"Enabled": true,
            "IncludeCookies"`, `"Enabled": false,
            "IncludeCookies"`, 1)
	require.NotContains(t, rightsOn(ensure(t, off, input())), want[0].ARN, "logging that is off asks for nothing")
	require.Empty(t, ensure(t, shape(t, "s3-spa.json"), input()).Rights)
}

func rightsOn(plan merge.Plan) []string {
	var arns []string
	for _, right := range plan.Rights {
		arns = append(arns, right.ARN)
	}
	return arns
}
