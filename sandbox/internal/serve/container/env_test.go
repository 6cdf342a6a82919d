package container_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// binary builds the demo, once for all tests of the package. It reads the sources, too: files that a test reads are what
// go test's cached results depend on, and what a test has built by others is not.
var binary = sync.OnceValues(func() (string, error) { return build(container.Package) })

// supervisor builds the one that stands in front of it.
var supervisor = sync.OnceValues(func() (string, error) { return build(container.SupervisorPackage) })

func build(pkg string) (string, error) {
	module, err := runner.ModuleDir()
	if err != nil {
		return "", err
	}
	err = filepath.WalkDir(filepath.Join(module, pkg), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		return "", err
	}
	return runner.NewBuilder(module, builds).Build(context.Background(), pkg)
}

// builds is the folder of the built binary, removed when all tests have ended.
var builds string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if builds, err = os.MkdirTemp("", "container-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(builds) }()
	return m.Run()
}

// patience is how long a test waits for a process to do what it has to: much longer than it takes.
const patience = 30 * time.Second

var epoch = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// env is a stack under a scheduler whose containers are processes. The scheduler's clock moves by step only.
type env struct {
	t         *testing.T
	store     *view.Memory
	scheduler *scheduler.Scheduler
	processes *container.Processes
	workspace string

	mu  sync.Mutex
	now time.Time
}

func newEnv(t *testing.T, change func(*container.Options)) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}, workspace: t.TempDir(), now: epoch}
	awstest.Deploy(e.store)
	awstest.SetPolicy(e.store, awstest.TaskRole, "ecs:* "+awstest.Prefix+":task/edit-cluster/*")
	e.define(nil)
	accessPoint, _ := e.store.Get("aws:efs/accessPoint:AccessPoint", awstest.AccessPoint)
	demo, err := binary()
	require.NoError(t, err)
	options := container.Options{
		Store: e.store, Binary: demo, Mounts: map[string]string{accessPoint.State["arn"].StringValue(): e.workspace},
		Protect:    func(task string, until time.Time) error { return e.scheduler.Protect(task, until) },
		Authorizer: authz.New(e.store), Now: e.clock,
	}
	if change != nil {
		change(&options)
	}
	e.processes, err = container.New(options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.processes.Close()) })
	e.scheduler = scheduler.New(e.store, scheduler.Options{Containers: e.processes})
	return e
}

// define gives the stack's task definition the container that the program deploys, with some properties of its own.
func (e *env) define(change map[string]any) {
	definition := map[string]any{
		"name": "app", "image": view.AccountID + ".dkr.ecr.us-west-2.amazonaws.com/" + awstest.Repository + ":v1", "essential": true,
		"environment": []map[string]any{
			{"name": "WORKSPACE_PATH", "value": "/workspace"},
			{"name": "WORKSPACE_LIST", "value": "/workspaces"},
			{"name": "WORKSPACE_BELOW", "value": "/workspace/below"},
			{"name": "CLIENT_ID", "value": "amelia"},
			{"name": "USER_ID", "value": "ed"},
		},
		"secrets":     []map[string]any{{"name": "GITHUB_TOKEN", "valueFrom": awstest.SecretARN}},
		"mountPoints": []map[string]any{{"sourceVolume": "workspace", "containerPath": "/workspace"}},
		"stopTimeout": 60,
	}
	for key, value := range change {
		definition[key] = value
	}
	text, err := json.Marshal([]any{definition})
	require.NoError(e.t, err)
	awstest.Set(e.store, "aws:ecs/taskDefinition:TaskDefinition", "edit:1", "containerDefinitions", string(text))
}

func (e *env) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// step lets the scheduler's time run.
func (e *env) step(d time.Duration) {
	e.mu.Lock()
	e.now = e.now.Add(d)
	now := e.now
	e.mu.Unlock()
	require.NoError(e.t, e.scheduler.Step(now))
}

// wake starts the service and waits until its task is healthy.
func (e *env) wake() *scheduler.Task {
	e.t.Helper()
	e.step(0)
	awstest.SetDesired(e.store, 1)
	e.step(39 * time.Second)
	task := e.task(scheduler.Running)
	// The scheduler's time stands still while the process boots: checks that fail would end the task.
	e.until("booted", func() bool {
		if _, ok := e.processes.Address(task.ARN, 8080); !ok {
			return false
		}
		status, _ := e.call(task, 8080, "GET /health")
		return status == http.StatusOK
	})
	e.step(20 * time.Second)
	require.Equal(e.t, 3, e.healthy())
	return task
}

// task gives the youngest task, which has to be in that state.
func (e *env) task(status string) *scheduler.Task {
	e.t.Helper()
	tasks, err := scheduler.Tasks(e.store)
	require.NoError(e.t, err)
	require.NotEmpty(e.t, tasks)
	task := tasks[len(tasks)-1]
	require.Equal(e.t, status, task.LastStatus, task.StoppedReason)
	return task
}

func (e *env) healthy() (count int) {
	targets, err := elb.Targets(e.store)
	require.NoError(e.t, err)
	for _, target := range targets {
		if target.State == elb.TargetHealthy {
			count++
		}
	}
	return count
}

func (e *env) until(what string, done func() bool) {
	e.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			e.t.Fatalf("not %s within %s; logs: %v", what, patience, e.logs())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// environment gives the variables of a task's process. Start returns when the kernel closes the files of the old program, which is
// before it notes where the environment of the new one is: for a moment there is none to read.
func (e *env) environment(task *scheduler.Task) []string {
	e.t.Helper()
	var data []byte
	e.until("started", func() bool {
		var err error
		data, err = os.ReadFile(container.EnvironFile(e.processes, task.ARN))
		require.NoError(e.t, err)
		return len(data) > 0
	})
	return strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
}

func (e *env) logs() (out [][]string) {
	tasks, err := scheduler.Tasks(e.store)
	require.NoError(e.t, err)
	for _, task := range tasks {
		out = append(out, e.processes.Log(task.ARN))
	}
	return out
}

func (e *env) untilLog(task *scheduler.Task, line string) {
	e.t.Helper()
	e.until("logged: "+line, func() bool {
		for _, have := range e.processes.Log(task.ARN) {
			if have == line {
				return true
			}
		}
		return false
	})
}

func (e *env) address(task *scheduler.Task, port int) string {
	e.t.Helper()
	address, ok := e.processes.Address(task.ARN, port)
	require.True(e.t, ok, "port %d", port)
	return address
}

// call makes a request to a port of the task's container.
func (e *env) call(task *scheduler.Task, port int, order string, body ...byte) (int, string) {
	e.t.Helper()
	var method, path string
	_, err := fmt.Sscan(order, &method, &path)
	require.NoError(e.t, err)
	request, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.address(task, port)+path, bytes.NewReader(body))
	require.NoError(e.t, err)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	return response.StatusCode, string(text)
}

// status reads what the process says of itself.
func (e *env) status(task *scheduler.Task) map[string]any {
	e.t.Helper()
	code, text := e.call(task, 8080, "GET /api/status")
	require.Equal(e.t, http.StatusOK, code, text)
	var out map[string]any
	require.NoError(e.t, json.Unmarshal([]byte(text), &out))
	return out
}

func (e *env) protected(task *scheduler.Task) bool {
	tasks, err := scheduler.Tasks(e.store)
	require.NoError(e.t, err)
	for _, have := range tasks {
		if have.ARN == task.ARN {
			return have.Protected(e.clock())
		}
	}
	return false
}

func (e *env) file(name string) string { return filepath.Join(e.workspace, "amelia", "ed", name) }
