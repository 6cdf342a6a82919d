package elb_test

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

func TestTargetHealth(t *testing.T) {
	t.Parallel()
	containers := &scheduler.Simulated{}
	e := awstest.NewWith(t, scheduler.Options{Containers: containers})
	client := elb.NewFromConfig(e.As("elasticloadbalancing:DescribeTargetHealth *"))
	health := func(group string) []types.TargetHealthDescription {
		out, err := client.DescribeTargetHealth(e.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &group})
		require.NoError(t, err)
		return out.TargetHealthDescriptions
	}
	assert.Empty(t, health(awstest.APIGroup))
	awstest.SetDesired(e.Store, 1)
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
		e.At(moment.second)
		got := health(awstest.APIGroup)
		containers.FailProbes(func(scheduler.Probe) bool { return moment.sick })
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
	e.At(131)
	assert.Equal(t, types.TargetHealthReasonEnumFailedHealthChecks, health(awstest.APIGroup)[0].TargetHealth.Reason, "nobody listens")
	awstest.SetDesired(e.Store, 0)
	e.At(132)
	assert.Equal(t, types.TargetHealthStateEnumDraining, health(awstest.APIGroup)[0].TargetHealth.State)
	lambda := health(awstest.WakerGroup)
	require.Len(t, lambda, 1)
	assert.Equal(t, awstest.FunctionARN, *lambda[0].Target.Id)
	assert.Equal(t, types.TargetHealthStateEnumUnavailable, lambda[0].TargetHealth.State)
}

func TestTargetHealthOfSomeTargets(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := elb.NewFromConfig(e.As("elasticloadbalancing:DescribeTargetHealth *"))
	awstest.SetDesired(e.Store, 2)
	require.NoError(t, e.Scheduler.Step(awstest.Epoch))
	e.At(60)
	all, err := client.DescribeTargetHealth(e.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(awstest.APIGroup)})
	require.NoError(t, err)
	require.Len(t, all.TargetHealthDescriptions, 2)
	one, err := client.DescribeTargetHealth(e.Context(), &elb.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(awstest.APIGroup),
		Targets:        []types.TargetDescription{{Id: all.TargetHealthDescriptions[1].Target.Id, Port: aws.Int32(8080)}},
	})
	require.NoError(t, err)
	require.Len(t, one.TargetHealthDescriptions, 1)
	assert.Equal(t, all.TargetHealthDescriptions[1].Target.Id, one.TargetHealthDescriptions[0].Target.Id)
	_, err = client.DescribeTargetHealth(e.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String("arn:none")})
	awstest.As[*types.TargetGroupNotFoundException](t, err)
}

func priorities(rules []types.Rule) map[string]string {
	out := map[string]string{}
	for _, rule := range rules {
		arn := *rule.RuleArn
		out[arn[len(awstest.RuleARN("")):]] = *rule.Priority
	}
	return out
}

func TestRules(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := elb.NewFromConfig(e.As("elasticloadbalancing:* *"))
	all, err := client.DescribeRules(e.Context(), &elb.DescribeRulesInput{ListenerArn: aws.String(awstest.ListenerARN)})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"waker": "101", "ws": "110", "api": "120", "preview": "130", "default": "default",
	}, priorities(all.Rules))
	assert.Equal(t, awstest.RuleARN("waker"), *all.Rules[0].RuleArn, "in order of priority")
	fallback := all.Rules[4]
	assert.True(t, *fallback.IsDefault)
	assert.Equal(t, "nothing here", *fallback.Actions[0].FixedResponseConfig.MessageBody)
	waker := awstest.RuleARN("waker")
	one, err := client.DescribeRules(e.Context(), &elb.DescribeRulesInput{RuleArns: []string{waker}})
	require.NoError(t, err)
	require.Len(t, one.Rules, 1)
	rule := one.Rules[0]
	assert.Equal(t, awstest.WakerGroup, *rule.Actions[0].TargetGroupArn)
	assert.Equal(t, types.ActionTypeEnumForward, rule.Actions[0].Type)
	assert.Equal(t, []string{"edit.ameliastamps.com"}, rule.Conditions[0].HostHeaderConfig.Values)
	assert.Equal(t, []string{"/api/*"}, rule.Conditions[1].Values)
	assert.False(t, *rule.IsDefault)
	_, err = client.DescribeRules(e.Context(), &elb.DescribeRulesInput{RuleArns: []string{"arn:none"}})
	awstest.As[*types.RuleNotFoundException](t, err)
	_, err = client.DescribeRules(e.Context(), &elb.DescribeRulesInput{ListenerArn: aws.String("arn:none")})
	awstest.As[*types.ListenerNotFoundException](t, err)
	_, err = client.DescribeRules(e.Context(), &elb.DescribeRulesInput{})
	awstest.RequireCode(t, err, "ValidationError", "either listener ARN or rule ARNs")
	_, err = client.DescribeRules(e.Context(), &elb.DescribeRulesInput{RuleArns: []string{waker}, PageSize: aws.Int32(5)})
	awstest.RequireCode(t, err, "SandboxNotSupported", "parameter PageSize of DescribeRules")
}

func TestSetRulePriorities(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := elb.NewFromConfig(e.As("elasticloadbalancing:SetRulePriorities *"))
	move := func(pairs map[string]int32) error {
		in := &elb.SetRulePrioritiesInput{}
		for rule, priority := range pairs {
			in.RulePriorities = append(in.RulePriorities, types.RulePriorityPair{
				RuleArn: aws.String(awstest.RuleARN(rule)), Priority: aws.Int32(priority),
			})
		}
		out, err := client.SetRulePriorities(e.Context(), in)
		if err == nil {
			assert.Len(t, out.Rules, len(pairs))
		}
		return err
	}
	priority := func(rule string) float64 {
		r, _ := e.Store.Get("aws:lb/listenerRule:ListenerRule", awstest.RuleARN(rule))
		return r.State["priority"].NumberValue()
	}
	require.NoError(t, move(map[string]int32{"waker": 190}))
	assert.InDelta(t, 190, priority("waker"), 0, "the deployed rule has drifted, as in AWS")
	require.NoError(t, move(map[string]int32{"waker": 120, "api": 190}), "two rules may swap")
	assert.InDelta(t, 190, priority("api"), 0)
	err := move(map[string]int32{"waker": 130, "ws": 111})
	awstest.As[*types.PriorityInUseException](t, err)
	assert.Equal(t, []float64{120, 110}, []float64{priority("waker"), priority("ws")}, "all or nothing")
	awstest.As[*types.RuleNotFoundException](t, move(map[string]int32{"none": 5}))
	awstest.As[*types.OperationNotPermittedException](t, move(map[string]int32{"default": 5}))
	awstest.RequireCode(t, move(map[string]int32{"waker": 50_001}), "ValidationError", "Member must have value between 1 and 50000")
}

func TestDescribeTheBalancer(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := elb.NewFromConfig(e.Deployer())
	balancers, err := client.DescribeLoadBalancers(e.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"edit-alb"}})
	require.NoError(t, err)
	assert.Equal(t, "edit-alb-1.us-west-2.elb.amazonaws.com", *balancers.LoadBalancers[0].DNSName)
	assert.Equal(t, types.LoadBalancerStateEnumActive, balancers.LoadBalancers[0].State.Code)
	_, err = client.DescribeLoadBalancers(e.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"none"}})
	awstest.As[*types.LoadBalancerNotFoundException](t, err)
	listeners, err := client.DescribeListeners(e.Context(), &elb.DescribeListenersInput{LoadBalancerArn: aws.String(awstest.BalancerARN)})
	require.NoError(t, err)
	assert.Equal(t, int32(443), *listeners.Listeners[0].Port)
	_, err = client.DescribeListeners(e.Context(), &elb.DescribeListenersInput{ListenerArns: []string{"arn:none"}})
	awstest.As[*types.ListenerNotFoundException](t, err)
	groups, err := client.DescribeTargetGroups(e.Context(), &elb.DescribeTargetGroupsInput{Names: []string{"edit-api-tg", "edit-waker-tg"}})
	require.NoError(t, err)
	require.Len(t, groups.TargetGroups, 2)
	api := groups.TargetGroups[0]
	assert.Equal(t, []any{int32(10), "/health", "8080", true, []string{awstest.BalancerARN}}, []any{
		*api.HealthCheckIntervalSeconds, *api.HealthCheckPath, *api.HealthCheckPort, *api.HealthCheckEnabled, api.LoadBalancerArns,
	})
	assert.Equal(t, types.TargetTypeEnumLambda, groups.TargetGroups[1].TargetType)
	assert.False(t, *groups.TargetGroups[1].HealthCheckEnabled)
	_, err = client.DescribeTargetGroups(e.Context(), &elb.DescribeTargetGroupsInput{Names: []string{"none"}})
	awstest.As[*types.TargetGroupNotFoundException](t, err)
}

func TestEachPermissionOfELB(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	waker := awstest.RuleARN("waker")
	calls := map[string]func(*elb.Client) error{
		"elasticloadbalancing:DescribeTargetHealth *": func(c *elb.Client) error {
			_, err := c.DescribeTargetHealth(e.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(awstest.APIGroup)})
			return err
		},
		"elasticloadbalancing:DescribeRules *": func(c *elb.Client) error {
			_, err := c.DescribeRules(e.Context(), &elb.DescribeRulesInput{RuleArns: []string{waker}})
			return err
		},
		"elasticloadbalancing:DescribeTargetGroups *": func(c *elb.Client) error {
			_, err := c.DescribeTargetGroups(e.Context(), &elb.DescribeTargetGroupsInput{})
			return err
		},
		"elasticloadbalancing:DescribeListeners *": func(c *elb.Client) error {
			_, err := c.DescribeListeners(e.Context(), &elb.DescribeListenersInput{})
			return err
		},
		"elasticloadbalancing:DescribeLoadBalancers *": func(c *elb.Client) error {
			_, err := c.DescribeLoadBalancers(e.Context(), &elb.DescribeLoadBalancersInput{})
			return err
		},
		"elasticloadbalancing:SetRulePriorities " + waker: func(c *elb.Client) error {
			_, err := c.SetRulePriorities(e.Context(), &elb.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{
				{RuleArn: &waker, Priority: aws.Int32(101)},
			}})
			return err
		},
	}
	for permission, call := range calls {
		action := "elasticloadbalancing:" + awstest.After(permission, ":", " ")
		awstest.Refused(t, call(elb.NewFromConfig(e.As())), "AccessDenied", action)
		awstest.Refused(t, call(elb.NewFromConfig(e.As(action+" "+awstest.RuleARN("api")))), "AccessDenied", action)
		require.NoError(t, call(elb.NewFromConfig(e.As(permission))), permission)
	}
}
