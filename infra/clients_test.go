package infra_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

// manyClients is a value of clients: the first one and others up to count.
func manyClients(t *testing.T, count int) string {
	t.Helper()
	list := []any{"ameliastamps"}
	for i := 1; i < count; i++ {
		id := fmt.Sprintf("client-%02d-long", i) // 14 characters; 15 are the most
		list = append(list, map[string]any{
			"id": id, "host": "edit-" + id, "user": "jane", "repository": "https://github.com/a/" + id + ".git", "rulePriority": 200 + 100*i,
		})
	}
	data, err := json.Marshal(list)
	require.NoError(t, err)
	return string(data)
}

var shared struct {
	once sync.Once
	*infratest.Deployment
	err error
}

// sharedByMany is prod with everything on and 24 clients.
func sharedByMany(t *testing.T) *infratest.Deployment {
	t.Helper()
	shared.once.Do(func() {
		config := maps.Clone(richConfig())
		config["clients"] = manyClients(t, 24)
		shared.Deployment, shared.err = variation{Config: config, Secret: richSecrets()}.run(t).Try(infra.Build)
	})
	require.NoError(t, shared.err)
	return shared.Deployment
}

// longest is the most characters that a property of a type has, and whose it is.
func longest(d *infratest.Deployment, typ, property string) (int, string) {
	most, name := 0, ""
	for _, r := range d.OfType(typ) {
		if text, ok := r.Get(property).(string); ok && len(text) > most {
			most, name = len(text), r.Name
		}
	}
	return most, name
}

// What AWS bounds grows with the clients here and there; at 24 of them everything is below its bound (docs/clients.md).
func TestManyClientsStayBelowTheBoundsOfAWS(t *testing.T) {
	t.Parallel()
	d := sharedByMany(t)
	for _, bound := range []struct {
		typ, property string
		most          int
	}{
		{"aws:lb/targetGroup:TargetGroup", "name", 32},
		{"aws:lambda/function:Function", "name", 64},
		{"aws:iam/role:Role", "name", 64},
		{"aws:cloudwatch/eventRule:EventRule", "name", 64},
		{"aws:cloudwatch/eventRule:EventRule", "eventPattern", 2048}, // EventBridge quotas: event pattern size
		{"aws:iam/policy:Policy", "policy", 6144},                    // IAM quotas: managed policy
		{"aws:iam/rolePolicy:RolePolicy", "policy", 10240},           // all of a role's inline ones together; ours have one or two
		{"aws:efs/fileSystemPolicy:FileSystemPolicy", "policy", 20000},
	} {
		size, name := longest(d, bound.typ, bound.property)
		require.Positive(t, size, bound.typ)
		assert.LessOrEqual(t, size, bound.most, "%s of %s", bound.property, name)
		t.Logf("longest %s of %s: %d of %d", bound.property, bound.typ, size, bound.most)
	}
	assert.Len(t, d.OfType("aws:lb/listenerRule:ListenerRule"), 24*4)
	assert.Len(t, d.OfType("aws:lb/targetGroup:TargetGroup"), 24*4)
	priorities := map[any]string{}
	for _, r := range d.OfType("aws:lb/listenerRule:ListenerRule") {
		assert.Empty(t, priorities[r.Get("priority")], "%s has %v as well", r.Name, r.Get("priority"))
		priorities[r.Get("priority")] = r.Name
	}
	rules := map[any]int{}
	for _, typ := range []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"} {
		for _, r := range d.OfType(typ) {
			key := fmt.Sprint(typ, r.Get("securityGroupId"))
			rules[key]++
			assert.LessOrEqual(t, rules[key], 10, "the rules of a group do not grow with the clients; it takes 60")
		}
	}
}

// Everything that two clients could mistake for their own has another name or place for each.
func TestClientsShareNoNameAndNoPlace(t *testing.T) {
	t.Parallel()
	d := sharedByMany(t)
	for typ, property := range map[string]string{
		"aws:ecs/cluster:Cluster": "name", "aws:ecs/service:Service": "name", "aws:ecs/taskDefinition:TaskDefinition": "family",
		"aws:cloudwatch/logGroup:LogGroup": "name", "aws:lb/targetGroup:TargetGroup": "name", "aws:iam/role:Role": "name",
		"aws:lambda/function:Function": "name", "aws:route53/record:Record": "name", "aws:secretsmanager/secret:Secret": "name",
		"aws:cloudwatch/metricAlarm:MetricAlarm": "name", "aws:cloudwatch/eventRule:EventRule": "name", "aws:ec2/securityGroup:SecurityGroup": "name",
	} {
		seen := map[any]string{}
		for _, r := range d.OfType(typ) {
			name := r.Get(property)
			require.NotNil(t, name, r.Name)
			assert.Empty(t, seen[name], "%s is also called %v", r.Name, name)
			seen[name] = r.Name
		}
		assert.GreaterOrEqual(t, len(seen), 24, typ)
	}
	points := map[any]bool{}
	for _, r := range d.OfType("aws:ecs/taskDefinition:TaskDefinition") {
		points[r.Get("volumes.0.efsVolumeConfiguration.authorizationConfig.accessPointId")] = true
		id := "ameliastamps"
		if _, further, ok := strings.Cut(r.Get("family").(string), "--"); ok {
			id = further
		}
		container := r.Get("containerDefinitions").(string)
		assert.Contains(t, container, `"containerPath":"/workspace/`+id+`"`)
		assert.Contains(t, container, `{"name":"CLIENT_ID","value":"`+id+`"}`)
		assert.Contains(t, container, `{"name":"WORKSPACE_PREFIX","value":"`+id+`/"}`)
		assert.Contains(t, container, `{"name":"WORKSPACE_PATH","value":"/workspace"}`)
	}
	assert.Len(t, points, 24)
}

// An alarm widget takes a hundred alarms, and 24 clients have more.
func TestDashboardShowsTheAlarmsOfManyClients(t *testing.T) {
	t.Parallel()
	d := sharedByMany(t)
	var board struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          struct{ Alarms []string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(d.One(t, "observability-dashboard").Text("dashboardBody")), &board))
	var shown []string
	places := map[[2]int]bool{}
	for _, widget := range board.Widgets {
		assert.LessOrEqual(t, len(widget.Properties.Alarms), 100)
		shown = append(shown, widget.Properties.Alarms...)
		for x := widget.X; x < widget.X+widget.Width; x++ {
			for y := widget.Y; y < widget.Y+widget.Height; y++ {
				assert.False(t, places[[2]int{x, y}], "two widgets at %d, %d", x, y)
				places[[2]int{x, y}] = true
			}
		}
	}
	var registered []string
	for _, alarm := range d.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		registered = append(registered, infratest.ARN("cloudwatch", "alarm:"+alarm.Text("name")))
	}
	assert.Greater(t, len(registered), 100)
	assert.ElementsMatch(t, registered, shown)
}

// A policy that EFS would refuse is refused before anything is registered.
func TestFileSystemPolicyThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	var roles []string
	for i := range 60 {
		roles = append(roles, fmt.Sprintf("%s:role/operators/%s-%d", accountArn, strings.Repeat("r", 50), i))
	}
	list, err := json.Marshal(roles)
	require.NoError(t, err)
	config := map[string]string{"clients": manyClients(t, 24), "mountRoleArns": string(list)}
	_, err = variation{Config: config}.run(t).Try(infra.Build)
	require.ErrorContains(t, err, "nothing was deployed")
	require.ErrorContains(t, err, "EFS takes 20000")
	config["clients"] = `["ameliastamps"]`
	_, err = variation{Config: config}.run(t).Try(infra.Build)
	require.NoError(t, err)
}

// The workflows' roles reach what further clients have, by their names' end.
func TestWorkflowsReachWhatFurtherClientsHave(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", "-dev"} {
		d := variation{Config: map[string]string{
			"clients": strings.ReplaceAll(manyClients(t, 2), "client-01-long", "acme"), "ciRepository": "owner/name", "nameSuffix": suffix,
		}}.run(t).Do(t, infra.Build)
		var text strings.Builder
		for _, r := range d.OfType("aws:iam/policy:Policy") {
			text.WriteString(r.Get("policy").(string))
		}
		for _, want := range []string{
			"cluster/webordinary-edit-cluster" + suffix + "--*", "targetgroup/edit-*-tg" + suffix + "--*/*", "edit-acme.ameliastamps.com",
			"elasticloadbalancing:AddListenerCertificates", "task-definition/webordinary-edit" + suffix + "--*:*",
		} {
			assert.Contains(t, text.String(), want)
		}
		if suffix != "" {
			assert.Contains(t, text.String(), "role/webordinary-*"+suffix+"--*")
		}
	}
}
