package ecs_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestTaskDefinition(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	awstest.Redeploy(e.Store, "v2")
	client := ecs.NewFromConfig(e.As("ecs:DescribeTaskDefinition *"))
	describe := func(name string) *ecs.DescribeTaskDefinitionOutput {
		out, err := client.DescribeTaskDefinition(e.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
		require.NoError(t, err, name)
		return out
	}
	for name, arn := range map[string]string{
		awstest.TaskDef1: awstest.TaskDef1, "edit:1": awstest.TaskDef1, "edit": awstest.TaskDef2, awstest.TaskDef2: awstest.TaskDef2,
	} {
		assert.Equal(t, arn, *describe(name).TaskDefinition.TaskDefinitionArn, name)
	}
	found := describe("edit:2").TaskDefinition
	assert.Equal(t, int32(2), found.Revision)
	assert.Equal(t, []string{awstest.ExecRole, awstest.TaskRole}, []string{*found.ExecutionRoleArn, *found.TaskRoleArn})
	require.Len(t, found.ContainerDefinitions, 1)
	assert.Equal(t, "942734823970.dkr.ecr.us-west-2.amazonaws.com/"+awstest.Repository+":v2", *found.ContainerDefinitions[0].Image)
	assert.Equal(t, awstest.SecretARN, *found.ContainerDefinitions[0].Secrets[0].ValueFrom)
	_, err := client.DescribeTaskDefinition(e.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("edit:3")})
	awstest.RequireCode(t, err, "ClientException", "Unable to describe task definition.")
	_, err = client.DescribeTaskDefinition(e.Context(), &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("edit"), Include: []ecstypes.TaskDefinitionField{"TAGS"},
	})
	awstest.RequireCode(t, err, "SandboxNotSupported", "parameter include")
	_, err = ecs.NewFromConfig(e.As()).DescribeTaskDefinition(e.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("edit")})
	awstest.Refused(t, err, "AccessDeniedException", "ecs:DescribeTaskDefinition")
}

// deregister makes a revision inactive, as the deletion of the resource does.
func deregister(e *awstest.Env, revision string) {
	e.T.Helper()
	found, ok := e.Store.Get("aws:ecs/taskDefinition:TaskDefinition", revision)
	require.True(e.T, ok)
	require.NoError(e.T, e.Store.Remove(found.Type, found.ID))
	found.Type = view.RuntimeInactiveTaskDefinition
	require.NoError(e.T, e.Store.Put(found))
}

func TestInactiveTaskDefinition(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	awstest.Redeploy(e.Store, "v2")
	e.At(10)
	deregister(e, "edit:2")
	roles := "iam:PassRole " + awstest.ExecRole + " " + awstest.TaskRole
	client := ecs.NewFromConfig(e.As("ecs:DescribeTaskDefinition *", "ecs:UpdateService *", roles))
	status := func(name string) (string, ecstypes.TaskDefinitionStatus) {
		out, err := client.DescribeTaskDefinition(e.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
		require.NoError(t, err, name)
		return *out.TaskDefinition.TaskDefinitionArn, out.TaskDefinition.Status
	}
	for name, arn := range map[string]string{"edit:2": awstest.TaskDef2, "edit": awstest.TaskDef1} {
		got, is := status(name)
		assert.Equal(t, arn, got, name)
		assert.Equal(t, arn == awstest.TaskDef1, is == ecstypes.TaskDefinitionStatusActive, "%s is %s", name, is)
	}
	update := func(c *ecs.Client, definition string) (*ecs.UpdateServiceOutput, error) {
		return c.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, TaskDefinition: &definition})
	}
	for _, name := range []string{"edit:2", awstest.TaskDef2} {
		_, err := update(client, name)
		awstest.RequireCode(t, err, "ClientException", "TaskDefinition is inactive")
	}
	_, err := update(client, "edit:3")
	awstest.RequireCode(t, err, "ClientException", "TaskDefinition not found.")
	_, err = update(ecs.NewFromConfig(e.As("ecs:UpdateService *", "iam:PassRole "+awstest.ExecRole)), "edit:1")
	awstest.Refused(t, err, "AccessDeniedException", "iam:PassRole")
	client = ecs.NewFromConfig(e.As("ecs:UpdateService *", roles))
	_, err = client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
	require.NoError(t, err, "a service goes on with an inactive definition")
	e.At(100)
	out, err := update(client, "edit")
	require.NoError(t, err)
	assert.Equal(t, awstest.TaskDef1, *out.Service.TaskDefinition)
	require.Len(t, out.Service.Deployments, 2)
	assert.Equal(t, awstest.TaskDef2, *out.Service.Deployments[1].TaskDefinition)
	assert.Equal(t, int32(1), out.Service.Deployments[1].RunningCount)
}
