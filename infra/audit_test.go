package infra

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/infratest"
)

var audited = infratest.Settings{"auditTrail": "true"}

// readEvent is CloudTrail's record of a call as EventBridge delivers it, cut down to what matters here.
func readEvent(t testing.TB, call, secret string, identity map[string]any) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail", "time": "2026-10-01T08:00:00Z",
		"detail": map[string]any{
			"eventSource": "secretsmanager.amazonaws.com", "eventName": call, "eventID": "0a1b", "readOnly": true,
			"sourceIPAddress": "198.51.100.7", "userIdentity": identity,
			"requestParameters": map[string]any{"secretId": secret},
		},
	})
	require.NoError(t, err)
	return string(data)
}

// assumed is the identity of somebody who acts in a role; a service, a person or a workflow.
func assumed(role string) map[string]any {
	return map[string]any{
		"type": "AssumedRole", "arn": "arn:aws:sts::942734823970:assumed-role/" + role + "/session",
		"sessionContext": map[string]any{"sessionIssuer": map[string]any{
			"type": "Role", "arn": "arn:aws:iam::942734823970:role/" + role,
		}},
	}
}

const (
	claudeKey = "webordinary/anthropic-api-key"
	secretArn = "arn:aws:secretsmanager:us-west-2:942734823970:secret:"
)

func secretPattern(t testing.TB, changes infratest.Settings) string {
	t.Helper()
	plain := infratest.Settings{"auditTrail": "true"}
	for key, value := range changes {
		plain[key] = value
	}
	return operated(t, "prod", plain).One(t, "audit-secret-read-rule").Text("eventPattern")
}

func TestReadsByAnybodyButTheTasksAreReported(t *testing.T) {
	t.Parallel()
	pattern := secretPattern(t, nil)
	user := map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::942734823970:user/scott"}
	for name, c := range map[string]struct {
		call, secret string
		identity     map[string]any
		reported     bool
	}{
		"user by name":          {"GetSecretValue", claudeKey, user, true},
		"user by complete ARN":  {"GetSecretValue", secretArn + claudeKey + "-AbCdEf", user, true},
		"user by shorter ARN":   {"GetSecretValue", secretArn + claudeKey, user, true},
		"user, AWS credentials": {"GetSecretValue", "webordinary/aws-credentials", user, true},
		"root":                  {"GetSecretValue", claudeKey, map[string]any{"type": "Root", "arn": "arn:aws:iam::942734823970:root"}, true},
		"another role":          {"GetSecretValue", "webordinary/github-token", assumed("webordinary-edit-scaler"), true},
		"administrator":         {"GetSecretValue", claudeKey, assumed("AWSReservedSSO_Admin"), true},
		"another service":       {"GetSecretValue", claudeKey, map[string]any{"type": "AWSService", "invokedBy": "x"}, true},
		"dev's task":            {"GetSecretValue", claudeKey, assumed("webordinary-edit-task-dev"), true},
		"start of a task":       {"GetSecretValue", secretArn + claudeKey + "-AbCdEf", assumed("webordinary-edit-execution"), false},
		"the task":              {"GetSecretValue", secretArn + "webordinary/github-token-AbCdEf", assumed("webordinary-edit-task"), false},
		"look without a value":  {"DescribeSecret", claudeKey, user, false},
		"dev's secret":          {"GetSecretValue", claudeKey + "-dev", user, false},
		"dev's secret by ARN":   {"GetSecretValue", secretArn + claudeKey + "-dev-AbCdEf", user, false},
		"somebody else's":       {"GetSecretValue", "billing/key", user, false},
	} {
		assert.Equal(t, c.reported, matches(t, pattern, readEvent(t, c.call, c.secret, c.identity)), name)
	}
}

func TestFurtherReadersAreExpected(t *testing.T) {
	t.Parallel()
	pattern := secretPattern(t, infratest.Settings{"secretReaderArns": `["` + otherRoleArn + `"]`})
	assert.False(t, matches(t, pattern, readEvent(t, "GetSecretValue", claudeKey, assumed("other"))))
	assert.True(t, matches(t, pattern, readEvent(t, "GetSecretValue", claudeKey, assumed("another"))))
}

func TestReportSaysWhoReadWhat(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", audited)
	rule, target := d.One(t, "audit-secret-read-rule"), d.One(t, "audit-secret-read-target")
	assert.Equal(t, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", rule.Text("state"), "plain ENABLED never sees a read")
	event := readEvent(t, "GetSecretValue", claudeKey, assumed("intruder"))
	message := filledIn(t, target.Text("inputTransformer.inputTemplate"), pathsOf(target), event)
	assert.Equal(t, claudeKey, message["secret"])
	assert.Equal(t, "198.51.100.7", message["from"])
	assert.Equal(t, "AssumedRole", message["who"].(map[string]any)["type"])
	alarm := d.One(t, "audit-secret-read-alarm")
	assert.Equal(t, []string{"AWS/Events", "TriggeredRules", "Sum", "notBreaching"}, []string{
		alarm.Text("namespace"), alarm.Text("metricName"), alarm.Text("statistic"), alarm.Text("treatMissingData"),
	})
	assert.Equal(t, map[string]any{"RuleName": rule.Text("name")}, alarm.Get("dimensions"))
	assert.Equal(t, []any{1.0, 300.0, 1.0}, []any{alarm.Get("threshold"), alarm.Get("period"), alarm.Get("evaluationPeriods")})
}

func TestTrailKeepsItsRecords(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", audited)
	trail := d.One(t, "audit-trail")
	assert.Equal(t, "aws:cloudtrail/trail:Trail", trail.Type)
	assert.Equal(t, "webordinary-edit-audit", trail.Text("name"))
	assert.Equal(t, "webordinary-edit-audit-942734823970", trail.Text("s3BucketName"))
	assert.Equal(t, true, trail.Get("enableLogFileValidation"))
	assert.Nil(t, trail.Get("cloudWatchLogsGroupArn"), "reports come from EventBridge")
	delivery := d.One(t, "audit-bucket-policy")
	assert.True(t, trail.DependsOn(delivery.Name), "CloudTrail tries the bucket")
	assert.True(t, delivery.DependsOn("audit-bucket") && delivery.DependsOn("audit-bucket-public-access-block"))
	assert.Equal(t, map[string]any{"Service": []any{"cloudtrail.amazonaws.com"}},
		delivery.Policy(t, "policy").By(t, "AWSCloudTrailWrite").Principal)
	for _, was := range []infratest.Resource{trail, delivery} {
		require.Len(t, was.Request.GetAliases(), 1)
		alias := was.Request.GetAliases()[0].GetSpec()
		assert.Equal(t, []string{"audit-trail", "urn:pulumi:prod::webordinary-live-edit::webordinary:infra:Audit$awsx:cloudtrail:Trail::audit-trail"},
			[]string{alias.GetName(), alias.GetParentUrn()}, "stacks of an earlier program have it in awsx's component")
	}
	bucket := d.One(t, "audit-bucket")
	assert.True(t, bucket.Request.GetRetainOnDelete() && bucket.Request.GetProtect())
	for _, setting := range []string{"audit-bucket-public-access-block", "audit-bucket-lifecycle", "audit-bucket-policy"} {
		assert.True(t, d.One(t, setting).Request.GetRetainOnDelete(), setting)
	}
	block := d.One(t, "audit-bucket-public-access-block")
	for _, closed := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		assert.Equal(t, true, block.Get(closed), closed)
	}
	assert.Equal(t, 365.0, d.One(t, "audit-bucket-lifecycle").Get("rules.0.expiration.days"))
	assert.Contains(t, config.Adoptable, "audit-bucket", "what is retained can come back")
}

func TestExistingTrailIsUsed(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.Settings{"auditTrail": "true", "existingTrail": "true"})
	assert.False(t, d.Has("audit-trail") || d.Has("audit-bucket"))
	assert.True(t, d.Has("audit-secret-read-rule") && d.Has("audit-secret-read-alarm"))
	assert.Equal(t, "existingTrail", refused(t, infratest.Settings{"existingTrail": "true"})[0].Key)
}

func TestAuditIsOffByDefault(t *testing.T) {
	t.Parallel()
	for _, changes := range []infratest.Settings{nil, {"ciRepository": "webordinary/live-edit"}} {
		d := operated(t, "prod", changes)
		for _, name := range []string{"audit", "audit-trail", "audit-secret-read-rule", "audit-secret-read-alarm"} {
			assert.False(t, d.Has(name), name)
		}
	}
}

func TestEverythingDescendsFromItsComponent(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", infratest.EverythingOn)
	parents := map[string]string{}
	for _, r := range d.Resources {
		parents[r.URN] = r.Parent()
	}
	for _, component := range []string{"observability", "audit", "ci"} {
		root := d.One(t, component)
		children := 0
		for _, r := range d.Resources {
			if !infraNamed(r, component) {
				continue
			}
			children++
			assert.Equal(t, root.URN, parents[r.URN], r.Name)
		}
		assert.Greater(t, children, 3, component)
	}
}

func infraNamed(r infratest.Resource, component string) bool {
	return len(r.Name) > len(component) && r.Name[:len(component)+1] == component+"-"
}
