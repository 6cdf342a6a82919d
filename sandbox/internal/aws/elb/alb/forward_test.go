package alb_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// echo answers with the request as the target got it.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "the container")
	w.Header().Add("Set-Cookie", "a=1")
	w.Header().Add("Set-Cookie", "b=2")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	_ = r.Header.Write(w)
	_, _ = io.Copy(w, r.Body)
}

func TestForward(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.wake()
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, echo)
	const target = `/api//a%2Fb/../c"d?x=1;y=%20&x`
	got := e.raw("POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\nX-Two: a\r\nX-Two: b\r\nX_Odd: gone or not\r\nConnection: close\r\n" +
		"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Host: theirs\r\nX-Forwarded-Proto: ftp\r\nContent-Length: 5\r\n\r\nhello")
	require.Equal(t, http.StatusCreated, got.status)
	require.Equal(t, "the container", got.header.Get("Server"))
	require.Equal(t, []string{"a=1", "b=2"}, got.header.Values("Set-Cookie"), "and no cookie of the load balancer's")
	for _, want := range []string{
		"POST " + target + "\n", "Host: " + host + "\n", "X-Two: a\r\n", "X-Two: b\r\n", "X-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n",
		"X-Forwarded-Host: theirs\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Port: 443\r\n", "X-Amzn-Trace-Id: Root=1-", "hello", "X_odd: ",
	} {
		require.Contains(t, got.body, want)
	}
	require.NotContains(t, got.body, "User-Agent", "none was sent")
	require.NotContains(t, got.body, "Accept-Encoding", "none was sent")
	require.Equal(t, http.StatusCreated, e.last(1).Status)
	require.Equal(t, "/api//a%2Fb/../c\"d", e.last(1).Path)
}

func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		attributes  map[string]any
		want, never string
	}{
		"append":          {map[string]any{"xffHeaderProcessingMode": "append"}, "X-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n", "Self="},
		"preserve":        {map[string]any{"xffHeaderProcessingMode": "preserve"}, "X-Forwarded-For: 203.0.113.7\r\n", "127.0.0.1,"},
		"remove":          {map[string]any{"xffHeaderProcessingMode": "remove"}, "X-Forwarded-Proto: https", "X-Forwarded-For"},
		"client port":     {map[string]any{"enableXffClientPort": true}, "X-Forwarded-For: 203.0.113.7, 127.0.0.1:", "127.0.0.1\r\n"},
		"invalid dropped": {map[string]any{"dropInvalidHeaderFields": true}, "X-Fine: kept", "X_odd"},
		"invalid kept":    {map[string]any{"dropInvalidHeaderFields": false}, "X_odd: x", "Self="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.wake()
			e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, echo)
			for key, value := range test.attributes {
				awstest.Set(e.store, typeBalancer, awstest.BalancerARN, key, value)
			}
			got := e.send(http.MethodGet, "/api/x", http.Header{"X-Forwarded-For": {"203.0.113.7"}, "X_odd": {"x"}, "X-Fine": {"kept"}})
			require.Contains(t, got.body, test.want)
			require.NotContains(t, got.body, test.never)
		})
	}
	e := newEnv(t)
	e.wake()
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, echo)
	got := e.send(http.MethodGet, "/api/x", http.Header{"X-Amzn-Trace-Id": {"Root=1-2-3"}})
	require.Regexp(t, `X-Amzn-Trace-Id: Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-2-3\r\n`, got.body)
	got = e.send(http.MethodGet, "/api/x", http.Header{"Host": {"localhost:8443"}, "Origin": {"https://localhost:8443"}})
	require.Contains(t, got.body, "Host: "+host+"\n", "a browser on this machine is taken for an editor")
	require.Contains(t, got.body, "Origin: https://"+host+"\r\n", "and so is the page that it shows")
	got = e.send(http.MethodGet, "/api/x", http.Header{"Host": {"localhost:8443"}, "Origin": {"https://localhost:9000"}})
	require.Contains(t, got.body, "Origin: https://localhost:9000\r\n", "another page stays another")
}

func TestWhoGetsRequests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		states []string
		status int
		bodies string // the answers to four requests
	}{
		"none registered":                  {nil, 503, ""},
		"only new ones":                    {[]string{elb.TargetInitial}, 503, ""},
		"only draining ones":               {[]string{elb.TargetDraining}, 503, ""},
		"only unused ones":                 {[]string{elb.TargetUnused}, 503, ""},
		"one healthy":                      {[]string{elb.TargetHealthy, elb.TargetUnhealthy, elb.TargetInitial}, 200, "0000"},
		"without health checks":            {[]string{elb.TargetUnavailable}, 200, "0000"},
		"in turn":                          {[]string{elb.TargetHealthy, elb.TargetDraining, elb.TargetHealthy}, 200, "0202"},
		"all unhealthy: it fails open":     {[]string{elb.TargetUnhealthy, elb.TargetUnhealthy}, 200, "0101"},
		"unhealthy before initial ones":    {[]string{elb.TargetInitial, elb.TargetUnhealthy}, 200, "1111"},
		"another group's target is not it": {nil, 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.wake()
			e.target(awstest.PreviewGroup, "task/other", elb.TargetHealthy, says("wrong"))
			for i, state := range test.states {
				e.target(awstest.APIGroup, fmt.Sprint("task/", i), state, says(fmt.Sprint(i)))
			}
			bodies := ""
			for range 4 {
				got := e.get("/api/x")
				require.Equal(t, test.status, got.status)
				if got.status == http.StatusOK {
					bodies += got.body
				} else {
					require.Contains(t, got.body, "503 Service Temporarily Unavailable")
					require.Equal(t, "awselb/2.0", got.header.Get("Server"))
				}
			}
			require.Equal(t, test.bodies, bodies)
		})
	}
}

func TestTargetsThatFail(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.wake()
	e.register(awstest.APIGroup, "task/nowhere", elb.TargetHealthy)
	got := e.get("/api/x")
	require.Equal(t, http.StatusBadGateway, got.status)
	require.Contains(t, got.body, "502 Bad Gateway")
	require.Contains(t, e.last(1).Problem, "nothing listens at the target's port")

	e.target(awstest.PreviewGroup, "task/closed", elb.TargetHealthy, says("")).Close()
	require.Equal(t, http.StatusBadGateway, e.get("/preview/x").status, "connection refused")

	e.serveRaw(awstest.SocketGroup, "task/raw", func(net.Conn) {})
	require.Equal(t, http.StatusBadGateway, e.get("/ws/x").status, "closed without an answer")
	e.serveRaw(awstest.SocketGroup, "task/raw", func(conn net.Conn) { _, _ = io.WriteString(conn, "nonsense\r\n\r\n") })
	require.Equal(t, http.StatusBadGateway, e.get("/ws/x").status, "no HTTP")
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	e.idleTimeout(100)
	e.serveRaw(awstest.SocketGroup, "task/raw", func(net.Conn) { <-hold })
	got = e.get("/ws/x")
	require.Equal(t, http.StatusGatewayTimeout, got.status, "silent for longer than the idle timeout")
	require.Contains(t, got.body, "504 Gateway Time-out")
}

// serveRaw puts something behind a target that need not speak HTTP.
func (e *env) serveRaw(group, task string, serve func(net.Conn)) {
	listener, err := new(net.ListenConfig).Listen(e.context(), "tcp", "127.0.0.1:0")
	require.NoError(e.t, err)
	e.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			serve(conn)
			_ = conn.Close()
		}
	}()
	e.register(group, task, elb.TargetHealthy)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addresses[task] = listener.Addr().String()
}

// TestAnswersAreStreamed: what the target has written reaches the client before the target has finished.
func TestAnswersAreStreamed(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.wake()
	goOn := make(chan struct{})
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "18") // Go's proxy holds an answer of known length back, unless told otherwise
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-goOn
		_, _ = io.WriteString(w, "data: 2\n\n")
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.front.URL+"/api/events", nil)
	require.NoError(t, err)
	request.Host = host
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "data: 1\n", line)
	close(goOn)
}

func TestTheClientGoesAway(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.wake()
	arrived := make(chan struct{})
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.front.URL+"/api/slow", nil)
	require.NoError(t, err)
	request.Host = host
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 460, e.last(1).Status)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	long := strings.Repeat("x", 16<<10)
	many := http.Header{}
	for i := range 5 {
		many.Set(fmt.Sprint("X-", i), long[:15<<10])
	}
	forwards := strings.Repeat("1.1.1.1, ", 30)
	for _, test := range []struct {
		method, path string
		header       http.Header
		status       int
	}{
		{http.MethodTrace, "/", nil, http.StatusMethodNotAllowed},
		{http.MethodGet, "/" + long, nil, http.StatusRequestURITooLong},
		{http.MethodGet, "/" + long[:15<<10], nil, http.StatusOK},
		{http.MethodGet, "/", http.Header{"X-Long": {long}}, http.StatusBadRequest},
		{http.MethodGet, "/", many, http.StatusBadRequest},
		{http.MethodGet, "/", http.Header{"X-Forwarded-For": {forwards + "1.1.1.1"}}, 463},
		{http.MethodGet, "/", http.Header{"X-Forwarded-For": {strings.TrimSuffix(forwards, ", ")}}, http.StatusOK},
	} {
		header := test.header
		if header == nil {
			header = http.Header{}
		}
		got := e.send(test.method, test.path, header)
		require.Equal(t, test.status, got.status, "%s %.20s", test.method, test.path)
	}
}
