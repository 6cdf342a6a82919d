package events

import (
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/events/expressions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/sqs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() { kind.Register(schedulerKinds()) }

func schedulerKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		"aws:scheduler/schedule:Schedule": {
			Refs: []kind.Ref{
				{Path: "target.roleArn", To: iam.ToRole},
				{Path: "target.arn", To: toScheduleTarget},
				{Path: "target.deadLetterConfig.arn", To: sqs.ToQueue},
				{Path: "kmsKeyArn", To: kms.ToKey},
			},
			Check:  checkSchedule,
			Verify: verifySchedule,
			Create: func(c *kind.Call) error {
				c.Default("groupName", "default")
				c.ID = props.Str(c.State, "groupName") + "/" + c.Name()
				return nil
			},
		},
	}
}

var toScheduleTarget = kind.Target{
	Types: []string{view.TypeFunction, view.TypeQueue, view.TypeTopic, view.TypeCluster}, By: []string{"arn", "qualifiedArn"},
	Code: "ValidationException", Message: "The target %s does not exist",
	// Universal targets name an API call, not a resource.
	Skip: func(v string) bool {
		return strings.HasPrefix(v, "arn:aws:scheduler:::aws-sdk:") || strings.HasPrefix(v, "arn:aws:states:") ||
			strings.HasPrefix(v, "arn:aws:events:")
	},
}

func checkSchedule(c *kind.Checker) {
	if expression, ok := c.Text("scheduleExpression"); ok {
		if err := expressions.Check(expression, true); err != nil {
			c.Fail("scheduleExpression", "ValidationException: Invalid Schedule Expression %s: %v", expression, err)
		}
	}
	if zone, ok := c.Text("scheduleExpressionTimezone"); ok && zone != "" {
		if _, err := time.LoadLocation(zone); err != nil {
			c.Fail("scheduleExpressionTimezone", "ValidationException: %q is not a time zone of the IANA database", zone)
		}
	}
	for _, p := range []string{"startDate", "endDate"} {
		if date, ok := c.Text(p); ok {
			if _, err := time.Parse(time.RFC3339, date); err != nil {
				c.Fail(p, "%q must be a time such as 2026-01-02T15:04:05Z", date)
			}
		}
	}
}

func verifySchedule(c *kind.Call) {
	group := c.Str("groupName")
	if group == "" {
		group = "default"
	}
	other, taken := c.Get(c.Type, group+"/"+c.Str("name"))
	if taken && other.ID != c.Old.ID && (!c.DryRun || other.URN != c.URN) {
		c.Refuse("name", "ConflictException", "Schedule %s already exists in group %s: %s", c.Str("name"), group, kind.Describe(other))
	}
	if c.DryRun || !c.Touches("target") {
		return
	}
	iam.VerifyAssumable(c, "target.roleArn", "scheduler.amazonaws.com", "ValidationException",
		"The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
}
