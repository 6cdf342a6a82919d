package component

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/policy"
)

// RoleArgs describes a role that one AWS service assumes.
type RoleArgs struct {
	Name, Description string
	// Service is the principal that may assume the role.
	Service string
}

// NewRole registers a role without permissions; [NewRolePolicy] adds them.
func NewRole(ctx *pulumi.Context, name string, args *RoleArgs, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(args.Name),
		Description:      pulumi.String(args.Description),
		AssumeRolePolicy: policy.Trust(args.Service).JSON(),
	}, opts...)
	return role, Created(name, err)
}

// NewRolePolicy gives role the permissions of document as the inline policy policyName.
func NewRolePolicy(
	ctx *pulumi.Context, name string, role *iam.Role, document policy.Document, opts ...pulumi.ResourceOption,
) (*iam.RolePolicy, error) {
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name:   pulumi.String(name),
		Role:   role.Name,
		Policy: document.JSON(),
	}, opts...)
	return policy, Created(name, err)
}
