package scalertest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// ARNs by which the simulated service is known.
const (
	Cluster         = "webordinary-edit-cluster"
	Service         = "webordinary-edit"
	RuleARN         = "arn:aws:elasticloadbalancing:us-west-2:942734823970:listener-rule/app/edit/aaaa/bbbb/cccc"
	APIGroupARN     = "arn:aws:elasticloadbalancing:us-west-2:942734823970:targetgroup/edit-api-tg/1111"
	PreviewGroupARN = "arn:aws:elasticloadbalancing:us-west-2:942734823970:targetgroup/edit-preview-tg/2222"
)

// API answers the function's calls from an account, in the SDK's types. It is safe for calls side by side.
type API struct {
	mu      sync.Mutex
	account *Account
	// Now is the clock that the account follows.
	Now func() time.Time
	// Call is made around every call: before it has an effect, and after it. Its error is the caller's. It may wait.
	Call func(ctx context.Context, operation string, before bool) error
}

// NewAPI serves an account.
func NewAPI(account *Account, now func() time.Time, call func(context.Context, string, bool) error) *API {
	return &API{account: account, Now: now, Call: call}
}

// Do runs something with the account, brought up to date.
func (a *API) Do(do func(*Account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.account.Advance(a.Now())
	do(a.account)
}

// within makes one call.
func (a *API) within(ctx context.Context, operation string, do func(*Account)) error {
	if err := a.Call(ctx, operation, true); err != nil {
		return err
	}
	a.Do(do)
	return a.Call(ctx, operation, false)
}

// DescribeServices answers for the one service.
func (a *API) DescribeServices(
	ctx context.Context, _ *ecs.DescribeServicesInput, _ ...func(*ecs.Options),
) (*ecs.DescribeServicesOutput, error) {
	service := ecstypes.Service{Status: aws.String("ACTIVE")}
	err := a.within(ctx, "DescribeServices", func(w *Account) {
		running, pending := w.Counts()
		//nolint:gosec // counts of a handful of tasks
		service.DesiredCount, service.RunningCount, service.PendingCount = int32(w.desired), int32(running), int32(pending)
		if at := w.registeredAt(); !at.IsZero() {
			service.Events = []ecstypes.ServiceEvent{{
				CreatedAt: aws.Time(at), Message: aws.String("(service edit) registered 1 targets in (target-group " + APIGroupARN + ")"),
			}}
		}
		service.Deployments = []ecstypes.Deployment{{Status: aws.String("PRIMARY"), CreatedAt: aws.Time(w.deployedAt)}}
	})
	return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{service}}, err
}

// UpdateService sets the desired count.
func (a *API) UpdateService(
	ctx context.Context, in *ecs.UpdateServiceInput, _ ...func(*ecs.Options),
) (*ecs.UpdateServiceOutput, error) {
	count := int(aws.ToInt32(in.DesiredCount))
	err := a.within(ctx, "UpdateService "+strconv.Itoa(count), func(w *Account) { w.SetDesired(count, true) })
	return &ecs.UpdateServiceOutput{}, err
}

// ListTasks lists tasks by desired status.
func (a *API) ListTasks(ctx context.Context, in *ecs.ListTasksInput, _ ...func(*ecs.Options)) (*ecs.ListTasksOutput, error) {
	out := &ecs.ListTasksOutput{}
	err := a.within(ctx, "ListTasks", func(w *Account) {
		for _, t := range w.tasks {
			if t.Wanted == (in.DesiredStatus == ecstypes.DesiredStatusRunning) {
				out.TaskArns = append(out.TaskArns, t.arn())
			}
		}
	})
	return out, err
}

func (t *Task) arn() string {
	return fmt.Sprintf("arn:aws:ecs:us-west-2:942734823970:task/%s/%s", Cluster, t.ID)
}

// DescribeTasks describes the tasks asked for.
func (a *API) DescribeTasks(
	ctx context.Context, in *ecs.DescribeTasksInput, _ ...func(*ecs.Options),
) (*ecs.DescribeTasksOutput, error) {
	out := &ecs.DescribeTasksOutput{}
	err := a.within(ctx, "DescribeTasks", func(w *Account) {
		for _, arn := range in.Tasks {
			for _, t := range w.tasks {
				if t.arn() == arn {
					out.Tasks = append(out.Tasks, t.describe())
				}
			}
		}
	})
	return out, err
}

func (t *Task) describe() ecstypes.Task {
	known := func(at time.Time) *time.Time {
		if at.IsZero() {
			return nil
		}
		return &at
	}
	status := "STOPPED"
	if t.Wanted {
		status = "RUNNING"
	}
	task := ecstypes.Task{
		TaskArn: aws.String(t.arn()), LastStatus: aws.String(t.Status), DesiredStatus: &status,
		CreatedAt: known(t.Created), ConnectivityAt: known(t.PullStarted), PullStartedAt: known(t.PullStarted),
		PullStoppedAt: known(t.PullStopped), StartedAt: known(t.Started), StoppingAt: known(t.Stopping), StoppedAt: known(t.Ended),
		StopCode: ecstypes.TaskStopCode(t.StopCode), StoppedReason: aws.String(t.Reason),
	}
	if t.Status != Provisioning {
		task.Attachments = []ecstypes.Attachment{{Details: []ecstypes.KeyValuePair{
			{Name: aws.String("privateIPv4Address"), Value: aws.String(t.Address)},
		}}}
	}
	return task
}

// GetTaskProtection tells the protection of the tasks asked for.
func (a *API) GetTaskProtection(
	ctx context.Context, in *ecs.GetTaskProtectionInput, _ ...func(*ecs.Options),
) (*ecs.GetTaskProtectionOutput, error) {
	out := &ecs.GetTaskProtectionOutput{}
	err := a.within(ctx, "GetTaskProtection", func(w *Account) {
		for _, arn := range in.Tasks {
			for _, t := range w.tasks {
				if t.arn() != arn {
					continue
				}
				protected := ecstypes.ProtectedTask{TaskArn: aws.String(arn), ProtectionEnabled: t.Protected(w.now)}
				if protected.ProtectionEnabled {
					protected.ExpirationDate = aws.Time(t.ProtectedUntil)
				}
				out.ProtectedTasks = append(out.ProtectedTasks, protected)
			}
		}
	})
	return out, err
}

// DescribeRules tells the waker rule's priority.
func (a *API) DescribeRules(
	ctx context.Context, _ *elb.DescribeRulesInput, _ ...func(*elb.Options),
) (*elb.DescribeRulesOutput, error) {
	rule := elbtypes.Rule{RuleArn: aws.String(RuleARN)}
	err := a.within(ctx, "DescribeRules", func(w *Account) { rule.Priority = aws.String(strconv.Itoa(w.priority)) })
	return &elb.DescribeRulesOutput{Rules: []elbtypes.Rule{rule}}, err
}

// SetRulePriorities moves the waker's rule.
func (a *API) SetRulePriorities(
	ctx context.Context, in *elb.SetRulePrioritiesInput, _ ...func(*elb.Options),
) (*elb.SetRulePrioritiesOutput, error) {
	err := a.within(ctx, "SetRulePriorities", func(w *Account) {
		w.SetPriority(int(aws.ToInt32(in.RulePriorities[0].Priority)))
	})
	return &elb.SetRulePrioritiesOutput{}, err
}

// DescribeTargetHealth tells the targets of a group; both groups have the same.
func (a *API) DescribeTargetHealth(
	ctx context.Context, _ *elb.DescribeTargetHealthInput, _ ...func(*elb.Options),
) (*elb.DescribeTargetHealthOutput, error) {
	out := &elb.DescribeTargetHealthOutput{}
	err := a.within(ctx, "DescribeTargetHealth", func(w *Account) {
		for _, t := range w.tasks {
			health := elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumInitial}
			switch {
			case !t.registered && t.Status == Deactivating:
				health.State = elbtypes.TargetHealthStateEnumDraining
			case !t.registered:
				continue
			case t.healthy:
				health.State = elbtypes.TargetHealthStateEnumHealthy
			case w.unhealthy(t):
				health.State, health.Reason = elbtypes.TargetHealthStateEnumUnhealthy, elbtypes.TargetHealthReasonEnumResponseCodeMismatch
				if w.timing.Refuses {
					health.Reason = elbtypes.TargetHealthReasonEnumFailedHealthChecks
				}
			}
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, elbtypes.TargetHealthDescription{
				Target: &elbtypes.TargetDescription{Id: aws.String(t.Address)}, TargetHealth: &health,
			})
		}
	})
	return out, err
}

// GetMetricData answers the three queries of the observer.
func (a *API) GetMetricData(
	ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options),
) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	err := a.within(ctx, "GetMetricData", func(w *Account) {
		for _, query := range in.MetricDataQueries {
			result := cwtypes.MetricDataResult{Id: query.Id, StatusCode: cwtypes.StatusCodeComplete}
			for _, p := range w.seriesOf(query.MetricStat.Metric).shown(w, aws.ToTime(in.StartTime)) {
				result.Timestamps = append(result.Timestamps, p.minute)
				result.Values = append(result.Values, p.value)
			}
			out.MetricDataResults = append(out.MetricDataResults, result)
		}
	})
	return out, err
}

// seriesOf finds a metric by its name and the dimensions that CloudWatch demands; anything else has no data.
func (w *Account) seriesOf(metric *cwtypes.Metric) *series {
	dimensions := map[string]string{}
	for _, d := range metric.Dimensions {
		dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	if aws.ToString(metric.Namespace) != "AWS/ApplicationELB" || dimensions["LoadBalancer"] != "app/edit/aaaa" {
		return &series{}
	}
	switch group := dimensions["TargetGroup"]; {
	case aws.ToString(metric.MetricName) == "HealthyHostCount" && group == "targetgroup/edit-api-tg/1111":
		return &w.hosts
	case aws.ToString(metric.MetricName) == "RequestCount" && group == "targetgroup/edit-api-tg/1111":
		return &w.requests[ToAPI]
	case aws.ToString(metric.MetricName) == "RequestCount" && group == "targetgroup/edit-preview-tg/2222":
		return &w.requests[ToPreview]
	default:
		return &series{}
	}
}
