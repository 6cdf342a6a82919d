package infra_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// borrower is dev with other parts shared, beside prod's outputs with some changed or, when nil, missing.
func borrower(t *testing.T, parts string, changed map[string]any) variation {
	t.Helper()
	lender := maps.Clone(prod(t).Outputs)
	for output, value := range changed {
		if value == nil {
			delete(lender, output)
		} else {
			lender[output] = value
		}
	}
	return variation{
		From: "dev", Config: map[string]string{"shared": parts}, References: map[string]map[string]any{"prod": lender},
	}
}

// oneEditor is dev's client with somebody who can come in.
const oneEditor = `[{"id":"ameliastamps","editors":[{"email":"amelia@example.com","user":"amelia"}]}]`

// short gives clients IDs that leave room for dev's suffix.
func short(clients string) string {
	return strings.NewReplacer("client-", "c", "-long", "").Replace(clients)
}

// signingIn are what a lender says of so many clients into whose editors people sign in.
func signingIn(clients int) map[string]any {
	var urls, bases []string
	for i := range clients {
		urls, bases = append(urls, fmt.Sprintf("https://c%d.example.com", i)), append(bases, fmt.Sprint(5000+100*i))
	}
	return map[string]any{"auth": "cognito", "editUrls": strings.Join(urls, ","), "rulePriorityBases": strings.Join(bases, ",")}
}

// ownTypes are what a stack creates for each part, unless another stack lends it.
var ownTypes = map[string][]string{
	"registry": {"aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"},
	"secrets":  {"aws:secretsmanager/secret:Secret"},
	"workspace": {
		"aws:efs/fileSystem:FileSystem", "aws:efs/mountTarget:MountTarget", "aws:efs/accessPoint:AccessPoint", "aws:s3/bucketV2:BucketV2",
	},
	"loadBalancer": {"aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"},
}

// lentOutputs are the outputs in which a part arrives.
var lentOutputs = map[string][]string{
	"registry": {"repositoryUrl", "repositoryArn"},
	"secrets":  {"anthropicApiKeyArn", "githubTokenArn", "awsCredentialsArn"},
	"workspace": {
		"fileSystemId", "fileSystemArn", "clientAccessPointId", "clientAccessPointArn", "workspaceSecurityGroupId", "workspaceBucketName",
	},
	"loadBalancer": {"albArn", "albDnsName", "albZoneId", "httpsListenerArn", "albSecurityGroupId"},
}

// marked are outputs of a lender that can be told from this stack's own: the mocks give equal resources equal IDs.
func marked() map[string]any {
	outputs := map[string]any{}
	for _, names := range lentOutputs {
		for _, name := range names {
			outputs[name] = "lent " + name
		}
	}
	return outputs
}

func TestEachPartIsSharedAloneAndTogether(t *testing.T) {
	t.Parallel()
	for _, parts := range [][]string{
		{"registry"},
		{"secrets"},
		{"workspace"},
		{"loadBalancer"},
		{"registry", "secrets", "workspace", "loadBalancer"},
	} {
		t.Run(strings.Join(parts, "+"), func(t *testing.T) {
			t.Parallel()
			d := borrower(t, `["`+strings.Join(parts, `","`)+`"]`, marked()).deploy(t)
			assert.Equal(t, []string{"organization/webordinary-live-edit/prod"}, d.References)
			for part, types := range ownTypes {
				lent := strings.Contains(strings.Join(parts, " "), part)
				for _, typ := range types {
					own := 0
					for _, r := range d.OfType(typ) {
						// Other parts of the stack may have buckets and the like of their own.
						if typ != "aws:s3/bucketV2:BucketV2" || strings.Contains(r.URN, "infra:WorkspaceBucket$") {
							own++
						}
					}
					assert.Equal(t, lent, own == 0, "%s: %d %s", part, own, typ)
				}
				for _, output := range lentOutputs[part] {
					assert.Equal(t, lent, d.Outputs[output] == "lent "+output, "%s is handed on: %v", output, d.Outputs[output])
				}
			}
		})
	}
}

// The service runs on what is lent: every reference points into the other stack.
func TestBorrowedPartsAreUsed(t *testing.T) {
	t.Parallel()
	lent := map[string]any{
		"repositoryUrl": "lent.example/repo", "repositoryArn": "arn:lent:repo", "anthropicApiKeyArn": "arn:lent:key",
		"githubTokenArn": "arn:lent:token", "awsCredentialsArn": "arn:lent:credentials", "fileSystemId": "fs-lent",
		"fileSystemArn": "arn:lent:fs", "clientAccessPointId": "fsap-lent", "clientAccessPointArn": "arn:lent:fsap",
		"workspaceSecurityGroupId": "sg-lent-efs", "workspaceBucketName": "lent-bucket", "albArn": "arn:lent:alb",
		"albDnsName": "lent.elb.example", "httpsListenerArn": "arn:lent:listener", "albSecurityGroupId": "sg-lent-alb",
	}
	d := borrower(t, `["registry","secrets","workspace","loadBalancer"]`, lent).deploy(t)
	c := containerOf(t, d)
	assert.Equal(t, "lent.example/repo:latest", c.Image)
	assert.Equal(t, "[{ANTHROPIC_API_KEY arn:lent:key} {GITHUB_TOKEN arn:lent:token}]", fmt.Sprint(c.Secrets))
	assert.Contains(t, fmt.Sprint(c.Environment), "{WORKSPACE_BUCKET lent-bucket}")
	volume := d.One(t, "edit-task-definition")
	assert.Equal(t, "fs-lent", volume.Text("volumes.0.efsVolumeConfiguration.fileSystemId"))
	assert.Equal(t, "fsap-lent", volume.Text("volumes.0.efsVolumeConfiguration.authorizationConfig.accessPointId"))
	assert.Equal(t, "sg-lent-efs", d.One(t, "edit-workspace-egress").Text("referencedSecurityGroupId"))
	assert.Equal(t, "sg-lent-efs", d.One(t, "edit-workspace-ingress").Text("securityGroupId"))
	assert.Equal(t, "sg-lent-alb", d.One(t, "edit-api-egress").Text("securityGroupId"))
	assert.Equal(t, "sg-lent-alb", d.One(t, "edit-api-ingress").Text("referencedSecurityGroupId"))
	assert.Equal(t, "arn:lent:listener", d.One(t, "edit-api-rule").Text("listenerArn"))
	assert.Equal(t, list("lent.elb.example"), d.One(t, "dns-record").Get("records"))
	assert.Equal(t, "arn:lent:listener", d.One(t, "scaler-waker-rule").Text("listenerArn"))
	assert.False(t, d.Has("cleanup-function"), "the lender cleans its workspace up")

	execution, task := d.One(t, "edit-execution-policy").Policy(t, "policy"), d.One(t, "edit-task-policy").Policy(t, "policy")
	assert.Equal(t, []string{"arn:lent:repo"}, execution.By(t, "PullTheImage").Resource)
	assert.Equal(t, []string{"arn:lent:key", "arn:lent:token"}, execution.By(t, "ReadTheSecrets").Resource)
	assert.Equal(t, []string{"arn:lent:fs"}, task.By(t, "MountTheWorkspace").Resource)
}

func TestSharedStackIsQualifiedWithProjectAndOrganization(t *testing.T) {
	t.Parallel()
	for name, full := range map[string]string{
		"prod": "organization/webordinary-live-edit/prod", "other/prod": "organization/other/prod", "acme/other/prod": "acme/other/prod",
	} {
		v := borrower(t, `["registry"]`, nil)
		v.Config["sharedStack"] = name
		assert.Equal(t, []string{full}, v.deploy(t).References)
	}
}

// dev's stack file keeps what belongs to clients apart from prod's, and takes what costs money.
func TestDevOwnsItsSecretsAndWorkspaces(t *testing.T) {
	t.Parallel()
	v := borrower(t, "", marked())
	delete(v.Config, "shared") // as the stack file has it
	d := v.deploy(t)
	for part, outputs := range lentOutputs {
		for _, output := range outputs {
			assert.Equal(t, part == "registry" || part == "loadBalancer", d.Outputs[output] == "lent "+output, output)
		}
	}
	for _, output := range slices.Concat(lentOutputs["secrets"], lentOutputs["workspace"]) {
		assert.False(t, strings.Contains(d.Canonical(), "lent "+output), "dev reaches into prod's data: %s", output)
	}
}

func TestMissingOutputNamesStackOutputAndCommand(t *testing.T) {
	t.Parallel()
	for part, outputs := range lentOutputs {
		if part == "loadBalancer" {
			outputs = append([]string{"vpcId", "rulePriorityBase", "editUrl"}, outputs...)
		}
		for _, output := range outputs {
			for _, preview := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s preview %t", part, output, preview), func(t *testing.T) {
					t.Parallel()
					v := borrower(t, `["`+part+`"]`, map[string]any{output: nil})
					v.DryRun = preview
					assert.ErrorContains(t, v.fail(t), fmt.Sprintf(`sharedStack = "prod": expected a stack of this program that lends %s; `+
						`of "organization/webordinary-live-edit/prod" there is a missing stack output: %s. `+
						"If it was deployed by an older program, deploy it again: `pulumi up --stack prod`", part, output))
				})
			}
		}
	}
}

// What a part is made of is checked before anything is registered: with those outputs and no others a stack deploys.
func TestWhatALenderMustHaveIsEnough(t *testing.T) {
	t.Parallel()
	v := borrower(t, `["registry","secrets","workspace","loadBalancer"]`, nil)
	enough := map[string]any{}
	for _, output := range append(slices.Concat(slices.Collect(maps.Values(lentOutputs))...), "vpcId", "rulePriorityBase", "editUrl") {
		enough[output] = v.References["prod"][output]
	}
	v.References["prod"] = enough
	v.deploy(t)
}

func TestOutputOfTheWrongTypeIsReported(t *testing.T) {
	t.Parallel()
	err := borrower(t, `["registry", "loadBalancer"]`, map[string]any{"repositoryUrl": 5, "rulePriorityBase": "100", "albArn": nil}).fail(t)
	for _, says := range []string{
		"repositoryUrl is a float64, not a string", "rulePriorityBase is a string, not a number", "missing stack output: albArn",
	} {
		assert.ErrorContains(t, err, says)
	}
}

func TestSharedStackThatCannotBeHad(t *testing.T) {
	t.Parallel()
	v := borrower(t, `["registry"]`, nil)
	v.Config["sharedStack"] = "production"
	assert.ErrorContains(t, v.fail(t), `sharedStack = "production": expected a stack that there is; `+
		`unknown stack "organization/webordinary-live-edit/production". `+"`pulumi stack ls --all`")

	v = borrower(t, `["registry"]`, nil)
	v.References["prod"] = map[string]any{}
	assert.ErrorContains(t, v.fail(t), "Deploy it first: `pulumi up --stack prod`")

	v = borrower(t, `["registry"]`, nil)
	v.FailInvokes = map[string]error{"pulumi:pulumi:readStackOutputs": errors.New("organization name must be 'organization'")}
	assert.ErrorContains(t, v.fail(t), `expected a stack that can be read; of "organization/webordinary-live-edit/prod" the engine says: `)
	assert.ErrorContains(t, v.fail(t), "organization name must be 'organization'")
}

// What does not fit beside the lender is reported like any other configuration fault, in the preview as well.
func TestSharingThatDoesNotFitIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parts           string
		changed         map[string]any
		config          map[string]string
		key, value, why string
	}{
		"same priority base": {
			parts: `["loadBalancer"]`, config: map[string]string{"rulePriorityBase": "100"}, key: "rulePriorityBase", value: "100",
			why: `a base at least 100 away from that of stack "organization/webordinary-live-edit/prod", 100`,
		},
		"overlapping above": {
			parts: `["loadBalancer"]`, config: map[string]string{"rulePriorityBase": "199"}, key: "rulePriorityBase", value: "199",
			why: "at least 100 away",
		},
		"overlapping below": {
			parts: `["loadBalancer"]`, config: map[string]string{"rulePriorityBase": "1"}, key: "rulePriorityBase", value: "1",
			why: "at least 100 away",
		},
		"same host": {
			parts: `["loadBalancer"]`, config: map[string]string{"host": "edit"}, key: "host", value: "edit",
			why: `another host than stack "organization/webordinary-live-edit/prod" has: https://edit.ameliastamps.com`,
		},
		"load balancer in another VPC": {
			parts: `["loadBalancer"]`, changed: map[string]any{"vpcId": "vpc-0other"}, key: "dedicatedVpc", value: "false",
			why: "vpc-0other, as loadBalancer is shared; this stack is in vpc-0default",
		},
		"workspace in another VPC": {
			parts: `["workspace"]`, config: map[string]string{"dedicatedVpc": "true"}, key: "dedicatedVpc", value: "true",
			why: "vpc-0default, as workspace is shared; this stack is in vpc-0dedicated",
		},
		"workspace of several clients": {
			parts: `["registry","workspace"]`, changed: map[string]any{"editUrls": "https://a,https://b"}, key: "shared", value: "registry, workspace",
			why: "Take workspace out of shared",
		},
		"workspace in which a client's files are kept": {
			parts: `["workspace"]`, changed: map[string]any{"keptClients": "acme: files"}, key: "shared", value: "workspace",
			why: "whose files this stack's tasks would all see",
		},
		"sign-in without the lender's": {
			parts: `["loadBalancer"]`, config: map[string]string{"auth": "cognito", "clients": oneEditor}, key: "auth", value: "cognito",
			why: "no way out to whoever would be asked",
		},
		"more rules than there are beside one client's": {
			parts: `["loadBalancer"]`, config: map[string]string{"clients": short(manyClients(t, 25))}, key: "clients", value: "25",
			why: "at most 24 clients beside the 1 of stack",
		},
		"more rules than there are beside those of clients who sign in": {
			parts: `["loadBalancer"]`, changed: signingIn(16), config: map[string]string{"clients": short(manyClients(t, 2))}, key: "clients", value: "2",
			why: "at most 1 clients beside the 16 of stack",
		},
		"no rule at all": {
			parts: `["loadBalancer"]`, changed: signingIn(17), key: "clients", value: "1", why: "at most 0 clients beside the 17 of stack",
		},
	} {
		for _, preview := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s preview %t", name, preview), func(t *testing.T) {
				t.Parallel()
				v := borrower(t, c.parts, c.changed)
				maps.Copy(v.Config, c.config)
				v.DryRun = preview
				err := v.fail(t)
				assert.ErrorContains(t, err, fmt.Sprintf("%s = %q: expected ", c.key, c.value))
				assert.ErrorContains(t, err, c.why)
				assert.ErrorContains(t, err, `the configuration of stack "dev"`)
			})
		}
	}
}

func TestSharingThatFitsIsAccepted(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"200", "300", "49901"} {
		v := borrower(t, `["loadBalancer"]`, nil)
		v.Config["rulePriorityBase"] = base
		d := v.deploy(t)
		assert.Equal(t, base, fmt.Sprint(d.Outputs["rulePriorityBase"]))
	}
	beside := borrower(t, `["loadBalancer"]`, signingIn(16))
	require.NotNil(t, beside.deploy(t), "its four rules are the last of the hundred")
	signed := borrower(t, `["loadBalancer"]`, map[string]any{"auth": "oidc"})
	signed.Config["auth"], signed.Config["clients"] = "cognito", oneEditor
	assert.Equal(t, "cognito", signed.deploy(t).Outputs["auth"], "and it lends it on as a stack into which people sign in")
	far := borrower(t, `["loadBalancer"]`, map[string]any{"rulePriorityBase": 300})
	require.NotNil(t, far.deploy(t), "below the lender's")
}

// Two stacks of one account and region: no name of AWS's that must be unique appears twice.
func TestNamesOfProdAndDevDoNotCollide(t *testing.T) {
	t.Parallel()
	unique := []string{"name", "bucket", "functionName", "creationToken", "topicName", "family"}
	names := map[string]string{}
	for _, s := range []stack{prod(t), dev(t)} {
		for _, r := range s.Resources {
			if !r.Custom || r.Type == "aws:iam/rolePolicy:RolePolicy" {
				continue // an inline policy's name is unique within its role
			}
			for _, property := range unique {
				name := r.Text(property)
				if name == "" || property == "bucket" && r.Type != "aws:s3/bucketV2:BucketV2" {
					continue
				}
				key := r.Type + " " + property + " " + name
				assert.NotEqual(t, other(s), names[key], "%s of %s is taken by the other stack", key, s.Name)
				names[key] = s.Name
			}
		}
	}
	assert.Greater(t, len(names), 30)
}

func other(s stack) string { return map[string]string{"prod": "dev", "dev": "prod"}[s.Name] }

// All rules on one listener, whichever stack they belong to, have priorities of their own.
func TestRulePrioritiesOfAllStacksAreDifferent(t *testing.T) {
	t.Parallel()
	taken := map[string]string{}
	for _, s := range []stack{prod(t), dev(t)} {
		for _, rule := range s.OfType("aws:lb/listenerRule:ListenerRule") {
			priority := fmt.Sprint(rule.Get("priority"))
			assert.Empty(t, taken[priority], "%s of %s has the priority of another rule", rule.Name, s.Name)
			taken[priority] = s.Name + " " + rule.Name
			number, ok := rule.Get("priority").(float64)
			require.True(t, ok)
			assert.True(t, int(number) >= s.Base && int(number) < s.Base+100, "%s stays within the stack's hundred", rule.Name)
			assert.Contains(t, fmt.Sprint(rule.Get("conditions")), "hostHeader:map[values:["+s.Host+"]]", "%s of %s", rule.Name, s.Name)
		}
	}
	assert.GreaterOrEqual(t, len(taken), 6)
}
