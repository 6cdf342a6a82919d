package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/infra/infratest"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// scalerStack is a deployed stack whose account lives: its scaler is the real binary with the deployed role.
type scalerStack struct {
	*deployment
	stack     *sandboxtest.Stack
	api       *sandboxtest.API
	runtime   *sandboxtest.Runtime
	scheduler *sandboxtest.Scheduler
	// ahead is how far the account's clock is ahead of the machine's.
	ahead time.Duration
	// Names of what the scaler works with.
	function, rule, service, policy          string
	apiGroup, balancer, wakerGroup, tickRule string
}

// moment is how long each step of a task's start takes.
const moment = 20 * time.Millisecond

func newScalerStack(t *testing.T) *scalerStack {
	t.Helper()
	s := &scalerStack{deployment: newDeployment(t)}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	store := s.sandbox.Account()
	s.scheduler = sandboxtest.NewScheduler(store, sandboxtest.SchedulerOptions{Timing: sandboxtest.Timing{
		Scheduler: moment, Provisioning: moment, Pull: moment, Activating: moment, FirstCheck: moment, Stop: moment,
		Deprovisioning: moment,
	}})
	s.api, err = sandboxtest.StartAPI(sandboxtest.APIOptions{Store: store, Scheduler: s.scheduler, Now: s.now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.api.Close()) })
	s.runtime = sandboxtest.NewRuntime(sandboxtest.RuntimeOptions{Store: store, API: s.api, Builder: sandboxtest.NewBuilder(root, t.TempDir())})
	t.Cleanup(func() { assert.NoError(t, s.runtime.Close()) })
	s.stack = s.deployment.stack("prod", with(map[string]any{"protect": false, "autoShutdownMinutes": 5})) // nobody came for eight, below
	s.up(s.stack)
	output := func(name, key string) string { return s.resource(s.stack, name).Outputs[key].(string) }
	s.function, s.rule, s.tickRule = output("scaler-function", "arn"), output("scaler-waker-rule", "arn"), output("scaler-schedule", "arn")
	s.service, s.policy = string(s.resource(s.stack, "edit-service").ID), string(s.resource(s.stack, "scaler-function-policy").ID)
	s.apiGroup, s.wakerGroup = output("edit-api-tg", "arn"), output("scaler-tg", "arn")
	s.balancer = strings.Join(strings.Split(s.rule, "/")[1:4], "/")
	return s
}

func (s *scalerStack) now() time.Time { return time.Now().Add(s.ahead) }

// tick has the schedule call the function.
func (s *scalerStack) tick() *sandboxtest.Invoked {
	s.t.Helper()
	payload, err := sandboxtest.ScheduledEvent(s.tickRule, s.now())
	require.NoError(s.t, err)
	s.api.ResetCalls()
	result, err := s.runtime.Invoke(s.ctx, sandboxtest.Invocation{
		Function: s.function, Payload: payload, Service: sandboxtest.ServiceEvents, SourceARN: s.tickRule,
	})
	require.NoError(s.t, err)
	require.Empty(s.t, result.LogLost)
	return result
}

// quietTick is a tick that met no refusal, and no more calls than allowed.
func (s *scalerStack) quietTick(most int) {
	s.t.Helper()
	result := s.tick()
	require.NoError(s.t, result.Err(), result.Log)
	var calls []string
	for _, call := range s.api.Calls() {
		require.False(s.t, call.Refused, "%+v", call)
		require.Contains(s.t, call.Caller, ":role/webordinary-edit-scaler")
		calls = append(calls, call.Operation)
	}
	require.LessOrEqual(s.t, len(calls), most, "%v", calls)
}

// phase is the waker rule's.
func (s *scalerStack) phase() decide.Phase {
	s.t.Helper()
	rule, ok := s.sandbox.Account().Get(listenerRuleType, s.rule)
	require.True(s.t, ok)
	return layout.Decode(int(rule.State["priority"].NumberValue()), time.Now()).Phase
}

var layout = decide.Layout{Base: 100}

// place moves the rule as if that phase had begun so long ago; a negative age means that it does not matter any more.
func (s *scalerStack) place(phase decide.Phase, age time.Duration) {
	s.t.Helper()
	position := decide.Position{Phase: phase}
	if age >= 0 {
		position.Since = time.Now().Add(-age)
	}
	s.set(listenerRuleType, s.rule, "priority", float64(layout.Encode(position)))
}

func (s *scalerStack) set(typ, id, key string, value any) {
	s.t.Helper()
	require.NoError(s.t, s.sandbox.Account().Mutate(typ, id, func(state resource.PropertyMap) error {
		state[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		return nil
	}))
}

func (s *scalerStack) desired() int {
	s.t.Helper()
	service, ok := s.sandbox.Account().Get(serviceType, s.service)
	require.True(s.t, ok)
	return int(service.State["desiredCount"].NumberValue())
}

// past records minutes of metrics: a healthy target in each, and requests in the one so many minutes ago; 0 means none.
func (s *scalerStack) past(requests int) {
	s.t.Helper()
	dimensions := map[string]string{"LoadBalancer": s.balancer, "TargetGroup": s.apiGroup[strings.Index(s.apiGroup, "targetgroup/"):]}
	for ago := 9; ago >= 1; ago-- {
		require.NoError(s.t, sandboxtest.Record(s.sandbox.Account(), sandboxtest.Sample{
			Namespace: "AWS/ApplicationELB", Name: "HealthyHostCount", Dimensions: dimensions, Value: 1, Lag: -1,
			At: time.Now().Add(-time.Duration(ago) * time.Minute),
		}))
	}
	if requests > 0 {
		require.NoError(s.t, sandboxtest.Record(s.sandbox.Account(), sandboxtest.Sample{
			Namespace: "AWS/ApplicationELB", Name: "RequestCount", Dimensions: dimensions, Value: 3, Lag: -1,
			At: time.Now().Add(-time.Duration(requests) * time.Minute),
		}))
	}
}

// send puts a request through the load balancer to the waker.
func (s *scalerStack) send(method, target string, header http.Header) (*http.Response, string) {
	s.t.Helper()
	front := httptest.NewServer(s.runtime.Handler(
		sandboxtest.LambdaTarget{GroupARN: s.wakerGroup, MultiValueHeaders: true}, s.function, nil,
	))
	defer front.Close()
	request, err := http.NewRequestWithContext(s.ctx, method, front.URL+target, nil)
	require.NoError(s.t, err)
	request.Header = header
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(s.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response, string(body)
}

var (
	aCall = http.Header{"User-Agent": {"curl/8.5.0"}, "Accept": {"application/json"}}
	aPage = http.Header{
		"User-Agent": {"Mozilla/5.0"}, "Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
		"Sec-Fetch-Site": {"none"}, "Sec-Fetch-User": {"?1"},
	}
)

// TestLifeOfTheScaler wakes the deployed service by a request and puts it to sleep again, with the function's real binary,
// the real SDK and the role that the stack deployed. The steps build on each other.
func TestLifeOfTheScaler(t *testing.T) {
	t.Parallel()
	s := newScalerStack(t)
	s.quietTick(6)
	require.Equal(t, decide.PhaseAsleep, s.phase())
	requireNobodyElseWakesIt(s)
	requireACallWakesIt(s)
	requireEachPermissionIsNeeded(s)
	requireItSleeps(s)
}

// requireNobodyElseWakesIt sends what must not wake.
func requireNobodyElseWakesIt(s *scalerStack) {
	s.api.ResetCalls()
	for _, header := range []http.Header{
		{"User-Agent": {"Mozilla/5.0"}, "Accept": {"text/x-vite-ping"}},
		{"User-Agent": {"Googlebot/2.1"}, "Accept": {"text/html"}},
	} {
		response, _ := s.send(http.MethodGet, "/preview/", header)
		require.Less(s.t, response.StatusCode, 404)
	}
	require.Empty(s.t, s.api.Calls(), "what never wakes costs nothing")
	response, page := s.send(http.MethodGet, "/api/../ws/", aPage)
	require.Equal(s.t, http.StatusBadRequest, response.StatusCode, page)
	require.Zero(s.t, s.desired())
}

// requireACallWakesIt holds a call until it can be served, and checks that no preview shows a change while awake.
func requireACallWakesIt(s *scalerStack) {
	response, body := s.send(http.MethodPost, "/api/sessions?user=scott&x=%20", aCall)
	require.Equal(s.t, http.StatusTemporaryRedirect, response.StatusCode, body)
	require.Equal(s.t, "/api/sessions?user=scott&x=%20", response.Header.Get("Location"))
	require.Equal(s.t, 1, s.desired())
	require.Equal(s.t, decide.PhaseAwake, s.phase())
	for _, call := range s.api.Calls() {
		require.False(s.t, call.Refused, "%+v", call)
	}
	s.requireOneRecord()
	s.quietTick(8)
	require.Equal(s.t, decide.PhaseAwake, s.phase())
	s.requireNoChanges(s.stack)
}

// requireOneRecord looks for the wake's record in the function's log: every moment of it is known, and none before the last.
func (s *scalerStack) requireOneRecord() {
	s.t.Helper()
	var records []reconcile.Wake
	for line := range strings.Lines(s.runtime.Log(s.function[strings.LastIndex(s.function, ":")+1:])) {
		var entry struct {
			Message string `json:"msg"`
			Wake    *reconcile.Wake
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == reconcile.WokenMessage && entry.Wake != nil {
			records = append(records, *entry.Wake)
		}
	}
	require.Len(s.t, records, 1)
	w := records[0]
	require.Equal(s.t, s.tasks()[0].ARN, w.Task)
	moments := []time.Time{
		w.Asked, w.Created, w.Attached, w.PullStarted, w.PullStopped, w.Started, w.Registered, w.Healthy, w.Moved,
	}
	for i, moment := range moments {
		require.False(s.t, moment.IsZero(), "moment %d of %+v", i, w)
		require.False(s.t, i > 0 && moment.Before(moments[i-1].Add(-time.Millisecond)), "moment %d of %+v", i, w) // AWS's times have milliseconds
	}
}

// situations are moments in which the function needs its rights, those in which it could stop the service by mistake last.
var situations = []struct {
	phase decide.Phase
	age   time.Duration
}{{decide.PhaseWaking, 0}, {decide.PhaseAwake, 0}, {decide.PhaseAwake, -1}, {decide.PhaseDraining, 4 * time.Minute}}

// requireEachPermissionIsNeeded takes each right of the deployed role away, and finds a situation that needs it. Where the policy names no
// resource, the account must know none that it could name.
func requireEachPermissionIsNeeded(s *scalerStack) {
	s.past(8)
	for _, statement := range s.statements() {
		if statement.Sid == "WriteTheLog" { // Lambda does, in the role's name
			continue
		}
		for _, action := range statement.Action {
			call := s.refused(action)
			require.Equal(s.t, call.Resource == "*", slices.Equal(statement.Resource, []string{"*"}), "%s of %s: the policy has %s",
				action, call.Resource, statement.Resource)
		}
	}
	s.place(decide.PhaseAwake, -1)
}

// refused is the call that a right is needed for.
func (s *scalerStack) refused(action string) *sandboxtest.Call {
	s.t.Helper()
	defer s.deny(action)()
	for _, situation := range situations {
		s.place(situation.phase, situation.age)
		result := s.tick()
		require.Equal(s.t, 1, s.desired(), "%s: nothing is stopped by mistake, and no right is without need", action)
		calls := s.api.Calls()
		i := slices.IndexFunc(calls, func(call sandboxtest.Call) bool { return call.Refused && call.Action == action })
		if i >= 0 {
			require.ErrorContains(s.t, result.Err(), "not authorized to perform: "+action)
			return &calls[i]
		}
	}
	require.Fail(s.t, "no situation needs a right of the deployed role", action)
	return nil
}

// statements are those of the deployed role's policy.
func (s *scalerStack) statements() []infratest.PolicyStatement {
	s.t.Helper()
	policy, ok := s.sandbox.Account().Get(policyType, s.policy)
	require.True(s.t, ok)
	var document infratest.Policy
	require.NoError(s.t, json.Unmarshal([]byte(policy.State["policy"].StringValue()), &document))
	require.NotEmpty(s.t, document.Statement)
	return document.Statement
}

const policyType = "aws:iam/rolePolicy:RolePolicy"

// deny takes one action out of the deployed policy, and returns what puts it back.
func (s *scalerStack) deny(action string) (restore func()) {
	s.t.Helper()
	policy, ok := s.sandbox.Account().Get(policyType, s.policy)
	require.True(s.t, ok)
	before := policy.State["policy"].StringValue()
	require.Contains(s.t, before, `"`+action+`"`, "the deployed policy")
	s.set(policyType, s.policy, "policy", strings.Replace(before, `"`+action+`"`, `"iam:GetUser"`, 1))
	return func() { s.set(policyType, s.policy, "policy", before) }
}

// requireItSleeps plays the end of a session: nobody comes, the waker moves in front, and minutes later the count is zero.
func requireItSleeps(s *scalerStack) {
	s.quietTick(8)
	require.Equal(s.t, decide.PhaseDraining, s.phase())
	require.Equal(s.t, 1, s.desired(), "not before the metrics have caught up")
	response, _ := s.send(http.MethodGet, "/preview/", aPage)
	require.Equal(s.t, http.StatusTemporaryRedirect, response.StatusCode, "a visitor gets the service back")
	require.Equal(s.t, decide.PhaseAwake, s.phase())

	s.place(decide.PhaseDraining, 4*time.Minute)
	for _, task := range s.tasks() {
		require.NoError(s.t, s.scheduler.Protect(task.ARN, time.Now().Add(time.Minute)))
	}
	s.quietTick(8)
	require.Equal(s.t, 1, s.desired(), "a protected session is left alone")
	for _, task := range s.tasks() {
		require.NoError(s.t, s.scheduler.Protect(task.ARN, time.Time{}))
	}
	s.place(decide.PhaseDraining, 4*time.Minute)
	s.quietTick(8)
	require.Zero(s.t, s.desired())
	s.ahead = 2 * time.Minute // the tasks' connections end
	s.quietTick(6)
	s.quietTick(6)
	require.Equal(s.t, decide.PhaseAsleep, s.phase())
	s.requireNoChanges(s.stack)
}

func (s *scalerStack) tasks() []*sandboxtest.Task {
	s.t.Helper()
	tasks, err := sandboxtest.Tasks(s.sandbox.Account())
	require.NoError(s.t, err)
	require.NotEmpty(s.t, tasks)
	return tasks
}

// TestScalerRefusesToRunUnconfigured starts the real binary without its environment.
func TestScalerRefusesToRunUnconfigured(t *testing.T) {
	t.Parallel()
	s := newScalerStack(t)
	const functionType = "aws:lambda/function:Function"
	id := string(s.resource(s.stack, "scaler-function").ID)
	s.set(functionType, id, "environment", map[string]any{"variables": map[string]any{"IDLE_MINUTES": "soon"}})
	payload, err := sandboxtest.ScheduledEvent(s.tickRule, time.Now())
	require.NoError(t, err)
	result, err := s.runtime.Invoke(s.ctx, sandboxtest.Invocation{Function: s.function, Payload: payload})
	require.NoError(t, err)
	require.Error(t, result.Err())
	for _, name := range []string{
		"CLUSTER_NAME", "SERVICE_NAME", "WAKER_RULE_ARN", "API_TARGET_GROUP_ARN", "PREVIEW_TARGET_GROUP_ARN", "RULE_PRIORITY_BASE",
	} {
		require.Contains(t, result.Log, fmt.Sprintf("environment variable %s is missing", name))
	}
	require.Contains(t, result.Log, `environment variable IDLE_MINUTES is "soon"`)
}
