package elb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The service answers Elastic Load Balancing version 2, AWS Query.
func init() {
	wire.Register(&wire.Service{
		Name:     "elasticloadbalancing",
		Protocol: wire.Query{Namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"},
		Operations: map[string]wire.Handler{
			"DescribeTargetHealth":  wire.QueryOperation(describeTargetHealth),
			"DescribeRules":         wire.QueryOperation(describeRules),
			"SetRulePriorities":     wire.QueryOperation(setRulePriorities),
			"DescribeTargetGroups":  wire.QueryOperation(describeTargetGroups),
			"DescribeListeners":     wire.QueryOperation(describeListeners),
			"DescribeLoadBalancers": wire.QueryOperation(describeLoadBalancers),
		},
	})
}

type targetDescription struct {
	ID               string `xml:"Id"`
	Port             int    `xml:"Port,omitempty"`
	AvailabilityZone string `xml:"AvailabilityZone,omitempty"`
}

type targetHealth struct {
	State       string `xml:"State"`
	Reason      string `xml:"Reason,omitempty"`
	Description string `xml:"Description,omitempty"`
}

type targetHealthDescription struct {
	Target          targetDescription `xml:"Target"`
	HealthCheckPort string            `xml:"HealthCheckPort,omitempty"`
	TargetHealth    targetHealth      `xml:"TargetHealth"`
}

type describeTargetHealthResult struct {
	Descriptions []targetHealthDescription `xml:"TargetHealthDescriptions>member"`
}

// describeTargetHealth has no resource-level permissions, as all Describe calls of this service.
func describeTargetHealth(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	group, only := p.Text("TargetGroupArn"), p.Structures("Targets", "Id", "Port")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("elasticloadbalancing:DescribeTargetHealth", "*", nil); err != nil {
			return nil, err
		}
		groups, err := TargetGroups(x.Store)
		if err != nil {
			return nil, err
		}
		if groups[group] == nil {
			return nil, wire.Refuse("TargetGroupNotFound", "Target groups '%s' not found", group)
		}
		if groups[group].TargetType == "lambda" {
			return lambdaHealth(x, group), nil
		}
		targets, err := Targets(x.Store)
		if err != nil {
			return nil, err
		}
		var out describeTargetHealthResult
		for _, target := range targets {
			if target.TargetGroupARN != group || !selected(target, only) {
				continue
			}
			out.Descriptions = append(out.Descriptions, viewTarget(target, groups[group]))
		}
		return out, nil
	}
}

func selected(target *Target, only []map[string]string) bool {
	if len(only) == 0 {
		return true
	}
	return slices.ContainsFunc(only, func(want map[string]string) bool {
		return want["Id"] == target.ID && (want["Port"] == "" || want["Port"] == strconv.Itoa(target.Port))
	})
}

func viewTarget(target *Target, group *TargetGroup) targetHealthDescription {
	port := group.HealthCheck.Port
	if port == "traffic-port" {
		port = strconv.Itoa(target.Port)
	}
	health := targetHealth{State: target.State}
	switch target.State {
	case TargetInitial:
		health.Reason, health.Description = "Elb.InitialHealthChecking", "Initial health checks in progress"
	case TargetUnhealthy:
		health.Reason, health.Description = target.Failed.Reason, target.Failed.Description
	case TargetDraining:
		health.Reason, health.Description = "Target.DeregistrationInProgress", "Target deregistration is in progress"
	case TargetUnused:
		health.Reason, health.Description = "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
	}
	return targetHealthDescription{
		Target:          targetDescription{ID: target.ID, Port: target.Port, AvailabilityZone: target.AvailabilityZone},
		HealthCheckPort: port, TargetHealth: health,
	}
}

// lambdaHealth shows the function behind a Lambda target group without health checks.
func lambdaHealth(x *wire.Exchange, group string) describeTargetHealthResult {
	var out describeTargetHealthResult
	for _, r := range x.Store.List(view.TypeTargetGroupAttachment) {
		if view.Text(r, "targetGroupArn") != group {
			continue
		}
		out.Descriptions = append(out.Descriptions, targetHealthDescription{
			Target: targetDescription{ID: view.Text(r, "targetId")},
			TargetHealth: targetHealth{
				State: TargetUnavailable, Reason: "Target.HealthCheckDisabled",
				Description: "Health checks are not enabled for this target",
			},
		})
	}
	return out
}

// defaultRuleARN names a listener's default rule. AWS gives it an ID of its own; here it is a constant.
func defaultRuleARN(listener string) string {
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/default"
}

func describeRules(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	listener, arns := p.Text("ListenerArn"), p.List("RuleArns")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("elasticloadbalancing:DescribeRules", "*", nil); err != nil {
			return nil, err
		}
		if (listener == "") == (len(arns) == 0) {
			return nil, wire.Refuse("ValidationError", "You must specify either listener ARN or rule ARNs")
		}
		if listener != "" {
			return rulesOfListener(x, listener)
		}
		var out rulesResult
		for _, arn := range arns {
			rule, ok := x.Store.Get(view.TypeListenerRule, arn)
			if !ok {
				return nil, wire.Refuse("RuleNotFound", "One or more rules not found")
			}
			answer, err := viewRule(rule)
			if err != nil {
				return nil, err
			}
			out.Rules = append(out.Rules, *answer)
		}
		return out, nil
	}
}

func rulesOfListener(x *wire.Exchange, listener string) (any, error) {
	found, ok := x.Store.Get(view.TypeListener, listener)
	if !ok {
		return nil, wire.Refuse("ListenerNotFound", "One or more listeners not found")
	}
	var out rulesResult
	for _, r := range x.Store.List(view.TypeListenerRule) {
		if view.Text(r, "listenerArn") != listener {
			continue
		}
		answer, err := viewRule(r)
		if err != nil {
			return nil, err
		}
		out.Rules = append(out.Rules, *answer)
	}
	slices.SortFunc(out.Rules, func(a, b ruleView) int { return a.priority - b.priority })
	fallback, err := viewDefaultRule(found)
	if err != nil {
		return nil, err
	}
	out.Rules = append(out.Rules, *fallback)
	return out, nil
}

// setRulePriorities moves several rules at once: all or none. Rules that are not named keep their priorities, and no two
// rules of a listener may end up with the same.
func setRulePriorities(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	pairs := p.Structures("RulePriorities", "RuleArn", "Priority")
	return func(x *wire.Exchange) (any, error) {
		for _, pair := range pairs {
			if err := x.Allow("elasticloadbalancing:SetRulePriorities", pair["RuleArn"], nil); err != nil {
				return nil, err
			}
		}
		if len(pairs) == 0 {
			x.AllowAnybody("elasticloadbalancing:SetRulePriorities")
			return nil, wire.Missing("RulePriorities")
		}
		wanted, err := wantedPriorities(x, pairs)
		if err != nil {
			return nil, err
		}
		if err := refusePriorityInUse(x, wanted); err != nil {
			return nil, err
		}
		var out rulesResult
		for _, pair := range pairs {
			arn := pair["RuleArn"]
			err := x.Store.Mutate(view.TypeListenerRule, arn, func(state resource.PropertyMap) error {
				state["priority"] = resource.NewNumberProperty(float64(wanted[arn]))
				return nil
			})
			if err != nil {
				return nil, err
			}
			rule, _ := x.Store.Get(view.TypeListenerRule, arn)
			answer, err := viewRule(rule)
			if err != nil {
				return nil, err
			}
			out.Rules = append(out.Rules, *answer)
		}
		return out, nil
	}
}

func wantedPriorities(x *wire.Exchange, pairs []map[string]string) (map[string]int, error) {
	const highest = 50_000 // RulePriorityPair in the API reference
	wanted := map[string]int{}
	for _, pair := range pairs {
		arn := pair["RuleArn"]
		if strings.HasSuffix(arn, "/default") {
			return nil, wire.Refuse("OperationNotPermitted", "Default rule '%s' priority cannot be modified", arn)
		}
		if _, ok := x.Store.Get(view.TypeListenerRule, arn); !ok {
			return nil, wire.Refuse("RuleNotFound", "One or more rules not found")
		}
		priority, err := strconv.Atoi(pair["Priority"])
		if err != nil || priority < 1 || priority > highest {
			return nil, wire.Refuse("ValidationError", "1 validation error detected: Value '%s' at 'rulePriorities.1.member.priority' failed to "+
				"satisfy constraint: Member must have value between 1 and %d", pair["Priority"], highest)
		}
		wanted[arn] = priority
	}
	return wanted, nil
}

func refusePriorityInUse(x *wire.Exchange, wanted map[string]int) error {
	type slot struct {
		listener string
		priority int
	}
	taken := map[slot]bool{}
	for _, r := range x.Store.List(view.TypeListenerRule) {
		priority, changed := wanted[r.ID]
		if !changed {
			priority = number(r, "priority")
		}
		at := slot{view.Text(r, "listenerArn"), priority}
		if taken[at] {
			return wire.Refuse("PriorityInUse", "Priority '%d' is currently in use", priority)
		}
		taken[at] = true
	}
	return nil
}

func number(r view.Resource, key string) int {
	if value := r.State[resource.PropertyKey(key)]; value.IsNumber() {
		return int(value.NumberValue())
	}
	return 0
}
