package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func checkName(t *testing.T, p *program, req account.CheckRequest) (string, []account.Failure) {
	t.Helper()
	res, err := p.acc.Check(req)
	require.NoError(t, err)
	if v := res.Inputs["name"]; v.IsString() {
		return v.StringValue(), res.Failures
	}
	return "", res.Failures
}

func TestGeneratedNames(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	req := account.CheckRequest{URN: urnOf(tCluster, "Edit"), Type: tCluster, NewInputs: resource.PropertyMap{}}
	first, failures := checkName(t, p, req)
	require.Empty(t, failures)
	require.Regexp(t, `^Edit-[0-9a-f]{7}$`, first)
	second, _ := checkName(t, p, req)
	require.NotEqual(t, first, second, "without a seed names are random")

	req.RandomSeed = []byte("seed")
	first, _ = checkName(t, p, req)
	second, _ = checkName(t, p, req)
	require.Equal(t, first, second, "one seed gives one name")

	// A generated name is kept, whatever the seed says later.
	res, err := p.acc.Check(req)
	require.NoError(t, err)
	again, _ := checkName(t, p, account.CheckRequest{
		URN: req.URN, Type: req.Type, OldInputs: res.Inputs, NewInputs: resource.PropertyMap{},
		RandomSeed: []byte("other"),
	})
	require.Equal(t, first, again)

	// A name that the program gave and then took back is generated anew.
	given, err := p.acc.Check(account.CheckRequest{URN: req.URN, Type: req.Type, NewInputs: inputs(obj{"name": "mine"})})
	require.NoError(t, err)
	anew, _ := checkName(t, p, account.CheckRequest{URN: req.URN, Type: req.Type, OldInputs: given.Inputs, NewInputs: resource.PropertyMap{}})
	require.Regexp(t, `^Edit-[0-9a-f]{7}$`, anew)

	repo, _ := checkName(t, p, account.CheckRequest{URN: urnOf(tRepo, "Astro"), Type: tRepo, NewInputs: resource.PropertyMap{}})
	require.Regexp(t, `^astro-`, repo)
	alias, _ := checkName(t, p, account.CheckRequest{URN: urnOf(tAlias, "key"), Type: tAlias, NewInputs: inputs(obj{"targetKeyId": "x"})})
	require.Regexp(t, `^alias/key-`, alias)
	_, failures = checkName(t, p, account.CheckRequest{
		URN: urnOf(tTG, "a-target-group-with-a-long-name"), Type: tTG,
		NewInputs: inputs(obj{"targetType": "lambda"}),
	})
	require.Len(t, failures, 1)
	require.Contains(t, failures[0].Reason, "at most 32 characters")
	queue, _ := checkName(t, p, account.CheckRequest{URN: urnOf(tQueue, "dlq"), Type: tQueue, NewInputs: inputs(obj{"fifoQueue": true})})
	require.Regexp(t, `^dlq-[0-9a-f]{7}\.fifo$`, queue)
	res, err = p.acc.Check(account.CheckRequest{
		URN: urnOf(tPermission, "alb"), Type: tPermission,
		NewInputs: inputs(obj{"function": "f", "action": "lambda:InvokeFunction", "principal": "elasticloadbalancing.amazonaws.com"}),
	})
	require.NoError(t, err)
	require.Regexp(t, `^alb-[0-9a-f]{7}$`, res.Inputs["statementId"].StringValue())
	none, _ := checkName(t, p, account.CheckRequest{
		URN: urnOf(tCluster, "x"), Type: tRole,
		NewInputs: inputs(obj{"namePrefix": "p-", "assumeRolePolicy": trust("lambda.amazonaws.com")}),
	})
	require.Empty(t, none, "a prefix leaves the name to AWS")
}

func TestEngineNames(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	req := func(mode account.AutonamingMode, name string) account.CheckRequest {
		return account.CheckRequest{
			URN: urnOf(tRepo, "x"), Type: tRepo, NewInputs: resource.PropertyMap{}, Autonaming: &account.Autonaming{ProposedName: name, Mode: mode},
		}
	}
	name, _ := checkName(t, p, req(account.AutonamingPropose, "Prod-X"))
	require.Equal(t, "prod-x", name)
	_, failures := checkName(t, p, req(account.AutonamingEnforce, "Prod-X"))
	require.Len(t, failures, 1)
	require.Contains(t, failures[0].Reason, `"Prod-X"`)
	_, failures = checkName(t, p, req(account.AutonamingDisable, ""))
	require.Len(t, failures, 1)
	require.Contains(t, failures[0].Reason, "automatic naming is switched off")
}

func TestNamePrefix(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.create(tRole, "r", obj{"namePrefix": "scaler-", "assumeRolePolicy": trust("lambda.amazonaws.com")})
	require.Regexp(t, `^scaler-[0-9a-f]{26}$`, r.ID)
	require.Empty(t, p.diff("r", p.made["r"].In).Properties)
}

func TestDefaultTags(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	in := obj{"name": "c", "tags": obj{"stack": "prod", "project": "mine", "team": "editors"}}
	r := p.create(tCluster, "c", in)
	require.Equal(t, props.Of(obj{"stack": "prod", "project": "mine", "team": "editors"}), r.State["tagsAll"])
	require.Equal(t, props.Of(in["tags"]), r.State["tags"], "the resource's own tags stay what they are")
	require.Empty(t, p.diff("c", in).Properties, "a default tag repeated on the resource is no change")

	d := p.made["c"]
	res, err := p.acc.Check(account.CheckRequest{
		URN: d.URN, Type: d.Type, OldInputs: d.Inputs, NewInputs: inputs(in),
		DefaultTags: map[string]string{"cost": "42"},
	})
	require.NoError(t, err)
	diff, err := p.acc.Diff(account.DiffRequest{Type: d.Type, OldState: d.State, NewInputs: res.Inputs})
	require.NoError(t, err)
	require.Equal(t, []account.PropertyDiff{{Path: "tagsAll.cost", Kind: account.DiffAdd}}, diff.Properties)

	unknown := inputs(in)
	unknown["tags"].ObjectValue()["team"] = props.Unknown()
	res, err = p.acc.Check(account.CheckRequest{URN: d.URN, Type: d.Type, NewInputs: unknown, DefaultTags: defaultTags})
	require.NoError(t, err)
	require.True(t, res.Inputs["tagsAll"].IsComputed())
}

func TestTaskDefinitionRevisions(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.Equal(t, "arn:aws:ecs:us-west-2:942734823970:task-definition/webordinary-edit:1", p.out("task", "arn"))
	require.Equal(t, "webordinary-edit", p.id("task"), "the provider's ID is the family")
	p.create(tTaskDef, "task-2", p.with("task", obj{"containerDefinitions": p.containers(func(c obj) { c["image"] = "x:2" })}))
	require.EqualValues(t, 2, p.made["task-2"].State["revision"].NumberValue())
	require.NoError(t, p.delete("task"))
	_, found := p.read("task")
	require.False(t, found)
	_, found = p.read("task-2")
	require.True(t, found, "deleting a revision leaves the others")
	require.NoError(t, p.delete("task-2"))
	r := p.create(tTaskDef, "task-3", p.with("task", nil))
	require.EqualValues(t, 3, r.State["revision"].NumberValue(), "revisions are never used twice")
}

// TestContainersThatNeverSettle: what ECS returns for some definitions the provider takes for another one, so that each
// deployment registers a revision.
func TestContainersThatNeverSettle(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for i, c := range []struct {
		linux   obj
		settles bool
	}{
		{obj{"initProcessEnabled": true}, true},
		{obj{"capabilities": obj{"drop": list{"ALL"}}}, false},
		{obj{"capabilities": obj{"add": list{}, "drop": list{"ALL"}}}, true},
		{obj{"initProcessEnabled": true, "capabilities": obj{}}, false},
	} {
		name := fmt.Sprint("task-", i)
		in := p.with("task", obj{"containerDefinitions": p.containers(func(d obj) { d["linuxParameters"] = c.linux })})
		p.create(tTaskDef, name, in)
		require.Equal(t, c.settles, len(p.diff(name, in).Properties) == 0, "%v", c.linux)
	}
}

func TestDeregisteredTaskDefinitions(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	first := p.out("task", "arn")
	second := p.create(tTaskDef, "task-2", p.with("task", nil)).State["arn"].StringValue()
	require.NoError(t, p.delete("task"))
	kept := p.acc.List("runtime:ecs/inactiveTaskDefinition")
	require.Len(t, kept, 1)
	require.Equal(t, first, kept[0].State["arn"].StringValue())

	for _, name := range []any{first, "webordinary-edit:1"} {
		_, complaint := p.try(tService, "other", p.with("service", obj{"name": "other", "taskDefinition": name}))
		require.Contains(t, complaint, "ClientException: TaskDefinition is inactive")
	}
	p.create(tService, "other", p.with("service", obj{"name": "other", "taskDefinition": "webordinary-edit"}))
	_, err := p.update("service", obj{"taskDefinition": second})
	require.NoError(t, err)
	_, err = p.update("service", obj{"taskDefinition": first})
	require.ErrorContains(t, err, "ClientException: TaskDefinition is inactive")
	d := p.made["task-2"]
	state := d.State.Copy()
	state["skipDestroy"] = inputs(obj{"v": true})["v"]
	require.NoError(t, p.acc.Delete(t.Context(), account.DeleteRequest{URN: d.URN, Type: d.Type, ID: d.ID, State: state}))
	_, found := p.read("task-2")
	require.True(t, found, "with skipDestroy it stays active")
}

func TestDeletedSecretsKeepTheirName(t *testing.T) {
	t.Parallel()
	now := noon
	dir := t.TempDir()
	acc, err := account.OpenWith(dir, account.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer func() { require.NoError(t, acc.Close()) }()
	p := &program{t: t, acc: acc, made: map[string]deployed{}}
	in := obj{"name": "webordinary/token", "recoveryWindowInDays": 7}
	first := p.create(tSecret, "s", in)
	require.Regexp(t, `^arn:aws:secretsmanager:us-west-2:942734823970:secret:webordinary/token-[A-Za-z0-9]{6}$`, first.ID)
	require.NoError(t, p.delete("s"))
	_, complaint := p.try(tSecret, "s", in)
	require.Contains(t, complaint, "already scheduled for deletion")
	now = now.AddDate(0, 0, 8)
	second := p.create(tSecret, "s", obj{"name": "webordinary/token", "recoveryWindowInDays": 0})
	require.NotEqual(t, first.ID, second.ID, "a new secret has a new ARN")
	require.NoError(t, p.delete("s"))
	p.create(tSecret, "s", in)
}

func TestSecretVersionStages(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	p.create(tVersion, "second", obj{"secretId": p.id("secret"), "secretString": "two"})
	p.create(tVersion, "third", obj{"secretId": p.id("secret"), "secretString": "three"})
	stages := func(name string) []string {
		r, _ := p.read(name)
		return props.Strings(r.State, "versionStages[*]")
	}
	require.Equal(t, []string{"AWSCURRENT"}, stages("third"))
	require.Equal(t, []string{"AWSPREVIOUS"}, stages("second"))
	require.Empty(t, stages("secret-version"))
	require.Regexp(t, regexp.MustCompile(`^arn:aws:secretsmanager:.*\|terraform-[0-9a-f]{26}$`), p.id("third"))
	require.Empty(t, p.diff("secret-version", p.made["secret-version"].In).Properties)
}

func TestRealisticOutputs(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for name, pattern := range map[string]string{
		"fs": `^fs-0[0-9a-f]{16}$`, "ap": `^fsap-0[0-9a-f]{16}$`, "mount-a": `^fsmt-0[0-9a-f]{16}$`, "alb-sg": `^sg-0[0-9a-f]{16}$`,
		"https":       `^sgr-0[0-9a-f]{16}$`,
		"alb":         `^arn:aws:elasticloadbalancing:us-west-2:942734823970:loadbalancer/app/webordinary-edit-alb/[0-9a-f]{16}$`,
		"listener":    `^arn:aws:elasticloadbalancing:us-west-2:942734823970:listener/app/webordinary-edit-alb/[0-9a-f]{16}/[0-9a-f]{16}$`,
		"api-rule":    `:listener-rule/app/webordinary-edit-alb/[0-9a-f]{16}/[0-9a-f]{16}/[0-9a-f]{16}$`,
		"api-tg":      `:targetgroup/edit-api-tg/[0-9a-f]{16}$`,
		"service":     `^arn:aws:ecs:us-west-2:942734823970:service/webordinary-edit-cluster/webordinary-edit$`,
		"cluster":     `^arn:aws:ecs:us-west-2:942734823970:cluster/webordinary-edit-cluster$`,
		"dns":         `^` + view.HostedZoneID + `_edit.ameliastamps.com_CNAME$`,
		"exec-policy": `^webordinary-edit-execution:execution$`, "daily-target": `^webordinary-cleanup-daily-cleanup$`,
		"tick": `^default/webordinary-tick$`,
		"dlq":  `^https://sqs.us-west-2.amazonaws.com/942734823970/webordinary-failures$`, "budget": `^942734823970:webordinary-monthly$`,
		"scalable": `^service/webordinary-edit-cluster/webordinary-edit$`, "cpu": `^cpu$`, "fn": `^webordinary-workspace-cleanup$`,
		"fn-permission": `^events$`,
		"vpc":           `^vpc-0[0-9a-f]{16}$`, "igw": `^igw-0`, "nat": `^nat-0`, "eip": `^eipalloc-0`, "route": `^r-rtb-0[0-9a-f]{16}\d+$`,
	} {
		require.Regexp(t, pattern, p.id(name))
	}
	require.Regexp(t, `^webordinary-edit-alb-\d{10}\.us-west-2\.elb\.amazonaws\.com$`, p.out("alb", "dnsName"))
	require.Equal(t, view.DefaultVPCID, p.out("alb", "vpcId"))
	require.Equal(t, "942734823970.dkr.ecr.us-west-2.amazonaws.com/webordinary/claude-code-astro", p.out("repo", "repositoryUrl"))
	require.Equal(t, "us-west-2a", p.out("mount-a", "availabilityZoneName"))
	require.Regexp(t, `^172\.31\.(\d|1[0-5])\.\d+$`, p.out("mount-a", "ipAddress"))
	require.Equal(t, "edit.ameliastamps.com", p.out("dns", "fqdn"))
	require.Equal(t, "webordinary-workspaces", p.out("fs", "name"))
	require.Equal(t, "200", props.Str(p.made["api-tg"].State, "healthCheck.matcher"))
}

// TestRunsAreReproducible: the same program makes the same IDs in a new account,
// in whatever order the engine gets to the resources.
func TestRunsAreReproducible(t *testing.T) {
	t.Parallel()
	first, second := deployAll(t), deployAll(t)
	for _, name := range first.order {
		require.Equal(t, first.id(name), second.id(name))
	}
	forward, backward := newProgram(t), newProgram(t)
	for i := range 5 {
		forward.create(tFS, string(rune('a'+i)), obj{})
		backward.create(tFS, string(rune('e'-i)), obj{})
	}
	for name := range forward.made {
		require.Equal(t, forward.id(name), backward.id(name))
	}
	require.NoError(t, forward.delete("a"))
	old := forward.id("a")
	require.NotEqual(t, old, forward.create(tFS, "a", obj{}).ID, "what is made again is another one")
}

func TestRulePriorityIsChosen(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	r := p.create(tRule, "next", p.with("api-rule", obj{"priority": nil}))
	require.EqualValues(t, 121, r.State["priority"].NumberValue())
	_, err := p.update("next", obj{"priority": 101})
	require.ErrorContains(t, err, "PriorityInUse")
	require.ErrorContains(t, err, `"waker-rule"`)
	_, err = p.update("next", obj{"priority": 102})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:acm:us-west-2:942734823970:certificate/5b0f1c9e-7d34-4a6f-9c21-3e8a4d6b7f10", view.CertificateARN)
}

// TestUpdatesDoNotCollideWithThemselves: what a resource holds itself is not taken.
func TestUpdatesDoNotCollideWithThemselves(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for _, name := range p.order {
		before, _ := p.read(name)
		_, err := p.update(name, obj{})
		require.NoError(t, err, name)
		after, _ := p.read(name)
		require.Equal(t, before.State, after.State, name)
	}
	for name, changes := range map[string]obj{
		"https": {"description": "from everywhere"}, "dns": {"ttl": 60}, "mount-a": {"securityGroups": list{p.id("task-sg")}},
		"api-rule": {"tags": obj{"a": "b"}}, "tick": {"description": "every minute"}, "exec-policy": {"policy": allow("s3:GetObject", "*")},
		"fn": {"reservedConcurrentExecutions": 900},
	} {
		_, err := p.update(name, changes)
		require.NoError(t, err, name)
	}
}

func TestUpdatesAreHeldToTheRules(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for name, row := range map[string]struct {
		changes obj
		want    string
	}{
		"service":  {obj{"taskDefinition": "none:1"}, "TaskDefinition not found."},
		"listener": {obj{"certificateArn": view.CertificateARN + "0"}, "CertificateNotFound"},
		"mount-a":  {obj{"securityGroups": list{"sg-0ffffffffffffffff"}}, "InvalidGroup.NotFound"},
		"fn":       {obj{"role": "arn:aws:iam::942734823970:role/webordinary-scheduler"}, "cannot be assumed by Lambda"},
		"https":    {obj{"cidrIpv4": nil, "prefixListId": "pl-1"}, "InvalidPrefixListID.NotFound"},
	} {
		_, err := p.update(name, row.changes)
		require.ErrorContains(t, err, row.want)
		require.Empty(t, p.diff(name, p.made[name].In).Properties)
	}
	_, err := p.update("redirect", obj{"port": 443})
	require.ErrorContains(t, err, "DuplicateListener")
}

// calls is an Invoker that records payloads.
type calls struct {
	payloads []string
	err      error
	during   func()
}

func (c *calls) Invoke(_ context.Context, function account.Resource, payload []byte) ([]byte, error) {
	c.payloads = append(c.payloads, function.ID+" "+string(payload))
	if c.during != nil {
		c.during()
	}
	return []byte(`{"ok":true}`), c.err
}

func TestInvocationLifecycle(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.Equal(t, account.NotRun, p.out("fn-invocation", "result"), "without an invoker it says so")
	rec := &calls{during: func() { p.acc.List(tFunction) }} // the function may call the account
	p.acc.Invoker = rec

	r := p.create(tInvocation, "merge", obj{"functionName": p.id("fn"), "input": `{"owner":"edit"}`, "lifecycleScope": "CRUD"})
	require.Equal(t, `{"ok":true}`, r.State["result"].StringValue())
	_, err := p.update("merge", obj{"input": `{"owner":"edit","v":2}`})
	require.NoError(t, err)
	require.NoError(t, p.delete("merge"))
	require.Equal(t, []string{
		`webordinary-workspace-cleanup {"owner":"edit","tf":{"action":"create","prev_input":null}}`,
		`webordinary-workspace-cleanup {"owner":"edit","tf":{"action":"update","prev_input":{"owner":"edit"}},"v":2}`,
		`webordinary-workspace-cleanup {"owner":"edit","tf":{"action":"delete","prev_input":{"owner":"edit","v":2}},"v":2}`,
	}, rec.payloads)
	for _, payload := range rec.payloads {
		require.True(t, json.Valid([]byte(payload[len("webordinary-workspace-cleanup "):])))
	}

	rec.payloads = nil
	p.create(tInvocation, "once", obj{"functionName": p.out("fn", "arn"), "input": `{"a":1}`, "terraformKey": "x"})
	require.Equal(t, []string{`webordinary-workspace-cleanup {"a":1}`}, rec.payloads)
	require.True(t, p.diff("once", p.with("once", obj{"input": `{"a":2}`})).Properties[0].Replace,
		"without CRUD a new input runs a new invocation")
	_, err = p.update("once", obj{"terraformKey": "y"})
	require.NoError(t, err)
	require.NoError(t, p.delete("once"))
	require.Len(t, rec.payloads, 1, "nothing runs on update or delete")
}

func TestInvocationFailures(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	boom := errors.New("Unhandled: distribution not found")
	rec := &calls{err: boom}
	p.acc.Invoker = rec
	before := len(p.acc.List(tInvocation))
	res := p.check(tInvocation, "merge", obj{"functionName": p.id("fn"), "input": `{"v":1}`, "lifecycleScope": "CRUD"})
	_, err := p.acc.Create(t.Context(), account.CreateRequest{URN: urnOf(tInvocation, "merge"), Type: tInvocation, Inputs: res.Inputs})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, `"merge": invoking webordinary-workspace-cleanup (create)`)
	require.Len(t, p.acc.List(tInvocation), before)

	rec.err = nil
	p.create(tInvocation, "merge", obj{"functionName": p.id("fn"), "input": `{"v":1}`, "lifecycleScope": "CRUD"})
	rec.err = boom
	r, err := p.update("merge", obj{"input": `{"v":2}`})
	require.ErrorIs(t, err, boom)
	require.Equal(t, `{"v":2}`, r.State["input"].StringValue(), "like the real provider, a failed update keeps the new input")
	kept, found := p.read("merge")
	require.True(t, found)
	require.Equal(t, `{"v":2}`, kept.State["input"].StringValue())
	require.ErrorIs(t, p.delete("merge"), boom)
	_, found = p.read("merge")
	require.True(t, found)
}

func TestFunctionCodeIsKept(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	r, ok := p.acc.Get(tFunction, p.id("fn"))
	require.True(t, ok)
	path, err := p.acc.FunctionCode(r)
	require.NoError(t, err)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.EqualValues(t, len(kept), r.State["sourceCodeSize"].NumberValue())
	_, err = p.acc.FunctionCode(account.Resource{ID: "none"})
	require.Error(t, err)

	changed, err := p.update("fn", obj{"code": codeZip(t, "bootstrap", 0o777)})
	require.NoError(t, err)
	require.NotEqual(t, r.State["codeSha256"], changed.State["codeSha256"])
	other, err := p.acc.FunctionCode(changed)
	require.NoError(t, err)
	require.NotEqual(t, path, other)
}

func TestAccountsShareAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := account.Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close()) }()
	second, err := account.Open(dir)
	require.NoError(t, err)
	p := &program{t: t, acc: first, made: map[string]deployed{}}
	p.create(tCluster, "c", obj{"name": "c"})
	r, ok := second.Get(tCluster, p.id("c"))
	require.True(t, ok)
	r.State["name"] = props.Of("changed copy")
	require.NoError(t, second.Mutate(tCluster, r.ID, func(s resource.PropertyMap) error { s["tags"] = props.Of(obj{"a": "b"}); return nil }))
	seen, _ := first.Get(tCluster, p.id("c"))
	require.Equal(t, "c", seen.State["name"].StringValue(), "what Get returns is a copy")
	require.True(t, seen.State["tags"].IsObject())
	require.NoError(t, second.Close())

	third, err := account.Open(dir)
	require.NoError(t, err)
	require.Len(t, third.List(tVPC), 1, "the seed is planted once")
	require.NoError(t, third.Close())
	require.ErrorIs(t, first.Mutate(tCluster, "none", nil), account.ErrNotFound)
	boom := errors.New("boom")
	require.ErrorIs(t, first.Mutate(tCluster, p.id("c"), func(s resource.PropertyMap) error { delete(s, "name"); return boom }), boom)
	seen, _ = first.Get(tCluster, p.id("c"))
	require.True(t, seen.State["name"].IsString())
}

func TestSeedIsWhatTheConstantsSay(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for typ, id := range map[string]string{
		tVPC: view.DefaultVPCID, tGroup: view.DefaultSecurityGroupID, tGateway: view.DefaultInternetGatewayID,
		tTable:                  view.DefaultRouteTableID,
		"aws:route53/zone:Zone": view.HostedZoneID, "aws:acm/certificate:Certificate": view.CertificateARN,
	} {
		_, ok := p.acc.Get(typ, id)
		require.True(t, ok, "%s %s", typ, id)
	}
	for i, id := range view.DefaultSubnetIDs {
		r, ok := p.acc.Get(tSubnet, id)
		require.True(t, ok)
		require.Equal(t, view.AvailabilityZones[i], r.State["availabilityZone"].StringValue())
	}
	bare, err := account.OpenWith(t.TempDir(), account.Options{Seed: []account.Resource{}})
	require.NoError(t, err)
	require.Empty(t, bare.List(tVPC))
	require.NoError(t, bare.Close())
}

func TestLookups(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	ask := func(token string, args obj) (resource.PropertyMap, error) {
		res, err := p.acc.Invoke(t.Context(), account.InvokeRequest{Token: token, Args: inputs(args)})
		return res.Return, err
	}
	for _, row := range []struct {
		token string
		args  obj
		key   string
		want  any
	}{
		{"aws:index/getCallerIdentity:getCallerIdentity", obj{}, "accountId", view.AccountID},
		{"aws:index/getRegion:getRegion", obj{}, "name", view.Region},
		{"aws:index/getPartition:getPartition", obj{}, "partition", "aws"},
		{"aws:index/getAvailabilityZones:getAvailabilityZones", obj{}, "names", list{"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"}},
		{"aws:ec2/getVpc:getVpc", obj{"default": true}, "id", view.DefaultVPCID},
		{"aws:ec2/getVpc:getVpc", obj{"cidrBlock": "10.20.0.0/16"}, "id", p.id("vpc")},
		{
			"aws:ec2/getSubnets:getSubnets",
			obj{"filters": list{obj{"name": "vpc-id", "values": list{view.DefaultVPCID}}, obj{"name": "default-for-az", "values": list{"true"}}}},
			"ids",
			list{view.DefaultSubnetIDs[0], view.DefaultSubnetIDs[1], view.DefaultSubnetIDs[2], view.DefaultSubnetIDs[3]},
		},
		{"aws:ec2/getSubnet:getSubnet", obj{"id": subnetA}, "availabilityZone", "us-west-2a"},
		{"aws:ec2/getManagedPrefixList:getManagedPrefixList", obj{"name": "com.amazonaws.global.cloudfront.origin-facing"}, "id", "pl-82a045eb"},
		{"aws:route53/getZone:getZone", obj{"name": "ameliastamps.com."}, "zoneId", view.HostedZoneID},
		{
			"aws:acm/getCertificate:getCertificate",
			obj{"domain": "*.ameliastamps.com", "statuses": list{"ISSUED"}, "mostRecent": true},
			"arn",
			view.CertificateARN,
		},
		{"aws:ecr/getRepository:getRepository", obj{"name": "webordinary/claude-code-astro"}, "repositoryUrl", p.out("repo", "repositoryUrl")},
		{"aws:secretsmanager/getSecret:getSecret", obj{"name": "webordinary/github-token"}, "arn", p.id("secret")},
		{"aws:efs/getFileSystem:getFileSystem", obj{"fileSystemId": p.id("fs")}, "dnsName", p.out("fs", "dnsName")},
		{"aws:lb/getLoadBalancer:getLoadBalancer", obj{"name": "webordinary-edit-alb"}, "dnsName", p.out("alb", "dnsName")},
		{"aws:lb/getListener:getListener", obj{"loadBalancerArn": p.id("alb"), "port": 443}, "arn", p.id("listener")},
		{"aws:iam/getRole:getRole", obj{"name": p.id("exec-role")}, "arn", p.out("exec-role", "arn")},
	} {
		got, err := ask(row.token, row.args)
		require.NoError(t, err, row.token)
		require.Equal(t, props.Of(row.want), got[resource.PropertyKey(row.key)], row.token)
	}
	for token, want := range map[string]string{
		"aws:ecr/getRepository:getRepository":   "no matching aws:ecr/repository:Repository found",
		"aws:ec2/getVpc:getVpc":                 "multiple (2) EC2 VPC matched",
		"aws:acm/getCertificate:getCertificate": "no ACM Certificate matching domain (*.nowhere.example)",
		"aws:route53/getZone:getZone":           "no matching Route53 Hosted Zone found",
		"aws:rds/getInstance:getInstance":       "does not know the function",
	} {
		args := obj{"name": "nowhere.example", "domain": "*.nowhere.example"}
		if token == "aws:ec2/getVpc:getVpc" {
			args = obj{}
		}
		_, err := ask(token, args)
		require.ErrorContains(t, err, want)
	}
	_, err := ask("aws:ec2/getSubnets:getSubnets", obj{"filters": list{obj{"name": "colour", "values": list{"red"}}}})
	require.ErrorContains(t, err, "filter 'colour' is invalid")
}
