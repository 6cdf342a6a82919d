package account_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Type tokens of the tests' program.
const (
	tRole         = "aws:iam/role:Role"
	tRolePolicy   = "aws:iam/rolePolicy:RolePolicy"
	tAttachment   = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	tPolicy       = "aws:iam/policy:Policy"
	tOIDC         = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	tGroup        = "aws:ec2/securityGroup:SecurityGroup"
	tIngress      = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	tEgress       = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	tLB           = "aws:lb/loadBalancer:LoadBalancer"
	tTG           = "aws:lb/targetGroup:TargetGroup"
	tListener     = "aws:lb/listener:Listener"
	tRule         = "aws:lb/listenerRule:ListenerRule"
	tTGAttachment = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	tCluster      = "aws:ecs/cluster:Cluster"
	tTaskDef      = "aws:ecs/taskDefinition:TaskDefinition"
	tService      = "aws:ecs/service:Service"
	tRepo         = "aws:ecr/repository:Repository"
	tLifecycle    = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	tSecret       = "aws:secretsmanager/secret:Secret"
	tVersion      = "aws:secretsmanager/secretVersion:SecretVersion"
	tFS           = "aws:efs/fileSystem:FileSystem"
	tMount        = "aws:efs/mountTarget:MountTarget"
	tAP           = "aws:efs/accessPoint:AccessPoint"
	tFSPolicy     = "aws:efs/fileSystemPolicy:FileSystemPolicy"
	tBackup       = "aws:efs/backupPolicy:BackupPolicy"
	tBucket       = "aws:s3/bucketV2:BucketV2"
	tVersioning   = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	tEncryption   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	tBlock        = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	tOwnership    = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	tBucketPolicy = "aws:s3/bucketPolicy:BucketPolicy"
	tBucketLife   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	tFunction     = "aws:lambda/function:Function"
	tPermission   = "aws:lambda/permission:Permission"
	tInvokeConfig = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	tInvocation   = "aws:lambda/invocation:Invocation"
	tEventRule    = "aws:cloudwatch/eventRule:EventRule"
	tEventTarget  = "aws:cloudwatch/eventTarget:EventTarget"
	tLogGroup     = "aws:cloudwatch/logGroup:LogGroup"
	tFilter       = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	tAlarm        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	tDashboard    = "aws:cloudwatch/dashboard:Dashboard"
	tSchedule     = "aws:scheduler/schedule:Schedule"
	tScalable     = "aws:appautoscaling/target:Target"
	tScaling      = "aws:appautoscaling/policy:Policy"
	tTopic        = "aws:sns/topic:Topic"
	tTopicPolicy  = "aws:sns/topicPolicy:TopicPolicy"
	tSubscription = "aws:sns/topicSubscription:TopicSubscription"
	tQueue        = "aws:sqs/queue:Queue"
	tQueuePolicy  = "aws:sqs/queuePolicy:QueuePolicy"
	tRecord       = "aws:route53/record:Record"
	tBudget       = "aws:budgets/budget:Budget"
	tTrail        = "aws:cloudtrail/trail:Trail"
	tVPC          = "aws:ec2/vpc:Vpc"
	tSubnet       = "aws:ec2/subnet:Subnet"
	tGateway      = "aws:ec2/internetGateway:InternetGateway"
	tTable        = "aws:ec2/routeTable:RouteTable"
	tAssociation  = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	tRoute        = "aws:ec2/route:Route"
	tNAT          = "aws:ec2/natGateway:NatGateway"
	tEIP          = "aws:ec2/eip:Eip"
	tKey          = "aws:kms/key:Key"
	tAlias        = "aws:kms/alias:Alias"
	tParameter    = "aws:ssm/parameter:Parameter"
	tPool         = "aws:cognito/userPool:UserPool"
	tPoolDomain   = "aws:cognito/userPoolDomain:UserPoolDomain"
	tPoolClient   = "aws:cognito/userPoolClient:UserPoolClient"
	tUser         = "aws:cognito/user:User"
)

var (
	subnetA = view.DefaultSubnetIDs[0]
	subnetB = view.DefaultSubnetIDs[1]
)

// deployAll deploys one resource of every type that the project uses, wired up as
// the project wires them.
func deployAll(t testing.TB) *program {
	t.Helper()
	p := newProgram(t)
	p.deployAll()
	return p
}

func (p *program) deployAll() {
	p.foundation()
	p.network()
	p.loadBalancer()
	p.service()
	p.functions()
	p.observability()
	p.dedicatedVPC()
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func (p *program) foundation() {
	p.create(tRepo, "repo", obj{
		"name": "webordinary/claude-code-astro", "imageScanningConfiguration": obj{"scanOnPush": true},
		"imageTagMutability": "MUTABLE",
	})
	p.create(tLifecycle, "repo-lifecycle", obj{"repository": p.out("repo", "name"), "policy": asJSON(p.t, obj{"rules": list{obj{
		"rulePriority": 1, "description": "Keep last 10 images",
		"selection": obj{"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}, "action": obj{"type": "expire"},
	}}})})
	p.create(tSecret, "secret", obj{"name": "webordinary/github-token", "description": "GitHub personal access token"})
	p.create(tVersion, "secret-version", obj{"secretId": p.id("secret"), "secretString": "ghp_0123456789"})
	p.create(tGroup, "fs-sg", obj{"vpcId": view.DefaultVPCID, "name": "workspaces"})
	p.create(tFS, "fs", obj{
		"creationToken": "webordinary-workspaces", "encrypted": true, "performanceMode": "generalPurpose", "throughputMode": "bursting",
		"lifecyclePolicies": list{obj{"transitionToIa": "AFTER_30_DAYS"}, obj{"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"}},
		"tags":              obj{"Name": "webordinary-workspaces"},
	})
	p.create(tMount, "mount-a", obj{"fileSystemId": p.id("fs"), "subnetId": subnetA, "securityGroups": list{p.id("fs-sg")}})
	p.create(tMount, "mount-b", obj{"fileSystemId": p.id("fs"), "subnetId": subnetB, "securityGroups": list{p.id("fs-sg")}})
	p.create(tAP, "ap", obj{"fileSystemId": p.id("fs"), "posixUser": obj{"uid": 1000, "gid": 1000}, "rootDirectory": obj{
		"path": "/clients", "creationInfo": obj{"ownerUid": 1000, "ownerGid": 1000, "permissions": "755"},
	}})
	p.create(tFSPolicy, "fs-policy", obj{"fileSystemId": p.id("fs"), "policy": asJSON(p.t, policy(statement(obj{
		"Action": list{"elasticfilesystem:ClientMount"}, "Resource": p.out("fs", "arn"), "Principal": obj{"AWS": "*"},
	})))})
	p.create(tBackup, "fs-backup", obj{"fileSystemId": p.id("fs"), "backupPolicy": obj{"status": "ENABLED"}})
	p.bucket()
}

func (p *program) bucket() {
	p.create(tBucket, "bucket", obj{"bucket": "webordinary-workspaces-prod"})
	name := p.id("bucket")
	p.create(tVersioning, "bucket-versioning", obj{"bucket": name, "versioningConfiguration": obj{"status": "Enabled"}})
	p.create(tEncryption, "bucket-encryption", obj{
		"bucket": name,
		"rules":  list{obj{"applyServerSideEncryptionByDefault": obj{"sseAlgorithm": "AES256"}}},
	})
	p.create(tBlock, "bucket-block", obj{
		"bucket": name, "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true,
		"restrictPublicBuckets": true,
	})
	p.create(tOwnership, "bucket-ownership", obj{"bucket": name, "rule": obj{"objectOwnership": "BucketOwnerEnforced"}})
	p.create(tBucketLife, "bucket-lifecycle", obj{"bucket": name, "rules": list{obj{
		"id": "old", "status": "Enabled", "filter": obj{"prefix": ""}, "noncurrentVersionExpiration": obj{"noncurrentDays": 30},
	}}})
	p.create(tBucketPolicy, "bucket-policy", obj{"bucket": name, "policy": asJSON(p.t, policy(
		obj{
			"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource":  list{"arn:aws:s3:::" + name, "arn:aws:s3:::" + name + "/*"},
			"Condition": obj{"Bool": obj{"aws:SecureTransport": "false"}},
		},
		statement(obj{"Principal": obj{"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::" + name}),
		statement(obj{
			"Principal": obj{"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
			"Resource": "arn:aws:s3:::" + name + "/*",
		}),
	))})
	p.create(tTrail, "trail", obj{"name": "webordinary-audit", "s3BucketName": name, "includeGlobalServiceEvents": true})
}

func (p *program) network() {
	p.create(tGroup, "alb-sg", obj{"vpcId": view.DefaultVPCID, "name": "edit-alb", "description": "Load balancer"})
	p.create(tRole, "fn-role", obj{"name": "webordinary-cleanup", "assumeRolePolicy": asJSON(p.t, trust("lambda.amazonaws.com"))})
	p.create(tRolePolicy, "fn-vpc-policy", obj{"role": p.id("fn-role"), "name": "connect", "policy": asJSON(p.t, policy(statement(obj{
		"Action": list{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"}, "Resource": "*",
	})))})
	p.create(tGroup, "task-sg", obj{"vpcId": view.DefaultVPCID, "name": "edit-task"})
	p.create(tIngress, "https", obj{
		"securityGroupId": p.id("alb-sg"), "cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443,
		"toPort": 443,
	})
	p.create(tEgress, "alb-to-task", obj{
		"securityGroupId": p.id("alb-sg"), "referencedSecurityGroupId": p.id("task-sg"), "ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080,
	})
	p.create(tIngress, "task-from-alb", obj{
		"securityGroupId": p.id("task-sg"), "referencedSecurityGroupId": p.id("alb-sg"), "ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080,
	})
	p.create(tEgress, "task-out", obj{"securityGroupId": p.id("task-sg"), "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})
}

func (p *program) loadBalancer() {
	p.create(tLB, "alb", obj{
		"name": "webordinary-edit-alb", "subnets": list{subnetA, subnetB}, "securityGroups": list{p.id("alb-sg")},
		"idleTimeout": 4000,
	})
	p.create(tListener, "listener", obj{
		"loadBalancerArn": p.id("alb"), "port": 443, "protocol": "HTTPS", "certificateArn": view.CertificateARN,
		"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
		"defaultActions": list{obj{"type": "fixed-response", "fixedResponse": obj{
			"contentType": "text/plain", "messageBody": "Webordinary ALB - No target configured", "statusCode": "200",
		}}},
	})
	p.create(tListener, "redirect", obj{
		"loadBalancerArn": p.id("alb"), "port": 80, "protocol": "HTTP",
		"defaultActions": list{obj{"type": "redirect", "redirect": obj{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}},
	})
	p.create(tTG, "api-tg", obj{
		"name": "edit-api-tg", "port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": view.DefaultVPCID, "deregistrationDelay": 30,
		"healthCheck": obj{"path": "/health", "interval": 30, "timeout": 5, "port": "8080"},
		"stickiness":  obj{"type": "lb_cookie", "enabled": true, "cookieDuration": 86400},
	})
	p.create(tRule, "api-rule", obj{
		"listenerArn": p.id("listener"), "priority": 120, "actions": list{obj{"type": "forward", "targetGroupArn": p.id("api-tg")}},
		"conditions": list{obj{"hostHeader": obj{"values": list{"edit.ameliastamps.com"}}}, obj{"pathPattern": obj{"values": list{"/api/*"}}}},
	})
	p.create(tRecord, "dns", obj{
		"zoneId": view.HostedZoneID, "name": "edit.ameliastamps.com", "type": "CNAME", "ttl": 300,
		"records": list{p.out("alb", "dnsName")},
	})
}

// containers are the container definitions of the task.
func (p *program) containers(change func(c obj)) string {
	c := obj{
		"name": "claude-code-astro", "image": p.out("repo", "repositoryUrl") + ":latest", "essential": true,
		"portMappings": list{
			obj{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"},
			obj{"containerPort": 4321, "hostPort": 4321, "protocol": "tcp"},
		},
		"environment": list{obj{"name": "CLIENT_ID", "value": "ameliastamps"}, obj{"name": "WORKSPACE_PATH", "value": "/workspace"}},
		"secrets":     list{obj{"name": "GITHUB_TOKEN", "valueFrom": p.out("secret", "arn")}},
		"mountPoints": list{obj{"sourceVolume": "workspace", "containerPath": "/workspace", "readOnly": false}},
		"logConfiguration": obj{"logDriver": "awslogs", "options": obj{
			"awslogs-group": p.id("logs"), "awslogs-region": view.Region, "awslogs-stream-prefix": "edit",
		}},
	}
	if change != nil {
		change(c)
	}
	return asJSON(p.t, list{c})
}

func (p *program) service() {
	p.create(tLogGroup, "logs", obj{"name": "/ecs/webordinary-edit", "retentionInDays": 7})
	p.create(tRole, "exec-role", obj{"name": "webordinary-edit-execution", "assumeRolePolicy": asJSON(p.t, trust("ecs-tasks.amazonaws.com"))})
	p.create(tRolePolicy, "exec-policy", obj{
		"role": p.id("exec-role"), "name": "execution",
		"policy": asJSON(p.t, allow("ecr:BatchGetImage", p.out("repo", "arn"))),
	})
	p.create(tPolicy, "managed", obj{"name": "webordinary-preview", "policy": asJSON(p.t, allow("s3:GetObject", "arn:aws:s3:::x/*"))})
	p.create(tAttachment, "attachment", obj{"role": p.id("exec-role"), "policyArn": p.out("managed", "arn")})
	p.create(tOIDC, "oidc", obj{"url": "https://token.actions.githubusercontent.com", "clientIdLists": list{"sts.amazonaws.com"}})
	p.create(tCluster, "cluster", obj{"name": "webordinary-edit-cluster"})
	p.create(tTaskDef, "task", obj{
		"family": "webordinary-edit", "cpu": "2048", "memory": "4096", "networkMode": "awsvpc", "requiresCompatibilities": list{"FARGATE"},
		"executionRoleArn": p.out("exec-role", "arn"), "taskRoleArn": p.out("exec-role", "arn"), "containerDefinitions": p.containers(nil),
		"volumes": list{obj{"name": "workspace", "efsVolumeConfiguration": obj{
			"fileSystemId": p.id("fs"), "transitEncryption": "ENABLED", "authorizationConfig": obj{"accessPointId": p.id("ap"), "iam": "ENABLED"},
		}}},
		"runtimePlatform": obj{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
	})
	p.create(tService, "service", obj{
		"name": "webordinary-edit", "cluster": p.out("cluster", "arn"), "taskDefinition": p.out("task", "arn"), "desiredCount": 0,
		"launchType": "FARGATE", "platformVersion": "LATEST", "deploymentCircuitBreaker": obj{"enable": true, "rollback": true},
		"networkConfiguration": obj{"subnets": list{subnetA, subnetB}, "securityGroups": list{p.id("task-sg")}, "assignPublicIp": true},
		"loadBalancers":        list{obj{"targetGroupArn": p.id("api-tg"), "containerName": "claude-code-astro", "containerPort": 8080}},
	})
	scalable := "service/webordinary-edit-cluster/webordinary-edit"
	p.create(tScalable, "scalable", obj{
		"resourceId": scalable, "minCapacity": 0, "maxCapacity": 3,
		"scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs",
	})
	p.create(tScaling, "cpu", obj{
		"name": "cpu", "resourceId": scalable, "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs",
		"policyType": "TargetTrackingScaling",
		"targetTrackingScalingPolicyConfiguration": obj{
			"targetValue":                   40,
			"predefinedMetricSpecification": obj{"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
		},
	})
}

func (p *program) functions() {
	p.create(tQueue, "dlq", obj{"name": "webordinary-failures", "messageRetentionSeconds": 1209600})
	p.create(tRolePolicy, "fn-policy", obj{"role": p.id("fn-role"), "name": "cleanup", "policy": asJSON(p.t, policy(
		statement(obj{"Action": "sqs:SendMessage", "Resource": p.out("dlq", "arn")}),
		statement(obj{"Action": "elasticfilesystem:Client*", "Resource": p.out("fs", "arn")}),
	))})
	p.create(tFunction, "fn", obj{
		"name": "webordinary-workspace-cleanup", "role": p.out("fn-role", "arn"), "runtime": "provided.al2023", "handler": "bootstrap",
		"architectures": list{"arm64"}, "code": codeZip(p.t, "bootstrap", 0o755), "timeout": 300, "memorySize": 256,
		"environment":      obj{"variables": obj{"WORKSPACE_ROOT": "/mnt/workspaces"}},
		"vpcConfig":        obj{"subnetIds": list{subnetA, subnetB}, "securityGroupIds": list{p.id("task-sg")}},
		"fileSystemConfig": obj{"arn": p.out("ap", "arn"), "localMountPath": "/mnt/workspaces"}, "reservedConcurrentExecutions": 1,
	})
	p.create(tInvokeConfig, "fn-failures", obj{
		"functionName": p.id("fn"), "maximumRetryAttempts": 1,
		"destinationConfig": obj{"onFailure": obj{"destination": p.out("dlq", "arn")}},
	})
	p.create(tInvocation, "fn-invocation", obj{"functionName": p.id("fn"), "input": `{"a":1}`, "lifecycleScope": "CRUD"})
	p.create(tEventRule, "daily", obj{"name": "webordinary-cleanup-daily", "scheduleExpression": "rate(1 day)"})
	p.create(tEventTarget, "daily-target", obj{"rule": p.id("daily"), "arn": p.out("fn", "arn"), "targetId": "cleanup"})
	p.create(tPermission, "fn-permission", obj{
		"function": p.id("fn"), "action": "lambda:InvokeFunction", "principal": "events.amazonaws.com", "sourceArn": p.out("daily", "arn"),
		"statementId": "events",
	})
	p.create(tRole, "scheduler-role", obj{"name": "webordinary-scheduler", "assumeRolePolicy": asJSON(p.t, trust("scheduler.amazonaws.com"))})
	p.create(tSchedule, "tick", obj{
		"name": "webordinary-tick", "scheduleExpression": "rate(1 minute)", "flexibleTimeWindow": obj{"mode": "OFF"},
		"target": obj{
			"arn": p.out("fn", "arn"), "roleArn": p.out("scheduler-role", "arn"), "input": `{"tick":true}`,
			"retryPolicy": obj{"maximumRetryAttempts": 0},
		},
	})
	p.create(tTG, "waker-tg", obj{"name": "edit-waker-tg", "targetType": "lambda", "lambdaMultiValueHeadersEnabled": true})
	p.create(tPermission, "waker-permission", obj{
		"function": p.id("fn"), "action": "lambda:InvokeFunction", "principal": "elasticloadbalancing.amazonaws.com",
		"sourceArn": p.id("waker-tg"), "statementId": "alb",
	})
	p.create(tTGAttachment, "waker-attachment", obj{"targetGroupArn": p.id("waker-tg"), "targetId": p.out("fn", "arn")})
	p.create(tRule, "waker-rule", obj{
		"listenerArn": p.id("listener"), "priority": 101, "actions": list{obj{"type": "forward", "targetGroupArn": p.id("waker-tg")}},
		"conditions": list{
			obj{"hostHeader": obj{"values": list{"edit.ameliastamps.com"}}},
			obj{"pathPattern": obj{"values": list{"/api/*", "/preview/*"}}},
		},
	})
}

func (p *program) observability() {
	p.create(tTopic, "alarms", obj{"name": "webordinary-alarms"})
	p.create(tTopicPolicy, "alarms-policy", obj{"arn": p.id("alarms"), "policy": asJSON(p.t, policy(statement(obj{
		"Action": "SNS:Publish", "Resource": p.id("alarms"), "Principal": obj{"Service": "cloudwatch.amazonaws.com"},
	})))})
	p.create(tSubscription, "email", obj{"topic": p.id("alarms"), "protocol": "email", "endpoint": "ops@ameliastamps.com"})
	p.create(tQueuePolicy, "dlq-policy", obj{"queueUrl": p.id("dlq"), "policy": asJSON(p.t, policy(statement(obj{
		"Action": "sqs:SendMessage", "Resource": p.out("dlq", "arn"), "Principal": obj{"Service": "sns.amazonaws.com"},
	})))})
	p.create(tFilter, "mount-failures", obj{
		"name": "mount-failures", "logGroupName": p.id("logs"), "pattern": "mount failed",
		"metricTransformation": obj{
			"name": "MountFailures", "namespace": "Webordinary", "value": "1",
		},
	})
	p.create(tAlarm, "errors", obj{
		"name": "webordinary-cleanup-errors", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 0, "period": 300,
		"namespace": "AWS/Lambda", "metricName": "Errors", "statistic": "Sum", "dimensions": obj{"FunctionName": p.id("fn")},
		"alarmActions": list{p.id("alarms")}, "treatMissingData": "notBreaching",
	})
	p.create(tDashboard, "dashboard", obj{"dashboardName": "webordinary-edit", "dashboardBody": asJSON(p.t, obj{"widgets": list{
		obj{"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": obj{"markdown": "# Sessions"}},
	}})})
	p.create(tBudget, "budget", obj{
		"name": "webordinary-monthly", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "40", "limitUnit": "USD",
		"notifications": list{obj{
			"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE",
			"subscriberSnsTopicArns": list{p.id("alarms")},
		}},
	})
	p.signIn()
	p.create(tKey, "key", obj{"description": "spare", "deletionWindowInDays": 7})
	p.create(tAlias, "alias", obj{"name": "alias/webordinary", "targetKeyId": p.id("key")})
}

func (p *program) signIn() {
	p.create(tPool, "pool", obj{
		"name": "webordinary-editors", "usernameAttributes": list{"email"}, "mfaConfiguration": "ON",
		"softwareTokenMfaConfiguration": obj{"enabled": true}, "adminCreateUserConfig": obj{"allowAdminCreateUserOnly": true},
	})
	p.create(tPoolDomain, "pool-domain", obj{"domain": "webordinary-edit", "userPoolId": p.id("pool")})
	p.create(tPoolClient, "pool-client", obj{
		"name": "load-balancer", "userPoolId": p.id("pool"), "generateSecret": true, "allowedOauthFlows": list{"code"},
		"allowedOauthFlowsUserPoolClient": true, "allowedOauthScopes": list{"openid", "email"},
		"callbackUrls": list{"https://edit.ameliastamps.com/oauth2/idpresponse"}, "supportedIdentityProviders": list{"COGNITO"},
	})
	p.create(tUser, "editor", obj{"userPoolId": p.id("pool"), "username": "amelia@example.com", "attributes": obj{
		"email": "amelia@example.com", "email_verified": "true",
	}})
	p.create(tParameter, "editors", obj{"name": "/webordinary/edit/editors/ameliastamps", "type": "String", "value": "[]"})
}

func (p *program) dedicatedVPC() {
	p.create(tVPC, "vpc", obj{"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": true})
	p.create(tGateway, "igw", obj{"vpcId": p.id("vpc")})
	p.create(tSubnet, "public", obj{
		"vpcId": p.id("vpc"), "cidrBlock": "10.20.0.0/20", "availabilityZone": "us-west-2a",
		"mapPublicIpOnLaunch": true,
	})
	p.create(tSubnet, "private", obj{"vpcId": p.id("vpc"), "cidrBlock": "10.20.16.0/20", "availabilityZone": "us-west-2b"})
	p.create(tTable, "table", obj{"vpcId": p.id("vpc")})
	p.create(tAssociation, "association", obj{"routeTableId": p.id("table"), "subnetId": p.id("public")})
	p.create(tRoute, "route", obj{"routeTableId": p.id("table"), "destinationCidrBlock": "0.0.0.0/0", "gatewayId": p.id("igw")})
	p.create(tEIP, "eip", obj{"domain": "vpc"})
	p.create(tNAT, "nat", obj{"subnetId": p.id("public"), "allocationId": p.id("eip")})
}

func TestTheWholeProgramIsAccepted(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	require.Greater(t, len(p.order), 70)
}
