package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// roleArgs describes a role that one AWS service assumes.
type roleArgs struct {
	Name, Description string
	// Service is the principal that may assume the role.
	Service string
}

// newRole registers a role without permissions; newRolePolicy adds them.
func newRole(ctx *pulumi.Context, name string, args *roleArgs, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(args.Name),
		Description:      pulumi.String(args.Description),
		AssumeRolePolicy: trustPolicy(args.Service).JSON(),
	}, opts...)
	return role, created(name, err)
}

// newRolePolicy gives role the permissions of document as the inline policy policyName.
func newRolePolicy(
	ctx *pulumi.Context, name string, role *iam.Role, document PolicyDocument, opts ...pulumi.ResourceOption,
) (*iam.RolePolicy, error) {
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name:   pulumi.String(name),
		Role:   role.Name,
		Policy: document.JSON(),
	}, opts...)
	return policy, created(name, err)
}
