package infra

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const observabilityToken = "webordinary:infra:Observability"

// ObservabilityArgs describes what watches a stack.
type ObservabilityArgs struct {
	config.Observability
	Names  config.Names
	Region string
	// Alerts is where everything is reported. The dashboard shows the alarms that it has by then.
	Alerts *Alerts
	// EditorOnly leaves out the dashboard and the budget, which the stack has once.
	EditorOnly bool
	// AsksWho says that the load balancer is the stack's own and asks who somebody is, for all clients.
	AsksWho bool
	// Task is the size of a task, for what it costs.
	Task config.Service
	// Service, LoadBalancerArn and FileSystemID are what is watched.
	Service         *EditService
	LoadBalancerArn pulumi.StringOutput
	FileSystemID    pulumi.StringOutput
}

// Observability is the stack's alarms, reports of failed tasks, dashboard and budget, each switched by configuration.
//
// The service sleeps most of the time, and its metrics sleep with it: CloudWatch has no data, not zeros. So silence never
// alarms here, and nothing watches for a metric to be low. Container Insights, which would count tasks by the minute, is
// left off: it bills every metric of every task. With a sign-in the load balancer has two more alarms, whatever the number of clients.
//
// CloudWatch's free tier is ten alarms. Prod has ten with everything switched on: four here, one for the audit, two each
// for scaler and cleanup, one for the edge. Target tracking adds four per stack that AWS manages and bills alike. Each further client has
// six, and four of target tracking (docs/clients.md).
type Observability struct {
	pulumi.ResourceState

	DashboardName pulumi.StringOutput `pulumi:"dashboardName"`
}

// NewObservability registers what is switched on.
func NewObservability(
	ctx *pulumi.Context, name string, args *ObservabilityArgs, opts ...pulumi.ResourceOption,
) (*Observability, error) {
	observability := &Observability{}
	if err := ctx.RegisterComponentResource(observabilityToken, name, observability, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	var parts []func(*pulumi.Context, string, *ObservabilityArgs) error
	if args.Alarms {
		parts = append(parts, observability.addAlarms, observability.addTaskReports)
	}
	if args.Alarms && !args.EditorOnly {
		parts = append(parts, observability.addDashboard)
	}
	if args.MonthlyBudgetUSD > 0 && !args.EditorOnly {
		parts = append(parts, observability.addBudget)
	}
	for _, add := range parts {
		if err := add(ctx, name, args); err != nil {
			return nil, err
		}
	}
	return observability, ctx.RegisterResourceOutputs(observability, pulumi.Map{
		"dashboardName": observability.DashboardName,
	})
}

// addAlarms registers the service's alarms.
func (o *Observability) addAlarms(ctx *pulumi.Context, name string, args *ObservabilityArgs) error {
	for _, alarm := range args.alarms() {
		if err := args.Alerts.newAlarm(ctx, name+"-"+alarm.suffix, &alarm.alarmArgs, component.Child(o)...); err != nil {
			return err
		}
	}
	return nil
}

// serviceAlarm is an alarm with the end of its logical name.
type serviceAlarm struct {
	suffix string
	alarmArgs
}

func (a *ObservabilityArgs) alarms() []serviceAlarm {
	alarms := []serviceAlarm{
		{"unhealthy-alarm", a.unhealthyAlarm()}, {"errors-alarm", a.errorsAlarm()}, {"gave-up-alarm", a.gaveUpAlarm()},
	}
	if a.Task.MinCapacity == 0 { // else it is meant to be awake
		alarms = append(alarms, serviceAlarm{"awake-alarm", a.awakeAlarm()})
	}
	if a.AsksWho && !a.EditorOnly {
		alarms = append(alarms, serviceAlarm{"sign-in-alarm", a.signInAlarm()}, serviceAlarm{"turned-away-alarm", a.turnedAwayAlarm()})
	}
	for i := range alarms {
		alarms[i].MissingData = "notBreaching" // asleep
		alarms[i].Comparison = "GreaterThanOrEqualToThreshold"
	}
	return alarms
}

// unhealthyAlarm watches the api group: all three groups make the same check, so one tells it all (D2). ECS replaces an
// unhealthy task within a minute or two, so the count seldom stands for long; two five-minute windows that each saw one
// mean that the replacement fails as well.
func (a *ObservabilityArgs) unhealthyAlarm() alarmArgs {
	return alarmArgs{
		Name: a.Names.Other("edit-unhealthy"),
		Description: "Tasks of the live editor start but do not pass their health check, again and again. " +
			"Look at the container's log and at the reports of stopped tasks.",
		Namespace: "AWS/ApplicationELB", MetricName: "UnHealthyHostCount", Dimensions: a.targetGroup("api"),
		Statistic: "Maximum", PeriodSeconds: 300, Periods: 2, Threshold: 1,
	}
}

// errorsAlarm counts what the API itself answered. The preview is left out, since a page that somebody is editing breaks
// all the time; so is the load balancer's own count, which has the 503 of every forgotten tab while asleep, and the
// waker's 503 to callers who cannot wait.
func (a *ObservabilityArgs) errorsAlarm() alarmArgs {
	return alarmArgs{
		Name:        a.Names.Other("edit-5xx"),
		Description: "The live editor's API answered five or more requests in five minutes with an error of its own (5xx).",
		Namespace:   "AWS/ApplicationELB", MetricName: "HTTPCode_Target_5XX_Count", Dimensions: a.targetGroup("api"),
		Statistic: "Sum", PeriodSeconds: 300, Periods: 1, Threshold: 5,
	}
}

// gaveUpAlarm fires when the scaler stopped trying to wake the service (D4). The scaler counts it, since no metric of ECS
// tells a task that cannot start from a service that sleeps.
func (a *ObservabilityArgs) gaveUpAlarm() alarmArgs {
	return alarmArgs{
		Name: a.Names.Other("edit-cannot-start"),
		Description: "The live editor could not be woken: its tasks failed to start several times and the scaler gave up. " +
			"Visitors see an error page. The reports of stopped tasks say why.",
		Namespace: scalerNamespace, MetricName: metricGaveUp,
		Dimensions: pulumi.StringMap{"Service": a.Service.ServiceName},
		Statistic:  "Sum", PeriodSeconds: 300, Periods: 1, Threshold: 1,
	}
}

const (
	// awakeHours is how long the service may run without a break before somebody should look: a session that never ends,
	// or a scaler that does not put it to sleep, costs $2.40 a day.
	awakeHours = 12
	// awakePeriodSeconds is short enough that any sleep leaves a window without data and starts the count again.
	awakePeriodSeconds = 300
)

// awakeAlarm counts the samples of the service's CPU metric: ECS writes one a minute for each running task and none
// while there is none, so it sees every task that is paid for, healthy or not (ECS developer guide: "Service RUNNING task
// count"). CloudWatch evaluates at most one day of windows below an hour, which leaves room for twice these twelve hours.
func (a *ObservabilityArgs) awakeAlarm() alarmArgs {
	return alarmArgs{
		Name: a.Names.Other("edit-awake"),
		Description: "The live editor has been awake for twelve hours without a break. " +
			"Somebody works very long, a session says that it is busy and is not, or the scaler does not put it to sleep.",
		Namespace: "AWS/ECS", MetricName: "CPUUtilization",
		Dimensions: pulumi.StringMap{"ClusterName": a.Service.ClusterName, "ServiceName": a.Service.ServiceName},
		Statistic:  "SampleCount", PeriodSeconds: awakePeriodSeconds, Periods: awakeHours * 3600 / awakePeriodSeconds, Threshold: 1,
	}
}

// signInAlarm: nobody comes in, and no function of ours hears of it, as the load balancer itself asks the issuer (Elastic Load Balancing
// user guide, "CloudWatch metrics": ELBAuthError counts what is misconfigured, an issuer that can't be reached, and errors of its own). One
// is enough, since whoever cannot sign in tries once or twice.
func (a *ObservabilityArgs) signInAlarm() alarmArgs {
	return alarmArgs{
		Name: a.Names.Other("edit-sign-in-failed"),
		Description: "The load balancer could not complete a sign-in: the issuer is not reached, or what it was told of the load balancer " +
			"(client, secret, addresses) is not what it has. docs/operations.md, \"Who may edit\".",
		Namespace: "AWS/ApplicationELB", MetricName: "ELBAuthError", Dimensions: a.balancer(),
		Statistic: "Sum", PeriodSeconds: 300, Periods: 1, Threshold: 1,
	}
}

// turnedAwayAlarm counts whom the issuer refused (ELBAuthFailure). A person who gives up or goes back to a code that was used counts as
// well, so a few are nothing.
func (a *ObservabilityArgs) turnedAwayAlarm() alarmArgs {
	return alarmArgs{
		Name: a.Names.Other("edit-sign-in-denied"),
		Description: "The issuer refused five or more sign-ins in five minutes: it may let in fewer people than before, or somebody tries " +
			"codes. docs/operations.md, \"Who may edit\".",
		Namespace: "AWS/ApplicationELB", MetricName: "ELBAuthFailure", Dimensions: a.balancer(),
		Statistic: "Sum", PeriodSeconds: 300, Periods: 1, Threshold: 5,
	}
}

// balancer is the dimension of what the load balancer counts for all clients together.
func (a *ObservabilityArgs) balancer() pulumi.StringMap {
	return pulumi.StringMap{"LoadBalancer": loadBalancerSuffix(a.LoadBalancerArn)}
}

// targetGroup are the dimensions of one of the service's target groups.
func (a *ObservabilityArgs) targetGroup(kind string) pulumi.StringMap {
	return pulumi.StringMap{
		"LoadBalancer": loadBalancerSuffix(a.LoadBalancerArn),
		"TargetGroup":  a.Service.TargetGroups[kind].ArnSuffix,
	}
}

// loadBalancerSuffix is how CloudWatch calls a load balancer: the end of its ARN, app/NAME/ID.
func loadBalancerSuffix(arn pulumi.StringOutput) pulumi.StringOutput {
	return arn.ApplyT(func(arn string) string {
		_, suffix, _ := strings.Cut(arn, ":loadbalancer/")
		return suffix
	}).(pulumi.StringOutput)
}
