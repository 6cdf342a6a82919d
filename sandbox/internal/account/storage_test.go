package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func TestStorageRules(t *testing.T) {
	t.Parallel()
	expiry := func(change func(rule, selection obj)) func(*program) obj {
		return func(p *program) obj {
			repo, complaint := p.try(tRepo, "spare", obj{"name": p.fresh("spare")})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			selection := obj{"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
			rule := obj{"rulePriority": 1, "selection": selection, "action": obj{"type": "expire"}}
			change(rule, selection)
			return obj{"repository": repo.ID, "policy": obj{"rules": list{rule}}}
		}
	}
	runWrong(t, []wrong{
		{
			"lifecycle that is no JSON", tLifecycle, "repo-lifecycle", set(obj{"policy": "keep ten"}),
			[]string{"policy", "contains an invalid JSON"},
		},
		{
			"misspelt key of a lifecycle", tLifecycle, "repo-lifecycle", expiry(func(r, _ obj) { r["priority"] = 1 }),
			[]string{`unknown field "rules[0].priority"`},
		},
		{
			"any tag with a prefix", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["tagPrefixList"] = list{"v"} }),
			[]string{"are for tagged images only"},
		},
		{
			"tagged without a prefix", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["tagStatus"] = "tagged" }),
			[]string{"required for tagged images"},
		},
		{
			"count of nothing", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["countNumber"] = 0 }),
			[]string{"countNumber 0 must be at least 1"},
		},
		{
			"age without a unit", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["countType"] = "sinceImagePushed" }),
			[]string{`expected "days"`},
		},
		{
			"unknown count", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["countType"] = "imageCountLessThan" }),
			[]string{"imageCountLessThan"},
		},
		{
			"unknown action", tLifecycle, "repo-lifecycle", expiry(func(r, _ obj) { r["action"] = obj{"type": "archive"} }),
			[]string{`expected "expire"`},
		},
		{"no count as a string", tLifecycle, "repo-lifecycle", expiry(func(_, s obj) { s["countNumber"] = "10" }), []string{"must be a number"}},
		{"secret kept for 3 days", tSecret, "secret", same("x", obj{"recoveryWindowInDays": 3}), []string{"0 or in the range (7 - 30), got 3"}},
		{
			"secret version without a value", tVersion, "secret-version", set(obj{"secretString": nil}),
			[]string{"either SecretString or SecretBinary"},
		},
		{"secret value too large", tVersion, "secret-version", set(obj{"secretString": strings.Repeat("s", 65537)}), []string{"65537 bytes"}},
		{
			"binary secret that is no base64", tVersion, "secret-version", set(obj{"secretString": nil, "secretBinary": "%"}),
			[]string{"must be base64-encoded"},
		},
		{
			"provisioned throughput without a number", tFS, "fs", set(obj{"throughputMode": "provisioned"}),
			[]string{"goes with throughputMode provisioned"},
		},
		{
			"key without encryption", tFS, "fs", func(p *program) obj { return obj{"encrypted": false, "kmsKeyId": p.out("key", "arn")} },
			[]string{"encrypted must be set to true"},
		},
		{"two transitions in one policy", tFS, "fs", set(obj{"lifecyclePolicies": list{obj{
			"transitionToIa":                  "AFTER_30_DAYS",
			"transitionToPrimaryStorageClass": "AFTER_1_ACCESS",
		}}}), []string{"exactly one transition, this one 2"}},
		{
			"transition after 45 days", tFS, "fs", set(obj{"lifecyclePolicies": list{obj{"transitionToIa": "AFTER_45_DAYS"}}}),
			[]string{"lifecyclePolicies[0].transitionToIa", "AFTER_45_DAYS"},
		},
		{
			"six groups on a mount target", tMount, "mount-a", set(obj{"securityGroups": list{"sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"}}),
			[]string{"can have 5 security groups"},
		},
		{"second mount target in a zone", tMount, "mount-a", func(p *program) obj {
			subnet, complaint := p.try(tSubnet, "second-a", obj{
				"vpcId": view.DefaultVPCID, "cidrBlock": "172.31.64.0/20", "availabilityZone": "us-west-2a",
			})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"subnetId": subnet.ID}
		}, []string{"mount target already exists in this AZ", "us-west-2a"}},
		{"mount target in another VPC", tMount, "mount-a", func(p *program) obj {
			private, complaint := p.try(tSubnet, "third", p.with("private", obj{"cidrBlock": "10.20.32.0/20", "availabilityZone": "us-west-2c"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"subnetId": private.ID, "securityGroups": nil}
		}, []string{"not in the same VPC as existing mount targets"}},
		{"permissions 888", tAP, "ap", set(obj{"rootDirectory": obj{
			"path":         "/x",
			"creationInfo": obj{"ownerUid": 1, "ownerGid": 1, "permissions": "888"},
		}}), []string{"octal digits"}},
		{"directory five levels deep", tAP, "ap", set(obj{"rootDirectory": obj{"path": "/a/b/c/d/e"}}), []string{"up to four levels"}},
		{"owner of the root", tAP, "ap", set(obj{"rootDirectory": obj{"creationInfo": obj{
			"ownerUid": 1, "ownerGid": 1,
			"permissions": "755",
		}}}), []string{"creationInfo needs a path"}},
		{
			"versioning Maybe", tVersioning, "bucket-versioning", set(obj{"versioningConfiguration": obj{"status": "Maybe"}}),
			[]string{"versioningConfiguration.status", "Maybe"},
		},
		{
			"encryption DES", tEncryption, "bucket-encryption",
			set(obj{"rules": list{obj{"applyServerSideEncryptionByDefault": obj{"sseAlgorithm": "DES"}}}}),
			[]string{"sseAlgorithm", "DES"},
		},
		{
			"lifecycle rule without an action", tBucketLife, "bucket-lifecycle", set(obj{"rules": list{obj{"id": "x", "status": "Enabled"}}}),
			[]string{"At least one action needs to be specified"},
		},
	})
}

func TestFunctionRules(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{"no runtime", tFunction, "fn", same("x", obj{"runtime": nil}), []string{"runtime must be set when PackageType is Zip"}},
		{"retired runtime", tFunction, "fn", same("x", obj{"runtime": "go1.x"}), []string{"runtime", "go1.x"}},
		{"other handler", tFunction, "fn", same("x", obj{"handler": "main"}), []string{"handler", "the file bootstrap", "main"}},
		{"unknown architecture", tFunction, "fn", same("x", obj{"architectures": list{"arm"}}), []string{"architectures[0]", "arm64"}},
		{"two architectures", tFunction, "fn", same("x", obj{"architectures": list{"arm64", "x86_64"}}), []string{"supports 1 item maximum"}},
		{
			"reserved variable", tFunction, "fn", same("x", obj{"environment": obj{"variables": obj{"AWS_REGION": "x"}}}),
			[]string{"reserved keys", "AWS_REGION"},
		},
		{
			"variable with a hyphen", tFunction, "fn", same("x", obj{"environment": obj{"variables": obj{"LOG-LEVEL": "x"}}}),
			[]string{"LOG-LEVEL"},
		},
		{"variables of more than 4 KB", tFunction, "fn", same("x", obj{"environment": obj{"variables": obj{"BLOB": strings.Repeat("x",
			4096)}}}), []string{"exceeded the 4KB limit", "4100 bytes"}},
		{
			"file system outside /mnt", tFunction, "fn", same("x",
				obj{"fileSystemConfig": obj{"arn": "arn:aws:elasticfilesystem:us-west-2:1:access-point/x", "localMountPath": "/workspace"}}),
			[]string{"fileSystemConfig.localMountPath", "/workspace"},
		},
		{"file system without a VPC", tFunction, "fn", same("x", obj{"vpcConfig": nil}), []string{"configured to execute in a VPC"}},
		{"subnet without a mount target", tFunction, "fn", func(p *program) obj {
			return obj{"name": "x", "vpcConfig": obj{"subnetIds": list{view.DefaultSubnetIDs[2]}, "securityGroupIds": list{p.id("task-sg")}}}
		}, []string{"does not have mount targets created in all availability zones", "us-west-2c"}},
		{"role that Lambda cannot assume", tFunction, "fn", func(p *program) obj {
			return obj{
				"name": "x",
				"role": p.out("exec-role", "arn"),
			}
		}, []string{"role", "cannot be assumed by Lambda"}},
		{"VPC without the permission", tFunction, "fn", func(p *program) obj {
			role, complaint := p.try(tRole, "bare", obj{"name": "bare", "assumeRolePolicy": trust("lambda.amazonaws.com")})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"name": "x", "role": role.State["arn"].StringValue()}
		}, []string{"does not have permissions to call CreateNetworkInterface on EC2"}},
		{"dead letters without the permission", tFunction, "fn", func(p *program) obj {
			q, complaint := p.try(tQueue, "q", obj{"name": "other"})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"name": "x", "deadLetterConfig": obj{"targetArn": q.State["arn"].StringValue()}}
		}, []string{"does not have permissions to call SendMessage on SQS"}},
		{"destination without the permission", tInvokeConfig, "fn-failures", func(p *program) obj {
			return obj{"destinationConfig": obj{"onSuccess": obj{"destination": p.id("alarms")}}}
		}, []string{"does not have permissions to call Publish on SNS"}},
		{
			"more reserved than the account has", tFunction, "fn", same("x", obj{"reservedConcurrentExecutions": 900}),
			[]string{"below its minimum value of [100]"},
		},
		{"group of another VPC", tFunction, "fn", func(p *program) obj {
			g, complaint := p.try(tGroup, "elsewhere", obj{"name": "elsewhere", "vpcId": p.id("vpc")})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"name": "x", "vpcConfig": obj{"subnetIds": list{subnetA}, "securityGroupIds": list{g.ID}}}
		}, []string{"security groups are invalid"}},
		{"no code", tFunction, "fn", same("x", obj{"code": nil}), []string{"one of code, imageUri, s3Bucket must be specified"}},
		{"code that is no archive", tFunction, "fn", same("x", obj{"code": "bootstrap"}), []string{"expected archive, got string"}},
		{
			"code without bootstrap", tFunction, "fn", func(p *program) obj { return obj{"name": "x", "code": codeZip(p.t, "main", 0o755)} },
			[]string{"no file bootstrap"},
		},
		{"bootstrap that cannot be started", tFunction, "fn", func(p *program) obj {
			return obj{
				"name": "x",
				"code": codeZip(p.t, "bootstrap", 0o644),
			}
		}, []string{"bootstrap is not executable"}},
		{
			"invocation input that is no object", tInvocation, "fn-invocation", set(obj{"input": `[1]`}),
			[]string{"input", "must be a JSON object"},
		},
		{"unknown lifecycle", tInvocation, "fn-invocation", set(obj{"lifecycleScope": "ALWAYS"}), []string{`one of ["CREATE_ONLY" "CRUD"]`}},
		{
			"permission for an unknown action", tPermission, "fn-permission", set(obj{"statementId": "x", "action": "InvokeFunction"}),
			[]string{`action "InvokeFunction"`},
		},
		{"retries of 3", tInvokeConfig, "fn-failures", set(obj{"maximumRetryAttempts": 3}), []string{"(0 - 2), got 3"}},
	})
}

func TestScheduleRules(t *testing.T) {
	t.Parallel()
	rule := func(expression string) func(*program) obj { return same("x", obj{"scheduleExpression": expression}) }
	runWrong(t, []wrong{
		{"rate of 1 minutes", tEventRule, "daily", rule("rate(1 minutes)"), []string{"rate(1 minutes)", "singular: rate(1 minute)"}},
		{"rate of 5 minute", tEventRule, "daily", rule("rate(5 minute)"), []string{"plural: rate(5 minutes)"}},
		{"rate of 0", tEventRule, "daily", rule("rate(0 minutes)"), []string{"must be at least 1"}},
		{"rate in seconds", tEventRule, "daily", rule("rate(30 seconds)"), []string{"minute(s), hour(s) or day(s)"}},
		{"every day in words", tEventRule, "daily", rule("daily"), []string{"expected rate(value unit) or cron(fields)"}},
		{"once as a rule", tEventRule, "daily", rule("at(2026-01-01T00:00:00)"), []string{"expected rate(value unit) or cron(fields)"}},
		{"cron of five fields", tEventRule, "daily", rule("cron(0 3 * * ?)"), []string{"has 5 fields, expected 6"}},
		{"cron with two days", tEventRule, "daily", rule("cron(0 3 * * * *)"), []string{"exactly one of day-of-month and day-of-week must be ?"}},
		{"cron at hour 24", tEventRule, "daily", rule("cron(0 24 * * ? *)"), []string{`cron hours: "24" is not a value from 0 to 23`}},
		{"cron in month FOO", tEventRule, "daily", rule("cron(0 3 ? FOO MON *)"), []string{"cron month"}},
		{"cron step 0", tEventRule, "daily", rule("cron(*/0 3 * * ? *)"), []string{"is not a step"}},
		{
			"neither schedule nor pattern", tEventRule, "daily", same("x", obj{"scheduleExpression": nil}),
			[]string{"one of event_pattern, schedule_expression must be specified"},
		},
		{"schedule at no time", tSchedule, "tick", rule("at(tomorrow)"), []string{"yyyy-mm-ddThh:mm:ss"}},
		{"schedule in no time zone", tSchedule, "tick", same("x", obj{"scheduleExpressionTimezone": "Oregon"}), []string{"IANA", "Oregon"}},
		{
			"flexible without a window", tSchedule, "tick", same("x", obj{"flexibleTimeWindow": obj{"mode": "FLEXIBLE"}}),
			[]string{"must be provided for a FLEXIBLE window"},
		},
		{
			"window while off", tSchedule, "tick", same("x", obj{"flexibleTimeWindow": obj{"mode": "OFF", "maximumWindowInMinutes": 5}}),
			[]string{"must not be set when mode is OFF"},
		},
		{"role that the scheduler cannot assume", tSchedule, "tick", func(p *program) obj {
			return obj{"name": "x", "target": obj{"arn": p.out("fn", "arn"), "roleArn": p.out("fn-role", "arn")}}
		}, []string{"must allow AWS EventBridge Scheduler to assume the role"}},
		{"input that is no JSON", tSchedule, "tick", func(p *program) obj {
			return obj{"name": "x", "target": obj{"arn": p.out("fn", "arn"), "roleArn": p.out("scheduler-role", "arn"), "input": "{"}}
		}, []string{"target.input", "invalid JSON"}},
		{
			"input and transformer", tEventTarget, "daily-target", set(obj{"targetId": "x", "input": "{}", "inputPath": "$.detail"}),
			[]string{"conflicts with"},
		},
	})
}

func TestObservabilityRules(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{"retention of 8 days", tLogGroup, "logs", same("/x", obj{"retentionInDays": 8}), []string{"retentionInDays", "got 8"}},
		{
			"alarm without a metric", tAlarm, "errors", same("x", obj{"metricName": nil}),
			[]string{"an alarm without metricQueries needs metricName"},
		},
		{
			"alarm without a statistic", tAlarm, "errors", same("x", obj{"statistic": nil}),
			[]string{"`statistic` or `extendedStatistic` must be set"},
		},
		{"alarm without a threshold", tAlarm, "errors", same("x", obj{"threshold": nil}), []string{"needs a threshold"}},
		{"alarm every 45 seconds", tAlarm, "errors", same("x", obj{"period": 45}), []string{"multiple of 60, got 45"}},
		{"alarm over eight days", tAlarm, "errors", same("x", obj{"period": 86400, "evaluationPeriods": 8}), []string{"more than 7 days"}},
		{
			"more datapoints than periods", tAlarm, "errors", same("x", obj{"datapointsToAlarm": 2}),
			[]string{"must not exceed evaluationPeriods 1"},
		},
		{"unknown comparison", tAlarm, "errors", same("x", obj{"comparisonOperator": "Above"}), []string{"comparisonOperator", "Above"}},
		{"queries that return nothing", tAlarm, "errors", same("x", obj{
			"metricName": nil, "namespace": nil, "statistic": nil, "period": nil, "dimensions": nil,
			"metricQueries": list{obj{"id": "a", "expression": "1"}},
		}), []string{"exactly one query must return data"}},
		{"query named in capitals", tAlarm, "errors", same("x", obj{
			"metricName": nil, "namespace": nil, "statistic": nil, "period": nil, "dimensions": nil,
			"metricQueries": list{obj{"id": "A", "expression": "1", "returnData": true}},
		}), []string{"must begin with a lower-case letter"}},
		{
			"metric and queries", tAlarm, "errors", same("x", obj{"metricQueries": list{obj{"id": "a", "expression": "1", "returnData": true}}}),
			[]string{"conflicts with"},
		},
		{
			"dashboard with an empty list of alarms", tDashboard, "dashboard", set(obj{
				"dashboardName": "x", "dashboardBody": `{"widgets":[{"type":"alarm","properties":{"alarms":[]}}]}`,
			}),
			[]string{"widgets[0].properties.alarms: expected 1 to 100 ARNs, there are 0"},
		},
		{
			"dashboard with a hundred and one alarms in a widget", tDashboard, "dashboard", set(obj{
				"dashboardName": "x",
				"dashboardBody": `{"widgets":[{"type":"alarm","properties":{"alarms":["a"` + strings.Repeat(`,"a"`, 100) + `]}}]}`,
			}),
			[]string{"widgets[0].properties.alarms: expected 1 to 100 ARNs, there are 101"},
		},
		{
			"dashboard that is no JSON", tDashboard, "dashboard", set(obj{"dashboardName": "x", "dashboardBody": "{"}),
			[]string{"dashboardBody", "invalid JSON"},
		},
		{"unknown widget", tDashboard, "dashboard", set(obj{
			"dashboardName": "x",
			"dashboardBody": `{"widgets":[{"type":"chart","properties":{}}]}`,
		}), []string{`widgets[0].type "chart"`}},
		{"budget of 0", tBudget, "budget", same("x", obj{"limitAmount": "0"}), []string{"must be a number greater than 0"}},
		{"budget in euros", tBudget, "budget", same("x", obj{"limitUnit": "EUR"}), []string{"Unit should be 'USD'"}},
		{"notification to nobody", tBudget, "budget", same("x", obj{"notifications": list{obj{
			"comparisonOperator": "GREATER_THAN",
			"notificationType":   "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE",
		}}}), []string{"at least one subscriber"}},
		{
			"budget mailed to no address", tBudget, "budget", same("x", obj{"notifications": list{obj{
				"comparisonOperator": "GREATER_THAN",
				"notificationType":   "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE", "subscriberEmailAddresses": list{"ops"},
			}}}),
			[]string{`"ops" is not an e-mail address`},
		},
		{"mail to no address", tSubscription, "email", set(obj{"endpoint": "ops"}), []string{"Email address"}},
		{
			"web hook without https", tSubscription, "email", set(obj{"protocol": "https", "endpoint": "example.com"}),
			[]string{"must begin with https://"},
		},
		{"trail into a bucket that refuses it", tTrail, "trail", func(p *program) obj {
			b, complaint := p.try(tBucket, "closed", obj{"bucket": "closed-bucket"})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"name": "xyz", "s3BucketName": b.ID}
		}, []string{"InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: closed-bucket"}},
		{"trail to a log group without a role", tTrail, "trail", func(p *program) obj {
			return obj{"name": "xyz", "cloudWatchLogsGroupArn": p.out("logs", "arn") + ":*"}
		}, []string{"go together"}},
		{"log group's ARN without :*", tTrail, "trail", func(p *program) obj {
			return obj{"name": "xyz", "cloudWatchLogsGroupArn": p.out("logs", "arn"), "cloudWatchLogsRoleArn": p.out("fn-role", "arn")}
		}, []string{"must end in :*"}},
		{"message kept for a minute less", tQueue, "dlq", same("x", obj{"messageRetentionSeconds": 59}), []string{"(60 - 1209600), got 59"}},
		{"metric value in words", tFilter, "mount-failures", same("x", obj{"metricTransformation": obj{
			"name": "a", "namespace": "b",
			"value": "one",
		}}), []string{"metricValue \"one\""}},
	})
}

func TestUnknownTypeIsNamed(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	_, err := p.acc.Check(account.CheckRequest{URN: urnOf("aws:rds/instance:Instance", "db"), Type: "aws:rds/instance:Instance"})
	require.ErrorContains(t, err, `does not know the resource type "aws:rds/instance:Instance"`)
}

// TestFaultsComeTogether: everything that is wrong is said at once.
func TestFaultsComeTogether(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	res := p.check(tTG, "wrong", p.with("api-tg", obj{"name": "-x-", "port": 0, "healthCheck": obj{"interval": 4, "path": "x"}, "tag": obj{}}))
	var at []string
	for _, f := range res.Failures {
		at = append(at, f.Property)
	}
	require.Equal(t, []string{"healthCheck.interval", "healthCheck.path", "healthCheck.timeout", "name", "port", "port", "tag"}, at)

	_, complaint := p.try(tLB, "wrong", p.with("alb", obj{"subnets": list{subnetA}, "securityGroups": list{"sg-0ffffffffffffffff"}}))
	for _, code := range []string{"InvalidGroup.NotFound", "DuplicateLoadBalancerName", "At least two subnets"} {
		require.Contains(t, complaint, code)
	}
}
