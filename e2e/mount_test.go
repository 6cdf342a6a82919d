package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// TestOperatorMountsForAsLongAsTheStackSaysSo follows docs/operations.md, "Mount the file system by hand": a role with every
// permission of its own is refused, is let in through mountRoleArns, as root as well, and is refused again afterwards.
func TestOperatorMountsForAsLongAsTheStackSaysSo(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	acc := w.sandbox.Account()
	prod := w.stack("prod", nil)
	fileSystem := w.up(prod).Outputs["fileSystemId"].Value.(string)
	operator := foreign(t, acc, "aws:iam/role:Role", props{
		"name": "workspace-operator", "assumeRolePolicy": `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}).State["arn"].StringValue()
	foreign(t, acc, "aws:iam/rolePolicy:RolePolicy", props{
		"name": "mount", "role": "workspace-operator", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
			"elasticfilesystem:ClientMount","elasticfilesystem:ClientWrite","elasticfilesystem:ClientRootAccess"],"Resource":"*"}]}`,
	})
	point := foreign(t, acc, "aws:efs/accessPoint:AccessPoint", props{"fileSystemId": fileSystem, "rootDirectory": props{"path": "/"}})
	mount := sandboxtest.Mount{
		FileSystemID: fileSystem, AccessPointID: point.ID, Zone: sandboxtest.AvailabilityZones[0], RoleARN: operator, Encrypted: true,
	}
	authorizer := sandboxtest.NewAuthorizer(acc)
	refusal := func(m sandboxtest.Mount) string {
		t.Helper()
		text, err := m.Refusal(acc, authorizer)
		require.NoError(t, err)
		return text
	}
	require.Contains(t, refusal(mount), "RefuseOtherRoles")

	during := w.stack("prod", with(map[string]any{"mountRoleArns": []any{operator}}))
	for _, step := range w.up(during).Steps {
		require.Equal(t, "workspace-policy", step.Name)
	}
	require.Empty(t, refusal(mount))
	direct := mount
	direct.AccessPointID = ""
	require.Contains(t, refusal(direct), "RefuseWithoutAccessPoint")
	decision, err := authorizer.Authorize(sandboxtest.AuthorizationRequest{
		Caller:   sandboxtest.Caller{RoleARN: operator, SessionARN: operator},
		Action:   "elasticfilesystem:ClientRootAccess",
		Resource: acc.List(typeFileSystem)[0].State["arn"].StringValue(),
		Context: sandboxtest.ConditionKeys{
			"elasticfilesystem:AccessedViaMountTarget": {"true"}, "aws:SecureTransport": {"true"},
			"elasticfilesystem:AccessPointArn": {point.State["arn"].StringValue()},
		},
	})
	require.NoError(t, err)
	require.True(t, decision.Allowed(), decision.Reason())

	w.up(prod)
	require.Contains(t, refusal(mount), "RefuseOtherRoles")
}
