package efs_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestLifecycleOfFiles(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	const fileSystemType = "aws:efs/fileSystem:FileSystem"
	describe := func(id string) (*efs.DescribeLifecycleConfigurationOutput, error) {
		client := efs.NewFromConfig(e.As("elasticfilesystem:Describe* *"))
		return client.DescribeLifecycleConfiguration(e.Context(), &efs.DescribeLifecycleConfigurationInput{FileSystemId: &id})
	}
	out, err := describe(awstest.FileSystem)
	require.NoError(t, err)
	assert.Empty(t, out.LifecyclePolicies)
	awstest.Set(e.Store, fileSystemType, awstest.FileSystem, "lifecyclePolicies", []any{
		map[string]any{"transitionToIa": "AFTER_30_DAYS"}, map[string]any{"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
	})
	out, err = describe(awstest.FileSystem)
	require.NoError(t, err)
	assert.Equal(t, []efstypes.LifecyclePolicy{
		{TransitionToIA: efstypes.TransitionToIARulesAfter30Days},
		{TransitionToPrimaryStorageClass: efstypes.TransitionToPrimaryStorageClassRulesAfter1Access},
	}, out.LifecyclePolicies)
	_, err = describe("fs-00000000")
	awstest.As[*efstypes.FileSystemNotFound](t, err)
	_, err = efs.NewFromConfig(e.As()).DescribeLifecycleConfiguration(e.Context(), &efs.DescribeLifecycleConfigurationInput{
		FileSystemId: aws.String(awstest.FileSystem),
	})
	awstest.Refused(t, err, "AccessDeniedException", "elasticfilesystem:DescribeLifecycleConfiguration")

	for _, encrypted := range []bool{true, false} {
		awstest.Set(e.Store, fileSystemType, awstest.FileSystem, "encrypted", encrypted)
		found, err := efs.NewFromConfig(e.As("elasticfilesystem:DescribeFileSystems *")).DescribeFileSystems(e.Context(), &efs.DescribeFileSystemsInput{})
		require.NoError(t, err)
		assert.Equal(t, encrypted, *found.FileSystems[0].Encrypted)
	}
}

func TestFileSystems(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	awstest.Set(e.Store, "aws:efs/fileSystem:FileSystem", awstest.FileSystem, "tags", map[string]any{"Name": "webordinary-workspaces"})
	client := efs.NewFromConfig(e.As("elasticfilesystem:DescribeFileSystems *"))
	pages := efs.NewDescribeFileSystemsPaginator(client, &efs.DescribeFileSystemsInput{})
	page, err := pages.NextPage(e.Context())
	require.NoError(t, err)
	assert.False(t, pages.HasMorePages())
	require.Len(t, page.FileSystems, 1)
	assert.Equal(t, "webordinary-workspaces", *page.FileSystems[0].Name)
	assert.Equal(t, awstest.FileSystem, *page.FileSystems[0].FileSystemId)
	assert.Equal(t, int32(2), page.FileSystems[0].NumberOfMountTargets)
	_, err = client.DescribeFileSystems(e.Context(), &efs.DescribeFileSystemsInput{FileSystemId: aws.String("fs-0")})
	awstest.As[*efstypes.FileSystemNotFound](t, err)
	_, err = client.DescribeFileSystems(e.Context(), &efs.DescribeFileSystemsInput{CreationToken: aws.String("x")})
	awstest.RequireCode(t, err, "SandboxNotSupported", "parameter CreationToken")
	_, err = efs.NewFromConfig(e.As()).DescribeFileSystems(e.Context(), &efs.DescribeFileSystemsInput{})
	awstest.Refused(t, err, "AccessDeniedException", "elasticfilesystem:DescribeFileSystems")
}
