package awsapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/world"
	"github.com/webordinary/live-edit/sandbox/internal/world/worldtest"
)

func TestTargetHealth(t *testing.T) {
	t.Parallel()
	containers := &world.Simulated{}
	e := newEnvWith(t, world.Options{Containers: containers})
	client := elb.NewFromConfig(e.as("elasticloadbalancing:DescribeTargetHealth *"))
	health := func(group string) []types.TargetHealthDescription {
		out, err := client.DescribeTargetHealth(e.context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &group})
		require.NoError(t, err)
		return out.TargetHealthDescriptions
	}
	assert.Empty(t, health(worldtest.APIGroup))
	worldtest.SetDesired(e.store, 1)
	for _, moment := range []struct {
		second int
		sick   bool
		state  types.TargetHealthStateEnum
		reason types.TargetHealthReasonEnum
	}{
		{0, false, "", ""},
		{38, false, types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumInitialHealthChecking},
		{39, true, types.TargetHealthStateEnumHealthy, ""},
		{69, false, types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumResponseCodeMismatch},
		{100, false, types.TargetHealthStateEnumHealthy, ""},
	} {
		e.at(moment.second)
		got := health(worldtest.APIGroup)
		containers.FailProbes(func(world.Probe) bool { return moment.sick })
		if moment.state == "" {
			assert.Empty(t, got)
			continue
		}
		require.Len(t, got, 1)
		assert.Equal(t, moment.state, got[0].TargetHealth.State, "at %d", moment.second)
		assert.Equal(t, moment.reason, got[0].TargetHealth.Reason)
		assert.Equal(t, int32(8080), *got[0].Target.Port)
		assert.Equal(t, "8080", *got[0].HealthCheckPort)
		assert.Equal(t, "us-west-2b", *got[0].Target.AvailabilityZone)
	}
	containers.Silence(true)
	e.at(131)
	assert.Equal(t, types.TargetHealthReasonEnumFailedHealthChecks, health(worldtest.APIGroup)[0].TargetHealth.Reason, "nobody listens")
	worldtest.SetDesired(e.store, 0)
	e.at(132)
	assert.Equal(t, types.TargetHealthStateEnumDraining, health(worldtest.APIGroup)[0].TargetHealth.State)
	lambda := health(worldtest.WakerGroup)
	require.Len(t, lambda, 1)
	assert.Equal(t, worldtest.FunctionARN, *lambda[0].Target.Id)
	assert.Equal(t, types.TargetHealthStateEnumUnavailable, lambda[0].TargetHealth.State)
}

func TestTargetHealthOfSomeTargets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := elb.NewFromConfig(e.as("elasticloadbalancing:DescribeTargetHealth *"))
	worldtest.SetDesired(e.store, 2)
	require.NoError(t, e.world.Step(epoch))
	e.at(60)
	all, err := client.DescribeTargetHealth(e.context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(worldtest.APIGroup)})
	require.NoError(t, err)
	require.Len(t, all.TargetHealthDescriptions, 2)
	one, err := client.DescribeTargetHealth(e.context(), &elb.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(worldtest.APIGroup),
		Targets:        []types.TargetDescription{{Id: all.TargetHealthDescriptions[1].Target.Id, Port: aws.Int32(8080)}},
	})
	require.NoError(t, err)
	require.Len(t, one.TargetHealthDescriptions, 1)
	assert.Equal(t, all.TargetHealthDescriptions[1].Target.Id, one.TargetHealthDescriptions[0].Target.Id)
	_, err = client.DescribeTargetHealth(e.context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String("arn:none")})
	as[*types.TargetGroupNotFoundException](t, err)
}

func priorities(rules []types.Rule) map[string]string {
	out := map[string]string{}
	for _, rule := range rules {
		arn := *rule.RuleArn
		out[arn[len(worldtest.RuleARN("")):]] = *rule.Priority
	}
	return out
}

func TestRules(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := elb.NewFromConfig(e.as("elasticloadbalancing:* *"))
	all, err := client.DescribeRules(e.context(), &elb.DescribeRulesInput{ListenerArn: aws.String(worldtest.ListenerARN)})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"waker": "101", "ws": "110", "api": "120", "preview": "130", "default": "default",
	}, priorities(all.Rules))
	assert.Equal(t, worldtest.RuleARN("waker"), *all.Rules[0].RuleArn, "in order of priority")
	fallback := all.Rules[4]
	assert.True(t, *fallback.IsDefault)
	assert.Equal(t, "nothing here", *fallback.Actions[0].FixedResponseConfig.MessageBody)
	waker := worldtest.RuleARN("waker")
	one, err := client.DescribeRules(e.context(), &elb.DescribeRulesInput{RuleArns: []string{waker}})
	require.NoError(t, err)
	require.Len(t, one.Rules, 1)
	rule := one.Rules[0]
	assert.Equal(t, worldtest.WakerGroup, *rule.Actions[0].TargetGroupArn)
	assert.Equal(t, types.ActionTypeEnumForward, rule.Actions[0].Type)
	assert.Equal(t, []string{"edit.ameliastamps.com"}, rule.Conditions[0].HostHeaderConfig.Values)
	assert.Equal(t, []string{"/api/*"}, rule.Conditions[1].Values)
	assert.False(t, *rule.IsDefault)
	_, err = client.DescribeRules(e.context(), &elb.DescribeRulesInput{RuleArns: []string{"arn:none"}})
	as[*types.RuleNotFoundException](t, err)
	_, err = client.DescribeRules(e.context(), &elb.DescribeRulesInput{ListenerArn: aws.String("arn:none")})
	as[*types.ListenerNotFoundException](t, err)
	_, err = client.DescribeRules(e.context(), &elb.DescribeRulesInput{})
	requireCode(t, err, "ValidationError", "either listener ARN or rule ARNs")
	_, err = client.DescribeRules(e.context(), &elb.DescribeRulesInput{RuleArns: []string{waker}, PageSize: aws.Int32(5)})
	requireCode(t, err, "SandboxNotSupported", "parameter PageSize of DescribeRules")
}

func TestSetRulePriorities(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := elb.NewFromConfig(e.as("elasticloadbalancing:SetRulePriorities *"))
	move := func(pairs map[string]int32) error {
		in := &elb.SetRulePrioritiesInput{}
		for rule, priority := range pairs {
			in.RulePriorities = append(in.RulePriorities, types.RulePriorityPair{
				RuleArn: aws.String(worldtest.RuleARN(rule)), Priority: aws.Int32(priority),
			})
		}
		out, err := client.SetRulePriorities(e.context(), in)
		if err == nil {
			assert.Len(t, out.Rules, len(pairs))
		}
		return err
	}
	priority := func(rule string) float64 {
		r, _ := e.store.Get("aws:lb/listenerRule:ListenerRule", worldtest.RuleARN(rule))
		return r.State["priority"].NumberValue()
	}
	require.NoError(t, move(map[string]int32{"waker": 190}))
	assert.InDelta(t, 190, priority("waker"), 0, "the deployed rule has drifted, as in AWS")
	require.NoError(t, move(map[string]int32{"waker": 120, "api": 190}), "two rules may swap")
	assert.InDelta(t, 190, priority("api"), 0)
	err := move(map[string]int32{"waker": 130, "ws": 111})
	as[*types.PriorityInUseException](t, err)
	assert.Equal(t, []float64{120, 110}, []float64{priority("waker"), priority("ws")}, "all or nothing")
	as[*types.RuleNotFoundException](t, move(map[string]int32{"none": 5}))
	as[*types.OperationNotPermittedException](t, move(map[string]int32{"default": 5}))
	requireCode(t, move(map[string]int32{"waker": 50_001}), "ValidationError", "Member must have value between 1 and 50000")
}

func TestDescribeTheBalancer(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := elb.NewFromConfig(e.deployer())
	balancers, err := client.DescribeLoadBalancers(e.context(), &elb.DescribeLoadBalancersInput{Names: []string{"edit-alb"}})
	require.NoError(t, err)
	assert.Equal(t, "edit-alb-1.us-west-2.elb.amazonaws.com", *balancers.LoadBalancers[0].DNSName)
	assert.Equal(t, types.LoadBalancerStateEnumActive, balancers.LoadBalancers[0].State.Code)
	_, err = client.DescribeLoadBalancers(e.context(), &elb.DescribeLoadBalancersInput{Names: []string{"none"}})
	as[*types.LoadBalancerNotFoundException](t, err)
	listeners, err := client.DescribeListeners(e.context(), &elb.DescribeListenersInput{LoadBalancerArn: aws.String(worldtest.BalancerARN)})
	require.NoError(t, err)
	assert.Equal(t, int32(443), *listeners.Listeners[0].Port)
	_, err = client.DescribeListeners(e.context(), &elb.DescribeListenersInput{ListenerArns: []string{"arn:none"}})
	as[*types.ListenerNotFoundException](t, err)
	groups, err := client.DescribeTargetGroups(e.context(), &elb.DescribeTargetGroupsInput{Names: []string{"edit-api-tg", "edit-waker-tg"}})
	require.NoError(t, err)
	require.Len(t, groups.TargetGroups, 2)
	api := groups.TargetGroups[0]
	assert.Equal(t, []any{int32(10), "/health", "8080", true, []string{worldtest.BalancerARN}}, []any{
		*api.HealthCheckIntervalSeconds, *api.HealthCheckPath, *api.HealthCheckPort, *api.HealthCheckEnabled, api.LoadBalancerArns,
	})
	assert.Equal(t, types.TargetTypeEnumLambda, groups.TargetGroups[1].TargetType)
	assert.False(t, *groups.TargetGroups[1].HealthCheckEnabled)
	_, err = client.DescribeTargetGroups(e.context(), &elb.DescribeTargetGroupsInput{Names: []string{"none"}})
	as[*types.TargetGroupNotFoundException](t, err)
}

func TestEachPermissionOfELB(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	waker := worldtest.RuleARN("waker")
	calls := map[string]func(*elb.Client) error{
		"elasticloadbalancing:DescribeTargetHealth *": func(c *elb.Client) error {
			_, err := c.DescribeTargetHealth(e.context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(worldtest.APIGroup)})
			return err
		},
		"elasticloadbalancing:DescribeRules *": func(c *elb.Client) error {
			_, err := c.DescribeRules(e.context(), &elb.DescribeRulesInput{RuleArns: []string{waker}})
			return err
		},
		"elasticloadbalancing:DescribeTargetGroups *": func(c *elb.Client) error {
			_, err := c.DescribeTargetGroups(e.context(), &elb.DescribeTargetGroupsInput{})
			return err
		},
		"elasticloadbalancing:DescribeListeners *": func(c *elb.Client) error {
			_, err := c.DescribeListeners(e.context(), &elb.DescribeListenersInput{})
			return err
		},
		"elasticloadbalancing:DescribeLoadBalancers *": func(c *elb.Client) error {
			_, err := c.DescribeLoadBalancers(e.context(), &elb.DescribeLoadBalancersInput{})
			return err
		},
		"elasticloadbalancing:SetRulePriorities " + waker: func(c *elb.Client) error {
			_, err := c.SetRulePriorities(e.context(), &elb.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{
				{RuleArn: &waker, Priority: aws.Int32(101)},
			}})
			return err
		},
	}
	for permission, call := range calls {
		action := "elasticloadbalancing:" + after(permission, ":", " ")
		refused(t, call(elb.NewFromConfig(e.as())), "AccessDenied", action)
		refused(t, call(elb.NewFromConfig(e.as(action+" "+worldtest.RuleARN("api")))), "AccessDenied", action)
		require.NoError(t, call(elb.NewFromConfig(e.as(permission))), permission)
	}
}
