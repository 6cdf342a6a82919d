package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

const (
	// scaleOutSeconds between two steps up; scaleInSeconds between two steps down, as long as an editor may pause.
	scaleOutSeconds = 60
	scaleInSeconds  = 300
)

// addScaling registers target tracking between one task and the maximum. It cannot leave zero, where there is no
// metric: the scaler function owns 0↔1, this owns 1↔max (D4).
func (s *EditService) addScaling(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	target, err := appautoscaling.NewTarget(ctx, name+"-scaling", &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String("ecs"),
		ScalableDimension: pulumi.String("ecs:service:DesiredCount"),
		ResourceId:        pulumi.Sprintf("service/%s/%s", s.ClusterName, s.ServiceName),
		MinCapacity:       pulumi.Int(args.MinCapacity),
		MaxCapacity:       pulumi.Int(args.MaxCapacity),
	}, component.Child(s)...)
	if err != nil {
		return component.Created(name+"-scaling", err)
	}
	for _, tracked := range []struct {
		name, metric string
		percent      int
	}{
		{"cpu", "ECSServiceAverageCPUUtilization", args.CPUTarget},
		{"memory", "ECSServiceAverageMemoryUtilization", args.MemoryTarget},
	} {
		policyName := name + "-" + tracked.name + "-scaling"
		if _, err := appautoscaling.NewPolicy(ctx, policyName, &appautoscaling.PolicyArgs{
			Name:              pulumi.String(args.Names.Other("edit-" + tracked.name)),
			PolicyType:        pulumi.String("TargetTrackingScaling"),
			ServiceNamespace:  target.ServiceNamespace,
			ScalableDimension: target.ScalableDimension,
			ResourceId:        target.ResourceId,
			TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				PredefinedMetricSpecification: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
					PredefinedMetricType: pulumi.String(tracked.metric),
				},
				TargetValue:      pulumi.Float64(float64(tracked.percent)),
				ScaleOutCooldown: pulumi.Int(scaleOutSeconds),
				ScaleInCooldown:  pulumi.Int(scaleInSeconds),
			},
		}, component.Child(s)...); err != nil {
			return component.Created(policyName, err)
		}
	}
	return nil
}
