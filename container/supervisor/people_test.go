package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// group is the tasks that a load balancer would choose from.
type group struct {
	mu    sync.RWMutex // requests on their way hold it for reading
	tasks []*supervisor
}

func (g *group) add(s *supervisor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tasks = append(g.tasks, s)
}

// remove takes a task out of the load balancer's choice and waits for what is on its way, as ECS does before it sends SIGTERM.
func (g *group) remove(s *supervisor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tasks = slices.DeleteFunc(g.tasks, func(each *supervisor) bool { return each == s })
}

// ask has one of the tasks asked.
func (g *group) ask(request func(*supervisor)) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	request(g.tasks[rand.IntN(len(g.tasks))])
}

// TestOnePersonOnThreeTasks makes 1,000 requests while tasks come and go: one process answers them all, and no edit is lost.
func TestOnePersonOnThreeTasks(t *testing.T) {
	t.Parallel()
	s := newService(t)
	owner := s.start()
	pid := owner.ready("")
	tasks := &group{}
	tasks.add(owner)
	previewPID := owner.do(ask{path: "/preview/"}).previewPID()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const requests, edits, messages = 600, 200, 200
	var all sync.WaitGroup
	var sent atomic.Int64
	all.Go(func() { // scale-out, scale-in, and out again
		for step, at := range []int64{100, 300, 500, 700} {
			for sent.Load() < at && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			switch step {
			case 0, 1, 3:
				tasks.add(s.start())
			case 2:
				gone := tasks.tasks[1]
				tasks.remove(gone)
				assert.Less(t, gone.terminate(), promptly)
			}
		}
	})
	each := func(n int, do func(i int)) {
		all.Go(func() {
			for i := range n {
				do(i)
				sent.Add(1)
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	eachOf := func(n int, do func(i int, task *supervisor)) {
		each(n, func(i int) { tasks.ask(func(task *supervisor) { do(i, task) }) })
	}
	eachOf(requests/2, func(_ int, task *supervisor) {
		_, got := task.who("")
		assert.Equal(t, pid, got, "another process answers the API")
	})
	eachOf(requests/2, func(_ int, task *supervisor) {
		page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
		assert.Equal(t, previewPID, page.previewPID())
	})
	eachOf(edits, func(i int, task *supervisor) {
		got := task.do(ask{method: http.MethodPost, path: "/api/edit", body: fmt.Sprintf("edit-%03d", i)})
		assert.Equal(t, http.StatusOK, got.status, got.body)
	})
	hmr, err := owner.dial(ctx, "ada", "/ws/hmr", config.SocketPort, "vite-hmr")
	require.NoError(t, err)
	each(messages, func(i int) {
		assert.NoError(t, hmr.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "m%d", i)))
		_, message, err := hmr.Read(ctx)
		assert.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("ada %s m%d", previewPID, i), string(message))
	})
	all.Wait()
	written, err := os.ReadFile(filepath.Join(s.directory("ada"), "edits"))
	require.NoError(t, err)
	var expected strings.Builder
	for i := range edits {
		fmt.Fprintf(&expected, "edit-%03d by ada\n", i)
	}
	assert.Equal(t, expected.String(), string(written), "every edit once, whole, in its order")
	assert.NotContains(t, owner.output(), "handed back")
}

// TestThreePeople have files, pages and sockets of their own on one, two and three tasks, whichever task the load balancer chooses: each
// request goes to the task that owns nobody's or somebody else's session as often as can be.
func TestThreePeople(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprintf("%d tasks", n), func(t *testing.T) {
			t.Parallel()
			threePeople(t, n)
		})
	}
}

func threePeople(t *testing.T, n int) {
	s := newService(t)
	people := []string{"ada", "bob", "cyd"}
	var tasks []*supervisor
	for i := range n {
		task := s.start()
		task.ready(people[i]) // before there is another one: the first task to boot opens ada's session
		tasks = append(tasks, task)
	}
	owners := map[string]string{}
	for i, user := range people {
		tasks[i%n].ready(user)
		owners[user] = tasks[(i+1)%n].owner(user)
	}
	const each = 280 // for every person: with four kinds of request and three numbers of tasks more than 10,000 in all
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	wrong := atomic.Int64{}
	for _, user := range people {
		adverse := adversary(tasks, owners[user])
		hmr, err := adverse(0).dial(ctx, user, "/ws/hmr", config.SocketPort, "vite-hmr")
		require.NoError(t, err)
		check := func(got, what string) {
			if got != user {
				wrong.Add(1)
				t.Errorf("%s of %s is answered for %.200q", what, user, got)
			}
		}
		all.Go(func() {
			for i := range each {
				task := adverse(i)
				name, _ := task.who(user)
				check(name, "a call")
				page := task.do(ask{path: "/preview/", user: user})
				check(between(page.body, "<p id=user>", "<"), "a page")
				edit := task.do(ask{method: http.MethodPost, path: "/api/edit", user: user, body: fmt.Sprintf("%s-%d", user, i)})
				check(fmt.Sprint(edit.json(t)["user"]), "an edit")
				assert.NoError(t, hmr.Write(ctx, websocket.MessageText, []byte("x")))
				_, message, err := hmr.Read(ctx)
				assert.NoError(t, err)
				name, _, _ = strings.Cut(string(message), " ")
				check(name, "a socket")
			}
		})
	}
	all.Wait()
	require.Zero(t, wrong.Load())
	for _, user := range people {
		written, err := os.ReadFile(filepath.Join(s.directory(user), "edits"))
		require.NoError(t, err)
		lines := bytes.Split(bytes.TrimSpace(written), []byte("\n"))
		require.Len(t, lines, each, user)
		for i, line := range lines {
			require.Equal(t, fmt.Sprintf("%s-%d by %s", user, i, user), string(line))
		}
	}
	if n == len(people) {
		assert.Len(t, map[string]bool{owners["ada"]: true, owners["bob"]: true, owners["cyd"]: true}, n, "three people on three tasks: one each")
	}
}

// adversary chooses tasks that don't own the session, one after the other, if there is any.
func adversary(tasks []*supervisor, owner string) func(i int) *supervisor {
	others := slices.DeleteFunc(slices.Clone(tasks), func(s *supervisor) bool { return s.instance() == owner })
	if len(others) == 0 {
		others = tasks
	}
	return func(i int) *supervisor { return others[i%len(others)] }
}

// TestSilentSessionsSpread begins with three people on one task and ends with one on each, but never moves one that is at work.
func TestSilentSessionsSpread(t *testing.T) {
	t.Parallel()
	const speed = "LIVE_EDIT_SPEED=20" // a minute in three seconds
	s := newService(t)
	first := s.start(speed)
	people := []string{"ada", "bob", "cyd"}
	pids := map[string]int{}
	for _, user := range people {
		pids[user] = first.ready(user)
	}
	stop := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() { // ada works on
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
			if _, pid := first.who("ada"); pid != pids["ada"] {
				t.Errorf("ada is at work, and her process is another: %d", pid)
				return
			}
		}
	})
	second, third := s.start(speed), s.start(speed)
	on := func(s *supervisor) int { // a task may have had both, before the other one was there
		return strings.Count(s.output(), `"msg":"session starts"`) - strings.Count(s.output(), `"msg":"handed back"`)
	}
	first.waitFor(func() bool { return on(second) == 1 && on(third) == 1 }, "bob and cyd are moved")
	close(stop)
	working.Wait()
	owners := map[string]string{}
	for _, user := range people {
		owners[user] = third.owner(user)
	}
	assert.Equal(t, first.instance(), owners["ada"])
	assert.NotEqual(t, owners["bob"], owners["cyd"])
	assert.Equal(t, 2, strings.Count(first.output(), "handed back"))
}
