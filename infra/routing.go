package infra

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const (
	// deregistrationSeconds lets running requests finish when a task goes; AWS's default of 300 would hold up every
	// deployment and sleep (D9).
	deregistrationSeconds = 30
	// stickySeconds of the load balancer's cookie on the WebSocket group: a day (D9).
	stickySeconds = 86400
)

// TargetGroup identifies a target group to other components.
type TargetGroup struct {
	Arn, ArnSuffix pulumi.StringOutput
	port           int
}

// addRouting registers a target group and a rule for each route.
func (s *EditService) addRouting(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	s.TargetGroups = map[string]TargetGroup{}
	if err := s.keepDistance(ctx, args.Neighbour); err != nil {
		return err
	}
	for _, r := range args.Routes() {
		group, err := newTargetGroup(ctx, name+"-"+r.Kind+"-tg", r, args, component.Child(s)...)
		if err != nil {
			return err
		}
		s.TargetGroups[r.Kind] = TargetGroup{Arn: group.Arn, ArnSuffix: group.ArnSuffix, port: r.Port}
		ruleName := name + "-" + r.Kind + "-rule"
		rule, err := newForwardRule(ctx, ruleName, &forwardRuleArgs{
			ListenerArn:    args.LoadBalancer.HTTPSListenerArn,
			Priority:       args.RulePriorityBase + r.Offset,
			Host:           args.Client.Site.FQDN(),
			Paths:          []string{r.Path},
			TargetGroupArn: group.Arn,
		}, component.Child(s, s.distance)...)
		if err != nil {
			return err
		}
		s.rules = append(s.rules, rule)
	}
	return nil
}

// keepDistance has the stack's one hook look at the rules.
func (s *EditService) keepDistance(ctx *pulumi.Context, neighbour *EditService) error {
	if neighbour != nil {
		s.distance = neighbour.distance
		return nil
	}
	var err error
	s.distance, err = keepDistance(ctx)
	return err
}

func newTargetGroup(
	ctx *pulumi.Context, name string, r config.Route, args *EditServiceArgs, opts ...pulumi.ResourceOption,
) (*lb.TargetGroup, error) {
	group, err := lb.NewTargetGroup(ctx, name, &lb.TargetGroupArgs{
		Name:                pulumi.String(r.TargetGroup(args.Names)),
		Port:                pulumi.Int(r.Port),
		Protocol:            pulumi.String("HTTP"),
		TargetType:          pulumi.String("ip"),
		VpcId:               args.LoadBalancer.VpcID.ToStringPtrOutput(),
		DeregistrationDelay: pulumi.Int(deregistrationSeconds),
		// Astro and Vite's socket have no /health, so the API's answers for all three (D2).
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Path:               pulumi.String(args.HealthPath),
			Port:               pulumi.String(strconv.Itoa(args.APIPort)),
			Protocol:           pulumi.String("HTTP"),
			Matcher:            pulumi.String("200"),
			Interval:           pulumi.Int(args.HealthIntervalSeconds),
			Timeout:            pulumi.Int(args.HealthTimeoutSeconds),
			HealthyThreshold:   pulumi.Int(args.HealthyThreshold),
			UnhealthyThreshold: pulumi.Int(args.UnhealthyThreshold),
		},
		Stickiness: &lb.TargetGroupStickinessArgs{
			Type:           pulumi.String("lb_cookie"),
			Enabled:        pulumi.Bool(r.Sticky),
			CookieDuration: pulumi.Int(stickySeconds),
		},
		// The provider would delete a named group first, whether or not the name changes, and AWS refuses to delete one that a
		// rule forwards to (D22).
	}, append(opts, pulumi.DeleteBeforeReplace(false))...)
	return group, component.Created(name, err)
}

// forwardRuleArgs describes a listener rule that sends some paths of one host to one target group.
type forwardRuleArgs struct {
	ListenerArn pulumi.StringInput
	Priority    int
	// Host keeps stacks that share a listener apart.
	Host           string
	Paths          []string
	TargetGroupArn pulumi.StringInput
}

// newForwardRule registers the rule. A listener holds each priority once, so a replaced rule goes before its successor
// comes.
func newForwardRule(
	ctx *pulumi.Context, name string, args *forwardRuleArgs, opts ...pulumi.ResourceOption,
) (*lb.ListenerRule, error) {
	rule, err := lb.NewListenerRule(ctx, name, &lb.ListenerRuleArgs{
		ListenerArn: args.ListenerArn,
		Priority:    pulumi.Int(args.Priority),
		Conditions: lb.ListenerRuleConditionArray{
			lb.ListenerRuleConditionArgs{
				HostHeader: &lb.ListenerRuleConditionHostHeaderArgs{Values: pulumi.ToStringArray([]string{args.Host})},
			},
			lb.ListenerRuleConditionArgs{
				PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.ToStringArray(args.Paths)},
			},
		},
		Actions: lb.ListenerRuleActionArray{lb.ListenerRuleActionArgs{
			Type:           pulumi.String("forward"),
			TargetGroupArn: args.TargetGroupArn.ToStringOutput().ToStringPtrOutput(),
		}},
	}, append(opts, pulumi.DeleteBeforeReplace(true))...)
	return rule, component.Created(name, err)
}
