package infra

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/policy"
)

const alertsToken = "webordinary:infra:Alerts"

// AlertsArgs describes where alarms go.
type AlertsArgs struct {
	// TopicName of the SNS topic.
	TopicName string
	// Email is subscribed to the topic; empty subscribes nobody. AWS asks the address to confirm.
	Email string
}

// Alerts is the SNS topic that every alarm of the stack notifies, and the list of those alarms.
type Alerts struct {
	pulumi.ResourceState

	TopicArn pulumi.StringOutput `pulumi:"topicArn"`

	policy    pulumi.Resource
	alarmArns pulumi.StringArray
}

// NewAlerts registers the topic and its subscription.
func NewAlerts(ctx *pulumi.Context, name string, args *AlertsArgs, opts ...pulumi.ResourceOption) (*Alerts, error) {
	alerts := &Alerts{}
	if err := ctx.RegisterComponentResource(alertsToken, name, alerts, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	topic, err := sns.NewTopic(ctx, name+"-topic", &sns.TopicArgs{Name: pulumi.String(args.TopicName)}, component.Child(alerts)...)
	if err != nil {
		return nil, component.Created(name+"-topic", err)
	}
	alerts.TopicArn = topic.Arn
	if alerts.policy, err = sns.NewTopicPolicy(ctx, name+"-policy", &sns.TopicPolicyArgs{
		Arn:    topic.Arn,
		Policy: publishPolicy(topic.Arn).JSON(),
	}, component.Child(alerts)...); err != nil {
		return nil, component.Created(name+"-policy", err)
	}
	if args.Email != "" {
		if _, err := sns.NewTopicSubscription(ctx, name+"-email", &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(args.Email),
		}, component.Child(alerts)...); err != nil {
			return nil, component.Created(name+"-email", err)
		}
	}
	return alerts, ctx.RegisterResourceOutputs(alerts, pulumi.Map{"topicArn": alerts.TopicArn})
}

// ready is what has to be there before somebody publishes: Budgets tries the topic when a budget is created.
func (a *Alerts) ready() []pulumi.Resource { return []pulumi.Resource{a.policy} }

// publishPolicy lets the services that report to the topic publish, for this account only. It takes the place of the
// policy that SNS gives every topic, which lets the whole account publish and subscribe.
func publishPolicy(topicArn pulumi.StringOutput) policy.Document {
	publish := func(sid, service string, conditions ...policy.Condition) policy.Statement {
		return policy.Statement{
			Sid: sid, Principal: &policy.Principal{Services: []string{service}}, Actions: []string{"sns:Publish"},
			Resources: policy.Resources(topicArn), Conditions: conditions,
		}
	}
	account := arnPart(topicArn, 4)
	sameAccount := policy.When("StringEquals", "aws:SourceAccount", account)
	return policy.Document{Statements: []policy.Statement{
		publish("PublishAlarms", "cloudwatch.amazonaws.com", sameAccount, policy.When("ArnLike", "aws:SourceArn",
			pulumi.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:*", arnPart(topicArn, 3), account))),
		publish("PublishBudgets", "budgets.amazonaws.com", sameAccount, policy.When("ArnLike", "aws:SourceArn",
			pulumi.Sprintf("arn:aws:budgets::%s:*", account))),
		// EventBridge gives SNS no source to compare: with any condition here its messages are dropped without a trace
		// (EventBridge user guide, "Amazon SNS permissions": no Condition blocks in topic policies).
		publish("PublishEvents", "events.amazonaws.com"),
	}}
}

// arnPart is one of the parts of an ARN between its colons; 3 is the region, 4 the account.
func arnPart(arn pulumi.StringOutput, part int) pulumi.StringOutput {
	return arn.ApplyT(func(arn string) (string, error) {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) < 6 {
			return "", fmt.Errorf("%w: %q has %d parts, expected arn:partition:service:region:account:resource", errBadArn, arn, len(parts))
		}
		return parts[part], nil
	}).(pulumi.StringOutput)
}

var errBadArn = errors.New("not an ARN")

// alarmArgs describes an alarm on one CloudWatch metric.
type alarmArgs struct {
	Name, Description     string
	Namespace, MetricName string
	Dimensions            pulumi.StringMap
	// Statistic is Sum, Maximum, Minimum, Average or SampleCount.
	Statistic string
	// PeriodSeconds is one data point. Of the last Periods, Breaching have to breach; zero says all of them.
	PeriodSeconds, Periods, Breaching int
	// Comparison is a CloudWatch operator, such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// MissingData is what silence means: notBreaching or ignore, or missing, which is told like an alarm once there was something before.
	// Never breaching: an alarm of something that comes later than the alarm would ring on every first deployment.
	MissingData string
}

// missingIsTold has CloudWatch say "insufficient data" where there is none ("Configuring how CloudWatch alarms treat missing data").
const missingIsTold = "missing"

// newAlarm registers an alarm that notifies the topic on ALARM and OK, and adds it to the list.
func (a *Alerts) newAlarm(ctx *pulumi.Context, name string, args *alarmArgs, opts ...pulumi.ResourceOption) error {
	actions := pulumi.Array{a.TopicArn}
	// Every alarm begins with insufficient data, of which nobody is told: actions are of changes ("Using Amazon CloudWatch alarms").
	var silence pulumi.ArrayInput
	if args.MissingData == missingIsTold {
		silence = actions
	}
	var breaching pulumi.IntPtrInput // nothing says all
	if args.Breaching > 0 {
		breaching = pulumi.Int(args.Breaching)
	}
	alarm, err := cloudwatch.NewMetricAlarm(ctx, name, &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(args.Name),
		AlarmDescription:   pulumi.String(args.Description),
		Namespace:          pulumi.String(args.Namespace),
		MetricName:         pulumi.String(args.MetricName),
		Dimensions:         args.Dimensions,
		Statistic:          pulumi.String(args.Statistic),
		Period:             pulumi.Int(args.PeriodSeconds),
		EvaluationPeriods:  pulumi.Int(args.Periods),
		DatapointsToAlarm:  breaching,
		ComparisonOperator: pulumi.String(args.Comparison),
		Threshold:          pulumi.Float64(args.Threshold),
		TreatMissingData:   pulumi.String(args.MissingData),
		AlarmActions:       actions,
		OkActions:          actions,

		InsufficientDataActions: silence,
	}, opts...)
	if err != nil {
		return component.Created(name, err)
	}
	a.alarmArns = append(a.alarmArns, alarm.Arn)
	return nil
}
