package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// TestTaskGoesInTheMiddle sends SIGTERM in the middle of an edit and of two streams: the edit is whole, the streams break off instead of
// ending, the work is saved, and the next task serves.
func TestTaskGoesInTheMiddle(t *testing.T) {
	t.Parallel()
	for fault, pause := range map[string]string{"": "1500ms", "abrupt": "500ms"} { // an abrupt process has to be left in peace for a second
		t.Run("a process that is "+fault, func(t *testing.T) {
			t.Parallel()
			taskGoes(t, fault, pause)
		})
	}
}

func taskGoes(t *testing.T, fault, pause string) {
	t.Helper()
	s := newService(t, func(f *config.File) {
		f.Save = &config.Save{Program: config.Program{Command: []string{"sh", "-ec", "cat edits > saved"}}, Seconds: 5}
	})
	s.fault("ada", "api", fault)
	owner := s.start()
	pid := owner.ready("")
	other := s.start()
	edit := make(chan answer, 1)
	go func() {
		edit <- other.do(ask{method: http.MethodPost, path: "/api/edit?pause=" + pause, body: "in the middle"})
	}()
	var streams []*http.Response
	for _, task := range []*supervisor{owner, other} {
		response, err := httpClient.Do(task.request(ask{path: "/api/stream?n=100000&pause=20ms"}))
		require.NoError(t, err)
		_, err = response.Body.Read(make([]byte, 1))
		require.NoError(t, err)
		streams = append(streams, response)
	}
	read := func(name string) string {
		content, _ := os.ReadFile(filepath.Join(s.directory("ada"), name))
		return string(content)
	}
	owner.waitFor(func() bool { return read("edits") != "" }, "the edit is under way")
	require.Equal(t, "in the middle ", read("edits"))
	took := owner.terminate()
	ended := time.Now()
	assert.Less(t, took, promptly)
	a := <-edit
	assert.Equal(t, http.StatusOK, a.status, "who edits hears that it is done: %s", a.body)
	assert.Equal(t, "in the middle by ada\n", read("edits"))
	assert.Equal(t, read("edits"), read("saved"), "saved when nobody writes any more")
	for _, stream := range streams {
		_, err := io.Copy(io.Discard, stream.Body)
		assert.Error(t, err, "an answer that is cut off does not look whole") //nolint:testifylint // both are looked at
	}
	_, next := other.who("")
	t.Logf("gone in %s, and the next task answered %s later", took, time.Since(ended))
	assert.NotEqual(t, pid, next)
	assert.Equal(t, other.instance(), other.owner(""))
	assert.NotContains(t, other.output(), "taken over", "the session was handed back, so nobody had to wait for a lease")
}

// TestNoEditIsLostWhenItsTaskGoes edits without a pause while one task after the other goes.
func TestNoEditIsLostWhenItsTaskGoes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	stays := s.start("USER_ID=bob")
	stays.ready("bob") // so that ada's session goes from one task with room to the next
	goes := s.start()
	goes.ready("")
	require.Equal(t, goes.instance(), stays.owner("ada"))
	stop := make(chan struct{})
	edited := make(chan int)
	go func() {
		n := 0
		defer func() { edited <- n }()
		for ; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
			a, err := stays.try(ask{method: http.MethodPost, path: "/api/edit", user: "ada", body: fmt.Sprintf("edit-%d", n)})
			if err != nil || a.status != http.StatusOK {
				t.Errorf("edit %d: %v %d %s", n, err, a.status, a.body)
				return
			}
		}
	}()
	for range 3 {
		next := s.start()
		next.instance()
		time.Sleep(1200 * time.Millisecond) // until the others have asked what it does, which they do once a second
		assert.Less(t, goes.terminate(), promptly)
		goes = next
	}
	goes.ready("")
	assert.Equal(t, goes.instance(), stays.owner("ada"))
	close(stop)
	n := <-edited
	written, err := os.ReadFile(filepath.Join(s.directory("ada"), "edits"))
	require.NoError(t, err)
	var expected strings.Builder
	for i := range n {
		fmt.Fprintf(&expected, "edit-%d by ada\n", i)
	}
	assert.Equal(t, expected.String(), string(written), "every edit once, in its order")
	t.Logf("%d edits", n)
}

// TestTaskGoesWhileASessionStarts leaves no process and no lease behind.
func TestTaskGoesWhileASessionStarts(t *testing.T) {
	t.Parallel()
	s := newService(t, func(f *config.File) {
		f.Prepare = []config.Step{shell("Installing", `echo $$ >> pids; test "$(wc -l < pids)" -gt 1 || sleep 300; touch installed`)}
		f.Prepare[0].Unless = "{workspace}/installed"
	})
	first := s.start()
	pids := filepath.Join(s.directory("ada"), "pids")
	first.waitFor(func() bool { return len(lines(pids)) == 1 }, "the step runs")
	second := s.start()
	waiting := make(chan answer, 1)
	go func() { waiting <- second.do(ask{path: "/api/who"}) }()
	assert.Less(t, first.terminate(), promptly)
	a := <-waiting
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, second.instance(), second.owner(""))
	require.Len(t, lines(pids), 2)
	assert.ErrorIs(t, syscall.Kill(number(t, lines(pids)[0]), 0), syscall.ESRCH, "the step has ended with its task")
}

// TestTaskThatStoodStill stops a whole supervisor for longer than its lease lasts. When it goes on, its processes end at once.
func TestTaskThatStoodStill(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.fault("ada", "preview", "escape")
	owner := s.start()
	pid := owner.ready("")
	escaped := filepath.Join(s.directory("ada"), "escaped")
	owner.waitFor(func() bool { _, err := os.Stat(escaped); return err == nil }, "a process has left its group")
	require.NoError(t, os.Remove(filepath.Join(s.directory("ada"), "fault-preview")))
	other := s.start()
	_, there := other.who("") // so that it takes the owner to be there when the next request comes
	require.Equal(t, pid, there)
	require.NoError(t, owner.command.Process.Signal(syscall.SIGSTOP))
	held := make(chan answer, 1)
	go func() { held <- other.do(ask{path: "/api/who"}) }()
	other.waitFor(func() bool {
		a, err := other.try(ask{path: "/api/session"})
		return err == nil && a.status == http.StatusOK && a.json(t)["instance"] == other.instance()
	}, "the other task answers for the session")
	a := <-held
	assert.Equal(t, http.StatusOK, a.status, "a request that had been passed on was called back: %s", a.body)
	began := time.Now()
	require.NoError(t, owner.command.Process.Signal(syscall.SIGCONT))
	owner.waitFor(func() bool { return syscall.Kill(pid, 0) != nil }, "the old process is gone")
	t.Logf("the processes of a task that stood still were gone %s after it went on", time.Since(began))
	owner.waitLog("lost: the lease could not be kept")
	before, err := os.ReadFile(escaped)
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond)
	after, err := os.ReadFile(escaped)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "what had left its group writes no more, either")
	_, there = owner.who("")
	_, here := other.who("")
	assert.Equal(t, here, there, "it passes requests to the new owner")
}

func lines(path string) []string {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(content))
}
