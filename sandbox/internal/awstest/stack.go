package awstest

import (
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Names and ARNs of the stack.
const (
	Prefix       = "arn:aws:ecs:" + view.Region + ":" + view.AccountID
	ClusterARN   = Prefix + ":cluster/edit-cluster"
	ServiceARN   = Prefix + ":service/edit-cluster/edit"
	TaskDef1     = Prefix + ":task-definition/edit:1"
	TaskDef2     = Prefix + ":task-definition/edit:2"
	elb          = "arn:aws:elasticloadbalancing:" + view.Region + ":" + view.AccountID
	BalancerARN  = elb + ":loadbalancer/app/edit-alb/50dc6c495c0c9188"
	ListenerARN  = elb + ":listener/app/edit-alb/50dc6c495c0c9188/f2f7dc8efc522ab2"
	APIGroup     = elb + ":targetgroup/edit-api-tg/73e2d6bc24d8a067"
	PreviewGroup = elb + ":targetgroup/edit-preview-tg/83e2d6bc24d8a067"
	SocketGroup  = elb + ":targetgroup/edit-ws-tg/93e2d6bc24d8a067"
	WakerGroup   = elb + ":targetgroup/edit-waker-tg/a3e2d6bc24d8a067"
	ScalerRole   = "arn:aws:iam::" + view.AccountID + ":role/scaler"
	ExecRole     = "arn:aws:iam::" + view.AccountID + ":role/execution"
	TaskRole     = "arn:aws:iam::" + view.AccountID + ":role/task"
	SecretARN    = "arn:aws:secretsmanager:" + view.Region + ":" + view.AccountID + ":secret:webordinary/github-token-AbCdEf"
	Repository   = "webordinary/claude-code-astro"
	FunctionARN  = "arn:aws:lambda:" + view.Region + ":" + view.AccountID + ":function:edit-scaler"
	FileSystem   = "fs-0123456789abcdef0"
	AccessPoint  = "fsap-0123456789abcdef0"
	LogGroup     = "/ecs/edit"
)

var serviceGroups = []struct {
	arn  string
	port int
}{{APIGroup, 8080}, {PreviewGroup, 4321}, {SocketGroup, 4322}}

// RuleARN gives the ARN of one of the stack's rules: waker, ws, api or preview.
func RuleARN(name string) string {
	return strings.Replace(ListenerARN, ":listener/", ":listener-rule/", 1) + "/" + name
}

// Put stores one resource; it panics when the store refuses, which a store in memory never does.
func Put(store view.Store, typ, id string, state map[string]any) {
	if err := store.Put(view.Resource{Type: typ, ID: id, State: resource.NewPropertyMapFromMap(state)}); err != nil {
		panic(err)
	}
}

// Set changes one property of a resource behind everybody's back.
func Set(store view.Store, typ, id, key string, value any) {
	err := store.Mutate(typ, id, func(state resource.PropertyMap) error {
		state[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		return nil
	})
	if err != nil {
		panic(err)
	}
}

// SetDesired changes the service's desired count.
func SetDesired(store view.Store, count int) {
	Set(store, "aws:ecs/service:Service", ServiceARN, "desiredCount", count)
}

// SetPolicy replaces the only inline policy of a role by one that allows what the statements say; each is "action
// resource [resource...]". Without statements the role may do nothing.
func SetPolicy(store view.Store, roleARN string, statements ...string) {
	name := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	var parts []string
	for _, statement := range statements {
		fields := strings.Fields(statement)
		parts = append(parts, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":[%s]}`, fields[0],
			`"`+strings.Join(fields[1:], `","`)+`"`))
	}
	if len(parts) == 0 {
		parts = []string{`{"Effect":"Allow","Action":"none:Nothing","Resource":"*"}`}
	}
	document := `{"Version":"2012-10-17","Statement":[` + strings.Join(parts, ",") + `]}`
	Put(store, "aws:iam/rolePolicy:RolePolicy", name+":main", map[string]any{"name": "main", "role": name, "policy": document})
}

// Deploy puts the stack into the store, asleep: desired count 0, the waker's rule on top.
func Deploy(store view.Store) {
	deployRoles(store)
	deployRouting(store)
	deployTaskDefinition(store, TaskDef1, "v1")
	deployDependencies(store)
	Put(store, "aws:ecs/cluster:Cluster", "edit-cluster", map[string]any{"arn": ClusterARN, "name": "edit-cluster"})
	balancers := []any{}
	for _, group := range serviceGroups {
		balancers = append(balancers, map[string]any{"targetGroupArn": group.arn, "containerName": "app", "containerPort": group.port})
	}
	Put(store, "aws:ecs/service:Service", ServiceARN, map[string]any{
		"arn": ServiceARN, "name": "edit", "cluster": ClusterARN, "taskDefinition": TaskDef1, "desiredCount": 0,
		"launchType": "FARGATE", "platformVersion": "LATEST", "schedulingStrategy": "REPLICA",
		"deploymentMinimumHealthyPercent": 100, "deploymentMaximumPercent": 200, "healthCheckGracePeriodSeconds": 120,
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"networkConfiguration": map[string]any{
			"subnets": []any{view.DefaultSubnetIDs[0], view.DefaultSubnetIDs[1]}, "assignPublicIp": true,
		},
		"loadBalancers": balancers,
	})
}

// DeployTaskDefinition adds a revision whose container has that image tag.
func deployTaskDefinition(store view.Store, arn, tag string) {
	containers := fmt.Sprintf(`[{"name":"app","image":"%s.dkr.ecr.us-west-2.amazonaws.com/%s:%s","secrets":[{"name":"T","valueFrom":%q}],
		"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":%q}}}]`, view.AccountID, Repository, tag, SecretARN, LogGroup)
	Put(store, "aws:ecs/taskDefinition:TaskDefinition", arn[strings.LastIndexByte(arn, '/')+1:], map[string]any{
		"arn": arn, "family": "edit", "cpu": "2048", "memory": "4096", "executionRoleArn": ExecRole, "taskRoleArn": TaskRole,
		"containerDefinitions": containers,
		"volumes": []any{map[string]any{"name": "workspace", "efsVolumeConfiguration": map[string]any{
			"fileSystemId": FileSystem, "transitEncryption": "ENABLED",
			"authorizationConfig": map[string]any{"accessPointId": AccessPoint, "iam": "ENABLED"},
		}}},
	})
}

// Redeploy gives the service a second task definition with another image tag.
func Redeploy(store view.Store, tag string) {
	deployTaskDefinition(store, TaskDef2, tag)
	Set(store, "aws:ecs/service:Service", ServiceARN, "taskDefinition", TaskDef2)
}

func deployRoles(store view.Store) {
	for arn, service := range map[string]string{ScalerRole: "lambda", ExecRole: "ecs-tasks", TaskRole: "ecs-tasks"} {
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		Put(store, "aws:iam/role:Role", name, map[string]any{
			"name": name, "arn": arn,
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
				"Principal":{"Service":"` + service + `.amazonaws.com"}}]}`,
		})
	}
	repository := "arn:aws:ecr:us-west-2:" + view.AccountID + ":repository/" + Repository
	SetPolicy(store, ExecRole, "ecr:GetAuthorizationToken *", "ecr:BatchGetImage "+repository, "ecr:GetDownloadUrlForLayer "+repository,
		"secretsmanager:GetSecretValue "+SecretARN, "logs:CreateLogStream arn:aws:logs:us-west-2:"+view.AccountID+":log-group:"+LogGroup+":*")
	SetPolicy(store, TaskRole, "elasticfilesystem:Client* "+fileSystemARN)
	SetPolicy(store, ScalerRole)
}

const fileSystemARN = "arn:aws:elasticfilesystem:" + view.Region + ":" + view.AccountID + ":file-system/" + FileSystem

func deployDependencies(store view.Store) {
	Put(store, "aws:ecr/repository:Repository", Repository, map[string]any{
		"name": Repository, "arn": "arn:aws:ecr:us-west-2:" + view.AccountID + ":repository/" + Repository,
	})
	Put(store, "aws:secretsmanager/secret:Secret", SecretARN, map[string]any{
		"arn": SecretARN, "name": "webordinary/github-token", "description": "token",
	})
	Put(store, "aws:secretsmanager/secretVersion:SecretVersion", SecretARN+"|1", map[string]any{
		"secretId": SecretARN, "secretString": "ghp_secret", "versionId": "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE",
		"versionStages": []any{"AWSCURRENT"},
	})
	Put(store, "aws:cloudwatch/logGroup:LogGroup", LogGroup, map[string]any{
		"name": LogGroup, "arn": "arn:aws:logs:us-west-2:" + view.AccountID + ":log-group:" + LogGroup,
	})
	Put(store, "aws:efs/fileSystem:FileSystem", FileSystem, map[string]any{"arn": fileSystemARN})
	Put(store, "aws:efs/accessPoint:AccessPoint", AccessPoint, map[string]any{
		"arn": strings.Replace(fileSystemARN, "file-system/"+FileSystem, "access-point/"+AccessPoint, 1), "fileSystemId": FileSystem,
	})
	for i := range 2 {
		Put(store, "aws:efs/mountTarget:MountTarget", fmt.Sprint("fsmt-", i), map[string]any{
			"fileSystemId": FileSystem, "subnetId": view.DefaultSubnetIDs[i],
		})
	}
}

func deployRouting(store view.Store) {
	Put(store, "aws:lb/loadBalancer:LoadBalancer", BalancerARN, map[string]any{
		"arn": BalancerARN, "name": "edit-alb", "dnsName": "edit-alb-1.us-west-2.elb.amazonaws.com", "vpcId": view.DefaultVPCID,
		"arnSuffix": "app/edit-alb/50dc6c495c0c9188", "subnets": []any{view.DefaultSubnetIDs[0], view.DefaultSubnetIDs[1]},
	})
	Put(store, "aws:lb/listener:Listener", ListenerARN, map[string]any{
		"arn": ListenerARN, "loadBalancerArn": BalancerARN, "port": 443, "protocol": "HTTPS",
		"defaultActions": []any{map[string]any{"type": "fixed-response", "order": 1, "fixedResponse": map[string]any{
			"statusCode": "200", "contentType": "text/plain", "messageBody": "nothing here",
		}}},
	})
	for _, group := range serviceGroups {
		deployGroup(store, group.arn, map[string]any{
			"port": group.port, "protocol": "HTTP", "targetType": "ip", "deregistrationDelay": 30, "vpcId": view.DefaultVPCID,
			"healthCheck": map[string]any{
				"interval": 10, "timeout": 5, "healthyThreshold": 2, "unhealthyThreshold": 3, "path": "/health", "port": "8080",
				"protocol": "HTTP", "matcher": "200", "enabled": true,
			},
		})
	}
	deployGroup(store, WakerGroup, map[string]any{"targetType": "lambda", "lambdaMultiValueHeadersEnabled": true})
	Put(store, "aws:lb/targetGroupAttachment:TargetGroupAttachment", "waker", map[string]any{
		"targetGroupArn": WakerGroup, "targetId": FunctionARN,
	})
	for i, rule := range []struct{ name, group, path string }{
		{"waker", WakerGroup, "/api/*"}, {"ws", SocketGroup, "/ws/*"}, {"api", APIGroup, "/api/*"}, {"preview", PreviewGroup, "/preview/*"},
	} {
		Put(store, "aws:lb/listenerRule:ListenerRule", RuleARN(rule.name), map[string]any{
			"arn": RuleARN(rule.name), "listenerArn": ListenerARN, "priority": []int{101, 110, 120, 130}[i],
			"actions": []any{map[string]any{"type": "forward", "order": 1, "targetGroupArn": rule.group}},
			"conditions": []any{
				map[string]any{"hostHeader": map[string]any{"values": []any{"edit.ameliastamps.com"}}},
				map[string]any{"pathPattern": map[string]any{"values": []any{rule.path}}},
			},
		})
	}
}

func deployGroup(store view.Store, arn string, state map[string]any) {
	suffix := arn[strings.LastIndexByte(arn, ':')+1:]
	state["arn"], state["arnSuffix"], state["name"] = arn, suffix, strings.Split(suffix, "/")[1]
	Put(store, "aws:lb/targetGroup:TargetGroup", arn, state)
}
