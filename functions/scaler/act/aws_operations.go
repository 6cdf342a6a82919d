package act

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// ECS is what the actor changes in Amazon ECS. The rights to all operations are in functions/scaler/spec/rights.go.
type ECS interface {
	UpdateService(context.Context, *ecs.UpdateServiceInput, ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error)
}

// ELB is what the actor changes in Elastic Load Balancing, and how it looks before it lets go.
type ELB interface {
	SetRulePriorities(
		context.Context, *elb.SetRulePrioritiesInput, ...func(*elb.Options),
	) (*elb.SetRulePrioritiesOutput, error)
	DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
}
