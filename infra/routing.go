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
			TargetGroupArn: group.Arn, Door: args.Door, Anonymous: denied,
		}, component.Child(s, s.distance)...)
		if err != nil {
			return err
		}
		s.rules = append(s.rules, rule)
		if r.Kind == pageRoute && args.Door != nil {
			if err := s.addPageRule(ctx, name, args, r); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// pageRoute is the kind of the route with pages that people open.
	pageRoute = "preview"
	// pageRuleOffset is in front of that route's own rule.
	pageRuleOffset = 29
)

// addPageRule sends people who open a page to sign in, and back to it; whatever else belongs to a page is denied by the route's own rule.
func (s *EditService) addPageRule(ctx *pulumi.Context, name string, args *EditServiceArgs, r config.Route) error {
	rule, err := newForwardRule(ctx, name+"-"+r.Kind+"-sign-in-rule", &forwardRuleArgs{
		ListenerArn:    args.LoadBalancer.HTTPSListenerArn,
		Priority:       args.RulePriorityBase + pageRuleOffset,
		Host:           args.Client.Site.FQDN(),
		Paths:          []string{r.Path},
		TargetGroupArn: s.TargetGroups[r.Kind].Arn, Door: args.Door, Anonymous: toSignIn,
	}, component.Child(s, s.distance)...)
	if err == nil {
		s.rules = append(s.rules, rule)
	}
	return err
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
	// Door is asked first; nil where nobody signs in. Anonymous is what it does with strangers; toSignIn makes the rule one for
	// people who open a page.
	Door      *Door
	Anonymous anonymous
}

// conditions are values that a load balancer allows five of in a rule.
func (a *forwardRuleArgs) conditions() lb.ListenerRuleConditionArray {
	conditions := lb.ListenerRuleConditionArray{
		lb.ListenerRuleConditionArgs{
			HostHeader: &lb.ListenerRuleConditionHostHeaderArgs{Values: pulumi.ToStringArray([]string{a.Host})},
		},
		lb.ListenerRuleConditionArgs{
			PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.ToStringArray(a.Paths)},
		},
	}
	if a.Door == nil || a.Anonymous != toSignIn {
		return conditions
	}
	return append(conditions,
		lb.ListenerRuleConditionArgs{HttpHeader: &lb.ListenerRuleConditionHttpHeaderArgs{
			HttpHeaderName: pulumi.String("Accept"), Values: pulumi.ToStringArray([]string{"*text/html*"}),
		}},
		// A form that somebody sends whose session has ended would come back without what was typed.
		lb.ListenerRuleConditionArgs{HttpRequestMethod: &lb.ListenerRuleConditionHttpRequestMethodArgs{
			Values: pulumi.ToStringArray([]string{"GET"}),
		}})
}

// newForwardRule registers the rule. A listener holds each priority once, so a replaced rule goes before its successor
// comes.
func newForwardRule(
	ctx *pulumi.Context, name string, args *forwardRuleArgs, opts ...pulumi.ResourceOption,
) (*lb.ListenerRule, error) {
	rule, err := lb.NewListenerRule(ctx, name, &lb.ListenerRuleArgs{
		ListenerArn: args.ListenerArn,
		Priority:    pulumi.Int(args.Priority),
		Conditions:  args.conditions(),
		Actions: args.Door.actions(args.Anonymous, lb.ListenerRuleActionArgs{
			Type:           pulumi.String("forward"),
			TargetGroupArn: args.TargetGroupArn.ToStringOutput().ToStringPtrOutput(),
		}),
	}, append(opts, pulumi.DeleteBeforeReplace(true))...)
	return rule, component.Created(name, err)
}
