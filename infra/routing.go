package infra

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// deregistrationSeconds lets running requests finish when a task goes; AWS's default of 300 would hold up every
	// deployment and sleep (D9).
	deregistrationSeconds = 30
	// stickySeconds of the load balancer's cookie on the WebSocket group: a day (D9).
	stickySeconds = 86400
	// The container's ports in the specification (T02 §1), the defaults of the configuration.
	specAPIPort, specPreviewPort, specWebSocketPort = 8080, 4321, 4322
)

// route is one kind of traffic: its target group, its path and its rule.
type route struct {
	kind string
	// port of the container; specPort is the specification's, for which the target group has the specification's name.
	port, specPort int
	path           string
	// offset from the stack's rule priority base. WebSockets come first; the waker's rule, which never has them, moves
	// above and below the other two (design of wake and sleep, D4).
	offset int
	sticky bool
}

// routes are the static rules of the service (T02 §3).
func (s ServiceConfig) routes() []route {
	return []route{
		{kind: "ws", port: s.WebSocketPort, specPort: specWebSocketPort, path: "/ws/*", offset: 10, sticky: true},
		{kind: "api", port: s.APIPort, specPort: specAPIPort, path: "/api/*", offset: 20},
		{kind: "preview", port: s.PreviewPort, specPort: specPreviewPort, path: "/preview/*", offset: 30},
	}
}

// targetGroup is the name of the route's target group. A port that is not the specification's is in it: a target group can't
// change its port, and while rules still forward to the old one it stands beside the new one, which so needs another name (D22).
func (r route) targetGroup(names Names) string {
	if r.port == r.specPort {
		return names.TargetGroup(r.kind)
	}
	return names.TargetGroup(fmt.Sprintf("%s-%d", r.kind, r.port))
}

// TargetGroup identifies a target group to other components.
type TargetGroup struct {
	Arn, ArnSuffix pulumi.StringOutput
	port           int
}

// addRouting registers a target group and a rule for each route.
func (s *EditService) addRouting(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	s.TargetGroups = map[string]TargetGroup{}
	apart, err := keepDistance(ctx)
	if err != nil {
		return err
	}
	for _, r := range args.routes() {
		group, err := newTargetGroup(ctx, name+"-"+r.kind+"-tg", r, args, child(s)...)
		if err != nil {
			return err
		}
		s.TargetGroups[r.kind] = TargetGroup{Arn: group.Arn, ArnSuffix: group.ArnSuffix, port: r.port}
		ruleName := name + "-" + r.kind + "-rule"
		rule, err := newForwardRule(ctx, ruleName, &forwardRuleArgs{
			ListenerArn:    args.LoadBalancer.HTTPSListenerArn,
			Priority:       args.RulePriorityBase + r.offset,
			Host:           args.Site.FQDN(),
			Paths:          []string{r.path},
			TargetGroupArn: group.Arn,
		}, child(s, apart)...)
		if err != nil {
			return err
		}
		s.rules = append(s.rules, rule)
	}
	return nil
}

func newTargetGroup(
	ctx *pulumi.Context, name string, r route, args *EditServiceArgs, opts ...pulumi.ResourceOption,
) (*lb.TargetGroup, error) {
	group, err := lb.NewTargetGroup(ctx, name, &lb.TargetGroupArgs{
		Name:                pulumi.String(r.targetGroup(args.Names)),
		Port:                pulumi.Int(r.port),
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
			Enabled:        pulumi.Bool(r.sticky),
			CookieDuration: pulumi.Int(stickySeconds),
		},
		// The provider would delete a named group first, whether or not the name changes, and AWS refuses to delete one that a
		// rule forwards to (D22).
	}, append(opts, pulumi.DeleteBeforeReplace(false))...)
	return group, created(name, err)
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
	return rule, created(name, err)
}
