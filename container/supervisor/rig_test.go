package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/process"
)

// TestMain makes this binary the supervisor, its shim, or the program behind it, so that the tests run real processes of the code they test.
func TestMain(m *testing.M) {
	process.Shim()
	roles := map[string]func() error{
		"as-supervisor": func() error { return run(os.Args[2:], os.Stdout) },
		"as-app":        func() error { return runApp(os.Args[2:]) },
		"as-parent":     runParent,
		"as-mount":      func() error { return runMount(os.Args[2:]) },
	}
	if do := roles[slices.Concat(os.Args, []string{""})[1]]; do != nil {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil { // these tests wait for leases and minutes, not for a processor
		panic(err)
	}
	os.Exit(m.Run())
}

// service is the tasks of one client over one file system.
type service struct {
	t         testing.TB
	workspace string
	file      string
	agent     *agent
}

const client = "acme"

func newService(t testing.TB, change ...func(*config.File)) *service {
	t.Helper()
	s := &service{t: t, workspace: t.TempDir(), agent: newAgent(t)}
	self, err := os.Executable()
	require.NoError(t, err)
	program := func(role string, more ...string) config.Server {
		return config.Server{Program: config.Program{Command: append([]string{self, "as-app", "-role", role, "-listen", "{host}:{port}"}, more...)}}
	}
	file := &config.File{Preview: program("preview", "-sockets", "{host}:{hmrPort}"), StopSeconds: 2}
	api := program("api")
	file.API = &api
	for _, c := range change {
		c(file)
	}
	s.file = filepath.Join(t.TempDir(), "live-edit.json")
	require.NoError(t, os.WriteFile(s.file, []byte(file.String()), 0o600))
	return s
}

// directory is a user's workspace.
func (s *service) directory(user string) string {
	directory := filepath.Join(s.workspace, client, user)
	require.NoError(s.t, os.MkdirAll(directory, 0o750))
	return directory
}

// fault has a session's process misbehave from its next start on.
func (s *service) fault(user, role, fault string) {
	require.NoError(s.t, os.WriteFile(filepath.Join(s.directory(user), "fault-"+role), []byte(fault), 0o600))
}

// addresses are loopback addresses that no other test of this machine uses.
var addresses atomic.Int64

func nextAddress() string {
	n := addresses.Add(1)
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 10+pid%200, 1+(pid/200)%250, n)
}

// supervisor is one task.
type supervisor struct {
	t       testing.TB
	address string
	command *exec.Cmd
	exited  chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

func (s *supervisor) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *supervisor) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// start starts a task; its environment can be added to.
func (s *service) start(environment ...string) *supervisor {
	s.t.Helper()
	return s.startAs([]string{mustSelf(s.t), "as-supervisor"}, environment...)
}

func mustSelf(t testing.TB) string {
	self, err := os.Executable()
	require.NoError(t, err)
	return self
}

func (s *service) startAs(command []string, environment ...string) *supervisor {
	s.t.Helper()
	task := &supervisor{t: s.t, address: nextAddress(), exited: make(chan struct{})}
	task.command = exec.Command(command[0], command[1:]...)
	task.command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "WORKSPACE_PATH=" + s.workspace, "CLIENT_ID=" + client, "USER_ID=ada", "LIVE_EDIT_CONFIG=" + s.file,
		"LIVE_EDIT_LISTEN=" + task.address, "ECS_AGENT_URI=" + s.agent.uri(task.address), "ANTHROPIC_API_KEY=key",
	}, environment...)
	task.command.Stdout, task.command.Stderr = task, task
	task.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(s.t, starter().Start(task.command))
	go func() {
		defer close(task.exited)
		_ = task.command.Wait()
	}()
	s.t.Cleanup(func() {
		task.kill()
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%.6000s", task.address, task.output())
		}
	})
	for _, port := range []int{config.APIPort, config.PreviewPort, config.SocketPort, config.PeerPort} {
		task.waitFor(func() bool {
			connection, err := net.Dial("tcp", net.JoinHostPort(task.address, strconv.Itoa(port)))
			if err == nil {
				_ = connection.Close()
			}
			return err == nil
		}, fmt.Sprintf("it listens on port %d", port))
	}
	return task
}

// starter starts all tasks; it ends with the tests.
var starter = sync.OnceValue(process.NewStarter)

func (s *supervisor) kill() {
	_ = s.command.Process.Kill()
	<-s.exited
}

// terminate is SIGTERM, and the wait for the end.
func (s *supervisor) terminate() time.Duration {
	began := time.Now()
	_ = s.command.Process.Signal(syscall.SIGTERM)
	const ecs = time.Minute // what a task has in the stack
	select {
	case <-s.exited:
	case <-time.After(ecs):
		s.kill()
		s.t.Errorf("%s has not ended a minute after SIGTERM", s.address)
	}
	return time.Since(began)
}

// patience ends a wait for what may take as long as a busy machine needs. promptly is much less than the minute that ECS gives a task to end.
const patience, promptly = 2 * time.Minute, 30 * time.Second

// waitFor waits until something is true that takes as long as the machine needs; what has to be quick is measured.
func (s *supervisor) waitFor(is func() bool, what string) time.Duration {
	s.t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > patience {
			s.t.Fatalf("%s has not come true in %s: %s\n%.8000s", s.address, patience, what, s.output())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

// waitLog waits for a text in the log.
func (s *supervisor) waitLog(text string) {
	s.t.Helper()
	s.waitFor(func() bool { return strings.Contains(s.output(), text) }, "it logs "+text)
}

var httpClient = &http.Client{
	Timeout: 60 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 50, IdleConnTimeout: time.Second, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask is a request of a user's.
type ask struct {
	method, path, user, body string
	port                     int
	header                   http.Header
}

type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
}

func (a answer) json(t testing.TB) (out map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), &out), "%d %s", a.status, a.body)
	return out
}

// previewPID is the process that the preview's page says it comes from; empty for a page that is nobody's.
func (a answer) previewPID() string { return between(a.body, "<p id=pid>", "<") }

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

func (s *supervisor) request(a ask) *http.Request {
	port := config.APIPort
	if strings.HasPrefix(a.path, "/preview") {
		port = config.PreviewPort
	}
	if a.port != 0 {
		port = a.port
	}
	if a.method == "" {
		a.method = http.MethodGet
	}
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	r, err := http.NewRequest(a.method, fmt.Sprintf("http://%s:%d%s", s.address, port, a.path), body)
	require.NoError(s.t, err)
	r.URL.Opaque, _, _ = strings.Cut(a.path, "?") // byte for byte
	for name, values := range a.header {
		r.Header[name] = values
		if name == "Host" {
			r.Host = values[0]
		}
	}
	if a.user != "" {
		r.AddCookie(&http.Cookie{Name: "live-edit-user", Value: a.user})
	}
	return r
}

func (s *supervisor) try(a ask) (answer, error) {
	began := time.Now()
	response, err := httpClient.Do(s.request(a))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), time.Since(began)}, err
}

func (s *supervisor) do(a ask) answer {
	s.t.Helper()
	out, err := s.try(a)
	require.NoError(s.t, err)
	return out
}

// who asks which process answers a user.
func (s *supervisor) who(user string) (name string, pid int) {
	s.t.Helper()
	a := s.do(ask{path: "/api/who", user: user})
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	out := a.json(s.t)
	return out["user"].(string), int(out["pid"].(float64))
}

// owner asks which task owns a user's session.
func (s *supervisor) owner(user string) string {
	s.t.Helper()
	a := s.do(ask{path: "/api/session", user: user})
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	return a.json(s.t)["instance"].(string)
}

// instance is the name of this life of the task, from its log.
func (s *supervisor) instance() string {
	s.t.Helper()
	s.waitLog(`"msg":"booted"`)
	for line := range strings.SplitSeq(s.output(), "\n") {
		var entry struct{ Msg, Instance string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "booted" {
			return entry.Instance
		}
	}
	return ""
}

// dial opens a socket.
func (s *supervisor) dial(ctx context.Context, user, path string, port int, protocol ...string) (*websocket.Conn, error) {
	header := http.Header{}
	if user != "" {
		header.Set("Cookie", "live-edit-user="+user)
	}
	connection, _, err := websocket.Dial(ctx, fmt.Sprintf("ws://%s:%d%s", s.address, port, path),
		&websocket.DialOptions{HTTPHeader: header, Subprotocols: protocol})
	return connection, err
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
