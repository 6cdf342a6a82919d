package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// small is the settings file of the tests' stack.
const small = `config:
  aws:region: us-west-2
  aws:defaultTags: {tags: {Project: small}}
  small:colour: red
  small:bucket: small-store
`

const (
	bucketType  = "aws:s3/bucketV2:BucketV2"
	policyType  = "aws:s3/bucketPolicy:BucketPolicy"
	roleType    = "aws:iam/role:Role"
	secretType  = "aws:secretsmanager/secret:Secret"
	versionType = "aws:secretsmanager/secretVersion:SecretVersion"
)

const assumeByECS = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// shop declares a bucket, a role and a secret, all from the configuration.
func shop(ctx *pulumi.Context) error {
	get := func(key string) pulumi.String {
		value, _ := ctx.GetConfig("small:" + key)
		return pulumi.String(value)
	}
	bucket, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{
		Bucket: get("bucket"), Tags: pulumi.StringMap{"Colour": get("colour")},
	})
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, "clerk", &iam.RoleArgs{
		Name: pulumi.String("clerk"), AssumeRolePolicy: pulumi.String(assumeByECS),
	})
	if err != nil {
		return err
	}
	secret, err := secretsmanager.NewSecret(ctx, "till", &secretsmanager.SecretArgs{Name: pulumi.String("till")})
	if err != nil {
		return err
	}
	if token, ok := ctx.GetConfig("small:token"); ok {
		_, err = secretsmanager.NewSecretVersion(ctx, "till", &secretsmanager.SecretVersionArgs{
			SecretId: secret.ID(), SecretString: pulumi.ToSecret(pulumi.String(token)).(pulumi.StringOutput),
		})
		if err != nil {
			return err
		}
		ctx.Export("token", pulumi.ToSecret(pulumi.String(token)))
	}
	ctx.Export("bucketArn", bucket.Arn)
	ctx.Export("roleArn", role.Arn)
	return nil
}

// open opens a sandbox with one stack, "test", that runs program.
func open(t *testing.T, settings string, program pulumi.RunFunc) (*engine.Sandbox, *engine.Stack) {
	t.Helper()
	return openWith(t, settings, engine.StackOptions{Program: program}, engine.Options{})
}

func openWith(
	t *testing.T, settings string, options engine.StackOptions, sandboxOptions engine.Options,
) (*engine.Sandbox, *engine.Stack) {
	t.Helper()
	if sandboxOptions.Root == "" {
		sandboxOptions.Root = enginetest.Project(t, map[string]string{"test": settings})
	}
	sandbox := enginetest.Open(t, sandboxOptions)
	options.Name = "test"
	stack, err := sandbox.Stack(options)
	require.NoError(t, err)
	return sandbox, stack
}

func mustUp(t *testing.T, stack *engine.Stack) engine.Result {
	t.Helper()
	result, err := stack.Up(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	return result
}

func mustPreview(t *testing.T, stack *engine.Stack) engine.Result {
	t.Helper()
	result, err := stack.Preview(t.Context(), engine.RunOptions{Diff: true})
	require.NoError(t, err)
	return result
}

// only returns the account's single resource of a type.
func only(t *testing.T, sandbox *engine.Sandbox, typ string) account.Resource {
	t.Helper()
	all := sandbox.Account().List(typ)
	require.Len(t, all, 1, typ)
	return all[0]
}

func TestLifeOfAStack(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"test": small})
	sandbox, stack := openWith(t, "", engine.StackOptions{Program: shop}, engine.Options{Root: root})

	preview := mustPreview(t, stack)
	require.Equal(t, 4, preview.Changes[apitype.OpCreate], preview.Stdout)
	require.Empty(t, sandbox.Account().List(bucketType), "a preview makes nothing")

	up := mustUp(t, stack)
	require.Equal(t, map[apitype.OpType]int{apitype.OpCreate: 4}, up.Changes)
	require.Equal(t, "arn:aws:s3:::small-store", up.Outputs["bucketArn"].Value)
	require.Equal(t, "arn:aws:iam::"+view.AccountID+":role/clerk", up.Outputs["roleArn"].Value)
	require.Equal(t, resource.NewProperty("small"), only(t, sandbox, bucketType).State["tagsAll"].ObjectValue()["Project"])

	requireStable(t, stack)
	again := mustUp(t, stack)
	require.True(t, again.Unchanged(), again.Stdout)
	require.Empty(t, again.Steps)
	requireUpdateAndReplace(t, root, stack)
	requireDrift(t, sandbox, stack)

	destroyed, err := stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Equal(t, 4, destroyed.Changes[apitype.OpDelete])
	for _, typ := range []string{bucketType, roleType} {
		require.Empty(t, sandbox.Account().List(typ))
	}
}

func requireStable(t *testing.T, stack *engine.Stack) {
	t.Helper()
	again := mustPreview(t, stack)
	require.True(t, again.Unchanged(), again.Stdout)
}

// requireUpdateAndReplace edits the user's file between runs.
func requireUpdateAndReplace(t *testing.T, root string, stack *engine.Stack) {
	t.Helper()
	edit(t, root, "small:colour: red", "small:colour: blue")
	updated := mustUp(t, stack)
	require.Equal(t, []apitype.OpType{apitype.OpUpdate}, updated.StepsOf(bucketType))
	require.Len(t, updated.Steps, 1)
	require.Equal(t, apitype.DiffUpdate, updated.Steps[0].Diff["tags.Colour"], "%v", updated.Steps[0].Diff)

	edit(t, root, "small:bucket: small-store", "small:bucket: other-store")
	replaced := mustUp(t, stack)
	require.Contains(t, replaced.StepsOf(bucketType), apitype.OpReplace)
	require.Equal(t, 1, replaced.Changes[apitype.OpReplace])
	require.Equal(t, "arn:aws:s3:::other-store", replaced.Outputs["bucketArn"].Value)
	requireStable(t, stack)
}

// requireDrift changes the bucket behind Pulumi's back.
func requireDrift(t *testing.T, sandbox *engine.Sandbox, stack *engine.Stack) {
	t.Helper()
	bucket := only(t, sandbox, bucketType)
	require.NoError(t, sandbox.Account().Mutate(bucket.Type, bucket.ID, func(state resource.PropertyMap) error {
		state["tags"] = resource.NewProperty(resource.PropertyMap{"Colour": resource.NewProperty("green")})
		return nil
	}))
	unaware := mustPreview(t, stack)
	require.True(t, unaware.Unchanged(), "without a refresh nobody knows")

	refreshed, err := stack.Refresh(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Equal(t, []apitype.OpType{apitype.OpUpdate}, refreshed.StepsOf(bucketType), refreshed.Stdout)
	require.Equal(t, 1, refreshed.Changes[apitype.OpUpdate])

	back := mustUp(t, stack)
	require.Equal(t, []apitype.OpType{apitype.OpUpdate}, back.StepsOf(bucketType))
	tags := only(t, sandbox, bucketType).State["tags"].ObjectValue()
	require.Equal(t, resource.NewProperty("blue"), tags["Colour"])
}

// edit replaces text in the stack's settings file.
func edit(t *testing.T, root, from, to string) {
	t.Helper()
	path := filepath.Join(root, "Pulumi.test.yaml")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), from)
	replaced := []byte(strings.Replace(string(data), from, to, 1))
	require.NoError(t, os.WriteFile(path, replaced, 0o600))
}
