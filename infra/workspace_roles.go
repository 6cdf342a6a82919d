package infra

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const mountRolesToken = "webordinary:infra:MountRoles"

// MountRolesArgs names the roles.
type MountRolesArgs struct {
	Names config.Names
	// Further are the naming schemes of the clients beside the first one, by ID.
	Further map[string]config.Names
}

// MountRoles are the identities that may mount the workspace: each client's task's and the cleanup function's. They are
// created before the file system, without permissions, so that its policy can name them from the start (D10); the
// components that use them add the permissions.
type MountRoles struct {
	pulumi.ResourceState

	// Task is the first client's, Further are the others', by ID.
	Task, Cleanup *iam.Role
	Further       map[string]*iam.Role
}

// TaskOf is a client's task role.
func (r *MountRoles) TaskOf(client config.Client) *iam.Role {
	if client.First {
		return r.Task
	}
	return r.Further[client.ID]
}

// NewMountRoles registers the roles.
func NewMountRoles(ctx *pulumi.Context, name string, args *MountRolesArgs, opts ...pulumi.ResourceOption) (*MountRoles, error) {
	roles := &MountRoles{Further: map[string]*iam.Role{}}
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
	for _, id := range slices.Sorted(maps.Keys(args.Further)) {
		if roles.Further[id], err = component.NewRole(ctx, name+"-task--"+id, &component.RoleArgs{
			Name:        args.Further[id].Role("edit-task"),
			Description: "What the live-edit container of client " + id + " may do",
			Service:     "ecs-tasks.amazonaws.com",
		}, component.Child(roles)...); err != nil {
			return nil, err
		}
	}
	return roles, ctx.RegisterResourceOutputs(roles, pulumi.Map{
		"taskRoleArn":    roles.Task.Arn,
		"cleanupRoleArn": roles.Cleanup.Arn,
	})
}
