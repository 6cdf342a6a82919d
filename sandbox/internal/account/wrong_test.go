package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// wrong is one wrong resource. Its inputs are those of a resource that was
// accepted, with changes; without a base they are the changes alone.
type wrong struct {
	name   string
	typ    string
	base   string
	change func(p *program) obj
	// want are texts that the complaint must hold: property, value and rule.
	want []string
}

func set(changes obj) func(*program) obj { return func(*program) obj { return changes } }

// runWrong tries each row on an account with everything in it, and demands that
// nothing changed.
func runWrong(t *testing.T, rows []wrong) {
	t.Helper()
	p := deployAll(t)
	seen := map[string]bool{}
	for _, row := range rows {
		require.False(t, seen[row.name], "duplicate row %q", row.name)
		seen[row.name] = true
		t.Run(row.name, func(t *testing.T) {
			p.t = t
			in := row.change(p)
			if row.base != "" {
				in = p.with(row.base, in)
			}
			before := len(p.acc.List(row.typ))
			_, complaint := p.try(row.typ, "wrong", in)
			for _, w := range row.want {
				require.Contains(t, complaint, w)
			}
			require.Len(t, p.acc.List(row.typ), before, "a refused resource was kept")
		})
	}
}

// same changes a base's unique name, so that only the row's own fault remains.
func same(name string, changes obj) func(*program) obj {
	return func(*program) obj {
		out := obj{"name": name}
		for k, v := range changes {
			out[k] = v
		}
		return out
	}
}

func TestSchemaFaults(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{
			"unknown property", tRepo, "repo", same("x/y", obj{"imageTagMutabilty": "MUTABLE"}),
			[]string{"imageTagMutabilty", "Invalid or unknown key", `did you mean "imageTagMutability"?`},
		},
		{
			"unknown nested property", tRepo, "repo", same("x/y", obj{"imageScanningConfiguration": obj{"scanOnPush": true, "often": true}}),
			[]string{"imageScanningConfiguration.often", "Invalid or unknown key"},
		},
		{"missing property", tLifecycle, "", set(obj{"policy": "{}"}), []string{"repository", "Missing required argument"}},
		{
			"missing nested property", tRepo, "repo", same("x/y", obj{"imageScanningConfiguration": obj{}}),
			[]string{"imageScanningConfiguration.scanOnPush", "Missing required argument"},
		},
		{
			"string for a number", tLogGroup, "logs", same("/x", obj{"retentionInDays": "7"}),
			[]string{"retentionInDays", "expected int, got string \"7\""},
		},
		{
			"fraction for a whole number", tLogGroup, "logs", same("/x", obj{"retentionInDays": 7.5}),
			[]string{"retentionInDays", "expected int, got number 7.5"},
		},
		{
			"number for a string", tRepo, "repo", same("x/y", obj{"imageTagMutability": 1}),
			[]string{"imageTagMutability", "expected string, got number 1"},
		},
		{
			"object for a list", tLB, "alb", same("x", obj{"subnets": obj{"a": subnetA}}),
			[]string{"subnets", "expected list<string>, got an object"},
		},
		{
			"list for an object", tRepo, "repo", same("x/y", obj{"imageScanningConfiguration": list{obj{"scanOnPush": true}}}),
			[]string{"imageScanningConfiguration", "expected object, got a list of 1"},
		},
		{"number among tags", tRepo, "repo", same("x/y", obj{"tags": obj{"team": 4}}), []string{"tags.team", "expected string, got number 4"}},
		{"null in a list", tLB, "alb", same("x", obj{"securityGroups": list{nil}}), []string{"securityGroups[0]", "null values are not allowed"}},
		{
			"value outside the enumeration", tRepo, "repo", same("x/y", obj{"imageTagMutability": "SOMETIMES"}),
			[]string{"imageTagMutability", `one of ["IMMUTABLE"`, `got "SOMETIMES"`},
		},
		{"conflicting properties", tRole, "exec-role", same("x", obj{"namePrefix": "y"}), []string{`"name" conflicts with "namePrefix"`}},
		{
			"none of exactly one", tRecord, "dns", set(obj{"name": "b.ameliastamps.com", "records": nil, "ttl": nil}),
			[]string{"one of aliases, records must be specified"},
		},
		{
			"two of exactly one", tEgress, "task-out", set(obj{"cidrIpv6": "::/0"}),
			[]string{"only one of cidrIpv4, cidrIpv6", "cidrIpv4 and cidrIpv6"},
		},
		{"too many items", tAlarm, "errors", func(p *program) obj {
			a := p.id("alarms")
			return obj{"name": "x", "alarmActions": list{a, a, a, a, a, a}}
		}, []string{"alarmActions", "supports 5 item maximum, but has 6"}},
		{
			"too few items", tRule, "api-rule", set(obj{"priority": 7, "conditions": list{obj{"pathPattern": obj{"values": list{}}}}}),
			[]string{"conditions[0].pathPattern.values", "requires 1 item minimum"},
		},
		{"number above its range", tFunction, "fn", same("x", obj{"timeout": 901}), []string{"timeout", "in the range (1 - 900), got 901"}},
		{
			"number below its range", tFunction, "fn", same("x", obj{"memorySize": 64}),
			[]string{"memorySize", "in the range (128 - 10240), got 64"},
		},
		{
			"text too long", tRole, "exec-role", same("x", obj{"description": strings.Repeat("d", 1001)}),
			[]string{"description", "at most 1000, got 1001"},
		},
		{
			"broken JSON", tEventRule, "daily", same("x", obj{"scheduleExpression": nil, "eventPattern": `{"source":`}),
			[]string{"eventPattern", "invalid JSON"},
		},
		{
			"name of a role as a list", tRolePolicy, "exec-policy", set(obj{"name": list{"x"}}),
			[]string{"name", "expected string, got a list of 1"},
		},
	})
}

func TestNameFaults(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{
			"target group of 33 characters", tTG, "api-tg", same(strings.Repeat("a", 33), nil),
			[]string{"name", "33 characters", "cannot be longer than 32"},
		},
		{"target group with underscore", tTG, "api-tg", same("edit_api", nil), []string{"only alphanumeric characters and hyphens", "edit_api"}},
		{"target group with leading hyphen", tTG, "api-tg", same("-edit", nil), []string{"cannot begin with a hyphen"}},
		{"target group with trailing hyphen", tTG, "api-tg", same("edit-", nil), []string{"cannot end with a hyphen"}},
		{"load balancer of 33 characters", tLB, "alb", same(strings.Repeat("a", 33), nil), []string{"cannot be longer than 32"}},
		{"internal load balancer", tLB, "alb", same("internal-edit", nil), []string{`cannot begin with "internal-"`}},
		{"role of 65 characters", tRole, "exec-role", same(strings.Repeat("r", 65), nil), []string{"name", "(1 - 64)", "65"}},
		{"role with a slash", tRole, "exec-role", same("a/b", nil), []string{`"a/b" must match`}},
		{"function of 65 characters", tFunction, "fn", same(strings.Repeat("f", 65), nil), []string{"1 to 64 letters", "65 characters"}},
		{"repository in capitals", tRepo, "repo", same("Webordinary/astro", nil), []string{"repositoryName", "lower-case"}},
		{"bucket in capitals", tBucket, "bucket", set(obj{"bucket": "Workspaces"}), []string{"InvalidBucketName", "Workspaces"}},
		{"bucket with underscore", tBucket, "bucket", set(obj{"bucket": "work_spaces"}), []string{"InvalidBucketName"}},
		{"bucket too short", tBucket, "bucket", set(obj{"bucket": "ab"}), []string{"InvalidBucketName", "3 to 63"}},
		{"bucket like an address", tBucket, "bucket", set(obj{"bucket": "10.0.0.1"}), []string{"must not look like an IP address"}},
		{"bucket with two dots", tBucket, "bucket", set(obj{"bucket": "work..spaces"}), []string{"has two dots"}},
		{"bucket with reserved prefix", tBucket, "bucket", set(obj{"bucket": "xn--workspaces"}), []string{"prefix", "reserved"}},
		{"cluster with a dot", tCluster, "cluster", same("edit.cluster", nil), []string{"letters, numbers, underscores and hyphens"}},
		{"family with a space", tTaskDef, "task", set(obj{"family": "web ordinary"}), []string{"family", "web ordinary"}},
		{"rule of events too long", tEventRule, "daily", same(strings.Repeat("e", 65), nil), []string{"1 to 64 letters"}},
		{"schedule with a slash", tSchedule, "tick", same("a/b", nil), []string{"schedule name", "a/b"}},
		{"secret with a space", tSecret, "secret", same("web ordinary", nil), []string{"Invalid name", "web ordinary"}},
		{"log group with a colon", tLogGroup, "logs", same("/a:b", nil), []string{"log group name"}},
		{"queue with a dot", tQueue, "dlq", same("a.b", nil), []string{"Can only include alphanumeric"}},
		{"standard queue named fifo", tQueue, "dlq", same("a.fifo", nil), []string{"FIFO queue's name ends in .fifo"}},
		{"topic with a dot", tTopic, "alarms", same("a.b", nil), []string{"Topic Name"}},
		{"group named like an ID", tGroup, "task-sg", same("sg-mine", nil), []string{"cannot begin with sg-"}},
		{"group named default", tGroup, "task-sg", same("default", nil), []string{"reserved security group name"}},
		{"alias without prefix", tAlias, "alias", same("webordinary", nil), []string{"must begin with 'alias/'"}},
		{"trail of two characters", tTrail, "trail", same("ab", nil), []string{"3 to 128"}},
		{"dashboard with a space", tDashboard, "dashboard", set(obj{"dashboardName": "a b"}), []string{"dashboardName", "a b"}},
		{"budget with a colon", tBudget, "budget", same("a:b", nil), []string{"budget name"}},
	})
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	rows := []wrong{
		{"load balancer", tLB, "alb", set(nil), []string{"DuplicateLoadBalancerName", "webordinary-edit-alb"}},
		{"target group", tTG, "api-tg", set(nil), []string{"DuplicateTargetGroupName"}},
		{"listener port", tListener, "redirect", set(nil), []string{"DuplicateListener", "port 80"}},
		{"rule priority", tRule, "api-rule", set(nil), []string{
			"property priority = 120", "PriorityInUse",
			"Priority '120' is currently in use", `"api-rule"`,
		}},
		{"group in its VPC", tGroup, "task-sg", set(nil), []string{"InvalidGroup.Duplicate", "edit-task"}},
		{"group in the default VPC", tGroup, "task-sg", set(obj{"vpcId": nil}), []string{"InvalidGroup.Duplicate"}},
		{"group rule", tIngress, "https", set(nil), []string{
			"InvalidPermission.Duplicate",
			"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443",
		}},
		{"role", tRole, "exec-role", set(nil), []string{"EntityAlreadyExists", "Role with name webordinary-edit-execution already exists"}},
		{"inline policy", tRolePolicy, "exec-policy", set(nil), []string{"EntityAlreadyExists", "inline policy named execution"}},
		{"managed policy", tPolicy, "managed", set(nil), []string{"EntityAlreadyExists"}},
		{"identity provider", tOIDC, "oidc", set(nil), []string{"EntityAlreadyExists", "one provider per issuer"}},
		{"repository", tRepo, "repo", set(nil), []string{"RepositoryAlreadyExistsException", "import it with webordinary/claude-code-astro"}},
		{"secret", tSecret, "secret", set(nil), []string{"ResourceExistsException", "import it with arn:aws:secretsmanager"}},
		{"bucket", tBucket, "bucket", set(nil), []string{"BucketAlreadyOwnedByYou", "import it with webordinary-workspaces-prod"}},
		{
			"creation token", tFS, "fs", func(p *program) obj { return obj{"creationToken": p.out("fs", "creationToken")} },
			[]string{"FileSystemAlreadyExists", "import it with fs-0"},
		},
		{"mount target per zone", tMount, "mount-a", set(nil), []string{"MountTargetConflict", "us-west-2a"}},
		{"cluster", tCluster, "cluster", set(nil), []string{"ClusterAlreadyExists"}},
		{"service", tService, "service", set(nil), []string{"Creation of service was not idempotent"}},
		{"log group", tLogGroup, "logs", set(nil), []string{"ResourceAlreadyExistsException", "import it with /ecs/webordinary-edit"}},
		{"metric filter", tFilter, "mount-failures", set(nil), []string{"already has a metric filter"}},
		{"function", tFunction, "fn", set(nil), []string{"ResourceConflictException", "Function already exist"}},
		{"permission", tPermission, "fn-permission", set(nil), []string{"The statement id (events) provided already exists"}},
		{"event rule", tEventRule, "daily", set(nil), []string{"ResourceAlreadyExistsException"}},
		{"event target", tEventTarget, "daily-target", set(nil), []string{"already has a target cleanup"}},
		{"schedule", tSchedule, "tick", set(nil), []string{"ConflictException"}},
		{"scalable target", tScalable, "scalable", set(nil), []string{"registered already"}},
		{"scaling policy", tScaling, "cpu", set(nil), []string{"already has a policy named cpu"}},
		{"alarm", tAlarm, "errors", set(nil), []string{"An alarm named webordinary-cleanup-errors exists"}},
		{"dashboard", tDashboard, "dashboard", set(nil), []string{"A dashboard named"}},
		{"topic", tTopic, "alarms", set(nil), []string{"TopicAlreadyExists"}},
		{"queue", tQueue, "dlq", set(nil), []string{"QueueNameExists"}},
		{"record", tRecord, "dns", set(nil), []string{"InvalidChangeBatch", "but it already exists"}},
		{"budget", tBudget, "budget", set(nil), []string{"DuplicateRecordException"}},
		{"trail", tTrail, "trail", set(nil), []string{"TrailAlreadyExistsException"}},
		{"gateway of a VPC", tGateway, "igw", set(nil), []string{"Resource.AlreadyAssociated"}},
		{"subnet range", tSubnet, "public", set(nil), []string{"InvalidSubnet.Conflict", "10.20.0.0/20"}},
		{"route", tRoute, "route", set(nil), []string{"RouteAlreadyExists"}},
		{"route table association", tAssociation, "association", set(nil), []string{"Resource.AlreadyAssociated"}},
		{"key alias", tAlias, "alias", set(nil), []string{"AlreadyExistsException"}},
		{"second function behind a target group", tTGAttachment, "waker-attachment", set(nil), []string{"TooManyTargets"}},
		{"invoke configuration", tInvokeConfig, "fn-failures", set(nil), []string{"already has an EventInvokeConfig"}},
	}
	for i := range rows { // every complaint names the resource, and whose the other one is
		if rows[i].typ != tTGAttachment && rows[i].typ != tIngress && rows[i].typ != tRecord {
			rows[i].want = append(rows[i].want, rows[i].typ+` "wrong"`)
		}
	}
	runWrong(t, rows)
}

func TestReferencesMustExist(t *testing.T) {
	t.Parallel()
	arn := func(service, res string) string {
		return "arn:aws:" + service + ":us-west-2:" + view.AccountID + ":" + res
	}
	runWrong(t, []wrong{
		{
			"subnet of a load balancer", tLB, "alb", same("x", obj{"subnets": list{subnetA, "subnet-0ffffffffffffffff"}}),
			[]string{"subnets[1]", "InvalidSubnetID.NotFound", "subnet-0ffffffffffffffff"},
		},
		{
			"group of a load balancer", tLB, "alb", same("x", obj{"securityGroups": list{"sg-0ffffffffffffffff"}}),
			[]string{"securityGroups[0]", "InvalidGroup.NotFound"},
		},
		{"VPC of a group", tGroup, "task-sg", same("x", obj{"vpcId": "vpc-0ffffffffffffffff"}), []string{"vpcId", "InvalidVpcID.NotFound"}},
		{"VPC of a target group", tTG, "api-tg", same("x", obj{"vpcId": "vpc-0ffffffffffffffff"}), []string{"InvalidVpcID.NotFound"}},
		{
			"group of a rule", tIngress, "https", set(obj{"securityGroupId": "sg-0ffffffffffffffff"}),
			[]string{"securityGroupId", "InvalidGroup.NotFound"},
		},
		{
			"group that a rule names", tIngress, "task-from-alb", set(obj{"referencedSecurityGroupId": "sg-0ffffffffffffffff"}),
			[]string{"referencedSecurityGroupId"},
		},
		{"prefix list", tIngress, "https", set(obj{"cidrIpv4": nil, "prefixListId": "pl-00000000"}), []string{"InvalidPrefixListID.NotFound"}},
		{"load balancer of a listener", tListener, "redirect", set(obj{"loadBalancerArn": arn("elasticloadbalancing",
			"loadbalancer/app/x/0123456789abcdef")}), []string{"LoadBalancerNotFound"}},
		{
			"certificate", tListener, "listener", set(obj{"port": 444, "certificateArn": arn("acm", "certificate/YOUR-CERT-ID")}),
			[]string{"CertificateNotFound", "YOUR-CERT-ID"},
		},
		{
			"target group of a listener", tListener, "redirect", set(obj{
				"port":           81,
				"defaultActions": list{obj{"type": "forward", "targetGroupArn": arn("elasticloadbalancing", "targetgroup/x/0")}},
			}),
			[]string{"defaultActions[0].targetGroupArn", "TargetGroupNotFound"},
		},
		{
			"listener of a rule", tRule, "api-rule", set(obj{"listenerArn": arn("elasticloadbalancing", "listener/app/x/0/0")}),
			[]string{"ListenerNotFound"},
		},
		{
			"target group of a rule", tRule, "api-rule", set(obj{
				"priority": 7,
				"actions":  list{obj{"type": "forward", "targetGroupArn": arn("elasticloadbalancing", "targetgroup/x/0")}},
			}),
			[]string{"actions[0].targetGroupArn", "TargetGroupNotFound"},
		},
		{"weighted target group of a rule", tRule, "api-rule", set(obj{
			"priority": 7,
			"actions": list{obj{"type": "forward", "forward": obj{"targetGroups": list{obj{"arn": arn("elasticloadbalancing",
				"targetgroup/x/0")}}}}},
		}), []string{"actions[0].forward.targetGroups[0].arn"}},
		{"hosted zone", tRecord, "dns", set(obj{"zoneId": "Z000"}), []string{"NoSuchHostedZone"}},
		{
			"role of an inline policy", tRolePolicy, "exec-policy", set(obj{"role": "nobody"}),
			[]string{"NoSuchEntity", "role with name nobody cannot be found"},
		},
		{"role by ARN where IAM wants a name", tRolePolicy, "exec-policy", func(p *program) obj {
			return obj{"role": p.out("exec-role",
				"arn")}
		}, []string{"NoSuchEntity"}},
		{
			"attached policy", tAttachment, "attachment", set(obj{"policyArn": "arn:aws:iam::aws:policy/Nothing"}),
			[]string{"policyArn", "does not exist or is not attachable"},
		},
		{
			"repository of a lifecycle policy", tLifecycle, "repo-lifecycle", set(obj{"repository": "nowhere"}),
			[]string{"RepositoryNotFoundException"},
		},
		{
			"secret of a version", tVersion, "secret-version", set(obj{"secretId": arn("secretsmanager", "secret:none-AbCdEf")}),
			[]string{"Secrets Manager can't find the specified secret"},
		},
		{"file system of a mount target", tMount, "mount-a", set(obj{"fileSystemId": "fs-0ffffffffffffffff"}), []string{"FileSystemNotFound"}},
		{"subnet of a mount target", tMount, "mount-a", set(obj{"subnetId": "subnet-0ffffffffffffffff"}), []string{"InvalidSubnetID.NotFound"}},
		{"file system of an access point", tAP, "ap", set(obj{"fileSystemId": "fs-0ffffffffffffffff"}), []string{"FileSystemNotFound"}},
		{"bucket of a policy", tBucketPolicy, "bucket-policy", set(obj{"bucket": "nowhere"}), []string{"NoSuchBucket"}},
		{
			"execution role", tTaskDef, "task", set(obj{"family": "x", "executionRoleArn": "arn:aws:iam::" + view.AccountID + ":role/none"}),
			[]string{"executionRoleArn", "does not exist"},
		},
		{
			"file system of a volume", tTaskDef, "task", set(obj{
				"family":  "x",
				"volumes": list{obj{"name": "workspace", "efsVolumeConfiguration": obj{"fileSystemId": "fs-0ffffffffffffffff"}}},
			}),
			[]string{"volumes[0].efsVolumeConfiguration.fileSystemId", "FileSystemNotFound"},
		},
		{"secret of a container", tTaskDef, "task", func(p *program) obj {
			return obj{"family": "x", "containerDefinitions": p.containers(func(c obj) {
				c["secrets"] = list{obj{"name": "TOKEN", "valueFrom": arn("secretsmanager", "secret:none-AbCdEf")}}
			})}
		}, []string{"Secrets Manager can't find the specified secret", "none-AbCdEf", "TOKEN"}},
		{"secret by name without its suffix", tTaskDef, "task", func(p *program) obj {
			return obj{"family": "x", "containerDefinitions": p.containers(func(c obj) {
				c["secrets"] = list{obj{"name": "TOKEN", "valueFrom": arn("secretsmanager", "secret:webordinary/github-token")}}
			})}
		}, []string{"full ARN with its six-character suffix"}},
		{"log group of a container", tTaskDef, "task", func(p *program) obj {
			return obj{"family": "x", "containerDefinitions": p.containers(func(c obj) {
				c["logConfiguration"].(obj)["options"].(obj)["awslogs-group"] = "/nowhere"
			})}
		}, []string{"specified log group does not exist: /nowhere"}},
		{
			"cluster of a service", tService, "service", same("x", obj{"cluster": arn("ecs", "cluster/none")}),
			[]string{"ClusterNotFoundException"},
		},
		{
			"task definition of a service", tService, "service", same("x", obj{"taskDefinition": "webordinary-edit:99"}),
			[]string{"TaskDefinition not found."},
		},
		{
			"target group of a service", tService, "service",
			same("x", obj{"loadBalancers": list{obj{
				"targetGroupArn": arn("elasticloadbalancing", "targetgroup/x/0"),
				"containerName":  "claude-code-astro", "containerPort": 8080,
			}}}),
			[]string{"TargetGroupNotFound"},
		},
		{
			"service of a scalable target", tScalable, "scalable", set(obj{"resourceId": "service/webordinary-edit-cluster/none"}),
			[]string{"ECS service doesn't exist"},
		},
		{
			"scalable target of a policy", tScaling, "cpu", set(obj{"resourceId": "service/webordinary-edit-cluster/none"}),
			[]string{"No scalable target registered"},
		},
		{
			"role of a function", tFunction, "fn", same("x", obj{"role": "arn:aws:iam::" + view.AccountID + ":role/none"}),
			[]string{"role", "does not exist"},
		},
		{"access point of a function", tFunction, "fn", same("x", obj{"fileSystemConfig": obj{"arn": arn("elasticfilesystem",
			"access-point/fsap-0f"), "localMountPath": "/mnt/x"}}), []string{"fileSystemConfig.arn", "does not exist"}},
		{"function of a permission", tPermission, "fn-permission", set(obj{"function": "none"}), []string{"Function not found: none"}},
		{"function of an invocation", tInvocation, "fn-invocation", set(obj{"functionName": "none"}), []string{"Function not found: none"}},
		{"destination of failures", tInvokeConfig, "fn-failures", set(obj{"destinationConfig": obj{"onFailure": obj{"destination": arn("sqs",
			"none")}}}), []string{"destinationConfig.onFailure.destination", "does not exist"}},
		{"rule of a target", tEventTarget, "daily-target", set(obj{"rule": "none"}), []string{"Rule none does not exist"}},
		{
			"target of a rule", tEventTarget, "daily-target", set(obj{"targetId": "x", "arn": arn("lambda", "function:none")}),
			[]string{"Parameter Arn is not valid"},
		},
		{"target of a schedule", tSchedule, "tick", func(p *program) obj {
			return obj{"name": "x", "target": obj{"arn": arn("lambda", "function:none"), "roleArn": p.out("scheduler-role", "arn")}}
		}, []string{"target.arn", "does not exist"}},
		{
			"topic of an alarm", tAlarm, "errors", same("x", obj{"alarmActions": list{arn("sns", "none")}}),
			[]string{"alarmActions[0]", "does not exist"},
		},
		{"topic of a subscription", tSubscription, "email", set(obj{"topic": arn("sns", "none")}), []string{"Topic does not exist"}},
		{
			"queue of a subscription", tSubscription, "email", set(obj{"protocol": "sqs", "endpoint": arn("sqs", "none")}),
			[]string{"Endpoint", "does not exist"},
		},
		{
			"queue of a policy", tQueuePolicy, "dlq-policy", set(obj{"queueUrl": "https://sqs.us-west-2.amazonaws.com/1/none"}),
			[]string{"NonExistentQueue"},
		},
		{"dead-letter queue", tQueue, "dlq", same("x", obj{"redrivePolicy": `{"deadLetterTargetArn":"` + arn("sqs",
			"none") + `","maxReceiveCount":3}`}), []string{"Dead letter target does not exist"}},
		{"log group of a metric filter", tFilter, "mount-failures", set(obj{"logGroupName": "/none"}), []string{"log group does not exist"}},
		{
			"topic of a budget", tBudget, "budget", same("x", obj{"notifications": list{obj{
				"comparisonOperator": "GREATER_THAN",
				"notificationType":   "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE", "subscriberSnsTopicArns": list{arn("sns", "none")},
			}}}),
			[]string{"notifications[0].subscriberSnsTopicArns[0]"},
		},
		{"bucket of a trail", tTrail, "trail", same("xyz", obj{"s3BucketName": "nowhere"}), []string{"NoSuchBucket"}},
		{"key of a log group", tLogGroup, "logs", same("/x", obj{"kmsKeyId": arn("kms", "key/none")}), []string{"NotFoundException", "key/none"}},
		{"NAT gateway's address", tNAT, "nat", set(obj{"allocationId": "eipalloc-0ffffffffffffffff"}), []string{"InvalidAllocationID.NotFound"}},
		{
			"gateway of a route", tRoute, "route", set(obj{"destinationCidrBlock": "1.0.0.0/8", "gatewayId": "igw-0ffffffffffffffff"}),
			[]string{"InvalidGatewayID.NotFound"},
		},
	})
}
