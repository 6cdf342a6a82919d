package ci_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/ci"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/infratest"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// withCI is a stack whose workflows may deploy it; the state is in a bucket.
var withCI = infratest.Settings{
	"ciRepository": "webordinary/live-edit", "ciStateBucket": "webordinary-pulumi-state", "ciStateKeyArn": infratest.StateKeyArn,
}

func TestNoIdentitiesWithoutARepository(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", nil)
	assert.False(t, d.Has("ci"))
	assert.Empty(t, d.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"))
	for _, role := range d.OfType("aws:iam/role:Role") {
		assert.NotContains(t, role.Text("name"), "ci-")
	}
}

func TestRolesTrustExactlyTheirRuns(t *testing.T) {
	t.Parallel()
	const immutable = "repo:webordinary@12/live-edit@34:"
	for name, c := range map[string]struct {
		stack           string
		changes         infratest.Settings
		preview, deploy []string
	}{
		"prod": {
			"prod", withCI,
			[]string{"repo:webordinary/live-edit:pull_request", "repo:webordinary/live-edit:ref:refs/heads/main"},
			[]string{"repo:webordinary/live-edit:environment:prod"},
		},
		"dev deploys to its own environment": {
			"dev", withCI,
			[]string{"repo:webordinary/live-edit:pull_request", "repo:webordinary/live-edit:ref:refs/heads/main"},
			[]string{"repo:webordinary/live-edit:environment:dev"},
		},
		"with numbers": {
			"prod",
			infratest.Settings{"ciRepository": "webordinary/live-edit", "ciRepositoryIds": "12/34"},
			[]string{immutable + "pull_request", immutable + "ref:refs/heads/main"},
			[]string{immutable + "environment:prod"},
		},
	} {
		d := stacks.Deploy(t, c.stack, c.changes)
		for role, subjects := range map[string][]string{"ci-preview-role": c.preview, "ci-deploy-role": c.deploy} {
			policy := d.One(t, role).Policy(t, "assumeRolePolicy")
			require.Len(t, policy.Statement, 1, name)
			trust := policy.Statement[0]
			assert.Equal(t, "Allow", trust.Effect)
			assert.Equal(t, []string{"sts:AssumeRoleWithWebIdentity"}, trust.Action)
			assert.Equal(t, map[string]map[string][]string{"StringEquals": {
				"token.actions.githubusercontent.com:aud": {"sts.amazonaws.com"}, "token.actions.githubusercontent.com:sub": subjects,
			}}, trust.Condition, "%s: %s; only StringEquals, and never a pattern", name, role)
			assert.NotContains(t, strings.Join(subjects, ""), "*")
		}
	}
}

func TestProviderIsCreatedOncePerAccount(t *testing.T) {
	t.Parallel()
	own := stacks.Deploy(t, "prod", withCI)
	provider := own.One(t, "ci-provider")
	assert.Equal(t, "https://token.actions.githubusercontent.com", provider.Text("url"))
	assert.Equal(t, []any{"sts.amazonaws.com"}, provider.Get("clientIdLists"))
	existing := stacks.Deploy(t, "dev", infratest.Settings{"ciRepository": "webordinary/live-edit", "ciExistingOidcProvider": "true"})
	assert.False(t, existing.Has("ci-provider"))
	for _, role := range []string{"ci-preview-role", "ci-deploy-role"} {
		assert.True(t, own.One(t, role).DependsOn("ci-provider"), role)
		assert.Equal(t,
			map[string]any{"Federated": "arn:aws:iam::942734823970:oidc-provider/token.actions.githubusercontent.com"},
			existing.One(t, role).Policy(t, "assumeRolePolicy").Statement[0].Principal)
	}
}

// claudeKeyArn is the secret of prod.
const claudeKeyArn = "arn:aws:secretsmanager:us-west-2:942734823970:secret:webordinary/anthropic-api-key-AbCdEf"

// stacks are this repository's.
var stacks = infratest.Repository{Root: filepath.Join("..", ".."), Program: infra.Build}

// refused returns the faults of a configuration that is refused.
func refused(t testing.TB, changes infratest.Settings) []config.Fault {
	t.Helper()
	_, err := infratest.Run{Stack: "test", Config: changes.Qualified()}.Try(infra.Build)
	var bad *config.Error
	require.ErrorAs(t, err, &bad, "%v", changes)
	require.NotEmpty(t, bad.Faults)
	return bad.Faults
}

// policiesOf are the documents of the managed policies attached to one of the roles.
func policiesOf(t testing.TB, d *infratest.Deployment, role string) map[string]infratest.Resource {
	t.Helper()
	policies := map[string]infratest.Resource{}
	for _, attachment := range d.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if !strings.HasPrefix(attachment.Name, "ci-"+role+"-") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(attachment.Name, "ci-"+role+"-"), "-attachment")
		policy := d.One(t, "ci-"+role+"-"+name+"-policy")
		assert.True(t, attachment.DependsOn(policy.Name) && attachment.DependsOn("ci-"+role+"-role"), attachment.Name)
		assert.Regexp(t, "^webordinary-ci-"+role+"(-dev)?-"+name+"$", policy.Text("name"), "what the deploy role may not touch goes by name")
		policies[name] = policy
	}
	require.NotEmpty(t, policies)
	return policies
}

// question is what a test asks IAM.
type question struct {
	action, resource string
	context          sandboxtest.ConditionKeys
}

// allowed asks IAM, with the policies that the deployment attaches to the role.
func allowed(t testing.TB, d *infratest.Deployment, role string, q question) bool {
	t.Helper()
	var documents []*sandboxtest.Policy
	for name, policy := range policiesOf(t, d, role) {
		document, err := sandboxtest.ParseIdentityPolicy(name, policy.Text("policy"))
		require.NoError(t, err)
		documents = append(documents, document)
	}
	decision, err := sandboxtest.EvaluatePolicies(sandboxtest.AuthorizationRequest{
		Caller: sandboxtest.Caller{RoleARN: d.One(t, "ci-"+role+"-role").Text("name")}, Action: q.action, Resource: q.resource, Context: q.context,
	}, documents)
	require.NoError(t, err)
	return decision.Allowed()
}

// reading are the beginnings of actions that change nothing.
var reading = regexp.MustCompile(`^[a-z0-9-]+:(Describe|Get|List|View|AdminGet)[A-Za-z]*$|^kms:Decrypt$`)

func TestPreviewRoleOnlyReads(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", infratest.EverythingOn)
	for name, policy := range policiesOf(t, d, "preview") {
		for _, statement := range policy.Policy(t, "policy").Statement {
			assert.Equal(t, "Allow", statement.Effect)
			for _, action := range statement.Action {
				assert.Regexp(t, reading, action, "%s: %s", name, statement.Sid)
				assert.NotEqual(t, "secretsmanager:GetSecretValue", action, "a pull request runs its own code with this role")
				if action == "ssm:GetParameter" || action == "ssm:GetParameters" { // of the lists of who may edit, and nothing else
					assert.Equal(t, []string{infratest.ARN("ssm", "parameter/webordinary-edit-editors")}, statement.Resource)
				}
			}
		}
	}
}

func TestPoliciesNameActionsAndFit(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", infratest.Settings{"dedicatedVpc": "true", "ciRepository": "webordinary/live-edit", "ciStateBucket": "state-bucket"})
	exact := regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)
	unnamed := map[string]bool{"Describe": true, "Create": true}
	for _, role := range []string{"preview", "deploy"} {
		policies := policiesOf(t, d, role)
		assert.LessOrEqual(t, len(policies), 10, "IAM attaches ten managed policies to a role")
		for name, policy := range policies {
			assert.LessOrEqual(t, len(policy.Text("policy")), 6144, "%s %s: IAM's limit of a managed policy", role, name)
			sids := map[string]bool{}
			for _, statement := range policy.Policy(t, "policy").Statement {
				assert.Regexp(t, `^[A-Za-z0-9]+$`, statement.Sid, name)
				assert.False(t, sids[statement.Sid], "%s: two statements %s", name, statement.Sid)
				sids[statement.Sid] = true
				assert.NotEmpty(t, statement.Action, statement.Sid)
				for _, action := range statement.Action {
					assert.Regexp(t, exact, action, "%s: no wildcards in actions", statement.Sid)
				}
				assert.Equal(t, unnamed[statement.Sid], slices.Contains(statement.Resource, "*"), "%s names its resources", statement.Sid)
			}
		}
	}
}

// awsxChildren are the types that awsx components create out of sight of the mocks.
var awsxChildren = map[string][]string{
	"awsx:ec2:DefaultVpc": nil, // looks up only
	"awsx:ec2:Vpc": {
		"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route",
		"aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/internetGateway:InternetGateway",
		"aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip",
	},
}

func TestEveryTypeOfTheProgramHasItsPermissions(t *testing.T) {
	t.Parallel()
	everything := infratest.Settings{"dedicatedVpc": "true", "clients": `["ameliastamps","two"]`}
	for key, value := range infratest.EverythingOn {
		everything[key] = value
	}
	covered := ci.Covered()
	seen := 0
	for _, changes := range []infratest.Settings{everything, infratest.EverythingOn, infratest.SignedIn} {
		for _, r := range stacks.Deploy(t, "prod", changes).Resources {
			types, isAwsx := awsxChildren[r.Type]
			switch {
			case strings.HasPrefix(r.Type, "aws:"):
				types = []string{r.Type}
			case strings.HasPrefix(r.Type, "awsx:"):
				require.True(t, isAwsx, "say here what %s creates", r.Type)
			}
			for _, typ := range types {
				seen++
				assert.True(t, covered[typ], "access.go has no entry for %s (%s)", typ, r.Name)
			}
		}
	}
	assert.Greater(t, seen, 100)
}

func TestDeployRoleChangesItsStackAndNotItself(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", withCI)
	arn := func(service, resource string) string {
		return "arn:aws:" + service + ":us-west-2:942734823970:" + resource
	}
	dns := func(name, typ string) sandboxtest.ConditionKeys {
		return sandboxtest.ConditionKeys{
			"route53:ChangeResourceRecordSetsNormalizedRecordNames": {name}, "route53:ChangeResourceRecordSetsRecordTypes": {typ},
		}
	}
	role := func(name string) string { return "arn:aws:iam::942734823970:role/" + name }
	const workspaces = "arn:aws:s3:::webordinary-workspaces-942734823970"
	zone := "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
	toService := func(service string) sandboxtest.ConditionKeys {
		return sandboxtest.ConditionKeys{"iam:PassedToService": {service}}
	}
	for name, c := range map[string]struct {
		question
		want bool
	}{
		"a role of the stack": {question{"iam:PutRolePolicy", role("webordinary-edit-task"), nil}, true},
		"hand it to ECS":      {question{"iam:PassRole", role("webordinary-edit-task"), toService("ecs-tasks.amazonaws.com")}, true},
		"hand it to EC2":      {question{"iam:PassRole", role("webordinary-edit-task"), toService("ec2.amazonaws.com")}, false},
		"widen itself":        {question{"iam:PutRolePolicy", role("webordinary-ci-deploy"), nil}, false},
		"let others in":       {question{"iam:UpdateAssumeRolePolicy", role("webordinary-ci-preview"), nil}, false},
		"hand itself on":      {question{"iam:PassRole", role("webordinary-ci-deploy"), toService("lambda.amazonaws.com")}, false},
		"widen its policy": {
			question{"iam:CreatePolicyVersion", "arn:aws:iam::942734823970:policy/webordinary-ci-deploy-state", nil}, false,
		},
		"attach a policy":         {question{"iam:AttachRolePolicy", role("webordinary-edit-task"), nil}, false},
		"another's role":          {question{"iam:PutRolePolicy", role("hephaestus-build"), nil}, false},
		"the editors' name":       {question{"route53:ChangeResourceRecordSets", zone, dns("edit.ameliastamps.com", "CNAME")}, true},
		"the site's name":         {question{"route53:ChangeResourceRecordSets", zone, dns("www.ameliastamps.com", "CNAME")}, false},
		"mail":                    {question{"route53:ChangeResourceRecordSets", zone, dns("edit.ameliastamps.com", "MX")}, false},
		"delete images":           {question{"ecr:DeleteRepository", arn("ecr", "repository/webordinary/claude-code-astro"), nil}, false},
		"delete workspaces":       {question{"elasticfilesystem:DeleteFileSystem", arn("elasticfilesystem", "file-system/fs-1"), nil}, false},
		"delete a secret":         {question{"secretsmanager:DeleteSecret", claudeKeyArn, nil}, false},
		"delete a bucket":         {question{"s3:DeleteBucket", workspaces, nil}, false},
		"read a session's files":  {question{"s3:GetObject", workspaces + "/a", nil}, false},
		"write the state":         {question{"s3:PutObject", "arn:aws:s3:::webordinary-pulumi-state/.pulumi/stacks/x", nil}, true},
		"update the service":      {question{"ecs:UpdateService", arn("ecs", "service/webordinary-edit-cluster/webordinary-edit"), nil}, true},
		"put its own alarm":       {question{"cloudwatch:PutMetricAlarm", arn("cloudwatch", "alarm:webordinary-edit-5xx"), nil}, true},
		"silence another's alarm": {question{"cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:billing"), nil}, false},
		"in another region": {
			question{"lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:942734823970:function:webordinary-edit-scaler", nil}, false,
		},
		"a function of the stack":    {question{"lambda:UpdateFunctionCode", arn("lambda", "function:webordinary-edit-scaler"), nil}, true},
		"another's function":         {question{"lambda:UpdateFunctionCode", arn("lambda", "function:hephaestus"), nil}, false},
		"encrypt a secret of Pulumi": {question{"kms:Encrypt", infratest.StateKeyArn, nil}, true},
	} {
		assert.Equal(t, c.want, allowed(t, d, "deploy", c.question), name)
	}
}

func TestDevLeavesProdAlone(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "dev", withCI)
	elb := "arn:aws:elasticloadbalancing:us-west-2:942734823970:"
	const prodService = "arn:aws:ecs:us-west-2:942734823970:service/webordinary-edit-cluster/webordinary-edit"
	for name, c := range map[string]struct {
		question
		want bool
	}{
		"rule on prod's listener": {question{"elasticloadbalancing:CreateRule", elb + "listener/app/webordinary-edit-alb/1/2", nil}, true},
		"prod's listener":         {question{"elasticloadbalancing:DeleteListener", elb + "listener/app/webordinary-edit-alb/1/2", nil}, false},
		"prod's load balancer": {
			question{"elasticloadbalancing:DeleteLoadBalancer", elb + "loadbalancer/app/webordinary-edit-alb/1", nil}, false,
		},
		"own target group":          {question{"elasticloadbalancing:DeleteTargetGroup", elb + "targetgroup/edit-api-tg-dev/1", nil}, true},
		"prod's target group":       {question{"elasticloadbalancing:DeleteTargetGroup", elb + "targetgroup/edit-api-tg/1", nil}, false},
		"prod's service":            {question{"ecs:UpdateService", prodService, nil}, false},
		"prod's role":               {question{"iam:PutRolePolicy", "arn:aws:iam::942734823970:role/webordinary-edit-task", nil}, false},
		"prod's secret":             {question{"secretsmanager:GetSecretValue", claudeKeyArn, nil}, false},
		"prod's state, it needs it": {question{"s3:GetObject", "arn:aws:s3:::webordinary-pulumi-state/.pulumi/stacks/prod.json", nil}, true},
	} {
		assert.Equal(t, c.want, allowed(t, d, "deploy", c.question), name)
	}
}

func TestStateIsOptional(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", infratest.Settings{"ciRepository": "webordinary/live-edit"})
	assert.NotContains(t, policiesOf(t, d, "preview"), "state", "Pulumi Cloud keeps it")
	read := policiesOf(t, stacks.Deploy(t, "prod", withCI), "preview")["state"].Policy(t, "policy")
	assert.Equal(t, []string{"arn:aws:s3:::webordinary-pulumi-state/*"}, read.By(t, "UseTheState").Resource)
	assert.Equal(t, []string{"s3:GetObject"}, read.By(t, "UseTheState").Action)
	assert.Equal(t, []string{infratest.StateKeyArn}, read.By(t, "UseTheSecretsKey").Resource)
}

func TestFaultsOfCI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, value string }{
		{"ciRepository", "no-owner"},
		{"ciRepositoryIds", "12"},
		{"ciRepositoryIds", "a/b"},
		{"ciStateBucket", "Bad_Bucket"},
		{"ciStateKeyArn", "alias/key"},
	} {
		changes := infratest.Settings{"ciRepository": "owner/name"}
		changes[c.key] = c.value
		faults := refused(t, changes)
		assert.Equal(t, []string{c.key, c.value}, []string{faults[0].Key, faults[0].Value})
	}
	assert.Equal(t, "ciRepositoryIds", refused(t, infratest.Settings{"ciRepositoryIds": "12/34"})[0].Key, "without a repository")
}

// named are the types whose names stand in their ARNs: what creates or changes them, and the
// beginning of the ARN behind arn:aws:.
var named = map[string]struct{ action, key, arn string }{
	"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch:PutMetricAlarm", "name", "cloudwatch:us-west-2:942734823970:alarm:"},
	"aws:cloudwatch/dashboard:Dashboard":     {"cloudwatch:PutDashboard", "dashboardName", "cloudwatch::942734823970:dashboard/"},
	"aws:cloudwatch/eventRule:EventRule":     {"events:PutRule", "name", "events:us-west-2:942734823970:rule/"},
	"aws:cloudwatch/logGroup:LogGroup":       {"logs:CreateLogGroup", "name", "logs:us-west-2:942734823970:log-group:"},
	"aws:scheduler/schedule:Schedule": {
		"scheduler:CreateSchedule", "name", "scheduler:us-west-2:942734823970:schedule/default/",
	},
	"aws:sqs/queue:Queue":              {"sqs:CreateQueue", "name", "sqs:us-west-2:942734823970:"},
	"aws:sns/topic:Topic":              {"sns:CreateTopic", "name", "sns:us-west-2:942734823970:"},
	"aws:lambda/function:Function":     {"lambda:CreateFunction", "name", "lambda:us-west-2:942734823970:function:"},
	"aws:iam/role:Role":                {"iam:CreateRole", "name", "iam::942734823970:role/"},
	"aws:budgets/budget:Budget":        {"budgets:ModifyBudget", "name", "budgets::942734823970:budget/"},
	"aws:ecr/repository:Repository":    {"ecr:CreateRepository", "name", "ecr:us-west-2:942734823970:repository/"},
	"aws:secretsmanager/secret:Secret": {"secretsmanager:CreateSecret", "name", "secretsmanager:us-west-2:942734823970:secret:"},
	"aws:s3/bucketV2:BucketV2":         {"s3:CreateBucket", "bucket", "s3:::"},
	"aws:lb/targetGroup:TargetGroup": {
		"elasticloadbalancing:CreateTargetGroup", "name", "elasticloadbalancing:us-west-2:942734823970:targetgroup/",
	},
	"aws:lb/loadBalancer:LoadBalancer": {
		"elasticloadbalancing:CreateLoadBalancer", "name", "elasticloadbalancing:us-west-2:942734823970:loadbalancer/app/",
	},
}

// arnEnds are what follows the name in the ARN of some types.
var arnEnds = map[string]string{
	"aws:secretsmanager/secret:Secret": "-AbCdEf", "aws:lb/targetGroup:TargetGroup": "/73e2d6bc24d8a067",
	"aws:lb/loadBalancer:LoadBalancer": "/50dc6c495c0c9188",
}

func TestDeployRoleReachesEveryNameOfTheStack(t *testing.T) {
	t.Parallel()
	for stack, changes := range map[string]infratest.Settings{"prod": infratest.EverythingOn, "dev": {
		"ciRepository": "webordinary/live-edit", "alarms": "true", "auditTrail": "true", "distributionId": "E2QWRUHAPOMQZL",
	}} {
		d := stacks.Deploy(t, stack, changes)
		asked := 0
		for _, r := range d.Resources {
			how := named[r.Type]
			if how.action == "" {
				continue
			}
			asked++
			name := r.Text(how.key)
			want := !strings.HasPrefix(name, "webordinary-ci-") // its own roles
			q := question{how.action, "arn:aws:" + how.arn + name + arnEnds[r.Type], nil}
			assert.Equal(t, want, allowed(t, d, "deploy", q), "%s: %s %s", stack, how.action, name)
		}
		assert.Greater(t, asked, 20, stack)
	}
}
