package awsapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/world"
)

// elbService answers Elastic Load Balancing version 2, AWS Query.
func elbService() *service {
	return &service{
		name:     "elasticloadbalancing",
		protocol: queryProtocol{"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"},
		operations: map[string]handler{
			"DescribeTargetHealth":  queryOperation(describeTargetHealth),
			"DescribeRules":         queryOperation(describeRules),
			"SetRulePriorities":     queryOperation(setRulePriorities),
			"DescribeTargetGroups":  queryOperation(describeTargetGroups),
			"DescribeListeners":     queryOperation(describeListeners),
			"DescribeLoadBalancers": queryOperation(describeLoadBalancers),
		},
	}
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
func describeTargetHealth(p *parameters) func(x *exchange) (any, error) {
	group, only := p.text("TargetGroupArn"), p.structures("Targets", "Id", "Port")
	return func(x *exchange) (any, error) {
		if err := x.allow("elasticloadbalancing:DescribeTargetHealth", "*", nil); err != nil {
			return nil, err
		}
		groups, err := world.TargetGroups(x.server.options.Store)
		if err != nil {
			return nil, err
		}
		if groups[group] == nil {
			return nil, refuse("TargetGroupNotFound", "Target groups '%s' not found", group)
		}
		if groups[group].TargetType == "lambda" {
			return x.lambdaHealth(group), nil
		}
		targets, err := world.Targets(x.server.options.Store)
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

func selected(target *world.Target, only []map[string]string) bool {
	if len(only) == 0 {
		return true
	}
	return slices.ContainsFunc(only, func(want map[string]string) bool {
		return want["Id"] == target.ID && (want["Port"] == "" || want["Port"] == strconv.Itoa(target.Port))
	})
}

func viewTarget(target *world.Target, group *world.TargetGroup) targetHealthDescription {
	port := group.HealthCheck.Port
	if port == "traffic-port" {
		port = strconv.Itoa(target.Port)
	}
	health := targetHealth{State: target.State}
	switch target.State {
	case world.TargetInitial:
		health.Reason, health.Description = "Elb.InitialHealthChecking", "Initial health checks in progress"
	case world.TargetUnhealthy:
		health.Reason, health.Description = target.Failed.Reason, target.Failed.Description
	case world.TargetDraining:
		health.Reason, health.Description = "Target.DeregistrationInProgress", "Target deregistration is in progress"
	case world.TargetUnused:
		health.Reason, health.Description = "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
	}
	return targetHealthDescription{
		Target:          targetDescription{ID: target.ID, Port: target.Port, AvailabilityZone: target.AvailabilityZone},
		HealthCheckPort: port, TargetHealth: health,
	}
}

// lambdaHealth shows the function behind a Lambda target group without health checks.
func (x *exchange) lambdaHealth(group string) describeTargetHealthResult {
	var out describeTargetHealthResult
	for _, r := range x.server.options.Store.List(view.TypeTargetGroupAttachment) {
		if property(r, "targetGroupArn") != group {
			continue
		}
		out.Descriptions = append(out.Descriptions, targetHealthDescription{
			Target: targetDescription{ID: property(r, "targetId")},
			TargetHealth: targetHealth{
				State: world.TargetUnavailable, Reason: "Target.HealthCheckDisabled",
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

func describeRules(p *parameters) func(x *exchange) (any, error) {
	listener, arns := p.text("ListenerArn"), p.list("RuleArns")
	return func(x *exchange) (any, error) {
		if err := x.allow("elasticloadbalancing:DescribeRules", "*", nil); err != nil {
			return nil, err
		}
		if (listener == "") == (len(arns) == 0) {
			return nil, refuse("ValidationError", "You must specify either listener ARN or rule ARNs")
		}
		if listener != "" {
			return x.rulesOfListener(listener)
		}
		var out rulesResult
		for _, arn := range arns {
			rule, ok := x.server.options.Store.Get(view.TypeListenerRule, arn)
			if !ok {
				return nil, refuse("RuleNotFound", "One or more rules not found")
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

func (x *exchange) rulesOfListener(listener string) (any, error) {
	found, ok := x.server.options.Store.Get(view.TypeListener, listener)
	if !ok {
		return nil, refuse("ListenerNotFound", "One or more listeners not found")
	}
	var out rulesResult
	for _, r := range x.server.options.Store.List(view.TypeListenerRule) {
		if property(r, "listenerArn") != listener {
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
func setRulePriorities(p *parameters) func(x *exchange) (any, error) {
	pairs := p.structures("RulePriorities", "RuleArn", "Priority")
	return func(x *exchange) (any, error) {
		for _, pair := range pairs {
			if err := x.allow("elasticloadbalancing:SetRulePriorities", pair["RuleArn"], nil); err != nil {
				return nil, err
			}
		}
		if len(pairs) == 0 {
			x.allowAnybody("elasticloadbalancing:SetRulePriorities")
			return nil, missing("RulePriorities")
		}
		wanted, err := x.wantedPriorities(pairs)
		if err != nil {
			return nil, err
		}
		if err := x.refusePriorityInUse(wanted); err != nil {
			return nil, err
		}
		var out rulesResult
		for _, pair := range pairs {
			arn := pair["RuleArn"]
			err := x.server.options.Store.Mutate(view.TypeListenerRule, arn, func(state resource.PropertyMap) error {
				state["priority"] = resource.NewNumberProperty(float64(wanted[arn]))
				return nil
			})
			if err != nil {
				return nil, err
			}
			rule, _ := x.server.options.Store.Get(view.TypeListenerRule, arn)
			answer, err := viewRule(rule)
			if err != nil {
				return nil, err
			}
			out.Rules = append(out.Rules, *answer)
		}
		return out, nil
	}
}

func (x *exchange) wantedPriorities(pairs []map[string]string) (map[string]int, error) {
	const highest = 50_000 // RulePriorityPair in the API reference
	wanted := map[string]int{}
	for _, pair := range pairs {
		arn := pair["RuleArn"]
		if strings.HasSuffix(arn, "/default") {
			return nil, refuse("OperationNotPermitted", "Default rule '%s' priority cannot be modified", arn)
		}
		if _, ok := x.server.options.Store.Get(view.TypeListenerRule, arn); !ok {
			return nil, refuse("RuleNotFound", "One or more rules not found")
		}
		priority, err := strconv.Atoi(pair["Priority"])
		if err != nil || priority < 1 || priority > highest {
			return nil, refuse("ValidationError", "1 validation error detected: Value '%s' at 'rulePriorities.1.member.priority' failed to "+
				"satisfy constraint: Member must have value between 1 and %d", pair["Priority"], highest)
		}
		wanted[arn] = priority
	}
	return wanted, nil
}

func (x *exchange) refusePriorityInUse(wanted map[string]int) error {
	type slot struct {
		listener string
		priority int
	}
	taken := map[slot]bool{}
	for _, r := range x.server.options.Store.List(view.TypeListenerRule) {
		priority, changed := wanted[r.ID]
		if !changed {
			priority = number(r, "priority")
		}
		at := slot{property(r, "listenerArn"), priority}
		if taken[at] {
			return refuse("PriorityInUse", "Priority '%d' is currently in use", priority)
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
