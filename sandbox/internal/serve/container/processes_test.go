package container_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/secrets"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

func TestTaskRunsAProcess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	status := e.status(task)
	assert.Equal(t, true, status["demo"])
	assert.Equal(t, "amelia", status["client"])
	assert.Equal(t, map[string]any{"ANTHROPIC_API_KEY": false, "GITHUB_TOKEN": true}, status["secrets"])
	code, page := e.call(task, 4321, "GET /preview/")
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, page, "This is the demo")
	_, ok := e.processes.Address(task.ARN, 9999)
	assert.False(t, ok, "nothing listens there")
	_, ok = e.processes.Address(task.ARN+"x", 8080)
	assert.False(t, ok, "no such task")
}

// The process gets the container's environment and nothing of this one's.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *container.Options) { o.Boot, o.Speed = time.Second, 60 })
	e.processes.SetEnv("EXTRA", "1")
	e.processes.SetEnv("GONE", "1")
	e.processes.SetEnv("GONE", "")
	task := e.wake()
	have := map[string]string{}
	for _, variable := range e.environment(task) {
		name, value, _ := strings.Cut(variable, "=")
		have[name] = value
	}
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/api/\w{20,}$`, have["ECS_AGENT_URI"])
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/v4/\w{20,}$`, have["ECS_CONTAINER_METADATA_URI_V4"])
	disk := have["TMPDIR"]
	assert.DirExists(t, disk, "a task has a disk of its own")
	for _, name := range []string{"ECS_AGENT_URI", "ECS_CONTAINER_METADATA_URI_V4", "PATH", "TMPDIR"} {
		assert.NotEmpty(t, have[name], name)
		delete(have, name)
	}
	assert.Equal(t, map[string]string{
		"WORKSPACE_PATH": e.workspace, "WORKSPACE_LIST": "/workspaces", "WORKSPACE_BELOW": e.workspace + "/below", "CLIENT_ID": "amelia", "USER_ID": "ed",
		"GITHUB_TOKEN": "ghp_secret", "AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2",
		"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "DEMO_BOOT": "1s", "DEMO_SPEED": "60", "DEMO_END_WITH_STDIN": "true", "EXTRA": "1",
	}, have)
	e.processes.Stop(e.clock(), *task)
	assert.Eventually(t, func() bool { _, err := os.Stat(disk); return os.IsNotExist(err) }, time.Minute, 10*time.Millisecond, "it goes with the task")
}

// Among several clients a task mounts its client's own directory below the path that it is told, which is the directory above it here.
func TestRoomBelowTheWorkspaceIsMapped(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *container.Options) {
		for arn, dir := range o.Mounts {
			o.Mounts[arn] = filepath.Join(dir, "amelia")
			require.NoError(t, os.Mkdir(o.Mounts[arn], 0o700))
		}
	})
	e.define(map[string]any{"mountPoints": []map[string]any{{"sourceVolume": "workspace", "containerPath": "/workspace/amelia"}}})
	assert.Contains(t, e.environment(e.wake()), "WORKSPACE_PATH="+e.workspace)
	assert.Contains(t, e.environment(e.wake()), "WORKSPACE_BELOW=/workspace/below", "beside the room there is nothing")
}

// What a session did survives a sleep: SIGTERM saves it to the workspace.
func TestSleepSavesAndWakeRestores(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	first := e.wake()
	for range 3 {
		code, text := e.call(first, 8080, "POST /api/edits")
		require.Equal(t, http.StatusOK, code, text)
	}
	code, _ := e.call(first, 8080, "PUT /api/check/probe-1", []byte("kept")...)
	require.Equal(t, http.StatusNoContent, code)
	awstest.SetDesired(e.store, 0)
	e.step(time.Second)
	require.Equal(t, scheduler.Deactivating, e.task(scheduler.Deactivating).LastStatus)
	assert.EqualValues(t, 3, e.status(first)["edits"], "while its targets drain, the container still serves")
	e.step(40 * time.Second)
	e.untilLog(first, "saved the session: 3 edits")
	e.untilLog(first, "[exit status 0]")
	_, ok := e.processes.Address(first.ARN, 8080)
	assert.False(t, ok)

	second := e.wake()
	require.NotEqual(t, first.ARN, second.ARN)
	status := e.status(second)
	assert.EqualValues(t, 3, status["edits"])
	assert.EqualValues(t, 2, status["starts"])
	code, text := e.call(second, 8080, "GET /api/check/probe-1")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, "kept", text)
}

func TestCrashEndsTheTask(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *container.Options) { o.Env = map[string]string{"DEMO_FAULT": "crash"} })
	e.step(0)
	awstest.SetDesired(e.store, 1)
	e.step(39 * time.Second)
	task := e.task(scheduler.Running)
	e.untilLog(task, "[exit status 1]")
	e.until("stopped", func() bool {
		e.step(time.Second)
		tasks, err := scheduler.Tasks(e.store)
		require.NoError(t, err)
		i := slices.IndexFunc(tasks, func(have *scheduler.Task) bool { return have.ARN == task.ARN })
		return tasks[i].StopCode == scheduler.CodeEssentialContainerExited
	})
	assert.Contains(t, e.processes.Log(task.ARN), "demo: fault crash")
}

// A task whose process another server ran has ended: the scheduler then starts a new one.
func TestTaskWithoutProcessHasExited(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	assert.False(t, e.processes.Exited(epoch, *task))
	successor := newEnv(t, nil)
	assert.True(t, successor.processes.Exited(epoch, *task))
	successor.processes.Stop(epoch, *task)
	assert.Equal(t, elb.ProbeRefused, successor.processes.Probe(epoch, scheduler.Probe{Task: *task}))
}

func TestStubbornProcessIsKilled(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *container.Options) {
		o.Env, o.Speed = map[string]string{"DEMO_FAULT": "ignore-sigterm"}, 1000
	})
	task := e.wake()
	awstest.SetDesired(e.store, 0)
	e.step(time.Minute)
	e.untilLog(task, "[signal: killed]")
}

// Nothing that this package started outlives it, however it ended.
func TestProcessEndsWithItsParent(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	container.Abandon(e.processes, task.ARN)
	e.untilLog(task, "saved the session: 0 edits")
	e.untilLog(task, "[exit status 0]")
}

func TestClosedTakesNoTask(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	require.NoError(t, e.processes.Close())
	assert.True(t, e.processes.Exited(epoch, *task))
	require.ErrorContains(t, e.processes.Start(epoch, *task), "closed")
}

func TestStartTwiceIsOneProcess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	before := e.address(task, 8080)
	require.NoError(t, e.processes.Start(epoch, *task))
	assert.Equal(t, before, e.address(task, 8080))
}

func TestStartFailures(t *testing.T) {
	t.Parallel()
	secretWith := func(suffix string) map[string]any {
		return map[string]any{"secrets": []map[string]any{{"name": "T", "valueFrom": awstest.SecretARN + suffix}}}
	}
	for name, c := range map[string]struct {
		change map[string]any
		broken func(*env)
		reason string // of a *scheduler.StartFailure
		fault  string // of any other error
	}{
		"no definition": {
			broken: func(e *env) { require.NoError(e.t, e.store.Remove("aws:ecs/taskDefinition:TaskDefinition", "edit:1")) },
			reason: "ClientException: Unable to describe task definition " + awstest.TaskDef1,
		},
		"no secret value": {
			broken: func(e *env) {
				require.NoError(e.t, e.store.Remove("aws:secretsmanager/secretVersion:SecretVersion", awstest.SecretARN+"|1"))
			},
			reason: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
		},
		"no such stage":   {change: secretWith("::AWSPENDING:"), reason: "staging label: AWSPENDING"},
		"no such key":     {change: secretWith(":token::"), reason: "did not contain json key token"},
		"not a container": {change: map[string]any{"memory": "much"}, fault: "container_definitions is invalid"},
		"not essential":   {change: map[string]any{"essential": false}, fault: "no container is essential"},
		"no volume": {
			change: map[string]any{"mountPoints": []map[string]any{{"sourceVolume": "other", "containerPath": "/workspace"}}},
			fault:  `volume other at /workspace: access point "" does not exist`,
		},
		"no directory": {
			broken: func(e *env) {
				awstest.Set(e.store, "aws:efs/accessPoint:AccessPoint", awstest.AccessPoint, "arn", "arn:aws:efs:another")
			},
			fault: "Options.Mounts names no directory for access point arn:aws:efs:another",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, nil)
			e.define(c.change)
			if c.broken != nil {
				c.broken(e)
			}
			err := e.processes.Start(epoch, scheduler.Task{ARN: "arn:task", TaskDefinitionARN: awstest.TaskDef1})
			var failure *scheduler.StartFailure
			if c.reason == "" {
				require.ErrorContains(t, err, c.fault)
				assert.False(t, errors.As(err, &failure), "it is the sandbox's own fault")
				return
			}
			require.ErrorAs(t, err, &failure)
			assert.Contains(t, failure.Reason, c.reason)
		})
	}
}

func TestSecretForms(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	require.NoError(t, secrets.PutSecret(e.store, awstest.SecretARN, `{"token":"new"}`, epoch))
	e.define(map[string]any{"secrets": []map[string]any{
		{"name": "WHOLE", "valueFrom": awstest.SecretARN},
		{"name": "KEY", "valueFrom": awstest.SecretARN + ":token::"},
		{"name": "BEFORE", "valueFrom": awstest.SecretARN + "::AWSPREVIOUS:"},
	}})
	task := e.wake()
	environment := e.environment(task)
	for _, want := range []string{`WHOLE={"token":"new"}`, "KEY=new", "BEFORE=ghp_secret"} {
		assert.Contains(t, environment, want)
	}
}

// A version may name its secret by name, and without labels it is the current one.
func TestSecretWithoutLabels(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	awstest.Put(e.store, "aws:secretsmanager/secretVersion:SecretVersion", awstest.SecretARN+"|1", map[string]any{
		"secretId": "webordinary/github-token", "secretString": "plain", "versionId": "1",
	})
	task := e.wake()
	assert.Contains(t, e.environment(task), "GITHUB_TOKEN=plain")
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := container.New(container.Options{Speed: -1})
	for _, want := range []string{"Store", "Binary", "Protect", "Speed is -1"} {
		require.ErrorContains(t, err, want)
	}
}
