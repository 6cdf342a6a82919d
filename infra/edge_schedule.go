package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/component"
)

// addSchedule has the function put back once a day what the owner's deployments took away. All of it depends on the
// invocation, so that it is gone before the behaviors are.
func (e *EdgeBehaviors) addSchedule(ctx *pulumi.Context, name string, args *EdgeBehaviorsArgs) error {
	return newSchedule(ctx, name, &scheduleArgs{
		Name:        args.Names.Other("edit-behaviors-daily"),
		Description: "Puts the live editor's CloudFront behaviors back if a deployment took them away",
		Expression:  "rate(1 day)",
		Function:    e.function.Function,
		Input:       spec.RemergeEvent,
	}, component.Child(e, pulumi.DependsOn([]pulumi.Resource{e.invocation}))...)
}

// addReports tells of what the schedule found: a failure or a refusal as a message with the function's own words, a
// repair as an alarm, which stays until the next day's run finds everything in its place.
func (e *EdgeBehaviors) addReports(ctx *pulumi.Context, name string, args *EdgeBehaviorsArgs) error {
	if _, err := lambda.NewFunctionEventInvokeConfig(ctx, name+"-failures", &lambda.FunctionEventInvokeConfigArgs{
		FunctionName: e.function.Function.Name,
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: args.Alerts.TopicArn},
		},
	}, component.Child(e, pulumi.DependsOn([]pulumi.Resource{e.function.Policy}))...); err != nil {
		return component.Created(name+"-failures", err)
	}
	if !args.Alarms {
		return nil
	}
	return args.Alerts.newAlarm(ctx, name+"-repaired-alarm", &alarmArgs{
		Name: args.Names.Other("edit-behaviors-repaired"),
		Description: "The live editor's CloudFront behaviors were missing or changed, and have been put back: the stack that owns " +
			"the distribution was deployed. Until then the editor could not be reached through the site's domain. " +
			"docs/operations-edge.md says how the owner can prevent it; the function's log says what was put back.",
		Namespace: spec.MetricNamespace, MetricName: spec.MetricRepaired,
		Dimensions:  pulumi.StringMap{spec.MetricDimension: pulumi.String(args.Names.Function(edgePurpose))},
		Statistic:   "Sum",
		Comparison:  "GreaterThanOrEqualToThreshold",
		Threshold:   1,
		MissingData: "notBreaching",
		// One run a day makes one data point a day.
		PeriodSeconds: 86400, Periods: 1,
	}, component.Child(e)...)
}
