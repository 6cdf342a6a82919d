package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	pulumiecs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

const (
	imageRepository = "webordinary/claude-code-astro"
	editCluster     = "webordinary-edit-cluster"
	editService     = "webordinary-edit"
)

// operator works on a deployed stack whose tasks start only with the images, secrets and permissions that they need in
// AWS, through AWS's APIs.
type operator struct {
	*deployment
	ecs       *ecs.Client
	ecr       *ecr.Client
	scheduler *sandboxtest.Scheduler
	// pushed numbers the images, so that each is another one.
	pushed int
}

// yesterday undoes in the program what D19 has added to the task definition.
func yesterday(ctx *pulumi.Context) error {
	err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		definition, ok := args.Props.(*pulumiecs.TaskDefinitionArgs)
		if !ok {
			return nil
		}
		definition.SkipDestroy = nil
		definition.ContainerDefinitions = definition.ContainerDefinitions.ToStringOutput().ApplyT(func(text string) string {
			return strings.Replace(text, `"versionConsistency":"disabled",`, "", 1)
		}).(pulumi.StringOutput)
		return &pulumi.ResourceTransformationResult{Props: definition, Opts: args.Opts}
	})
	if err != nil {
		return err
	}
	return infra.Deploy(ctx)
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{deployment: newDeployment(t)}
	store := o.sandbox.Account()
	o.scheduler = sandboxtest.NewScheduler(store, sandboxtest.SchedulerOptions{Authorizer: sandboxtest.NewAuthorizer(store), Timing: sandboxtest.Timing{
		Scheduler: moment, Provisioning: moment, Pull: moment, Activating: moment, FirstCheck: moment, Stop: moment,
		Deprovisioning: moment,
	}})
	api, err := sandboxtest.StartAPI(sandboxtest.APIOptions{Store: store, Scheduler: o.scheduler, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Close()) })
	config := api.Config(api.DeployerCredentials())
	o.ecs, o.ecr = ecs.NewFromConfig(config), ecr.NewFromConfig(config)
	return o
}

// prod is the stack of a program, with the secrets that a task needs.
func (o *operator) prod(program pulumi.RunFunc, config map[string]any) *sandboxtest.Stack {
	o.t.Helper()
	all := with(config)
	all["protect"] = sandboxtest.ConfigValue{Value: false}
	for _, key := range []string{"anthropicApiKey", "githubToken"} {
		all[key] = sandboxtest.ConfigValue{Value: "value-of-" + key, Secret: true}
	}
	stack, err := o.sandbox.Stack(sandboxtest.StackOptions{Name: "prod", Program: program, Config: all})
	require.NoError(o.t, err)
	return stack
}

// push pushes another image under a tag and returns its digest.
func (o *operator) push(tag string) string {
	o.t.Helper()
	o.pushed++
	out, err := o.ecr.PutImage(o.ctx, &ecr.PutImageInput{
		RepositoryName: aws.String(imageRepository), ImageTag: aws.String(tag),
		ImageManifest: aws.String(fmt.Sprintf(`{"schemaVersion":2,"layers":[{"size":%d}]}`, o.pushed)),
	})
	require.NoError(o.t, err)
	return *out.Image.ImageId.ImageDigest
}

// want sets the desired count as the scaler does.
func (o *operator) want(count int32) {
	o.t.Helper()
	_, err := o.ecs.UpdateService(o.ctx, &ecs.UpdateServiceInput{
		Cluster: aws.String(editCluster), Service: aws.String(editService), DesiredCount: aws.Int32(count),
	})
	require.NoError(o.t, err)
}

// tasks describes the service's tasks of a desired status.
func (o *operator) tasks(status types.DesiredStatus) []types.Task {
	o.t.Helper()
	listed, err := o.ecs.ListTasks(o.ctx, &ecs.ListTasksInput{
		Cluster: aws.String(editCluster), ServiceName: aws.String(editService), DesiredStatus: status,
	})
	require.NoError(o.t, err)
	if len(listed.TaskArns) == 0 {
		return nil
	}
	described, err := o.ecs.DescribeTasks(o.ctx, &ecs.DescribeTasksInput{Cluster: aws.String(editCluster), Tasks: listed.TaskArns})
	require.NoError(o.t, err)
	return described.Tasks
}

// until asks again and again, as fast as the scheduler's steps are.
func (o *operator) until(what string, is func() bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, time.Minute)
	defer cancel()
	for !is() {
		require.NoError(o.t, ctx.Err(), what)
		time.Sleep(moment)
	}
}

// wake wants a task and returns what became of it, with the reason if it has failed.
func (o *operator) wake() (digest, reason string) {
	o.t.Helper()
	known := map[string]bool{}
	for _, task := range o.tasks(types.DesiredStatusStopped) {
		known[*task.TaskArn] = true
	}
	o.want(1)
	o.until("a task that runs or has failed", func() bool {
		for _, task := range o.tasks(types.DesiredStatusStopped) {
			if !known[*task.TaskArn] {
				reason = *task.StoppedReason
				return true
			}
		}
		for _, task := range o.tasks(types.DesiredStatusRunning) {
			if *task.LastStatus == "RUNNING" {
				digest = *task.Containers[0].ImageDigest
				return true
			}
		}
		return false
	})
	return digest, reason
}

// requireWake wakes the service with an image and puts it to sleep.
func (o *operator) requireWake(digest string) {
	o.t.Helper()
	came, reason := o.wake()
	require.Empty(o.t, reason)
	require.Equal(o.t, digest, came)
	o.want(0)
}

// TestPushedImagesReachTheNextWake: what is pushed under the moving tag runs at the next wake, however often something
// was pushed meanwhile; with yesterday's program a wake stays with the first image until the registry has expired it,
// and then there are no more wakes (D19).
func TestPushedImagesReachTheNextWake(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	stale := o.prod(yesterday, nil)
	o.up(stale)
	first := o.push("latest")
	o.requireWake(first)
	o.push("latest")
	o.requireWake(first)
	for range 9 {
		o.push("latest")
	}
	_, reason := o.wake()
	require.Contains(t, reason, "CannotPullContainerError: ")
	require.Contains(t, reason, imageRepository+":latest@"+first+": not found")
	o.want(0)

	today := o.prod(infra.Deploy, nil)
	for _, step := range o.up(today).Steps {
		require.Contains(t, []string{taskDefinitionType, serviceType}, step.Type, step.URN)
	}
	o.requireWake(o.push("latest"))
	o.requireWake(o.push("latest"))
	var last string
	for range 11 {
		last = o.push("latest")
	}
	images, err := o.ecr.DescribeImages(o.ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String(imageRepository)})
	require.NoError(t, err)
	require.Len(t, images.ImageDetails, 10, "the lifecycle policy keeps ten")
	o.requireWake(last)
	o.requireNoChanges(today)
}

// service describes the service.
func (o *operator) service() types.Service {
	o.t.Helper()
	out, err := o.ecs.DescribeServices(o.ctx, &ecs.DescribeServicesInput{Cluster: aws.String(editCluster), Services: []string{editService}})
	require.NoError(o.t, err)
	require.Len(o.t, out.Services, 1)
	return out.Services[0]
}

// untilRollout waits until the service's deployment of that revision has got that far.
func (o *operator) untilRollout(revision int, state types.DeploymentRolloutState) types.Service {
	o.t.Helper()
	var service types.Service
	o.until(fmt.Sprintf("revision %d is %s", revision, state), func() bool {
		service = o.service()
		primary := service.Deployments[0]
		return strings.HasSuffix(*primary.TaskDefinition, fmt.Sprintf("task-definition/%s:%d", editService, revision)) &&
			primary.RolloutState == state
	})
	return service
}

// untilHealthy waits until every target of the service's tasks is in service.
func (o *operator) untilHealthy() {
	o.t.Helper()
	o.until("the service's targets are healthy", func() bool {
		o.service() // moves the account on
		targets, err := sandboxtest.Targets(o.sandbox.Account())
		require.NoError(o.t, err)
		return len(targets) > 0 && !slices.ContainsFunc(targets, func(t *sandboxtest.Target) bool { return t.State != sandboxtest.TargetHealthy })
	})
}

// TestCircuitBreakerGoesBack deploys an image that nobody has pushed while somebody edits. Yesterday's program has
// deregistered the revision before by the time the circuit breaker wants it back; today's leaves it registered (D19).
func TestCircuitBreakerGoesBack(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	broken := map[string]any{"imageTag": "never-pushed"}
	o.up(o.prod(yesterday, nil))
	o.push("latest")
	_, reason := o.wake()
	require.Empty(t, reason)
	o.untilHealthy() // a deployment stops first what its target groups do not call healthy
	o.up(o.prod(yesterday, broken))
	stuck := o.untilRollout(2, types.DeploymentRolloutStateFailed)
	require.Contains(t, *stuck.Events[0].Message, "was unable to roll back")
	require.Len(t, o.tasks(types.DesiredStatusRunning), 1, "the editor's task of revision 1 runs on")

	o.up(o.prod(infra.Deploy, nil))
	o.untilRollout(3, types.DeploymentRolloutStateCompleted)
	bad := o.prod(infra.Deploy, broken)
	o.up(bad)
	back := o.untilRollout(3, types.DeploymentRolloutStateCompleted)
	require.Equal(t, *back.Deployments[0].TaskDefinition, *back.TaskDefinition)
	definition, err := o.ecs.DescribeTaskDefinition(o.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: back.TaskDefinition})
	require.NoError(t, err)
	require.Equal(t, types.TaskDefinitionStatusActive, definition.TaskDefinition.Status)

	// As docs/operations.md says: Pulumi does not notice by itself that the breaker has gone back.
	o.requireNoChanges(bad)
	o.push("never-pushed")
	_, err = bad.Refresh(o.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	for _, step := range o.up(bad).Steps {
		require.Equal(t, "edit-service", step.Name)
	}
	o.untilRollout(4, types.DeploymentRolloutStateCompleted)
}
