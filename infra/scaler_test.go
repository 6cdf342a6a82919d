package infra_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

func scalerStack(t *testing.T) *infratest.Deployment {
	t.Helper()
	return infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, "..", "prod")}.Do(t, infra.Build)
}

func TestWakerRuleStandsAboveTheStaticRulesWhileAsleep(t *testing.T) {
	t.Parallel()
	d := scalerStack(t)
	rule := d.One(t, "scaler-waker-rule")
	require.InDelta(t, 101, rule.Get("priority"), 0)
	require.Equal(t, []string{"priority"}, rule.Request.GetIgnoreChanges(), "only the place is the scaler's to change")
	require.Equal(t, []any{"edit.ameliastamps.com"}, rule.Get("conditions.0.hostHeader.values"))
	require.Equal(t, []any{"/api/*", "/preview/*"}, rule.Get("conditions.1.pathPattern.values"), "a socket never wakes anything")
	for _, static := range []string{"edit-ws-rule", "edit-api-rule", "edit-preview-rule"} {
		require.Empty(t, d.One(t, static).Request.GetIgnoreChanges(), static)
	}
}

func TestWakerTargetGroupTakesEveryHeader(t *testing.T) {
	t.Parallel()
	d := scalerStack(t)
	group := d.One(t, "scaler-tg")
	require.Equal(t, "edit-waker-tg", group.Text("name"))
	require.Equal(t, "lambda", group.Text("targetType"))
	require.Equal(t, true, group.Get("lambdaMultiValueHeadersEnabled"))
	permission := d.One(t, "scaler-waker-permission")
	require.Equal(t, "elasticloadbalancing.amazonaws.com", permission.Text("principal"))
	require.Contains(t, permission.Text("sourceArn"), "targetgroup/edit-waker-tg/")
	require.True(t, d.One(t, "scaler-waker-target").DependsOn("scaler-waker-permission"))
}

func TestScalerMayTouchItsServiceAndRuleOnly(t *testing.T) {
	t.Parallel()
	d := scalerStack(t)
	policy := d.One(t, "scaler-function-policy").Policy(t, "policy")
	service := "arn:aws:ecs:us-west-2:" + infratest.AccountID + ":service/webordinary-edit-cluster/webordinary-edit"
	require.Equal(t, []string{service}, policy.By(t, "SeeAndSetTheCount").Resource)
	require.Equal(t, []string{"arn:aws:elasticloadbalancing:us-west-2:" + infratest.AccountID + ":listener-rule/app/scaler-waker-rule"},
		policy.By(t, "MoveTheWaker").Resource)
	require.Equal(t, []string{"arn:aws:ecs:us-west-2:" + infratest.AccountID + ":task/webordinary-edit-cluster/*"},
		policy.By(t, "SeeTheTasks").Resource)
	require.Equal(t, map[string]map[string][]string{"ArnEquals": {
		"ecs:cluster": {"arn:aws:ecs:us-west-2:" + infratest.AccountID + ":cluster/webordinary-edit-cluster"},
	}}, policy.By(t, "ListTheTasks").Condition)
	for _, statement := range policy.Statement {
		for _, action := range statement.Action {
			require.NotContains(t, action, "*")
		}
	}
}

func TestScalerIsToldWhatItManages(t *testing.T) {
	t.Parallel()
	function := scalerStack(t).One(t, "scaler-function")
	environment, ok := function.Get("environment.variables").(map[string]any)
	require.True(t, ok)
	require.Equal(t, "webordinary-edit-cluster", environment["CLUSTER_NAME"])
	require.Equal(t, "webordinary-edit", environment["SERVICE_NAME"])
	require.Contains(t, environment["API_TARGET_GROUP_ARN"], "targetgroup/edit-api-tg/")
	require.Contains(t, environment["PREVIEW_TARGET_GROUP_ARN"], "targetgroup/edit-preview-tg/")
	require.Contains(t, environment["WAKER_RULE_ARN"], "listener-rule/")
	require.Equal(t, "100", environment["RULE_PRIORITY_BASE"])
	require.Equal(t, prod(t).configured(t, "autoShutdownMinutes"), environment["IDLE_MINUTES"])
	require.Equal(t, "ameliastamps", environment["CLIENT_ID"], "under which its container writes metrics")
	require.Equal(t, "https://www.ameliastamps.com", environment["STAND_IN_URL"], "the zone's own site")
	require.Len(t, environment, 9, "the rest has defaults")
	require.EqualValues(t, 50, function.Get("reservedConcurrentExecutions"), "holds are limited in number")
	require.Equal(t, "provided.al2023", function.Text("runtime"))
	require.Equal(t, []any{"arm64"}, function.Get("architectures"))
	require.EqualValues(t, 256, function.Get("memorySize"), "Lambda's default of 128 MB starts at half the speed")
	require.Nil(t, function.Get("vpcConfig"), "a function in a subnet without NAT could not call AWS")
	require.Less(t, function.Get("timeout"), 30.0, "CloudFront waits 30 s for an answer")
}

func TestScalerLooksEveryMinute(t *testing.T) {
	t.Parallel()
	d := scalerStack(t)
	require.Equal(t, "rate(1 minute)", d.One(t, "scaler-schedule").Text("scheduleExpression"))
	require.Equal(t, "events.amazonaws.com", d.One(t, "scaler-schedule-permission").Text("principal"))
	require.True(t, d.One(t, "scaler-schedule-target").DependsOn("scaler-schedule-permission"))
	require.InDelta(t, 7, d.One(t, "scaler-function-log-group").Get("retentionInDays"), 0)
	for _, alarm := range []string{"scaler-edit-scaler-errors-alarm", "scaler-edit-scaler-throttles-alarm"} {
		require.NotEmpty(t, d.One(t, alarm).Get("alarmActions"), alarm)
	}
}

// rings evaluates an alarm on a sum with enough data points, as CloudWatch does, minute by minute, and returns the first minute in
// which it rings; 0 is never. Missing minutes do not breach.
func rings(t *testing.T, alarm infratest.Resource, minutes []float64) int {
	t.Helper()
	number := func(name string) int {
		value, ok := alarm.Get(name).(float64)
		require.True(t, ok, name)
		return int(value)
	}
	require.Equal(t, "GreaterThanOrEqualToThreshold", alarm.Text("comparisonOperator"))
	require.Equal(t, "notBreaching", alarm.Text("treatMissingData"))
	period, periods, threshold := number("period")/60, number("evaluationPeriods"), float64(number("threshold"))
	needed := periods
	if alarm.Get("datapointsToAlarm") != nil {
		needed = number("datapointsToAlarm")
	}
	for end := 1; end <= len(minutes); end++ {
		breaching := 0
		for n := range periods {
			sum := 0.0
			for m := max(0, end-(n+1)*period); m < end-n*period; m++ {
				sum += minutes[m]
			}
			if sum >= threshold {
				breaching++
			}
		}
		if breaching >= needed {
			return end
		}
	}
	return 0
}

// Until IAM knows a new role everywhere, the first ticks may be refused. That is no alarm; a scaler that does not work is.
func TestFirstMinutesDoNotRing(t *testing.T) {
	t.Parallel()
	alarm := scalerStack(t).One(t, "scaler-edit-scaler-errors-alarm")
	refused := []float64{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	require.Zero(t, rings(t, alarm, refused), "four refused ticks")
	visited := []float64{3, 5, 1, 0, 0, 0, 0, 0}
	require.Zero(t, rings(t, alarm, visited), "and visitors who met them")
	broken := []float64{0, 0, 1, 1, 1, 1, 1, 1, 1, 1}
	require.InDelta(t, 8, rings(t, alarm, broken), 1, "five minutes after it broke")
	flapping := []float64{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}
	require.NotZero(t, rings(t, alarm, flapping), "every other tick fails")
}

func TestScalerTakesWhatIsConfigured(t *testing.T) {
	t.Parallel()
	settings := infratest.StackConfig(t, "..", "prod")
	settings["webordinary-live-edit:scalerConcurrency"] = "0"
	settings["webordinary-live-edit:standInUrl"] = ""
	settings["webordinary-live-edit:wakeCredentials"] = `["header:Authorization","cookie:session"]`
	d := infratest.Run{Stack: "prod", Config: settings}.Do(t, infra.Build)
	function := d.One(t, "scaler-function")
	require.Nil(t, function.Get("reservedConcurrentExecutions"))
	require.Nil(t, d.One(t, "cleanup-function").Get("reservedConcurrentExecutions"), "an account that can reserve nothing")
	value, ok := function.Get("environment.variables").(map[string]any)["WAKE_CREDENTIALS"]
	require.True(t, ok)
	require.NotContains(t, function.Get("environment.variables"), "STAND_IN_URL", "an empty address shows no site")
	environment := map[string]string{"WAKE_CREDENTIALS": value.(string)}
	_, err := config.Load(func(name string) string { return environment[name] })
	require.NotContains(t, err.Error(), "WAKE_CREDENTIALS", "the function reads what is written")
}
