package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// diff checks new inputs for a made resource and diffs them with its state.
func (p *program) diff(name string, in obj, ignore ...string) account.DiffResult {
	p.t.Helper()
	d := p.made[name]
	res, err := p.acc.Check(account.CheckRequest{
		URN: d.URN, Type: d.Type, OldInputs: d.Inputs, NewInputs: inputs(in), DefaultTags: defaultTags, RandomSeed: []byte("other"),
	})
	require.NoError(p.t, err)
	require.Empty(p.t, res.Failures)
	out, err := p.acc.Diff(account.DiffRequest{
		URN: d.URN, Type: d.Type, ID: d.ID, OldInputs: d.Inputs, OldState: d.State, NewInputs: res.Inputs, IgnoreChanges: ignore,
	})
	require.NoError(p.t, err)
	return out
}

// update changes a made resource in place, and says what was refused.
func (p *program) update(name string, changes obj) (account.Resource, error) {
	p.t.Helper()
	d := p.made[name]
	in := p.with(name, changes)
	res, err := p.acc.Check(account.CheckRequest{
		URN: d.URN, Type: d.Type, OldInputs: d.Inputs, NewInputs: inputs(in),
		DefaultTags: defaultTags,
	})
	require.NoError(p.t, err)
	require.Empty(p.t, res.Failures)
	r, err := p.acc.Update(p.t.Context(), account.UpdateRequest{
		URN: d.URN, Type: d.Type, ID: d.ID, OldInputs: d.Inputs, OldState: d.State, NewInputs: res.Inputs,
	})
	if err == nil {
		p.made[name] = deployed{Resource: r, URN: d.URN, In: in}
	}
	return r, err
}

func (p *program) delete(name string) error {
	p.t.Helper()
	d := p.made[name]
	return p.acc.Delete(p.t.Context(), account.DeleteRequest{URN: d.URN, Type: d.Type, ID: d.ID, Inputs: d.Inputs, State: d.State})
}

func (p *program) read(name string) (account.Resource, bool) {
	p.t.Helper()
	d := p.made[name]
	r, found, err := p.acc.Read(account.ReadRequest{URN: d.URN, Type: d.Type, ID: d.ID, Inputs: d.Inputs, State: d.State})
	require.NoError(p.t, err)
	return r, found
}

func TestUnchangedInputsNeverDiffer(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for _, name := range p.order {
		require.Empty(t, p.diff(name, p.made[name].In).Properties, name)
		r, found := p.read(name)
		require.True(t, found, name)
		d := p.made[name]
		require.Equal(t, d.State, r.State, name)
		require.Equal(t, d.ID, r.ID, name)
		require.Equal(t, d.Inputs, r.Inputs, name)
	}
}

// change is one changed input of a made resource and what AWS does about it.
type change struct {
	base    string
	changes obj
	// paths are the properties that differ, with a trailing ! for those that
	// AWS replaces the resource for.
	paths string
	// deleteFirst: old and new cannot stand side by side.
	deleteFirst bool
}

func TestUpdateOrReplace(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	other := "arn:aws:iam::" + view.AccountID + ":role/other"
	rows := []change{
		{"repo", obj{"imageTagMutability": "IMMUTABLE"}, "imageTagMutability", false},
		{"repo", obj{"imageScanningConfiguration": obj{"scanOnPush": false}}, "imageScanningConfiguration.scanOnPush", false},
		{"repo", obj{"encryptionConfigurations": list{obj{"encryptionType": "KMS"}}}, "encryptionConfigurations[0]!", true},
		{"repo", obj{"name": "other"}, "name!", true},
		{"repo", obj{"tags": obj{"a": "b"}}, "tags.a tagsAll.a", false},
		{"repo-lifecycle", obj{"policy": `{"rules":[{"rulePriority":1,"action":{"type":"expire"},
			"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":5}}]}`}, "policy!", true},
		{"secret", obj{"description": "other"}, "description", false},
		{"secret", obj{"description": nil}, "description", false},
		{"secret", obj{"name": "other"}, "name!", true},
		{"secret-version", obj{"secretString": "other"}, "secretString!", false},
		{"fs", obj{"throughputMode": "elastic"}, "throughputMode", false},
		{"fs", obj{"encrypted": false}, "encrypted!", true},
		{"fs", obj{"performanceMode": "maxIO"}, "performanceMode!", true},
		{
			"fs",
			obj{"lifecyclePolicies": list{obj{"transitionToIa": "AFTER_7_DAYS"}}},
			"lifecyclePolicies[0].transitionToIa lifecyclePolicies[1]", false,
		},
		{"mount-a", obj{"subnetId": view.DefaultSubnetIDs[2]}, "subnetId!", true},
		{"mount-a", obj{"securityGroups": list{"sg-2"}}, "securityGroups[0]", false},
		{
			"ap",
			obj{"rootDirectory": obj{"path": "/other", "creationInfo": obj{"ownerUid": 1000, "ownerGid": 1000, "permissions": "755"}}},
			"rootDirectory.path!", false,
		},
		{"ap", obj{"posixUser": obj{"uid": 1001, "gid": 1000}}, "posixUser.uid!", false},
		{"fs-backup", obj{"backupPolicy": obj{"status": "DISABLED"}}, "backupPolicy.status", false},
		{"bucket", obj{"bucket": "other-bucket"}, "bucket!", true},
		{"bucket", obj{"forceDestroy": true}, "forceDestroy", false},
		{"bucket-versioning", obj{"versioningConfiguration": obj{"status": "Suspended"}}, "versioningConfiguration.status", false},
		{"alb-sg", obj{"description": "other"}, "description!", true},
		{"https", obj{"cidrIpv4": "10.0.0.0/8"}, "cidrIpv4", false},
		{"https", obj{"securityGroupId": "sg-2"}, "securityGroupId!", false},
		{"alb", obj{"idleTimeout": 60}, "idleTimeout", false},
		{"alb", obj{"enableDeletionProtection": true}, "enableDeletionProtection", false},
		{"alb", obj{"internal": true}, "internal!", true},
		{"alb", obj{"securityGroups": list{"sg-2"}}, "securityGroups[0]", false},
		{"listener", obj{"port": 8443}, "port", false},
		{"listener", obj{"sslPolicy": "ELBSecurityPolicy-2016-08"}, "sslPolicy", false},
		{"api-tg", obj{"port": 8081}, "port!", true},
		{"api-tg", obj{"port": 8081, "name": "other"}, "name! port!", true}, // the bridge does not look whether the name changes
		{"api-tg", obj{"targetType": "instance"}, "targetType!", true},
		{
			"api-tg",
			obj{"healthCheck": obj{"path": "/up", "interval": 10, "timeout": 5, "port": "8080"}},
			"healthCheck.interval healthCheck.path", false,
		},
		{"api-tg", obj{"stickiness": nil}, "", false}, // AWS keeps what it has
		{"api-rule", obj{"priority": 121}, "priority", false},
		{"api-rule", obj{"listenerArn": "arn:aws:x"}, "listenerArn!", false},
		{"api-rule", obj{"conditions": list{
			obj{"pathPattern": obj{"values": list{"/v2/*"}}},
			obj{"hostHeader": obj{"values": list{"edit.ameliastamps.com"}}},
		}}, "conditions[0].pathPattern.values[0]", false},
		{"dns", obj{"ttl": 60}, "ttl", false},
		{"dns", obj{"type": "A", "records": list{"10.0.0.1"}}, "records[0] type!", false},
		{"cluster", obj{"settings": list{obj{"name": "containerInsights", "value": "enabled"}}}, "settings[0].value", false},
		{"cluster", obj{"name": "other"}, "name!", true},
		{"task", obj{"cpu": "1024"}, "cpu!", false},
		{"task", obj{"taskRoleArn": other}, "taskRoleArn!", false},
		{"task", obj{"requiresCompatibilities": list{"EXTERNAL"}}, "requiresCompatibilities[0]!", false},
		{"task", obj{"containerDefinitions": p.containers(func(c obj) { c["image"] = "x" })}, "containerDefinitions!", false},
		{"task", obj{"containerDefinitions": p.containers(func(c obj) {
			ports := c["portMappings"].(list)
			c["portMappings"] = list{ports[1], ports[0]}
		})}, "containerDefinitions!", false},
		{"service", obj{"desiredCount": 1}, "desiredCount", false},
		{"service", obj{"taskDefinition": "other:1"}, "taskDefinition", false},
		{"service", obj{"launchType": "EC2", "platformVersion": nil}, "launchType!", true},
		{"service", obj{"cluster": "arn:aws:other"}, "cluster!", true},
		{
			"service",
			obj{"networkConfiguration": obj{"subnets": list{subnetA}, "securityGroups": list{"sg-1"}, "assignPublicIp": true}},
			"networkConfiguration.securityGroups[0] networkConfiguration.subnets[0]", false,
		},
		{"scalable", obj{"maxCapacity": 5}, "maxCapacity", false},
		{"scalable", obj{"resourceId": "service/a/b"}, "resourceId!", false},
		{"cpu", obj{"name": "other"}, "name!", true},
		{"exec-role", obj{"assumeRolePolicy": asJSON(t, trust("lambda.amazonaws.com"))}, "assumeRolePolicy", false},
		{"exec-role", obj{"path": "/team/"}, "path!", true},
		{"exec-policy", obj{"policy": asJSON(t, allow("s3:GetObject", "*"))}, "policy", false},
		{"attachment", obj{"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "policyArn!", true},
		{"managed", obj{"description": "other"}, "description!", true},
		{"fn", obj{"timeout": 60}, "timeout", false},
		{"fn", obj{"architectures": list{"x86_64"}}, "architectures[0]", false},
		{"fn", obj{"name": "other"}, "name!", true},
		{"fn", obj{"code": codeZip(t, "bootstrap", 0o700)}, "code", false},
		{
			"fn",
			obj{"environment": obj{"variables": obj{"WORKSPACE_ROOT": "/mnt/x", "NEW": "1"}}},
			"environment.variables.NEW environment.variables.WORKSPACE_ROOT", false,
		},
		{"fn", obj{"reservedConcurrentExecutions": nil}, "reservedConcurrentExecutions", false},
		{"fn-permission", obj{"principal": "scheduler.amazonaws.com"}, "principal!", true},
		{"fn-invocation", obj{"input": `{"a":2}`}, "input", false},
		{"fn-invocation", obj{"triggers": obj{"at": "x"}}, "triggers.at!", false},
		{"daily", obj{"scheduleExpression": "rate(2 days)"}, "scheduleExpression", false},
		{"daily-target", obj{"targetId": "other"}, "targetId!", true},
		{"tick", obj{"scheduleExpression": "rate(2 minutes)"}, "scheduleExpression", false},
		{"tick", obj{"groupName": "other"}, "groupName!", true},
		{"logs", obj{"retentionInDays": 14}, "retentionInDays", false},
		{"logs", obj{"retentionInDays": nil}, "retentionInDays", false},
		{"errors", obj{"threshold": 1}, "threshold", false},
		{"errors", obj{"alarmActions": nil}, "alarmActions", false},
		{"dashboard", obj{"dashboardBody": `{"widgets":[]}`}, "dashboardBody", false},
		{"alarms", obj{"displayName": "x"}, "displayName", false},
		{"email", obj{"endpoint": "a@b.cd"}, "endpoint!", false},
		{"dlq", obj{"visibilityTimeoutSeconds": 60}, "visibilityTimeoutSeconds", false},
		{"budget", obj{"limitAmount": "50"}, "limitAmount", false},
		{"trail", obj{"isMultiRegionTrail": true}, "isMultiRegionTrail", false},
		{"oidc", obj{"url": "https://other.example.com"}, "url!", false},
		{"vpc", obj{"enableDnsHostnames": false}, "enableDnsHostnames", false},
		{"vpc", obj{"cidrBlock": "10.30.0.0/16"}, "cidrBlock!", false},
		{"public", obj{"availabilityZone": "us-west-2c"}, "availabilityZone!", false},
		{"key", obj{"description": "other"}, "description", false},
	}
	for _, row := range rows {
		got := p.diff(row.base, p.with(row.base, row.changes))
		var paths []string
		for _, c := range got.Properties {
			path := c.Path
			if c.Replace {
				path += "!"
			}
			paths = append(paths, path)
		}
		require.Equal(t, row.paths, strings.Join(paths, " "), "%s %v", row.base, row.changes)
		require.Equal(t, row.deleteFirst, got.DeleteBeforeReplace, "%s %v: delete before replace", row.base, row.changes)
	}
}

// TestFormattingIsNoChange: what means the same does not differ.
func TestFormattingIsNoChange(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	spaced := func(s string) string { return strings.ReplaceAll(s, ",", " ,\n\t") }
	rows := []struct {
		base    string
		changes obj
	}{
		{"repo-lifecycle", obj{"policy": spaced(p.made["repo-lifecycle"].In["policy"].(string))}},
		{"exec-role", obj{"assumeRolePolicy": trust("ecs-tasks.amazonaws.com")}},
		{"exec-policy", obj{"policy": obj{"Version": "2012-10-17", "Statement": obj{
			"Effect": "Allow", "Action": list{"ecr:BatchGetImage"}, "Resource": list{p.out("repo", "arn")},
		}}}},
		{"bucket-policy", obj{"policy": spaced(p.made["bucket-policy"].In["policy"].(string))}},
		{"dashboard", obj{"dashboardBody": spaced(p.made["dashboard"].In["dashboardBody"].(string))}},
		{"alb", obj{"subnets": list{subnetB, subnetA}}},
		{"api-rule", obj{"conditions": list{
			obj{"pathPattern": obj{"values": list{"/api/*"}}},
			obj{"hostHeader": obj{"values": list{"edit.ameliastamps.com"}}},
		}}},
		{"task", obj{"containerDefinitions": p.containers(func(c obj) {
			env := c["environment"].(list)
			c["environment"] = list{env[1], env[0]}
			c["cpu"], c["volumesFrom"] = 0, list{}
			delete(c, "essential")
			c["portMappings"] = list{obj{"containerPort": 8080}, obj{"containerPort": 4321}}
		})}},
		{"service", obj{"networkConfiguration": obj{
			"subnets": list{subnetB, subnetA}, "securityGroups": list{p.id("task-sg")},
			"assignPublicIp": true,
		}}},
		{"tick", obj{"target": obj{
			"arn": p.out("fn", "arn"), "roleArn": p.out("scheduler-role", "arn"), "input": "{ \"tick\" : true }",
			"retryPolicy": obj{"maximumRetryAttempts": 0},
		}}},
		{"alb", obj{"internal": false, "ipAddressType": "ipv4"}},
		{"fn", obj{"description": ""}},
	}
	for _, row := range rows {
		require.Empty(t, p.diff(row.base, p.with(row.base, row.changes)).Properties, "%s %v", row.base, row.changes)
	}
}

func TestIgnoredChanges(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	in := p.with("service", obj{"desiredCount": 2, "tags": obj{"a": "b"}})
	require.Len(t, p.diff("service", in).Properties, 3)
	require.Len(t, p.diff("service", in, "desiredCount").Properties, 2)
	require.Empty(t, p.diff("service", in, "desiredCount", "tags", "tagsAll").Properties)
	require.Empty(t, p.diff("api-rule", p.with("api-rule", obj{"priority": 5}), "priority").Properties)

	d := p.made["service"]
	_, err := p.acc.Diff(account.DiffRequest{Type: d.Type, URN: d.URN, NewInputs: d.Inputs, OldState: d.State, IgnoreChanges: []string{"a["}})
	require.ErrorContains(t, err, `ignoreChanges "a[" is not a property path`)
}

func TestUnknownInputs(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	in := inputs(p.made["service"].In)
	in["taskDefinition"] = props.Unknown()
	in["loadBalancers"] = props.Unknown()
	res, err := p.acc.Check(account.CheckRequest{URN: urnOf(tService, "x"), Type: tService, NewInputs: in, DefaultTags: defaultTags})
	require.NoError(t, err)
	require.Empty(t, res.Failures)
	require.True(t, res.Inputs["taskDefinition"].IsComputed())
	d := p.made["service"]
	out, err := p.acc.Diff(account.DiffRequest{URN: d.URN, Type: tService, OldInputs: d.Inputs, OldState: d.State, NewInputs: res.Inputs})
	require.NoError(t, err)
	require.Contains(t, out.Properties, account.PropertyDiff{Path: "loadBalancers", Kind: account.DiffUpdate})
	require.Contains(t, out.Properties, account.PropertyDiff{Path: "taskDefinition", Kind: account.DiffUpdate})

	// An unknown in a place that AWS cannot change means a replacement.
	in = inputs(p.made["api-rule"].In)
	in["listenerArn"] = resource.NewProperty(resource.Output{Known: false})
	d = p.made["api-rule"]
	out, err = p.acc.Diff(account.DiffRequest{URN: d.URN, Type: tRule, OldState: d.State, NewInputs: in})
	require.NoError(t, err)
	require.Contains(t, out.Properties, account.PropertyDiff{Path: "listenerArn", Kind: account.DiffUpdate, Replace: true})
}

func TestSecretInputsStaySecret(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	in := inputs(p.made["secret-version"].In)
	in["secretString"] = resource.MakeSecret(props.Of("ghp_0123456789"))
	res, err := p.acc.Check(account.CheckRequest{URN: urnOf(tVersion, "x"), Type: tVersion, NewInputs: in})
	require.NoError(t, err)
	require.Empty(t, res.Failures)
	require.True(t, res.Inputs["secretString"].IsSecret())
	d := p.made["secret-version"]
	out, err := p.acc.Diff(account.DiffRequest{Type: tVersion, URN: d.URN, OldState: d.State, NewInputs: res.Inputs})
	require.NoError(t, err)
	require.Empty(t, out.Properties)

	// The provider masks the value on its own account, also in an import.
	require.True(t, d.State["secretString"].IsSecret())
	imported, _, err := p.acc.Read(account.ReadRequest{Type: tVersion, ID: d.ID})
	require.NoError(t, err)
	require.True(t, imported.State["secretString"].IsSecret())
	require.True(t, imported.Inputs["secretString"].IsSecret())
	kept, _ := p.acc.Get(tVersion, d.ID)
	require.True(t, kept.State["secretString"].IsString(), "inside, values are plain")

	in["secretString"] = resource.MakeSecret(props.Of(map[string]any{"not": "text"}))
	res, err = p.acc.Check(account.CheckRequest{URN: urnOf(tVersion, "x"), Type: tVersion, NewInputs: in})
	require.NoError(t, err)
	require.Len(t, res.Failures, 1)
}

func TestSecretFailureDoesNotTellTheValue(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	in := inputs(obj{"name": "x", "assumeRolePolicy": "{}"})
	in["description"] = resource.MakeSecret(props.Of(strings.Repeat("hush", 300)))
	in["path"] = resource.MakeSecret(props.Of(12345))
	res, err := p.acc.Check(account.CheckRequest{URN: urnOf(tRole, "x"), Type: tRole, NewInputs: in})
	require.NoError(t, err)
	for _, f := range res.Failures {
		require.NotContains(t, f.Reason, "hush")
		require.NotContains(t, f.Reason, "12345")
	}
}

func TestPreviewKeepsNothingAndKnowsNoOutputs(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for _, name := range p.order {
		d := p.made[name]
		before := len(p.acc.List(d.Type))
		r, err := p.acc.Create(t.Context(), account.CreateRequest{URN: d.URN, Type: d.Type, Inputs: d.Inputs, DryRun: true})
		require.NoError(t, err, name)
		require.Empty(t, r.ID)
		require.Len(t, p.acc.List(d.Type), before)
		for out := range d.State {
			if _, isInput := d.Inputs[out]; !isInput {
				require.True(t, r.State[out].IsComputed(), "%s.%s is %v", name, out, r.State[out])
			}
		}
	}
	// What AWS generates must exist even in a preview, what is named need not.
	_, err := p.acc.Create(t.Context(), account.CreateRequest{
		URN: urnOf(tMount, "x"), Type: tMount, DryRun: true,
		Inputs: inputs(obj{"fileSystemId": p.id("fs"), "subnetId": "subnet-0ffffffffffffffff"}),
	})
	require.ErrorContains(t, err, "InvalidSubnetID.NotFound")
	_, err = p.acc.Create(t.Context(), account.CreateRequest{
		URN: urnOf(tRolePolicy, "x"), Type: tRolePolicy, DryRun: true,
		Inputs: inputs(obj{"role": "made-in-this-run", "name": "x", "policy": allow("s3:GetObject", "*")}),
	})
	require.NoError(t, err)
}

func TestPreviewOfAnUpdate(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	d := p.made["fn"]
	in := props.CopyMap(d.Inputs)
	in["timeout"] = props.Of(10)
	r, err := p.acc.Update(t.Context(), account.UpdateRequest{
		URN: d.URN, Type: d.Type, ID: d.ID, OldInputs: d.Inputs, OldState: d.State,
		NewInputs: in, DryRun: true,
	})
	require.NoError(t, err)
	require.True(t, r.State["lastModified"].IsComputed())
	require.Equal(t, d.State["arn"], r.State["arn"])
	require.EqualValues(t, 10, r.State["timeout"].NumberValue())
	now, _ := p.read("fn")
	require.EqualValues(t, 300, now.State["timeout"].NumberValue())
}

func TestRefreshSeesDrift(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.NoError(t, p.acc.Mutate(tService, p.id("service"), func(s resource.PropertyMap) error {
		s["desiredCount"] = props.Of(2)
		return nil
	}))
	require.NoError(t, p.acc.Mutate(tRule, p.id("api-rule"), func(s resource.PropertyMap) error {
		s["priority"] = props.Of(190)
		return nil
	}))
	r, _ := p.read("service")
	require.EqualValues(t, 2, r.State["desiredCount"].NumberValue())
	require.EqualValues(t, 2, r.Inputs["desiredCount"].NumberValue())

	// An update of something else leaves alone what somebody else changed.
	_, err := p.update("service", obj{"tags": obj{"team": "editors"}})
	require.NoError(t, err)
	now, _ := p.acc.Get(tService, p.id("service"))
	require.EqualValues(t, 2, now.State["desiredCount"].NumberValue())
	_, err = p.update("api-rule", obj{"tags": obj{"team": "editors"}})
	require.NoError(t, err)
	now, _ = p.acc.Get(tRule, p.id("api-rule"))
	require.EqualValues(t, 190, now.State["priority"].NumberValue())

	require.NoError(t, p.acc.Remove(tRule, p.id("api-rule")))
	_, found := p.read("api-rule")
	require.False(t, found)
	_, err = p.update("api-rule", obj{"priority": 4})
	require.ErrorIs(t, err, account.ErrNotFound)
	require.NoError(t, p.delete("api-rule"))
}

func TestDriftOfSomethingTheProgramLeavesOut(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.NoError(t, p.acc.Mutate(tRole, p.id("exec-role"), func(s resource.PropertyMap) error {
		s["description"] = props.Of("changed by hand")
		s["maxSessionDuration"] = props.Of(7200)
		return nil
	}))
	r, _ := p.read("exec-role")
	require.Equal(t, "changed by hand", r.Inputs["description"].StringValue())
	out, err := p.acc.Diff(account.DiffRequest{Type: tRole, OldState: r.State, NewInputs: p.made["exec-role"].Inputs})
	require.NoError(t, err)
	require.Equal(t, []account.PropertyDiff{
		{Path: "description", Kind: account.DiffDelete}, {Path: "maxSessionDuration", Kind: account.DiffUpdate},
	}, out.Properties)
}

func TestClock(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.Equal(t, "2026-03-01T12:00:00Z", p.out("exec-role", "createDate"))
	require.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Format("2006-01-02_15:04"), p.out("budget", "timePeriodStart"))
}

// A load balancer's state holds its subnets as a list and as mappings, whichever the program gave.
func TestLoadBalancerMovesToOtherSubnets(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	subnets := func(ids ...int) list {
		var in list
		for _, i := range ids {
			in = append(in, view.DefaultSubnetIDs[i])
		}
		return in
	}
	mapped := func(r account.Resource) list {
		var ids list
		for _, v := range r.State["subnetMappings"].ArrayValue() {
			ids = append(ids, v.ObjectValue()["subnetId"].StringValue())
		}
		return ids
	}
	made := p.create(tLB, "edit", obj{"name": "edit", "internal": false, "subnets": subnets(0, 1, 2, 3)})
	require.Equal(t, subnets(0, 1, 2, 3), mapped(made))
	moved, err := p.update("edit", obj{"subnets": subnets(1, 2)})
	require.NoError(t, err)
	require.Equal(t, subnets(1, 2), mapped(moved))
	_, err = p.update("edit", obj{"subnets": subnets(1)})
	require.ErrorContains(t, err, "At least two subnets")
}
