package container_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// agentOf finds the endpoint that a task's process was given.
func agentOf(e *env, task *scheduler.Task) string {
	e.t.Helper()
	for _, variable := range e.environment(task) {
		if uri, ok := strings.CutPrefix(variable, "ECS_AGENT_URI="); ok {
			return uri
		}
	}
	e.t.Fatal("no ECS_AGENT_URI")
	return ""
}

type agentAnswer struct {
	Protection struct {
		ProtectionEnabled bool
		ExpirationDate    time.Time
		TaskArn           string
	}
	Error struct{ Arn, Code, Message string }
}

func ask(e *env, method, uri, body string) (int, agentAnswer) {
	e.t.Helper()
	request, err := http.NewRequestWithContext(e.t.Context(), method, uri+"/task-protection/v1/state", strings.NewReader(body))
	require.NoError(e.t, err)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	var out agentAnswer
	if response.Header.Get("Content-Type") == "application/json" {
		require.NoError(e.t, json.Unmarshal(text, &out), "%s", text)
	}
	return response.StatusCode, out
}

func TestAgentEndpoint(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	uri := agentOf(e, task)
	for _, c := range []struct {
		method, body string
		status       int
		code         string
		minutes      int
	}{
		{"GET", ``, 200, "", 0},
		{"PUT", `{"ProtectionEnabled": true, "ExpiresInMinutes": 3}`, 200, "", 3},
		{"GET", ``, 200, "", 3},
		{"PUT", `{"ProtectionEnabled": true}`, 200, "", 120},
		{"PUT", `{"ProtectionEnabled": true, "ExpiresInMinutes": 2880}`, 200, "", 2880},
		{"PUT", `{"ProtectionEnabled": true, "ExpiresInMinutes": 2881}`, 400, "InvalidParameterException", 2880},
		{"PUT", `{"ProtectionEnabled": true, "ExpiresInMinutes": 0}`, 400, "InvalidParameterException", 2880},
		{"PUT", `{"ExpiresInMinutes": 3}`, 400, "InvalidParameterException", 2880},
		{"PUT", `{`, 400, "InvalidParameterException", 2880},
		{"PUT", `{"ProtectionEnabled": false}`, 200, "", 0},
	} {
		status, answer := ask(e, c.method, uri, c.body)
		require.Equal(t, c.status, status, c.body)
		assert.Equal(t, c.code, answer.Error.Code, c.body)
		assert.Equal(t, task.ARN, answer.Error.Arn+answer.Protection.TaskArn, c.body)
		until := e.task(scheduler.Running).ProtectedUntil
		if c.status == 200 {
			assert.Equal(t, c.minutes > 0, answer.Protection.ProtectionEnabled, c.body)
			assert.True(t, answer.Protection.ExpirationDate.Equal(until), c.body)
		}
		if c.minutes > 0 {
			assert.True(t, until.Equal(e.clock().Add(time.Duration(c.minutes)*time.Minute)), "%s: %s", c.body, until)
		} else {
			assert.True(t, until.IsZero(), c.body)
		}
	}
}

// The endpoint acts with the task role: without the permission a session cannot protect its task, and says so.
func TestAgentNeedsThePermission(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	awstest.SetPolicy(e.store, awstest.TaskRole, "ecs:UpdateTaskProtection "+awstest.Prefix+":task/another-cluster/*")
	task := e.wake()
	e.call(task, 8080, "PUT /api/session/one")
	e.until("refused", func() bool {
		return strings.Contains(strings.Join(e.processes.Log(task.ARN), "\n"), "AccessDeniedException")
	})
	assert.False(t, e.protected(task))
	assert.Contains(t, strings.Join(e.processes.Log(task.ARN), "\n"), "assumed-role/task/")
	status, answer := ask(e, "GET", agentOf(e, task), "")
	assert.Equal(t, 400, status)
	assert.Equal(t, "AccessDeniedException", answer.Error.Code)
	awstest.Set(e.store, "aws:ecs/taskDefinition:TaskDefinition", "edit:1", "taskRoleArn", "")
	other := scheduler.Task{ARN: "arn:other", TaskDefinitionARN: awstest.TaskDef1}
	require.NoError(t, e.processes.Start(epoch, other))
	_, answer = ask(e, "PUT", agentOf(e, &other), `{"ProtectionEnabled": true}`)
	assert.Contains(t, answer.Error.Message, "no task role")
}

// Reading and changing the protection are two permissions.
func TestAgentAsksForTheRightPermission(t *testing.T) {
	t.Parallel()
	for action, answers := range map[string]map[string]int{
		"ecs:GetTaskProtection": {"GET": 200, "PUT": 400}, "ecs:UpdateTaskProtection": {"GET": 400, "PUT": 200},
	} {
		e := newEnv(t, nil)
		awstest.SetPolicy(e.store, awstest.TaskRole, action+" "+awstest.Prefix+":task/edit-cluster/*")
		uri := agentOf(e, e.wake())
		for method, want := range answers {
			status, _ := ask(e, method, uri, `{"ProtectionEnabled": true}`)
			assert.Equal(t, want, status, "%s with %s", method, action)
		}
	}
}

// An address is the task's own, and ends with it.
func TestAgentKnowsItsGuests(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	uri := agentOf(e, task)
	status, _ := ask(e, "PUT", uri+"x", `{"ProtectionEnabled": true}`)
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = ask(e, "POST", uri, `{"ProtectionEnabled": true}`)
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	e.processes.Stop(epoch, *task)
	e.until("dismissed", func() bool {
		status, _ := ask(e, "GET", uri, "")
		return status == http.StatusNotFound
	})
}

func TestAgentSaysWhatTheWorldSays(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *container.Options) {
		o.Authorizer = nil
	})
	task := scheduler.Task{ARN: "arn:unknown", TaskDefinitionARN: awstest.TaskDef1}
	require.NoError(t, e.processes.Start(epoch, task))
	status, answer := ask(e, "PUT", agentOf(e, &task), `{"ProtectionEnabled": true}`)
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, answer.Error.Message, "no such task")
	status, answer = ask(e, "GET", agentOf(e, &task), "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, "ResourceNotFoundException", answer.Error.Code)
}
