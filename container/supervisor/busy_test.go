package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// minute is one of the service's in the busy table.
const minute = 2 * time.Second

// TestBusy is the table of who is at work. Each person does the same for four minutes, then nothing; every task was asked something in the
// first moment, so that all are protected for the first two minutes.
func TestBusy(t *testing.T) {
	t.Parallel()
	every := func(d time.Duration, do func(ctx context.Context, s *supervisor)) func(context.Context, *supervisor) {
		return func(ctx context.Context, s *supervisor) {
			for ctx.Err() == nil {
				do(ctx, s)
				select {
				case <-ctx.Done():
				case <-time.After(d):
				}
			}
		}
	}
	get := func(a ask) func(context.Context, *supervisor) {
		return func(ctx context.Context, s *supervisor) {
			response, err := httpClient.Do(s.request(a).WithContext(ctx))
			if err == nil {
				_ = response.Body.Close()
			}
		}
	}
	for _, each := range []struct {
		who  string
		do   func(context.Context, *supervisor)
		busy bool
	}{
		{"nobody", func(context.Context, *supervisor) {}, false},
		{"who asks now and then", every(minute/4, get(ask{path: "/api/who"})), true},
		{"who loads pages", every(minute/4, get(ask{path: "/preview/"})), true},
		{"who types", socket(`{"type":"key"}`, minute/4), true},
		{"who sends binary messages", socket("\x00", minute/4), true},
		{"a silent socket", socket("", 0), false},
		{"Vite's ping", socket(`{"type":"ping"}`, minute/4), false},
		{"a ping of the protocol", pings, false},
		{"an answer that streams", stream("n=40&pause=1s"), true},
		{"an answer that says nothing", stream("n=1000&pause=1s&kind=nothing"), false},
		{"an event stream with comments only", stream("n=1000&pause=200ms&kind=comments"), false},
		{"an event stream with events", stream("n=1000&pause=1s&kind=events"), true},
		{"the waiting page", every(minute/4, get(ask{path: "/preview/", header: http.Header{"Accept": {wakeType}}})), false},
		{"a poll that says so", every(minute/4, get(ask{path: "/api/who", header: http.Header{"X-Webordinary-Wake": {"never"}}})), false},
		{"a poll that says so in its address", every(minute/4, get(ask{path: "/api/who?webordinary-wake=never"})), false},
		{"HEAD", every(minute/4, get(ask{method: http.MethodHead, path: "/preview/"})), false},
		{"Vite's ping of old", every(minute/4, get(ask{path: "/preview/", header: http.Header{"Accept": {"text/x-vite-ping"}}})), false},
		{"a request that opens no socket", every(minute/4, get(ask{path: "/ws/hmr", port: config.SocketPort})), false},
		{"/health", every(minute/4, get(ask{path: "/health"})), false},
		{"a job without bytes that says so", job, true},
	} {
		t.Run(each.who, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			task := s.start(fmt.Sprintf("LIVE_EDIT_SPEED=%d", time.Minute/minute))
			task.ready("")
			isBusy(t, s, task, each.do, each.busy)
		})
	}
}

func isBusy(t *testing.T, s *service, task *supervisor, do func(context.Context, *supervisor), busy bool) {
	t.Helper()
	began := time.Now()
	at := func(minutes float64) bool {
		time.Sleep(time.Until(began.Add(time.Duration(minutes * float64(minute)))))
		return s.agent.protected(task.address, minute)
	}
	ctx, stop := context.WithTimeout(t.Context(), 4*minute)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(ctx, task)
	}()
	assert.True(t, at(1), "a minute after the first request")
	for _, minutes := range []float64{2.6, 3.3, 4} {
		assert.Equal(t, busy, at(minutes), "after %.1f minutes", minutes)
	}
	<-done
	assert.Equal(t, busy, at(5.3), "5.3 minutes: within two of the last sign")
	assert.False(t, at(6.8), "6.8 minutes: long after the last sign")
}

// socket opens one and says something again and again.
func socket(text string, pause time.Duration) func(context.Context, *supervisor) {
	return func(ctx context.Context, s *supervisor) {
		connection, err := s.dial(ctx, "", "/ws/hmr", config.SocketPort, "vite-hmr")
		if err != nil {
			s.t.Errorf("open a socket: %v", err)
			return
		}
		defer func() { _ = connection.CloseNow() }()
		kind := websocket.MessageText
		if text == "\x00" {
			kind = websocket.MessageBinary
		}
		for ctx.Err() == nil {
			if text == "" {
				<-ctx.Done()
				return
			}
			_ = connection.Write(ctx, kind, []byte(text))
			_, _, _ = connection.Read(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

func pings(ctx context.Context, s *supervisor) {
	connection, err := s.dial(ctx, "", "/ws/hmr", config.SocketPort)
	if err != nil {
		s.t.Errorf("open a socket: %v", err)
		return
	}
	defer func() { _ = connection.CloseNow() }()
	reading := connection.CloseRead(ctx)
	for reading.Err() == nil {
		_ = connection.Ping(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(minute / 4):
		}
	}
}

// stream asks for an answer that goes on, and reads it to the end of ctx.
func stream(query string) func(context.Context, *supervisor) {
	return func(ctx context.Context, s *supervisor) {
		response, err := httpClient.Do(s.request(ask{path: "/api/stream?" + query}).WithContext(ctx))
		if err != nil {
			return // an answer that says nothing does not even begin
		}
		defer func() { _ = response.Body.Close() }()
		for buffer := make([]byte, 100); err == nil; {
			_, err = response.Body.Read(buffer)
		}
	}
}

// job has the process say that it is busy, and take it back.
func job(ctx context.Context, s *supervisor) {
	say := func(method, query string) {
		if a := s.do(ask{method: method, path: "/api/busy" + query}); a.status != http.StatusNoContent {
			s.t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
	say(http.MethodPut, "?minutes=30")
	<-ctx.Done()
	say(http.MethodDelete, "")
}

func TestWhatProcessesMaySayOfBeingBusy(t *testing.T) {
	t.Parallel()
	s := newService(t)
	task := s.start()
	task.ready("")
	for query, status := range map[string]int{
		"": http.StatusNoContent, "?minutes=60": http.StatusNoContent, "?minutes=0": http.StatusBadRequest, "?minutes=61": http.StatusBadRequest,
		"?minutes=-1": http.StatusBadRequest, "?minutes=9999999999999": http.StatusBadRequest, "?minutes=ten": http.StatusBadRequest,
	} {
		assert.Equal(t, status, task.do(ask{method: http.MethodPut, path: "/api/busy" + query}).status, query)
	}
	task.waitFor(func() bool { order, n := s.agent.last(task.address); return n > 0 && order.on && order.minutes == 3 }, "protected")
	task.terminate()
	order, _ := s.agent.last(task.address)
	require.False(t, order.on, "who goes takes the protection back, which would hold it up")
}
