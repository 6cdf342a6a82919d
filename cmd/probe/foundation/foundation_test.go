package foundation_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/foundation"
	"github.com/webordinary/live-edit/cmd/probe/report"
)

const (
	registry = "123456789012.dkr.ecr.us-west-2.amazonaws.com/webordinary/claude-code-astro"
	rolePath = "arn:aws:iam::123456789012:role/"
	secrets  = "arn:aws:secretsmanager:us-west-2:123456789012:secret:webordinary/"
)

// fake is a sound account; a test breaks what it is about. denied names the operation that is refused.
type fake struct {
	image   string
	denied  string
	account string
	// roles maps each role's path and name to the names of the secrets that it reads.
	roles map[string][]string
	// shared is the secret that has a resource policy.
	shared  string
	deleted *time.Time
	// value is that of every secret; pinned leaves the container's versionConsistency as AWS has it.
	value  string
	pinned bool
}

var errDenied = errors.New("AccessDeniedException: not authorized")

func (f *fake) may(operation string) error {
	if f.denied == operation {
		return errDenied
	}
	return nil
}

func newFake() *fake {
	return &fake{
		image: registry + ":v1", account: "123456789012", value: "sk-1",
		roles: map[string][]string{
			"/edit-execution": {"claude-AbCdEf", "github-AbCdEf"}, "/edit-task": {"claude-AbCdEf", "github-AbCdEf"}, "/scaler": nil,
			"/aws-reserved/sso.amazonaws.com/Admin": {"claude-AbCdEf"}, "/aws-service-role/ecs.amazonaws.com/Ecs": {"claude-AbCdEf"},
		},
	}
}

func (f *fake) DescribeRepositories(
	context.Context, *ecr.DescribeRepositoriesInput, ...func(*ecr.Options),
) (*ecr.DescribeRepositoriesOutput, error) {
	return &ecr.DescribeRepositoriesOutput{}, f.may("DescribeRepositories")
}

func (f *fake) GetLifecyclePolicy(
	context.Context, *ecr.GetLifecyclePolicyInput, ...func(*ecr.Options),
) (*ecr.GetLifecyclePolicyOutput, error) {
	return &ecr.GetLifecyclePolicyOutput{LifecyclePolicyText: aws.String(
		`{"rules":[{"selection":{"countType":"sinceImagePushed","countNumber":3},"action":{"type":"expire"}},
			{"selection":{"countType":"imageCountMoreThan","countNumber":7},"action":{"type":"expire"}}]}`,
	)}, f.may("GetLifecyclePolicy")
}

func (f *fake) DescribeImages(
	_ context.Context, in *ecr.DescribeImagesInput, _ ...func(*ecr.Options),
) (*ecr.DescribeImagesOutput, error) {
	if id := in.ImageIds[0]; aws.ToString(id.ImageTag) != "v1" && aws.ToString(id.ImageDigest) != "sha256:1" {
		return nil, &ecrtypes.ImageNotFoundException{}
	}
	return &ecr.DescribeImagesOutput{ImageDetails: []ecrtypes.ImageDetail{{
		ImagePushedAt: aws.Time(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), ImageSizeInBytes: aws.Int64(150_000_000),
	}}}, f.may("DescribeImages")
}

func (f *fake) DescribeTaskDefinition(
	context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options),
) (*ecs.DescribeTaskDefinitionOutput, error) {
	container := ecstypes.ContainerDefinition{Name: aws.String("editor"), Image: &f.image}
	if !f.pinned {
		container.VersionConsistency = ecstypes.VersionConsistencyDisabled
	}
	return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{
		ExecutionRoleArn: aws.String(rolePath + "edit-execution"), TaskRoleArn: aws.String(rolePath + "edit-task"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{Image: aws.String("public.ecr.aws/x/sidecar:1")}, container},
	}}, f.may("DescribeTaskDefinition")
}

func (f *fake) DescribeSecret(
	context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options),
) (*secretsmanager.DescribeSecretOutput, error) {
	return &secretsmanager.DescribeSecretOutput{
		DeletedDate: f.deleted, VersionIdsToStages: map[string][]string{"1": {"AWSPREVIOUS"}, "2": {"AWSCURRENT"}},
	}, f.may("DescribeSecret")
}

func (f *fake) GetResourcePolicy(
	_ context.Context, in *secretsmanager.GetResourcePolicyInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.GetResourcePolicyOutput, error) {
	out := &secretsmanager.GetResourcePolicyOutput{}
	if strings.HasSuffix(*in.SecretId, f.shared) && f.shared != "" {
		out.ResourcePolicy = aws.String(`{"Statement":{"Effect":"Allow","Principal":"*"}}`)
	}
	return out, f.may("GetResourcePolicy")
}

func (f *fake) GetSecretValue(
	context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: &f.value}, f.may("GetSecretValue")
}

// ListRoles gives one role a page.
func (f *fake) ListRoles(_ context.Context, in *iam.ListRolesInput, _ ...func(*iam.Options)) (*iam.ListRolesOutput, error) {
	names := slices.Sorted(maps.Keys(f.roles))
	i := len(aws.ToString(in.Marker))
	name := names[i]
	slash := strings.LastIndexByte(name, '/')
	out := &iam.ListRolesOutput{
		Roles: []iamtypes.Role{{
			Arn: aws.String(rolePath + name[1:]), Path: aws.String(name[:slash+1]), RoleName: aws.String(name[slash+1:]),
		}},
		IsTruncated: i+1 < len(names),
	}
	if out.IsTruncated {
		out.Marker = aws.String(strings.Repeat("x", i+1))
	}
	return out, f.may("ListRoles")
}

func (f *fake) SimulatePrincipalPolicy(
	_ context.Context, in *iam.SimulatePrincipalPolicyInput, _ ...func(*iam.Options),
) (*iam.SimulatePrincipalPolicyOutput, error) {
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, arn := range in.ResourceArns {
		result := iamtypes.EvaluationResult{EvalResourceName: &arn, EvalDecision: iamtypes.PolicyEvaluationDecisionTypeImplicitDeny}
		for _, readable := range f.roles["/"+strings.TrimPrefix(*in.PolicySourceArn, rolePath)] {
			if arn == secrets+readable {
				result.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeAllowed
			}
		}
		out.EvaluationResults = append(out.EvaluationResults, result)
	}
	return out, f.may("SimulatePrincipalPolicy")
}

func (f *fake) DescribeFileSystems(
	context.Context, *efs.DescribeFileSystemsInput, ...func(*efs.Options),
) (*efs.DescribeFileSystemsOutput, error) {
	return &efs.DescribeFileSystemsOutput{
		FileSystems: []efstypes.FileSystemDescription{{Encrypted: aws.Bool(true)}},
	}, f.may("DescribeFileSystems")
}

func (f *fake) DescribeLifecycleConfiguration(
	context.Context, *efs.DescribeLifecycleConfigurationInput, ...func(*efs.Options),
) (*efs.DescribeLifecycleConfigurationOutput, error) {
	return &efs.DescribeLifecycleConfigurationOutput{LifecyclePolicies: []efstypes.LifecyclePolicy{
		{TransitionToIA: efstypes.TransitionToIARulesAfter30Days},
	}}, f.may("DescribeLifecycleConfiguration")
}

func (f *fake) GetCallerIdentity(
	context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options),
) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: &f.account, Arn: aws.String("arn:aws:sts::" + f.account + ":assumed-role/me/me"),
	}, f.may("GetCallerIdentity")
}

func outputs() map[string]any {
	all := map[string]any{}
	for _, name := range foundation.Expected {
		all[name] = name + "-1"
	}
	maps.Copy(all, map[string]any{
		"repositoryUrl": registry, "repositoryArn": "arn:aws:ecr:us-west-2:123456789012:repository/webordinary/claude-code-astro",
		"anthropicApiKeyArn": secrets + "claude-AbCdEf", "githubTokenArn": secrets + "github-AbCdEf", "awsCredentialsArn": secrets + "aws-AbCdEf",
		"pendingSecrets": "", "rulePriorityBase": 100.0,
	})
	return all
}

// criteria are those of the foundation.
var criteria = []string{
	report.Registry, report.Image, report.Secrets, report.Readers, report.FileSystem, report.Outputs, report.PlainOutputs,
}

func check(f *fake, outputs map[string]any, readers ...string) map[string]report.Result {
	return checkWith(f, outputs, func(c *foundation.Checker) { c.Readers = readers })
}

func checkWith(f *fake, outputs map[string]any, configure func(*foundation.Checker)) map[string]report.Result {
	limits := report.DefaultLimits()
	book := report.NewBook(report.Criteria(&limits))
	checker := &foundation.Checker{
		Registry: f, Tasks: f, Secrets: f, Roles: f, Files: f, Caller: f, Outputs: outputs, Book: book,
	}
	configure(checker)
	checker.Run(context.Background())
	rows := map[string]report.Result{}
	for _, row := range book.Results(nil, "unknown") {
		rows[row.ID] = row
	}
	return rows
}

// requireAll checks that all criteria pass but some, and returns what the faults and reasons say.
func requireAll(t testing.TB, rows map[string]report.Result, verdict report.Verdict, but ...string) string {
	t.Helper()
	text := ""
	for _, id := range criteria {
		want := report.Pass
		for _, other := range but {
			if id == other {
				want = verdict
			}
		}
		row := rows[id]
		require.Equal(t, want, row.Verdict, "%s: %s %s %v", id, row.Measured, row.Reason, row.Faults)
		for _, fault := range row.Faults {
			text += fault.String() + "\n"
		}
		text += row.Reason + "\n"
	}
	return text
}

func TestASoundFoundation(t *testing.T) {
	t.Parallel()
	rows := check(newFake(), outputs())
	requireAll(t, rows, report.Pass)
	assert.Equal(t, "keeps 7 images", rows[report.Registry].Measured)
	assert.Equal(t, "v1, pushed 2026-03-01, 150 MB", rows[report.Image].Measured)
	assert.Equal(t, "3 roles asked, 2 may read", rows[report.Readers].Measured, "AWS's own roles are not asked")
	assert.Equal(t, "23 of 23", rows[report.Outputs].Measured)
	assert.Equal(t, "us-west-2", foundation.Region(outputs()))
}

func TestImages(t *testing.T) {
	t.Parallel()
	for image, verdict := range map[string]report.Verdict{
		registry + ":v1": report.Pass, registry + "@sha256:1": report.Pass, registry + ":v1@sha256:1": report.Pass, registry: report.Fail,
		registry + ":v2": report.Fail, registry + "@sha256:2": report.Fail, registry + "-dev:v1": report.Fail, "nginx": report.Fail,
	} {
		f := newFake()
		f.image = image
		rows := check(f, outputs())
		requireAll(t, rows, verdict, report.Image)
	}
}

func TestReaders(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.roles["/team/intruder"] = []string{"aws-AbCdEf", "github-AbCdEf"}
	text := requireAll(t, check(f, outputs()), report.Fail, report.Readers)
	assert.Contains(t, text, "whether role intruder may read webordinary/github; came yes")
	assert.Contains(t, text, "whether role intruder may read webordinary/aws; came yes")
	assert.NotContains(t, text, "claude")
	for _, reader := range []string{"intruder", rolePath + "team/intruder"} {
		requireAll(t, check(f, outputs(), reader), report.Pass)
	}
	delete(f.roles, "/team/intruder")
	f.roles["/edit-task"] = []string{"github-AbCdEf"}
	text = requireAll(t, check(f, outputs(), "edit-task"), report.Fail, report.Readers)
	assert.Contains(t, text, "whether role edit-task may read webordinary/claude; came no", "-reader does not excuse the right roles")
	delete(f.roles, "/edit-task")
	text = requireAll(t, check(f, outputs()), report.Fail, report.Readers)
	assert.Contains(t, text, "the role "+rolePath+"edit-task of the task definition; came there is none")
}

func TestASecretWithAPolicyOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.shared = "github-AbCdEf"
	text := requireAll(t, check(f, outputs()), report.Fail, report.Readers)
	assert.Contains(t, text, "the resource policy of webordinary/github; came one that this program did not give it")
}

// A line break at the end of a key makes a header that cannot be sent. The value is looked at only when that was asked for.
func TestValuesThatWereTypedWithALineBreak(t *testing.T) {
	t.Parallel()
	values := func(c *foundation.Checker) { c.Values = true }
	for value, came := range map[string]string{
		"sk-1\n": "begins or ends with", " sk-1": "begins or ends with", "sk-1\r\n": "begins or ends with", "sk-1\t": "begins or ends with",
		"": "is empty", "\n": "is empty",
	} {
		f := newFake()
		f.value = value
		requireAll(t, check(f, outputs()), report.Pass)
		text := requireAll(t, checkWith(f, outputs(), values), report.Fail, report.Secrets)
		assert.Contains(t, text, came)
		assert.Contains(t, text, "read -rs VALUE; printf %s")
		assert.NotContains(t, text, "sk-1")
	}
	f := newFake()
	requireAll(t, checkWith(f, outputs(), values), report.Pass)
	f.denied = "GetSecretValue"
	text := requireAll(t, checkWith(f, outputs(), values), report.NotMeasured, report.Secrets)
	assert.Contains(t, text, "-secret-values")
}

// Without versionConsistency: disabled ECS runs the image of the last deployment, whatever is pushed; a digest is meant to stay.
func TestAPinnedImage(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.pinned = true
	text := requireAll(t, check(f, outputs()), report.Fail, report.Image)
	assert.Contains(t, text, "the container editor of the task definition; came its versionConsistency is not disabled")
	f.image = registry + "@sha256:1"
	requireAll(t, check(f, outputs()), report.Pass)
}

func TestADeletedSecret(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.deleted = aws.Time(time.Now())
	text := requireAll(t, check(f, outputs()), report.Fail, report.Secrets)
	assert.Contains(t, text, "aws secretsmanager restore-secret --secret-id webordinary/aws`")
}

// TestWhatMayNotBeAskedIsNotMeasured denies each operation: that is no fault of the stack.
func TestWhatMayNotBeAskedIsNotMeasured(t *testing.T) {
	t.Parallel()
	byAPI := []string{report.Registry, report.Image, report.Secrets, report.Readers, report.FileSystem}
	for operation, missed := range map[string][]string{
		"DescribeRepositories": {report.Registry}, "GetLifecyclePolicy": {report.Registry}, "DescribeImages": {report.Image},
		"DescribeTaskDefinition": {report.Image, report.Readers}, "DescribeSecret": {report.Secrets}, "ListRoles": {report.Readers},
		"SimulatePrincipalPolicy": {report.Readers}, "GetResourcePolicy": {report.Readers}, "DescribeFileSystems": {report.FileSystem},
		"DescribeLifecycleConfiguration": {report.FileSystem}, "GetCallerIdentity": byAPI,
	} {
		f := newFake()
		f.denied = operation
		text := requireAll(t, check(f, outputs()), report.NotMeasured, missed...)
		assert.Contains(t, text, "not authorized", operation)
	}
	f := newFake()
	f.account = "999999999999"
	text := requireAll(t, check(f, outputs()), report.NotMeasured, byAPI...)
	assert.Contains(t, text, "the credentials are of account 999999999999")
	assert.Contains(t, text, "the stack is in 123456789012; set AWS_PROFILE")
}

func TestEachMissingOutputIsNamed(t *testing.T) {
	t.Parallel()
	for _, name := range foundation.Expected {
		all := outputs()
		delete(all, name)
		rows := check(newFake(), all)
		require.Equal(t, report.Fail, rows[report.Outputs].Verdict, name)
		require.Len(t, rows[report.Outputs].Faults, 1)
		assert.Equal(t, "missing: "+name, rows[report.Outputs].Faults[0].Came)
		for _, id := range criteria {
			assert.False(t, id != report.Outputs && rows[id].Verdict == report.Fail && id != report.Image, "%s without %s", id, name)
		}
	}
	all := outputs()
	all["albArn"], all["vpcId"] = "", nil
	rows := check(newFake(), all)
	assert.Equal(t, "empty: vpcId, albArn", rows[report.Outputs].Faults[0].Came)
	assert.Equal(t, "21 of 23", rows[report.Outputs].Measured)
}

func TestSensitiveOutputs(t *testing.T) {
	t.Parallel()
	for value, why := range map[string]string{
		"[secret]": "marked secret", "sk-ant-api03-abcdefgh12345678": "a Claude API key", "ghp_0123456789abcdefghij0123456789abcdef": "a GitHub token",
		"github_pat_11ABCDEFG0123456789_abcdefghij": "a GitHub token", "AKIAIOSFODNN7EXAMPLE": "an AWS access key",
		`{"accessKeyId":"x","secretAccessKey":"y"}`: "an AWS secret key", "-----BEGIN RSA PRIVATE KEY-----": "a private key",
		"postgres://me:password@db/x": "a password in an URL", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x": "a JSON Web Token",
		"pul-0123456789abcdef0123456789abcdef01234567": "a Pulumi access token",
	} {
		all := outputs()
		all["notes"] = map[string]any{"nested": value}
		if value == "[secret]" {
			all["notes"] = value
		}
		text := requireAll(t, check(newFake(), all), report.Fail, report.PlainOutputs)
		assert.Contains(t, text, "the output notes")
		assert.Contains(t, text, why)
		assert.NotContains(t, text, value+";", "what is sensitive is not shown")
	}
}

// TestExpectedOutputsAreTheDocuments compares the list with the table of docs/outputs.md.
func TestExpectedOutputsAreTheDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/outputs.md")
	require.NoError(t, err)
	var documented []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.Contains(cells[1], "Output") {
			for _, name := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(cells[1], -1) {
				documented = append(documented, name[1])
			}
		}
	}
	assert.Equal(t, documented, foundation.Expected)
}
