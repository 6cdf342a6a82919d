package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// scheduleArgs describes an EventBridge rule that calls a function at a rate.
type scheduleArgs struct {
	Name, Description string
	// Expression is a rate, such as rate(1 minute).
	Expression string
	Function   *lambda.Function
	// Input replaces the event that EventBridge sends; empty sends the event.
	Input string
}

// newSchedule registers the rule, the permission for this rule only, and the target, in this order: a rule without a
// permission would fail silently.
func newSchedule(ctx *pulumi.Context, name string, args *scheduleArgs, opts ...pulumi.ResourceOption) error {
	rule, err := cloudwatch.NewEventRule(ctx, name+"-schedule", &cloudwatch.EventRuleArgs{
		Name:               pulumi.String(args.Name),
		Description:        pulumi.String(args.Description),
		ScheduleExpression: pulumi.String(args.Expression),
	}, opts...)
	if err != nil {
		return component.Created(name+"-schedule", err)
	}
	permission, err := lambda.NewPermission(ctx, name+"-schedule-permission", &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  args.Function.Name,
		Principal: pulumi.String("events.amazonaws.com"),
		SourceArn: rule.Arn,
	}, opts...)
	if err != nil {
		return component.Created(name+"-schedule-permission", err)
	}
	target := &cloudwatch.EventTargetArgs{Rule: rule.Name, Arn: args.Function.Arn}
	if args.Input != "" {
		target.Input = pulumi.String(args.Input)
	}
	_, err = cloudwatch.NewEventTarget(ctx, name+"-schedule-target", target,
		append(opts[:len(opts):len(opts)], pulumi.DependsOn([]pulumi.Resource{permission}))...)
	return component.Created(name+"-schedule-target", err)
}
