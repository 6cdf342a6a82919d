// Package events is Amazon EventBridge in the sandbox, with its scheduler. What runs the schedules is in its folder schedule.
package events

import (
	_ "embed"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/events/expressions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/sqs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

const (
	// maxTargets is the number of targets of a rule (EventBridge quotas).
	maxTargets = 5
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("events", schemaJSON)
	kind.Register(eventKinds())
}

func eventKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeEventRule: {
			Refs: []kind.Ref{{Path: "roleArn", To: iam.ToRole}},
			Unique: []kind.Unique{{
				Paths: []string{"eventBusName", "name"}, Code: "ResourceAlreadyExistsException", Message: "Rule %s already exists.",
			}},
			Check:  checkEventRule,
			Create: createEventRule,
			Delete: deleteEventRule,
		},
		view.TypeEventTarget: {
			Refs: []kind.Ref{
				{Path: "rule", To: toEventRule, OnDelete: kind.Block},
				{Path: "arn", To: toEventDestination},
				{Path: "roleArn", To: iam.ToRole},
				{Path: "deadLetterConfig.arn", To: sqs.ToQueue},
			},
			Unique: []kind.Unique{{
				Paths: []string{"rule", "targetId"}, Code: "ResourceAlreadyExistsException",
				Message: "The rule already has a target %s",
			}},
			Verify: verifyEventTarget,
			Create: func(c *kind.Call) error {
				c.Default("targetId", "terraform-"+c.Digits("time", 26))
				c.ID = c.Str("rule") + "-" + props.Str(c.State, "targetId")
				return nil
			},
			ImportID: func(_ kind.View, id string) string { return strings.Replace(id, "/", "-", 1) }, // rule/target
		},
	}
}

var toEventDestination = kind.Target{
	Types: []string{view.TypeFunction, view.TypeQueue, view.TypeTopic, view.TypeLogGroup, view.TypeCluster}, By: []string{"arn"},
	Code: "ValidationException", Message: "Parameter Arn is not valid: the target %s does not exist",
	Skip: func(v string) bool {
		return strings.HasPrefix(v, "arn:aws:states:") || strings.HasPrefix(v, "arn:aws:events:") || strings.HasPrefix(v, "arn:aws:ssm:")
	},
}

func checkEventRule(c *kind.Checker) {
	if expression, ok := c.Text("scheduleExpression"); ok {
		if err := expressions.Check(expression, false); err != nil {
			c.Fail("scheduleExpression", "ValidationException: Parameter ScheduleExpression is not valid: %q: %v", expression, err)
		}
	}
	if pattern, ok := c.Text("eventPattern"); ok {
		if err := jsontext.CheckObject(pattern); err != nil {
			c.Fail("eventPattern", "InvalidEventPatternException: Event pattern is not valid: %v", err)
		}
	}
}

func createEventRule(c *kind.Call) error {
	c.ID = c.Name()
	return nil
}

// deleteEventRule: with forceDestroy the provider removes the targets first.
func deleteEventRule(c *kind.Call) {
	if !props.Bool(c.Old.State, "forceDestroy") {
		return
	}
	c.Forgive()
	for _, t := range c.By(view.TypeEventTarget, "rule", c.Old.ID) {
		c.Tx.Remove(t.Type, t.ID)
	}
}

func verifyEventTarget(c *kind.Call) {
	targets := c.By(view.TypeEventTarget, "rule", c.Str("rule"))
	if c.Creating() && !c.DryRun && len(targets) >= maxTargets {
		c.Refuse("rule", "LimitExceededException", "The requested resource exceeds the maximum number allowed: rule %s has %d targets",
			c.Str("rule"), len(targets))
	}
}

var toEventRule = kind.Target{
	Types: []string{view.TypeEventRule}, By: []string{"id"},
	Code: "ResourceNotFoundException", Message: "Rule %s does not exist on EventBus default.",
	InUseCode: "ValidationException", InUse: "Rule %s can't be deleted since it has targets.",
}
