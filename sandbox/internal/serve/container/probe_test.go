package container

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

func TestMatcher(t *testing.T) {
	t.Parallel()
	for matcher, good := range map[string][]int{
		"200": {200}, "200,302": {200, 302}, "200-299": {200, 204, 299}, "404,200-201": {200, 201, 404}, "": nil, "x-299": nil, "2xx": nil,
	} {
		for _, status := range []int{200, 201, 204, 299, 300, 302, 404, 500} {
			want := false
			for _, code := range good {
				want = want || code == status
			}
			if matcher == "200-299" {
				want = status < 300
			}
			assert.Equal(t, want, matches(matcher, status), "%q %d", matcher, status)
		}
	}
}

// A check follows no redirect, and the checks of one moment are one request.
func TestCheckIsOnePlainRequest(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		assert.Equal(t, "ELB-HealthChecker/2.0", r.UserAgent())
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
	}))
	defer server.Close()
	now := time.Unix(0, 0)
	for matcher, want := range map[string]elb.ProbeResult{"200": elb.ProbeMismatch(http.StatusFound), "302": elb.ProbePassed} {
		c := &checker{check: healthCheck{url: server.URL, matcher: matcher}}
		requests.Store(0)
		assert.Equal(t, want, c.ask(now, time.Minute))
		assert.Equal(t, want, c.ask(now, time.Minute))
		assert.EqualValues(t, 1, requests.Load())
		assert.Equal(t, want, c.ask(now.Add(time.Second), time.Minute))
		assert.EqualValues(t, 2, requests.Load())
	}
	server.Close()
	c := &checker{check: healthCheck{url: server.URL, matcher: "200"}}
	assert.Equal(t, elb.ProbeRefused, c.ask(now, time.Minute))
}

// A process that hangs fails its checks and holds up the scheduler once, not with every check; answering again heals it.
func TestHangingProcessIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests.Add(1)
		<-answer
	}))
	defer server.Close()
	c := &checker{check: healthCheck{url: server.URL, matcher: "200"}}
	now := time.Unix(0, 0)
	assert.Equal(t, elb.ProbeTimedOut, c.ask(now, time.Hour))
	require.True(t, c.slow)
	for range 1000 {
		now = now.Add(10 * time.Second)
		require.Equal(t, elb.ProbeTimedOut, c.ask(now, time.Hour))
	}
	assert.EqualValues(t, 1, requests.Load(), "the next check waits for the one before")
	close(answer)
	assert.Eventually(t, func() bool {
		now = now.Add(10 * time.Second)
		return c.ask(now, time.Hour).Passed()
	}, time.Minute, time.Millisecond)
	assert.Eventually(t, func() bool {
		now = now.Add(10 * time.Second)
		c.ask(now, time.Hour)
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.slow
	}, time.Minute, time.Millisecond)
}

// While answers are slow the scheduler does not wait: each check says how the one before it ended.
func TestSlowAnswerCountsAtTheNextCheck(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer }))
	defer server.Close()
	defer close(answer)
	c := &checker{check: healthCheck{url: server.URL, matcher: "200"}}
	now := time.Unix(0, 0)
	assert.Equal(t, elb.ProbeTimedOut, c.ask(now, time.Hour))
	answer <- struct{}{}
	require.Eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.pending == nil }, time.Minute, time.Millisecond)
	assert.Equal(t, elb.ProbePassed, c.ask(now.Add(10*time.Second), time.Hour))
	assert.Equal(t, elb.ProbeTimedOut, c.ask(now.Add(20*time.Second), time.Hour), "that one has not been answered for an interval")
	assert.Equal(t, elb.ProbeTimedOut, c.ask(now.Add(20*time.Second), time.Hour), "for every target group")
}

// Only the first report of addresses counts; later lines of that form are the log's.
func TestAddressesAreReportedOnce(t *testing.T) {
	t.Parallel()
	p := &process{}
	p.read(strings.NewReader("first\n{\"listening\":{\"8080\":\"a:1\",\"x\":\"b:2\"}}\r\n{\"listening\":{\"8080\":\"c:3\"}}\n\nlast"))
	address, ok := p.address(8080)
	assert.True(t, ok)
	assert.Equal(t, "a:1", address)
	assert.Equal(t, []string{"first", `{"listening":{"8080":"c:3"}}`, "last"}, p.lines())
}

func TestLogKeepsTheLatestLines(t *testing.T) {
	t.Parallel()
	var told []string
	p := &process{task: "arn", output: func(task, line string) { told = append(told, task+" "+line) }}
	for i := range keptLines + 5 {
		p.record(string(rune('a' + i%26)))
	}
	assert.Len(t, p.lines(), keptLines)
	assert.Equal(t, string(rune('a'+5)), p.lines()[0])
	assert.Len(t, told, keptLines+5)
	assert.Equal(t, "arn a", told[0])
}

func TestEndedProcessesAreForgotten(t *testing.T) {
	t.Parallel()
	p := &Processes{running: map[string]*process{}, agent: &agent{tasks: map[string]guest{}}}
	for i := range keptEnded + 3 {
		ended := &process{task: string(rune('a' + i))}
		p.running[ended.task] = ended
		p.forget(ended)
	}
	assert.Len(t, p.running, keptEnded)
	assert.Nil(t, p.find("c"))
	assert.NotNil(t, p.find("d"))
}
