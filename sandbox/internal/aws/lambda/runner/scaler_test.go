package runner_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// scalerStack is the real scaler in an account whose scheduler runs on the wall clock, and so fast that a wake takes a moment.
func scalerStack(t *testing.T, permissions ...string) (*view.Memory, *wire.Server, *runner.Runtime) {
	t.Helper()
	store := &view.Memory{}
	awstest.Deploy(store)
	const moment = 20 * time.Millisecond
	scene := scheduler.New(store, scheduler.Options{Timing: scheduler.Timing{
		Scheduler: moment, Provisioning: moment, Pull: moment, Activating: moment, FirstCheck: moment,
	}})
	server, err := wire.Start(wire.Options{Store: store, Scheduler: scene})
	require.NoError(t, err)
	awstest.SetPolicy(store, awstest.ScalerRole, permissions...)
	awstest.Put(store, "aws:lambda/function:Function", "webordinary-edit-scaler", map[string]any{
		"name": "webordinary-edit-scaler", "arn": awstest.FunctionARN, "role": awstest.ScalerRole, "handler": "bootstrap",
		"timeout": 29, "memorySize": 128,
		"environment": map[string]any{"variables": map[string]any{
			"CLUSTER_NAME": "edit-cluster", "SERVICE_NAME": "edit", "WAKER_RULE_ARN": awstest.RuleARN("waker"),
			"API_TARGET_GROUP_ARN": awstest.APIGroup, "PREVIEW_TARGET_GROUP_ARN": awstest.PreviewGroup, "RULE_PRIORITY_BASE": "100",
			"IDLE_MINUTES": "5",
		}},
	})
	awstest.Put(store, "aws:lambda/permission:Permission", "alb", map[string]any{
		"function": awstest.FunctionARN, "action": "lambda:InvokeFunction", "principal": runner.ServiceELB,
		"sourceArn": awstest.WakerGroup, "statementId": "alb",
	})
	runtime := runner.New(runner.Options{Store: store, API: server, Builder: builder})
	t.Cleanup(func() {
		assert.NoError(t, runtime.Close())
		assert.NoError(t, server.Close())
	})
	return store, server, runtime
}

// TestTheRealScalerWakesTheService sends an API call to the real function's binary, which finds the service asleep, starts
// it, holds the call until the service can answer and sends the caller there.
func TestTheRealScalerWakesTheService(t *testing.T) {
	t.Parallel()
	store, server, runtime := scalerStack(t, "ecs:* *", "elasticloadbalancing:* *", "cloudwatch:* *", "logs:* *")
	var log string
	front := httptest.NewServer(runtime.Handler(multi, awstest.FunctionARN, func(r *runner.Result, err error) {
		assert.NoError(t, err)
		log = r.Log
	}))
	t.Cleanup(front.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/api/session?x=%20", nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusTemporaryRedirect, response.StatusCode, "%s\n%s", body, log)
	assert.Equal(t, "/api/session?x=%20", response.Header.Get("Location"))
	service, _ := store.Get("aws:ecs/service:Service", awstest.ServiceARN)
	assert.InDelta(t, 1, service.State["desiredCount"].NumberValue(), 0)
	rule, _ := store.Get("aws:lb/listenerRule:ListenerRule", awstest.RuleARN("waker"))
	assert.Greater(t, rule.State["priority"].NumberValue(), 130.0, "the waker is out of the way")
	for _, call := range server.Calls() {
		assert.False(t, call.Refused, "%+v", call)
		assert.Equal(t, awstest.ScalerRole, call.Caller)
	}
}

// TestTheRealScalerWithoutAPermission takes the permission that a wake needs most away.
func TestTheRealScalerWithoutAPermission(t *testing.T) {
	t.Parallel()
	store, server, runtime := scalerStack(t, "ecs:Describe* *", "ecs:ListTasks *", "elasticloadbalancing:* *", "logs:* *")
	front := httptest.NewServer(runtime.Handler(multi, awstest.FunctionARN, nil))
	t.Cleanup(front.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/api/session", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.GreaterOrEqual(t, response.StatusCode, http.StatusInternalServerError)
	assert.True(t, slices.ContainsFunc(server.Calls(), func(c wire.Call) bool { return c.Refused && c.Action == "ecs:UpdateService" }))
	service, _ := store.Get("aws:ecs/service:Service", awstest.ServiceARN)
	assert.InDelta(t, 0, service.State["desiredCount"].NumberValue(), 0)
}
