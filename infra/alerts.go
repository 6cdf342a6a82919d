package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const alertsToken = "webordinary:infra:Alerts"

// AlertsArgs describes where alarms go.
type AlertsArgs struct {
	// TopicName of the SNS topic.
	TopicName string
	// Email is subscribed to the topic; empty subscribes nobody. AWS asks the address to confirm.
	Email string
}

// Alerts is the SNS topic that every alarm of the stack notifies.
type Alerts struct {
	pulumi.ResourceState

	TopicArn pulumi.StringOutput `pulumi:"topicArn"`
}

// NewAlerts registers the topic and its subscription.
func NewAlerts(ctx *pulumi.Context, name string, args *AlertsArgs, opts ...pulumi.ResourceOption) (*Alerts, error) {
	alerts := &Alerts{}
	if err := ctx.RegisterComponentResource(alertsToken, name, alerts, opts...); err != nil {
		return nil, created(name, err)
	}
	topic, err := sns.NewTopic(ctx, name+"-topic", &sns.TopicArgs{Name: pulumi.String(args.TopicName)}, child(alerts)...)
	if err != nil {
		return nil, created(name+"-topic", err)
	}
	alerts.TopicArn = topic.Arn
	if args.Email != "" {
		if _, err := sns.NewTopicSubscription(ctx, name+"-email", &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(args.Email),
		}, child(alerts)...); err != nil {
			return nil, created(name+"-email", err)
		}
	}
	return alerts, ctx.RegisterResourceOutputs(alerts, pulumi.Map{"topicArn": alerts.TopicArn})
}

// alarmArgs describes an alarm on one CloudWatch metric.
type alarmArgs struct {
	Name, Description     string
	Namespace, MetricName string
	Dimensions            pulumi.StringMap
	// Statistic is Sum, Maximum, Minimum or Average.
	Statistic string
	// PeriodSeconds is one data point; Periods consecutive ones have to breach.
	PeriodSeconds, Periods int
	// Comparison is a CloudWatch operator, such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// MissingData is notBreaching, breaching, ignore or missing: what silence means.
	MissingData string
	// TopicArn is notified on ALARM and OK; nil notifies nobody.
	TopicArn pulumi.StringInput
}

// newAlarm registers an alarm.
func newAlarm(
	ctx *pulumi.Context, name string, args *alarmArgs, opts ...pulumi.ResourceOption,
) (*cloudwatch.MetricAlarm, error) {
	var actions pulumi.Array
	if args.TopicArn != nil {
		actions = pulumi.Array{args.TopicArn}
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
		ComparisonOperator: pulumi.String(args.Comparison),
		Threshold:          pulumi.Float64(args.Threshold),
		TreatMissingData:   pulumi.String(args.MissingData),
		AlarmActions:       actions,
		OkActions:          actions,
	}, opts...)
	return alarm, created(name, err)
}
