package observe

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
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

func (l *Look) readRule(ctx context.Context, f *decide.Facts) error {
	o := l.observer
	out, err := o.ELB.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{o.RuleARN}})
	if err != nil {
		return fmt.Errorf("describe waker rule %s: %w", o.RuleARN, err)
	}
	if len(out.Rules) != 1 {
		return fmt.Errorf("describe waker rule %s: %w", o.RuleARN, errNoRule)
	}
	priority, err := strconv.Atoi(aws.ToString(out.Rules[0].Priority))
	if err != nil {
		return fmt.Errorf("describe waker rule %s: its priority is not a number: %w", o.RuleARN, err)
	}
	f.Rule = o.Layout.Decode(priority, f.Now)
	return nil
}

func (l *Look) readService(ctx context.Context, f *decide.Facts) error {
	o := l.observer
	out, err := o.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &o.Cluster, Services: []string{o.Service}})
	if err != nil {
		return fmt.Errorf("describe service %s in cluster %s: %w", o.Service, o.Cluster, err)
	}
	if len(out.Services) != 1 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return fmt.Errorf("describe service %s in cluster %s: %w or is not ACTIVE", o.Service, o.Cluster, errNoService)
	}
	service := out.Services[0]
	f.Service = decide.Service{Desired: service.DesiredCount, Running: service.RunningCount, Pending: service.PendingCount}
	for _, deployment := range service.Deployments {
		if aws.ToString(deployment.Status) == primary {
			l.deployedAt = aws.ToTime(deployment.CreatedAt)
		}
	}
	return nil
}

func (l *Look) readHealth(ctx context.Context, f *decide.Facts) error {
	groups := [...]struct {
		arn   string
		count *int32
	}{{l.observer.APIGroupARN, &f.Health.API}, {l.observer.PreviewGroupARN, &f.Health.Preview}}
	var failed [len(groups)]error
	done := make(chan struct{})
	go func() {
		defer close(done)
		*groups[0].count, failed[0] = l.healthy(ctx, groups[0].arn)
	}()
	*groups[1].count, failed[1] = l.healthy(ctx, groups[1].arn)
	<-done
	return errors.Join(failed[:]...)
}

// healthy counts the healthy targets of a group. Right after a sleep was cancelled a group may still hold a healthy
// target of a task that ECS is about to stop; those do not count once the live tasks are known.
func (l *Look) healthy(ctx context.Context, groupARN string) (int32, error) {
	out, err := l.observer.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &groupARN})
	if err != nil {
		return 0, fmt.Errorf("describe target health of %s: %w", groupARN, err)
	}
	count := int32(0)
	for _, target := range out.TargetHealthDescriptions {
		if target.TargetHealth == nil || target.TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy {
			continue
		}
		if l.addresses != nil && (target.Target == nil || !l.addresses[aws.ToString(target.Target.Id)]) {
			continue
		}
		count++
	}
	return count, nil
}

// Glance reports whether the api group has a healthy target: one call, to see whether a whole look is worth it.
func (o *Observer) Glance(ctx context.Context) (bool, error) {
	healthy, err := o.Begin().healthy(ctx, o.APIGroupARN)
	return healthy > 0, err
}
