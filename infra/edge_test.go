package infra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/infratest"
)

const (
	distribution   = "E2QWRUHAPOMQZL"
	invocationName = "edge-" + distribution
)

var withEdge = infratest.Settings{"distributionId": distribution}

// edgeInput is what the function is asked for, as the function itself reads it.
func edgeInput(t *testing.T, d *infratest.Deployment) spec.Input {
	t.Helper()
	text := d.One(t, invocationName).Text("input")
	in, err := spec.Parse([]byte(text))
	require.NoError(t, err)
	assert.JSONEq(t, text, d.One(t, "edge-function").Text("environment.variables."+spec.InputVariable),
		"a re-merge restores what the invocation asked for")
	return in
}

func TestEdgeAsksForTheSpecsBehaviors(t *testing.T) {
	t.Parallel()
	in := edgeInput(t, operated(t, "prod", withEdge))
	assert.Equal(t, spec.LiveEdit(distribution, "webordinary-live-edit/prod",
		spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"}).WithDefaults(), in)
	dev := edgeInput(t, operated(t, "dev", withEdge))
	assert.Equal(t, "webordinary-live-edit/dev", dev.Owner, "stacks do not take each other's entries for theirs")
	assert.Equal(t, "alb-origin-dev", dev.Origin.ID)
	assert.Equal(t, "edit-dev.ameliastamps.com", dev.Origin.DomainName)
}

// The published site's pages may use the editor that the distribution serves below them, and no task has more to say without one (D51).
func TestEdgePagesMayUseTheEditor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings infratest.Settings
		want     string
	}{
		"the default":            {withEdge, "https://www.ameliastamps.com"},
		"another site":           {infratest.Settings{"distributionId": distribution, "standInUrl": "https://Site.example.com/home"}, "https://site.example.com"},
		"no site":                {infratest.Settings{"distributionId": distribution, "standInUrl": ""}, ""},
		"no distribution":        {infratest.Settings{"distributionId": ""}, ""},
		"a site and none either": {infratest.Settings{"distributionId": "", "standInUrl": "https://site.example.com"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var containers []containerDefinition
			operated(t, "prod", test.settings).One(t, "edit-task-definition").JSON(t, "containerDefinitions", &containers)
			require.Len(t, containers, 1)
			said := map[string]string{}
			for _, variable := range containers[0].Environment {
				said[variable.Name] = variable.Value
			}
			value, given := said["PUBLIC_ORIGINS"]
			assert.Equal(t, test.want, value)
			assert.Equal(t, test.want != "", given, "a variable without a value is one, too")
		})
	}
}

// An account with higher quotas than the assumed ones says so.
func TestEdgeQuotasAreTheAccounts(t *testing.T) {
	t.Parallel()
	assert.Equal(t, spec.Quotas{Behaviors: 25, Origins: 25}, edgeInput(t, operated(t, "prod", withEdge)).Quotas)
	raised := edgeInput(t, operated(t, "prod", infratest.Settings{
		"distributionId": distribution, "distributionBehaviorQuota": "75", "distributionOriginQuota": "100",
	}))
	assert.Equal(t, spec.Quotas{Behaviors: 75, Origins: 100}, raised.Quotas)
}

// What the owner's settings ask for is granted on exactly those resources, and the function knows what it was granted.
func TestEdgeGetsTheRightsThatTheOwnersSettingsAskFor(t *testing.T) {
	t.Parallel()
	acl := "arn:aws:wafv2:us-east-1:942734823970:global/webacl/site/473e64fd-f30b-4765-81a0-62ad96dd167a"
	function := "arn:aws:lambda:us-east-1:942734823970:function:site-auth:7"
	d := operated(t, "prod", infratest.Settings{
		"distributionId": distribution, "distributionRights": `["arn:aws:s3:::site-logs", "` + acl + `", "` + function + `"]`,
	})
	assert.Equal(t, []infratest.PolicyStatement{
		{Sid: "OwnerSetting1", Effect: "Allow", Action: []string{"s3:GetBucketAcl", "s3:PutBucketAcl"}, Resource: []string{"arn:aws:s3:::site-logs"}},
		{Sid: "OwnerSetting2", Effect: "Allow", Action: []string{"wafv2:GetWebACL"}, Resource: []string{acl}},
		{Sid: "OwnerSetting3", Effect: "Allow", Action: []string{"lambda:GetFunction", "lambda:EnableReplication*"}, Resource: []string{function}},
	}, d.One(t, invocationName+"-policy").Policy(t, "policy").Statement[1:])
	assert.Equal(t, []string{"arn:aws:s3:::site-logs", acl, function}, edgeInput(t, d).Rights)
}

func TestEdgeIsOffWithoutADistribution(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"distributionId": ""})
	for _, r := range d.Resources {
		assert.False(t, strings.HasPrefix(r.Name, "edge"), r.Name)
	}
	assert.Empty(t, d.OfType("aws:lambda/invocation:Invocation"))
}

// Exactly this distribution, exactly these two calls.
func TestEdgeMayTouchOneDistributionOnly(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", withEdge)
	policy := d.One(t, invocationName+"-policy")
	assert.Equal(t, "webordinary-edit-behaviors", policy.Text("role"))
	assert.Equal(t, []infratest.PolicyStatement{{
		Sid: "EditDistribution", Effect: "Allow",
		Action:   []string{"cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution"},
		Resource: []string{"arn:aws:cloudfront::942734823970:distribution/" + distribution},
	}}, policy.Policy(t, "policy").Statement)

	var actions []string
	for _, statement := range d.One(t, "edge-function-policy").Policy(t, "policy").Statement {
		actions = append(actions, statement.Action...)
		assert.NotContains(t, statement.Resource, "*")
	}
	assert.ElementsMatch(t, []string{"logs:CreateLogStream", "logs:PutLogEvents", "sns:Publish"}, actions)
}

func TestEdgeInvocationProtocol(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		run := infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, "..", "prod"), DryRun: preview}
		run.Config[infratest.Project+":distributionId"] = distribution
		invocation := run.Do(t, Build).One(t, invocationName)
		assert.Equal(t, "CRUD", invocation.Text("lifecycleScope"))
		assert.Equal(t, "webordinary-edit-behaviors", invocation.Text("functionName"), "known in a preview, or it would be replaced")
		assert.True(t, json.Valid([]byte(invocation.Text("input"))), "known in a preview")
		assert.True(t, invocation.Request.GetDeleteBeforeReplace(), "the other order deletes what it has just created")
		assert.Nil(t, invocation.Get("triggers"))
		assert.Nil(t, invocation.Get("qualifier"))
		assert.Empty(t, invocation.Request.GetIgnoreChanges())
		assert.False(t, invocation.Request.GetRetainOnDelete(), "destroying the stack takes the behaviors off")
	}
}

// reaches says whether one resource waits for another, directly or through others.
func reaches(d *infratest.Deployment, from, to string) bool {
	seen := map[string]bool{}
	var visit func(name string) bool
	visit = func(name string) bool {
		if seen[name] {
			return false
		}
		seen[name] = true
		for _, r := range d.Resources {
			if r.Name != name || r.Request == nil {
				continue
			}
			for _, urn := range r.Request.GetDependencies() {
				if dependency := resource.URN(urn).Name(); dependency == to || visit(dependency) {
					return true
				}
			}
		}
		return false
	}
	return visit(from)
}

// Dependencies are the order of creation, and their reverse is the order of deletion.
func TestEdgeComesLastAndGoesFirst(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", withEdge)
	for _, earlier := range []string{
		"load-balancer-https-listener", "edit-service", "edit-api-rule", "edit-preview-rule", "edit-ws-rule", "dns-record",
		"edge-role", "edge-function", "edge-function-policy", invocationName + "-policy",
	} {
		require.True(t, d.Has(earlier), earlier)
		assert.True(t, reaches(d, invocationName, earlier), "the invocation comes after %s", earlier)
	}
	for _, later := range []string{"edge-schedule", "edge-schedule-permission", "edge-schedule-target"} {
		assert.True(t, d.One(t, later).DependsOn(invocationName),
			"%s is gone before the behaviors are, or it would put them back", later)
	}
	for _, r := range d.Resources {
		if !strings.HasPrefix(r.Name, "edge") {
			assert.False(t, r.DependsOn(invocationName), "%s would keep the behaviors from going first", r.Name)
		}
	}
}

// When the distribution changes, nothing of the former one is updated in place: a new pair of permission and invocation
// is created, and the old one deleted while it still has its own permission.
func TestEdgeMovesToAnotherDistributionAsANewPair(t *testing.T) {
	t.Parallel()
	const other = "EDFDVBD6EXAMPLE"
	names := func(d *infratest.Deployment) []string {
		var all []string
		for _, r := range d.Resources {
			all = append(all, r.Name)
		}
		return all
	}
	former := names(operated(t, "prod", withEdge))
	latter := names(operated(t, "prod", infratest.Settings{"distributionId": other}))
	gone := slices.DeleteFunc(slices.Clone(former), func(name string) bool { return slices.Contains(latter, name) })
	come := slices.DeleteFunc(slices.Clone(latter), func(name string) bool { return slices.Contains(former, name) })
	assert.ElementsMatch(t, []string{invocationName, invocationName + "-policy"}, gone)
	assert.ElementsMatch(t, []string{"edge-" + other, "edge-" + other + "-policy"}, come)
}

func TestEdgeSchedule(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", withEdge)
	rule, target := d.One(t, "edge-schedule"), d.One(t, "edge-schedule-target")
	assert.Equal(t, "rate(1 day)", rule.Text("scheduleExpression"))
	assert.Equal(t, "webordinary-edit-behaviors-daily", rule.Text("name"))
	assert.Equal(t, rule.Text("name"), target.Text("rule"))
	assert.JSONEq(t, `{"action":"remerge"}`, target.Text("input"))
	assert.Contains(t, target.Text("arn"), ":function:webordinary-edit-behaviors")
	permission := d.One(t, "edge-schedule-permission")
	assert.Equal(t, "events.amazonaws.com", permission.Text("principal"))
	assert.True(t, permission.DependsOn("edge-schedule"))
	assert.Contains(t, permission.Text("sourceArn"), ":edge-schedule", "this rule and no other")
	failures := d.One(t, "edge-failures")
	assert.Contains(t, failures.Text("destinationConfig.onFailure.destination"), ":alerts-topic")
}

func TestEdgeAlarm(t *testing.T) {
	t.Parallel()
	alarm := operated(t, "prod", withEdge).One(t, "edge-repaired-alarm")
	assert.Equal(t, "webordinary-edit-behaviors-repaired", alarm.Text("name"))
	assert.Equal(t, "Webordinary/Edge", alarm.Text("namespace"))
	assert.Equal(t, "Repaired", alarm.Text("metricName"))
	assert.Equal(t, map[string]any{"FunctionName": "webordinary-edit-behaviors"}, alarm.Get("dimensions"))
	assert.Equal(t, []any{86400.0, 1.0, 1.0}, []any{alarm.Get("period"), alarm.Get("evaluationPeriods"), alarm.Get("threshold")})
	assert.Equal(t, "notBreaching", alarm.Text("treatMissingData"))
	off := operated(t, "prod", infratest.Settings{"distributionId": distribution, "alarms": "false"})
	assert.False(t, off.Has("edge-repaired-alarm"))
	assert.True(t, off.Has("edge-failures"), "failures are told in any case")
}

func TestEdgeFunction(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", withEdge)
	function := d.One(t, "edge-function")
	assert.Equal(t, "webordinary-edit-behaviors", function.Text("name"))
	assert.Equal(t, []any{"arm64"}, function.Get("architectures"))
	assert.Equal(t, "provided.al2023", function.Text("runtime"))
	assert.Equal(t, []any{120.0, 256.0}, []any{function.Get("timeout"), function.Get("memorySize")})
	assert.Nil(t, function.Get("vpcConfig"), "CloudFront's API is on the internet")
	assert.Equal(t, 7.0, d.One(t, "edge-function-log-group").Get("retentionInDays"))
	for _, r := range d.Resources {
		if strings.HasPrefix(r.Name, "edge-") {
			assert.Equal(t, "edge", resource.URN(r.Parent()).Name(), r.Name)
		}
	}
}

func TestEdgeWarningsAreReadFromTheAnswer(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"a", "b"}, edgeWarnings(`{"action":"create","changes":["x"],"warnings":["a","b"]}`))
	for _, other := range []string{"", "null", "[]", `{"sandbox":"not run"}`, "not JSON"} {
		assert.Empty(t, edgeWarnings(other), other)
	}
}
