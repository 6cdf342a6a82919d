package infra

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/infratest"
)

const (
	alarmType  = "aws:cloudwatch/metricAlarm:MetricAlarm"
	ruleType   = "aws:cloudwatch/eventRule:EventRule"
	boardType  = "aws:cloudwatch/dashboard:Dashboard"
	budgetType = "aws:budgets/budget:Budget"
)

// operated deploys a stack of this repository under mocks, with some settings changed.
func operated(t testing.TB, stack string, changes infratest.Settings) *infratest.Deployment {
	t.Helper()
	return infratest.Repository{Root: "..", Program: Build}.Deploy(t, stack, changes)
}

// configured is the configuration of a stack that sets nothing.
func configured(t testing.TB) *config.Config {
	t.Helper()
	var cfg *config.Config
	infratest.Run{Stack: "test"}.Do(t, func(ctx *pulumi.Context) (_ pulumi.Map, err error) {
		cfg, err = config.Load(ctx)
		return nil, err
	})
	return cfg
}

// refused returns the faults of a configuration that is refused.
func refused(t testing.TB, changes infratest.Settings) []config.Fault {
	t.Helper()
	_, err := infratest.Run{Stack: "test", Config: changes.Qualified()}.Try(Build)
	var bad *config.Error
	require.ErrorAs(t, err, &bad, "%v", changes)
	require.NotEmpty(t, bad.Faults)
	return bad.Faults
}

const (
	otherRoleArn   = "arn:aws:iam::942734823970:role/other"
	certificateArn = "arn:aws:acm:us-west-2:942734823970:certificate/3f1c9c6e-1111-4222-8333-444455556666"
)

func TestAlarmsOfProd(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	api := map[string]any{
		"LoadBalancer": "app/webordinary-edit-alb/50dc6c495c0c9188", "TargetGroup": "targetgroup/edit-api-tg/73e2d6bc24d8a067",
	}
	service := map[string]any{"ClusterName": "webordinary-edit-cluster", "ServiceName": "webordinary-edit"}
	for suffix, want := range map[string]struct {
		alarm, namespace, metric, statistic string
		dimensions                          map[string]any
		period, periods, threshold          float64
	}{
		"unhealthy-alarm": {"unhealthy", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", api, 300, 2, 1},
		"errors-alarm":    {"5xx", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", api, 300, 1, 5},
		"gave-up-alarm": {
			"cannot-start", reconcile.Namespace, reconcile.MetricGaveUp, "Sum",
			map[string]any{"Service": "webordinary-edit"},
			300, 1, 1,
		},
		"awake-alarm": {"awake", "AWS/ECS", "CPUUtilization", "SampleCount", service, 300, 144, 1},
	} {
		alarm := d.One(t, "observability-"+suffix)
		assert.Equal(t, "webordinary-edit-"+want.alarm, alarm.Text("name"))
		assert.Equal(t, want.namespace, alarm.Text("namespace"), suffix)
		assert.Equal(t, want.metric, alarm.Text("metricName"), suffix)
		assert.Equal(t, want.statistic, alarm.Text("statistic"), suffix)
		assert.Equal(t, want.dimensions, alarm.Get("dimensions"), suffix)
		assert.Equal(t, []any{want.period, want.periods, want.threshold},
			[]any{alarm.Get("period"), alarm.Get("evaluationPeriods"), alarm.Get("threshold")}, suffix)
		assert.Equal(t, "GreaterThanOrEqualToThreshold", alarm.Text("comparisonOperator"), suffix)
		assert.Equal(t, "notBreaching", alarm.Text("treatMissingData"), "%s: asleep means no data", suffix)
		assert.NotEmpty(t, alarm.Text("alarmDescription"), suffix)
	}
}

// Who fails to sign in is counted by the load balancer, for all clients together, and by nobody where it asks nobody.
func TestAlarmsOfTheSignIn(t *testing.T) {
	t.Parallel()
	const editors = `"editors":[{"email":"a@example.com","user":"a"}]`
	further := func(id, base string) string {
		return `{"id":"` + id + `","host":"edit-` + id + `","user":"jane","repository":"https://github.com/a/b.git","rulePriority":` + base + `,` + editors + `}`
	}
	first := `{"id":"ameliastamps",` + editors + `}`
	three := operated(t, "prod", infratest.Settings{
		"auth": "cognito", "clients": "[" + first + "," + further("acme", "300") + "," + further("bolt", "400") + "]",
	})
	balancer := map[string]any{"LoadBalancer": "app/webordinary-edit-alb/50dc6c495c0c9188"}
	for suffix, want := range map[string]struct {
		alarm, metric string
		threshold     float64
	}{
		"sign-in-alarm": {"sign-in-failed", "ELBAuthError", 1}, "turned-away-alarm": {"sign-in-denied", "ELBAuthFailure", 5},
	} {
		alarm := three.One(t, "observability-"+suffix)
		assert.Equal(t, "webordinary-edit-"+want.alarm, alarm.Text("name"))
		assert.Equal(t, []string{"AWS/ApplicationELB", want.metric, "Sum", "notBreaching", "GreaterThanOrEqualToThreshold"}, []string{
			alarm.Text("namespace"), alarm.Text("metricName"), alarm.Text("statistic"), alarm.Text("treatMissingData"), alarm.Text("comparisonOperator"),
		})
		assert.Equal(t, balancer, alarm.Get("dimensions"), "one for all clients")
		assert.Equal(t, []any{300.0, 1.0, want.threshold}, []any{alarm.Get("period"), alarm.Get("evaluationPeriods"), alarm.Get("threshold")})
	}
	ofSignIn := func(d *infratest.Deployment) (names []string) {
		for _, alarm := range d.OfType(alarmType) {
			if strings.HasPrefix(alarm.Text("metricName"), "ELBAuth") {
				names = append(names, alarm.Name)
			}
		}
		return names
	}
	assert.Len(t, ofSignIn(three), 2)
	assert.Empty(t, ofSignIn(operated(t, "prod", nil)))
	borrowing := infratest.Run{
		Stack: "dev", Config: infratest.StackConfig(t, "..", "dev"), References: map[string]map[string]any{"prod": three.Outputs},
	}
	maps.Copy(borrowing.Config, infratest.Settings{"alarms": "true", "auth": "cognito", "clients": "[" + first + "]"}.Qualified())
	borrower := borrowing.Do(t, Build)
	assert.NotEmpty(t, borrower.OfType(alarmType))
	assert.Empty(t, ofSignIn(borrower), "the load balancer is the lender's, and so are its alarms")
}

func TestEveryAlarmTellsTheTopicAndIsFree(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.EverythingOn)
	alarms := d.OfType(alarmType)
	require.NotEmpty(t, alarms)
	assert.LessOrEqual(t, len(alarms), 10, "CloudWatch's free tier is ten alarms")
	for _, alarm := range alarms {
		assert.True(t, strings.HasPrefix(alarm.Text("name"), "webordinary-"), alarm.Name)
		assert.Nil(t, alarm.Get("metricQueries"), "%s: every metric of an expression is billed as an alarm", alarm.Name)
		assert.True(t, alarm.DependsOn("alerts-topic"), "%s tells nobody", alarm.Name)
		assert.Len(t, alarm.Get("alarmActions"), 1, alarm.Name)
		assert.NotEqual(t, "breaching", alarm.Text("treatMissingData"), "%s rings on every first deployment, before there is anything", alarm.Name)
		seconds := alarm.Get("period").(float64) * alarm.Get("evaluationPeriods").(float64)
		limit := 86400.0
		if alarm.Get("period").(float64) >= 3600 {
			limit *= 7
		}
		assert.LessOrEqual(t, seconds, limit, "%s: CloudWatch evaluates one day, a week from periods of an hour", alarm.Name)
	}
}

func TestDevWatchesNothing(t *testing.T) {
	t.Parallel()
	d := operated(t, "dev", nil)
	for _, typ := range []string{alarmType, boardType, budgetType, "aws:cloudwatch/logMetricFilter:LogMetricFilter"} {
		assert.Empty(t, d.OfType(typ), typ)
	}
	for _, name := range []string{"observability", "audit", "ci", "observability-task-failed-rule"} {
		assert.False(t, d.Has(name), name)
	}
	assert.True(t, d.Has("alerts-topic"), "what others report to")
}

func TestSwitchesAreIndependent(t *testing.T) {
	t.Parallel()
	budgetOnly := operated(t, "prod", infratest.Settings{"alarms": "false"})
	assert.Len(t, budgetOnly.OfType(budgetType), 1)
	assert.False(t, budgetOnly.Has("observability-errors-alarm"))
	assert.Empty(t, budgetOnly.OfType(boardType))
	alarmsOnly := operated(t, "prod", infratest.Settings{"monthlyBudgetUsd": "0"})
	assert.Empty(t, alarmsOnly.OfType(budgetType))
	assert.True(t, alarmsOnly.Has("observability-errors-alarm"))
}

func TestServiceThatNeverSleepsHasNoAwakeAlarm(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"minCapacity": "1"})
	assert.False(t, d.Has("observability-awake-alarm"))
	assert.True(t, d.Has("observability-unhealthy-alarm"))
}

func TestBudgetReportsAt80And100Percent(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"monthlyBudgetUsd": "25"})
	budget := d.One(t, "observability-budget")
	assert.Equal(t, []any{"webordinary-edit-budget", "COST", "MONTHLY", "25", "USD"}, []any{
		budget.Text("name"), budget.Text("budgetType"), budget.Text("timeUnit"), budget.Text("limitAmount"), budget.Text("limitUnit"),
	})
	assert.Nil(t, budget.Get("costFilters"), "without a tag the whole account counts")
	topic := budget.Text("notifications.0.subscriberSnsTopicArns.0")
	assert.Contains(t, topic, ":sns:")
	for i, percent := range []float64{80, 100} {
		at := fmt.Sprintf("notifications.%d.", i)
		assert.Equal(t, []any{percent, "PERCENTAGE", "ACTUAL", "GREATER_THAN", topic}, []any{
			budget.Get(at + "threshold"), budget.Text(at + "thresholdType"), budget.Text(at + "notificationType"),
			budget.Text(at + "comparisonOperator"), budget.Text(at + "subscriberSnsTopicArns.0"),
		})
	}
	assert.True(t, budget.DependsOn("alerts-policy"), "Budgets tries the topic at once")
}

func TestBudgetCountsOneTag(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"budgetTag": "Project=webordinary-live-edit"})
	budget := d.One(t, "observability-budget")
	assert.Equal(t, "TagKeyValue", budget.Text("costFilters.0.name"))
	assert.Equal(t, "user:Project$webordinary-live-edit", budget.Text("costFilters.0.values.0"))
	for _, bad := range []string{"Project", "=x", "Project=", "a=b=c", "a$=b"} {
		assert.Equal(t, "budgetTag", refused(t, infratest.Settings{"budgetTag": bad})[0].Key, bad)
	}
}

func TestOnlyThreeServicesPublish(t *testing.T) {
	t.Parallel()
	d := operated(t, "dev", nil)
	policy := d.One(t, "alerts-policy").Policy(t, "policy")
	topic := policy.Statement[0].Resource[0]
	require.Len(t, policy.Statement, 3)
	for sid, want := range map[string]struct {
		service, source string
	}{
		"PublishAlarms":  {"cloudwatch.amazonaws.com", "arn:aws:cloudwatch:us-west-2:942734823970:alarm:*"},
		"PublishBudgets": {"budgets.amazonaws.com", "arn:aws:budgets::942734823970:*"},
	} {
		statement := policy.By(t, sid)
		assert.Equal(t, map[string]any{"Service": []any{want.service}}, statement.Principal)
		assert.Equal(t, map[string]map[string][]string{
			"StringEquals": {"aws:SourceAccount": {"942734823970"}}, "ArnLike": {"aws:SourceArn": {want.source}},
		}, statement.Condition)
	}
	events := policy.By(t, "PublishEvents")
	assert.Equal(t, map[string]any{"Service": []any{"events.amazonaws.com"}}, events.Principal)
	assert.Empty(t, events.Condition, "with a condition SNS drops EventBridge's messages")
	for _, statement := range policy.Statement {
		assert.Equal(t, "Allow", statement.Effect)
		assert.Equal(t, []string{"sns:Publish"}, statement.Action)
		assert.Equal(t, []string{topic}, statement.Resource)
	}
}

func TestPreviewOfEverythingKnowsNothingYet(t *testing.T) {
	t.Parallel()
	run := infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, "..", "prod"), DryRun: true}
	for key, value := range infratest.EverythingOn {
		run.Config[infratest.Project+":"+key] = value
	}
	d := run.Do(t, Build)
	assert.True(t, d.Has("observability-dashboard") && d.Has("audit-trail") && d.Has("ci-deploy-role"))
}

func TestWatchingIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	assert.Equal(t, operated(t, "prod", infratest.EverythingOn).Canonical(), operated(t, "prod", infratest.EverythingOn).Canonical())
}

// TestAlertsAreDocumented finds every alarm and report of a stack in the tables of docs/alerts.md, and nothing else there.
func TestAlertsAreDocumented(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "docs", "alerts.md"))
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, cell := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(string(data), -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell[1], -1) {
			documented[name[1]] = true
		}
	}
	deployed := map[string]bool{}
	for _, settings := range []infratest.Settings{infratest.EverythingOn, infratest.SignedIn} {
		d := operated(t, "prod", settings)
		for _, r := range slices.Concat(d.OfType(alarmType), d.OfType(ruleType)) {
			if r.Get("scheduleExpression") == nil {
				deployed[r.Text("name")] = true
				assert.NotEmpty(t, r.Text("description")+r.Text("alarmDescription"), r.Name)
			}
		}
	}
	assert.Equal(t, deployed, documented)
}
