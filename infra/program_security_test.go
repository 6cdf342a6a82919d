package infra_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/webordinary/live-edit/functions/scaler/spec"
	"github.com/webordinary/live-edit/infra/infratest"
)

func TestTheWorldReachesTheLoadBalancerOnly(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		var open []string
		for _, r := range s.Resources {
			for _, inline := range []string{"ingress", "egress"} {
				assert.Nil(t, r.Get(inline), "%s: rules are resources of their own (D13)", r.Name)
			}
			for _, older := range []string{"ec2/securityGroupRule", "ec2/defaultSecurityGroup", "ec2/networkInterfaceSecurityGroupAttachment"} {
				assert.NotContains(t, r.Type, older, r.Name)
			}
			if r.Type != "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" {
				continue
			}
			assert.Equal(t, r.Get("fromPort"), r.Get("toPort"), "%s opens one port", r.Name)
			assert.Equal(t, "tcp", r.Text("ipProtocol"), r.Name)
			if r.Get("referencedSecurityGroupId") != nil || s.Preview && r.Text("cidrIpv4") == "" {
				continue
			}
			open = append(open, fmt.Sprintf("%v %v %v", r.Get("cidrIpv4"), r.Get("fromPort"), r.Name))
			if !s.Preview {
				assert.Equal(t, loadBalancerSG, r.Text("securityGroupId"), r.Name)
			}
			assert.Nil(t, r.Get("cidrIpv6"), r.Name)
			assert.Nil(t, r.Get("prefixListId"), r.Name)
		}
		want := []string{"0.0.0.0/0 443 load-balancer-https-ingress", "0.0.0.0/0 80 load-balancer-http-ingress"}
		if s.Name == "dev" {
			want = nil
		}
		assert.ElementsMatch(t, want, open)
	})
}

// Nothing goes out to everywhere but HTTPS from what has to call AWS, GitHub, npm and the Claude API.
func TestEgressIsNarrow(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		for _, r := range s.OfType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
			assert.Equal(t, r.Get("fromPort"), r.Get("toPort"), "%s opens one port", r.Name)
			assert.Equal(t, "tcp", r.Text("ipProtocol"), r.Name)
			if cidr := r.Text("cidrIpv4"); cidr != "" {
				assert.EqualValues(t, 443, r.Get("toPort"), r.Name)
				assert.NotEqual(t, loadBalancerSG, r.Text("securityGroupId"), "%s: the load balancer reaches its targets only", r.Name)
			}
		}
	})
}

// secretParts are the values that must not be readable anywhere.
func secretParts() []string {
	return []string{"sk-ant-plain-value-1", "ghp-plain-value-2", "plain-value-3", "plain-value-4"}
}

// secretSignature marks a secret in the engine's protocol.
const secretSignature = "1b47061264138c4ac30d75fd1eb44270"

// withoutSecrets replaces every secret of a marshalled value.
func withoutSecrets(value *structpb.Value) *structpb.Value {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_StructValue:
		if kind.StructValue.GetFields()[resource.SigKey].GetStringValue() == secretSignature {
			return structpb.NewStringValue("(secret)")
		}
		for key, field := range kind.StructValue.GetFields() {
			kind.StructValue.Fields[key] = withoutSecrets(field)
		}
	case *structpb.Value_ListValue:
		for i, item := range kind.ListValue.GetValues() {
			kind.ListValue.Values[i] = withoutSecrets(item)
		}
	}
	return value
}

func TestSecretValuesStandInSecretPropertiesOnly(t *testing.T) {
	t.Parallel()
	for _, dryRun := range []bool{false, true} {
		d := variation{Config: richConfig(), Secret: richSecrets(), DryRun: dryRun}.deploy(t)
		for _, part := range secretParts() {
			assert.True(t, strings.Contains(d.Canonical(), part), "the value is deployed")
		}
		for _, r := range d.Resources {
			request, ok := proto.Clone(r.Request).(interface{ GetObject() *structpb.Struct })
			require.True(t, ok)
			withoutSecrets(structpb.NewStructValue(request.GetObject()))
			data, err := json.Marshal(request)
			require.NoError(t, err)
			for _, part := range secretParts() {
				assert.False(t, strings.Contains(string(data), part), "%s shows a secret", r.URN)
			}
		}
		outputs, err := json.Marshal(d.Outputs)
		require.NoError(t, err)
		for _, part := range secretParts() {
			assert.False(t, strings.Contains(string(outputs), part), "an output shows a secret")
		}
		for _, version := range d.OfType("aws:secretsmanager/secretVersion:SecretVersion") {
			assert.True(t, version.IsSecret("secretString"), version.Name)
		}
		assert.Len(t, d.OfType("aws:secretsmanager/secretVersion:SecretVersion"), 3)
		assert.Empty(t, d.SecretOutputs)
	}
}

// A policy document somewhere in the inputs.
type foundPolicy struct {
	where  string
	policy infratest.Policy
	// ofCI marks the roles of GitHub's workflows, off by default, which create resources and so cannot name them all;
	// infra/ci/ci_test.go tries what they may do.
	ofCI bool
}

// policiesOf finds every policy document, whatever the property it stands in.
func policiesOf(t *testing.T, s stack) []foundPolicy {
	t.Helper()
	var found []foundPolicy
	for _, r := range s.Resources {
		for _, key := range r.Inputs.StableKeys() {
			text := r.Text(string(key))
			var shape map[string]json.RawMessage
			if json.Unmarshal([]byte(text), &shape) != nil || shape["Statement"] == nil {
				continue
			}
			found = append(found, foundPolicy{
				where: r.Name + " " + string(key), policy: r.Policy(t, string(key)), ofCI: strings.Contains(r.URN, "webordinary:infra:CI$"),
			})
		}
	}
	return found
}

// unrestrictable are the actions that AWS does not let a policy restrict to a resource (Service Authorization
// Reference), each with the policy that may have it. The scaler's are those of which its rights say so; TestLifeOfTheScaler in e2e holds
// that against what the account authorises them on.
var unrestrictable = map[string]struct{ policy, why string }{
	"ecr:GetAuthorizationToken": {"edit-execution-policy", "the token is the account's"},
	// Lambda user guide, "Giving Lambda functions access to resources in an Amazon VPC": Lambda asks for these on everything
	// before it connects a function. TestCleanupMayMountAndReportOnly sees them refused to the function's own code.
	"ec2:AssignPrivateIpAddresses":   {"cleanup-vpc-policy", "Lambda checks it"},
	"ec2:CreateNetworkInterface":     {"cleanup-vpc-policy", "Lambda checks it"},
	"ec2:DeleteNetworkInterface":     {"cleanup-vpc-policy", "Lambda checks it"},
	"ec2:DescribeNetworkInterfaces":  {"cleanup-vpc-policy", "describing knows no resources"},
	"ec2:DescribeSubnets":            {"cleanup-vpc-policy", "describing knows no resources"},
	"ec2:UnassignPrivateIpAddresses": {"cleanup-vpc-policy", "Lambda checks it"},
}

func TestPoliciesAllowNoWildcards(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		policies := policiesOf(t, s)
		if !s.Preview {
			assert.Greater(t, len(policies), 6)
		}
		for _, p := range policies {
			for _, statement := range p.policy.Statement {
				where := p.where + " " + statement.Sid
				assert.NotEmpty(t, statement.Sid, "%s says what it is for", p.where)
				assert.NotEmpty(t, statement.Action, where)
				assertNoWildcardAction(t, where, statement)
				if !p.ofCI && statement.Effect == "Allow" {
					assertNarrow(t, where, statement)
				}
			}
		}
	})
}

func assertNoWildcardAction(t *testing.T, where string, statement infratest.PolicyStatement) {
	t.Helper()
	for _, action := range statement.Action {
		if !strings.Contains(action, "*") {
			continue
		}
		// A refusal may be broad; this is the only one.
		assert.Equal(t, "Deny", statement.Effect, "%s allows %s", where, action)
		assert.Equal(t, "s3:*", action, where)
		assert.Equal(t, "RefusePlainHTTP", statement.Sid, where)
	}
}

func assertNarrow(t *testing.T, where string, statement infratest.PolicyStatement) {
	t.Helper()
	assert.NotEqual(t, map[string]any{"AWS": "*"}, statement.Principal, "%s allows anybody", where)
	for _, arn := range statement.Resource {
		parts := strings.SplitN(arn, ":", 6)
		if arn == "*" || len(parts) == 6 && strings.Trim(parts[5], "*/") == "" {
			for _, action := range statement.Action {
				exception, ok := unrestrictable[action]
				assert.True(t, ok && strings.HasPrefix(where, exception.policy+" ") || mayBeTheScalers(where, action),
					"%s allows %s on everything", where, action)
				if action == "ecs:ListTasks" {
					assert.Contains(t, statement.Condition["ArnEquals"], "ecs:cluster", where)
				}
			}
			continue
		}
		assert.Len(t, parts, 6, "%s: %s is an ARN", where, arn)
		for _, part := range parts[:5] {
			assert.NotContains(t, part, "*", "%s: %s", where, arn)
		}
	}
}

// mayBeTheScalers says that the scaler's policy allows an action of which its rights say that it takes no resource.
func mayBeTheScalers(where, action string) bool {
	return strings.HasPrefix(where, "scaler-function-policy ") && slices.ContainsFunc(spec.Rights(), func(right spec.Right) bool {
		return (right.On == spec.Anything || right.On == spec.AnyOfItsCluster) && slices.Contains(right.Actions, action)
	})
}

func TestNoRoleHasAManagedPolicy(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, r := range s.Resources {
			assert.NotContains(t, r.Text("policyArn"), "arn:aws:iam::aws:", "%s: AWS's managed policies allow more than one thing of ours", r.Name)
			if r.Type == "aws:iam/role:Role" {
				assert.Nil(t, r.Get("managedPolicyArns"), r.Name)
				assert.Nil(t, r.Get("inlinePolicies"), "%s: inline policies and separate ones undo each other", r.Name)
			}
		}
	})
}

func TestRolesTrustOneServiceOrProvider(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		services := map[string]string{}
		for _, role := range s.OfType("aws:iam/role:Role") {
			for _, statement := range role.Policy(t, "assumeRolePolicy").Statement {
				assert.Equal(t, "Allow", statement.Effect)
				require.Len(t, statement.Principal, 1, role.Name)
				switch principal := statement.Principal["Service"].(type) {
				case []any:
					require.Len(t, principal, 1, role.Name)
					services[role.Name], _ = principal[0].(string)
					assert.Equal(t, []string{"sts:AssumeRole"}, statement.Action)
				default:
					assert.NotNil(t, statement.Principal["Federated"], role.Name)
					assert.Equal(t, []string{"sts:AssumeRoleWithWebIdentity"}, statement.Action, role.Name)
					assert.NotEmpty(t, statement.Condition, "%s: any workflow on GitHub could assume it", role.Name)
				}
			}
		}
		assert.Equal(t, "ecs-tasks.amazonaws.com", services["mount-roles-task"])
		assert.Equal(t, "ecs-tasks.amazonaws.com", services["edit-execution-role"])
		assert.Equal(t, "lambda.amazonaws.com", services["mount-roles-cleanup"])
	})
}

// D3: what ECS may do before the container runs.
func TestExecutionRoleMayStartThisContainerOnly(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		policy := s.One(t, "edit-execution-policy")
		assert.Equal(t, "webordinary-edit-execution"+s.Suffix, policy.Text("role"))
		secretArn := "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/"
		assertStatements(t, policy, map[string]grant{
			"LogInToTheRegistry": {"ecr:GetAuthorizationToken": {"*"}},
			"PullTheImage": allow(
				[]string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
				"arn:aws:ecr:"+regionAccount+":repository/webordinary/claude-code-astro"),
			"WriteTheLog": allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"},
				"arn:aws:logs:"+regionAccount+":log-group:/ecs/webordinary-edit"+s.Suffix+":*"),
			"ReadTheSecrets": allow([]string{"secretsmanager:GetSecretValue"},
				secretArn+"anthropic-api-key"+s.Suffix+"-AbCdEf", secretArn+"github-token"+s.Suffix+"-AbCdEf"),
		})
	})
}

// T02 §1: S3 read and write, secrets, CloudWatch Logs; D3 adds the workspace and task protection.
func TestTaskRoleMayDoWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		policy := s.One(t, "edit-task-policy")
		assert.Equal(t, "webordinary-edit-task"+s.Suffix, policy.Text("role"))
		secretArn := "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/"
		bucket := "arn:aws:s3:::webordinary-workspaces" + s.Suffix + "-" + account
		assertStatements(t, policy, map[string]grant{
			"ListTheWorkspaceBucket":         allow([]string{"s3:ListBucket"}, bucket),
			"ReadAndWriteTheWorkspaceBucket": allow([]string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, bucket+"/*"),
			"ReadTheSecrets": allow([]string{"secretsmanager:GetSecretValue"},
				secretArn+"anthropic-api-key"+s.Suffix+"-AbCdEf", secretArn+"github-token"+s.Suffix+"-AbCdEf"),
			"WriteTheLog": allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"},
				"arn:aws:logs:"+regionAccount+":log-group:/ecs/webordinary-edit"+s.Suffix+":*"),
			"MountTheWorkspace": allow([]string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
				"arn:aws:elasticfilesystem:"+regionAccount+":file-system/workspace-file-system-id"),
			"SayThatASessionIsBusy": allow([]string{"ecs:GetTaskProtection", "ecs:UpdateTaskProtection"},
				"arn:aws:ecs:"+regionAccount+":task/webordinary-edit-cluster"+s.Suffix+"/*"),
		})
		assert.Equal(t, map[string]map[string][]string{"StringEquals": {
			"elasticfilesystem:AccessPointArn": {"arn:aws:elasticfilesystem:" + regionAccount + ":access-point/workspace-clients-id"},
		}}, policy.Policy(t, "policy").By(t, "MountTheWorkspace").Condition)
	})
}

// grant is the resources of each action.
type grant map[string][]string

func allow(actions []string, arns ...string) grant {
	g := grant{}
	for _, action := range actions {
		g[action] = arns
	}
	return g
}

// assertStatements checks that a policy allows exactly what is wanted, by Sid.
func assertStatements(t *testing.T, policy infratest.Resource, want map[string]grant) {
	t.Helper()
	got := map[string]grant{}
	for _, statement := range policy.Policy(t, "policy").Statement {
		assert.Equal(t, "Allow", statement.Effect)
		got[statement.Sid] = allow(statement.Action, statement.Resource...)
	}
	assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for sid, statement := range want {
		assert.Equal(t, statement, got[sid], sid)
	}
}

// D10: mounting without TLS, without an access point or by anybody else is refused, whatever a role may be allowed.
func TestFileSystemRefusesOpenAndForeignMounts(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		assertMountPolicy(t, s.Deployment, []string{
			accountArn + ":role/webordinary-edit-task" + s.Suffix, accountArn + ":role/webordinary-workspace-cleanup" + s.Suffix,
		})
	})
	lender := variation{Config: map[string]string{"mountRoleArns": `["` + accountArn + `:role/webordinary-edit-task-dev"]`}}.deploy(t)
	assertMountPolicy(t, lender, []string{
		accountArn + ":role/webordinary-edit-task", accountArn + ":role/webordinary-workspace-cleanup",
		accountArn + ":role/webordinary-edit-task-dev",
	})
}

// The switch for a file system that does not know the caller's ARN (D23) drops that refusal, and nothing else.
func TestRefusalByArnCanBeDropped(t *testing.T) {
	t.Parallel()
	with := variation{}.deploy(t).One(t, "workspace-policy").Policy(t, "policy")
	without := variation{Config: map[string]string{"refuseOtherRoles": "false"}}.deploy(t).One(t, "workspace-policy").Policy(t, "policy")
	require.Equal(t, "RefuseOtherRoles", with.Statement[3].Sid)
	assert.Equal(t, with.Statement[:3], without.Statement)
}

func assertMountPolicy(t *testing.T, d *infratest.Deployment, roles []string) {
	t.Helper()
	resourcePolicy := d.One(t, "workspace-policy")
	assert.Equal(t, "workspace-file-system-id", resourcePolicy.Text("fileSystemId"))
	assert.Nil(t, resourcePolicy.Get("bypassPolicyLockoutSafetyCheck"))
	policy := resourcePolicy.Policy(t, "policy")
	fileSystem := []string{"arn:aws:elasticfilesystem:" + regionAccount + ":file-system/workspace-file-system-id"}
	var names []any
	for _, role := range roles {
		names = append(names, role)
	}
	require.Len(t, policy.Statement, 4)
	mount := policy.By(t, "MountByOurRoles")
	assert.Equal(t, "Allow", mount.Effect)
	assert.Equal(t, map[string]any{"AWS": names}, mount.Principal)
	assert.Equal(t, []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}, mount.Action, "nobody is root")
	assert.Equal(t, fileSystem, mount.Resource)
	assert.Equal(t, map[string]map[string][]string{"Bool": {"elasticfilesystem:AccessedViaMountTarget": {"true"}}}, mount.Condition)
	for sid, condition := range map[string]map[string]map[string][]string{
		"RefuseWithoutTLS":         {"Bool": {"aws:SecureTransport": {"false"}}},
		"RefuseWithoutAccessPoint": {"Null": {"elasticfilesystem:AccessPointArn": {"true"}}},
		"RefuseOtherRoles":         {"ArnNotEquals": {"aws:PrincipalArn": roles}},
	} {
		refusal := policy.By(t, sid)
		assert.Equal(t, "Deny", refusal.Effect, sid)
		assert.Equal(t, map[string]any{"AWS": "*"}, refusal.Principal, sid)
		assert.Equal(t, []string{
			"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess",
		}, refusal.Action, sid)
		assert.Equal(t, fileSystem, refusal.Resource, sid)
		assert.Equal(t, condition, refusal.Condition, sid)
	}
}

func TestWorkspaceBucketIsPrivateVersionedAndEncrypted(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		name := "webordinary-workspaces" + s.Suffix + "-" + account
		assert.Equal(t, name, s.One(t, "workspace-bucket").Text("bucket"))
		assert.Nil(t, s.One(t, "workspace-bucket").Get("forceDestroy"))
		block := s.One(t, "workspace-bucket-public-access-block")
		for _, setting := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			assert.Equal(t, true, block.Get(setting), setting)
		}
		assert.Equal(t, "BucketOwnerEnforced", s.One(t, "workspace-bucket-ownership").Text("rule.objectOwnership"))
		assert.Equal(t, "Enabled", s.One(t, "workspace-bucket-versioning").Text("versioningConfiguration.status"))
		assert.Equal(t, "AES256",
			s.One(t, "workspace-bucket-encryption").Text("rules.0.applyServerSideEncryptionByDefault.sseAlgorithm"))
		policy := s.One(t, "workspace-bucket-policy").Policy(t, "policy")
		require.Len(t, policy.Statement, 1)
		refusal := policy.By(t, "RefusePlainHTTP")
		assert.Equal(t, "Deny", refusal.Effect)
		assert.Equal(t, map[string]any{"AWS": "*"}, refusal.Principal)
		assert.Equal(t, []string{"s3:*"}, refusal.Action)
		assert.Equal(t, []string{"arn:aws:s3:::" + name, "arn:aws:s3:::" + name + "/*"}, refusal.Resource)
		assert.Equal(t, map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}}, refusal.Condition)
		for _, setting := range []string{"public-access-block", "ownership", "versioning", "encryption", "policy"} {
			assert.Equal(t, name, s.One(t, "workspace-bucket-"+setting).Text("bucket"), setting)
		}
	})
}
