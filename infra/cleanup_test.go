package infra

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/spec"
	"github.com/webordinary/live-edit/infra/infratest"
)

const (
	cleanupFunctionName = "cleanup-function"
	cleanupQueueArn     = "arn:aws:sqs:us-west-2:942734823970:cleanup-failures"
)

// deployedCleanup is what the function's environment says, by the names that the function reads.
type deployedCleanup struct {
	root   string
	ages   policy.Ages
	dryRun bool
}

func cleanupEnvironment(t *testing.T, d *infratest.Deployment) deployedCleanup {
	t.Helper()
	variables, ok := d.One(t, cleanupFunctionName).Get("environment.variables").(map[string]any)
	require.True(t, ok)
	read := deployedCleanup{}
	for name, value := range variables {
		text, err := fmt.Sprint(value), error(nil)
		switch name {
		case spec.Root:
			read.root = text
		case spec.CompressAfter:
			read.ages.Compress, err = time.ParseDuration(text)
		case spec.DeleteAfter:
			read.ages.Delete, err = time.ParseDuration(text)
		case spec.ArchiveAfter:
			read.ages.Archive, err = time.ParseDuration(text)
		case spec.DryRun:
			read.dryRun, err = strconv.ParseBool(text)
		default:
			require.Fail(t, "the function is told something else", name)
		}
		require.NoError(t, err, "%s=%q", name, text)
	}
	require.Len(t, variables, 5)
	require.Empty(t, read.ages.Faults(), "the function would refuse them")
	return read
}

func TestCleanupIsToldTheConfiguredAges(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	got := cleanupEnvironment(t, operated(t, "prod", nil))
	assert.Equal(t, "/mnt/workspaces", got.root)
	assert.Equal(t, 7*day, got.ages.Compress)
	assert.Equal(t, 30*day, got.ages.Delete)
	assert.Zero(t, got.ages.Archive, "off unless configured")
	assert.False(t, got.dryRun)

	got = cleanupEnvironment(t, operated(t, "dev", infratest.Settings{
		"cleanupCompressAfterDays": "3", "cleanupDeleteAfterDays": "36499", "cleanupArchiveAfterDays": "36500", "cleanupDryRun": "true",
	}))
	assert.Equal(t, 3*day, got.ages.Compress)
	assert.Equal(t, 36499*day, got.ages.Delete)
	assert.Equal(t, 36500*day, got.ages.Archive)
	assert.True(t, got.dryRun)
}

func TestCleanupMountsTheWorkspaces(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	function := d.One(t, cleanupFunctionName)
	assert.Equal(t, "webordinary-workspace-cleanup", function.Text("name"))
	assert.Equal(t, "arn:aws:iam::942734823970:role/webordinary-workspace-cleanup", function.Text("role"))
	assert.EqualValues(t, 300, function.Get("timeout"))
	assert.EqualValues(t, 1, function.Get("reservedConcurrentExecutions"))
	assert.Equal(t, d.One(t, "edit-service").Get("networkConfiguration.subnets"), function.Get("vpcConfig.subnetIds"),
		"where there are mount targets")
	assert.Equal(t, []any{"cleanup-security-group-id"}, function.Get("vpcConfig.securityGroupIds"))
	assert.Equal(t, "arn:aws:elasticfilesystem:us-west-2:942734823970:access-point/workspace-clients-id",
		function.Text("fileSystemConfig.arn"))
	assert.Equal(t, "/mnt/workspaces", function.Text("fileSystemConfig.localMountPath"))
	for _, name := range []string{
		"workspace-mount-target-0", "workspace-mount-target-1", "workspace-policy", "workspace-clients",
		"cleanup-function-policy", "cleanup-function-log-group",
	} {
		assert.True(t, function.DependsOn(name), name)
	}
	dev := operated(t, "dev", nil).One(t, cleanupFunctionName)
	assert.Equal(t, "webordinary-workspace-cleanup-dev", dev.Text("name"))
}

// The function's group opens to the workspace, the workspace's to it, and nothing else.
func TestCleanupReachesTheWorkspaceOnly(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	rules := map[string]string{}
	for _, typ := range []string{
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	} {
		for _, rule := range d.OfType(typ) {
			from, to := rule.Text("securityGroupId"), rule.Text("referencedSecurityGroupId")
			if strings.HasPrefix(from, "cleanup") || strings.HasPrefix(to, "cleanup") {
				assert.Empty(t, rule.Text("cidrIpv4"), rule.Name)
				assert.EqualValues(t, 2049, rule.Get("fromPort"), rule.Name)
				assert.EqualValues(t, 2049, rule.Get("toPort"), rule.Name)
				rules[rule.Name] = from + " " + to
			}
		}
	}
	assert.Equal(t, map[string]string{
		"cleanup-workspace-egress":  "cleanup-security-group-id workspace-security-group-id",
		"cleanup-workspace-ingress": "workspace-security-group-id cleanup-security-group-id",
	}, rules)
}

// Lambda deletes the network interfaces of the deleted function in the name of its role, and until then they hold the group: on
// destroy, role and permission go after it.
func TestGroupOfTheCleanupGoesBeforeThePermissionToFreeIt(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	connect := d.One(t, "cleanup-vpc-policy")
	assert.Contains(t, connect.Policy(t, "policy").By(t, "ConnectToTheVPC").Action, "ec2:DeleteNetworkInterface")
	assert.True(t, connect.DependsOn("mount-roles-cleanup"))
	assert.True(t, d.One(t, "cleanup-security-group").DependsOn("cleanup-vpc-policy"))
	assert.True(t, d.One(t, cleanupFunctionName).DependsOn("cleanup-security-group"))
}

func TestCleanupMayMountAndReportOnly(t *testing.T) {
	t.Parallel()
	for name, suffix := range map[string]string{"prod": "", "dev": "-dev"} {
		d := operated(t, name, nil)
		document, connect := d.One(t, "cleanup-function-policy"), d.One(t, "cleanup-vpc-policy")
		assert.Equal(t, "webordinary-workspace-cleanup"+suffix, document.Text("role"))
		assert.Equal(t, "webordinary-workspace-cleanup"+suffix, connect.Text("role"))
		policy := document.Policy(t, "policy")
		policy.Statement = append(policy.Statement, connect.Policy(t, "policy").Statement...)
		actions := map[string][]string{}
		for _, statement := range policy.Statement {
			actions[statement.Effect+" "+statement.Sid] = statement.Action
			if statement.Sid != "ConnectToTheVPC" && statement.Sid != "LeaveThatToLambda" {
				assert.NotContains(t, statement.Resource, "*", statement.Sid)
			}
		}
		assert.Equal(t, map[string][]string{
			"Allow WriteTheLog":       {"logs:CreateLogStream", "logs:PutLogEvents"},
			"Allow MountTheWorkspace": {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
			"Allow ReportFailures":    {"sqs:SendMessage"},
			"Allow ConnectToTheVPC":   networkInterfaceActions,
			"Deny LeaveThatToLambda":  networkInterfaceActions,
		}, actions)
		mount := policy.By(t, "MountTheWorkspace")
		assert.Equal(t, map[string]map[string][]string{"StringEquals": {
			"elasticfilesystem:AccessPointArn": {d.One(t, cleanupFunctionName).Text("fileSystemConfig.arn")},
		}}, mount.Condition)
		assert.Equal(t, []string{cleanupQueueArn}, policy.By(t, "ReportFailures").Resource)
		assert.Equal(t, map[string]map[string][]string{"ArnEquals": {
			"lambda:SourceFunctionArn": {"arn:aws:lambda:us-west-2:942734823970:function:webordinary-workspace-cleanup" + suffix},
		}}, policy.By(t, "LeaveThatToLambda").Condition)
	}
}

func TestCleanupRunsOnceADay(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	rule := d.One(t, "cleanup-schedule")
	assert.Equal(t, "rate(1 day)", rule.Text("scheduleExpression"))
	permission := d.One(t, "cleanup-schedule-permission")
	assert.Equal(t, "lambda:InvokeFunction", permission.Text("action"))
	assert.Equal(t, "events.amazonaws.com", permission.Text("principal"))
	assert.Equal(t, "arn:aws:cloudwatch:us-west-2:942734823970:cleanup-schedule", permission.Text("sourceArn"), "the rule's and no other's")
	target := d.One(t, "cleanup-schedule-target")
	assert.Equal(t, rule.Text("name"), target.Text("rule"))
	assert.Equal(t, "arn:aws:lambda:us-west-2:942734823970:function:webordinary-workspace-cleanup", target.Text("arn"))
	assert.True(t, target.DependsOn("cleanup-schedule-permission"))
}

func TestCleanupReportsFailures(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"alarms": "true"})
	failures := d.One(t, "cleanup-on-failure")
	assert.Equal(t, "webordinary-workspace-cleanup", failures.Text("functionName"))
	queue := d.One(t, "cleanup-failures")
	assert.Equal(t, cleanupQueueArn, failures.Text("destinationConfig.onFailure.destination"))
	assert.True(t, failures.DependsOn("cleanup-function-policy"), "Lambda checks that the role may send")
	assert.Equal(t, "webordinary-workspace-cleanup-failures", queue.Text("name"))
	assert.Equal(t, true, queue.Get("sqsManagedSseEnabled"))

	failed, missed := d.One(t, "cleanup-failed-alarm"), d.One(t, "cleanup-missed-alarm")
	for _, alarm := range []infratest.Resource{failed, missed} {
		assert.Equal(t, "AWS/Lambda", alarm.Text("namespace"))
		assert.Equal(t, "webordinary-workspace-cleanup", alarm.Text("dimensions.FunctionName"))
		assert.Equal(t, []any{"arn:aws:sns:us-west-2:942734823970:alerts-topic"}, alarm.Get("alarmActions"))
		assert.EqualValues(t, 1, alarm.Get("threshold"))
		assert.Contains(t, alarm.Text("alarmDescription"), "docs/operations-cleanup.md")
	}
	assert.Equal(t, "Errors GreaterThanOrEqualToThreshold notBreaching", alarmRule(failed))
	assert.Equal(t, "Invocations LessThanThreshold missing", alarmRule(missed))
	assert.Equal(t, missed.Get("alarmActions"), missed.Get("insufficientDataActions"), "silence is the alarm")
	assert.Nil(t, failed.Get("insufficientDataActions"))
	assert.False(t, operated(t, "prod", infratest.Settings{"alarms": "false"}).Has("cleanup-failed-alarm"))
	assert.False(t, operated(t, "prod", infratest.Settings{"alarms": "false"}).Has("cleanup-missed-alarm"))
}

func alarmRule(alarm infratest.Resource) string {
	return alarm.Text("metricName") + " " + alarm.Text("comparisonOperator") + " " + alarm.Text("treatMissingData")
}

// Whoever owns the workspace cleans it up: two stacks doing so would only meet each other.
func TestSharedWorkspaceIsCleanedByItsOwner(t *testing.T) {
	t.Parallel()
	d := operated(t, "dev", infratest.Settings{"shared": `["registry","loadBalancer","workspace"]`})
	for _, r := range d.Resources {
		assert.False(t, strings.HasPrefix(r.Name, "cleanup"), r.Name)
	}
}
