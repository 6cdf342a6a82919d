package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

const (
	// nobody is a role that was never made.
	nobody     = "arn:aws:iam::" + view.AccountID + ":role/nobody"
	wantNobody = "nobody"

	tSecretPolicy = "aws:secretsmanager/secretPolicy:SecretPolicy"
	tEndpoint     = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

// task changes the container of the task definition.
func task(change func(c obj)) func(*program) obj {
	return func(p *program) obj { return obj{"family": "x", "containerDefinitions": p.containers(change)} }
}

func sets(key string, value any) func(*program) obj {
	return task(func(c obj) { c[key] = value })
}

// TestClosedLists are values of which AWS takes a list that a program can't know
// by heart, in every service that the project uses.
func TestClosedLists(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{
			"Fargate version that never was", tService, "service", same("x", obj{"platformVersion": "1.5.0"}),
			[]string{"platformVersion", "1.5.0", "1.4.0", "LATEST"},
		},
		{
			"security policy that never was", tListener, "listener", set(obj{"port": 444, "sslPolicy": "ELBSecurityPolicy-TLS13-2030-01"}),
			[]string{"sslPolicy", "SSLPolicyNotFound", "ELBSecurityPolicy-TLS13-2030-01"},
		},
		{"ALPN policy that is none", tListener, "listener", set(obj{"port": 444, "alpnPolicy": "HTTP3"}), []string{"alpnPolicy", "HTTP3"}},
		{
			"launch by a capacity provider", tTaskDef, "task", set(obj{"family": "x", "requiresCompatibilities": list{"FARGATE_SPOT"}}),
			[]string{"requiresCompatibilities[0]", "FARGATE_SPOT", "FARGATE"},
		},
		{
			"placement that is none", tTaskDef, "task", set(obj{"family": "x", "placementConstraints": list{obj{"type": "everywhere"}}}),
			[]string{"placementConstraints[0].type", "everywhere"},
		},
		{
			"zone of another region", tFS, "fs", set(obj{"creationToken": "x", "availabilityZoneName": "eu-west-1a"}),
			[]string{"availabilityZoneName", "eu-west-1a", "us-west-2a"},
		},
		{
			"replica in a region that is none", tSecret, "secret", same("x", obj{"replicas": list{obj{"region": "us-west-9"}}}),
			[]string{"replicas[0].region", "us-west-9"},
		},
		{
			"replica at home", tSecret, "secret", same("x", obj{"replicas": list{obj{"region": view.Region}}}),
			[]string{"replicas[0].region", view.Region},
		},
		{
			"time zone of another planet", tSchedule, "tick", same("x", obj{"scheduleExpressionTimezone": "Mars/Phobos"}),
			[]string{"scheduleExpressionTimezone", "Mars/Phobos", "IANA"},
		},
		{
			"endpoint of no service", tEndpoint, "", func(p *program) obj {
				return obj{"vpcId": p.id("vpc"), "serviceName": "com.amazonaws.us-west-2.ecrapi", "vpcEndpointType": "Interface"}
			},
			[]string{"serviceName", "InvalidServiceName", "ecrapi"},
		},
		{
			"gateway to a service that has none", tEndpoint, "", func(p *program) obj {
				return obj{"vpcId": p.id("vpc"), "serviceName": "com.amazonaws.us-west-2.logs", "vpcEndpointType": "Gateway"}
			},
			[]string{"vpcEndpointType", "Endpoint type (Gateway) does not match available service types ([Interface])"},
		},
		{
			"statistic that is none", tAlarm, "errors", same("x", obj{"statistic": nil, "extendedStatistic": "p101"}),
			[]string{"extendedStatistic", "p101"},
		},
		{
			"metric statistic of a scaling policy", tScaling, "cpu", same("x", obj{"targetTrackingScalingPolicyConfiguration": obj{
				"targetValue":                   40,
				"customizedMetricSpecification": obj{"metricName": "m", "namespace": "n", "statistic": "Median"},
			}}),
			[]string{"customizedMetricSpecification.statistic", "Median"},
		},
		{
			"management events of a service that has none", tTrail, "trail",
			same("x-trail", obj{"eventSelectors": list{obj{"excludeManagementEventSources": list{"s3.amazonaws.com"}}}}),
			[]string{"excludeManagementEventSources[0]", "s3.amazonaws.com", "kms.amazonaws.com"},
		},
		{
			"cost filter that is none", tBudget, "budget", same("x", obj{"costFilters": list{obj{"name": "Serivce", "values": list{"AWS Fargate"}}}}),
			[]string{"costFilters[0].name", "Serivce", "Service"},
		},
		{
			"snapshots of every version", tFunction, "fn", same("x", obj{"snapStart": obj{"applyOn": "Always"}}),
			[]string{"snapStart.applyOn", "Always", "PublishedVersions"},
		},
		{"signature of a topic", tTopic, "alarms", same("x", obj{"signatureVersion": 3}), []string{"signatureVersion", "3"}},
		{"tracing of a topic", tTopic, "alarms", same("x", obj{"tracingConfig": "On"}), []string{"tracingConfig", "On", "Active"}},
		{"deduplication of a queue", tQueue, "dlq", same("x", obj{"deduplicationScope": "group"}), []string{"deduplicationScope", "messageGroup"}},
		{"payer of a bucket", tBucket, "bucket", set(obj{"bucket": "a-bucket", "requestPayer": "Me"}), []string{"requestPayer", "Me", "Requester"}},
		{
			"principal that is no service", tPermission, "fn-permission", set(obj{"statementId": "x", "principal": "event.amazonaws.com"}),
			[]string{"principal", "InvalidParameterValueException", "event.amazonaws.com", "events.amazonaws.com"},
		},
		{
			"trust of a misspelt service", tRole, "exec-role", same("x", obj{"assumeRolePolicy": trust("ecs-task.amazonaws.com")}),
			[]string{"assumeRolePolicy", `Invalid principal in policy: "SERVICE":"ecs-task.amazonaws.com"`, "ecs-tasks.amazonaws.com"},
		},
		{
			"log level without JSON", tFunction, "fn", same("x", obj{"loggingConfig": obj{"logFormat": "Text", "applicationLogLevel": "DEBUG"}}),
			[]string{"loggingConfig.applicationLogLevel", "JSON"},
		},
		{
			"check of a group of functions", tTG, "waker-tg", same("x", obj{"healthCheck": obj{"protocol": "TCP"}}),
			[]string{"healthCheck.protocol", "TCP"},
		},
	})
}

// TestContainerLimits are numbers and texts inside container definitions.
func TestContainerLimits(t *testing.T) {
	t.Parallel()
	health := func(h obj) func(*program) obj {
		h["command"] = list{"CMD", "true"}
		return sets("healthCheck", h)
	}
	linux := func(l obj) func(*program) obj { return sets("linuxParameters", l) }
	runWrong(t, []wrong{
		{"stop timeout of 121 seconds", tTaskDef, "task", sets("stopTimeout", 121), []string{"stopTimeout", "121", "120"}},
		{"stop timeout below zero", tTaskDef, "task", sets("stopTimeout", -1), []string{"stopTimeout", "-1"}},
		{"start timeout of 121 seconds", tTaskDef, "task", sets("startTimeout", 121), []string{"startTimeout", "121"}},
		{"health timeout of 61 seconds", tTaskDef, "task", health(obj{"timeout": 61}), []string{"healthCheck.timeout", "61", "2 to 60"}},
		{"health retries of 11", tTaskDef, "task", health(obj{"retries": 11}), []string{"healthCheck.retries", "11", "1 to 10"}},
		{"health start period of 301 seconds", tTaskDef, "task", health(obj{"startPeriod": 301}), []string{"healthCheck.startPeriod", "301"}},
		{
			"ulimit that is none", tTaskDef, "task", sets("ulimits", list{obj{"name": "files", "softLimit": 1, "hardLimit": 1}}),
			[]string{"ulimits[0].name", "files", "nofile"},
		},
		{
			"soft above hard limit", tTaskDef, "task", sets("ulimits", list{obj{"name": "nofile", "softLimit": 4096, "hardLimit": 1024}}),
			[]string{"ulimits[0]", "4096", "1024"},
		},
		{
			"one ulimit twice", tTaskDef, "task", sets("ulimits", list{
				obj{"name": "nofile", "softLimit": 1, "hardLimit": 1}, obj{"name": "nofile", "softLimit": 2, "hardLimit": 2},
			}),
			[]string{"ulimits[1]", "nofile"},
		},
		{"memory of 3 MiB", tTaskDef, "task", sets("memory", 3), []string{"memory", "3", "6"}},
		{"memory below zero", tTaskDef, "task", sets("memory", -512), []string{"memory", "-512"}},
		{"reservation above the memory", tTaskDef, "task", task(func(c obj) { c["memory"], c["memoryReservation"] = 512, 1024 }), []string{
			"memoryReservation", "1024", "512",
		}},
		{"cpu below zero", tTaskDef, "task", sets("cpu", -1), []string{"cpu", "-1"}},
		{"more cpu than the task", tTaskDef, "task", sets("cpu", 4096), []string{"cpu units", "4096", "2048"}},
		{
			"host port beyond the last", tTaskDef, "task", sets("portMappings", list{obj{"containerPort": 80, "hostPort": 65536}}),
			[]string{"65536"},
		},
		{
			"protocol of an application", tTaskDef, "task", sets("portMappings", list{obj{"containerPort": 8080, "appProtocol": "ws"}}),
			[]string{"appProtocol", "ws", "http2"},
		},
		{
			"port mapping named in capitals", tTaskDef, "task", sets("portMappings", list{obj{"containerPort": 8080, "name": "API"}}),
			[]string{"portMappings[0].name", "API"},
		},
		{"consistency of versions", tTaskDef, "task", sets("versionConsistency", "off"), []string{"versionConsistency", "off", "disabled"}},
		{
			"restart every 30 seconds", tTaskDef, "task", sets("restartPolicy", obj{"enabled": true, "restartAttemptPeriod": 30}),
			[]string{"restartPolicy.restartAttemptPeriod", "30", "60 to 1800"},
		},
		{
			"restart despite 51 exit codes", tTaskDef, "task", sets("restartPolicy", obj{"enabled": true, "ignoredExitCodes": make([]int, 51)}),
			[]string{"restartPolicy.ignoredExitCodes", "51", "50"},
		},
		{"shared memory on Fargate", tTaskDef, "task", linux(obj{"sharedMemorySize": 64}), []string{"linuxParameters.sharedMemorySize", "Fargate"}},
		{
			"memory disk on Fargate", tTaskDef, "task", linux(obj{"tmpfs": list{obj{"containerPath": "/tmp", "size": 64}}}),
			[]string{"linuxParameters.tmpfs", "Fargate"},
		},
		{
			"capability on Fargate", tTaskDef, "task", linux(obj{"capabilities": obj{"add": list{"NET_ADMIN"}}}),
			[]string{"linuxParameters.capabilities.add[0]", "NET_ADMIN", "SYS_PTRACE"},
		},
		{
			"capability that is none", tTaskDef, "task", linux(obj{"capabilities": obj{"drop": list{"NETADMIN"}}}),
			[]string{"linuxParameters.capabilities.drop[0]", "NETADMIN"},
		},
		{"swap on Fargate", tTaskDef, "task", linux(obj{"maxSwap": 64}), []string{"linuxParameters.maxSwap", "Fargate"}},
		{"name servers on Fargate", tTaskDef, "task", sets("dnsServers", list{"10.0.0.2"}), []string{"dnsServers", "Fargate"}},
		{"line of /etc/hosts", tTaskDef, "task", sets("extraHosts", list{obj{"hostname": "a", "ipAddress": "10.0.0.1"}}), []string{"extraHosts"}},
		{"links on Fargate", tTaskDef, "task", sets("links", list{"db"}), []string{"links"}},
		{"host name of its own", tTaskDef, "task", sets("hostname", "edit"), []string{"hostname", "awsvpc"}},
		{
			"graphics on Fargate", tTaskDef, "task", sets("resourceRequirements", list{obj{"type": "GPU", "value": "1"}}),
			[]string{"resourceRequirements", "Fargate"},
		},
		{
			"variables from a local file", tTaskDef, "task", sets("environmentFiles", list{obj{"type": "file", "value": ".env"}}),
			[]string{"environmentFiles[0].type", "file", "s3"},
		},
		{
			"secret in plain text", tTaskDef, "task", sets("secrets", list{obj{"name": "TOKEN", "valueFrom": "hunter 2"}}),
			[]string{"secrets", "TOKEN", "valueFrom"},
		},
		{
			"kernel parameter of the host", tTaskDef, "task", sets("systemControls", list{obj{"namespace": "kernel.panic", "value": "1"}}),
			[]string{"systemControls[0].namespace", "kernel.panic"},
		},
		{"router of logs", tTaskDef, "task", sets("firelensConfiguration", obj{"type": "logstash"}), []string{"firelensConfiguration.type", "logstash"}},
		{"image of 256 characters", tTaskDef, "task", sets("image", strings.Repeat("a", 256)), []string{"image", "255"}},
		{
			"folder of the host on Fargate", tTaskDef, "task", func(p *program) obj {
				return obj{"family": "x", "containerDefinitions": p.containers(nil), "volumes": list{obj{"name": "workspace", "hostPath": "/srv"}}}
			},
			[]string{"volumes[0].hostPath", "Fargate"},
		},
		{
			"volume of Docker on Fargate", tTaskDef, "task", func(p *program) obj {
				return obj{"family": "x", "volumes": list{obj{"name": "workspace", "dockerVolumeConfiguration": obj{"scope": "task"}}}}
			},
			[]string{"volumes[0].dockerVolumeConfiguration", "Fargate"},
		},
		{"processes of the other containers", tTaskDef, "task", set(obj{"family": "x", "ipcMode": "host"}), []string{"ipcMode", "Fargate"}},
		{"placement on Fargate", tTaskDef, "task", set(obj{"family": "x", "placementConstraints": list{obj{
			"type": "memberOf", "expression": "attribute:a == b",
		}}}), []string{"placementConstraints", "Fargate"}},
	})
}

// TestPrincipals are resource policies that name somebody who does not exist, or
// speak of another service.
func TestPrincipals(t *testing.T) {
	t.Parallel()
	says := func(action, resource string) func(obj) obj {
		return func(principal obj) obj {
			s := obj{"Action": action, "Principal": principal}
			if resource != "" {
				s["Resource"] = resource
			}
			return policy(statement(s))
		}
	}
	him := obj{"AWS": nobody}
	runWrong(t, []wrong{
		{
			"trust of a role that is not there", tRole, "exec-role",
			same("x", obj{"assumeRolePolicy": policy(statement(obj{"Action": "sts:AssumeRole", "Principal": him}))}),
			[]string{"assumeRolePolicy", "MalformedPolicyDocument", "Invalid principal in policy", wantNobody},
		},
		{"file system for a role that is not there", tFSPolicy, "fs-policy", func(p *program) obj {
			return obj{"policy": asJSON(t, says("elasticfilesystem:ClientMount", p.out("fs", "arn"))(him))}
		}, []string{"policy", "InvalidPolicyException", wantNobody}},
		{"bucket for a role that is not there", tBucketPolicy, "bucket-policy", func(p *program) obj {
			return obj{"policy": says("s3:GetObject", "arn:aws:s3:::"+p.id("bucket")+"/*")(him)}
		}, []string{"policy", "MalformedPolicy", "Invalid principal in policy", wantNobody}},
		{"queue for a role that is not there", tQueuePolicy, "dlq-policy", func(p *program) obj {
			return obj{"policy": says("sqs:SendMessage", p.out("dlq", "arn"))(him)}
		}, []string{"policy", "InvalidAttributeValue", wantNobody}},
		{"topic for a role that is not there", tTopicPolicy, "alarms-policy", func(p *program) obj {
			return obj{"policy": says("SNS:Publish", p.id("alarms"))(him)}
		}, []string{"policy", "PrincipalNotFound", wantNobody}},
		{"secret for a role that is not there", tSecretPolicy, "", func(p *program) obj {
			return obj{"secretArn": p.id("secret"), "policy": asJSON(t, says("secretsmanager:GetSecretValue", "*")(him))}
		}, []string{"policy", "MalformedPolicyDocumentException", wantNobody}},
		{"secret whose own policy names a role that is not there", tSecret, "secret", set(obj{
			"policy": asJSON(t, says("secretsmanager:GetSecretValue", "*")(him)),
		}), []string{"policy", "MalformedPolicyDocumentException", wantNobody}},
		{"secret whose own policy speaks of another service", tSecret, "secret", set(obj{
			"policy": asJSON(t, says("sqs:SendMessage", "*")(obj{"AWS": "*"})),
		}), []string{"policy", "sqs:SendMessage", "secretsmanager:"}},
		{"permission for a role that is not there", tPermission, "fn-permission", set(obj{"statementId": "x", "principal": nobody}), []string{
			"principal", "The provided principal was invalid", wantNobody,
		}},
		{"key for a role that is not there", tKey, "key", set(obj{"policy": asJSON(t, says("kms:Decrypt", "*")(him))}), []string{
			"policy", "MalformedPolicyDocumentException", wantNobody,
		}},
		{"bucket for one of two", tBucketPolicy, "bucket-policy", func(p *program) obj {
			both := obj{"AWS": list{p.out("exec-role", "arn"), nobody}}
			return obj{"policy": says("s3:GetObject", "arn:aws:s3:::"+p.id("bucket")+"/*")(both)}
		}, []string{wantNobody}},
		{"bucket for a user", tBucketPolicy, "bucket-policy", func(p *program) obj {
			return obj{"policy": says("s3:GetObject", "arn:aws:s3:::"+p.id("bucket")+"/*")(obj{"AWS": "arn:aws:iam::" + view.AccountID + ":user/ann"})}
		}, []string{"Invalid principal in policy", "user/ann"}},
		{"bucket for a service that is none", tBucketPolicy, "bucket-policy", func(p *program) obj {
			return obj{"policy": says("s3:PutObject", "arn:aws:s3:::"+p.id("bucket")+"/*")(obj{"Service": "cloud-trail.amazonaws.com"})}
		}, []string{"Invalid principal in policy", "cloud-trail.amazonaws.com", "cloudtrail.amazonaws.com"}},
		{"action of another service", tQueuePolicy, "dlq-policy", func(p *program) obj {
			return obj{"policy": says("sns:Publish", p.out("dlq", "arn"))(obj{"AWS": "*"})}
		}, []string{"policy", "sns:Publish", "sqs:"}},
		{"action of another service on a bucket", tBucketPolicy, "bucket-policy", func(p *program) obj {
			return obj{"policy": says("s4:GetObject", "arn:aws:s3:::"+p.id("bucket")+"/*")(obj{"AWS": "*"})}
		}, []string{"Policy has invalid action", "s4:GetObject"}},
	})
}

// TestNamesAndQuotas are further things of that sort.
func TestNamesAndQuotas(t *testing.T) {
	t.Parallel()
	many := func(n int, make func(i int) any) list {
		out := list{}
		for i := range n {
			out = append(out, make(i))
		}
		return out
	}
	tags := obj{}
	for i := range 51 {
		tags["key"+strings.Repeat("k", i)] = "v"
	}
	transition := func(tr obj) func(*program) obj {
		return func(p *program) obj {
			return obj{"bucket": p.id("bucket"), "rules": list{obj{"id": "x", "status": "Enabled", "filter": obj{}, "transitions": list{tr}}}}
		}
	}
	runWrong(t, []wrong{
		{"tag that AWS keeps for itself", tRepo, "repo", same("x/y", obj{"tags": obj{"aws:team": "edit"}}), []string{"tags.aws:team", "aws:"}},
		{"51 tags", tTopic, "alarms", same("x", obj{"tags": tags}), []string{"tags", "50"}},
		{"value of a tag with 257 characters", tRepo, "repo", same("x/y", obj{"tags": obj{"a": strings.Repeat("v", 257)}}), []string{"tags.a", "256"}},
		{"group named like an ID", tGroup, "task-sg", same("sg-task", nil), []string{"name", "sg-task", "sg-"}},
		{"description with a newline", tGroup, "task-sg", same("x", obj{"description": "a\nb"}), []string{"description"}},
		{"load balancer named internal", tLB, "alb", same("internal-edit", nil), []string{"name", "internal-"}},
		{"17 subnets of a service", tService, "service", same("x", obj{"networkConfiguration": obj{
			"subnets": many(17, func(int) any { return subnetA }),
		}}), []string{"networkConfiguration.subnets", "16", "17"}},
		{"six groups of a service", tService, "service", same("x", obj{"networkConfiguration": obj{
			"subnets": list{subnetA}, "securityGroups": many(6, func(int) any { return "sg-0ffffffffffffffff" }),
		}}), []string{"networkConfiguration.securityGroups", "5", "6"}},
		{"daemon on Fargate", tService, "service", same("x", obj{"schedulingStrategy": "DAEMON"}), []string{"schedulingStrategy", "DAEMON", "Fargate"}},
		{"infrequent access after 10 days", tBucketLife, "", transition(obj{"days": 10, "storageClass": "STANDARD_IA"}), []string{
			"rules[0].transitions[0]", "30", "STANDARD_IA",
		}},
		{"expiry after 0 days", tBucketLife, "", func(p *program) obj {
			return obj{"bucket": p.id("bucket"), "rules": list{obj{"id": "x", "status": "Enabled", "filter": obj{}, "expiration": obj{"days": 0}}}}
		}, []string{"rules[0].expiration", "days"}},
		{"namespace with a colon", tFilter, "mount-failures", same("x", obj{"metricTransformation": obj{
			"name": "n", "namespace": "webordinary:edit", "value": "1",
		}}), []string{"metricTransformation.namespace", "webordinary:edit"}},
		{"action of an alarm in another region", tAlarm, "errors", same("x", obj{"alarmActions": list{
			"arn:aws:sns:eu-west-1:" + view.AccountID + ":alarms",
		}}), []string{"alarmActions[0]", "eu-west-1"}},
		{"11 policies on a role", tRole, "exec-role", same("x", obj{"managedPolicyArns": many(11, func(int) any {
			return "arn:aws:iam::aws:policy/ReadOnlyAccess"
		})}), []string{"managedPolicyArns", "PoliciesPerRole", "10"}},
		{"six layers", tFunction, "fn", same("x", obj{"layers": many(6, func(int) any {
			return "arn:aws:lambda:us-west-2:" + view.AccountID + ":layer:a:1"
		})}), []string{"layers", "5"}},
		{"layer of another region", tFunction, "fn", same("x", obj{"layers": list{"arn:aws:lambda:eu-west-1:580247275435:layer:x:1"}}), []string{
			"layers[0]", "eu-west-1",
		}},
		{"name of a record with two dots", tRecord, "dns", set(obj{"name": "edit..ameliastamps.com"}), []string{"name", "DomainLabelEmpty"}},
		{"eleventh policy of a role", tAttachment, "attachment", func(p *program) obj {
			for i := range 9 {
				name := p.fresh("policy")
				made, complaint := p.try(tPolicy, name, p.with("managed", obj{"name": name}))
				if complaint == "" {
					_, complaint = p.try(tAttachment, name, obj{"role": p.id("exec-role"), "policyArn": made.ID})
				}
				if complaint != "" {
					p.t.Fatal(i, complaint)
				}
			}
			return obj{"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
		}, []string{"policyArn", "PoliciesPerRole", "10"}},
		{"label of 64 characters", tRecord, "dns", set(obj{"name": strings.Repeat("a", 64) + ".ameliastamps.com"}), []string{"name", "63"}},
	})
}

// TestNotRefused are the values beside those above that AWS takes.
func TestNotRefused(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	role := p.out("exec-role", "arn")
	for _, row := range []struct {
		typ, base string
		change    func(*program) obj
	}{
		{tService, "service", set(obj{"platformVersion": "1.4.0"})},
		{tListener, "listener", set(obj{"port": 445, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"})},
		{tTaskDef, "task", sets("stopTimeout", 120)},
		{tTaskDef, "task", sets("ulimits", list{obj{"name": "nofile", "softLimit": 1024, "hardLimit": 65535}})},
		{tTaskDef, "task", sets("linuxParameters", obj{"initProcessEnabled": true, "capabilities": obj{"add": list{"SYS_PTRACE"}}})},
		{tTaskDef, "task", sets("healthCheck", obj{"command": list{"CMD", "true"}, "timeout": 60, "interval": 300, "startPeriod": 0})},
		{tTaskDef, "task", sets("versionConsistency", "disabled")},
		{tTaskDef, "task", sets("memory", 4096)},
		{tTaskDef, "task", sets("secrets", list{obj{"name": "A", "valueFrom": "/edit/token"}})},
		{tTaskDef, "task", sets("restartPolicy", obj{"enabled": true})},
		{tTaskDef, "task", func(p *program) obj {
			return obj{"containerDefinitions": p.containers(nil), "volumes": list{obj{"name": "workspace"}}}
		}},
		{tRole, "exec-role", set(obj{"assumeRolePolicy": trust("logs.us-west-2.amazonaws.com")})},
		{tRole, "exec-role", set(obj{"assumeRolePolicy": policy(statement(obj{"Action": "sts:AssumeRole", "Principal": obj{"AWS": list{
			role, view.AccountID, "arn:aws:iam::" + view.AccountID + ":root", "arn:aws:iam::123456789012:role/of-another-account",
			"arn:aws:sts::" + view.AccountID + ":assumed-role/webordinary-edit-execution/session",
			"arn:aws:iam::" + view.AccountID + ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
		}}}))})},
		{tEndpoint, "", func(p *program) obj {
			return obj{"vpcId": p.id("vpc"), "serviceName": "com.amazonaws.us-west-2.ecr.api", "vpcEndpointType": "Interface"}
		}},
		{tEndpoint, "", func(p *program) obj { return obj{"vpcId": p.id("vpc"), "serviceName": "com.amazonaws.us-west-2.s3"} }},
		{tAlarm, "errors", set(obj{"statistic": nil, "extendedStatistic": "p99.9"})},
		{tAlarm, "errors", set(obj{"statistic": nil, "extendedStatistic": "TM(10%:90%)"})},
		{tRecord, "dns", set(obj{"name": strings.Repeat("a", 63) + ".ameliastamps.com"})},
		{tSecret, "secret", set(obj{"replicas": list{obj{"region": "us-east-1"}}})},
	} {
		name := p.fresh("right")
		in := row.change(p)
		if row.base != "" {
			in = p.with(row.base, in)
		}
		switch row.typ {
		case tTaskDef:
			in["family"] = name
		case tListener, tRecord, tEndpoint:
		default:
			in["name"] = name
		}
		_, complaint := p.try(row.typ, name, in)
		require.Empty(t, complaint, "%s: %v", row.typ, in)
	}
}
