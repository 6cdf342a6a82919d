package infra_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// Task 00, criterion 1: "ECR repository created with lifecycle policy".
func TestT00Criterion1RepositoryWithLifecyclePolicy(t *testing.T) {
	t.Parallel()
	d := prod(t)
	repository := d.One(t, "registry-repository")
	assert.Equal(t, "aws:ecr/repository:Repository", repository.Type)
	assert.Equal(t, "webordinary/claude-code-astro", repository.Text("name"))
	assert.Equal(t, true, repository.Get("imageScanningConfiguration.scanOnPush"))
	assert.Equal(t, "MUTABLE", repository.Text("imageTagMutability"))
	assert.Nil(t, repository.Get("forceDelete"), "images go only by the lifecycle policy")

	lifecycle := d.One(t, "registry-lifecycle")
	assert.Equal(t, "webordinary/claude-code-astro", lifecycle.Text("repository"))
	var policy struct {
		Rules []struct {
			RulePriority int    `json:"rulePriority"`
			Description  string `json:"description"`
			Selection    struct {
				TagStatus   string `json:"tagStatus"`
				CountType   string `json:"countType"`
				CountNumber int    `json:"countNumber"`
			} `json:"selection"`
			Action struct {
				Type string `json:"type"`
			} `json:"action"`
		} `json:"rules"`
	}
	lifecycle.JSON(t, "policy", &policy)
	require.Len(t, policy.Rules, 1)
	rule := policy.Rules[0]
	assert.Equal(t, 1, rule.RulePriority)
	assert.Equal(t, "Keep last 10 images", rule.Description)
	assert.Equal(t, "any", rule.Selection.TagStatus)
	assert.Equal(t, "imageCountMoreThan", rule.Selection.CountType)
	assert.Equal(t, 10, rule.Selection.CountNumber)
	assert.Equal(t, "expire", rule.Action.Type)

	assert.Empty(t, dev(t).OfType("aws:ecr/repository:Repository"), "dev takes prod's registry")
	assert.Equal(t, d.Outputs["repositoryUrl"], dev(t).Outputs["repositoryUrl"])
}

// Task 00, criterion 2: "Secrets created in AWS Secrets Manager".
func TestT00Criterion2SecretsInSecretsManager(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		for name, description := range map[string]string{
			"anthropic-api-key": "Claude API key for Claude Code SDK",
			"github-token":      "GitHub personal access token for repository operations",
			"aws-credentials":   "AWS credentials for S3 access",
		} {
			secret := s.One(t, "secrets-"+name)
			assert.Equal(t, "aws:secretsmanager/secret:Secret", secret.Type)
			assert.Equal(t, "webordinary/"+name+s.Suffix, secret.Text("name"))
			assert.Equal(t, description, secret.Text("description"))
		}
		assert.Len(t, s.OfType("aws:secretsmanager/secret:Secret"), 3)
		assert.Empty(t, s.OfType("aws:secretsmanager/secretVersion:SecretVersion"), "no value is configured: no version, no placeholder")
		pending := []string{
			"webordinary/anthropic-api-key" + s.Suffix, "webordinary/github-token" + s.Suffix, "webordinary/aws-credentials" + s.Suffix,
		}
		assert.Equal(t, strings.Join(pending, ","), s.Outputs["pendingSecrets"])
	})
}

func TestT00Criterion2ConfiguredValuesBecomeVersions(t *testing.T) {
	t.Parallel()
	for _, dryRun := range []bool{false, true} {
		d := variation{Secret: map[string]string{"githubToken": "ghp_value"}, DryRun: dryRun}.deploy(t)
		versions := d.OfType("aws:secretsmanager/secretVersion:SecretVersion")
		require.Len(t, versions, 1)
		version := versions[0]
		assert.Equal(t, "secrets-github-token-version", version.Name)
		assert.Equal(t, "ghp_value", version.Text("secretString"))
		assert.True(t, version.IsSecret("secretString"))
		assert.Contains(t, version.Request.GetAdditionalSecretOutputs(), "secretString")
		assert.Equal(t, "webordinary/anthropic-api-key,webordinary/aws-credentials", d.Outputs["pendingSecrets"])
		if !dryRun {
			assert.Equal(t, d.Outputs["githubTokenArn"], version.Text("secretId"))
		}
	}
}

// Task 00, criterion 3: "EFS filesystem created with lifecycle policies".
func TestT00Criterion3FileSystemWithLifecyclePolicies(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		fileSystem := s.One(t, "workspace-file-system")
		assert.Equal(t, "aws:efs/fileSystem:FileSystem", fileSystem.Type)
		assert.Equal(t, "webordinary-workspaces"+s.Suffix, fileSystem.Text("tags.Name"))
		assert.Equal(t, "webordinary-workspaces"+s.Suffix, fileSystem.Text("creationToken"))
		assert.Equal(t, "generalPurpose", fileSystem.Text("performanceMode"))
		assert.Equal(t, "bursting", fileSystem.Text("throughputMode"))
		assert.Equal(t, true, fileSystem.Get("encrypted"))
		assert.Nil(t, fileSystem.Get("kmsKeyId"), "the AWS managed key")
		assert.Equal(t, list(
			map[string]any{"transitionToIa": "AFTER_30_DAYS"},
			map[string]any{"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
		), fileSystem.Get("lifecyclePolicies"))
		assert.Equal(t, "ENABLED", s.One(t, "workspace-backups").Text("backupPolicy.status"))
	})
}

func TestT00Criterion3FileSystemIsReachableInBothZones(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		require.Len(t, s.OfType("aws:efs/mountTarget:MountTarget"), 2)
		for name, subnet := range map[string]string{
			"workspace-mount-target-0": publicSubnetA, "workspace-mount-target-1": publicSubnetB,
		} {
			target := s.One(t, name)
			assert.Equal(t, subnet, target.Text("subnetId"))
			assert.Equal(t, "workspace-file-system-id", target.Text("fileSystemId"))
			assert.Equal(t, list(workspaceSG), target.Get("securityGroups"))
		}
		group := s.One(t, "workspace-security-group")
		assert.Equal(t, "webordinary-edit-workspace"+s.Suffix, group.Text("name"))
		assert.Equal(t, "vpc-0default", group.Text("vpcId"))
		for name, end := range map[string][2]string{
			"edit-workspace-ingress": {workspaceSG, taskSG}, "edit-workspace-egress": {taskSG, workspaceSG},
		} {
			rule := s.One(t, name)
			assert.Equal(t, "tcp", rule.Text("ipProtocol"))
			assert.EqualValues(t, 2049, rule.Get("fromPort"))
			assert.EqualValues(t, 2049, rule.Get("toPort"))
			assert.Equal(t, end[0], rule.Text("securityGroupId"), name)
			assert.Equal(t, end[1], rule.Text("referencedSecurityGroupId"), name)
			assert.Nil(t, rule.Get("cidrIpv4"))
		}
	})
}

func TestT00Criterion3AccessPointsOfClients(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		for name, path := range map[string]string{
			"workspace-clients": "/clients", "workspace-client-ameliastamps": "/clients/ameliastamps",
		} {
			point := s.One(t, name)
			assert.Equal(t, path, point.Text("rootDirectory.path"))
			assert.EqualValues(t, 1000, point.Get("rootDirectory.creationInfo.ownerUid"))
			assert.EqualValues(t, 1000, point.Get("rootDirectory.creationInfo.ownerGid"))
			assert.Equal(t, "755", point.Text("rootDirectory.creationInfo.permissions"))
			assert.EqualValues(t, 1000, point.Get("posixUser.uid"))
			assert.EqualValues(t, 1000, point.Get("posixUser.gid"))
		}
	})
	many := variation{Config: map[string]string{"clients": `["ameliastamps","client2","client3"]`}}.deploy(t)
	assert.Equal(t, "/clients/client3", many.One(t, "workspace-client-client3").Text("rootDirectory.path"))
	assert.Len(t, many.OfType("aws:efs/accessPoint:AccessPoint"), 4)
}

// Task 00, criterion 4: "ALB deployed with HTTPS listener".
func TestT00Criterion4LoadBalancer(t *testing.T) {
	t.Parallel()
	d := prod(t)
	alb := d.One(t, "load-balancer-alb")
	assert.Equal(t, "webordinary-edit-alb", alb.Text("name"))
	assert.Equal(t, "application", alb.Text("loadBalancerType"))
	assert.Equal(t, false, alb.Get("internal"))
	assert.Equal(t, list(publicSubnetA, publicSubnetB), alb.Get("subnets"), "exactly two: each further one costs an address")
	assert.Equal(t, list(loadBalancerSG), alb.Get("securityGroups"))
	assert.EqualValues(t, 4000, alb.Get("idleTimeout"))
	assert.Equal(t, true, alb.Get("dropInvalidHeaderFields"))
	assert.Equal(t, true, alb.Get("enableDeletionProtection"), "prod is protected")
	unprotected := variation{Config: map[string]string{"protect": "false"}}.deploy(t)
	assert.Equal(t, false, unprotected.One(t, "load-balancer-alb").Get("enableDeletionProtection"))

	assert.Empty(t, dev(t).OfType("aws:lb/loadBalancer:LoadBalancer"), "dev takes prod's load balancer")
	assert.Empty(t, dev(t).OfType("aws:lb/listener:Listener"))
}

func TestT00Criterion4HTTPSListener(t *testing.T) {
	t.Parallel()
	d := prod(t)
	https := d.One(t, "load-balancer-https-listener")
	assert.EqualValues(t, 443, https.Get("port"))
	assert.Equal(t, "HTTPS", https.Text("protocol"))
	assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-2021-06", https.Text("sslPolicy"))
	assert.Equal(t, "arn:aws:acm:"+regionAccount+":certificate/3f1c9c6e-0000-4000-8000-000000000001", https.Text("certificateArn"))
	assert.Equal(t, d.Outputs["albArn"], https.Text("loadBalancerArn"))
	assert.Equal(t, list(map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{
		"statusCode": "200", "contentType": "text/plain", "messageBody": "Webordinary ALB - No target configured",
	}}), https.Get("defaultActions"))

	http := d.One(t, "load-balancer-http-listener")
	assert.EqualValues(t, 80, http.Get("port"))
	assert.Equal(t, "HTTP", http.Text("protocol"))
	assert.Equal(t, d.Outputs["albArn"], http.Text("loadBalancerArn"))
	assert.Equal(t, list(map[string]any{"type": "redirect", "redirect": map[string]any{
		"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301",
	}}), http.Get("defaultActions"), "permanently")
	assert.Len(t, d.OfType("aws:lb/listener:Listener"), 2)
}

// Task 00, criterion 5: "All resources tagged appropriately". The provider adds the default tags of the stack file to
// everything that takes tags, so nothing may go around it.
func TestT00Criterion5EverythingIsTagged(t *testing.T) {
	t.Parallel()
	inEachRun(t, func(t *testing.T, s stack) {
		values := infratest.StackValues(t, root, s.Name)
		assert.Equal(t, "us-west-2", values["aws:region"])
		assert.Equal(t, map[string]any{"tags": map[string]any{
			"Project": "webordinary-live-edit", "Environment": s.Name, "ManagedBy": "pulumi",
		}}, values["aws:defaultTags"])
		for _, r := range s.Resources {
			assert.Empty(t, r.Request.GetProvider(), "%s uses a provider without the default tags", r.Name)
			assert.Empty(t, r.Request.GetProviders(), "%s uses a provider without the default tags", r.Name)
			assert.NotContains(t, r.Type, "pulumi:providers:", "%s is a provider without the default tags", r.Name)
			own, _ := r.Get("tags").(map[string]any)
			for key := range own {
				assert.NotContains(t, []string{"Project", "Environment", "ManagedBy"}, key, "%s sets a default tag itself", r.Name)
			}
		}
		assert.Equal(t, "SERVICE", s.One(t, "edit-service").Text("propagateTags"), "tasks carry the tags of their service")
		assert.Equal(t, true, s.One(t, "edit-service").Get("enableEcsManagedTags"))
	})
}

// cfnExports are what the CDK stacks export or import (T00 §1–4, T02), and the outputs that replace them.
var cfnExports = map[string]string{
	"ClaudeCodeAstroRepoUri": "repositoryUrl", "ClaudeCodeAstroRepoArn": "repositoryArn",
	"AnthropicApiKeyArn": "anthropicApiKeyArn", "GitHubTokenArn": "githubTokenArn",
	"WorkspaceEFSId": "fileSystemId", "WorkspaceEFSArn": "fileSystemArn", "ClientAccessPointId": "clientAccessPointId",
	"WebordinaryALBArn": "albArn", "WebordinaryALBDnsName": "albDnsName",
}

// Task 00, criterion 6: "CloudFormation outputs exported for cross-stack reference".
func TestT00Criterion6OutputsForOtherStacks(t *testing.T) {
	t.Parallel()
	documented := documentedOutputs(t)
	inEachStack(t, func(t *testing.T, s stack) {
		for export, output := range cfnExports {
			assert.NotEmpty(t, s.Outputs[output], "%s replaces %s", output, export)
			assert.Contains(t, documented[output], "`"+export+"`", "docs/outputs.md maps %s", export)
		}
		for name, value := range s.Outputs {
			assert.Contains(t, documented, name, "docs/outputs.md lacks an output")
			switch value.(type) {
			case string, int, bool, float64:
			default:
				assert.Failf(t, "not a scalar", "%s is a %T", name, value)
			}
			assert.Regexp(t, `^[a-z][A-Za-z0-9]*$`, name)
		}
		for name := range documented {
			assert.Contains(t, s.Outputs, name, "docs/outputs.md has an output that the program lacks")
		}
		assert.Empty(t, s.SecretOutputs)
	})
}

// documentedOutputs reads the table of docs/outputs.md: the second column by output.
func documentedOutputs(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "outputs.md"))
	require.NoError(t, err)
	outputs := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		columns := strings.Split(line, "|")
		if len(columns) != 5 {
			continue
		}
		for _, name := range regexp.MustCompile("`([a-zA-Z0-9]+)`").FindAllStringSubmatch(columns[1], -1) {
			outputs[name[1]] = columns[2]
		}
	}
	require.Greater(t, len(outputs), 15, "the table was not found")
	return outputs
}

func TestT00Criterion6OutputsTellWhatAWSAssigned(t *testing.T) {
	t.Parallel()
	d := prod(t)
	for output, want := range map[string]any{
		"repositoryUrl":            account + ".dkr.ecr.us-west-2.amazonaws.com/webordinary/claude-code-astro",
		"repositoryArn":            "arn:aws:ecr:" + regionAccount + ":repository/webordinary/claude-code-astro",
		"anthropicApiKeyArn":       "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/anthropic-api-key-AbCdEf",
		"githubTokenArn":           "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/github-token-AbCdEf",
		"awsCredentialsArn":        "arn:aws:secretsmanager:" + regionAccount + ":secret:webordinary/aws-credentials-AbCdEf",
		"fileSystemId":             "workspace-file-system-id",
		"fileSystemArn":            "arn:aws:elasticfilesystem:" + regionAccount + ":file-system/workspace-file-system-id",
		"clientAccessPointId":      "workspace-clients-id",
		"clientAccessPointArn":     "arn:aws:elasticfilesystem:" + regionAccount + ":access-point/workspace-clients-id",
		"workspaceSecurityGroupId": workspaceSG,
		"workspaceBucketName":      "webordinary-workspaces-" + account,
		"vpcId":                    "vpc-0default",
		"albArn":                   "arn:aws:elasticloadbalancing:" + regionAccount + ":loadbalancer/app/webordinary-edit-alb/50dc6c495c0c9188",
		"albDnsName":               "webordinary-edit-alb-1234567890.us-west-2.elb.amazonaws.com",
		"albZoneId":                "Z1H1FL5HABSF5",
		"httpsListenerArn":         "arn:aws:elasticloadbalancing:" + regionAccount + ":listener/app/load-balancer-https-listener",
		"albSecurityGroupId":       loadBalancerSG,
		"clusterName":              "webordinary-edit-cluster",
		"serviceName":              "webordinary-edit",
		"taskDefinitionArn":        "arn:aws:ecs:" + regionAccount + ":task-definition/webordinary-edit:1",
		"editUrl":                  "https://edit.ameliastamps.com",
		"rulePriorityBase":         100,
	} {
		assert.Equal(t, want, d.Outputs[output], output)
	}
}

// secretPatterns are the shapes of the credentials this program deals with.
var secretPatterns = regexp.MustCompile(
	`sk-ant-api03-[A-Za-z0-9_-]{10,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|A[KS]IA[A-Z0-9]{16}`)

// Task 00, criterion 7: "No hardcoded secrets in code".
func TestT00Criterion7NoHardcodedSecrets(t *testing.T) {
	t.Parallel()
	files := 0
	for _, pattern := range []string{"*.go", "*.yaml", "infra/*.go", "infra/*/*.go", "functions/*/*.go", "docs/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			if filepath.Base(path) == "acceptance_foundation_test.go" {
				continue
			}
			assert.False(t, secretPatterns.Match(text), "%s holds a credential: %s", path, secretPatterns.Find(text))
			if filepath.Ext(path) == ".go" {
				assert.NotContains(t, string(text), "REPLACE_WITH", "%s: the placeholder of the CDK stack, which ends up as the secret", path)
			}
			files++
		}
	}
	assert.Greater(t, files, 30)
	assert.True(t, secretPatterns.MatchString("key: sk-ant-api03-AbCdEf012345"), "the pattern works")
}

// Task 00, criterion 8: "Resources retain on stack deletion (no data loss)".
func TestT00Criterion8DataOutlivesTheStack(t *testing.T) {
	t.Parallel()
	holdsData := []string{
		"registry-repository", "secrets-anthropic-api-key", "secrets-github-token", "secrets-aws-credentials",
		"workspace-file-system", "workspace-bucket",
	}
	// What configures a kept resource stays with it: a bucket without its policy would be a worse bucket.
	settings := []string{
		"registry-lifecycle", "workspace-policy", "workspace-backups", "workspace-bucket-policy", "workspace-bucket-versioning",
		"workspace-bucket-encryption", "workspace-bucket-public-access-block", "workspace-bucket-ownership",
	}
	inEachRun(t, func(t *testing.T, s stack) {
		for _, name := range append(append([]string{}, holdsData...), settings...) {
			if s.Name == "dev" && strings.HasPrefix(name, "registry") {
				continue
			}
			assert.True(t, s.One(t, name).Request.GetRetainOnDelete(), "%s is kept", name)
		}
		for _, name := range holdsData {
			if s.Has(name) {
				assert.Equal(t, s.Name == "prod", s.One(t, name).Request.GetProtect(), "%s is protected in prod only", name)
			}
		}
	})
	assert.True(t, prod(t).One(t, "load-balancer-alb").Request.GetProtect())
	version := variation{Secret: map[string]string{"githubToken": "ghp_value"}}.deploy(t).One(t, "secrets-github-token-version")
	assert.True(t, version.Request.GetRetainOnDelete(), "a kept secret keeps its value")
}

// Task 00, criterion 9: "EFS cleanup Lambda scheduled".
func TestT00Criterion9CleanupIsScheduled(t *testing.T) {
	t.Parallel()
	inEachStack(t, func(t *testing.T, s stack) {
		function := s.One(t, "cleanup-function")
		assert.Equal(t, "aws:lambda/function:Function", function.Type)
		assert.Equal(t, "webordinary-workspace-cleanup"+s.Suffix, function.Text("name"))
		assert.EqualValues(t, 300, function.Get("timeout"), "5 minutes")
		assert.EqualValues(t, 1, function.Get("reservedConcurrentExecutions"))
		assert.Equal(t, accountArn+":role/webordinary-workspace-cleanup"+s.Suffix, function.Text("role"))
		assert.Equal(t, "/mnt/workspaces", function.Text("fileSystemConfig.localMountPath"))
		assert.Equal(t, s.Outputs["clientAccessPointArn"], function.Text("fileSystemConfig.arn"))
		assert.Equal(t, list(publicSubnetA, publicSubnetB), function.Get("vpcConfig.subnetIds"), "where the mount targets are")
		for _, name := range []string{"workspace-mount-target-0", "workspace-mount-target-1", "workspace-policy", "cleanup-function-policy"} {
			assert.True(t, function.DependsOn(name), "Lambda tries the mount when it creates the function: %s", name)
		}
		environment := function.Get("environment.variables").(map[string]any)
		assert.Equal(t, "168h", environment["COMPRESS_AFTER"], "7 days")
		assert.Equal(t, "720h", environment["DELETE_AFTER"], "30 days")
		assert.Equal(t, "0h", environment["ARCHIVE_AFTER"], "off")
		assert.Equal(t, "rate(1 day)", s.One(t, "cleanup-schedule").Text("scheduleExpression"))
		assert.NotEqual(t, "DISABLED", s.One(t, "cleanup-schedule").Text("state"))
		assertInvokedOnlyBy(t, s, "cleanup-schedule-permission", "events.amazonaws.com")
		target := s.One(t, "cleanup-schedule-target")
		assert.Equal(t, "arn:aws:lambda:"+regionAccount+":function:webordinary-workspace-cleanup"+s.Suffix, target.Text("arn"))
		assert.True(t, target.DependsOn("cleanup-schedule"))
	})
	ages := variation{Config: map[string]string{
		"cleanupCompressAfterDays": "1", "cleanupDeleteAfterDays": "2", "cleanupArchiveAfterDays": "90", "cleanupDryRun": "true",
	}}.deploy(t).One(t, "cleanup-function").Get("environment.variables").(map[string]any)
	assert.Equal(t, "24h", ages["COMPRESS_AFTER"])
	assert.Equal(t, "48h", ages["DELETE_AFTER"])
	assert.Equal(t, "2160h", ages["ARCHIVE_AFTER"])
	assert.Equal(t, "true", ages["DRY_RUN"])
}

func TestT00Criterion8KeptResourcesAreAdoptedAgain(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{
		"adopt": `{"workspace-file-system":"fs-0123","registry-repository":"webordinary/claude-code-astro"}`,
	}}.deploy(t)
	assert.Equal(t, "fs-0123", d.One(t, "workspace-file-system").Request.GetImportId())
	assert.Equal(t, "webordinary/claude-code-astro", d.One(t, "registry-repository").Request.GetImportId())
	assert.Empty(t, d.One(t, "workspace-bucket").Request.GetImportId())
	assert.Equal(t, "fs-0123", d.Outputs["fileSystemId"])
}
