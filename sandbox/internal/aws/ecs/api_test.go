package ecs_test

import (
	"testing"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

var (
	cluster = aws.String("edit-cluster")
	service = aws.String("edit")
)

func TestWakeThroughTheAPI(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:UpdateService "+awstest.ServiceARN, "ecs:DescribeServices "+awstest.ServiceARN))
	out, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
	require.NoError(t, err)
	assert.Equal(t, int32(1), out.Service.DesiredCount)
	deployed, _ := e.Store.Get("aws:ecs/service:Service", awstest.ServiceARN)
	assert.InDelta(t, 1, deployed.State["desiredCount"].NumberValue(), 0, "the deployed resource has drifted, as in AWS")

	describe := func() types.Service {
		out, err := client.DescribeServices(e.Context(), &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{*service}})
		require.NoError(t, err)
		require.Len(t, out.Services, 1)
		return out.Services[0]
	}
	e.At(5)
	got := describe()
	assert.Equal(t, []int32{1, 0, 1}, []int32{got.DesiredCount, got.RunningCount, got.PendingCount})
	assert.Equal(t, "ACTIVE", *got.Status)
	assert.Equal(t, awstest.ServiceARN, *got.ServiceArn)
	assert.Equal(t, awstest.ClusterARN, *got.ClusterArn)
	e.At(60)
	got = describe()
	assert.Equal(t, []int32{1, 1, 0}, []int32{got.DesiredCount, got.RunningCount, got.PendingCount})
	require.Len(t, got.Deployments, 1)
	assert.Equal(t, "PRIMARY", *got.Deployments[0].Status)
	assert.Equal(t, types.DeploymentRolloutStateCompleted, got.Deployments[0].RolloutState)
	assert.Equal(t, awstest.Epoch, got.Deployments[0].CreatedAt.UTC())
	assert.Equal(t, awstest.TaskDef1, *got.TaskDefinition)
	assert.Contains(t, *got.Events[0].Message, "has reached a steady state")
	assert.Len(t, got.LoadBalancers, 3)
}

func TestDescribeServicesFailures(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:DescribeServices *"))
	out, err := client.DescribeServices(e.Context(), &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{"none"}})
	require.NoError(t, err)
	assert.Empty(t, out.Services)
	require.Len(t, out.Failures, 1)
	assert.Equal(t, "MISSING", *out.Failures[0].Reason)
	_, err = client.DescribeServices(e.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("none"), Services: []string{"x"}})
	awstest.As[*types.ClusterNotFoundException](t, err)
	_, err = client.DescribeServices(e.Context(), &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{}})
	awstest.As[*types.InvalidParameterException](t, err)
}

func TestUpdateServiceFailures(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:UpdateService *"))
	_, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: aws.String("none")})
	awstest.As[*types.ServiceNotFoundException](t, err)
	_, err = client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Service: service})
	awstest.As[*types.ClusterNotFoundException](t, err)
	_, err = client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(-1)})
	awstest.As[*types.InvalidParameterException](t, err)
	_, err = client.UpdateService(e.Context(), &ecs.UpdateServiceInput{
		Cluster: cluster, Service: service, PlatformVersion: aws.String("1.4.0"),
	})
	awstest.RequireCode(t, err, "SandboxNotSupported", `parameter "platformVersion" of UpdateService`)
}

func TestForceNewDeployment(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:* *"))
	_, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
	require.NoError(t, err)
	e.At(100)
	out, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, ForceNewDeployment: true})
	require.NoError(t, err)
	require.Len(t, out.Service.Deployments, 2)
	assert.Equal(t, types.DeploymentRolloutStateInProgress, out.Service.Deployments[0].RolloutState)
	e.At(300)
	tasks, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster})
	require.NoError(t, err)
	described, err := client.DescribeTasks(e.Context(), &ecs.DescribeTasksInput{Cluster: cluster, Tasks: tasks.TaskArns})
	require.NoError(t, err)
	require.Len(t, described.Tasks, 1)
	assert.True(t, described.Tasks[0].CreatedAt.After(awstest.Epoch.Add(100*time.Second)), "another task, of the same definition")
	assert.Equal(t, awstest.TaskDef1, *described.Tasks[0].TaskDefinitionArn)
}

func TestTasksThroughTheAPI(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:* *"))
	awstest.SetDesired(e.Store, 1)
	list := func(status types.DesiredStatus) []string {
		out, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster, ServiceName: service, DesiredStatus: status})
		require.NoError(t, err)
		return out.TaskArns
	}
	describe := func(task string) types.Task {
		out, err := client.DescribeTasks(e.Context(), &ecs.DescribeTasksInput{Cluster: cluster, Tasks: []string{task}})
		require.NoError(t, err)
		require.Len(t, out.Tasks, 1)
		return out.Tasks[0]
	}
	assert.Empty(t, list(""))
	e.At(5)
	require.Len(t, list(types.DesiredStatusRunning), 1, "a task that does not run yet is one that shall run")
	arn := list("")[0]
	assert.Empty(t, describe(arn).Attachments, "no address yet")
	e.At(60)
	task := describe(arn)
	assert.Equal(t, "RUNNING", *task.LastStatus)
	assert.Equal(t, awstest.Epoch.Add(3*time.Second), task.CreatedAt.UTC())
	assert.Equal(t, awstest.Epoch.Add(38*time.Second), task.StartedAt.UTC())
	assert.Equal(t, "privateIPv4Address", *task.Attachments[0].Details[2].Name)
	address := *task.Attachments[0].Details[2].Value
	require.Len(t, task.Containers, 1)
	assert.Equal(t, "app", *task.Containers[0].Name)
	assert.Equal(t, address, *task.Containers[0].NetworkInterfaces[0].PrivateIpv4Address)
	assert.Nil(t, task.StoppedAt)
	awstest.SetDesired(e.Store, 0)
	e.At(200)
	assert.Empty(t, list(types.DesiredStatusRunning))
	assert.Equal(t, []string{arn}, list(types.DesiredStatusStopped))
	task = describe(arn)
	assert.Equal(t, types.TaskStopCodeServiceSchedulerInitiated, task.StopCode)
	assert.Contains(t, *task.StoppedReason, "Scaling activity initiated by")
	assert.NotNil(t, task.StoppedAt)
}

func TestListTasksPages(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:ListTasks *"))
	awstest.SetDesired(e.Store, 3)
	e.At(0)
	_, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster})
	require.NoError(t, err)
	e.At(60)
	var seen []string
	pages := ecs.NewListTasksPaginator(client, &ecs.ListTasksInput{Cluster: cluster, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(e.Context())
		require.NoError(t, err)
		seen = append(seen, page.TaskArns...)
	}
	assert.Len(t, seen, 3)
	_, err = client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster, NextToken: aws.String("x")})
	awstest.As[*types.InvalidParameterException](t, err)
	_, err = client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster, ServiceName: aws.String("none")})
	awstest.As[*types.ServiceNotFoundException](t, err)
	_, err = client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster, DesiredStatus: "ODD"})
	awstest.As[*types.InvalidParameterException](t, err)
	_, err = client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: aws.String("none")})
	awstest.As[*types.ClusterNotFoundException](t, err)
}

func TestWhyATaskDidNotStart(t *testing.T) {
	t.Parallel()
	containers := &scheduler.Simulated{}
	containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure {
		return &scheduler.StartFailure{Reason: "CannotPullContainerError: gone"}
	})
	e := awstest.NewWith(t, scheduler.Options{Containers: containers})
	client := ecs.NewFromConfig(e.As("ecs:* *"))
	awstest.SetDesired(e.Store, 1)
	_, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster})
	require.NoError(t, err)
	e.At(100)
	stopped, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster, DesiredStatus: types.DesiredStatusStopped})
	require.NoError(t, err)
	out, err := client.DescribeTasks(e.Context(), &ecs.DescribeTasksInput{Cluster: cluster, Tasks: append(stopped.TaskArns, "none")})
	require.NoError(t, err)
	assert.Equal(t, types.TaskStopCodeTaskFailedToStart, out.Tasks[0].StopCode)
	assert.Equal(t, "CannotPullContainerError: gone", *out.Tasks[0].StoppedReason)
	assert.Equal(t, "CannotPullContainerError: gone", *out.Tasks[0].Containers[0].Reason)
	require.Len(t, out.Failures, 1)
	assert.Equal(t, awstest.Prefix+":task/edit-cluster/none", *out.Failures[0].Arn)
	_, err = client.DescribeTasks(e.Context(), &ecs.DescribeTasksInput{Cluster: cluster, Tasks: []string{}})
	awstest.As[*types.InvalidParameterException](t, err)
}

func TestTaskProtection(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecs.NewFromConfig(e.As("ecs:* *"))
	awstest.SetDesired(e.Store, 1)
	e.At(0)
	get := func() *ecs.GetTaskProtectionOutput {
		out, err := client.GetTaskProtection(e.Context(), &ecs.GetTaskProtectionInput{Cluster: cluster})
		require.NoError(t, err)
		return out
	}
	get()
	e.At(60)
	require.Len(t, get().ProtectedTasks, 1)
	task := *get().ProtectedTasks[0].TaskArn
	assert.False(t, get().ProtectedTasks[0].ProtectionEnabled)
	assert.Nil(t, get().ProtectedTasks[0].ExpirationDate)
	protect := func(on bool, minutes *int32) (*ecs.UpdateTaskProtectionOutput, error) {
		return client.UpdateTaskProtection(e.Context(), &ecs.UpdateTaskProtectionInput{
			Cluster: cluster, Tasks: []string{task}, ProtectionEnabled: on, ExpiresInMinutes: minutes,
		})
	}
	out, err := protect(true, aws.Int32(5))
	require.NoError(t, err)
	assert.Equal(t, awstest.Epoch.Add(6*time.Minute), out.ProtectedTasks[0].ExpirationDate.UTC())
	e.At(359)
	assert.True(t, get().ProtectedTasks[0].ProtectionEnabled)
	e.At(360)
	assert.False(t, get().ProtectedTasks[0].ProtectionEnabled)
	out, err = protect(true, nil)
	require.NoError(t, err)
	assert.Equal(t, awstest.Epoch.Add(6*time.Minute+2*time.Hour), out.ProtectedTasks[0].ExpirationDate.UTC(), "two hours by default")
	_, err = protect(false, nil)
	require.NoError(t, err)
	assert.False(t, get().ProtectedTasks[0].ProtectionEnabled)
	_, err = protect(true, aws.Int32(2881))
	awstest.As[*types.InvalidParameterException](t, err)
	missing, err := client.GetTaskProtection(e.Context(), &ecs.GetTaskProtectionInput{Cluster: cluster, Tasks: []string{"none"}})
	require.NoError(t, err)
	assert.Equal(t, "MISSING", *missing.Failures[0].Reason)
}

// TestEachPermissionOfECS calls every operation without its permission, and with it on another resource or cluster.
func TestEachPermissionOfECS(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	task := awstest.Prefix + ":task/edit-cluster/0123456789abcdef0123456789abcdef"
	calls := map[string]func(*ecs.Client) error{
		"ecs:DescribeServices " + awstest.ServiceARN: func(c *ecs.Client) error {
			_, err := c.DescribeServices(e.Context(), &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{*service}})
			return err
		},
		"ecs:UpdateService " + awstest.ServiceARN: func(c *ecs.Client) error {
			_, err := c.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(0)})
			return err
		},
		"ecs:ListTasks *": func(c *ecs.Client) error {
			_, err := c.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster})
			return err
		},
		"ecs:DescribeTasks " + task: func(c *ecs.Client) error {
			_, err := c.DescribeTasks(e.Context(), &ecs.DescribeTasksInput{Cluster: cluster, Tasks: []string{task}})
			return err
		},
		"ecs:GetTaskProtection " + task: func(c *ecs.Client) error {
			_, err := c.GetTaskProtection(e.Context(), &ecs.GetTaskProtectionInput{Cluster: cluster, Tasks: []string{task}})
			return err
		},
		"ecs:UpdateTaskProtection " + awstest.Prefix + ":task/edit-cluster/*": func(c *ecs.Client) error {
			_, err := c.UpdateTaskProtection(e.Context(), &ecs.UpdateTaskProtectionInput{Cluster: cluster, Tasks: []string{task}})
			return err
		},
	}
	for permission, call := range calls {
		action := permission[:len("ecs:")] + awstest.After(permission, "ecs:", " ")
		awstest.Refused(t, call(ecs.NewFromConfig(e.As())), "AccessDeniedException", action)
		awstest.Refused(t, call(ecs.NewFromConfig(e.As(action+" arn:aws:ecs:us-west-2:942734823970:other/x"))), "AccessDeniedException", action)
		require.NoError(t, call(ecs.NewFromConfig(e.As(permission))), permission)
		assert.Equal(t, action, e.Last().Action)
	}
}

// TestListTasksIsRestrictedByCluster uses the condition that policies need where a resource is not to be had.
func TestListTasksIsRestrictedByCluster(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	for clusterARN, allowed := range map[string]bool{awstest.ClusterARN: true, awstest.ClusterARN + "-dev": false} {
		client := ecs.NewFromConfig(e.As())
		awstest.Put(e.Store, "aws:iam/rolePolicy:RolePolicy", "scaler:main", map[string]any{
			"name": "main", "role": "scaler", "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:ListTasks",
				"Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"` + clusterARN + `"}}}}`,
		})
		_, err := client.ListTasks(e.Context(), &ecs.ListTasksInput{Cluster: cluster})
		assert.Equal(t, allowed, err == nil, "%v", err)
	}
}
