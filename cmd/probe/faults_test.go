package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// Types of the deployed resources that tests break.
const (
	typeCertificate  = "aws:acm/certificate:Certificate"
	typeListener     = "aws:lb/listener:Listener"
	typeRule         = "aws:lb/listenerRule:ListenerRule"
	typeFileSystem   = "aws:efs/fileSystem:FileSystem"
	typeRepository   = "aws:ecr/repository:Repository"
	typeLifecycle    = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	typeSecret       = "aws:secretsmanager/secret:Secret"
	typeSecretPolicy = "aws:secretsmanager/secretPolicy:SecretPolicy"
	typeVersion      = "aws:secretsmanager/secretVersion:SecretVersion"
	typeRolePolicy   = "aws:iam/rolePolicy:RolePolicy"
	typeFunction     = "aws:lambda/function:Function"
	typeParameter    = "aws:ssm/parameter:Parameter"
	typeTaskDef      = "aws:ecs/taskDefinition:TaskDefinition"
	repositoryName   = "webordinary/claude-code-astro"
	claudeKey        = "anthropicApiKeyArn"
	executionPolicy  = "edit-execution-policy"
	taskPolicy       = "edit-task-policy"
	scalerPolicyName = "scaler-function-policy"
)

// still is a fault of a stack that is not woken for it. It returns what undoes it.
type still struct {
	breaks func(*stage) (undo func())
	fails  []string
	says   []string
}

func (s *stage) listener(port string) string { return s.named(typeListener, "port", port) }

func fixed(text string) []any {
	return []any{map[string]any{"type": "fixed-response", "order": 1, "fixedResponse": map[string]any{
		"statusCode": "200", "contentType": "text/plain", "messageBody": text,
	}}}
}

// policy edits an inline policy.
func (s *stage) policy(name, old, replacement string) (undo func()) {
	id := s.named(typeRolePolicy, "name", name)
	before, _ := s.Get(typeRolePolicy, id)
	text := before.State["policy"].StringValue()
	require.Contains(s.t, text, old)
	return s.set(typeRolePolicy, id, "policy", strings.ReplaceAll(text, old, replacement))
}

var listenerFaults = map[string]still{
	"a certificate of another host": {
		func(s *stage) func() {
			undo := s.set(typeCertificate, sandboxtest.CertificateARN, "subjectAlternativeNames", []any{"elsewhere.com"})
			s.set(typeCertificate, sandboxtest.CertificateARN, "domainName", "*.elsewhere.com")
			return undo
		},
		[]string{report.TLS},
		[]string{"not edit.ameliastamps.com", "certificateArn", "The browser warns of the certificate"},
	},
	"a certificate that was not renewed": {
		func(s *stage) func() {
			soon := time.Now().Add(3 * 24 * time.Hour).UTC().Format(time.RFC3339)
			return s.set(typeCertificate, sandboxtest.CertificateARN, "notAfter", soon)
		},
		[]string{report.TLS},
		[]string{"2 days", "ACM does not renew"},
	},
	"an old security policy": {
		func(s *stage) func() {
			return s.set(typeListener, s.listener("443"), "sslPolicy", "ELBSecurityPolicy-2016-08")
		},
		[]string{report.TLS},
		[]string{"TLS 1.1", "security policy"},
	},
	"no HTTPS listener": {
		func(s *stage) func() { return s.remove(typeListener, s.listener("443")) },
		[]string{report.TLS},
		[]string{"a TLS connection to edit.ameliastamps.com", "port 443"},
	},
	"no redirect": {
		func(s *stage) func() { return s.set(typeListener, s.listener("80"), "defaultActions", fixed("plain")) },
		[]string{report.Redirect},
		[]string{`"plain"`, "expected 301"},
	},
	"another default answer": {
		func(s *stage) func() {
			return s.set(typeListener, s.listener("443"), "defaultActions", fixed("It works!"))
		},
		[]string{report.DefaultAnswer},
		[]string{`"It works!"`, "default action"},
	},
	"no waker": {
		func(s *stage) func() { return s.remove(typeRule, s.named(typeRule, "actions", "edit-waker-tg")) },
		[]string{report.Deployed},
		[]string{"503 from the load balancer", "neither the waker nor the container answered"},
	},
	"rules of another host": {
		func(s *stage) func() {
			var undo []func()
			for _, rule := range s.List(typeRule) {
				undo = append(undo, s.set(typeRule, rule.ID, "conditions", []any{
					map[string]any{"hostHeader": map[string]any{"values": []any{"other.ameliastamps.com"}}},
				}))
			}
			return func() {
				for _, f := range undo {
					f()
				}
			}
		},
		[]string{report.Deployed},
		[]string{"the stack is not deployed, or under another host", report.DefaultText},
	},
	"a scaler that may not look": {
		func(s *stage) func() {
			return s.policy(scalerPolicyName, "ecs:DescribeServices", "ecs:DescribeCapacityProviders")
		},
		nil, nil, // the waker answers "unknown", which is a state
	},
}

var foundationFaults = map[string]still{
	"no image of that tag": {
		func(s *stage) func() {
			return s.remove(sandboxtest.TypeImage, s.named(sandboxtest.TypeImage, "repositoryName", repositoryName))
		},
		[]string{report.Image},
		[]string{repositoryName + ":latest of the task definition; came it is not in the registry"},
	},
	"an image of another registry": {
		func(s *stage) func() {
			id := s.named(typeTaskDef, "family", "webordinary-edit")
			return s.set(typeTaskDef, id, "containerDefinitions", `[{"name":"claude-code-astro","image":"docker.io/library/nginx"}]`)
		},
		[]string{report.Image},
		[]string{"none of its containers has one of 942734823970"},
	},
	"no repository": {
		func(s *stage) func() {
			return s.remove(typeRepository, s.named(typeRepository, "name", repositoryName))
		},
		[]string{report.Registry, report.Image},
		[]string{"the repository " + repositoryName + "; came there is none"},
	},
	"no lifecycle policy": {
		func(s *stage) func() {
			return s.remove(typeLifecycle, s.named(typeLifecycle, "repository", repositoryName))
		},
		[]string{report.Registry},
		[]string{"images pile up"},
	},
	"a lifecycle policy that keeps everything": {
		func(s *stage) func() {
			return s.set(typeLifecycle, s.named(typeLifecycle, "repository", repositoryName), "policy", `{"rules":[]}`)
		},
		[]string{report.Registry},
		[]string{"none of its rules"},
	},
	"no secret": {
		func(s *stage) func() { return s.remove(typeSecret, s.outputs[claudeKey].(string)) },
		[]string{report.Secrets},
		[]string{"webordinary/anthropic-api-key", "there is none with the ARN of the outputs"},
	},
	"a secret without a value": {
		func(s *stage) func() {
			return s.remove(typeVersion, s.named(typeVersion, "secretId", s.outputs[claudeKey].(string)))
		},
		[]string{report.Secrets},
		[]string{"it has no value", "put-secret-value"},
	},
	"a secret that another role reads": {
		func(s *stage) func() {
			return s.policy(scalerPolicyName, `"ecs:DescribeServices"`, `"ecs:DescribeServices","secretsmanager:GetSecretValue"`)
		},
		nil, nil, // the statement is about the service, not about a secret
	},
	"secrets that another role reads": {
		func(s *stage) func() {
			id := s.named(typeRolePolicy, "name", scalerPolicyName)
			return s.set(typeRolePolicy, id, "policy", `{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Action":"secretsmanager:*","Resource":"`+s.outputs[claudeKey].(string)+`"}]}`)
		},
		[]string{report.Readers},
		[]string{"whether role webordinary-edit-scaler may read webordinary/anthropic-api-key; came yes", "-reader"},
	},
	"AWS credentials that the task reads": {
		func(s *stage) func() {
			return s.policy(taskPolicy, s.outputs[claudeKey].(string), s.outputs["awsCredentialsArn"].(string))
		},
		[]string{report.Readers},
		[]string{
			"whether role webordinary-edit-task may read webordinary/anthropic-api-key; came no",
			"whether role webordinary-edit-task may read webordinary/aws-credentials; came yes",
		},
	},
	"a secret that the execution role cannot read": {
		func(s *stage) func() {
			return s.policy(executionPolicy, "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
		},
		[]string{report.Readers},
		[]string{
			"whether role webordinary-edit-execution may read webordinary/anthropic-api-key; came no",
			"whether role webordinary-edit-execution may read webordinary/github-token; came no",
		},
	},
	"a secret with a policy of its own": {
		func(s *stage) func() {
			policy := sandboxtest.Resource{Type: typeSecretPolicy, ID: "foreign", State: resource.NewPropertyMapFromMap(map[string]any{
				"secretArn": s.outputs[claudeKey], "policy": `{"Version":"2012-10-17","Statement":[]}`,
			})}
			require.NoError(s.t, s.Put(policy))
			return func() { require.NoError(s.t, s.Remove(policy.Type, policy.ID)) }
		},
		[]string{report.Readers},
		[]string{"the resource policy of webordinary/anthropic-api-key"},
	},
	"files that stay in expensive storage": {
		func(s *stage) func() {
			return s.set(typeFileSystem, s.outputs["fileSystemId"].(string), "lifecyclePolicies", []any{})
		},
		[]string{report.FileSystem},
		[]string{"none moves files"},
	},
	"files that are not encrypted": {
		func(s *stage) func() {
			return s.set(typeFileSystem, s.outputs["fileSystemId"].(string), "encrypted", false)
		},
		[]string{report.FileSystem},
		[]string{"the encryption of fs-"},
	},
	"no file system": {
		func(s *stage) func() { return s.remove(typeFileSystem, s.outputs["fileSystemId"].(string)) },
		[]string{report.FileSystem},
		[]string{"there is none"},
	},
}

// TestFaultsThatNeedNoWake breaks one served stack in each way in turn, and mends it again.
func TestFaultsThatNeedNoWake(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serve(s.options())
	for flag, faults := range map[string]map[string]still{"-json": listenerFaults, "-foundation": foundationFaults} {
		for name, c := range faults {
			undo := c.breaks(s)
			found := s.run("-wakes", "0", flag)
			undo()
			requireOnly(t, name, found, c.fails, c.says)
		}
		found := s.run("-wakes", "0", flag)
		require.Empty(t, verdicts(found, report.Fail), "mended: %s", told(t, found))
	}
}

// requireOnly checks that these criteria failed and no others, in these words.
func requireOnly(t testing.TB, name string, found *report.Report, fails, says []string) {
	t.Helper()
	text := ""
	for _, result := range found.Results {
		for _, fault := range result.Faults {
			text += fault.String() + "\n"
		}
	}
	require.ElementsMatch(t, fails, verdicts(found, report.Fail), "%s: %s", name, told(t, found))
	for _, part := range says {
		require.Contains(t, text, part, name)
	}
	code := report.ExitPass
	if len(fails) > 0 {
		code = report.ExitFail
	}
	if code != found.ExitCode() {
		assert.Equal(t, report.ExitUnmeasured, found.ExitCode(), "%s: %s", name, told(t, found))
		assert.Empty(t, fails, name)
	}
}

// live is a fault of a stack that has to be woken to see it: everything but these criteria passes.
type live struct {
	breaks func(*stage, *sandboxtest.ServeOptions)
	wakes  string
	fails  []string
	says   []string
	misses []string
}

func demo(fault string) func(*stage, *sandboxtest.ServeOptions) {
	return func(_ *stage, o *sandboxtest.ServeOptions) {
		o.Container, o.ContainerEnv = sandboxtest.ContainerPlain, map[string]string{"DEMO_FAULT": fault}
	}
}

func edit(old, replacement string) func(*stage, *sandboxtest.ServeOptions) {
	return func(s *stage, _ *sandboxtest.ServeOptions) {
		require.NoError(s.t, sandboxtest.EditDistribution(s.Account, distributionID, time.Now(), func(config string) string {
			require.Contains(s.t, config, old)
			return strings.Replace(config, old, replacement, 1)
		}))
	}
}

var afterWake = []string{
	report.WakeTime, report.StaysHealthy, report.API, report.Preview, report.Socket, report.Sessions, report.CloudFront, report.EdgeErrors,
}

var liveFaults = map[string]live{
	"no image": {
		func(s *stage, o *sandboxtest.ServeOptions) {
			o.KeepEmpty = true
			for _, output := range []string{claudeKey, "githubTokenArn"} {
				require.NoError(s.t, sandboxtest.PutSecret(s.Account, s.outputs[output].(string), "value", time.Now()))
			}
		},
		"1",
		[]string{report.Starts},
		[]string{"class image: The editor's image could not be loaded.", "push the image"},
		afterWake,
	},
	"no secret": {
		func(_ *stage, o *sandboxtest.ServeOptions) { o.KeepEmpty = true },
		"1",
		[]string{report.Starts},
		[]string{"class secret: A secret that the editor needs is missing", "pendingSecrets"},
		afterWake,
	},
	"unhealthy": {
		demo("unhealthy"), "1", []string{report.Starts}, []string{"a wake from zero"}, afterWake,
	},
	"a container that nobody can reach": {
		demo("deaf"), "1", []string{report.Starts}, []string{"a wake from zero", "5m", "container's log"}, afterWake,
	},
	"a container that installs for eight minutes": { // a slower clock, so that a busy machine has a minute to spare
		func(_ *stage, o *sandboxtest.ServeOptions) { o.ContainerBoot, o.Speed = 8*time.Minute, 10 }, "1", nil, nil, nil,
	},
	"crashing": {demo("crash"), "1", []string{report.Starts}, []string{"class exit", "container's log"}, afterWake},
	"slow": {
		func(s *stage, o *sandboxtest.ServeOptions) { s.timed, o.Timing = true, sandboxtest.Timing{} },
		"1",
		[]string{report.WakeTime},
		[]string{"how long a wake takes", "p95", "healthIntervalSeconds"},
		nil,
	},
	"no preview rule": {
		func(s *stage, _ *sandboxtest.ServeOptions) {
			s.set(typeRule, s.named(typeRule, "actions", "edit-preview-tg"), "conditions", []any{
				map[string]any{"pathPattern": map[string]any{"values": []any{"/elsewhere/*"}}},
			})
		},
		"1",
		[]string{report.Preview},
		[]string{"200 from the waker", "the listener rule for /preview/* is missing"},
		[]string{report.Sessions},
	},
	"no API rule": { // the waker tells that the service is ready, and gets the requests all the same
		func(s *stage, _ *sandboxtest.ServeOptions) {
			s.set(typeRule, s.named(typeRule, "actions", "edit-api-tg"), "conditions", []any{
				map[string]any{"pathPattern": map[string]any{"values": []any{"/elsewhere/*"}}},
			})
		},
		"1",
		[]string{report.Starts},
		[]string{"state ready", "the listener rule for /api/* is missing"},
		afterWake,
	},
	"a target group without a rule": { // its targets stay unused, so that the service is never ready
		func(s *stage, _ *sandboxtest.ServeOptions) {
			s.remove(typeRule, s.named(typeRule, "actions", "edit-preview-tg"))
		},
		"1",
		[]string{report.Starts},
		[]string{"every target group has its listener rule"},
		afterWake,
	},
	"no WebSocket rule": {
		func(s *stage, _ *sandboxtest.ServeOptions) {
			s.remove(typeRule, s.named(typeRule, "actions", "edit-ws-tg"))
		},
		"1",
		[]string{report.Socket},
		[]string{"the listener rule for /ws/* is missing"},
		nil,
	},
	"a preview without base": {
		demo("no-preview"), "1", []string{report.Preview}, []string{"404 from the container"}, []string{report.Sessions},
	},
	"no sockets": {demo("no-sockets"), "1", []string{report.Socket}, []string{"no WebSocket: 404 from the container", "port 4322"}, nil},
	"dropped sockets": {
		demo("drop-sockets"), "1", []string{report.Socket}, []string{"connection lost", "idle timeout is still 4000 s"}, nil,
	},
	"no check endpoint": {demo("no-check"), "1", nil, nil, []string{report.Sessions, report.EdgeErrors}},
	"a deployment of the distribution's owner": {
		func(s *stage, _ *sandboxtest.ServeOptions) {
			require.NoError(s.t, sandboxtest.EditDistribution(s.Account, distributionID, time.Now(), func(config string) string {
				return behaviours.ReplaceAllString(config, "<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>")
			}))
		},
		"1",
		[]string{report.CloudFront},
		[]string{"/api/*", "/preview/*", "/ws/*", "-plan", "Behaviours vanished"},
		[]string{report.EdgeErrors},
	},
	"too few methods": {
		func(s *stage, _ *sandboxtest.ServeOptions) {
			require.NoError(s.t, sandboxtest.EditDistribution(s.Account, distributionID, time.Now(), func(config string) string {
				return sevenMethods.ReplaceAllString(config, "<AllowedMethods><Quantity>2</Quantity><Items><Method>GET</Method>"+
					"<Method>HEAD</Method></Items>")
			}))
		},
		"1",
		[]string{report.CloudFront},
		[]string{"PUT /api/check/", "403 from CloudFront"},
		[]string{report.EdgeErrors},
	},
	"kept errors": {
		edit(noErrorPages, errorPagesOf("<ErrorCachingMinTTL>300</ErrorCachingMinTTL>")),
		"1",
		[]string{report.EdgeErrors},
		[]string{"after it was stored", "Age"},
		nil,
	},
	"replaced errors": {
		edit(noErrorPages, errorPagesOf("<ResponsePagePath>/index.html</ResponsePagePath><ResponseCode>200</ResponseCode>"+
			"<ErrorCachingMinTTL>10</ErrorCachingMinTTL>")),
		"1",
		[]string{report.EdgeErrors},
		[]string{"expected the container's 404", "Warnings"},
		nil,
	},
	"a lost workspace": {
		demo("lose-workspace"), "2", []string{report.Workspace}, []string{"after a sleep; came 404 from the container"}, nil,
	},
	"sockets that count as use": { // the silent tab's kind of request is taken for somebody at work
		func(s *stage, _ *sandboxtest.ServeOptions) {
			s.exact = true
			id := s.named(typeFunction, "name", "webordinary-edit-scaler")
			before, _ := s.Get(typeFunction, id)
			var environment struct {
				Environment struct {
					Variables map[string]any `json:"variables"`
				} `json:"environment"`
			}
			require.NoError(s.t, sandboxtest.Decode(before.State, &environment))
			group := s.named("aws:lb/targetGroup:TargetGroup", "name", "edit-ws-tg")
			environment.Environment.Variables["API_TARGET_GROUP_ARN"] = group
			s.set(typeFunction, id, "environment", map[string]any{"variables": environment.Environment.Variables})
		},
		"2",
		[]string{report.Sleeps},
		[]string{"with a silent WebSocket open", "a tab that polls"},
		[]string{report.Workspace},
	},
	"never sleeps": {
		func(s *stage, o *sandboxtest.ServeOptions) {
			s.exact = true
			demo("stay-protected")(s, o)
		},
		"2",
		[]string{report.Sleeps},
		[]string{"with a silent WebSocket open", "still awake 16m", "a task that stays protected"},
		[]string{report.Workspace},
	},
}

func errorPagesOf(content string) string {
	return "<CustomErrorResponses><Quantity>1</Quantity><Items><CustomErrorResponse><ErrorCode>404</ErrorCode>" + content +
		"</CustomErrorResponse></Items></CustomErrorResponses>"
}

// TestFaultsOfALivingStack serves a copy of the stack for each fault.
func TestFaultsOfALivingStack(t *testing.T) {
	t.Parallel()
	for name, c := range liveFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			options := s.options()
			c.breaks(s, &options)
			s.serve(options)
			found := s.run("-wakes", c.wakes, "-socket", "0.5")
			requireOnly(t, name, found, c.fails, c.says)
			for _, result := range found.Results {
				left := strings.HasPrefix(result.Reason, "not asked for") || result.ID == report.DNS || result.Limit == "" || result.ID == report.Cost
				missed := result.Verdict == report.NotMeasured && !left
				assert.Equal(t, slices.Contains(c.misses, result.ID), missed, "%s: %s", result.ID, told(t, found))
			}
		})
	}
}

// TestAServiceThatGoesAwayWhileItIsUsed lets the health checks fail while the probe holds its socket. As the service does
// not come back, the check file stays, and is named.
func TestAServiceThatGoesAwayWhileItIsUsed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serve(s.options())
	const typeGroup = "aws:lb/targetGroup:TargetGroup"
	notes := &watcher{text: "stays open", call: func() {
		for _, kind := range []string{"api", "preview", "ws"} {
			s.set(typeGroup, s.named(typeGroup, "name", "edit-"+kind+"-tg"), "healthCheck", map[string]any{
				"path": "/gone", "port": "8080", "interval": 5, "timeout": 2, "unhealthyThreshold": 3, "healthyThreshold": 2, "matcher": "200",
			})
		}
	}}
	found := s.probe(notes, "-wakes", "1", "-socket", "4")
	assert.Equal(t, []string{report.StaysHealthy}, verdicts(found, report.Fail), told(t, found))
	assert.Contains(t, told(t, found), "its targets failed their health checks")
	assert.Len(t, found.Leftover, 1)
	assert.Contains(t, told(t, found), "Left behind")
}

// scalesOut lets three tasks answer, as scaling out does, when the sessions begin.
func (s *stage) scalesOut() *watcher {
	const tasks = 3
	return &watcher{text: "sessions at once", call: func() {
		s.set("aws:ecs/service:Service", s.named("aws:ecs/service:Service", "name", "webordinary-edit"), "desiredCount", tasks)
		require.Eventually(s.t, func() bool { return s.serving("edit-api-tg") == tasks }, time.Minute, 10*time.Millisecond)
	}}
}

// TestSeveralTasksPassTheSessions has the supervisor in each of three tasks: whichever a request meets, one of them answers.
func TestSeveralTasksPassTheSessions(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serve(s.options())
	notes := s.scalesOut()
	found := s.probe(notes, "-wakes", "1", "-socket", "0.5")
	assert.Empty(t, notes.text, "three tasks answered")
	requireOnly(t, "three tasks with the supervisor", found, nil, nil)
	assert.Contains(t, verdicts(found, report.Pass), report.Sessions, told(t, found))
}

// TestSeveralTasksFailTheSessions does the same with an image without the supervisor. Its container keeps something in memory, and the
// load balancer sends a session's requests to any of them.
func TestSeveralTasksFailTheSessions(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	options := s.options()
	options.Container = sandboxtest.ContainerPlain
	s.serve(options)
	found := s.probe(s.scalesOut(), "-wakes", "1", "-socket", "0.5")
	requireOnly(t, "three tasks", found, []string{report.Sessions}, []string{
		"/api/check/memory/probe-", "404 from the container", "several tasks answer", "maxCapacity 1",
		`docs/troubleshooting.md, "A session forgets what it has just done"`,
	})
}

// serving counts the healthy targets of a target group.
func (s *stage) serving(group string) int {
	s.t.Helper()
	targets, err := sandboxtest.Targets(s.Account)
	require.NoError(s.t, err)
	n := 0
	for _, target := range targets {
		if strings.Contains(target.TargetGroupARN, "/"+group+"/") && target.State == sandboxtest.TargetHealthy {
			n++
		}
	}
	return n
}
