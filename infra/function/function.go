// Package function deploys Lambda functions from this module's Go sources: the same sources give the same bytes everywhere.
package function

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/policy"
)

// logRetentionDays matches the container's log group (T02: 7 days).
const logRetentionDays = 7

// Args describes a Lambda function whose source is one of our Go packages.
type Args struct {
	// Name of the function in AWS.
	Name, Description string
	// Source is the folder below functions/.
	Source string
	// Role is the function's identity; its policy allows writing to the function's log group besides Permissions.
	Role *iam.Role
	// Permissions are the statements the function needs; say beside each what it is for.
	Permissions []policy.Statement
	// Environment is the function's configuration; nil for none.
	Environment pulumi.StringMap
	// TimeoutSeconds, 1 to 900, and MemoryMB, 128 to 10240.
	TimeoutSeconds, MemoryMB int
	// ReservedConcurrency limits parallel runs; nil leaves it to the account's pool.
	ReservedConcurrency *int
	// Vpc attaches the function to subnets and the workspace; nil leaves it outside the VPC.
	Vpc *VpcArgs
	// DependsOn is what must be there before the function, such as mount targets.
	DependsOn []pulumi.Resource
}

// VpcArgs attaches a function to the VPC and mounts an access point.
type VpcArgs struct {
	SubnetIDs       pulumi.StringArrayInput
	SecurityGroupID pulumi.StringInput
	AccessPointArn  pulumi.StringInput
	MountPath       string
}

// Deployed is a deployed function with what belongs to it.
type Deployed struct {
	Function *lambda.Function
	LogGroup *cloudwatch.LogGroup
	Policy   *iam.RolePolicy
}

// New builds functions/<Source> and registers its log group, its role's policy and the function.
func New(
	ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource,
) (*Deployed, error) {
	builder, err := newBuilder()
	if err != nil {
		return nil, err
	}
	archive, err := builder.build(ctx.Context(), args.Source)
	if err != nil {
		return nil, err
	}
	built := &Deployed{}
	built.LogGroup, err = component.NewLogGroup(ctx, name+"-log-group", "/aws/lambda/"+args.Name, logRetentionDays, component.Child(parent)...)
	if err != nil {
		return nil, err
	}
	document := policy.Document{Statements: append([]policy.Statement{component.WriteLogs(built.LogGroup)}, args.Permissions...)}
	built.Policy, err = component.NewRolePolicy(ctx, name+"-policy", args.Role, document, component.Child(parent)...)
	if err != nil {
		return nil, err
	}
	dependencies := append([]pulumi.Resource{built.Policy, built.LogGroup}, args.DependsOn...)
	built.Function, err = lambda.NewFunction(ctx, name, args.functionArgs(archive),
		component.Child(parent, pulumi.DependsOn(dependencies))...)
	return built, component.Created(name, err)
}

func (a *Args) functionArgs(archive string) *lambda.FunctionArgs {
	function := &lambda.FunctionArgs{
		Name:          pulumi.String(a.Name),
		Description:   pulumi.String(a.Description),
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String(bootstrapName),
		Architectures: pulumi.StringArray{pulumi.String("arm64")},
		Role:          a.Role.Arn,
		Code:          pulumi.NewFileArchive(archive),
		Timeout:       pulumi.Int(a.TimeoutSeconds),
		MemorySize:    pulumi.Int(a.MemoryMB),
	}
	if a.Environment != nil {
		function.Environment = &lambda.FunctionEnvironmentArgs{Variables: a.Environment}
	}
	if a.ReservedConcurrency != nil {
		function.ReservedConcurrentExecutions = pulumi.Int(*a.ReservedConcurrency)
	}
	if a.Vpc != nil {
		function.VpcConfig = &lambda.FunctionVpcConfigArgs{
			SubnetIds:        a.Vpc.SubnetIDs,
			SecurityGroupIds: pulumi.StringArray{a.Vpc.SecurityGroupID},
		}
		function.FileSystemConfig = &lambda.FunctionFileSystemConfigArgs{
			Arn: a.Vpc.AccessPointArn, LocalMountPath: pulumi.String(a.Vpc.MountPath),
		}
	}
	return function
}
