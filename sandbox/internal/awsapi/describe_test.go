package awsapi_test

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/world/worldtest"
)

func TestTaskDefinition(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	worldtest.Redeploy(e.store, "v2")
	client := ecs.NewFromConfig(e.as("ecs:DescribeTaskDefinition *"))
	describe := func(name string) *ecs.DescribeTaskDefinitionOutput {
		out, err := client.DescribeTaskDefinition(e.context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
		require.NoError(t, err, name)
		return out
	}
	for name, arn := range map[string]string{
		worldtest.TaskDef1: worldtest.TaskDef1, "edit:1": worldtest.TaskDef1, "edit": worldtest.TaskDef2, worldtest.TaskDef2: worldtest.TaskDef2,
	} {
		assert.Equal(t, arn, *describe(name).TaskDefinition.TaskDefinitionArn, name)
	}
	found := describe("edit:2").TaskDefinition
	assert.Equal(t, int32(2), found.Revision)
	assert.Equal(t, []string{worldtest.ExecRole, worldtest.TaskRole}, []string{*found.ExecutionRoleArn, *found.TaskRoleArn})
	require.Len(t, found.ContainerDefinitions, 1)
	assert.Equal(t, "942734823970.dkr.ecr.us-west-2.amazonaws.com/"+worldtest.Repository+":v2", *found.ContainerDefinitions[0].Image)
	assert.Equal(t, worldtest.SecretARN, *found.ContainerDefinitions[0].Secrets[0].ValueFrom)
	_, err := client.DescribeTaskDefinition(e.context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("edit:3")})
	requireCode(t, err, "ClientException", "Unable to describe task definition.")
	_, err = client.DescribeTaskDefinition(e.context(), &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("edit"), Include: []ecstypes.TaskDefinitionField{"TAGS"},
	})
	requireCode(t, err, "SandboxNotSupported", "parameter include")
	_, err = ecs.NewFromConfig(e.as()).DescribeTaskDefinition(e.context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("edit")})
	refused(t, err, "AccessDeniedException", "ecs:DescribeTaskDefinition")
}

func TestLifecyclePolicy(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	arn := "arn:aws:ecr:us-west-2:942734823970:repository/" + worldtest.Repository
	get := func(permission, repository string) (*ecr.GetLifecyclePolicyOutput, error) {
		return ecr.NewFromConfig(e.as(permission)).GetLifecyclePolicy(e.context(), &ecr.GetLifecyclePolicyInput{RepositoryName: &repository})
	}
	_, err := get("ecr:GetLifecyclePolicy "+arn, worldtest.Repository)
	as[*ecrtypes.LifecyclePolicyNotFoundException](t, err)
	worldtest.Put(e.store, "aws:ecr/lifecyclePolicy:LifecyclePolicy", worldtest.Repository, map[string]any{
		"repository": worldtest.Repository, "policy": `{"rules":[]}`,
	})
	out, err := get("ecr:GetLifecyclePolicy "+arn, worldtest.Repository)
	require.NoError(t, err)
	assert.JSONEq(t, `{"rules":[]}`, *out.LifecyclePolicyText)
	_, err = get("ecr:GetLifecyclePolicy *", "none")
	as[*ecrtypes.RepositoryNotFoundException](t, err)
	_, err = get("ecr:GetLifecyclePolicy "+arn+"x", worldtest.Repository)
	refused(t, err, "AccessDeniedException", "ecr:GetLifecyclePolicy")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	worldtest.Set(e.store, "aws:iam/role:Role", "task", "path", "/edit/")
	pages := iam.NewListRolesPaginator(iam.NewFromConfig(e.as("iam:ListRoles *")), &iam.ListRolesInput{})
	page, err := pages.NextPage(e.context())
	require.NoError(t, err)
	assert.False(t, pages.HasMorePages())
	found := map[string]string{}
	for _, role := range page.Roles {
		found[*role.Arn] = *role.Path
		assert.Contains(t, *role.AssumeRolePolicyDocument, "sts%3AAssumeRole")
	}
	assert.Equal(t, map[string]string{worldtest.ExecRole: "/", worldtest.ScalerRole: "/", worldtest.TaskRole: "/edit/"}, found)
	client := iam.NewFromConfig(e.as("iam:ListRoles *"))
	_, err = client.ListRoles(e.context(), &iam.ListRolesInput{PathPrefix: aws.String("/edit/")})
	requireCode(t, err, "SandboxNotSupported", "parameter PathPrefix")
	_, err = iam.NewFromConfig(e.as()).ListRoles(e.context(), &iam.ListRolesInput{})
	refused(t, err, "AccessDenied", "iam:ListRoles")
}

func TestLifecycleOfFiles(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	const fileSystemType = "aws:efs/fileSystem:FileSystem"
	describe := func(id string) (*efs.DescribeLifecycleConfigurationOutput, error) {
		client := efs.NewFromConfig(e.as("elasticfilesystem:Describe* *"))
		return client.DescribeLifecycleConfiguration(e.context(), &efs.DescribeLifecycleConfigurationInput{FileSystemId: &id})
	}
	out, err := describe(worldtest.FileSystem)
	require.NoError(t, err)
	assert.Empty(t, out.LifecyclePolicies)
	worldtest.Set(e.store, fileSystemType, worldtest.FileSystem, "lifecyclePolicies", []any{
		map[string]any{"transitionToIa": "AFTER_30_DAYS"}, map[string]any{"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
	})
	out, err = describe(worldtest.FileSystem)
	require.NoError(t, err)
	assert.Equal(t, []efstypes.LifecyclePolicy{
		{TransitionToIA: efstypes.TransitionToIARulesAfter30Days},
		{TransitionToPrimaryStorageClass: efstypes.TransitionToPrimaryStorageClassRulesAfter1Access},
	}, out.LifecyclePolicies)
	_, err = describe("fs-00000000")
	as[*efstypes.FileSystemNotFound](t, err)
	_, err = efs.NewFromConfig(e.as()).DescribeLifecycleConfiguration(e.context(), &efs.DescribeLifecycleConfigurationInput{
		FileSystemId: aws.String(worldtest.FileSystem),
	})
	refused(t, err, "AccessDeniedException", "elasticfilesystem:DescribeLifecycleConfiguration")

	for _, encrypted := range []bool{true, false} {
		worldtest.Set(e.store, fileSystemType, worldtest.FileSystem, "encrypted", encrypted)
		found, err := efs.NewFromConfig(e.as("elasticfilesystem:DescribeFileSystems *")).DescribeFileSystems(e.context(), &efs.DescribeFileSystemsInput{})
		require.NoError(t, err)
		assert.Equal(t, encrypted, *found.FileSystems[0].Encrypted)
	}
}

func TestResourcePolicyOfASecret(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	get := func(permission string) (*secretsmanager.GetResourcePolicyOutput, error) {
		client := secretsmanager.NewFromConfig(e.as(permission))
		return client.GetResourcePolicy(e.context(), &secretsmanager.GetResourcePolicyInput{SecretId: aws.String(worldtest.SecretARN)})
	}
	out, err := get("secretsmanager:GetResourcePolicy " + worldtest.SecretARN)
	require.NoError(t, err)
	assert.Nil(t, out.ResourcePolicy)
	assert.Equal(t, worldtest.SecretARN, *out.ARN)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + worldtest.TaskRole + `"},
		"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	worldtest.Put(e.store, "aws:secretsmanager/secretPolicy:SecretPolicy", "other", map[string]any{"secretArn": "other", "policy": "{1}"})
	worldtest.Put(e.store, "aws:secretsmanager/secretPolicy:SecretPolicy", "p", map[string]any{
		"secretArn": worldtest.SecretARN, "policy": policy,
	})
	out, err = get("secretsmanager:GetResourcePolicy *")
	require.NoError(t, err)
	assert.Equal(t, policy, *out.ResourcePolicy)
	_, err = get("secretsmanager:GetResourcePolicy " + worldtest.SecretARN + "x")
	refused(t, err, "AccessDeniedException", "secretsmanager:GetResourcePolicy")
}

// deregister makes a revision inactive, as the deletion of the resource does.
func (e *env) deregister(revision string) {
	e.t.Helper()
	found, ok := e.store.Get("aws:ecs/taskDefinition:TaskDefinition", revision)
	require.True(e.t, ok)
	require.NoError(e.t, e.store.Remove(found.Type, found.ID))
	found.Type = view.RuntimeInactiveTaskDefinition
	require.NoError(e.t, e.store.Put(found))
}

func TestInactiveTaskDefinition(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	worldtest.Redeploy(e.store, "v2")
	e.at(10)
	e.deregister("edit:2")
	roles := "iam:PassRole " + worldtest.ExecRole + " " + worldtest.TaskRole
	client := ecs.NewFromConfig(e.as("ecs:DescribeTaskDefinition *", "ecs:UpdateService *", roles))
	status := func(name string) (string, ecstypes.TaskDefinitionStatus) {
		out, err := client.DescribeTaskDefinition(e.context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
		require.NoError(t, err, name)
		return *out.TaskDefinition.TaskDefinitionArn, out.TaskDefinition.Status
	}
	for name, arn := range map[string]string{"edit:2": worldtest.TaskDef2, "edit": worldtest.TaskDef1} {
		got, is := status(name)
		assert.Equal(t, arn, got, name)
		assert.Equal(t, arn == worldtest.TaskDef1, is == ecstypes.TaskDefinitionStatusActive, "%s is %s", name, is)
	}
	update := func(c *ecs.Client, definition string) (*ecs.UpdateServiceOutput, error) {
		return c.UpdateService(e.context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, TaskDefinition: &definition})
	}
	for _, name := range []string{"edit:2", worldtest.TaskDef2} {
		_, err := update(client, name)
		requireCode(t, err, "ClientException", "TaskDefinition is inactive")
	}
	_, err := update(client, "edit:3")
	requireCode(t, err, "ClientException", "TaskDefinition not found.")
	_, err = update(ecs.NewFromConfig(e.as("ecs:UpdateService *", "iam:PassRole "+worldtest.ExecRole)), "edit:1")
	refused(t, err, "AccessDeniedException", "iam:PassRole")
	client = ecs.NewFromConfig(e.as("ecs:UpdateService *", roles))
	_, err = client.UpdateService(e.context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
	require.NoError(t, err, "a service goes on with an inactive definition")
	e.at(100)
	out, err := update(client, "edit")
	require.NoError(t, err)
	assert.Equal(t, worldtest.TaskDef1, *out.Service.TaskDefinition)
	require.Len(t, out.Service.Deployments, 2)
	assert.Equal(t, worldtest.TaskDef2, *out.Service.Deployments[1].TaskDefinition)
	assert.Equal(t, int32(1), out.Service.Deployments[1].RunningCount)
}
