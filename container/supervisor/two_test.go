package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// ready waits until a user's preview answers, and gives its process.
func (s *supervisor) ready(user string) (pid int) {
	s.t.Helper()
	name, pid := s.who(user)
	if user == "" {
		user = "ada"
	}
	require.Equal(s.t, user, name)
	s.waitFor(func() bool { return s.do(ask{path: "/preview/", user: user}).status == http.StatusOK }, "the preview answers")
	return pid
}

func TestAnyTaskTakesAnyRequest(t *testing.T) {
	t.Parallel()
	s := newService(t)
	owner := s.start()
	pid := owner.ready("")
	other := s.start()
	for _, user := range []string{"", "ada"} {
		name, there := other.who(user)
		assert.Equal(t, "ada", name)
		assert.Equal(t, pid, there, "the other task passes the request to the owner's process")
	}
	assert.Equal(t, owner.instance(), other.owner("ada"))
	page := other.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
	assert.Contains(t, page.body, "<p id=user>ada")
	t.Run("what is passed on stays as it was", func(t *testing.T) { unchanged(t, owner, other) })
	t.Run("sockets", func(t *testing.T) { sockets(t, other, pid) })
	t.Run("streams and aborts", func(t *testing.T) { streams(t, s, other) })
	t.Run("bodies", func(t *testing.T) { bodies(t, owner, other) })
	t.Run("the peer port", func(t *testing.T) { peerPort(t, s, owner, other) })
	other.terminate()
	assert.Contains(t, other.output(), `"ForwardedRequests"`)
	assert.NotContains(t, other.output(), "taken over")
}

// unchanged compares what the process gets from the owner with what it gets through another task.
func unchanged(t *testing.T, owner, other *supervisor) {
	sent := ask{
		method: http.MethodPost, path: `/api/request/a%2fb//c|"^?x=%zz&;a=&a&b=1;2`, user: "ada", body: "hello",
		header: http.Header{
			"Host": {"edit.example.com"}, "X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Proto": {"https"}, "Origin": {"https://edit.example.com"},
			"Live-Edit-User": {"bob"}, "Live-Edit-Token": {"forged"}, "X-Amzn-Oidc-Identity": {"bob"}, "Accept-Encoding": {"br"},
		},
	}
	direct, passed := owner.do(sent), other.do(sent)
	require.Equal(t, http.StatusOK, passed.status, passed.body)
	assert.Equal(t, direct.body, passed.body)
	got := passed.json(t)
	assert.Equal(t, sent.path, got["uri"])
	assert.Equal(t, "edit.example.com", got["host"])
	header := got["header"].(map[string]any)
	assert.Equal(t, []any{"203.0.113.7"}, header["X-Forwarded-For"], "the client's addresses are kept, and none is added")
	assert.Equal(t, []any{"https"}, header["X-Forwarded-Proto"])
	assert.Equal(t, []any{"br"}, header["Accept-Encoding"])
	for name := range header {
		assert.False(t, strings.HasPrefix(name, "Live-Edit-") || strings.HasPrefix(name, "X-Amzn-Oidc-"), "header %s reaches the process", name)
	}
	for _, task := range []*supervisor{owner, other} {
		request := task.request(ask{method: http.MethodPost, path: "/api/request", body: "hello"})
		request.ContentLength, request.Trailer = -1, http.Header{"X-Sent": {"yes"}}
		response, err := httpClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Contains(t, string(body), `"trailer":{"X-Sent":["yes"]}`, "the request's trailers pass")
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "5", response.Trailer.Get("X-Sum"), "trailers pass")
		for _, path := range []string{"/api/who", "/api/session", "/api/nothing"} {
			for name := range task.do(ask{path: path}).header {
				assert.False(t, strings.HasPrefix(name, "Live-Edit-") || name == "X-Webordinary-State", "header %s leaks from %s", name, path)
			}
		}
	}
}

// sockets go to the owner's process on every port that has any.
func sockets(t *testing.T, task *supervisor, apiPID int) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	previewPID := task.do(ask{path: "/preview/"}).previewPID()
	for _, each := range []struct {
		port      int
		path, pid string
	}{{config.SocketPort, "/ws/hmr", previewPID}, {config.APIPort, "/api/ws/chat", strconv.Itoa(apiPID)}} {
		connection, err := task.dial(ctx, "ada", each.path, each.port, "vite-hmr")
		require.NoError(t, err)
		assert.Equal(t, "vite-hmr", connection.Subprotocol())
		for i := range 20 {
			require.NoError(t, connection.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "message %d", i)))
			_, message, err := connection.Read(ctx)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("ada %s message %d", each.pid, i), string(message))
		}
		require.NoError(t, connection.Close(websocket.StatusNormalClosure, ""))
	}
}

// between is the text between two others.
func streams(t *testing.T, s *service, task *supervisor) {
	r := task.request(ask{path: "/api/stream?n=100000&pause=20ms"})
	ctx, abort := context.WithCancel(t.Context())
	response, err := httpClient.Do(r.WithContext(ctx))
	require.NoError(t, err)
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "part of an answer\n", line, "parts pass while the answer goes on for half an hour")
	abort()
	_ = response.Body.Close()
	task.waitFor(func() bool {
		_, err := os.Stat(filepath.Join(s.directory("ada"), "aborted"))
		return err == nil
	}, "the process hears that its client is gone")
}

func bodies(t *testing.T, owner, other *supervisor) {
	const size = 5 << 20
	for _, task := range []*supervisor{owner, other} {
		got := task.do(ask{method: http.MethodPost, path: "/api/upload", body: strings.Repeat("x", size)})
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.InDelta(t, size, got.json(t)["size"], 0)
		assert.Empty(t, got.json(t)["expect"], "Expect between the tasks is their own")
		conversation(t, task)
		// A client that asks before it sends hears the refusal, and never sends.
		connection, err := net.Dial("tcp", net.JoinHostPort(task.address, strconv.Itoa(config.APIPort)))
		require.NoError(t, err)
		require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
		_, err = fmt.Fprintf(connection, "POST /api/upload?refuse=1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", size)
		require.NoError(t, err)
		status, err := bufio.NewReader(connection).ReadString('\n')
		require.NoError(t, err)
		assert.Contains(t, status, "413", "the first line is the answer, not 100 Continue")
		require.NoError(t, connection.Close())
	}
}

// conversation sends a body bit by bit, each when the last one has been answered.
func conversation(t *testing.T, task *supervisor) {
	t.Helper()
	reader, writer := io.Pipe()
	request := task.request(ask{method: http.MethodPost, path: "/api/echo"})
	request.Body = reader
	go func() { _, _ = writer.Write([]byte("first\n")) }()
	response, err := httpClient.Do(request)
	require.NoError(t, err)
	answers := bufio.NewReader(response.Body)
	for i := range 5 {
		line, err := answers.ReadString('\n')
		require.NoError(t, err)
		if i > 0 {
			assert.Equal(t, "next\n", line)
		}
		_, err = writer.Write([]byte("next\n"))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	rest, err := io.ReadAll(answers)
	require.NoError(t, err)
	assert.Equal(t, "next\n", string(rest))
	require.NoError(t, response.Body.Close())
}

// peerPort answers tasks of the service only, and what was passed on goes no further.
func peerPort(t *testing.T, s *service, owner, other *supervisor) {
	token, err := os.ReadFile(filepath.Join(s.workspace, client, ".live-edit", "peer-token"))
	require.NoError(t, err)
	passedOn := func(task *supervisor, token string) answer {
		return task.do(ask{path: "/api/who", port: config.PeerPort, header: http.Header{
			"Live-Edit-Token": {token}, "Live-Edit-User": {"ada"}, "Live-Edit-Port": {"8080"},
		}})
	}
	assert.Equal(t, http.StatusOK, passedOn(owner, string(token)).status)
	assert.Equal(t, http.StatusMisdirectedRequest, passedOn(other, string(token)).status, "one hop, no more")
	assert.Equal(t, http.StatusForbidden, passedOn(owner, "").status)
	assert.Equal(t, http.StatusForbidden, passedOn(owner, strings.Repeat("0", len(token))).status)
	// The token counts for nothing at the other ports, and no process is told it.
	assert.Equal(t, "ada", owner.do(ask{path: "/api/who", header: http.Header{"Live-Edit-Token": {string(token)}, "Live-Edit-User": {"bob"}}}).json(t)["user"])
	var environment []string
	require.NoError(t, json.Unmarshal([]byte(owner.do(ask{path: "/api/environment"}).body), &environment))
	assert.Contains(t, environment, "ANTHROPIC_API_KEY=key")
	for _, variable := range environment {
		assert.NotContains(t, variable, string(token))
		assert.NotContains(t, variable, "ECS_AGENT_URI")
	}
}

func TestOwnerThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	s := newService(t)
	owner := s.start()
	pid := owner.ready("")
	other := s.start()
	_, there := other.who("")
	require.Equal(t, pid, there)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stuck := make(chan answer, 1) // a stream through the other task breaks off; a page that waits is answered by the next owner
	owner.kill()
	go func() { stuck <- other.do(ask{path: "/api/who"}) }()
	answered := other.waitFor(func() bool {
		a, err := other.try(ask{path: "/api/session"})
		return err == nil && a.status == http.StatusOK && a.json(t)["instance"] == other.instance()
	}, "the other task answers for the session")
	t.Logf("taken over after %s", answered)
	a := <-stuck
	require.Equal(t, http.StatusOK, a.status, "a request that came while nobody owned the session was held: %s", a.body)
	assert.NotEqual(t, pid, int(a.json(t)["pid"].(float64)))
	assert.Contains(t, other.output(), "taken over from an owner that had died")
	connection, err := other.dial(ctx, "", "/ws/hmr", config.SocketPort)
	require.NoError(t, err)
	_ = connection.CloseNow()
	other.terminate()
	assert.Contains(t, other.output(), `"TakeOvers":1`)
}
