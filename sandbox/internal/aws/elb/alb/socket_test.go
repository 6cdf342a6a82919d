package alb_test

import (
	"net/http"
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// echoSocket sends every message back.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"vite-hmr"}})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		kind, data, err := conn.Read(r.Context())
		if err != nil || conn.Write(r.Context(), kind, data) != nil {
			return
		}
	}
}

func (e *env) dial() (*websocket.Conn, *http.Response) {
	e.t.Helper()
	conn, response, err := websocket.Dial(e.context(), e.front.URL+"/ws/hmr", &websocket.DialOptions{
		Host: host, Subprotocols: []string{"vite-hmr"},
	})
	require.NoError(e.t, err)
	e.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn, response
}

func (e *env) exchange(conn *websocket.Conn, text string) error {
	e.t.Helper()
	if err := conn.Write(e.context(), websocket.MessageText, []byte(text)); err != nil {
		return err
	}
	_, data, err := conn.Read(e.context())
	assert.True(e.t, err != nil || string(data) == text)
	return err
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.stickGroup(true)
	e.target(awstest.SocketGroup, "task/1", elb.TargetHealthy, echoSocket)
	conn, response := e.dial()
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	require.Equal(t, "vite-hmr", conn.Subprotocol())
	require.Contains(t, response.Header.Get("Set-Cookie"), "AWSALB=")
	require.NoError(t, e.exchange(conn, "hello"))
	opened := e.last(1)
	require.True(t, opened.Socket)
	require.Equal(t, http.StatusSwitchingProtocols, opened.Status)
	require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
	w := scheduler.New(e.store, scheduler.Options{})
	require.InDelta(t, 1, e.point(w, "RequestCount", awstest.SocketGroup), 0, "it counts once")
	e.handling.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Len(t, e.exchanges, 1, "its end is no second entry")
}

// TestSilentSocketsEnd: the idle timeout is for WebSockets too.
func TestSilentSocketsEnd(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.idleTimeout(2000)
	e.target(awstest.SocketGroup, "task/1", elb.TargetHealthy, echoSocket)
	conn, _ := e.dial()
	require.NoError(t, e.exchange(conn, "hello"))
	_, _, err := conn.Read(t.Context())
	require.Error(t, err)
}

// TestDeregisteredTargetsLoseTheirConnections: a draining target keeps its sockets; one that is gone does not.
func TestDeregisteredTargetsLoseTheirConnections(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.target(awstest.SocketGroup, "task/1", elb.TargetHealthy, echoSocket)
	conn, _ := e.dial()
	awstest.Set(e.store, view.RuntimeTarget, awstest.SocketGroup+"|task/1", "state", elb.TargetDraining)
	require.NoError(t, e.balancer.Sweep())
	require.NoError(t, e.exchange(conn, "draining"))
	require.Equal(t, http.StatusServiceUnavailable, e.get("/ws/x").status, "new requests do not get there")
	require.NoError(t, e.store.Remove(view.RuntimeTarget, awstest.SocketGroup+"|task/1"))
	require.NoError(t, e.balancer.Sweep())
	requireEnds(t, conn)
}

// requireEnds waits for the end of a connection. It comes from another goroutine, so a message may still pass before.
func requireEnds(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	_, _, err := conn.Read(t.Context())
	require.Error(t, err)
	require.NoError(t, t.Context().Err())
}

func TestDeregisteredTargetsLoseTheirRequests(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.wake()
	arrived := make(chan struct{})
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	go func() {
		<-arrived
		assert.NoError(t, e.store.Remove(view.RuntimeTarget, awstest.APIGroup+"|task/1"))
		assert.NoError(t, e.balancer.Sweep())
	}()
	require.Equal(t, http.StatusBadGateway, e.get("/api/slow").status)
	require.Contains(t, e.last(1).Problem, "deregistration delay")
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.target(awstest.SocketGroup, "task/1", elb.TargetHealthy, echoSocket)
	conn, _ := e.dial()
	require.NoError(t, e.exchange(conn, "hello"))
	require.NoError(t, e.balancer.Close())
	requireEnds(t, conn)
}
