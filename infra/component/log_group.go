package component

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/policy"
)

// NewLogGroup registers a log group whose entries expire.
func NewLogGroup(
	ctx *pulumi.Context, name, groupName string, retentionDays int, opts ...pulumi.ResourceOption,
) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(groupName),
		RetentionInDays: pulumi.Int(retentionDays),
	}, opts...)
	return group, Created(name, err)
}

// WriteLogs lets a role write to the streams of one log group. The group itself is ours to create.
func WriteLogs(group *cloudwatch.LogGroup) policy.Statement {
	return policy.Statement{
		Sid:       "WriteTheLog",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: policy.Resources(pulumi.Sprintf("%s:*", group.Arn)),
	}
}
