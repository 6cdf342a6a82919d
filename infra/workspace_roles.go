package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const mountRolesToken = "webordinary:infra:MountRoles"

// MountRolesArgs names the two roles.
type MountRolesArgs struct{ Names config.Names }

// MountRoles are the two identities that may mount the workspace: the task's and the cleanup function's. They are
// created before the file system, without permissions, so that its policy can name them from the start (D10); the
// components that use them add the permissions.
type MountRoles struct {
	pulumi.ResourceState

	Task, Cleanup *iam.Role
}

// NewMountRoles registers both roles.
func NewMountRoles(ctx *pulumi.Context, name string, args *MountRolesArgs, opts ...pulumi.ResourceOption) (*MountRoles, error) {
	roles := &MountRoles{}
	if err := ctx.RegisterComponentResourceV2(
		mountRolesToken, name, pulumi.Map{"nameSuffix": pulumi.String(args.Names.Suffix())}, roles, opts...,
	); err != nil {
		return nil, component.Created(name, err)
	}
	var err error
	if roles.Task, err = component.NewRole(ctx, name+"-task", &component.RoleArgs{
		Name:        args.Names.Role("edit-task"),
		Description: "What the live-edit container may do",
		Service:     "ecs-tasks.amazonaws.com",
	}, component.Child(roles)...); err != nil {
		return nil, err
	}
	if roles.Cleanup, err = component.NewRole(ctx, name+"-cleanup", &component.RoleArgs{
		Name:        args.Names.Role("workspace-cleanup"),
		Description: "What the workspace cleanup function may do",
		Service:     "lambda.amazonaws.com",
	}, component.Child(roles)...); err != nil {
		return nil, err
	}
	return roles, ctx.RegisterResourceOutputs(roles, pulumi.Map{
		"taskRoleArn":    roles.Task.Arn,
		"cleanupRoleArn": roles.Cleanup.Arn,
	})
}
