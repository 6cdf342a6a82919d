package awsapi_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/world"
	"github.com/webordinary/live-edit/sandbox/internal/world/worldtest"
)

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	role, err := sts.NewFromConfig(e.as()).GetCallerIdentity(e.context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::942734823970:assumed-role/scaler/edit-scaler", *role.Arn)
	assert.Equal(t, "AROASANDBOXROLE:edit-scaler", *role.UserId)
	deployer, err := sts.NewFromConfig(e.deployer()).GetCallerIdentity(e.context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{view.CallerARN, view.CallerUserID, view.AccountID},
		[]string{*deployer.Arn, *deployer.UserId, *deployer.Account})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := secretsmanager.NewFromConfig(e.as("secretsmanager:* *"))
	for _, id := range []string{worldtest.SecretARN, "webordinary/github-token"} {
		value, err := client.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		require.NoError(t, err)
		assert.Equal(t, "ghp_secret", *value.SecretString)
		assert.Equal(t, worldtest.SecretARN, *value.ARN)
		assert.Equal(t, []string{"AWSCURRENT"}, value.VersionStages)
	}
	described, err := client.DescribeSecret(e.context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(worldtest.SecretARN)})
	require.NoError(t, err)
	assert.Equal(t, "token", *described.Description)
	assert.Equal(t, map[string][]string{"EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE": {"AWSCURRENT"}}, described.VersionIdsToStages)
	_, err = client.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(worldtest.SecretARN), VersionStage: aws.String("AWSPREVIOUS"),
	})
	as[*secrettypes.ResourceNotFoundException](t, err)
	require.NoError(t, e.store.Remove("aws:secretsmanager/secretVersion:SecretVersion", worldtest.SecretARN+"|1"))
	_, err = client.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(worldtest.SecretARN)})
	requireCode(t, err, "ResourceNotFoundException", "can't find the specified secret value for staging label: AWSCURRENT")
	_, err = client.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	requireCode(t, err, "ResourceNotFoundException", "can't find the specified secret.")
}

func TestEachPermissionOfSecrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := map[string]func(*secretsmanager.Client) error{
		"secretsmanager:GetSecretValue": func(c *secretsmanager.Client) error {
			_, err := c.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("webordinary/github-token")})
			return err
		},
		"secretsmanager:DescribeSecret": func(c *secretsmanager.Client) error {
			_, err := c.DescribeSecret(e.context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(worldtest.SecretARN)})
			return err
		},
	}
	for action, call := range calls {
		refused(t, call(secretsmanager.NewFromConfig(e.as())), "AccessDeniedException", action)
		refused(t, call(secretsmanager.NewFromConfig(e.as(action+" "+worldtest.SecretARN+"x"))), "AccessDeniedException", action)
		require.NoError(t, call(secretsmanager.NewFromConfig(e.as(action+" "+worldtest.SecretARN))), action)
	}
	client := secretsmanager.NewFromConfig(e.as())
	_, err := client.GetSecretValue(e.context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	refused(t, err, "AccessDeniedException", "secretsmanager:GetSecretValue")
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	repository := aws.String(worldtest.Repository)
	require.NoError(t, e.world.PushImage(world.Image{Repository: *repository, Tags: []string{"latest"}, PushedAt: epoch, SizeBytes: 5e8}))
	client := ecr.NewFromConfig(e.as("ecr:* *"))
	repositories, err := client.DescribeRepositories(e.context(), &ecr.DescribeRepositoriesInput{})
	require.NoError(t, err)
	require.Len(t, repositories.Repositories, 1)
	assert.Equal(t, "942734823970.dkr.ecr.us-west-2.amazonaws.com/"+*repository, *repositories.Repositories[0].RepositoryUri)
	images, err := client.DescribeImages(e.context(), &ecr.DescribeImagesInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("latest")}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"latest"}, images.ImageDetails[0].ImageTags)
	assert.Equal(t, int64(5e8), *images.ImageDetails[0].ImageSizeInBytes)
	assert.Equal(t, epoch, images.ImageDetails[0].ImagePushedAt.UTC())
	got, err := client.BatchGetImage(e.context(), &ecr.BatchGetImageInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("latest")}, {ImageTag: aws.String("none")}},
	})
	require.NoError(t, err)
	assert.Equal(t, *images.ImageDetails[0].ImageDigest, *got.Images[0].ImageId.ImageDigest)
	assert.Equal(t, ecrtypes.ImageFailureCodeImageNotFound, got.Failures[0].FailureCode)
	_, err = client.DescribeImages(e.context(), &ecr.DescribeImagesInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("none")}},
	})
	as[*ecrtypes.ImageNotFoundException](t, err)
	_, err = client.DescribeRepositories(e.context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}})
	as[*ecrtypes.RepositoryNotFoundException](t, err)
}

func TestPutImage(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	client := ecr.NewFromConfig(e.as("ecr:* *"))
	put := func(manifest, tag string) (*ecrtypes.Image, error) {
		in := &ecr.PutImageInput{RepositoryName: aws.String(worldtest.Repository), ImageManifest: aws.String(manifest)}
		if tag != "" {
			in.ImageTag = aws.String(tag)
		}
		out, err := client.PutImage(e.context(), in)
		if err != nil {
			return nil, err
		}
		return out.Image, nil
	}
	const one, two = `{"schemaVersion":2,"config":{"size":5},"layers":[{"size":30},{"size":7}]}`, `{"schemaVersion":2}`
	image, err := put(one, "latest")
	require.NoError(t, err)
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(one)))
	assert.Equal(t, digest, *image.ImageId.ImageDigest)
	_, err = put(one, "latest")
	as[*ecrtypes.ImageAlreadyExistsException](t, err)
	_, err = put(one, "v1")
	require.NoError(t, err, "another tag of the same image")
	e.at(60)
	_, err = put(two, "latest")
	require.NoError(t, err)

	described, err := client.DescribeImages(e.context(), &ecr.DescribeImagesInput{RepositoryName: aws.String(worldtest.Repository)})
	require.NoError(t, err)
	require.Len(t, described.ImageDetails, 2)
	assert.Equal(t, []string{"latest"}, described.ImageDetails[0].ImageTags)
	assert.Equal(t, []string{"v1"}, described.ImageDetails[1].ImageTags, "latest has moved")
	assert.Equal(t, int64(42), *described.ImageDetails[1].ImageSizeInBytes)
	got, err := client.BatchGetImage(e.context(), &ecr.BatchGetImageInput{
		RepositoryName: aws.String(worldtest.Repository), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(digest)}},
	})
	require.NoError(t, err)
	assert.Equal(t, one, *got.Images[0].ImageManifest)

	for _, bad := range []string{"{", `{"schemaVersion":1}`} {
		_, err = put(bad, "x")
		as[*ecrtypes.InvalidParameterException](t, err)
	}
	worldtest.Set(e.store, "aws:ecr/repository:Repository", worldtest.Repository, "imageTagMutability", "IMMUTABLE")
	_, err = put(`{"schemaVersion":2,"layers":[]}`, "latest")
	as[*ecrtypes.ImageTagAlreadyExistsException](t, err)
	_, err = put(`{"schemaVersion":2,"layers":[]}`, "v2")
	require.NoError(t, err)
}

func TestEachPermissionOfTheRegistry(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	arn := "arn:aws:ecr:us-west-2:942734823970:repository/" + worldtest.Repository
	calls := map[string]func(*ecr.Client) error{
		"ecr:DescribeRepositories": func(c *ecr.Client) error {
			_, err := c.DescribeRepositories(e.context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{worldtest.Repository}})
			return err
		},
		"ecr:DescribeImages": func(c *ecr.Client) error {
			_, err := c.DescribeImages(e.context(), &ecr.DescribeImagesInput{RepositoryName: aws.String(worldtest.Repository)})
			return err
		},
		"ecr:PutImage": func(c *ecr.Client) error {
			_, err := c.PutImage(e.context(), &ecr.PutImageInput{
				RepositoryName: aws.String(worldtest.Repository), ImageManifest: aws.String(`{"schemaVersion":2}`),
			})
			return err
		},
		"ecr:BatchGetImage": func(c *ecr.Client) error {
			_, err := c.BatchGetImage(e.context(), &ecr.BatchGetImageInput{
				RepositoryName: aws.String(worldtest.Repository), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("x")}},
			})
			return err
		},
	}
	for action, call := range calls {
		refused(t, call(ecr.NewFromConfig(e.as())), "AccessDeniedException", action)
		refused(t, call(ecr.NewFromConfig(e.as(action+" "+arn+"x"))), "AccessDeniedException", action)
		require.NoError(t, call(ecr.NewFromConfig(e.as(action+" "+arn))), action)
	}
}

func TestFileSystems(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	worldtest.Set(e.store, "aws:efs/fileSystem:FileSystem", worldtest.FileSystem, "tags", map[string]any{"Name": "webordinary-workspaces"})
	client := efs.NewFromConfig(e.as("elasticfilesystem:DescribeFileSystems *"))
	pages := efs.NewDescribeFileSystemsPaginator(client, &efs.DescribeFileSystemsInput{})
	page, err := pages.NextPage(e.context())
	require.NoError(t, err)
	assert.False(t, pages.HasMorePages())
	require.Len(t, page.FileSystems, 1)
	assert.Equal(t, "webordinary-workspaces", *page.FileSystems[0].Name)
	assert.Equal(t, worldtest.FileSystem, *page.FileSystems[0].FileSystemId)
	assert.Equal(t, int32(2), page.FileSystems[0].NumberOfMountTargets)
	_, err = client.DescribeFileSystems(e.context(), &efs.DescribeFileSystemsInput{FileSystemId: aws.String("fs-0")})
	as[*efstypes.FileSystemNotFound](t, err)
	_, err = client.DescribeFileSystems(e.context(), &efs.DescribeFileSystemsInput{CreationToken: aws.String("x")})
	requireCode(t, err, "SandboxNotSupported", "parameter CreationToken")
	_, err = efs.NewFromConfig(e.as()).DescribeFileSystems(e.context(), &efs.DescribeFileSystemsInput{})
	refused(t, err, "AccessDeniedException", "elasticfilesystem:DescribeFileSystems")
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	refusedConfig := e.as("ecs:UpdateService " + worldtest.ServiceARN)
	client := iam.NewFromConfig(e.deployer())
	out, err := client.SimulatePrincipalPolicy(e.context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(worldtest.ScalerRole), ActionNames: []string{"ecs:UpdateService", "ecs:RunTask"},
		ResourceArns: []string{worldtest.ServiceARN},
		ContextEntries: []iamtypes.ContextEntry{{
			ContextKeyName: aws.String("ecs:cluster"), ContextKeyType: iamtypes.ContextKeyTypeEnumString,
			ContextKeyValues: []string{worldtest.ClusterARN},
		}},
	})
	require.NoError(t, err)
	require.Len(t, out.EvaluationResults, 2)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeAllowed, out.EvaluationResults[0].EvalDecision)
	assert.Equal(t, `statement 1 of inline policy "main" of role scaler`, *out.EvaluationResults[0].MatchedStatements[0].SourcePolicyId)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, out.EvaluationResults[1].EvalDecision)
	assert.Equal(t, "ecs:RunTask", *out.EvaluationResults[1].EvalActionName)
	worldtest.Put(e.store, "aws:secretsmanager/secretPolicy:SecretPolicy", "p", map[string]any{
		"secretArn": worldtest.SecretARN, "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",
			"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`,
	})
	out, err = client.SimulatePrincipalPolicy(e.context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(worldtest.ScalerRole), ActionNames: []string{"secretsmanager:GetSecretValue"},
		ResourceArns: []string{worldtest.SecretARN},
	})
	require.NoError(t, err)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, out.EvaluationResults[0].EvalDecision,
		"the simulator looks at the role's own policies only")
	assert.Empty(t, out.EvaluationResults[0].MatchedStatements)
	_, err = client.SimulatePrincipalPolicy(e.context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::942734823970:role/none"), ActionNames: []string{"ecs:UpdateService"},
	})
	as[*iamtypes.NoSuchEntityException](t, err)
	_, err = iam.NewFromConfig(refusedConfig).SimulatePrincipalPolicy(e.context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(worldtest.ScalerRole), ActionNames: []string{"ecs:UpdateService"},
	})
	refused(t, err, "AccessDenied", "iam:SimulatePrincipalPolicy")
}
