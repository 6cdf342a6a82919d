package infra

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rolePolicies gives the execution and task roles what they need, and nothing more (D3).
func (s *EditService) addRolePolicies(ctx *pulumi.Context, name string, args *EditServiceArgs) (taskRoles, error) {
	execution, err := newRole(ctx, name+"-execution-role", &roleArgs{
		Name:        args.Names.Role("edit-execution"),
		Description: "What ECS may do to start the live-edit container",
		Service:     "ecs-tasks.amazonaws.com",
	}, child(s)...)
	if err != nil {
		return taskRoles{}, err
	}
	s.executionRole = execution
	roles := taskRoles{execution: execution, task: args.TaskRole}
	for _, grant := range []struct {
		name     string
		role     *iam.Role
		document PolicyDocument
	}{
		{name + "-execution-policy", execution, executionPolicy(s.logGroup, args)},
		{name + "-task-policy", args.TaskRole, taskPolicy(s, args)},
	} {
		policy, err := newRolePolicy(ctx, grant.name, grant.role, grant.document, child(s)...)
		if err != nil {
			return taskRoles{}, err
		}
		s.policies = append(s.policies, policy)
	}
	return roles, nil
}

// executionPolicy is what ECS needs before the container runs: AWS's managed policy allows every repository and log
// group of the account, this one allows ours.
func executionPolicy(logGroup *cloudwatch.LogGroup, args *EditServiceArgs) PolicyDocument {
	return PolicyDocument{Statements: []Statement{
		{
			Sid:     "LogInToTheRegistry", // the token is the account's; AWS offers no resource for it
			Actions: []string{"ecr:GetAuthorizationToken"}, Resources: anyResource(),
		},
		{
			Sid:       "PullTheImage",
			Actions:   []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: resources(args.Registry.RepositoryArn),
		},
		writeLogs(logGroup),
		readSecrets(args), // ECS injects them when the container starts
	}}
}

// taskPolicy is what the code in the container may do.
func taskPolicy(s *EditService, args *EditServiceArgs) PolicyDocument {
	bucketArn := pulumi.Sprintf("arn:aws:s3:::%s", args.BucketName)
	return PolicyDocument{Statements: []Statement{
		{
			Sid: "ListTheWorkspaceBucket", Actions: []string{"s3:ListBucket"}, Resources: resources(bucketArn),
		},
		{
			Sid:       "ReadAndWriteTheWorkspaceBucket",
			Actions:   []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
			Resources: resources(pulumi.Sprintf("%s/*", bucketArn)),
		},
		readSecrets(args), // a session re-reads a rotated key without a restart
		writeLogs(s.logGroup),
		mountThrough(args.Workspace),
		{
			Sid: "SayThatASessionIsBusy", // docs/container-contract.md
			// The agent's endpoint acts with the task role, on the tasks of this cluster only.
			Actions:   []string{"ecs:GetTaskProtection", "ecs:UpdateTaskProtection"},
			Resources: resources(s.tasksArn()),
		},
	}}
}

// tasksArn matches every task of the cluster: arn:…:cluster/NAME has its tasks below arn:…:task/NAME/.
func (s *EditService) tasksArn() pulumi.StringOutput {
	return s.ClusterArn.ApplyT(func(arn string) string {
		return strings.Replace(arn, ":cluster/", ":task/", 1) + "/*"
	}).(pulumi.StringOutput)
}

func readSecrets(args *EditServiceArgs) Statement {
	return Statement{
		Sid:       "ReadTheSecrets",
		Actions:   []string{"secretsmanager:GetSecretValue"},
		Resources: resources(args.Secrets.AnthropicAPIKeyArn, args.Secrets.GitHubTokenArn),
	}
}

// writeLogs lets a role write to the streams of one log group. The group itself is ours to create.
func writeLogs(group *cloudwatch.LogGroup) Statement {
	return Statement{
		Sid:       "WriteTheLog",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: resources(pulumi.Sprintf("%s:*", group.Arn)),
	}
}

// mountThrough lets a role mount the workspace and write to it, through the clients' access point only.
func mountThrough(workspace WorkspaceOutputs) Statement {
	return Statement{
		Sid:        "MountTheWorkspace",
		Actions:    []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
		Resources:  resources(workspace.FileSystemArn),
		Conditions: []Condition{when("StringEquals", "elasticfilesystem:AccessPointArn", workspace.ClientAccessPointArn)},
	}
}
