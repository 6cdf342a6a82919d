package infra

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/policy"
)

// rolePolicies gives the execution and task roles what they need, and nothing more (D3).
func (s *EditService) addRolePolicies(ctx *pulumi.Context, name string, args *EditServiceArgs) (taskRoles, error) {
	execution, err := component.NewRole(ctx, name+"-execution-role", &component.RoleArgs{
		Name:        args.Names.Role("edit-execution"),
		Description: "What ECS may do to start the live-edit container",
		Service:     "ecs-tasks.amazonaws.com",
	}, component.Child(s)...)
	if err != nil {
		return taskRoles{}, err
	}
	s.executionRole = execution
	roles := taskRoles{execution: execution, task: args.TaskRole}
	for _, grant := range []struct {
		name     string
		role     *iam.Role
		document policy.Document
	}{
		{name + "-execution-policy", execution, executionPolicy(s.logGroup, args)},
		{name + "-task-policy", args.TaskRole, taskPolicy(s, args)},
	} {
		policy, err := component.NewRolePolicy(ctx, grant.name, grant.role, grant.document, component.Child(s)...)
		if err != nil {
			return taskRoles{}, err
		}
		s.policies = append(s.policies, policy)
	}
	return roles, nil
}

// executionPolicy is what ECS needs before the container runs: AWS's managed policy allows every repository and log
// group of the account, this one allows ours.
func executionPolicy(logGroup *cloudwatch.LogGroup, args *EditServiceArgs) policy.Document {
	return policy.Document{Statements: []policy.Statement{
		{
			Sid:     "LogInToTheRegistry", // the token is the account's; AWS offers no resource for it
			Actions: []string{"ecr:GetAuthorizationToken"}, Resources: policy.AnyResource(),
		},
		{
			Sid:       "PullTheImage",
			Actions:   []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: policy.Resources(args.Registry.RepositoryArn),
		},
		component.WriteLogs(logGroup),
		readSecrets(args), // ECS injects them when the container starts
	}}
}

// taskPolicy is what the code in the container may do.
func taskPolicy(s *EditService, args *EditServiceArgs) policy.Document {
	bucketArn := pulumi.Sprintf("arn:aws:s3:::%s", args.BucketName)
	return policy.Document{Statements: append([]policy.Statement{
		{
			Sid: "ListTheWorkspaceBucket", Actions: []string{"s3:ListBucket"}, Resources: policy.Resources(bucketArn),
			Conditions: args.underPrefix(),
		},
		{
			Sid:       "ReadAndWriteTheWorkspaceBucket",
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
			Resources: policy.Resources(pulumi.Sprintf("%s/%s*", bucketArn, args.bucketPrefix())),
		},
		readSecrets(args), // a session re-reads a rotated key without a restart
		component.WriteLogs(s.logGroup),
		mountThrough(args.Workspace),
		{
			Sid: "SayThatASessionIsBusy", // docs/container-contract.md
			// The agent's endpoint acts with the task role, on the tasks of this cluster only.
			Actions:   []string{"ecs:GetTaskProtection", "ecs:UpdateTaskProtection"},
			Resources: policy.Resources(s.tasksArn()),
		},
	}, args.Door.read()...)}
}

// bucketPrefix begins the names of the client's objects; the whole bucket is the client's that has the stack for itself.
func (a *EditServiceArgs) bucketPrefix() string {
	if !a.Narrow {
		return ""
	}
	return a.Client.ID + "/"
}

// underPrefix narrows a listing to the client's objects.
func (a *EditServiceArgs) underPrefix() []policy.Condition {
	if !a.Narrow {
		return nil
	}
	return []policy.Condition{policy.When("StringLike", "s3:prefix", pulumi.String(a.bucketPrefix()+"*"))}
}

// tasksArn matches every task of the cluster: arn:…:cluster/NAME has its tasks below arn:…:task/NAME/.
func (s *EditService) tasksArn() pulumi.StringOutput {
	return s.ClusterArn.ApplyT(func(arn string) string {
		return strings.Replace(arn, ":cluster/", ":task/", 1) + "/*"
	}).(pulumi.StringOutput)
}

func readSecrets(args *EditServiceArgs) policy.Statement {
	return policy.Statement{
		Sid:       "ReadTheSecrets",
		Actions:   []string{"secretsmanager:GetSecretValue"},
		Resources: policy.Resources(args.Secrets.AnthropicAPIKeyArn, args.Secrets.GitHubTokenArn),
	}
}

// mountThrough lets a role mount the workspace and write to it, through the clients' access point only.
func mountThrough(workspace WorkspaceOutputs) policy.Statement {
	return policy.Statement{
		Sid:        "MountTheWorkspace",
		Actions:    []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
		Resources:  policy.Resources(workspace.FileSystemArn),
		Conditions: []policy.Condition{policy.When("StringEquals", "elasticfilesystem:AccessPointArn", workspace.ClientAccessPointArn)},
	}
}
