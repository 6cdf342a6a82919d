package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/efs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const workspaceToken = "webordinary:infra:Workspace"

const (
	// nfsPort is where mount targets listen.
	nfsPort = 2049
	// workspaceUser is the uid and gid of every file in a workspace (T00 §3), node's in the container image.
	workspaceUser = 1000
	// workspacePermissions of the directories that access points create (T00 §3).
	workspacePermissions = "755"
)

// WorkspaceArgs describes the file system of workspaces.
type WorkspaceArgs struct {
	Names   config.Names
	Network *Network
	// Roles are the only ones that may mount, besides ExtraMountRoleArns.
	Roles              *MountRoles
	ExtraMountRoleArns []string
	// RefuseOtherRoles refuses every other role, by its ARN (D23).
	RefuseOtherRoles bool
	// Clients each get an access point of their own below /clients.
	Clients []string
	// Tenants may each mount their own access point only, and /clients is left to the cleanup. Empty where one client has the stack.
	Tenants []Tenant
	// Backups turns AWS Backup's daily backups on.
	Backups bool
	keeping keeping
}

// Tenant is a client with an editor among several: its ID and its task role.
type Tenant struct {
	ID      string
	RoleArn pulumi.StringInput
}

// AccessPoint is an entrance to the file system.
type AccessPoint struct{ ID, Arn pulumi.StringOutput }

// WorkspaceOutputs is what others need of the workspaces, this stack's or another's.
type WorkspaceOutputs struct {
	FileSystemID, FileSystemArn               pulumi.StringOutput
	ClientAccessPointID, ClientAccessPointArn pulumi.StringOutput
	SecurityGroupID                           pulumi.StringOutput
	// Rooms are the clients' own access points, by ID; empty for another stack's workspace.
	Rooms map[string]AccessPoint
	// Ready are the mount targets and the policy, which have to be there before anything mounts; empty for another stack's workspace.
	Ready []pulumi.Resource
}

// Workspace is the EFS file system that holds every client's work. It outlives the stack (D6); only the task and
// cleanup roles mount it, through an access point, over TLS (D10).
type Workspace struct {
	pulumi.ResourceState

	FileSystemID         pulumi.StringOutput `pulumi:"fileSystemId"`
	FileSystemArn        pulumi.StringOutput `pulumi:"fileSystemArn"`
	ClientAccessPointID  pulumi.StringOutput `pulumi:"clientAccessPointId"`
	ClientAccessPointArn pulumi.StringOutput `pulumi:"clientAccessPointArn"`
	SecurityGroupID      pulumi.StringOutput `pulumi:"securityGroupId"`

	rooms map[string]AccessPoint
	ready []pulumi.Resource
}

// NewWorkspace registers the file system with its policy, backups, mount targets and access points.
func NewWorkspace(ctx *pulumi.Context, name string, args *WorkspaceArgs, opts ...pulumi.ResourceOption) (*Workspace, error) {
	workspace := &Workspace{rooms: map[string]AccessPoint{}}
	if err := ctx.RegisterComponentResource(workspaceToken, name, workspace, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	fileSystem, err := workspace.addFileSystem(ctx, name+"-file-system", args)
	if err != nil {
		return nil, err
	}
	if err := workspace.addAccessPoints(ctx, name, fileSystem, args.Clients); err != nil {
		return nil, err
	}
	if err := workspace.addPolicies(ctx, name, fileSystem, args); err != nil {
		return nil, err
	}
	if err := workspace.addMountTargets(ctx, name, fileSystem, args); err != nil {
		return nil, err
	}
	return workspace, ctx.RegisterResourceOutputs(workspace, pulumi.Map{
		"fileSystemId":         workspace.FileSystemID,
		"fileSystemArn":        workspace.FileSystemArn,
		"clientAccessPointId":  workspace.ClientAccessPointID,
		"clientAccessPointArn": workspace.ClientAccessPointArn,
		"securityGroupId":      workspace.SecurityGroupID,
	})
}

func (w *Workspace) addFileSystem(ctx *pulumi.Context, name string, args *WorkspaceArgs) (*efs.FileSystem, error) {
	fileSystem, err := efs.NewFileSystem(ctx, name, &efs.FileSystemArgs{
		CreationToken:   pulumi.String(args.Names.Workspaces()),
		PerformanceMode: pulumi.String("generalPurpose"),
		ThroughputMode:  pulumi.String("bursting"),
		Encrypted:       pulumi.Bool(true),
		LifecyclePolicies: efs.FileSystemLifecyclePolicyArray{
			// AWS takes one transition per policy.
			efs.FileSystemLifecyclePolicyArgs{TransitionToIa: pulumi.String("AFTER_30_DAYS")},
			efs.FileSystemLifecyclePolicyArgs{TransitionToPrimaryStorageClass: pulumi.String("AFTER_1_ACCESS")},
		},
		Tags: pulumi.StringMap{"Name": pulumi.String(args.Names.Workspaces())},
		// The token only keeps AWS from making two file systems of one request. One that is taken over has another's, and a
		// change of it would replace the file system, and with it everybody's work by an empty one.
	}, args.keeping.retained(w, name, pulumi.IgnoreChanges([]string{"creationToken"}))...)
	if err != nil {
		return nil, component.Created(name, err)
	}
	w.FileSystemID = fileSystem.ID().ToStringOutput()
	w.FileSystemArn = fileSystem.Arn
	return fileSystem, nil
}

func (w *Workspace) addPolicies(ctx *pulumi.Context, name string, fileSystem *efs.FileSystem, args *WorkspaceArgs) error {
	policy, err := efs.NewFileSystemPolicy(ctx, name+"-policy", &efs.FileSystemPolicyArgs{
		FileSystemId: fileSystem.ID(),
		Policy:       w.mounts(args).policy().JSON(),
	}, settingOf(w)...)
	if err != nil {
		return component.Created(name+"-policy", err)
	}
	w.ready = append(w.ready, policy)
	status := "DISABLED"
	if args.Backups {
		status = "ENABLED"
	}
	_, err = efs.NewBackupPolicy(ctx, name+"-backups", &efs.BackupPolicyArgs{
		FileSystemId: fileSystem.ID(),
		BackupPolicy: &efs.BackupPolicyBackupPolicyArgs{Status: pulumi.String(status)},
	}, settingOf(w)...)
	return component.Created(name+"-backups", err)
}

func (w *Workspace) addMountTargets(ctx *pulumi.Context, name string, fileSystem *efs.FileSystem, args *WorkspaceArgs) error {
	group, err := newSecurityGroup(ctx, name+"-security-group", &securityGroupArgs{
		Name:        args.Names.SecurityGroup("workspace"),
		Description: "Mount targets of the workspace file system",
		VpcID:       args.Network.VpcID,
	}, component.Child(w)...)
	if err != nil {
		return err
	}
	w.SecurityGroupID = group.ID().ToStringOutput()
	var before []pulumi.Resource
	for i := range zoneCount {
		targetName := fmt.Sprintf("%s-mount-target-%d", name, i)
		// A file system has one mount target in a zone (EFS: MountTargetConflict), so the old one goes first, as pulumi-aws has it
		// by itself; and the later ones go and come with the earlier ones, whose new zone may be theirs (D22).
		opts := component.Child(w, pulumi.DeleteBeforeReplace(true), pulumi.ReplaceWith(before))
		target, err := efs.NewMountTarget(ctx, targetName, &efs.MountTargetArgs{
			FileSystemId:   fileSystem.ID(),
			SubnetId:       args.Network.WorkloadSubnetIDs.Index(pulumi.Int(i)),
			SecurityGroups: pulumi.StringArray{w.SecurityGroupID},
		}, opts...)
		if err != nil {
			return component.Created(targetName, err)
		}
		before = append(before[:len(before):len(before)], target)
		w.ready = append(w.ready, target)
	}
	return nil
}

func (w *Workspace) addAccessPoints(ctx *pulumi.Context, name string, fileSystem *efs.FileSystem, clients []string) error {
	all, err := w.addAccessPoint(ctx, name+"-clients", fileSystem, "/clients")
	if err != nil {
		return err
	}
	w.ClientAccessPointID = all.ID().ToStringOutput()
	w.ClientAccessPointArn = all.Arn
	for _, client := range clients {
		room, err := w.addAccessPoint(ctx, name+"-client-"+client, fileSystem, "/clients/"+client)
		if err != nil {
			return err
		}
		w.rooms[client] = AccessPoint{ID: room.ID().ToStringOutput(), Arn: room.Arn}
	}
	return nil
}

func (w *Workspace) addAccessPoint(
	ctx *pulumi.Context, name string, fileSystem *efs.FileSystem, path string,
) (*efs.AccessPoint, error) {
	point, err := efs.NewAccessPoint(ctx, name, &efs.AccessPointArgs{
		FileSystemId: fileSystem.ID(),
		PosixUser:    &efs.AccessPointPosixUserArgs{Uid: pulumi.Int(workspaceUser), Gid: pulumi.Int(workspaceUser)},
		RootDirectory: &efs.AccessPointRootDirectoryArgs{
			Path: pulumi.String(path),
			CreationInfo: &efs.AccessPointRootDirectoryCreationInfoArgs{
				OwnerUid:    pulumi.Int(workspaceUser),
				OwnerGid:    pulumi.Int(workspaceUser),
				Permissions: pulumi.String(workspacePermissions),
			},
		},
		Tags: pulumi.StringMap{"Name": pulumi.String(name)},
	}, component.Child(w)...)
	return point, component.Created(name, err)
}

// Outputs is what other components take.
func (w *Workspace) Outputs() WorkspaceOutputs {
	return WorkspaceOutputs{
		FileSystemID:         w.FileSystemID,
		FileSystemArn:        w.FileSystemArn,
		ClientAccessPointID:  w.ClientAccessPointID,
		ClientAccessPointArn: w.ClientAccessPointArn,
		SecurityGroupID:      w.SecurityGroupID,
		Rooms:                w.rooms,
		Ready:                w.ready,
	}
}
