package runner_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestInvoke(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	text, result := must[string](e, map[string]any{"do": "echo", "text": "hello"})
	assert.Equal(t, "hello", text)
	assert.True(t, result.Cold)
	assert.Positive(t, result.InitDuration)
	assert.Positive(t, result.Duration)
	assert.Contains(t, result.Log, "START RequestId: "+result.RequestID+" Version: $LATEST\nstarted\nechoing hello\nEND RequestId: ")
	assert.Regexp(t, `REPORT RequestId: \S+\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t.*`+
		`\tInit Duration: `, result.Log)
	if _, err := os.Stat("/proc/self/status"); err == nil {
		assert.Greater(t, result.MaxMemory, int64(1<<20))
	}
	_, warm := must[string](e, map[string]any{"do": "echo", "text": "again"})
	assert.False(t, warm.Cold)
	assert.NotContains(t, warm.Log, "started")
	assert.NotContains(t, warm.Log, "Init Duration")
	assert.Equal(t, result.Log+warm.Log, e.runtime.Log("edit-scaler"))
	byARN, err := e.runtime.Invoke(e.context(), runner.Invocation{Function: awstest.FunctionARN, Payload: []byte(`{"do":"count"}`)})
	require.NoError(t, err)
	assert.Equal(t, "3", string(byARN.Payload), "one process has served all three")
}

func TestTheContextOfAnInvocation(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	got, result := must[map[string]any](e, map[string]any{"do": "context"})
	assert.Equal(t, result.RequestID, got["request"])
	assert.Equal(t, awstest.FunctionARN, got["arn"])
	assert.Equal(t, "edit-scaler", got["name"])
	assert.InDelta(t, 256, got["memory"], 0)
	assert.InDelta(t, 30_000, got["left"], 10_000, "milliseconds until the deadline")
}

func TestTheEnvironmentIsTheFunctionsOwn(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *runner.Options) { o.ExtraEnv = map[string]string{"EXTRA": "1"} })
	got, _ := must[map[string]string](e, map[string]any{"do": "environment"})
	for name, want := range map[string]string{
		"CLUSTER": "edit-cluster", "AWS_ENDPOINT_URL": e.server.URL(), "AWS_REGION": "us-west-2", "_HANDLER": "bootstrap", "EXTRA": "1",
		"AWS_LAMBDA_FUNCTION_NAME": "edit-scaler", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/edit-scaler",
	} {
		assert.Equal(t, want, got[name], name)
	}
	assert.NotEmpty(t, got["AWS_SESSION_TOKEN"])
	assert.NotContains(t, got, "HOME", "nothing of this machine's own")
}

// TestCallsAreAuthorisedByTheDeployedRole lets the real SDK in the process reach the API front, with and without permission.
func TestCallsAreAuthorisedByTheDeployedRole(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	result, err := e.do(map[string]any{"do": "list"})
	require.NoError(t, err)
	require.ErrorContains(t, result.Err(), "User: arn:aws:sts::"+accountID+":assumed-role/scaler/edit-scaler is not authorized to perform: "+
		"ecs:ListTasks because no identity-based policy allows the ecs:ListTasks action")
	awstest.SetPolicy(e.store, awstest.ScalerRole, "ecs:ListTasks *")
	tasks, _ := must[[]string](e, map[string]any{"do": "list"})
	assert.Empty(t, tasks)
	calls := e.server.Calls()
	assert.Equal(t, awstest.ScalerRole, calls[len(calls)-1].Caller)
}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	for _, test := range []struct {
		order     map[string]any
		kind      string
		message   string
		coldAfter bool
	}{
		{map[string]any{"do": "error", "text": "x"}, "errorString", "it went wrong: x", false},
		{map[string]any{"do": "panic", "text": "boom"}, "string", "boom", true},
		{map[string]any{"do": "exit", "count": 4}, "Runtime.ExitError", "Runtime exited with error: exit status 4", true},
		{map[string]any{"do": "exit", "count": 0}, "Runtime.ExitError", "Runtime exited with error: exit status 0", true},
		{map[string]any{"do": "large", "count": 6_291_600}, "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size", true},
	} {
		_, warm := must[string](e, map[string]any{"do": "echo"})
		_ = warm
		result, err := e.do(test.order)
		require.NoError(t, err)
		assert.Equal(t, "Unhandled", result.FunctionError)
		var document *runner.FunctionError
		require.ErrorAs(t, result.Err(), &document)
		assert.Equal(t, test.kind, document.Type)
		assert.Contains(t, document.Message, test.message)
		_, after := must[string](e, map[string]any{"do": "echo"})
		assert.Equal(t, test.coldAfter, after.Cold, test.kind)
	}
}

func TestAnswersToNoInvocationAreRefused(t *testing.T) {
	t.Parallel()
	status, _ := must[int](newEnv(t, nil), map[string]any{"do": "stray"})
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.deploy(map[string]any{"timeout": 1})
	result, err := e.do(map[string]any{"do": "sleep", "count": 600_000})
	require.NoError(t, err)
	require.EqualError(t, result.Err(), "Sandbox.Timedout: RequestId: "+result.RequestID+" Error: Task timed out after 1.00 seconds")
	assert.Contains(t, result.Log, result.RequestID+" Task timed out after 1.00 seconds")
	_, after := must[string](e, map[string]any{"do": "echo"})
	assert.True(t, after.Cold, "the process was killed")
}

func TestInitFailures(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.deploy(map[string]any{"environment": map[string]any{"variables": map[string]any{"INIT": "exit"}}})
	result, err := e.do(map[string]any{"do": "echo"})
	require.NoError(t, err)
	require.EqualError(t, result.Err(), "Runtime.ExitError: RequestId: "+result.RequestID+
		" Error: Runtime exited with error: exit status 3")
	assert.Contains(t, result.Log, "INIT is exit: missing configuration")
	_, err = runner.Invoker{Runtime: e.runtime}.Invoke(e.context(), function(e), []byte(`{}`))
	require.ErrorContains(t, err, "missing configuration", "the deployment shows the end of the log")
}

func TestAChangedFunctionStartsAfresh(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	_, _ = must[string](e, map[string]any{"do": "echo"})
	e.deploy(map[string]any{"environment": map[string]any{"variables": map[string]any{"CLUSTER": "other"}}})
	got, result := must[map[string]string](e, map[string]any{"do": "environment"})
	assert.True(t, result.Cold)
	assert.Equal(t, "other", got["CLUSTER"])
}

// throttled says whether an invocation was refused for its number.
func throttled(err error, reason string) bool {
	var refusal *runner.Error
	return errors.As(err, &refusal) && refusal.Code == runner.CodeTooManyRequests && strings.Contains(refusal.Message, reason)
}

func TestReservedConcurrency(t *testing.T) {
	t.Parallel()
	const reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	e := newEnv(t, nil)
	e.deploy(map[string]any{"reservedConcurrentExecutions": 2})
	gate := filepath.Join(t.TempDir(), "gate")
	results := make(chan *runner.Result, 2)
	for range 2 {
		go func() {
			result, err := e.do(map[string]any{"do": "wait", "text": gate})
			for throttled(err, reason) { // the test's own probe was faster
				result, err = e.do(map[string]any{"do": "wait", "text": gate})
			}
			assert.NoError(t, err)
			results <- result
		}()
	}
	refusals := 0
	require.Eventually(t, func() bool {
		if _, err := e.do(map[string]any{"do": "echo"}); throttled(err, reason) {
			refusals++
		} else {
			refusals = 0
		}
		return refusals > 50 // both are busy for good
	}, time.Minute, time.Millisecond)
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	for range 2 {
		require.NoError(t, (<-results).Err())
	}
	_, after := must[string](e, map[string]any{"do": "echo"})
	assert.False(t, after.Cold, "both instances are idle again")
}

func TestNoConcurrencyAtAll(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.deploy(map[string]any{"reservedConcurrentExecutions": 0})
	_, err := e.do(map[string]any{"do": "echo"})
	require.ErrorContains(t, err, runner.CodeTooManyRequests)
}

func TestTheCallerMayGoAway(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *runner.Options) { o.AccountConcurrency = 1 })
	_, _ = must[string](e, map[string]any{"do": "echo"})
	gate := filepath.Join(t.TempDir(), "gate")
	ctx, cancel := context.WithCancel(e.context())
	cancel()
	_, err := e.runtime.Invoke(ctx, runner.Invocation{Function: "edit-scaler", Payload: []byte(`{"do":"wait","text":"` + gate + `"}`)})
	require.ErrorIs(t, err, context.Canceled)
	_, err = e.do(map[string]any{"do": "echo"})
	require.ErrorContains(t, err, runner.CodeTooManyRequests, "the function runs on")
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	require.Eventually(t, func() bool {
		result, err := e.do(map[string]any{"do": "count"})
		return err == nil && string(result.Payload) == "3"
	}, time.Minute, time.Millisecond)
}

func TestClosedRuntime(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	_, _ = must[string](e, map[string]any{"do": "echo"})
	require.NoError(t, e.runtime.Close())
	_, err := e.do(map[string]any{"do": "echo"})
	require.ErrorContains(t, err, "closed")
}
