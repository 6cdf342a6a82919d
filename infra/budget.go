package infra

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// budgetAlerts are the percentages of the budget that are reported once the money is spent.
var budgetAlerts = []float64{80, 100}

// addBudget registers the monthly cost budget. Its messages go to the topic, and from there to whoever subscribes.
//
// Without a tag it counts the whole account, whatever else runs there. With one it counts what carries the tag, but only
// if the tag is an activated cost allocation tag: until somebody activates it in Billing, AWS counts nothing and the
// budget stays silent for ever. So the tag is a choice of the stack and never a default.
func (o *Observability) addBudget(ctx *pulumi.Context, name string, args *ObservabilityArgs) error {
	var filters budgets.BudgetCostFilterArray
	if key, value, found := strings.Cut(args.BudgetTag, "="); found {
		filters = budgets.BudgetCostFilterArray{budgets.BudgetCostFilterArgs{
			Name: pulumi.String("TagKeyValue"),
			// user: is Billing's prefix for tags that are not AWS's own.
			Values: pulumi.StringArray{pulumi.String("user:" + key + "$" + value)},
		}}
	}
	var notifications budgets.BudgetNotificationArray
	for _, percent := range budgetAlerts {
		notifications = append(notifications, budgets.BudgetNotificationArgs{
			ComparisonOperator:     pulumi.String("GREATER_THAN"),
			NotificationType:       pulumi.String("ACTUAL"),
			Threshold:              pulumi.Float64(percent),
			ThresholdType:          pulumi.String("PERCENTAGE"),
			SubscriberSnsTopicArns: pulumi.StringArray{args.Alerts.TopicArn},
		})
	}
	_, err := budgets.NewBudget(ctx, name+"-budget", &budgets.BudgetArgs{
		Name:          pulumi.String(args.Names.Other("edit-budget")),
		BudgetType:    pulumi.String("COST"),
		TimeUnit:      pulumi.String("MONTHLY"),
		LimitAmount:   pulumi.String(strconv.Itoa(args.MonthlyBudgetUSD)),
		LimitUnit:     pulumi.String("USD"),
		CostFilters:   filters,
		Notifications: notifications,
	}, component.Child(o, pulumi.DependsOn(args.Alerts.ready()))...)
	return component.Created(name+"-budget", err)
}
