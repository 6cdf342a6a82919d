package alb_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

const (
	host         = "edit.ameliastamps.com"
	typeBalancer = "aws:lb/loadBalancer:LoadBalancer"
	typeListener = "aws:lb/listener:Listener"
	typeRule     = "aws:lb/listenerRule:ListenerRule"
	typeGroup    = "aws:lb/targetGroup:TargetGroup"
)

var noon = time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)

// clock stands still at noon; its waits are a thousandth.
type clock struct{}

func (clock) Now() time.Time                     { return noon }
func (clock) Wait(d time.Duration) time.Duration { return d / 1000 }

// env is a load balancer over a deployed stack, with its waker's function and its containers played by the test.
type env struct {
	t        *testing.T
	store    *view.Memory
	balancer *alb.Balancer
	front    *httptest.Server
	function http.HandlerFunc
	failure  error // of the function
	invoked  runner.LambdaTarget

	handling sync.WaitGroup // requests and sockets that the load balancer has not finished

	mu        sync.Mutex
	addresses map[string]string // task -> address
	exchanges []alb.Exchange
}

func newEnv(t *testing.T) *env {
	t.Helper()
	return newEnvWith(t, func(*alb.Options) {})
}

func newEnvWith(t *testing.T, change func(*alb.Options)) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}, addresses: map[string]string{}}
	awstest.Deploy(e.store)
	e.idleTimeout(1_000_000) // more than any busy machine takes
	var err error
	options := alb.Options{
		Store: e.store, ARN: awstest.BalancerARN, Clock: clock{}, Address: e.address, LocalHost: host,
		LocalPorts: map[int]string{443: "8443"}, Report: e.report,
		Function: func(target runner.LambdaTarget, arn string, report func(*runner.Result, error)) http.Handler {
			require.Equal(t, awstest.FunctionARN, arn)
			e.invoked = target
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				report(nil, e.failure)
				e.function(w, r)
			})
		},
	}
	change(&options)
	e.balancer, err = alb.New(options)
	require.NoError(t, err)
	e.function = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the waker") }
	handler := e.balancer.Handler(443)
	e.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.handling.Add(1)
		defer e.handling.Done()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(e.front.Close)
	return e
}

func (e *env) address(task string, port int) (string, bool) {
	require.Positive(e.t, port)
	e.mu.Lock()
	defer e.mu.Unlock()
	address, ok := e.addresses[task]
	return address, ok
}

func (e *env) report(x alb.Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exchanges = append(e.exchanges, x)
}

// last waits for the access log's next entry.
func (e *env) last(entry int) alb.Exchange {
	e.t.Helper()
	require.Eventually(e.t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.exchanges) >= entry
	}, 10*time.Second, time.Millisecond)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.exchanges[entry-1]
}

// idleTimeout sets the load balancer's, in thousandths of a second here.
func (e *env) idleTimeout(limit int) {
	awstest.Set(e.store, typeBalancer, awstest.BalancerARN, "idleTimeout", limit)
}

// wake moves the waker's rule behind the others.
func (e *env) wake() { awstest.Set(e.store, typeRule, awstest.RuleARN("waker"), "priority", 190) }

// target registers a target in a state, with a container behind it.
func (e *env) target(group, task, state string, handler http.HandlerFunc) *httptest.Server {
	e.t.Helper()
	container := httptest.NewServer(handler)
	e.t.Cleanup(container.Close)
	e.register(group, task, state)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addresses[task] = container.Listener.Addr().String()
	return container
}

func (e *env) register(group, task, state string) {
	awstest.Put(e.store, view.RuntimeTarget, group+"|"+task, map[string]any{
		"targetGroupArn": group, "taskArn": task, "serviceArn": awstest.ServiceARN, "id": "172.31.0.5", "port": 8080, "state": state,
		"registeredAt": noon.Format(time.RFC3339),
	})
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (e *env) get(path string) answer {
	e.t.Helper()
	return e.send(http.MethodGet, path, http.Header{})
}

func (e *env) send(method, path string, header http.Header) answer {
	e.t.Helper()
	request, err := http.NewRequestWithContext(e.t.Context(), method, e.front.URL+path, nil)
	require.NoError(e.t, err)
	request.Header, request.Host = header, host
	if named := header.Get("Host"); named != "" {
		request.Host = named
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(e.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	require.NoError(e.t, response.Body.Close())
	return answer{response.StatusCode, response.Header, string(body)}
}

// raw sends bytes as they are and reads the answer.
func (e *env) raw(request string) answer {
	e.t.Helper()
	conn, err := new(net.Dialer).DialContext(e.t.Context(), "tcp", e.front.Listener.Addr().String())
	require.NoError(e.t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, request)
	require.NoError(e.t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	return answer{response.StatusCode, response.Header, string(body)}
}

// point returns a metric's value in the minute of noon.
func (e *env) point(w *scheduler.Scheduler, name, group string) float64 {
	e.t.Helper()
	require.NoError(e.t, e.balancer.Flush(e.store, w.MetricLag()))
	dimensions := map[string]string{"LoadBalancer": "app/edit-alb/50dc6c495c0c9188"}
	if group != "" {
		dimensions["TargetGroup"] = group[strings.LastIndexByte(group, ':')+1:]
	}
	series, ok, err := cloudwatch.FindSeries(e.store, "AWS/ApplicationELB", name, dimensions)
	require.NoError(e.t, err)
	if !ok {
		return 0
	}
	require.Len(e.t, series.Points, 1)
	require.True(e.t, series.Points[0].At.Equal(noon.Truncate(time.Minute)))
	return series.Points[0].Sum
}

func (e *env) context() context.Context { return e.t.Context() }
