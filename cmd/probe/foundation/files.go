package foundation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// fileSystem looks at the workspaces' file system: encrypted, and old files in cheaper storage (T00 §3).
func (c *Checker) fileSystem(ctx context.Context) {
	id := c.text("fileSystemId")
	if id == "" {
		c.Book.Missed(report.FileSystem, "the output fileSystemId is missing")
		return
	}
	found, err := c.Files.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{FileSystemId: &id})
	if isError[*efstypes.FileSystemNotFound](err) || err == nil && len(found.FileSystems) == 0 {
		c.fileFault(ctx, "no file system", "the file system "+id, "there is none")
		return
	}
	if err != nil {
		c.Book.Missed(report.FileSystem, err.Error())
		return
	}
	if !aws.ToBool(found.FileSystems[0].Encrypted) {
		c.fileFault(ctx, "not encrypted", "the encryption of "+id, "none")
		return
	}
	lifecycle, err := c.Files.DescribeLifecycleConfiguration(ctx, &efs.DescribeLifecycleConfigurationInput{FileSystemId: &id})
	if err != nil {
		c.Book.Missed(report.FileSystem, err.Error())
		return
	}
	for _, policy := range lifecycle.LifecyclePolicies {
		if policy.TransitionToIA == efstypes.TransitionToIARulesAfter30Days {
			c.measured(ctx, report.FileSystem, "encrypted, 30 days to IA")
			return
		}
	}
	c.fileFault(ctx, "another lifecycle", "the lifecycle policies of "+id, "none moves files to infrequent access after 30 days")
}

func (c *Checker) fileFault(ctx context.Context, measured, asked, came string) {
	c.measured(ctx, report.FileSystem, measured, report.Fault{
		Asked: asked, Came: came, Do: "`pulumi refresh --preview-only` shows what was changed, `pulumi up` puts it back", Symptom: report.Drift,
	})
}
