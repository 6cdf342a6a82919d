package scheduler

import (
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
)

const noMount = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "

// volumes checks that the task's EFS volumes can be mounted: the file system has a mount target in the task's zone, and
// the task role may mount it in the way that the definition says.
func (c *start) volumes() error {
	for _, volume := range c.definition.Volumes {
		if volume.EFS == nil {
			continue
		}
		mount := efs.Mount{
			FileSystemID: volume.EFS.FileSystemID, AccessPointID: volume.EFS.Authorization.AccessPointID,
			Zone: ec2.ZoneOf(c.store, c.task.SubnetID), Encrypted: volume.EFS.TransitEncryption == "ENABLED",
			NameFrom: c.task.SubnetID,
		}
		if volume.EFS.Authorization.IAM == "ENABLED" {
			mount.RoleARN = c.definition.TaskRoleARN
		}
		refusal, err := mount.Refusal(c.store, c.authorizer)
		if err != nil {
			return err
		}
		if refusal != "" {
			return &StartFailure{Reason: noMount + refusal + " : unsuccessful EFS utils command execution; code: 32"}
		}
	}
	return nil
}
