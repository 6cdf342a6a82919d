package schedule_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/events/schedule"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

var noon = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)

// functions records invocations.
type functions struct {
	mu    sync.Mutex
	calls []runner.Invocation
	hold  chan struct{} // if set, an invocation lasts until it is closed
	err   error
}

func (f *functions) Invoke(_ context.Context, call runner.Invocation) (*runner.Result, error) {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	hold, err := f.hold, f.err
	f.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return &runner.Result{}, err
}

type env struct {
	t         *testing.T
	store     *view.Memory
	functions *functions
	runner    *schedule.Runner
	mu        sync.Mutex
	firings   []schedule.Firing
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}, functions: &functions{}}
	e.runner = &schedule.Runner{
		Store: e.store, Functions: e.functions, Report: e.report,
	}
	e.rule("tick", map[string]any{"scheduleExpression": "rate(1 minute)"})
	e.target("tick", map[string]any{})
	return e
}

// report is called by each call's own goroutine.
func (e *env) report(f schedule.Firing) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.firings = append(e.firings, f)
}

func (e *env) rule(name string, state map[string]any) {
	state["name"], state["arn"] = name, "arn:rule/"+name
	awstest.Put(e.store, "aws:cloudwatch/eventRule:EventRule", name, state)
}

func (e *env) target(rule string, state map[string]any) {
	state["rule"], state["targetId"] = rule, "1"
	if state["arn"] == nil {
		state["arn"] = "arn:aws:lambda:us-west-2:1:function:" + rule
	}
	awstest.Put(e.store, "aws:cloudwatch/eventTarget:EventTarget", rule+"-"+fmt.Sprint(state["arn"]), state)
}

// tick advances to a time after noon and waits for what it began.
func (e *env) tick(after time.Duration) time.Time {
	e.t.Helper()
	next, err := e.runner.Tick(e.t.Context(), noon.Add(after))
	require.NoError(e.t, err)
	e.runner.Wait()
	return next
}

func TestTick(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, rare := range []string{"a-day", "z-day"} { // before and after the other by name
		e.rule(rare, map[string]any{"scheduleExpression": "rate(1 day)"})
	}
	require.Equal(t, noon.Add(time.Minute), e.tick(0))
	e.tick(59 * time.Second)
	require.Empty(t, e.functions.calls)
	require.Equal(t, noon.Add(2*time.Minute), e.tick(time.Minute))
	require.Len(t, e.functions.calls, 1)
	call := e.functions.calls[0]
	require.Equal(t, "arn:aws:lambda:us-west-2:1:function:tick", call.Function)
	require.Equal(t, "events.amazonaws.com", call.Service)
	require.Equal(t, "arn:rule/tick", call.SourceARN)
	var event map[string]any
	require.NoError(t, json.Unmarshal(call.Payload, &event))
	require.Equal(t, "2026-03-11T12:01:00Z", event["time"])
	require.Equal(t, []any{"arn:rule/tick"}, event["resources"])
	e.tick(time.Minute)
	require.Len(t, e.functions.calls, 1, "once a minute")
	e.tick(10 * time.Minute)
	require.Len(t, e.functions.calls, 2, "what was missed is not made up for")
	require.Equal(t, noon.Add(2*time.Minute), e.firings[1].At)
}

func TestInputAndOtherTargets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.rule("daily", map[string]any{"scheduleExpression": "cron(1 12 * * ? *)"})
	e.target("daily", map[string]any{"input": `{"remerge":true}`})
	e.target("daily", map[string]any{"arn": "arn:aws:sns:us-west-2:1:alerts"})
	e.rule("off", map[string]any{"scheduleExpression": "rate(1 minute)", "state": "DISABLED"})
	e.target("off", map[string]any{})
	e.rule("off-too", map[string]any{"scheduleExpression": "rate(1 minute)", "isEnabled": false})
	e.target("off-too", map[string]any{})
	e.rule("pattern", map[string]any{"eventPattern": "{}"})
	e.target("pattern", map[string]any{})
	e.tick(0)
	e.tick(time.Minute)
	payloads := map[string]string{}
	for _, call := range e.functions.calls {
		payloads[call.SourceARN] = string(call.Payload)
	}
	require.Len(t, e.functions.calls, 2, "what is no function is none of our business")
	require.Len(t, payloads, 2)
	require.JSONEq(t, `{"remerge":true}`, payloads["arn:rule/daily"])
}

// TestOneAtATime: a function that is slower than the clock is not called on top of itself.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	hold := make(chan struct{})
	e.functions.hold = hold
	for i := range 5 {
		_, err := e.runner.Tick(t.Context(), noon.Add(time.Duration(i)*time.Minute))
		require.NoError(t, err)
	}
	close(hold)
	e.runner.Wait()
	require.Len(t, e.functions.calls, 1)
	e.tick(5 * time.Minute)
	require.Len(t, e.functions.calls, 2)
}

func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.functions.err = errors.New("not permitted")
	e.tick(0)
	e.tick(time.Minute)
	require.ErrorContains(t, e.firings[0].Err, "not permitted")
	require.Equal(t, "tick", e.firings[0].Rule)
	e.rule("odd", map[string]any{"scheduleExpression": "every day"})
	_, err := e.runner.Tick(t.Context(), noon.Add(2*time.Minute))
	e.runner.Wait()
	require.ErrorContains(t, err, "event rule odd")
	require.Len(t, e.firings, 2, "the others go on")
}
