// Package foundation goes through the testing checklist of the foundation's specification with the AWS API: registry,
// image, secrets and who may read them, file system, and the stack's outputs. It only reads, and a secret's value only if it is
// told to: that is an access that the audit trail's alarm reports.
package foundation

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// Registry is what is asked of ECR.
type Registry interface {
	DescribeRepositories(context.Context, *ecr.DescribeRepositoriesInput, ...func(*ecr.Options)) (*ecr.DescribeRepositoriesOutput, error)
	GetLifecyclePolicy(context.Context, *ecr.GetLifecyclePolicyInput, ...func(*ecr.Options)) (*ecr.GetLifecyclePolicyOutput, error)
	DescribeImages(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
}

// Tasks is what is asked of ECS.
type Tasks interface {
	DescribeTaskDefinition(
		context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
}

// Secrets is what is asked of Secrets Manager.
type Secrets interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (
		*secretsmanager.DescribeSecretOutput, error)
	GetResourcePolicy(context.Context, *secretsmanager.GetResourcePolicyInput, ...func(*secretsmanager.Options)) (
		*secretsmanager.GetResourcePolicyOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (
		*secretsmanager.GetSecretValueOutput, error)
}

// Roles is what is asked of IAM.
type Roles interface {
	iam.ListRolesAPIClient
	SimulatePrincipalPolicy(context.Context, *iam.SimulatePrincipalPolicyInput, ...func(*iam.Options)) (
		*iam.SimulatePrincipalPolicyOutput, error)
}

// Files is what is asked of EFS.
type Files interface {
	DescribeFileSystems(context.Context, *efs.DescribeFileSystemsInput, ...func(*efs.Options)) (*efs.DescribeFileSystemsOutput, error)
	DescribeLifecycleConfiguration(context.Context, *efs.DescribeLifecycleConfigurationInput, ...func(*efs.Options)) (
		*efs.DescribeLifecycleConfigurationOutput, error)
}

// Caller is what is asked of STS.
type Caller interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Checker goes through the checklist. It needs the actions that its methods' names say, on the stack's resources, and
// ecs:DescribeTaskDefinition, iam:ListRoles and iam:SimulatePrincipalPolicy.
type Checker struct {
	Registry Registry
	Tasks    Tasks
	Secrets  Secrets
	Roles    Roles
	Files    Files
	Caller   Caller
	// Outputs are the stack's, as `pulumi stack output --json` prints them.
	Outputs map[string]any
	// Readers are names or ARNs of roles that may read the secrets besides the execution and task roles.
	Readers []string
	// Values reads the values of the secrets that the container gets, to see whether they were typed with a line break. Nothing
	// of them is printed; the audit trail's alarm reports the access.
	Values bool
	Book   *report.Book
}

// Run checks everything.
func (c *Checker) Run(ctx context.Context) {
	c.outputs(ctx)
	c.plainOutputs(ctx)
	if cause := c.reachable(ctx); cause != "" {
		for _, id := range []string{report.Registry, report.Image, report.Secrets, report.Readers, report.FileSystem} {
			c.Book.Missed(id, cause)
		}
		return
	}
	c.registry(ctx)
	c.secrets(ctx)
	c.fileSystem(ctx)
	definition, err := c.definition(ctx)
	if err != nil {
		c.Book.Missed(report.Image, err.Error())
		c.Book.Missed(report.Readers, err.Error())
		return
	}
	c.image(ctx, definition)
	c.readers(ctx, definition)
}

// reachable says why the AWS API cannot be asked about this stack, or "".
func (c *Checker) reachable(ctx context.Context) string {
	caller, err := c.Caller.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Sprintf("the AWS API cannot be asked: %v; set credentials as for the AWS CLI", err)
	}
	if want := arnPart(c.text("repositoryArn"), accountPart); want != "" && want != *caller.Account {
		return fmt.Sprintf("the credentials are of account %s (%s), the stack is in %s; set AWS_PROFILE", *caller.Account, *caller.Arn, want)
	}
	return ""
}

// definition is the task definition that the stack's service runs.
func (c *Checker) definition(ctx context.Context) (*ecstypes.TaskDefinition, error) {
	arn := c.text("taskDefinitionArn")
	if arn == "" {
		return nil, fmt.Errorf("the output taskDefinitionArn is missing")
	}
	found, err := c.Tasks.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
	if err != nil {
		return nil, fmt.Errorf("task definition %s: %w", arn, err)
	}
	return found.TaskDefinition, nil
}

// text is an output's value; empty if it is missing or no text.
func (c *Checker) text(output string) string {
	text, _ := c.Outputs[output].(string)
	return text
}

// Parts of an ARN, counted from 0.
const (
	regionPart  = 3
	accountPart = 4
)

func arnPart(arn string, part int) string {
	if parts := strings.Split(arn, ":"); len(parts) > part {
		return parts[part]
	}
	return ""
}

// Region is the region of the stack with these outputs; empty if they do not tell.
func Region(outputs map[string]any) string {
	arn, _ := outputs["repositoryArn"].(string)
	return arnPart(arn, regionPart)
}

// measured records the outcome of a check, unless the run was broken off meanwhile.
func (c *Checker) measured(ctx context.Context, id, measured string, faults ...report.Fault) {
	if ctx.Err() == nil {
		c.Book.Measured(id, measured, faults...)
	}
}
