package observe_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
)

var noon = time.Date(2026, 3, 2, 12, 4, 20, 0, time.UTC)

var errThrottled = errors.New("throttled")

const (
	ruleARN    = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener-rule/app/edit-alb/50dc6c495c0c9188/f2f7/9683"
	apiARN     = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/edit-api-tg/73e2"
	previewARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/edit-preview-tg/83e2"
)

// account answers the observer's calls; failing ones are named.
type account struct {
	mu       sync.Mutex
	calls    map[string]int
	failing  map[string]bool
	priority string
	service  ecstypes.Service
	live     []ecstypes.Task
	stopped  []ecstypes.Task
	guarded  []ecstypes.ProtectedTask
	targets  map[string][]elbtypes.TargetHealthDescription
	metrics  []cwtypes.MetricDataResult
	query    *cloudwatch.GetMetricDataInput
}

func (a *account) call(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls = map[string]int{}
	}
	a.calls[name]++
	if a.failing[name] {
		return errThrottled
	}
	return nil
}

func (a *account) DescribeServices(
	context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options),
) (*ecs.DescribeServicesOutput, error) {
	return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{a.service}}, a.call("DescribeServices")
}

func (a *account) ListTasks(_ context.Context, in *ecs.ListTasksInput, _ ...func(*ecs.Options)) (*ecs.ListTasksOutput, error) {
	tasks := a.live
	if in.DesiredStatus == ecstypes.DesiredStatusStopped {
		tasks = a.stopped
	}
	out := &ecs.ListTasksOutput{}
	for i := range tasks {
		out.TaskArns = append(out.TaskArns, aws.ToString(tasks[i].TaskArn))
	}
	return out, a.call("ListTasks")
}

func (a *account) DescribeTasks(
	_ context.Context, in *ecs.DescribeTasksInput, _ ...func(*ecs.Options),
) (*ecs.DescribeTasksOutput, error) {
	out := &ecs.DescribeTasksOutput{}
	for _, task := range append(append([]ecstypes.Task{}, a.live...), a.stopped...) {
		for _, arn := range in.Tasks {
			if aws.ToString(task.TaskArn) == arn {
				out.Tasks = append(out.Tasks, task)
			}
		}
	}
	return out, a.call("DescribeTasks")
}

func (a *account) GetTaskProtection(
	context.Context, *ecs.GetTaskProtectionInput, ...func(*ecs.Options),
) (*ecs.GetTaskProtectionOutput, error) {
	return &ecs.GetTaskProtectionOutput{ProtectedTasks: a.guarded}, a.call("GetTaskProtection")
}

func (a *account) DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error) {
	out := &elb.DescribeRulesOutput{}
	if a.priority != "" {
		out.Rules = []elbtypes.Rule{{RuleArn: aws.String(ruleARN), Priority: &a.priority}}
	}
	return out, a.call("DescribeRules")
}

func (a *account) DescribeTargetHealth(
	_ context.Context, in *elb.DescribeTargetHealthInput, _ ...func(*elb.Options),
) (*elb.DescribeTargetHealthOutput, error) {
	return &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: a.targets[aws.ToString(in.TargetGroupArn)]},
		a.call("DescribeTargetHealth")
}

func (a *account) GetMetricData(
	_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options),
) (*cloudwatch.GetMetricDataOutput, error) {
	a.query = in
	return &cloudwatch.GetMetricDataOutput{MetricDataResults: a.metrics}, a.call("GetMetricData")
}

func (a *account) observer() *observe.Observer {
	return &observe.Observer{
		Subject: observe.Subject{
			Cluster: "edit-cluster", Service: "edit", RuleARN: ruleARN, APIGroupARN: apiARN, PreviewGroupARN: previewARN,
			Layout: decide.Layout{Base: 100}, Window: 9 * time.Minute,
		},
		ECS: a, ELB: a, CloudWatch: a,
	}
}

// look observes needs, one round each, and requires that none fails.
func look(t *testing.T, a *account, needs ...decide.Need) decide.Facts {
	t.Helper()
	l, f := a.observer().Begin(), decide.Facts{Now: noon}
	for _, need := range needs {
		require.NoError(t, l.Observe(t.Context(), need, &f))
		require.Equal(t, need, f.Have&need)
	}
	return f
}

func ago(d time.Duration) *time.Time { return aws.Time(noon.Add(-d)) }

func healthyTarget(address string) elbtypes.TargetHealthDescription {
	return target(address, elbtypes.TargetHealthStateEnumHealthy)
}

func target(address string, state elbtypes.TargetHealthStateEnum) elbtypes.TargetHealthDescription {
	return elbtypes.TargetHealthDescription{
		Target: &elbtypes.TargetDescription{Id: &address}, TargetHealth: &elbtypes.TargetHealth{State: state},
	}
}

func task(arn, status string, created time.Duration) ecstypes.Task {
	return ecstypes.Task{
		TaskArn: &arn, LastStatus: &status, DesiredStatus: aws.String("RUNNING"), CreatedAt: ago(created),
		Attachments: []ecstypes.Attachment{{Details: []ecstypes.KeyValuePair{
			{Name: aws.String("subnetId"), Value: aws.String("subnet-1")},
			{Name: aws.String("privateIPv4Address"), Value: aws.String("10.0.0." + arn)},
		}}},
	}
}

func TestRuleAndService(t *testing.T) {
	t.Parallel()
	a := &account{priority: "104", service: ecstypes.Service{
		Status: aws.String("ACTIVE"), DesiredCount: 2, RunningCount: 1, PendingCount: 1,
	}}
	f := look(t, a, decide.NeedRule|decide.NeedService)
	require.Equal(t, decide.PhaseWaking, f.Rule.Phase)
	require.Equal(t, decide.Service{Desired: 2, Running: 1, Pending: 1}, f.Service)
	require.Equal(t, map[string]int{"DescribeRules": 1, "DescribeServices": 1}, a.calls)
}

func TestWhatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	active := ecstypes.Service{Status: aws.String("ACTIVE")}
	for name, c := range map[string]struct {
		account *account
		need    decide.Need
		message string
	}{
		"no rule":      {&account{service: active}, decide.NeedRule, "the listener rule does not exist"},
		"default rule": {&account{priority: "default", service: active}, decide.NeedRule, "its priority is not a number"},
		"inactive service": {
			&account{service: ecstypes.Service{Status: aws.String("INACTIVE")}}, decide.NeedService, "service edit in cluster edit-cluster",
		},
		"metrics missing": {
			&account{metrics: []cwtypes.MetricDataResult{{Id: aws.String("api"), StatusCode: cwtypes.StatusCodeInternalError}}},
			decide.NeedTraffic, "no complete answer",
		},
	} {
		f := decide.Facts{Now: noon}
		err := c.account.observer().Begin().Observe(t.Context(), c.need, &f)
		require.ErrorContains(t, err, c.message, name)
		require.Equal(t, c.need, f.Missing, name)
		require.Zero(t, f.Have, name)
	}
}

// TestOneFailureHidesNothingElse: what could be read is there, what could not is named.
func TestOneFailureHidesNothingElse(t *testing.T) {
	t.Parallel()
	a := &account{
		priority: "101", service: ecstypes.Service{Status: aws.String("ACTIVE"), DesiredCount: 1},
		failing: map[string]bool{"DescribeTargetHealth": true, "GetMetricData": true},
	}
	f := decide.Facts{Now: noon}
	err := a.observer().Begin().Observe(t.Context(),
		decide.NeedRule|decide.NeedService|decide.NeedHealth|decide.NeedTraffic, &f)
	require.ErrorIs(t, err, errThrottled)
	require.ErrorContains(t, err, "observe health:")
	require.ErrorContains(t, err, "observe traffic:")
	require.Equal(t, decide.NeedRule|decide.NeedService, f.Have)
	require.Equal(t, decide.NeedHealth|decide.NeedTraffic, f.Missing)
}

// TestHealthCountsLiveTasksOnly: right after a cancelled sleep a group still holds the healthy target of a task that ECS
// is about to stop.
func TestHealthCountsLiveTasksOnly(t *testing.T) {
	t.Parallel()
	a := &account{
		live: []ecstypes.Task{task("1", "RUNNING", time.Minute)},
		targets: map[string][]elbtypes.TargetHealthDescription{
			apiARN:     {healthyTarget("10.0.0.1"), healthyTarget("10.0.0.9"), target("10.0.0.1", elbtypes.TargetHealthStateEnumInitial)},
			previewARN: {healthyTarget("10.0.0.9"), target("10.0.0.1", elbtypes.TargetHealthStateEnumUnhealthy)},
		},
	}
	require.Equal(t, decide.Health{API: 2, Preview: 1}, look(t, a, decide.NeedHealth).Health, "the tasks are not known")
	require.Equal(t, decide.Health{API: 1, Preview: 0}, look(t, a, decide.NeedTasks, decide.NeedHealth).Health)
	a.live[0].Attachments = nil
	require.Equal(t, decide.Health{API: 2, Preview: 1}, look(t, a, decide.NeedTasks, decide.NeedHealth).Health,
		"without addresses the targets alone must do")
	healthy, err := a.observer().Glance(t.Context())
	require.NoError(t, err)
	require.True(t, healthy)
}

// TestUnreachableIsAServiceWithoutAnyAnswer: every target of both groups that belongs to a live task fails its checks without
// an answer. A 503, a target that is still being checked, or one that is in no use is something else.
func TestUnreachableIsAServiceWithoutAnyAnswer(t *testing.T) {
	t.Parallel()
	failing := func(address string, reason elbtypes.TargetHealthReasonEnum) elbtypes.TargetHealthDescription {
		out := target(address, elbtypes.TargetHealthStateEnumUnhealthy)
		out.TargetHealth.Reason = reason
		return out
	}
	const (
		refused  = elbtypes.TargetHealthReasonEnumFailedHealthChecks
		late     = elbtypes.TargetHealthReasonEnumTimeout
		answered = elbtypes.TargetHealthReasonEnumResponseCodeMismatch
	)
	type targets = []elbtypes.TargetHealthDescription
	for name, c := range map[string]struct {
		api, preview targets
		want         bool
	}{
		"refused": {targets{failing("10.0.0.1", refused)}, targets{failing("10.0.0.1", late)}, true},
		"of a task that is no more": {
			targets{failing("10.0.0.1", refused), failing("10.0.0.9", answered), target("10.0.0.1", elbtypes.TargetHealthStateEnumDraining)},
			targets{failing("10.0.0.1", refused), healthyTarget("10.0.0.9")},
			true,
		},
		"503 in one group":         {targets{failing("10.0.0.1", refused)}, targets{failing("10.0.0.1", answered)}, false},
		"an error of the balancer": {targets{failing("10.0.0.1", elbtypes.TargetHealthReasonEnumInternalError)}, targets{failing("10.0.0.1", refused)}, false},
		"still being checked":      {targets{failing("10.0.0.1", refused)}, targets{target("10.0.0.1", elbtypes.TargetHealthStateEnumInitial)}, false},
		"in no use":                {targets{failing("10.0.0.1", refused)}, targets{target("10.0.0.1", elbtypes.TargetHealthStateEnumUnused)}, false},
		"one of two answers": {
			targets{failing("10.0.0.1", refused), failing("10.0.0.2", answered)}, targets{failing("10.0.0.1", refused)}, false,
		},
		"no targets": {nil, nil, false}, "none in one group": {targets{failing("10.0.0.1", refused)}, nil, false},
	} {
		a := &account{
			live:    []ecstypes.Task{task("1", "RUNNING", time.Minute), task("2", "RUNNING", time.Minute)},
			targets: map[string][]elbtypes.TargetHealthDescription{apiARN: c.api, previewARN: c.preview},
		}
		require.Equal(t, c.want, look(t, a, decide.NeedTasks, decide.NeedHealth).Health.Unreachable, name)
	}
}

func TestTasksTellHowFarTheyAre(t *testing.T) {
	t.Parallel()
	pulling, pulled := task("2", "PENDING", 20*time.Second), task("3", "PENDING", 25*time.Second)
	pulling.PullStartedAt = ago(9 * time.Second)
	pulled.PullStartedAt, pulled.PullStoppedAt = ago(9*time.Second), ago(time.Second)
	for want, tasks := range map[decide.Stage][]ecstypes.Task{
		decide.StageAsked:    nil,
		decide.StagePlacing:  {task("1", "PROVISIONING", time.Second)},
		decide.StagePulling:  {task("1", "PENDING", time.Second), pulling},
		decide.StageStarting: {pulled, pulling},
		decide.StageChecking: {task("1", "ACTIVATING", time.Second), task("4", "RUNNING", time.Minute), pulling},
	} {
		f := look(t, &account{live: tasks}, decide.NeedTasks)
		require.Equal(t, want, f.Tasks.Stage)
		require.Equal(t, len(tasks), int(f.Tasks.Live))
	}
	f := look(t, &account{live: []ecstypes.Task{task("4", "RUNNING", time.Minute), pulling}}, decide.NeedTasks)
	require.Equal(t, noon.Add(-time.Minute), f.Tasks.Oldest)
	require.Equal(t, int32(1), f.Tasks.Running)
}

func TestProtection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guarded []ecstypes.ProtectedTask
		want    bool
	}{
		"none":            {nil, false},
		"off":             {[]ecstypes.ProtectedTask{{ProtectionEnabled: false, ExpirationDate: ago(-time.Hour)}}, false},
		"expired":         {[]ecstypes.ProtectedTask{{ProtectionEnabled: true, ExpirationDate: ago(time.Second)}}, false},
		"left by a crash": {[]ecstypes.ProtectedTask{{ProtectionEnabled: true, ExpirationDate: ago(-2 * time.Minute)}}, true},
		"without an end":  {[]ecstypes.ProtectedTask{{ProtectionEnabled: true}}, true},
		"one of two":      {[]ecstypes.ProtectedTask{{}, {ProtectionEnabled: true, ExpirationDate: ago(-time.Minute)}}, true},
	} {
		a := &account{live: []ecstypes.Task{task("1", "RUNNING", time.Minute)}, guarded: c.guarded}
		require.Equal(t, c.want, look(t, a, decide.NeedProtection).Protection.Active, name)
		require.Equal(t, map[string]int{"ListTasks": 1, "GetTaskProtection": 1}, a.calls)
	}
	empty := &account{}
	require.False(t, look(t, empty, decide.NeedTasks, decide.NeedProtection).Protection.Active)
	require.Equal(t, map[string]int{"ListTasks": 1}, empty.calls, "no task, no question")
}

// TestTrafficAsksForTheRightMetrics: without both dimensions CloudWatch has no RequestCount of a target group.
func TestTrafficAsksForTheRightMetrics(t *testing.T) {
	t.Parallel()
	minute := func(ago int) time.Time { return noon.Truncate(time.Minute).Add(-time.Duration(ago) * time.Minute) }
	a := &account{metrics: []cwtypes.MetricDataResult{
		{Id: aws.String("api"), StatusCode: cwtypes.StatusCodeComplete, Timestamps: []time.Time{minute(4), minute(7)}, Values: []float64{2, 9}},
		{Id: aws.String("preview"), StatusCode: cwtypes.StatusCodeComplete, Timestamps: []time.Time{minute(2), minute(3)}, Values: []float64{0, 1}},
		{
			Id: aws.String("hosts"), StatusCode: cwtypes.StatusCodeComplete,
			Timestamps: []time.Time{minute(1), minute(2), minute(5), minute(6)}, Values: []float64{0, 1, 1, 0},
		},
	}}
	f := look(t, a, decide.NeedTraffic)
	require.Equal(t, decide.Traffic{Last: minute(3), Watermark: minute(1), UpSince: minute(5)}, f.Traffic)
	require.Equal(t, 1, a.calls["GetMetricData"])
	require.Equal(t, minute(9), *a.query.StartTime)
	require.Equal(t, minute(-1), *a.query.EndTime, "the present minute is part of it")
	require.Len(t, a.query.MetricDataQueries, 3)
	for i, want := range []struct{ metric, group, statistic string }{
		{"RequestCount", "targetgroup/edit-api-tg/73e2", "Sum"},
		{"RequestCount", "targetgroup/edit-preview-tg/83e2", "Sum"},
		{"HealthyHostCount", "targetgroup/edit-api-tg/73e2", "Maximum"},
	} {
		query := a.query.MetricDataQueries[i].MetricStat
		require.Equal(t, want.metric, *query.Metric.MetricName)
		require.Equal(t, want.statistic, *query.Stat)
		require.Equal(t, int32(60), *query.Period)
		require.Equal(t, []cwtypes.Dimension{
			{Name: aws.String("LoadBalancer"), Value: aws.String("app/edit-alb/50dc6c495c0c9188")},
			{Name: aws.String("TargetGroup"), Value: aws.String(want.group)},
		}, query.Metric.Dimensions)
	}
	require.Equal(t, decide.Traffic{}, look(t, &account{}, decide.NeedTraffic).Traffic, "no data is no data")
}
