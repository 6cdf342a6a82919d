package observe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

var (
	errNoRule    = errors.New("the listener rule does not exist")
	errNoService = errors.New("the service does not exist")
)

// primary is the status of the deployment that ECS is steering towards.
const primary = "PRIMARY"

func (l *Observation) readRule(ctx context.Context, f *decide.Facts) error {
	o := l.observer
	arns := []string{o.RuleARN}
	if o.SignInRuleARN != "" {
		arns = append(arns, o.SignInRuleARN)
	}
	out, err := o.ELB.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: arns})
	if err != nil {
		return fmt.Errorf("describe waker rule %s: %w", o.RuleARN, err)
	}
	priorities := map[string]int{}
	for _, rule := range out.Rules {
		if priorities[aws.ToString(rule.RuleArn)], err = strconv.Atoi(aws.ToString(rule.Priority)); err != nil {
			return fmt.Errorf("describe waker rule %s: its priority is not a number: %w", aws.ToString(rule.RuleArn), err)
		}
	}
	for _, arn := range arns {
		if priorities[arn] == 0 {
			return fmt.Errorf("describe waker rule %s: %w", arn, errNoRule)
		}
	}
	f.Rule = o.Layout.Decode(priorities[o.RuleARN], f.Now)
	if o.SignInRuleARN != "" && priorities[o.SignInRuleARN] != o.Layout.SignIn(f.Rule.Phase) {
		// Somebody moved one of the two, or it is new: neither place counts, and the next move mends both.
		f.Rule = decide.Position{}
	}
	return nil
}

func (l *Observation) readService(ctx context.Context, f *decide.Facts) error {
	o := l.observer
	out, err := o.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &o.Cluster, Services: []string{o.Service}})
	if err != nil {
		return fmt.Errorf("describe service %s in cluster %s: %w", o.Service, o.Cluster, err)
	}
	if len(out.Services) != 1 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return fmt.Errorf("describe service %s in cluster %s: %w or is not ACTIVE", o.Service, o.Cluster, errNoService)
	}
	service := out.Services[0]
	f.Service = decide.Service{
		Desired: service.DesiredCount, Running: service.RunningCount, Pending: service.PendingCount, Registered: registeredAt(service.Events),
	}
	for _, deployment := range service.Deployments {
		if aws.ToString(deployment.Status) == primary {
			l.deployedAt = aws.ToTime(deployment.CreatedAt)
		}
	}
	return nil
}

// registeredAt is when the service last registered targets: "(service NAME) registered 1 targets in (target-group ARN)" (ECS
// developer guide, "Service event messages"). Zero if its latest hundred events tell of none.
func registeredAt(events []types.ServiceEvent) time.Time {
	var last time.Time
	for i := range events {
		if at := aws.ToTime(events[i].CreatedAt); at.After(last) && strings.Contains(aws.ToString(events[i].Message), ") registered ") {
			last = at
		}
	}
	return last
}

func (l *Observation) readHealth(ctx context.Context, f *decide.Facts) error {
	arns := [...]string{l.observer.APIGroupARN, l.observer.PreviewGroupARN}
	var groups [len(arns)]groupHealth
	var failed [len(arns)]error
	done := make(chan struct{})
	go func() {
		defer close(done)
		groups[0], failed[0] = l.health(ctx, arns[0])
	}()
	groups[1], failed[1] = l.health(ctx, arns[1])
	<-done
	f.Health = decide.Health{
		API: groups[0].healthy, Preview: groups[1].healthy,
		Unreachable: groups[0].unreachable() && groups[1].unreachable(),
	}
	return errors.Join(failed[:]...)
}

// groupHealth counts a target group's targets: all of them, those that are healthy, and those that do not answer.
type groupHealth struct{ all, healthy, silent int32 }

func (g groupHealth) unreachable() bool { return g.all > 0 && g.silent == g.all }

// health counts a group's targets. Right after a sleep was cancelled a group may still hold a healthy target of a task that
// ECS is about to stop; those do not count once the live tasks are known.
func (l *Observation) health(ctx context.Context, groupARN string) (groupHealth, error) {
	var group groupHealth
	out, err := l.observer.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &groupARN})
	if err != nil {
		return group, fmt.Errorf("describe target health of %s: %w", groupARN, err)
	}
	for _, target := range out.TargetHealthDescriptions {
		if l.addresses != nil && (target.Target == nil || !l.addresses[aws.ToString(target.Target.Id)]) {
			continue
		}
		health := target.TargetHealth
		if health == nil || health.State == elbtypes.TargetHealthStateEnumDraining {
			continue
		}
		group.all++
		switch {
		case health.State == elbtypes.TargetHealthStateEnumHealthy:
			group.healthy++
		case health.State == elbtypes.TargetHealthStateEnumUnhealthy && isSilent(health.Reason):
			group.silent++
		}
	}
	return group, nil
}

// isSilent reports whether a failed check got no answer: the connection failed or the answer was no HTTP
// (Target.FailedHealthChecks), or none came in time (Target.Timeout). An answer with the wrong status has a reason of its own
// (ELB API reference, TargetHealth).
func isSilent(reason elbtypes.TargetHealthReasonEnum) bool {
	return reason == elbtypes.TargetHealthReasonEnumFailedHealthChecks || reason == elbtypes.TargetHealthReasonEnumTimeout
}

// Glance reports whether the api group has a healthy target: one call, to see whether a whole look is worth it.
func (o *Observer) Glance(ctx context.Context) (bool, error) {
	group, err := o.Begin().health(ctx, o.APIGroupARN)
	return group.healthy > 0, err
}
