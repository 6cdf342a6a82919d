package account_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func TestDeletionOfWhatIsInUse(t *testing.T) {
	t.Parallel()
	fact := func(typ, id string, state obj) func(p *program) {
		return func(p *program) {
			require.NoError(p.t, p.acc.Put(account.Resource{Type: typ, ID: id, State: inputs(state)}))
		}
	}
	rows := []struct {
		name   string
		before func(p *program)
		want   []string
	}{
		{"task-sg", nil, []string{"DependencyViolation", "has a dependent object", "referencedSecurityGroupId", `"alb-to-task"`}},
		{"fs-sg", nil, []string{"DependencyViolation", `"mount-a"`}},
		{"api-tg", nil, []string{"ResourceInUse", "currently in use by a listener or a rule", `"api-rule"`}},
		{"waker-tg", nil, []string{"ResourceInUse"}},
		{"cluster", nil, []string{"ClusterContainsServicesException", "while Services are active"}},
		{"fs", nil, []string{"FileSystemInUse", "has mount targets"}},
		{"exec-role", nil, []string{"DeleteConflict", "must delete policies", `"exec-policy"`, `"attachment"`}},
		{"managed", nil, []string{"DeleteConflict", "attached to entities"}},
		{"daily", nil, []string{"can't be deleted since it has targets"}},
		{"vpc", nil, []string{"DependencyViolation", `"igw"`, `"public"`, `"private"`, `"table"`}},
		{"public", nil, []string{"DependencyViolation", `"nat"`}},
		{"eip", nil, []string{"is in use"}},
		{"table", nil, []string{"DependencyViolation", `"association"`}},
		{
			"repo", fact("runtime:ecr/image", "sha256:1", obj{"repositoryName": "webordinary/claude-code-astro"}),
			[]string{"RepositoryNotEmptyException", "still contains images (1)"},
		},
		{
			"bucket", fact("runtime:s3/object", "k", obj{"bucket": "webordinary-workspaces-prod", "key": "k"}),
			[]string{"BucketNotEmpty", "it has 1 objects"},
		},
		{"alb", func(p *program) {
			_, err := p.update("alb", obj{"enableDeletionProtection": true})
			require.NoError(p.t, err)
		}, []string{"OperationNotPermitted", "deletion protection is enabled"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := deployAll(t)
			if row.before != nil {
				row.before(p)
			}
			err := p.delete(row.name)
			for _, w := range row.want {
				require.ErrorContains(t, err, w)
			}
			var refusal *account.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, row.name, refusal.Name)
			_, found := p.read(row.name)
			require.True(t, found)
		})
	}
}

// TestRunningTasksKeepTheCluster: the services are gone, their tasks not yet.
func TestRunningTasksKeepTheCluster(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for _, name := range []string{"cpu", "scalable", "service"} {
		require.NoError(t, p.delete(name))
	}
	task := account.Resource{Type: "runtime:ecs/task", ID: "t", State: inputs(obj{"clusterArn": p.id("cluster"), "lastStatus": "RUNNING"})}
	require.NoError(t, p.acc.Put(task))
	err := p.delete("cluster")
	require.ErrorContains(t, err, "ClusterContainsTasksException")
	require.NotErrorIs(t, err, account.ErrPasses)
	require.NoError(t, p.acc.Mutate(task.Type, task.ID, func(s resource.PropertyMap) error {
		s["desiredStatus"] = props.Of("STOPPED")
		return nil
	}))
	err = p.delete("cluster")
	require.ErrorContains(t, err, "ClusterContainsTasksException")
	require.ErrorIs(t, err, account.ErrPasses)
	require.NoError(t, p.acc.Mutate(task.Type, task.ID, func(s resource.PropertyMap) error {
		s["lastStatus"] = props.Of("STOPPED")
		return nil
	}))
	require.NoError(t, p.delete("cluster"))
}

func TestDefaultSecurityGroupStays(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	err := p.acc.Delete(t.Context(), account.DeleteRequest{Type: tGroup, ID: view.DefaultSecurityGroupID})
	require.ErrorContains(t, err, "cannot be deleted by a user")
}

// TestDestroyInReverse deletes everything as the engine would, and ends where
// the account began.
func TestDestroyInReverse(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	empty := newProgram(t)
	for i := len(p.order) - 1; i >= 0; i-- {
		require.NoError(t, p.delete(p.order[i]), p.order[i])
		_, found := p.read(p.order[i])
		require.False(t, found, p.order[i])
	}
	seen := map[string]bool{}
	for _, name := range p.order {
		typ := p.made[name].Type
		if !seen[typ] {
			require.Len(t, p.acc.List(typ), len(empty.acc.List(typ)), typ)
		}
		seen[typ] = true
	}
	for _, name := range p.order {
		require.NoError(t, p.delete(name), "%s a second time", name)
	}
}

// TestInterfacesOfADeletedFunction hold its group until Lambda has deleted them, which it does in the name of the function's
// role: who deletes the role's permission first is left with the group.
func TestInterfacesOfADeletedFunction(t *testing.T) {
	t.Parallel()
	for _, early := range []string{"", "fn-vpc-policy"} {
		p := deployAll(t)
		if early != "" {
			for _, name := range []string{"fn-failures", "fn-invocation", "fn", early} {
				require.NoError(t, p.delete(name), name)
			}
		}
		var err error
		for i := len(p.order) - 1; err == nil; i-- {
			if err = p.delete(p.order[i]); p.order[i] == "task-sg" {
				break
			}
			require.NoError(t, err, p.order[i])
		}
		if early == "" {
			require.NoError(t, err)
			require.Empty(t, p.acc.List("runtime:ec2/networkInterface"))
			continue
		}
		require.ErrorContains(t, err, "DependencyViolation")
		require.ErrorContains(t, err, "network interface of the deleted function webordinary-workspace-cleanup")
		require.ErrorContains(t, err, "role/webordinary-cleanup")
	}
}

// TestWhatGoesAlong: AWS removes what belongs to a deleted resource.
func TestWhatGoesAlong(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	along := func(name string, gone ...string) {
		require.NoError(t, p.delete(name))
		for _, g := range gone {
			_, found := p.read(g)
			require.False(t, found, "%s after %s", g, name)
		}
	}
	along("alb", "listener", "redirect", "api-rule", "waker-rule")
	along("repo", "repo-lifecycle")
	along("secret", "secret-version")
	along("fn", "fn-permission", "waker-permission", "fn-failures")
	along("bucket", "bucket-policy", "bucket-versioning", "bucket-lifecycle")
	along("scalable", "cpu")
	along("logs", "mount-failures")
	along("alarms", "alarms-policy", "email")
	along("mount-a")
	along("mount-b")
	along("fs", "ap", "fs-policy", "fs-backup")
}

func TestForcedDeletions(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.NoError(t, p.acc.Put(account.Resource{Type: "runtime:ecr/image", ID: "i", State: inputs(obj{"repositoryName": p.id("repo")})}))
	require.NoError(t, p.acc.Put(account.Resource{Type: "runtime:s3/object", ID: "o", State: inputs(obj{"bucket": p.id("bucket")})}))
	for name, force := range map[string]string{
		"repo": "forceDelete", "bucket": "forceDestroy", "exec-role": "forceDetachPolicies",
		"daily": "forceDestroy",
	} {
		require.Error(t, p.delete(name))
		_, err := p.update(name, obj{force: true})
		require.NoError(t, err)
		require.NoError(t, p.delete(name), name)
	}
	require.Empty(t, p.acc.List("runtime:ecr/image"))
	require.Empty(t, p.acc.List("runtime:s3/object"))
}

// TestKeptOnDestroy: what a destroy kept is in the way of the next up, and can be
// taken over by an import.
func TestKeptOnDestroy(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for name, code := range map[string]string{
		"repo": "RepositoryAlreadyExistsException", "secret": "ResourceExistsException", "bucket": "BucketAlreadyOwnedByYou",
		"logs": "ResourceAlreadyExistsException",
	} {
		d := p.made[name]
		_, complaint := p.try(d.Type, name, d.In)
		require.Contains(t, complaint, code)
		require.Contains(t, complaint, "import it with "+d.ID)
		r, found, err := p.acc.Read(account.ReadRequest{URN: d.URN, Type: d.Type, ID: d.ID})
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, d.State, r.State)
	}
	// The settings of a kept bucket were left behind; writing them again is what AWS's Put calls do.
	d := p.made["bucket-versioning"]
	_, complaint := p.try(d.Type, "bucket-versioning", d.In)
	require.Empty(t, complaint)
}

// TestImports reads every resource by the ID that `pulumi import` takes, and
// finds the program's inputs unchanged.
func TestImports(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	special := map[string]string{
		"task":           p.out("task", "arn"),
		"service":        "webordinary-edit-cluster/webordinary-edit",
		"cluster":        "webordinary-edit-cluster",
		"attachment":     p.id("exec-role") + "/" + p.out("managed", "arn"),
		"fn-permission":  "webordinary-workspace-cleanup/events",
		"daily-target":   "webordinary-cleanup-daily/cleanup",
		"scalable":       "ecs/service/webordinary-edit-cluster/webordinary-edit/ecs:service:DesiredCount",
		"cpu":            "ecs/service/webordinary-edit-cluster/webordinary-edit/ecs:service:DesiredCount/cpu",
		"mount-failures": "/ecs/webordinary-edit:mount-failures",
		"association":    p.id("public") + "/" + p.id("table"),
	}
	special["waker-permission"] = "webordinary-workspace-cleanup/alb"
	for _, name := range p.order {
		d := p.made[name]
		id := special[name]
		if id == "" {
			id = d.ID
		}
		// The engine sends empty maps.
		none := resource.PropertyMap{}
		r, found, err := p.acc.Read(account.ReadRequest{URN: d.URN, Type: d.Type, ID: id, Inputs: none, State: none})
		require.NoError(t, err)
		require.True(t, found, "%s by %s", name, id)
		require.Equal(t, d.ID, r.ID, name)
		res, err := p.acc.Check(account.CheckRequest{
			URN: d.URN, Type: d.Type, OldInputs: r.Inputs, NewInputs: inputs(d.In),
			DefaultTags: defaultTags,
		})
		require.NoError(t, err)
		require.Empty(t, res.Failures)
		diff, err := p.acc.Diff(account.DiffRequest{
			URN: d.URN, Type: d.Type, ID: r.ID, OldInputs: r.Inputs, OldState: r.State,
			NewInputs: res.Inputs,
		})
		require.NoError(t, err)
		require.Empty(t, diff.Properties, name)
		for _, key := range []resource.PropertyKey{"arn", "tagsAll"} {
			require.Equal(t, d.State[key], r.State[key], name)
		}
	}
	_, found, err := p.acc.Read(account.ReadRequest{Type: tRepo, ID: "nowhere"})
	require.NoError(t, err)
	require.False(t, found)
}

// TestImportOfForeignThings: what was made by hand has no inputs of its own.
func TestImportOfForeignThings(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	state := inputs(obj{
		"name": "by-hand", "arn": "arn:aws:iam::942734823970:role/by-hand",
		"assumeRolePolicy": asJSON(t, trust("lambda.amazonaws.com")), "tags": obj{"owner": "ops"},
	})
	require.NoError(t, p.acc.Put(account.Resource{Type: tRole, ID: "by-hand", State: state}))
	r, found, err := p.acc.Read(account.ReadRequest{Type: tRole, ID: "by-hand"})
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, props.Of(obj{"owner": "ops"}), r.State["tagsAll"])
	require.EqualValues(t, 3600, r.State["maxSessionDuration"].NumberValue())
	require.Equal(t, "by-hand", r.Inputs["name"].StringValue())
	in := obj{"name": "by-hand", "assumeRolePolicy": trust("lambda.amazonaws.com"), "tags": obj{"owner": "ops"}}
	res, err := p.acc.Check(account.CheckRequest{Type: tRole, OldInputs: r.Inputs, NewInputs: inputs(in)})
	require.NoError(t, err)
	diff, err := p.acc.Diff(account.DiffRequest{Type: tRole, OldState: r.State, NewInputs: res.Inputs})
	require.NoError(t, err)
	require.Empty(t, diff.Properties)
}
