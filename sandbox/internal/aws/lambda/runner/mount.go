package runner

import (
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// mountedDir is a directory of this machine that stands for a function's mounted file system.
type mountedDir struct{ path, dir string }

// rewrite turns the mount path, or a path below it, into the directory's.
func (m mountedDir) rewrite(value string) string {
	if m.path == "" || (value != m.path && !strings.HasPrefix(value, m.path+"/")) {
		return value
	}
	return m.dir + strings.TrimPrefix(value, m.path)
}

// mount mounts the function's file system as Lambda does: through the access point, with TLS and the function's role, and
// in every zone where the function may run.
func (r *Runtime) mount(f *Function) (mountedDir, error) {
	arn := f.FileSystem.AccessPointARN
	if arn == "" {
		return mountedDir{}, nil
	}
	mount := efs.Mount{RoleARN: f.RoleARN, Encrypted: true}
	for _, accessPoint := range r.options.Store.List(view.TypeAccessPoint) {
		if text(accessPoint.State, "arn") == arn {
			mount.AccessPointID, mount.FileSystemID = accessPoint.ID, text(accessPoint.State, "fileSystemId")
		}
	}
	if mount.AccessPointID == "" {
		return mountedDir{}, refuse("EFSMountFailureException",
			"The function couldn't mount the EFS file system: access point %s does not exist", arn)
	}
	for _, subnet := range f.VPC.SubnetIDs {
		mount.Zone = ec2.ZoneOf(r.options.Store, subnet)
		refusal, err := mount.Refusal(r.options.Store, r.authorizer)
		if err != nil {
			return mountedDir{}, err
		}
		if refusal != "" {
			return mountedDir{}, refuse("EFSMountFailureException",
				"The function couldn't mount the EFS file system with access point %s in %s: %s", arn, mount.Zone, refusal)
		}
	}
	dir, ok := r.options.Mounts[arn]
	if !ok {
		return mountedDir{}, fmt.Errorf("function %s mounts %s at %s: Options.Mounts names no directory for it", f.Name, arn,
			f.FileSystem.MountPath)
	}
	return mountedDir{f.FileSystem.MountPath, dir}, nil
}
