package container_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// supervised puts the supervisor in front of the demo.
func supervised(t *testing.T, change ...func(*container.Options)) func(*container.Options) {
	return func(o *container.Options) {
		demo := o.Binary
		var err error
		o.Binary, err = supervisor()
		require.NoError(t, err)
		o.Config = filepath.Join(t.TempDir(), "live-edit.json")
		require.NoError(t, os.WriteFile(o.Config, []byte(container.DemoFile(demo).String()), 0o600))
		for _, c := range change {
			c(o)
		}
	}
}

// wakeAll starts that many tasks and waits until all of them serve.
func (e *env) wakeAll(count int) (running []*scheduler.Task) {
	e.t.Helper()
	e.step(0)
	awstest.SetDesired(e.store, count)
	e.step(39 * time.Second)
	tasks, err := scheduler.Tasks(e.store)
	require.NoError(e.t, err)
	for _, task := range tasks {
		if task.LastStatus != scheduler.Running {
			continue
		}
		running = append(running, task)
		e.until("listening", func() bool {
			address, ok := e.processes.Address(task.ARN, 8080)
			require.True(e.t, ok)
			connection, err := net.Dial("tcp", address)
			if err == nil {
				_ = connection.Close()
			}
			return err == nil
		})
	}
	require.Len(e.t, running, count)
	return running
}

// session asks a task who answers.
func (e *env) session(task *scheduler.Task) (user, instance, answering string) {
	e.t.Helper()
	code, text := e.call(task, 8080, "GET /api/session")
	require.Equal(e.t, http.StatusOK, code, text)
	var said struct{ User, Instance, Task string }
	require.NoError(e.t, json.Unmarshal([]byte(text), &said))
	return said.User, said.Instance, said.Task
}

func TestTasksWithSupervisorsFindEachOther(t *testing.T) {
	t.Parallel()
	e := newEnv(t, supervised(t))
	tasks := e.wakeAll(3)
	user, owner, arn := e.session(tasks[0])
	assert.Equal(t, "ed", user, "as the task definition says")
	hosts := map[string]bool{}
	for i, task := range tasks {
		host, port, err := net.SplitHostPort(e.address(task, 8080))
		require.NoError(t, err)
		assert.Equal(t, "8080", port, "its ports are the container's")
		hosts[host] = true
		_, instance, answering := e.session(task)
		assert.Equal(t, owner, instance, "one task answers, whichever is asked")
		assert.Equal(t, arn, answering)
		code, text := e.call(task, 8080, "POST /api/edits")
		require.Equal(t, http.StatusOK, code, text)
		assert.EqualValues(t, i+1, e.status(tasks[(i+1)%len(tasks)])["edits"], "an edit by one task is seen by the next")
		code, page := e.call(task, 4321, "GET /preview/")
		assert.Equal(t, http.StatusOK, code)
		assert.Contains(t, page, "This is the demo")
		_, response, err := e.dial(task, "/ws/echo") // as a page of www.ameliastamps.com
		require.Error(t, err)
		assert.Equal(t, http.StatusForbidden, response.StatusCode, "a page of a host that the image's file does not name")
	}
	assert.Len(t, hosts, len(tasks), "each has an address of its own")
	var known bool
	for _, task := range tasks {
		known = known || task.ARN == arn
	}
	assert.True(t, known, "a supervisor knows its task's ARN from the metadata: %s", arn)
	assert.EqualValues(t, 1, e.status(tasks[0])["starts"], "the other two have started nothing")
}

// TestTheClockOfASupervisor lets minutes run fast, by a variable that no task definition has.
func TestTheClockOfASupervisor(t *testing.T) {
	t.Parallel()
	e := newEnv(t, supervised(t, fast, func(o *container.Options) { o.Env = map[string]string{"DEMO_PREPARE": "8m"} }))
	task := e.wakeAll(1)[0]
	have := map[string]string{}
	for _, variable := range e.environment(task) {
		name, value, _ := strings.Cut(variable, "=")
		have[name] = value
	}
	assert.Equal(t, "600", have["LIVE_EDIT_SPEED"])
	assert.Equal(t, e.workspace, have["WORKSPACE_PATH"])
	assert.Empty(t, have["DEMO_END_WITH_STDIN"])
	definition, ok := e.store.Get("aws:ecs/taskDefinition:TaskDefinition", "edit:1")
	require.True(t, ok)
	assert.NotContains(t, definition.State["containerDefinitions"].StringValue(), "LIVE_EDIT_")

	code, text := e.callAs(task, "application/vnd.webordinary.wake+json", "GET /preview/")
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, text, `"state":"waking","stage":"preparing"`)
	e.until("prepared in less than a second", func() bool {
		code, _ := e.call(task, 4321, "GET /preview/")
		return code == http.StatusOK
	})
	e.until("protected", func() bool { return e.protected(task) })
	e.until("released", func() bool { return !e.protected(task) })
	code, text = e.call(task, 8080, "PUT /api/session/four?job=30m")
	require.Equal(t, http.StatusOK, code, text)
	e.until("protected", func() bool { return e.protected(task) })
	began := time.Now()
	e.until("released", func() bool { return !e.protected(task) })
	assert.Greater(t, time.Since(began), 30*time.Minute/600-500*time.Millisecond, "a job that sends no byte holds the task as long as it has said")
}

// callAs is call with what is accepted.
func (e *env) callAs(task *scheduler.Task, accept, order string) (int, string) {
	e.t.Helper()
	method, path, _ := strings.Cut(order, " ")
	request, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.address(task, 4321)+path, nil)
	require.NoError(e.t, err)
	request.Header.Set("Accept", accept)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	return response.StatusCode, string(text)
}

// TestASupervisorGoesInPeace has the next task find the session given back, and its files.
func TestASupervisorGoesInPeace(t *testing.T) {
	t.Parallel()
	e := newEnv(t, supervised(t))
	first := e.wakeAll(1)[0]
	code, text := e.call(first, 8080, "POST /api/edits")
	require.Equal(t, http.StatusOK, code, text)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, "ws://"+e.address(first, 4322)+"/ws/hmr", nil)
	require.NoError(t, err)
	defer func() { _ = socket.CloseNow() }()
	awstest.SetDesired(e.store, 0)
	e.step(time.Second)
	e.step(40 * time.Second)
	e.until("gone", func() bool {
		return strings.Contains(strings.Join(e.processes.Log(first.ARN), "\n"), "[exit status 0]")
	})
	assert.Contains(t, strings.Join(e.processes.Log(first.ARN), "\n"), "handed back")
	second := e.wakeAll(1)[0]
	began := time.Now()
	status := e.status(second)
	assert.Less(t, time.Since(began), 5*time.Second, "nobody waits for a lease that was given back")
	assert.EqualValues(t, 1, status["edits"])
	assert.EqualValues(t, 2, status["starts"])
}
