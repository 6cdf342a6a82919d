package infra

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/cleanup/spec"
	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/function"
	"github.com/webordinary/live-edit/infra/policy"
)

const cleanupToken = "webordinary:infra:Cleanup"

const (
	// cleanupPurpose names the function and its role.
	cleanupPurpose = "workspace-cleanup"
	// cleanupTimeoutSeconds is the specification's (T00 §3: 5 minutes). A run stops by itself before that and the next
	// one goes on.
	cleanupTimeoutSeconds = 300
	// cleanupMemoryMB buys processor time for the compression, a bit more than half a core; the function itself keeps
	// below 96 MB whatever the size of the file system.
	cleanupMemoryMB = 1024
	// cleanupMountPath is where the function finds the clients; Lambda allows /mnt/ and one more part.
	cleanupMountPath = "/mnt/workspaces"
	// cleanupFailureRetentionSeconds is SQS's longest, 14 days.
	cleanupFailureRetentionSeconds = 14 * 24 * 3600
)

// CleanupArgs describes the daily cleanup of the workspaces.
type CleanupArgs struct {
	config.Cleanup
	Names   config.Names
	Network *Network
	// Role is the function's; the file system's policy names it.
	Role      *iam.Role
	Workspace WorkspaceOutputs
	// ReserveConcurrency keeps a second run from starting. Without it one that starts all the same finds the first one's lock,
	// and leaves.
	ReserveConcurrency bool
	// Alerts hears of failures and of runs that did not happen.
	Alerts *Alerts
	// Alarms creates the alarms for both.
	Alarms bool
}

// Cleanup is the function that compresses, deletes and archives what nobody has used for long in the workspaces. Once a
// day it mounts them through the clients' access point, as the tasks do, and reaches nothing else: it has no way out of
// the VPC and needs none, since Lambda itself carries its log and reports its failures.
type Cleanup struct {
	pulumi.ResourceState

	FunctionName    pulumi.StringOutput `pulumi:"functionName"`
	FailureQueueURL pulumi.StringOutput `pulumi:"failureQueueUrl"`

	group    *ec2.SecurityGroup
	queue    *sqs.Queue
	function *function.Deployed
}

// NewCleanup registers the function, its network, its schedule and what reports on it.
func NewCleanup(ctx *pulumi.Context, name string, args *CleanupArgs, opts ...pulumi.ResourceOption) (*Cleanup, error) {
	cleanup := &Cleanup{}
	if err := ctx.RegisterComponentResource(cleanupToken, name, cleanup, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	for _, add := range []func(*pulumi.Context, string, *CleanupArgs) error{
		cleanup.addNetwork, cleanup.addQueue, cleanup.addFunction, cleanup.addFailures, cleanup.addSchedule, cleanup.addAlarms,
	} {
		if err := add(ctx, name, args); err != nil {
			return nil, err
		}
	}
	return cleanup, ctx.RegisterResourceOutputs(cleanup, pulumi.Map{
		"functionName":    cleanup.FunctionName,
		"failureQueueUrl": cleanup.FailureQueueURL,
	})
}

// deployCleanup leaves a workspace of another stack to that stack's cleanup.
func deployCleanup(ctx *pulumi.Context, cfg *config.Config, base *foundation) error {
	if cfg.Sharing.Has(config.PartWorkspace) {
		return nil
	}
	_, err := NewCleanup(ctx, "cleanup", &CleanupArgs{
		Cleanup: cfg.Cleanup, Names: cfg.Names(), Network: base.Network, Role: base.Roles.Cleanup, Workspace: base.Workspace,
		ReserveConcurrency: cfg.Scaler.Concurrency > 0, Alerts: base.Alerts, Alarms: cfg.Observability.Alarms,
	})
	return err
}

func (c *Cleanup) addNetwork(ctx *pulumi.Context, name string, args *CleanupArgs) error {
	connect, err := component.NewRolePolicy(
		ctx, name+"-vpc-policy", args.Role, policy.Document{Statements: connectToTheVPC(args)}, component.Child(c)...)
	if err != nil {
		return err
	}
	// Lambda deletes the function's network interfaces some time after the function, in the name of its role, and until then
	// they hold the security group (Lambda user guide, "Giving Lambda functions access to resources in an Amazon VPC": deletion
	// of ENIs needs the execution role). So role and policy outlive the group, which the provider deletes once they are gone.
	if c.group, err = newSecurityGroup(ctx, name+"-security-group", &securityGroupArgs{
		Name:        args.Names.SecurityGroup("cleanup"),
		Description: "The workspace cleanup function",
		VpcID:       args.Network.VpcID,
	}, component.Child(c, pulumi.DependsOn([]pulumi.Resource{connect}))...); err != nil {
		return err
	}
	return newLink(ctx, name+"-workspace", &linkArgs{
		Description: "Workspace cleanup to the workspace",
		From:        c.group.ID().ToStringOutput(), To: args.Workspace.SecurityGroupID, Port: nfsPort,
	}, component.Child(c)...)
}

// addQueue registers where failed invocations go, with the event and the function's own words.
func (c *Cleanup) addQueue(ctx *pulumi.Context, name string, args *CleanupArgs) error {
	queue, err := sqs.NewQueue(ctx, name+"-failures", &sqs.QueueArgs{
		Name:                    pulumi.String(args.Names.Other("workspace-cleanup-failures")),
		MessageRetentionSeconds: pulumi.Int(cleanupFailureRetentionSeconds),
		SqsManagedSseEnabled:    pulumi.Bool(true),
	}, component.Child(c)...)
	if err != nil {
		return component.Created(name+"-failures", err)
	}
	c.queue, c.FailureQueueURL = queue, queue.Url
	return nil
}

// cleanupConcurrency is how many runs of the cleanup there are at once, where that is reserved.
const cleanupConcurrency = 1

func (c *Cleanup) addFunction(ctx *pulumi.Context, name string, args *CleanupArgs) error {
	var reserved *int
	if args.ReserveConcurrency {
		one := cleanupConcurrency
		reserved = &one
	}
	var err error
	c.function, err = function.New(ctx, name+"-function", &function.Args{
		Name:                args.Names.Function(cleanupPurpose),
		Description:         "Compresses, deletes and archives what nobody has used for long in the live editor's workspaces",
		Source:              "cleanup",
		Role:                args.Role,
		Permissions:         c.permissions(args),
		Environment:         args.environment(),
		TimeoutSeconds:      cleanupTimeoutSeconds,
		MemoryMB:            cleanupMemoryMB,
		ReservedConcurrency: reserved,
		Vpc: &function.VpcArgs{
			SubnetIDs:       args.Network.WorkloadSubnetIDs,
			SecurityGroupID: c.group.ID().ToStringOutput(),
			AccessPointArn:  args.Workspace.ClientAccessPointArn,
			MountPath:       cleanupMountPath,
		},
		DependsOn: args.Workspace.Ready, // Lambda tries the mount when the function is created
	}, c)
	if err == nil {
		c.FunctionName = c.function.Function.Name
	}
	return err
}

// networkInterfaceActions are what Lambda does in the function's name to connect it to the VPC (Lambda user guide,
// "Giving Lambda functions access to resources in an Amazon VPC": required IAM permissions). Describing knows no
// resources, and Lambda refuses a function whose role may not do the rest to all of them.
var networkInterfaceActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// connectToTheVPC lets Lambda, and only Lambda, connect the function.
func connectToTheVPC(args *CleanupArgs) []policy.Statement {
	function := pulumi.Sprintf("arn:%s:lambda:%s:%s:function:%s", arnPart(args.Workspace.FileSystemArn, 1),
		arnPart(args.Workspace.FileSystemArn, 3), arnPart(args.Workspace.FileSystemArn, 4), args.Names.Function(cleanupPurpose))
	return []policy.Statement{
		{Sid: "ConnectToTheVPC", Actions: networkInterfaceActions, Resources: policy.AnyResource()},
		{
			// Lambda connects the function; its own code, which is what this key names, must not (same page).
			Sid: "LeaveThatToLambda", Deny: true, Actions: networkInterfaceActions, Resources: policy.AnyResource(),
			Conditions: []policy.Condition{policy.When("ArnEquals", "lambda:SourceFunctionArn", function)},
		},
	}
}

func (c *Cleanup) permissions(args *CleanupArgs) []policy.Statement {
	return []policy.Statement{
		mountThrough(args.Workspace),
		{
			Sid:     "ReportFailures", // of scheduled runs; see addFailures
			Actions: []string{"sqs:SendMessage"}, Resources: policy.Resources(c.queue.Arn),
		},
	}
}

// environment is the contract of functions/cleanup/spec. What is not set here keeps the function's own default.
func (a *CleanupArgs) environment() pulumi.StringMap {
	days := func(n int) pulumi.String { return pulumi.String(fmt.Sprintf("%dh", 24*n)) }
	return pulumi.StringMap{
		spec.Root:          pulumi.String(cleanupMountPath),
		spec.CompressAfter: days(a.CompressAfterDays),
		spec.DeleteAfter:   days(a.DeleteAfterDays),
		spec.ArchiveAfter:  days(a.ArchiveAfterDays),
		spec.DryRun:        pulumi.String(strconv.FormatBool(a.DryRun)),
	}
}

// addFailures keeps what could not be run. Lambda tries twice more before, minutes apart, which is enough for whatever
// passes by itself; the next day's run does the rest.
func (c *Cleanup) addFailures(ctx *pulumi.Context, name string, _ *CleanupArgs) error {
	_, err := lambda.NewFunctionEventInvokeConfig(ctx, name+"-on-failure", &lambda.FunctionEventInvokeConfigArgs{
		FunctionName: c.function.Function.Name,
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: c.queue.Arn},
		},
	}, component.Child(c, pulumi.DependsOn([]pulumi.Resource{c.function.Policy}))...)
	return component.Created(name+"-on-failure", err)
}

// addSchedule runs the function once a day (T00 §3).
func (c *Cleanup) addSchedule(ctx *pulumi.Context, name string, args *CleanupArgs) error {
	return newSchedule(ctx, name, &scheduleArgs{
		Name:        args.Names.Other("workspace-cleanup-daily"),
		Description: "Cleans the live editor's workspaces up",
		Expression:  "rate(1 day)",
		Function:    c.function.Function,
	}, component.Child(c)...)
}
