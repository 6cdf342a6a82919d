package infra_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/infra/infratest"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// Task 02, criterion 1: "Fargate service deploys successfully".
func TestT02Criterion1ServiceOnFargate(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		assert.Equal(t, "webordinary-edit-cluster"+s.Suffix, s.One(t, "edit-cluster").Text("name"))
		service := s.One(t, "edit-service")
		assert.Equal(t, "aws:ecs/service:Service", service.Type)
		assert.Equal(t, "webordinary-edit"+s.Suffix, service.Text("name"))
		assert.Equal(t, "FARGATE", service.Text("launchType"))
		assert.Equal(t, "LATEST", service.Text("platformVersion"))
		assert.EqualValues(t, 0, service.Get("desiredCount"))
		assert.Equal(t, []string{"desiredCount"}, service.Request.GetIgnoreChanges(), "the scaler owns the count, and nothing else is ignored")
		assert.Equal(t, map[string]any{"enable": true, "rollback": true}, service.Get("deploymentCircuitBreaker"))
		assert.EqualValues(t, 100, service.Get("deploymentMinimumHealthyPercent"))
		assert.EqualValues(t, 200, service.Get("deploymentMaximumPercent"))
		assert.Equal(t, false, service.Get("waitForSteadyState"), "a service of no tasks has nothing to wait for")
		if !s.Preview {
			assert.Equal(t, "arn:aws:ecs:"+regionAccount+":cluster/webordinary-edit-cluster"+s.Suffix, service.Text("cluster"))
			assert.Equal(t, s.Outputs["taskDefinitionArn"], service.Text("taskDefinition"))
		}
	})
}

func TestT02Criterion1TaskDefinition(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		task := s.One(t, "edit-task-definition")
		assert.Equal(t, "webordinary-edit"+s.Suffix, task.Text("family"))
		assert.Equal(t, "2048", task.Text("cpu"))
		assert.Equal(t, "4096", task.Text("memory"))
		assert.Equal(t, "awsvpc", task.Text("networkMode"))
		assert.Equal(t, list("FARGATE"), task.Get("requiresCompatibilities"))
		assert.Equal(t, map[string]any{"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}, task.Get("runtimePlatform"))
		assert.Equal(t, accountArn+":role/webordinary-edit-task"+s.Suffix, task.Text("taskRoleArn"))
		assert.Equal(t, accountArn+":role/webordinary-edit-execution"+s.Suffix, task.Text("executionRoleArn"))
	})
}

func targetGroupArn(kind string, s stack) string {
	return "arn:aws:elasticloadbalancing:" + regionAccount + ":targetgroup/edit-" + kind + "-tg" + s.Suffix + "/73e2d6bc24d8a067"
}

func TestT02Criterion1TargetGroupsAndRules(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		for kind, want := range map[string]struct {
			port, priority int
			path           string
			sticky         bool
		}{
			"ws": {4322, s.Base + 10, "/ws/*", true}, "api": {8080, s.Base + 20, "/api/*", false},
			"preview": {4321, s.Base + 30, "/preview/*", false},
		} {
			group := s.One(t, "edit-"+kind+"-tg")
			assert.Equal(t, "edit-"+kind+"-tg"+s.Suffix, group.Text("name"))
			assert.EqualValues(t, want.port, group.Get("port"), kind)
			assert.Equal(t, "HTTP", group.Text("protocol"))
			assert.Equal(t, "ip", group.Text("targetType"))
			assert.Equal(t, "vpc-0default", group.Text("vpcId"))
			assert.EqualValues(t, 30, group.Get("deregistrationDelay"))
			assert.Equal(t, want.sticky, group.Get("stickiness.enabled"), kind)

			rule := s.One(t, "edit-"+kind+"-rule")
			assert.EqualValues(t, want.priority, rule.Get("priority"), kind)
			assert.Equal(t, prod(t).Outputs["httpsListenerArn"], rule.Text("listenerArn"), "dev's rules stand on prod's listener")
			assert.Equal(t, list(
				map[string]any{"hostHeader": map[string]any{"values": list(s.Host)}},
				map[string]any{"pathPattern": map[string]any{"values": list(want.path)}},
			), rule.Get("conditions"))
			assert.Equal(t, list(map[string]any{
				"type":           "forward",
				"targetGroupArn": targetGroupArn(kind, s),
			}), rule.Get("actions"))
			assert.Empty(t, rule.Request.GetIgnoreChanges(), "%s: the static rules are Pulumi's alone", kind)
			assert.True(t, rule.Request.GetDeleteBeforeReplace(), "%s: a listener takes each priority once", kind)
		}
	})
}

func TestT02Criterion1ServiceRegistersItsTasksInEveryGroup(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		var want []any
		for _, kind := range []struct {
			name string
			port int
		}{{"ws", 4322}, {"api", 8080}, {"preview", 4321}} {
			want = append(want, map[string]any{
				"containerName": "claude-code-astro", "containerPort": float64(kind.port),
				"targetGroupArn": targetGroupArn(kind.name, s),
			})
		}
		assert.ElementsMatch(t, want, s.One(t, "edit-service").Get("loadBalancers"))
	})
}

// Task 02, criterion 2: "Container starts and passes health checks".
func TestT02Criterion2Container(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		c := containerOf(t, s.Deployment)
		assert.Equal(t, "claude-code-astro", c.Name)
		assert.Equal(t, account+".dkr.ecr.us-west-2.amazonaws.com/webordinary/claude-code-astro:latest", c.Image)
		assert.Equal(t, "disabled", c.Consistency, "else a pushed image never reaches a wake (D19)")
		assert.True(t, c.Essential)
		var ports []int
		for _, p := range c.PortMappings {
			ports = append(ports, p.ContainerPort)
			assert.Equal(t, p.ContainerPort, p.HostPort, "awsvpc maps ports to themselves")
			assert.Equal(t, "tcp", p.Protocol)
		}
		assert.Equal(t, []int{4321, 4322, 8080}, ports)
		environment := map[string]string{}
		for i, variable := range c.Environment {
			environment[variable.Name] = variable.Value
			if i > 0 {
				assert.Less(t, c.Environment[i-1].Name, variable.Name, "sorted, whatever order ECS returns them in")
			}
		}
		assert.Equal(t, map[string]string{
			"ASTRO_DEV_MODE": "true", "WORKSPACE_PATH": "/workspace", "AUTO_SHUTDOWN_MINUTES": s.configured(t, "autoShutdownMinutes"),
			"CLIENT_ID": "ameliastamps", "USER_ID": "scott", "DEFAULT_REPO": "https://github.com/jscotthorn/amelia-astro.git",
			"PUBLIC_HOST": s.Host, "WORKSPACE_BUCKET": "webordinary-workspaces" + s.Suffix + "-" + account,
		}, environment)
		assert.LessOrEqual(t, c.StopTimeout, 120, "Fargate's most")
		assert.GreaterOrEqual(t, c.StopTimeout, 30, "time to save a session")
		assert.True(t, c.LinuxParameters.InitProcessEnabled)
		assert.Equal(t, true, s.One(t, "edit-task-definition").Get("skipDestroy"), "the circuit breaker goes back to an active one (D19)")
	})
}

// The program sends what DescribeTaskDefinition returns, so that the next preview is empty (D20).
func TestContainerDefinitionsAreWhatECSReturns(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		sent := s.One(t, "edit-task-definition").Text("containerDefinitions")
		returned, err := sandboxtest.DescribedContainers(sent, true)
		require.NoError(t, err)
		assert.JSONEq(t, returned, sent)
	})
}

func TestT02Criterion2SecretsComeByFullArn(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		secrets := map[string]string{}
		for _, secret := range containerOf(t, s.Deployment).Secrets {
			secrets[secret.Name] = secret.ValueFrom
		}
		secretArn := "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/"
		assert.Equal(t, map[string]string{
			"ANTHROPIC_API_KEY": secretArn + "anthropic-api-key" + s.Suffix + "-AbCdEf",
			"GITHUB_TOKEN":      secretArn + "github-token" + s.Suffix + "-AbCdEf",
		}, secrets)
	})
}

func TestT02Criterion2LogsAreKeptAWeek(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		group := s.One(t, "edit-log-group")
		assert.Equal(t, "/ecs/webordinary-edit"+s.Suffix, group.Text("name"))
		assert.EqualValues(t, 7, group.Get("retentionInDays"))
		logging := containerOf(t, s.Deployment).LogConfiguration
		assert.Equal(t, "awslogs", logging.LogDriver)
		assert.Equal(t, map[string]string{
			"awslogs-group": group.Text("name"), "awslogs-region": "us-west-2", "awslogs-stream-prefix": "edit",
		}, logging.Options)
	})
}

func TestT02Criterion2HealthChecks(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		for _, kind := range []string{"api", "preview", "ws"} {
			assert.Equal(t, map[string]any{
				"path": "/health", "port": "8080", "protocol": "HTTP", "matcher": "200", "interval": 30.0, "timeout": 5.0,
				"healthyThreshold": 2.0, "unhealthyThreshold": 3.0,
			}, s.One(t, "edit-"+kind+"-tg").Get("healthCheck"), "%s: only the API's port answers /health (D2)", kind)
		}
		grace := s.One(t, "edit-service").Get("healthCheckGracePeriodSeconds")
		assert.EqualValues(t, 600, grace)
		assert.InDelta(t, (decide.WakeLimit - time.Minute).Seconds(), grace, 0, "the scaler's patience belongs to it (D21)")
	})
	fast := variation{Config: map[string]string{
		"healthIntervalSeconds": "5", "healthTimeoutSeconds": "4", "healthPath": "/up", "apiPort": "9000",
	}}.deploy(t)
	check := fast.One(t, "edit-ws-tg")
	assert.EqualValues(t, 5, check.Get("healthCheck.interval"))
	assert.EqualValues(t, 4, check.Get("healthCheck.timeout"))
	assert.Equal(t, "/up", check.Text("healthCheck.path"))
	assert.Equal(t, "9000", check.Text("healthCheck.port"))
}

// The paths that a start takes: in from the load balancer, out to AWS and to the file system (D1, D13).
func TestT02Criterion2TaskCanBeReachedAndCanReachOut(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		assert.Equal(t, map[string]any{
			"assignPublicIp": true, "subnets": list(publicSubnetA, publicSubnetB), "securityGroups": list(taskSG),
		}, s.One(t, "edit-service").Get("networkConfiguration"), "the default VPC has no NAT: without an address no image is pulled (D1)")
		for kind, port := range map[string]int{"api": 8080, "preview": 4321, "ws": 4322} {
			for _, end := range []struct{ name, group, peer string }{
				{"edit-" + kind + "-ingress", taskSG, loadBalancerSG}, {"edit-" + kind + "-egress", loadBalancerSG, taskSG},
			} {
				rule := s.One(t, end.name)
				assert.Equal(t, end.group, rule.Text("securityGroupId"), end.name)
				assert.Equal(t, end.peer, rule.Text("referencedSecurityGroupId"), end.name)
				assert.EqualValues(t, port, rule.Get("fromPort"), end.name)
				assert.EqualValues(t, port, rule.Get("toPort"), end.name)
				assert.Equal(t, "tcp", rule.Text("ipProtocol"), end.name)
			}
		}
		out := s.One(t, "edit-https-egress")
		assert.Equal(t, taskSG, out.Text("securityGroupId"))
		assert.Equal(t, "0.0.0.0/0", out.Text("cidrIpv4"))
		assert.EqualValues(t, 443, out.Get("toPort"))
	})
}

// Tasks pass each other requests (D36): on one port, from their own group only, and not where there is only one task.
func TestTasksReachEachOtherWhereThereMayBeSeveral(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		for _, name := range []string{"edit-peers-ingress", "edit-peers-egress"} {
			rule := s.One(t, name)
			assert.Equal(t, taskSG, rule.Text("securityGroupId"), name)
			assert.Equal(t, taskSG, rule.Text("referencedSecurityGroupId"), name)
			assert.EqualValues(t, 8079, rule.Get("fromPort"), name)
			assert.EqualValues(t, 8079, rule.Get("toPort"), name)
			assert.Nil(t, rule.Get("cidrIpv4"), name)
		}
	})
	alone := variation{Config: map[string]string{"maxCapacity": "1"}}.deploy(t)
	for _, r := range alone.Resources {
		assert.NotContains(t, r.Name, "edit-peers")
	}
}

// Task 02, criterion 3: "Auto-scaling from zero works".
func TestT02Criterion3Scaling(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		resource := "service/webordinary-edit-cluster" + s.Suffix + "/webordinary-edit" + s.Suffix
		target := s.One(t, "edit-scaling")
		assert.EqualValues(t, 0, target.Get("minCapacity"))
		assert.EqualValues(t, 3, target.Get("maxCapacity"))
		assert.Equal(t, resource, target.Text("resourceId"))
		assert.Equal(t, "ecs", target.Text("serviceNamespace"))
		assert.Equal(t, "ecs:service:DesiredCount", target.Text("scalableDimension"))
		for name, want := range map[string]struct {
			metric string
			value  float64
		}{
			"cpu": {"ECSServiceAverageCPUUtilization", 40}, "memory": {"ECSServiceAverageMemoryUtilization", 60},
		} {
			policy := s.One(t, "edit-"+name+"-scaling")
			assert.Equal(t, "webordinary-edit-"+name+s.Suffix, policy.Text("name"))
			assert.Equal(t, "TargetTrackingScaling", policy.Text("policyType"))
			assert.Equal(t, resource, policy.Text("resourceId"))
			assert.Equal(t, "ecs:service:DesiredCount", policy.Text("scalableDimension"))
			tracking := policy.Get("targetTrackingScalingPolicyConfiguration").(map[string]any)
			assert.Equal(t, want.value, tracking["targetValue"])
			assert.Equal(t, map[string]any{"predefinedMetricType": want.metric}, tracking["predefinedMetricSpecification"])
			assert.Nil(t, tracking["disableScaleIn"])
		}
		assert.Len(t, s.OfType("aws:appautoscaling/policy:Policy"), 2, "nothing else scales: the scaler owns 0 to 1 (D4)")
	})
}

// The spec's "Scale up: when API request received" and "Scale down: after 5 minutes of inactivity": a rule sends what no
// task can serve to the scaler, which also looks every minute (D4).
func TestT02Criterion3RequestsAndTheClockReachTheScaler(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		rule := s.One(t, "scaler-waker-rule")
		assert.EqualValues(t, s.Base+1, rule.Get("priority"), "above the three static rules while the service sleeps")
		assert.Equal(t, []string{"priority"}, rule.Request.GetIgnoreChanges(), "the scaler moves it")
		assert.Equal(t, list(
			map[string]any{"hostHeader": map[string]any{"values": list(s.Host)}},
			map[string]any{"pathPattern": map[string]any{"values": list("/api/*", "/preview/*")}},
		), rule.Get("conditions"))
		group := s.One(t, "scaler-tg")
		assert.Equal(t, "lambda", group.Text("targetType"))
		assert.Equal(t, "edit-waker-tg"+s.Suffix, group.Text("name"))
		assert.Equal(t, true, group.Get("lambdaMultiValueHeadersEnabled"))
		assert.Equal(t, "edit-waker-tg"+s.Suffix, arnName(rule.Text("actions.0.targetGroupArn")))

		function := s.One(t, "scaler-function")
		assert.Equal(t, "webordinary-edit-scaler"+s.Suffix, function.Text("name"))
		assert.Nil(t, function.Get("vpcConfig"), "in a public subnet it could not reach AWS")
		environment := function.Get("environment.variables").(map[string]any)
		assert.Equal(t, s.configured(t, "autoShutdownMinutes"), environment["IDLE_MINUTES"])
		assert.Equal(t, fmt.Sprint(s.Base), environment["RULE_PRIORITY_BASE"])
		assert.Equal(t, "webordinary-edit-cluster"+s.Suffix, environment["CLUSTER_NAME"])
		assert.Equal(t, "webordinary-edit"+s.Suffix, environment["SERVICE_NAME"])
		assert.Equal(t, "rate(1 minute)", s.One(t, "scaler-schedule").Text("scheduleExpression"))
		assertInvokedOnlyBy(t, s, "scaler-waker-permission", "elasticloadbalancing.amazonaws.com")
		assertInvokedOnlyBy(t, s, "scaler-schedule-permission", "events.amazonaws.com")
	})
}

// arnName is the name in a target group's ARN.
func arnName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 1 {
		return parts[1]
	}
	return arn
}

func assertInvokedOnlyBy(t *testing.T, s stack, name, service string) {
	t.Helper()
	permission := s.One(t, name)
	assert.Equal(t, "lambda:InvokeFunction", permission.Text("action"), name)
	assert.Equal(t, service, permission.Text("principal"), name)
	assert.NotEmpty(t, permission.Text("sourceArn"), "%s: any other account could invoke the function", name)
}

// The spec's "Scale down: after 5 minutes of inactivity" is the default, and one number for the container and the scaler.
func TestT02Criterion3FiveMinutesOfInactivity(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 5, infratest.ProjectSchema(t, root)["autoShutdownMinutes"].Default)
	longer := variation{Config: map[string]string{"autoShutdownMinutes": "7"}}.deploy(t)
	found := false
	for _, variable := range containerOf(t, longer).Environment {
		if variable.Name == "AUTO_SHUTDOWN_MINUTES" {
			found = variable.Value == "7"
		}
	}
	assert.True(t, found)
	assert.Equal(t, "7", longer.One(t, "scaler-function").Text("environment.variables.IDLE_MINUTES"))
}

// Task 02, criterion 4: "WebSocket connections maintained for HMR".
func TestT02Criterion4WebSockets(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		assert.Equal(t, map[string]any{"type": "lb_cookie", "enabled": true, "cookieDuration": 86400.0},
			s.One(t, "edit-ws-tg").Get("stickiness"))
		rule := s.One(t, "edit-ws-rule")
		for _, other := range s.OfType("aws:lb/listenerRule:ListenerRule") {
			if other.Name == rule.Name {
				continue
			}
			paths := fmt.Sprint(other.Get("conditions"))
			assert.NotContains(t, paths, "/ws", "%s: sockets go to the container only, a Lambda answers them with 400", other.Name)
		}
	})
	assert.EqualValues(t, 4000, prod(t).One(t, "load-balancer-alb").Get("idleTimeout"), "a quiet socket stays open")
}

// Task 02, criterion 5: "EFS volume persists workspace between restarts".
func TestT02Criterion5WorkspaceVolume(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		assert.Equal(t, list(map[string]any{"name": "workspace", "efsVolumeConfiguration": map[string]any{
			"fileSystemId": "workspace-file-system-id", "transitEncryption": "ENABLED",
			"authorizationConfig": map[string]any{"accessPointId": "workspace-clients-id", "iam": "ENABLED"},
		}}), s.One(t, "edit-task-definition").Get("volumes"))
		mounts := containerOf(t, s.Deployment).MountPoints
		require.Len(t, mounts, 1)
		assert.Equal(t, "workspace", mounts[0].SourceVolume)
		assert.Equal(t, "/workspace", mounts[0].ContainerPath)
		assert.False(t, mounts[0].ReadOnly)
	})
}

// Task 02, criterion 6: "Costs < $10/month at 10 hours usage". What this service adds costs nothing while it sleeps; the
// cost report has the sums.
func TestT02Criterion6NothingCostsMoneyAsleep(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		for _, r := range s.Resources {
			for _, expensive := range []string{
				"ec2/natGateway", "ec2/eip", "ec2/vpcEndpoint", "rds/", "elasticache/", "globalaccelerator/", "wafv2/", "awsx:ec2:Vpc",
			} {
				assert.NotContains(t, r.Type, expensive, "%s is paid by the hour", r.Name)
			}
			assert.Nil(t, r.Get("provisionedConcurrencyConfig"), r.Name)
		}
		assert.Len(t, s.OfType("aws:ecs/service:Service"), 1)
		assert.LessOrEqual(t, len(s.OfType("aws:secretsmanager/secret:Secret")), 3, "$0.40 each")
		assert.LessOrEqual(t, len(s.OfType("aws:cloudwatch/metricAlarm:MetricAlarm")), 10, "ten are free")
		assert.LessOrEqual(t, len(s.OfType("aws:cloudwatch/dashboard:Dashboard")), 3, "three are free")
		balancers := map[string]int{"prod": 1, "dev": 0}[s.Name]
		assert.Len(t, s.OfType("aws:lb/loadBalancer:LoadBalancer"), balancers, "about $24 a month each")
	})
}

// edgeInput is what the function that edits the distribution is asked for; other fields are refused.
type edgeInput struct {
	DistributionID string `json:"distributionId"`
	Owner          string `json:"owner"`
	Origin         struct {
		ID                 string `json:"id"`
		DomainName         string `json:"domainName"`
		ReadTimeoutSeconds int    `json:"readTimeoutSeconds"`
	} `json:"origin"`
	Behaviors []edgeBehavior `json:"behaviors"`
	Quotas    map[string]int `json:"quotas"`
}

type edgeBehavior struct {
	PathPattern           string   `json:"pathPattern"`
	AllowedMethods        []string `json:"allowedMethods"`
	Compress              bool     `json:"compress"`
	ViewerProtocolPolicy  string   `json:"viewerProtocolPolicy"`
	CachePolicyID         string   `json:"cachePolicyId"`
	OriginRequestPolicyID string   `json:"originRequestPolicyId"`
}

// Task 02, criterion 7: "CloudFront behaviors route correctly to ALB".
func TestT02Criterion7CloudFrontBehaviors(t *testing.T) {
	t.Parallel()
	assert.Empty(t, prod(t).OfType("aws:lambda/invocation:Invocation"), "no distribution is configured")
	d := variation{Config: map[string]string{"distributionId": "E2QWRUHAPOMQZL"}}.deploy(t)
	invocations := d.OfType("aws:lambda/invocation:Invocation")
	require.Len(t, invocations, 1)
	invocation := invocations[0]
	assert.Equal(t, "CRUD", invocation.Text("lifecycleScope"), "delete takes the behaviors off again")
	assert.Equal(t, "webordinary-edit-behaviors", invocation.Text("functionName"))
	assert.Nil(t, invocation.Get("triggers"), "they would replace the invocation, and so take the behaviors off")
	assert.True(t, invocation.Request.GetDeleteBeforeReplace(), "the other order deletes what it has just added")
	for _, name := range []string{
		"dns-record", "edit-service", "edit-api-rule", "edit-preview-rule", "edit-ws-rule", "scaler-waker-rule",
	} {
		assert.True(t, invocation.DependsOn(name), "the behaviors come after %s and go before it", name)
	}

	var input edgeInput
	invocation.JSON(t, "input", &input)
	assert.Equal(t, "E2QWRUHAPOMQZL", input.DistributionID)
	assert.Equal(t, "alb-origin", input.Origin.ID)
	assert.Equal(t, "edit.ameliastamps.com", input.Origin.DomainName, "the wildcard certificate covers it (D12)")
	assert.NotEmpty(t, input.Owner)
	behavior := func(path string, compress bool, methods ...string) edgeBehavior {
		return edgeBehavior{
			PathPattern: path, AllowedMethods: methods, Compress: compress, ViewerProtocolPolicy: "redirect-to-https",
			// CachingDisabled and AllViewerExceptHostHeader, the same IDs in every account.
			CachePolicyID: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", OriginRequestPolicyID: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
		}
	}
	assert.ElementsMatch(t, []edgeBehavior{
		behavior("/api/*", true, "GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"),
		behavior("/preview/*", false, "GET", "HEAD"),
		behavior("/ws/*", false, "GET", "HEAD", "OPTIONS"),
	}, input.Behaviors)
}

// Task 02, criterion 8: "DNS resolution works for edit.ameliastamps.com".
func TestT02Criterion8Dns(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		record := s.One(t, "dns-record")
		assert.Equal(t, "aws:route53/record:Record", record.Type)
		assert.Equal(t, s.Host, record.Text("name"))
		assert.Equal(t, "CNAME", record.Text("type"))
		assert.EqualValues(t, 300, record.Get("ttl"))
		assert.Equal(t, "Z0123456789ABCDEFGHIJ", record.Text("zoneId"))
		assert.Equal(t, list("webordinary-edit-alb-1234567890.us-west-2.elb.amazonaws.com"), record.Get("records"))
		assert.Equal(t, "https://"+s.Host, s.Outputs["editUrl"])
		assert.Equal(t, 1, strings.Count(strings.TrimSuffix(s.Host, "ameliastamps.com"), "."), "the certificate *.<zone> covers one label")
	})
}

// What Pulumi cannot infer, and a task cannot start without (D11).
func TestServiceWaitsForWhatItsTasksNeed(t *testing.T) {
	t.Parallel()
	d := variation{Secret: richSecrets()}.deploy(t)
	service := d.One(t, "edit-service")
	for _, name := range []string{
		"edit-ws-rule", "edit-api-rule", "edit-preview-rule",
		"workspace-mount-target-0", "workspace-mount-target-1", "workspace-policy",
		"edit-execution-policy", "edit-task-policy",
		"secrets-anthropic-api-key-version", "secrets-github-token-version",
	} {
		assert.True(t, service.DependsOn(name), "the service waits for %s", name)
	}
	assert.True(t, d.One(t, "workspace-bucket-policy").DependsOn("workspace-bucket-public-access-block"),
		"S3 answers both at once with a conflict")
	inEachRun(t, func(t *testing.T, s stack) {
		for _, name := range []string{"edit-ws-rule", "edit-api-rule", "edit-preview-rule", "workspace-mount-target-1", "edit-task-policy"} {
			assert.True(t, s.One(t, "edit-service").DependsOn(name), "the service waits for %s", name)
		}
		for _, name := range []string{"edit-cpu-scaling", "edit-memory-scaling"} {
			assert.True(t, s.One(t, name).DependsOn("edit-scaling"), "%s waits for the scalable target", name)
		}
		assert.True(t, s.One(t, "edit-scaling").DependsOn("edit-service"))
	})
}
