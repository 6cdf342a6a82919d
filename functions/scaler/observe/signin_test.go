package observe_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

const signInARN = ruleARN + "0"

// twoRules has the waker's rule and the one where people sign in.
type twoRules struct {
	account
	signIn string
}

func (a *twoRules) DescribeRules(
	_ context.Context, in *elb.DescribeRulesInput, _ ...func(*elb.Options),
) (*elb.DescribeRulesOutput, error) {
	out := &elb.DescribeRulesOutput{}
	for _, arn := range in.RuleArns {
		place := map[string]*string{ruleARN: &a.priority, signInARN: &a.signIn}[arn]
		if aws.ToString(place) != "" {
			out.Rules = append([]elbtypes.Rule{{RuleArn: &arn, Priority: place}}, out.Rules...) // in no order of ours
		}
	}
	return out, nil
}

// TestTwoRulesThatBelongTogether: a rule that stands where the other's phase does not have it makes the phase unknown, which
// is mended; the memory is the waker's rule alone.
func TestTwoRulesThatBelongTogether(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		waker, signIn string
		phase         decide.Phase
	}{
		{"101", "100", decide.PhaseAsleep},
		{"104", "100", decide.PhaseWaking},
		{"113", "100", decide.PhaseDraining},
		{"190", "189", decide.PhaseAwake},
		{"195", "189", decide.PhaseAwake},
		{"190", "100", decide.PhaseUnknown},
		{"101", "189", decide.PhaseUnknown},
		{"101", "115", decide.PhaseUnknown},
		{"125", "100", decide.PhaseUnknown},
	} {
		a := &twoRules{account: account{priority: test.waker}, signIn: test.signIn}
		o := a.observer()
		o.ELB, o.SignInRuleARN = a, signInARN
		f := decide.Facts{Now: noon}
		require.NoError(t, o.Begin().Observe(t.Context(), decide.NeedRule, &f))
		require.Equal(t, test.phase, f.Rule.Phase, "%s and %s", test.waker, test.signIn)
	}
	a := &twoRules{account: account{priority: "101"}}
	o := a.observer()
	o.ELB, o.SignInRuleARN = a, signInARN
	require.ErrorContains(t, o.Begin().Observe(t.Context(), decide.NeedRule, &decide.Facts{Now: noon}), signInARN)
}

// TestRefusalsAreNoUse: where people sign in, answers of 2XX, 3XX and 5XX show that somebody uses the service. Requests, and
// answers of 4XX, do not: they may be those of somebody who is not invited.
func TestRefusalsAreNoUse(t *testing.T) {
	t.Parallel()
	a := &account{metrics: []cwtypes.MetricDataResult{
		{Id: aws.String("preview3"), StatusCode: cwtypes.StatusCodeComplete, Timestamps: []time.Time{*ago(180e9)}, Values: []float64{1}},
	}}
	o := a.observer()
	o.SignInRuleARN = signInARN
	f := decide.Facts{Now: noon}
	require.NoError(t, o.Begin().Observe(t.Context(), decide.NeedTraffic, &f))
	require.Equal(t, *ago(180e9), f.Traffic.Last)
	var asked []string
	for _, query := range a.query.MetricDataQueries {
		group := aws.ToString(query.MetricStat.Metric.Dimensions[1].Value)
		asked = append(asked, group[strings.Index(group, "edit-"):strings.LastIndex(group, "-tg")]+" "+*query.MetricStat.Metric.MetricName)
	}
	require.ElementsMatch(t, []string{
		"edit-api HTTPCode_Target_2XX_Count", "edit-api HTTPCode_Target_3XX_Count", "edit-api HTTPCode_Target_5XX_Count",
		"edit-preview HTTPCode_Target_2XX_Count", "edit-preview HTTPCode_Target_3XX_Count", "edit-preview HTTPCode_Target_5XX_Count",
		"edit-api HealthyHostCount",
	}, asked)
}
