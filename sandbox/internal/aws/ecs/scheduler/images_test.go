package scheduler_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// registryPlay is a play whose tasks pull what is in the registry, which keeps the newest two images.
type registryPlay struct {
	*play
	t *testing.T
}

func newRegistryPlay(t *testing.T) *registryPlay {
	t.Helper()
	p := &registryPlay{newPlay(t, scheduler.Options{}), t}
	p.scheduler = scheduler.New(p.store, scheduler.Options{Authorizer: authz.New(p.store)})
	awstest.Put(p.store, "aws:ecr/lifecyclePolicy:LifecyclePolicy", awstest.Repository, map[string]any{
		"repository": awstest.Repository, "policy": `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",
			"countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}`,
	})
	return p
}

// push pushes another image as v1 and returns its digest.
func (p *registryPlay) push(at int) string {
	p.t.Helper()
	require.NoError(p.t, ecr.PushImage(p.store, ecr.Image{
		Repository: awstest.Repository, Tags: []string{"v1"}, PushedAt: after(at),
	}))
	image, err := ecr.FindImage(p.store, awstest.Repository, "", "v1")
	require.NoError(p.t, err)
	return image.Digest
}

// define changes the container's definition.
func (p *registryPlay) define(change ...string) {
	p.t.Helper()
	for _, r := range p.store.List("aws:ecs/taskDefinition:TaskDefinition") {
		awstest.Set(p.store, r.Type, r.ID, "containerDefinitions",
			strings.NewReplacer(change...).Replace(r.State["containerDefinitions"].StringValue()))
	}
}

// wake starts a task at that time, and returns the first one as it was after a minute; then all is put to sleep.
func (p *registryPlay) wake(at int) *scheduler.Task {
	p.t.Helper()
	p.desire(at, 1)
	p.step(at + 60)
	tasks := slices.DeleteFunc(p.tasks(), func(task *scheduler.Task) bool { return task.CreatedAt.Before(after(at)) })
	require.NotEmpty(p.t, tasks)
	p.desire(at+60, 0)
	p.step(at + 300)
	return tasks[0]
}

const consistency = `"versionConsistency":`

// TestWakeRunsTheDeploymentsImage: without versionConsistency disabled, a deployment stays with the image of its first
// task although the tag has moved, until the registry has expired it.
func TestWakeRunsTheDeploymentsImage(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"as AWS does by default": nil,
		"enabled":                {`"name":"app"`, `"name":"app",` + consistency + `"enabled"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newRegistryPlay(t)
			p.define(change...)
			first := p.push(0)
			assert.Equal(t, first, p.wake(10).Digest("app"))
			second := p.push(400)
			require.NotEqual(t, first, second)
			assert.Equal(t, first, p.wake(500).Digest("app"))
			assert.Equal(t, []scheduler.ContainerImage{{Container: "app", Digest: first}}, p.status().Primary().Images)

			p.push(900) // the third of two that are kept
			failed := p.wake(1000)
			ref := ".dkr.ecr.us-west-2.amazonaws.com/" + awstest.Repository + ":v1@" + first
			assert.Contains(t, failed.StoppedReason, "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "+
				"resolve ref 942734823970"+ref+": 942734823970"+ref+": not found")
			assert.Empty(t, failed.Digest("app"))

			require.NoError(t, p.scheduler.Redeploy(awstest.ServiceARN), "a new deployment resolves the tag anew")
			latest := p.push(1400)
			assert.Equal(t, latest, p.wake(1500).Digest("app"))
		})
	}
}

func TestWakeRunsWhatTheTagNamesIfConsistencyIsDisabled(t *testing.T) {
	t.Parallel()
	p := newRegistryPlay(t)
	p.define(`"name":"app"`, `"name":"app",`+consistency+`"disabled"`)
	for i := range 4 {
		pushed := p.push(1000 * i)
		assert.Equal(t, pushed, p.wake(1000*i+10).Digest("app"))
	}
	assert.Empty(t, p.status().Primary().Images)
}

func TestImageByDigest(t *testing.T) {
	t.Parallel()
	p := newRegistryPlay(t)
	first := p.push(0)
	p.define(":v1", ":moved@"+first, `"name":"app"`, `"name":"app",`+consistency+`"disabled"`)
	p.push(1)
	assert.Equal(t, first, p.wake(10).Digest("app"), "the tag of a reference with a digest does not count")
	p.push(400)
	assert.Contains(t, p.wake(500).StoppedReason, ":moved@"+first+": not found")
}

// TestDigestsThatCannotBeEstablished: after three pulls that failed, the deployment goes on with the tag.
func TestDigestsThatCannotBeEstablished(t *testing.T) {
	t.Parallel()
	p := newRegistryPlay(t)
	for i := range 3 {
		assert.Contains(t, p.wake(1000*i).StoppedReason, ":v1: not found")
	}
	for i := 3; i < 7; i++ {
		pushed := p.push(1000 * i)
		assert.Equal(t, pushed, p.wake(1000*i+10).Digest("app"))
	}
}
