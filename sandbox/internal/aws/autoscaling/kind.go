// Package autoscaling is Application Auto Scaling in the sandbox.
package autoscaling

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("autoscaling", schemaJSON)
	kind.Register(scalingKinds())
}

func scalingKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeScalable: {
			Refs: []kind.Ref{{Path: "roleArn", To: iam.ToRole, OnDelete: kind.Ignore}},
			Unique: []kind.Unique{{
				Paths: []string{"scalableDimension", "resourceId"}, Code: "ConcurrentUpdateException",
				Message: "The scalable target %s is registered already",
			}},
			Check:  checkScalable,
			Verify: verifyScalable,
			Create: createScalable,
			// The provider's ID is the resource alone.
			PublicID: func(r kind.Resource) string { return props.Str(r.State, "resourceId") },
			StoreID:  func(_ string, state props.Map) string { return scalableKey(state) },
		},
		view.TypeScalingPolicy: {
			Refs: []kind.Ref{{Path: "resourceId", To: toScalable, OnDelete: kind.Cascade}},
			Unique: []kind.Unique{{
				// PutScalingPolicy would replace the other one silently.
				Paths: []string{"resourceId", "scalableDimension", "name"}, Code: "ValidationException",
				Message: "The scalable target already has a policy named %s",
			}},
			Check:    checkScalingPolicy,
			Create:   createScalingPolicy,
			PublicID: func(r kind.Resource) string { return props.Str(r.State, "name") },
			StoreID:  func(_ string, state props.Map) string { return scalableKey(state) + "/" + props.Str(state, "name") },
		},
	}
}

var toScalable = kind.Target{
	Types: []string{view.TypeScalable}, By: []string{"resourceId"},
	Code: "ObjectNotFoundException", Message: "No scalable target registered for resource ID: %s; register it first (dependsOn)",
}

func scalableKey(m props.Map) string {
	return props.Str(m, "serviceNamespace") + "/" + props.Str(m, "resourceId") + "/" + props.Str(m, "scalableDimension")
}

func checkScalable(c *kind.Checker) {
	lowest, hasMin := c.Int("minCapacity")
	highest, hasMax := c.Int("maxCapacity")
	if hasMin && hasMax && lowest > highest {
		c.Fail("minCapacity", "ValidationException: Maximum capacity cannot be less than minimum capacity: %d < %d", highest, lowest)
	}
	checkScalableName(c)
}

func checkScalableName(c *kind.Checker) {
	namespace, ok := c.Text("serviceNamespace")
	if ok && namespace != "ecs" {
		c.Fail("serviceNamespace", "the sandbox knows the namespace ecs only, not %q", namespace)
		return
	}
	if d, ok := c.Text("scalableDimension"); ok && d != "ecs:service:DesiredCount" {
		c.Fail("scalableDimension", "ValidationException: Unsupported service namespace, resource type or scalable dimension: "+
			"%q, expected ecs:service:DesiredCount", d)
	}
	if id, ok := c.Text("resourceId"); ok {
		if parts := strings.Split(id, "/"); len(parts) != 3 || parts[0] != "service" || parts[1] == "" || parts[2] == "" {
			c.Fail("resourceId", "ValidationException: resource ID %q must have the form service/<cluster name>/<service name>", id)
		}
	}
}

func verifyScalable(c *kind.Call) {
	id := c.Str("resourceId")
	if c.DryRun || id == "" {
		return
	}
	if _, ok := c.Get(view.TypeService, view.ARN("ecs", id)); !ok {
		c.Refuse("resourceId", "ValidationException", "ECS service doesn't exist: %s", id)
	}
}

func createScalable(c *kind.Call) error {
	c.ID = scalableKey(c.In)
	c.Set("arn", view.ARN("application-autoscaling", "scalable-target/"+c.Hex("arn", 34)))
	const linked = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
	c.Default("roleArn", view.GlobalARN("iam", linked))
	c.Default("suspendedState", map[string]any{
		"dynamicScalingInSuspended": false, "dynamicScalingOutSuspended": false, "scheduledScalingSuspended": false,
	})
	return nil
}

func checkScalingPolicy(c *kind.Checker) {
	checkScalableName(c)
	const at = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType"
	metrics := []string{"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"}
	if metric, ok := c.Text(at); ok && metric != "" && !slices.Contains(metrics, metric) {
		c.Fail(at, "ValidationException: metric %q is not one of an ECS service's: %s", metric, strings.Join(metrics, ", "))
	}
	const target = "targetTrackingScalingPolicyConfiguration.targetValue"
	if v, ok := props.Get(c.In, target); ok && v.IsNumber() && v.NumberValue() <= 0 {
		c.Fail(target, "ValidationException: targetValue %s must be greater than 0", props.Text(v))
	}
}

func createScalingPolicy(c *kind.Call) error {
	c.ID = scalableKey(c.In) + "/" + c.Str("name")
	uuid := c.UUID("policy")
	resource := c.Str("serviceNamespace") + "/" + c.Str("resourceId")
	c.Set("arn", view.ARN("autoscaling", "scalingPolicy:"+uuid+":resource/"+resource+":policyName/"+c.Str("name")))
	var alarms []string
	if c.Str("policyType") == "TargetTrackingScaling" {
		for _, end := range []string{"High", "Low"} {
			name := "TargetTracking-" + c.Str("resourceId") + "-Alarm" + end + "-" + c.UUID(end)
			alarms = append(alarms, view.ARN("cloudwatch", "alarm:"+name))
		}
	}
	c.Set("alarmArns", alarms)
	return nil
}
