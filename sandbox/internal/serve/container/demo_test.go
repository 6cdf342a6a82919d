package container_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// withFault starts containers with faults, in a time that runs fast.
func withFault(faults string) func(*container.Options) {
	return func(o *container.Options) { o.Env = map[string]string{"DEMO_FAULT": faults} }
}

func fast(o *container.Options) { o.Speed = 600 }

func (e *env) dial(task *scheduler.Task, path string) (*websocket.Conn, *http.Response, error) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	e.t.Cleanup(cancel)
	connection, response, err := websocket.Dial(ctx, "ws://"+e.address(task, 4322)+path, &websocket.DialOptions{
		Subprotocols: []string{"vite-hmr"}, HTTPHeader: http.Header{"Origin": {"https://www.ameliastamps.com"}},
	})
	if err == nil {
		e.t.Cleanup(func() { _ = connection.CloseNow() })
	}
	return connection, response, err
}

func TestCheckEndpoint(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	long := strings.Repeat("n", 64)
	for _, c := range []struct {
		order  string
		body   string
		status int
		answer string
	}{
		{"GET /api/check/a", "", 404, "there is no check a"},
		{"DELETE /api/check/a", "", 404, "there is no check a"},
		{"PUT /api/check/a", "one", 204, ""},
		{"GET /api/check/a", "", 200, "one"},
		{"PUT /api/check/a", strings.Repeat("x", 1024), 204, ""},
		{"GET /api/check/a", "", 200, strings.Repeat("x", 1024)},
		{"PUT /api/check/a", strings.Repeat("y", 1025), 413, "1 KB"},
		{"GET /api/check/a", "", 200, strings.Repeat("x", 1024)},
		{"PUT /api/check/" + long, "", 204, ""},
		{"PUT /api/check/" + long + "n", "", 400, "1 to 64"},
		{"PUT /api/check/a.b", "", 400, "1 to 64"},
		{"PUT /api/check/..%2fa", "", 400, "1 to 64"},
		{"GET /api/check/..%2f.demo-session.json", "", 400, "1 to 64"},
		{"POST /api/check/a", "", 404, "there is no /api/check/a"},
		{"DELETE /api/check/a", "", 204, ""},
		{"GET /api/check/a", "", 404, ""},
	} {
		status, answer := e.call(task, 8080, c.order, []byte(c.body)...)
		assert.Equal(t, c.status, status, c.order)
		assert.Contains(t, answer, c.answer, c.order)
	}
	entries, err := os.ReadDir(e.file(".check"))
	require.NoError(t, err)
	require.Len(t, entries, 1, "the file is where the contract says")
	assert.Equal(t, long, entries[0].Name())
}

func TestSocketEchoes(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	for _, path := range []string{"/ws/echo", "/ws/hmr"} {
		echo, _, err := e.dial(task, path)
		require.NoError(t, err)
		require.NoError(t, echo.Write(t.Context(), websocket.MessageBinary, []byte("hello")))
		text, kind := []byte(nil), websocket.MessageText
		for kind != websocket.MessageBinary { // what the page is told is text
			kind, text, err = echo.Read(t.Context())
			require.NoError(t, err)
		}
		assert.Equal(t, "hello", string(text))
	}
	assert.Equal(t, []any{}, e.status(task)["atWork"], "only messages of sessions are signs of life")
	status, _ := e.call(task, 4322, "GET /ws/hmr")
	assert.Equal(t, http.StatusUpgradeRequired, status, "a plain request upgrades nothing")
}

func TestPagesSocketReports(t *testing.T) {
	t.Parallel()
	e := newEnv(t, fast)
	task := e.wake()
	hmr, response, err := e.dial(task, "/ws/hmr")
	require.NoError(t, err)
	assert.Equal(t, "vite-hmr", response.Header.Get("Sec-WebSocket-Protocol"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var message struct {
		Type  string
		Event string
		Data  struct{ Edits int }
	}
	require.NoError(t, wsjson.Read(ctx, hmr, &message))
	assert.Equal(t, "connected", message.Type)
	require.NoError(t, wsjson.Read(ctx, hmr, &message))
	assert.Equal(t, "demo:status", message.Event)
	e.call(task, 8080, "POST /api/edits")
	for message.Data.Edits == 0 { // a later report has it
		require.NoError(t, wsjson.Read(ctx, hmr, &message))
	}
}

// Who works keeps the task protected, and only as long.
func TestSessionProtectsItsTask(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	assert.False(t, e.protected(task), "nobody works yet")
	code, text := e.call(task, 8080, "PUT /api/session/one")
	require.Equal(t, http.StatusOK, code, text)
	e.until("protected", func() bool { return e.protected(task) })
	e.untilLog(task, "protected the task: [one] at work")
	have := e.task(scheduler.Running)
	assert.Equal(t, e.clock().Add(3*time.Minute), have.ProtectedUntil)
	e.call(task, 8080, "PUT /api/session/two")
	e.call(task, 8080, "DELETE /api/session/one")
	assert.Equal(t, []any{"two"}, e.status(task)["atWork"])
	e.call(task, 8080, "DELETE /api/session/two")
	e.until("released", func() bool { return !e.protected(task) })
	code, _ = e.call(task, 8080, "PUT /api/session/one?job=soon")
	assert.Equal(t, http.StatusBadRequest, code)
}

// A sign of life lasts a minute of the service's time, a job as long as it says; both are renewed meanwhile.
func TestProtectionFollowsTheServicesTime(t *testing.T) {
	t.Parallel()
	e := newEnv(t, fast)
	task := e.wake()
	socket, _, err := e.dial(task, "/ws/session/three")
	require.NoError(t, err)
	assert.Equal(t, []any{}, e.status(task)["atWork"], "an open socket alone is no sign of life")
	require.NoError(t, socket.Write(t.Context(), websocket.MessageText, []byte("a key")))
	e.until("protected", func() bool { return e.protected(task) })
	e.until("released", func() bool { return !e.protected(task) })
	assert.GreaterOrEqual(t, e.status(task)["uptimeSeconds"], 60.0)
	began := e.status(task)["uptimeSeconds"].(float64)
	e.call(task, 8080, "PUT /api/session/four?job=10m")
	e.until("protected", func() bool { return e.protected(task) })
	first := e.task(scheduler.Running).ProtectedUntil
	e.step(time.Minute)
	e.until("renewed", func() bool { return e.task(scheduler.Running).ProtectedUntil.After(first) })
	e.until("released", func() bool { return !e.protected(task) })
	assert.GreaterOrEqual(t, e.status(task)["uptimeSeconds"], began+600)
}

func TestEveryFault(t *testing.T) {
	t.Parallel()
	for fault, see := range map[string]func(*env, *scheduler.Task){
		"api-errors": func(e *env, task *scheduler.Task) {
			status, _ := e.call(task, 8080, "GET /api/status")
			assert.Equal(e.t, 500, status)
			status, _ = e.call(task, 8080, "PUT /api/check/a")
			assert.Equal(e.t, 204, status)
		},
		"no-check": func(e *env, task *scheduler.Task) {
			status, _ := e.call(task, 8080, "PUT /api/check/a")
			assert.Equal(e.t, 404, status)
		},
		"no-preview": func(e *env, task *scheduler.Task) {
			status, _ := e.call(task, 4321, "GET /preview/")
			assert.Equal(e.t, 404, status)
		},
		"no-sockets": func(e *env, task *scheduler.Task) {
			_, response, err := e.dial(task, "/ws/hmr")
			require.Error(e.t, err)
			assert.Equal(e.t, 404, response.StatusCode)
		},
		"drop-sockets": func(e *env, task *scheduler.Task) {
			connection, _, err := e.dial(task, "/ws/echo")
			require.NoError(e.t, err)
			_, _, err = connection.Read(e.t.Context())
			require.Error(e.t, err)
		},
		"lose-workspace": func(e *env, task *scheduler.Task) {
			status, _ := e.call(task, 8080, "PUT /api/check/a")
			assert.Equal(e.t, 204, status)
			assert.NoFileExists(e.t, e.file(".check/a"))
		},
		"never-protect": func(e *env, task *scheduler.Task) {
			e.call(task, 8080, "PUT /api/session/one")
			assert.Equal(e.t, []any{"one"}, e.status(task)["atWork"])
			e.until("a few renewals old", func() bool { return e.status(task)["uptimeSeconds"].(float64) > 300 })
			assert.True(e.t, e.task(scheduler.Running).ProtectedUntil.IsZero())
		},
		"stay-protected": func(e *env, task *scheduler.Task) {
			e.until("protected", func() bool { return e.protected(task) })
		},
		"hang": func(e *env, task *scheduler.Task) {
			for port, path := range map[int]string{8080: "/api/status", 4321: "/preview/", 4322: "/ws/hmr"} {
				ctx, cancel := context.WithTimeout(e.t.Context(), 100*time.Millisecond)
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.address(task, port)+path, nil)
				require.NoError(e.t, err)
				_, err = http.DefaultTransport.RoundTrip(request)
				require.ErrorIs(e.t, err, context.DeadlineExceeded, path)
				cancel()
			}
		},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, func(o *container.Options) {
				withFault(fault)(o)
				fast(o)
			})
			see(e, e.wake())
		})
	}
}

// Faults of the start keep the task from getting healthy.
func TestFaultsOfTheStart(t *testing.T) {
	t.Parallel()
	for fault, boot := range map[string]time.Duration{"unhealthy": 0, "slow-boot": time.Hour, "": time.Hour} {
		t.Run("fault "+fault, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, func(o *container.Options) {
				withFault(fault)(o)
				o.Boot = boot
			})
			e.step(0)
			awstest.SetDesired(e.store, 1)
			e.step(39 * time.Second)
			task := e.task(scheduler.Running)
			e.until("listening", func() bool { _, ok := e.processes.Address(task.ARN, 8080); return ok })
			status, _ := e.call(task, 8080, "GET /health")
			assert.Equal(t, http.StatusServiceUnavailable, status)
			e.step(time.Minute)
			assert.Zero(t, e.healthy())
			if boot > 0 {
				status, _ = e.call(task, 8080, "GET /api/status")
				assert.Equal(t, http.StatusServiceUnavailable, status, "nothing is served before the boot has ended")
				want := map[string]string{"": "1h0m0s", "slow-boot": "10h0m0s"}[fault]
				e.untilLog(task, "the demo of webordinary's live edit starts for client amelia, user ed; boot takes "+want)
			}
		})
	}
}

func TestDemoRefusesBadSettings(t *testing.T) {
	t.Parallel()
	e := newEnv(t, withFault("unhealthy,typo"))
	e.define(map[string]any{"environment": []map[string]any{{"name": "CLIENT_ID", "value": "amelia"}}})
	e.processes.SetEnv("DEMO_BOOT", "soon")
	e.processes.SetEnv("DEMO_SPEED", "0")
	task := scheduler.Task{ARN: "arn:task", TaskDefinitionARN: awstest.TaskDef1}
	require.NoError(t, e.processes.Start(epoch, task))
	e.untilLog(&task, "[exit status 1]")
	log := strings.Join(e.processes.Log(task.ARN), "\n")
	for _, want := range []string{`"typo"`, "WORKSPACE_PATH", "USER_ID", `DEMO_BOOT is "soon"`, `DEMO_SPEED is "0"`} {
		assert.Contains(t, log, want)
	}
	assert.NotContains(t, log, "CLIENT_ID is missing")
}

// A damaged session is said, and not overwritten.
func TestDamagedSession(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	require.NoError(t, os.MkdirAll(e.file(""), 0o750))
	require.NoError(t, os.WriteFile(e.file(".demo-session.json"), []byte("{"), 0o600))
	task := scheduler.Task{ARN: "arn:task", TaskDefinitionARN: awstest.TaskDef1}
	require.NoError(t, e.processes.Start(epoch, task))
	e.untilLog(&task, "[exit status 1]")
	assert.Contains(t, e.processes.Log(task.ARN)[0], ".demo-session.json is damaged")
	data, err := os.ReadFile(e.file(".demo-session.json"))
	require.NoError(t, err)
	assert.Equal(t, "{", string(data))
}

func TestRequestAsItArrived(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	task := e.wake()
	_, text := e.call(task, 8080, "GET /api/request?a=b%20c")
	assert.Contains(t, text, `"uri":"/api/request?a=b%20c"`)
	assert.Contains(t, text, fmt.Sprintf(`"host":%q`, e.address(task, 8080)))
	for order, status := range map[string]int{
		"GET /api/nothing": 404, "GET /preview/": 404, "GET /health": 200, "HEAD /api/status": 200,
	} {
		have, _ := e.call(task, 8080, order)
		assert.Equal(t, status, have, order)
	}
	status, _ := e.call(task, 4321, "GET /preview")
	assert.Equal(t, http.StatusFound, status)
	status, _ = e.call(task, 4321, "GET /api/status")
	assert.Equal(t, http.StatusNotFound, status)
}
