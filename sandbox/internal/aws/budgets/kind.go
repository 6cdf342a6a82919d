// Package budgets is AWS Budgets in the sandbox.
package budgets

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/sns"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

const budgetTime = "2006-01-02_15:04"

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("budgets", schemaJSON)
	kind.Register(budgetKinds())
}

func budgetKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		"aws:budgets/budget:Budget": {
			Refs: []kind.Ref{{Path: "notifications[*].subscriberSnsTopicArns[*]", To: sns.ToTopic}},
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "DuplicateRecordException",
				Message: "Error creating budget: %s - the budget already exists.",
			}},
			Check:  checkBudget,
			Create: createBudget,
		},
	}
}

func checkBudget(c *kind.Checker) {
	if name, ok := c.Text("name"); ok && (name == "" || len(name) > 100 || strings.ContainsAny(name, `:\`)) {
		c.Fail("name", "ValidationException: budget name %q must have 1 to 100 characters, none of them : or \\", name)
	}
	if limit, ok := c.Text("limitAmount"); ok {
		if v, err := strconv.ParseFloat(limit, 64); err != nil || v <= 0 {
			c.Fail("limitAmount", "InvalidParameterException: limitAmount %q must be a number greater than 0", limit)
		}
	}
	if unit, ok := c.Text("limitUnit"); ok && props.Str(c.In, "budgetType") == "COST" && unit != "USD" {
		c.Fail("limitUnit", "InvalidParameterException: Unit should be 'USD' for cost budgets, got %q", unit)
	}
	for _, p := range []string{"timePeriodStart", "timePeriodEnd"} {
		if s, ok := c.Text(p); ok && s != "" {
			if _, err := time.Parse(budgetTime, s); err != nil {
				c.Fail(p, "%q must be a time such as 2026-01-01_00:00", s)
			}
		}
	}
	for _, f := range props.All(c.In, "notifications[*]") {
		if f.Value.IsObject() {
			checkNotification(c, f.Path, f.Value.ObjectValue())
		}
	}
}

func checkNotification(c *kind.Checker, at string, n props.Map) {
	emails, topics := props.All(n, "subscriberEmailAddresses[*]"), props.All(n, "subscriberSnsTopicArns[*]")
	if len(emails)+len(topics) == 0 {
		c.Fail(at, "InvalidParameterException: Notification must have at least one subscriber: subscriberEmailAddresses or "+
			"subscriberSnsTopicArns")
	}
	if len(topics) > 1 || len(emails) > 10 {
		c.Fail(at, "InvalidParameterException: a notification can have one SNS topic and 10 e-mail addresses")
	}
	for _, e := range emails {
		if e.Value.IsString() && !kind.EmailPattern.MatchString(e.Value.StringValue()) {
			c.Fail(at+"."+e.Path, "InvalidParameterException: %q is not an e-mail address", e.Value.StringValue())
		}
	}
	if v, ok := props.Get(n, "threshold"); ok && v.IsNumber() && v.NumberValue() <= 0 {
		c.Fail(at+".threshold", "InvalidParameterException: threshold %s must be greater than 0", props.Text(v))
	}
}

func createBudget(c *kind.Call) error {
	name := c.Name()
	c.ID = view.AccountID + ":" + name
	c.Set("arn", view.GlobalARN("budgets", "budget/"+name))
	c.Default("accountId", view.AccountID)
	c.Default("timePeriodStart", time.Date(c.Now.Year(), c.Now.Month(), 1, 0, 0, 0, 0, time.UTC).Format(budgetTime))
	costTypes := map[string]any{}
	for _, on := range []string{
		"includeCredit", "includeDiscount", "includeOtherSubscription", "includeRecurring", "includeRefund", "includeSubscription",
		"includeSupport",
		"includeTax", "includeUpfront",
	} {
		costTypes[on] = true
	}
	costTypes["useAmortized"], costTypes["useBlended"] = false, false
	c.FillObject("costTypes", costTypes)
	c.Default("costFilters", []any{})
	return nil
}
