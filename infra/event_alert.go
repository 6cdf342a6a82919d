package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// eventPattern is an EventBridge event pattern (EventBridge user guide: "Event pattern syntax"): every field that is
// named must hold one of the values or satisfy one of the matchers in its list.
type eventPattern struct {
	Source     []string `json:"source"`
	DetailType []string `json:"detail-type"`
	Detail     any      `json:"detail"`
}

// oneOf is a field's list of values and matchers.
type oneOf []any

// wildcard matches text in which * stands for any characters.
func wildcard(patterns ...string) oneOf {
	matchers := make(oneOf, 0, len(patterns))
	for _, pattern := range patterns {
		matchers = append(matchers, map[string]string{"wildcard": pattern})
	}
	return matchers
}

// notWildcard matches text that fits none of the patterns.
func notWildcard(patterns ...string) oneOf {
	return oneOf{map[string]any{"anything-but": map[string][]string{"wildcard": patterns}}}
}

// anythingBut matches every other value; the field has to be there.
func anythingBut(values ...any) oneOf {
	return oneOf{map[string]any{"anything-but": values}}
}

// absent matches events without the field.
func absent() oneOf { return oneOf{map[string]bool{"exists": false}} }

// eventAlertArgs describes a message that EventBridge sends to a topic whenever an event matches. Unlike an alarm it
// carries what happened, comes at once, costs nothing and has no state to return from.
type eventAlertArgs struct {
	Name, Description string
	// Pattern resolves to an eventPattern.
	Pattern pulumi.AnyOutput
	// ReadOnlyCalls lets the rule see CloudTrail's read-only management events, which EventBridge otherwise leaves out.
	ReadOnlyCalls bool
	// Message opens the message; Facts adds fields of the event by JSON path. Only paths that every matching event has:
	// a missing one would leave a hole in the JSON.
	Message string
	Facts   map[string]string
	// TopicArn receives the message.
	TopicArn pulumi.StringInput
}

// newEventAlert registers the rule and its target.
func newEventAlert(ctx *pulumi.Context, name string, args *eventAlertArgs, parent pulumi.Resource) (*cloudwatch.EventRule, error) {
	state := "ENABLED"
	if args.ReadOnlyCalls {
		state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	}
	rule, err := cloudwatch.NewEventRule(ctx, name+"-rule", &cloudwatch.EventRuleArgs{
		Name:         pulumi.String(args.Name),
		Description:  pulumi.String(args.Description),
		EventPattern: marshalled("event pattern of "+args.Name, args.Pattern),
		State:        pulumi.String(state),
	}, component.Child(parent)...)
	if err != nil {
		return nil, component.Created(name+"-rule", err)
	}
	template, err := args.template()
	if err != nil {
		return nil, err
	}
	_, err = cloudwatch.NewEventTarget(ctx, name+"-target", &cloudwatch.EventTargetArgs{
		Rule: rule.Name,
		Arn:  args.TopicArn,
		InputTransformer: &cloudwatch.EventTargetInputTransformerArgs{
			InputPaths:    pulumi.ToStringMap(args.Facts),
			InputTemplate: pulumi.String(template),
		},
	}, component.Child(parent)...)
	return rule, component.Created(name+"-target", err)
}

// template is the message as EventBridge fills it in: a JSON object whose placeholders stand without quotes, so that
// EventBridge quotes and escapes what it puts there. Inside quotes, a reason that holds a quote of its own (EFS names
// its file systems in quotes) would break the message.
func (a *eventAlertArgs) template() (string, error) {
	message, err := json.Marshal(a.Message)
	if err != nil {
		return "", fmt.Errorf("marshal the message of %s: %w", a.Name, err)
	}
	template := `{"alert":` + string(message)
	for _, fact := range slices.Sorted(maps.Keys(a.Facts)) {
		template += fmt.Sprintf(`,%q:<%s>`, fact, fact)
	}
	return template + "}", nil
}

// marshalled renders a resolved value as JSON; equal values give equal bytes.
func marshalled(what string, value pulumi.AnyOutput) pulumi.StringOutput {
	return value.ApplyT(func(v any) (string, error) {
		data, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("marshal the %s: %w", what, err)
		}
		return string(data), nil
	}).(pulumi.StringOutput)
}
