package e2e

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// deployedBefore is a sandbox in which the program of commit ca9d33a has deployed prod: its account and its state, without the
// functions' code. It was made with `sandbox up --stack prod --state DIR` of that program.
const deployedBefore = "testdata/deployed-by-ca9d33a.tar.gz"

// holdingData are the types of what nobody can make again.
var holdingData = map[string]bool{
	"aws:efs/fileSystem:FileSystem": true, "aws:s3/bucketV2:BucketV2": true, "aws:ecr/repository:Repository": true,
	"aws:secretsmanager/secret:Secret": true, "aws:secretsmanager/secretVersion:SecretVersion": true, "aws:efs/accessPoint:AccessPoint": true,
	"aws:lb/loadBalancer:LoadBalancer": true,
}

// TestStackOfAnEarlierProgramIsTakenOver deploys this program on the state of an earlier one.
func TestStackOfAnEarlierProgramIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unpack(t, deployedBefore, dir)
	w := openDeployment(t, dir)
	prod := w.stack("prod", nil)
	before, err := prod.Export()
	require.NoError(t, err)
	require.Greater(t, len(before.Resources), 100)
	kinds := map[string]bool{}
	for _, r := range before.Resources {
		kinds[string(r.Type)] = true
	}
	for typ := range holdingData {
		if typ != "aws:secretsmanager/secretVersion:SecretVersion" { // no value was configured
			require.True(t, kinds[typ], "the earlier stack has no %s", typ)
		}
	}

	planned, err := prod.Preview(w.ctx, sandboxtest.RunOptions{Diff: true})
	require.NoError(t, err)
	for _, step := range planned.Steps {
		require.False(t, holdingData[step.Type] && step.Op != apitype.OpUpdate, "%s of %s:\n%s", step.Op, step.Name, planned.Stdout)
	}
	// An earlier program kept no note of its VPC and its suffix; what it did keep tells all the same.
	requireRefused(t, w, nil, "dedicatedVpc", keyChange{value: true, refused: "cannot change this in one update"})
	requireRefused(t, w, nil, "nameSuffix", keyChange{value: "-other", refused: "cannot change this in one update"})
	w.up(prod)
	w.requireNoChanges(prod)
}

// auditedBefore is as [deployedBefore], made by the program of commit 92a3f80 with auditTrail on, when awsx's component held the trail.
const auditedBefore = "testdata/audited-by-92a3f80.tar.gz"

// TestTrailLeavesItsEarlierComponent: the trail and the bucket's policy are what they were to AWS, and to the engine, under another
// parent; of awsx's component only the record goes.
func TestTrailLeavesItsEarlierComponent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unpack(t, auditedBefore, dir)
	w := openDeployment(t, dir)
	planned, err := w.stack("prod", with(map[string]any{"auditTrail": true})).Preview(w.ctx, sandboxtest.RunOptions{Diff: true})
	require.NoError(t, err)
	ops := map[string]apitype.OpType{}
	for _, step := range planned.Steps {
		if step.Op != apitype.OpSame && strings.Contains(string(step.URN), "Audit$") {
			ops[step.Type] = step.Op
		}
	}
	require.Equal(t, map[string]apitype.OpType{"awsx:cloudtrail:Trail": apitype.OpDelete}, ops, planned.Stdout)
}

// beforeClients is as [deployedBefore], made by the program of commit 157d259, the last one whose clients had no editors of their own and
// whose people did not sign in. Its functions' packages lie below /srv.
const beforeClients = "testdata/deployed-by-157d259.tar.gz"

// ofClients are the types of what several clients or a sign-in would change or add.
var ofClients = []string{
	"aws:cognito/", "aws:ssm/", "aws:ecs/", "aws:efs/", "aws:secretsmanager/", "aws:s3/", "aws:route53/", "aws:lb/", "aws:iam/", "aws:vpc/",
	"aws:ec2/",
}

// TestOneClientIsWhatItWasBeforeThereWereSeveral: a stack that has one client and asks nobody who he is sees in a preview nothing of clients
// and sign-ins. What the functions are and may do, the dashboard and the alarms go their own way.
func TestOneClientIsWhatItWasBeforeThereWereSeveral(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unpack(t, beforeClients, dir)
	w := openDeployment(t, dir)
	planned, err := w.stack("prod", with(map[string]any{"autoShutdownMinutes": 5})).Preview(w.ctx, sandboxtest.RunOptions{Diff: true})
	require.NoError(t, err)
	for _, step := range planned.Steps {
		if step.Op == apitype.OpSame || step.Op == apitype.OpRead || strings.HasSuffix(step.Name, "-function-policy") {
			continue
		}
		require.Contains(t, []apitype.OpType{apitype.OpUpdate, apitype.OpCreate}, step.Op, "%s\n%s", step.Name, planned.Stdout)
		for _, prefix := range ofClients {
			require.False(t, strings.HasPrefix(step.Type, prefix), "%s of %s\n%s", step.Op, step.Name, planned.Stdout)
		}
	}
}

// unpack writes the files of an archive of ours below dir.
func unpack(t *testing.T, path, dir string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	plain, err := gzip.NewReader(file)
	require.NoError(t, err)
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		if header.Typeflag != tar.TypeReg {
			continue
		}
		require.True(t, filepath.IsLocal(header.Name), header.Name)
		target := filepath.Join(dir, header.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o700))
		data, err := io.ReadAll(archive)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(target, data, 0o600))
	}
}
