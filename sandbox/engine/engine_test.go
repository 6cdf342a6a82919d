package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/engine"
	"github.com/webordinary/live-edit/sandbox/engine/enginetest"
)

// small is the settings file of the tests' stack.
const small = "config:\n  aws:region: us-west-2\n  small:colour: red\n"

// bucket declares a bucket with a tag from the configuration.
func bucket(ctx *pulumi.Context) error {
	colour, _ := ctx.GetConfig("small:colour")
	made, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{
		Bucket: pulumi.String("small-store"),
		Tags:   pulumi.StringMap{"Colour": pulumi.String(colour)},
	})
	if err != nil {
		return err
	}
	ctx.Export("bucket", made.Bucket)
	ctx.Export("hush", pulumi.ToSecret(pulumi.String("kept quiet")))
	return nil
}

// open opens a sandbox with one stack, "test", that runs program.
func open(t *testing.T, settings string, program pulumi.RunFunc) (*engine.Sandbox, *engine.Stack) {
	t.Helper()
	root := enginetest.Project(t, map[string]string{"test": settings})
	sandbox := enginetest.Open(t, engine.Options{Root: root})
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: program})
	require.NoError(t, err)
	return sandbox, stack
}

func TestLifeOfAStack(t *testing.T) {
	t.Parallel()
	sandbox, stack := open(t, small, bucket)
	_ = sandbox

	result, err := stack.Preview(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, result.Changes[apitype.OpCreate])
	require.Contains(t, result.Stdout, "small-store")

	result, err = stack.Up(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, result.Changes[apitype.OpCreate])
	require.Equal(t, "small-store", result.Outputs["bucket"].Value)
	require.True(t, result.Outputs["hush"].Secret)
	require.Equal(t, "kept quiet", result.Outputs["hush"].Value)

	result, err = stack.Preview(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.True(t, result.Unchanged(), result.Stdout)

	result, err = stack.Refresh(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	t.Log(result.Changes, result.Steps)
	result, err = stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	t.Log(result.Changes, result.Steps)
	state, err := os.ReadFile(stack.StateFile())
	require.NoError(t, err)
	require.False(t, strings.Contains(string(state), "kept quiet"))
}
