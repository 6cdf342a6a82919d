package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
)

// TestProcessesThatMisbehave leave the other sessions of their task undisturbed.
func TestProcessesThatMisbehave(t *testing.T) {
	t.Parallel()
	s := newService(t)
	task := s.start()
	pid := task.ready("")
	faults := map[string]string{"dies": "die", "prints": "print", "deaf": "deaf-to-sigterm", "never": "ignore-sigterm", "wrong": "wrong-port"}
	for user, fault := range faults {
		s.fault(user, "preview", fault)
		_, _ = task.try(ask{path: "/preview/", user: user, header: http.Header{"Accept": {"text/html"}}})
	}
	for _, user := range []string{"prints", "deaf"} {
		task.ready(user)
	}
	task.waitFor(func() bool { _, status := task.status("dies"); return status["state"] == "failing" }, "it fails")
	_, status := task.status("dies")
	assert.Contains(t, status["error"].(map[string]any)["message"], "preview does not start: exit status 1")
	_, status = task.status("wrong")
	assert.Equal(t, "waking", status["state"], "it may yet answer")
	name, _ := task.who("dies")
	assert.Equal(t, "dies", name, "the API of a session whose preview fails answers")
	for range 50 {
		_, same := task.who("")
		require.Equal(t, pid, same)
	}
	task.waitLog("lines left out")
	printed := strings.Count(task.output(), `"session":"prints"`)
	assert.Less(t, printed, 5000, "what prints without end is cut")
	written := task.output()
	written = written[:strings.LastIndex(written, "\n")] // it goes on: the last line may be under way
	for line := range strings.SplitSeq(written, "\n") {
		require.True(t, json.Valid([]byte(line)), "%.300s", line)
		require.Less(t, len(line), 10000)
	}
	assert.Less(t, task.terminate(), promptly, "SIGKILL follows SIGTERM")
}

// TestSocketsThatNobodyServes are a dev server's that found their port taken: it is started again, each time that it happens. If that does not
// help, pages are served without.
func TestSocketsThatNobodyServes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.fault("ada", "preview", "no-sockets-once")
	s.fault("bob", "preview", "no-sockets")
	task := s.start()
	pid := func(user string) string {
		return task.do(ask{path: "/preview/", user: user, header: http.Header{"Accept": {"text/html"}}}).previewPID()
	}
	require.Empty(t, pid("ada"), "it answers without its sockets")
	require.Empty(t, pid("bob"))
	hasSockets := func(before string) (now string) {
		task.waitFor(func() bool { now = pid("ada"); return now != "" && now != before }, "another process answers")
		connection, err := task.dial(t.Context(), "ada", "/ws/hmr", config.SocketPort, "vite-hmr")
		require.NoError(t, err)
		_ = connection.CloseNow()
		return now
	}
	before := hasSockets("")
	s.fault("ada", "preview", "no-sockets-once")
	require.NoError(t, syscall.Kill(number(t, before), syscall.SIGKILL))
	hasSockets(before)
	task.waitLog("pages will not change by themselves")
	require.NotEmpty(t, pid("bob"))
}

func TestPreviewThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	task := s.start()
	task.ready("")
	pid := func() string { return task.do(ask{path: "/preview/"}).previewPID() }
	before := pid()
	require.NoError(t, syscall.Kill(number(t, before), syscall.SIGKILL))
	task.waitFor(func() bool { now := pid(); return now != "" && now != before }, "another process answers")
	assert.Contains(t, task.output(), "a process of the session ended")
}

// TestWorkspaceThatIsMissing keeps a task from serving, but not from listening and saying why.
func TestWorkspaceThatIsMissing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	away := s.workspace + "-away"
	require.NoError(t, os.Rename(s.workspace, away))
	task := s.start()
	assert.Equal(t, http.StatusOK, task.do(ask{path: "/health"}).status)
	page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
	assert.Equal(t, http.StatusServiceUnavailable, page.status)
	_, status := task.status("")
	assert.Equal(t, "waking", status["state"])
	task.waitLog("the workspaces can't be opened")
	require.NoError(t, os.Rename(away, s.workspace))
	task.ready("")
}

// TestStrangeLeases are respected while they move, and taken over when they stand still.
func TestStrangeLeases(t *testing.T) {
	t.Parallel()
	record := func(r lease.Record) string {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		return string(text) + strings.Repeat(" ", 1023-len(text)) + "\n"
	}
	for name, files := range map[string]map[string]string{
		"garbage":            {"ada.000000000001": "\x00\xff garbage", "ada.current": "garbage"},
		"empty":              {"ada.000000000001": "", "ada.current": ""},
		"of a later version": {"ada.000000000007": record(lease.Record{Version: 9, Epoch: 7, Counter: 1 << 60, Address: "127.0.0.1:1"}), "ada.current": "00000000000000000007\n"},
		"of a wrong address": {"ada.000000000001": record(lease.Record{Version: 1, Epoch: 1, Address: "../../etc/passwd"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			directory := filepath.Join(s.workspace, client, ".live-edit", "leases")
			require.NoError(t, os.MkdirAll(directory, 0o750))
			for file, content := range files {
				require.NoError(t, os.WriteFile(filepath.Join(directory, file), []byte(content), 0o600))
			}
			task := s.start()
			a := task.do(ask{path: "/api/who"})
			assert.Equal(t, http.StatusOK, a.status, a.body)
			assert.Less(t, a.took, 20*time.Second)
			name, _ := task.who("bob")
			assert.Equal(t, "bob", name)
		})
	}
}

// TestStrangePeers own a session, keep its lease moving, and answer in their own way.
func TestStrangePeers(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]struct {
		answer  http.HandlerFunc
		version int
		status  int
		text    string
	}{
		"one of a later version": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Live-Edit-Version", "9")
			w.Header().Set("Live-Edit-Unknown", "x")
			_, _ = fmt.Fprintf(w, "answered by version 9 for %s, asked by version %s", r.Header.Get("Live-Edit-User"), r.Header.Get("Live-Edit-Version"))
		}, 9, http.StatusOK, "answered by version 9 for ada, asked by version 1"},
		"one that is something else": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "secret of another service")
		}, 1, http.StatusServiceUnavailable, "does not answer"},
		"one that becomes something else": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Live-Edit-Ask") != "" {
				w.Header().Set("Live-Edit-Version", "1")
				return
			}
			_, _ = fmt.Fprint(w, "secret of another service")
		}, 1, http.StatusServiceUnavailable, "does not answer"},
		"one that breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1, http.StatusServiceUnavailable, "does not answer"},
		"one that owns nothing": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Live-Edit-Version", "1")
			w.Header().Set("Live-Edit-Not-Owner", "")
			w.WriteHeader(http.StatusMisdirectedRequest)
		}, 1, http.StatusServiceUnavailable, "does not own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			address := net.JoinHostPort(nextAddress(), strconv.Itoa(config.PeerPort))
			listener, err := net.Listen("tcp", address)
			require.NoError(t, err)
			server := &http.Server{Handler: each.answer, ReadHeaderTimeout: time.Second}
			go func() { _ = server.Serve(listener) }()
			t.Cleanup(func() { _ = server.Close() })
			moveLease(t, s, lease.Record{Version: each.version, Epoch: 1, Instance: "stranger", Task: "stranger", Address: address})
			task := s.start()
			bob, _ := task.who("bob")
			assert.Equal(t, "bob", bob)
			a := task.do(ask{path: "/api/who", user: "ada"})
			assert.Equal(t, each.status, a.status, a.body)
			assert.Contains(t, a.body, each.text)
			assert.NotContains(t, a.body, "secret")
			assert.Empty(t, a.header.Get("Live-Edit-Unknown"))
		})
	}
}

// moveLease keeps a lease of ada's moving until the test ends or it is released.
func moveLease(t *testing.T, s *service, record lease.Record) (release func()) {
	t.Helper()
	dir, err := lease.OpenDir(filepath.Join(s.workspace, client, ".live-edit", "leases"))
	require.NoError(t, err)
	write := func() {
		record.Counter++
		text, err := json.Marshal(record)
		require.NoError(t, err)
		require.NoError(t, dir.Rewrite("ada.000000000001", append(text, strings.Repeat(" ", 1023-len(text))+"\n"...)))
	}
	write()
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			time.Sleep(100 * time.Millisecond)
			write()
		}
	}()
	t.Cleanup(func() {
		stop.Store(true)
		<-done
		_ = dir.Close()
	})
	return func() {
		stop.Store(true)
		<-done
		record.Released = true
		write()
	}
}

// TestTheLastWordOfATaskThatGoes is that it has not acted on an edit, which it says after it has given the session back and answers nobody else
// any more: the edit is made by the next task, and not given up.
func TestTheLastWordOfATaskThatGoes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	address := net.JoinHostPort(nextAddress(), strconv.Itoa(config.PeerPort))
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	var release func()
	var passed atomic.Bool
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Live-Edit-Version", "1")
		switch {
		case r.Header.Get("Live-Edit-Ask") == "" && !passed.Swap(true):
			release()
			_ = listener.Close()
			time.Sleep(3 * time.Second) // until the other task has looked twice
			w.Header().Set("Live-Edit-Not-Owner", "")
			w.WriteHeader(http.StatusMisdirectedRequest)
		case passed.Load():
			panic(http.ErrAbortHandler) // it answers no question any more
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	release = moveLease(t, s, lease.Record{Version: 1, Epoch: 1, Instance: "goes", Task: "goes", Address: address})
	task := s.start("USER_ID=bob")
	a := task.do(ask{method: http.MethodPost, path: "/api/edit", user: "ada", body: "edit"})
	assert.Equal(t, http.StatusOK, a.status, a.body)
	assert.True(t, passed.Load(), "the task that goes was asked first")
	written, err := os.ReadFile(filepath.Join(s.directory("ada"), "edits"))
	require.NoError(t, err)
	assert.Equal(t, "edit by ada\n", string(written))
}
