package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

const wakeType = "application/vnd.webordinary.wake+json"

// shell is a step of the preparation that a shell runs.
func shell(name, script string) config.Step {
	return config.Step{Name: name, Program: config.Program{Command: []string{"sh", "-ec", script}}, Minutes: 60}
}

// status asks as the waiting page does.
func (s *supervisor) status(user string) (contentType string, out map[string]any) {
	s.t.Helper()
	a := s.do(ask{path: "/preview/", user: user, header: http.Header{"Accept": {wakeType}}})
	_ = json.Unmarshal([]byte(a.body), &out) // the site's own page is no JSON
	return a.header.Get("Content-Type"), out
}

// TestFirstBoot clones and installs for eight minutes of the service's time: whoever waits sees how far it is, and nobody is refused.
func TestFirstBoot(t *testing.T) {
	t.Parallel()
	s := newService(t, func(f *config.File) {
		f.Prepare = []config.Step{
			shell("Fetching the site <1>", `sleep 2; echo cloned > site`), // two minutes
			shell("Installing what it needs", `test -s site; sleep 6; touch installed`),
		}
		f.Prepare[0].Unless, f.Prepare[1].Unless = "{workspace}/site", "{workspace}/installed"
	})
	const speed = "LIVE_EDIT_SPEED=60"
	task := s.start(speed)
	began := time.Now()
	held := make(chan answer, 1)
	go func() { held <- task.do(ask{path: "/api/who"}) }()
	var steps []string
	var looks, protected int
	task.waitFor(func() bool {
		require.Equal(t, http.StatusOK, task.do(ask{path: "/health"}).status, "health is that the task listens")
		kind, status := task.status("")
		if kind != wakeType {
			return true
		}
		if detail, _ := status["detail"].(string); detail != "" && (len(steps) == 0 || steps[len(steps)-1] != detail) {
			steps = append(steps, detail)
			asked := task.do(ask{path: "/api/check/status", header: http.Header{"Accept": {wakeType}}})
			assert.Equal(t, wakeType, asked.header.Get("Content-Type"), "the status is told at the supervisor's own paths, too")
			page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
			require.Equal(t, http.StatusServiceUnavailable, page.status)
			assert.Contains(t, page.header.Get("Content-Type"), "text/html")
			assert.Regexp(t, `<p id="detail"[^>]*>(Fetching the site &lt;1&gt;|Installing what it needs)</p>`, page.body) // 2 s later
			assert.NotEmpty(t, page.header.Get("Retry-After"))
		}
		if state := status["state"]; state == "waking" {
			assert.Equal(t, "preparing", status["stage"])
		}
		looks++
		if order, _ := s.agent.last(task.address); order.on {
			protected++
		}
		return false
	}, "the site answers")
	assert.GreaterOrEqual(t, time.Since(began), 7*time.Second)
	assert.Greater(t, protected, looks/2, "a task that prepares is protected: where a minute is a second, it may be late for some of the %d looks", looks)
	assert.Equal(t, []string{"Fetching the site <1>", "Installing what it needs"}, steps)
	a := <-held
	assert.Equal(t, http.StatusOK, a.status, "a call that came first was held: %s", a.body)
	assert.Contains(t, task.output(), `"msg":"woken"`)
	page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
	assert.Equal(t, http.StatusOK, page.status)
	task.terminate()

	again := s.start(speed) // a workspace that is prepared is not prepared again
	again.ready("")
	assert.NotContains(t, again.output(), `"msg":"prepared"`)
}

// TestCallsAreHeldAndThenRefused prepares for longer than a call is held.
func TestCallsAreHeldAndThenRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, func(f *config.File) { f.Prepare = []config.Step{shell("Waiting", "sleep 300")} })
	task := s.start()
	got := task.do(ask{method: http.MethodPost, path: "/api/edit", body: "x"})
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	assert.Contains(t, got.json(t)["error"], "not ready")
	assert.GreaterOrEqual(t, got.took, 24*time.Second)
	assert.Less(t, task.terminate(), promptly, "a step is no reason to stay")
	assert.Contains(t, task.output(), "handed back")
}

// TestPreparationThatFails is said to whoever waits, and tried again.
func TestPreparationThatFails(t *testing.T) {
	t.Parallel()
	s := newService(t, func(f *config.File) {
		f.Prepare = []config.Step{shell("Fetching the site", `echo "fatal: could not read from <remote>"; test -e allowed`)}
	})
	task := s.start("LIVE_EDIT_SPEED=60")
	var failing map[string]any
	task.waitFor(func() bool {
		_, status := task.status("")
		failing = status
		return status["state"] == "failing"
	}, "it says that it fails")
	fault := failing["error"].(map[string]any)
	assert.Equal(t, "exit", fault["class"])
	assert.Contains(t, fault["message"], "Fetching the site")
	assert.Equal(t, http.StatusOK, task.do(ask{path: "/health"}).status)
	assert.Contains(t, task.output(), "could not read from <remote>", "what the step has said is in the log")
	require.NoError(t, os.WriteFile(filepath.Join(s.directory("ada"), "allowed"), nil, 0o600))
	task.ready("")
}
