package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

func TestWhatTheAccountRefuses(t *testing.T) {
	t.Parallel()
	wrong := func(ctx *pulumi.Context) error {
		if _, err := s3.NewBucketV2(ctx, "good", &s3.BucketV2Args{Bucket: pulumi.String("good-store")}); err != nil {
			return err
		}
		_, err := s3.NewBucketV2(ctx, "bad", &s3.BucketV2Args{Bucket: pulumi.String("Bad_Store")})
		return err
	}
	_, stack := open(t, small, wrong)
	result, err := stack.Preview(t.Context(), engine.RunOptions{})
	var failed *engine.FailedError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "preview", failed.Operation)
	require.Equal(t, engine.ExitFailed, engine.ExitCode(err))
	require.ErrorContains(t, err, "Bad_Store")
	require.NotEmpty(t, result.Errors())
	require.Contains(t, result.Stdout, "Bad_Store", "the user sees it as it happens")
}

// broken fails one operation.
type broken struct{ provider.Account }

var errThrottled = errors.New("ThrottlingException: Rate exceeded")

func (b broken) Create(ctx context.Context, req account.CreateRequest) (account.Resource, error) {
	if req.Inputs["bucket"].DeepEquals(resource.NewProperty("row-b")) && !req.DryRun {
		return account.Resource{}, errThrottled
	}
	return b.Account.Create(ctx, req)
}

func TestAFailedUpdateKeepsWhatItHasDone(t *testing.T) {
	t.Parallel()
	sandbox, stack := openWith(t, small, engine.StackOptions{Program: row("a", "b", "c")},
		engine.Options{Intercept: func(acc provider.Account) provider.Account { return broken{acc} }})
	result, err := stack.Up(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "up of stack test failed")
	require.ErrorContains(t, err, errThrottled.Error())
	require.Equal(t, engine.ExitFailed, engine.ExitCode(err))
	require.Len(t, sandbox.Account().List(bucketType), 1)
	require.Len(t, result.StepsOf(bucketType), 2, "a was made, b was tried, c was not")

	state, err := stack.Export()
	require.NoError(t, err)
	require.Equal(t, []string{"row-a"}, bucketsIn(state))
	require.Empty(t, state.PendingOperations)
}

func TestAProgramThatFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"with an error": {func(*pulumi.Context) error { return errThrottled }, errThrottled.Error()},
		"with a panic":  {func(*pulumi.Context) error { panic("out of ideas") }, "out of ideas"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, stack := open(t, small, test.program)
			_, err := stack.Preview(t.Context(), engine.RunOptions{})
			require.ErrorContains(t, err, test.want)
			require.Equal(t, engine.ExitFailed, engine.ExitCode(err))
		})
	}
}

// guarded declares a bucket that is protected while the configuration says so,
// that outlives its stack, and whose tags are somebody else's.
func guarded(ctx *pulumi.Context) error {
	protect, _ := ctx.GetConfig("small:protect")
	_, err := s3.NewBucketV2(ctx, "kept", &s3.BucketV2Args{
		Bucket: pulumi.String("kept-store"), Tags: pulumi.StringMap{"Colour": pulumi.String("red")},
	}, pulumi.Protect(protect == "true"), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"tags", "tagsAll"}))
	return err
}

func TestProtectedRetainedAndIgnored(t *testing.T) {
	t.Parallel()
	sandbox, stack := openWith(t, small, engine.StackOptions{
		Program: guarded, Config: map[string]engine.ConfigValue{"protect": {Value: true}},
	}, engine.Options{})
	mustUp(t, stack)
	_, err := stack.Destroy(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "protect")

	bucket := only(t, sandbox, bucketType)
	require.NoError(t, sandbox.Account().Mutate(bucket.Type, bucket.ID, func(state resource.PropertyMap) error {
		state["tags"] = resource.NewProperty(resource.PropertyMap{"Colour": resource.NewProperty("green")})
		return nil
	}))
	_, err = stack.Refresh(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	requireStable(t, stack)
	require.Equal(t, "green", only(t, sandbox, bucketType).State["tags"].ObjectValue()["Colour"].StringValue())

	open, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: guarded})
	require.NoError(t, err)
	mustUp(t, open)
	_, err = open.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Len(t, sandbox.Account().List(bucketType), 1, "it is retained")
	requireAdoption(t, sandbox)
}

// requireAdoption takes over what was retained.
func requireAdoption(t *testing.T, sandbox *engine.Sandbox) {
	t.Helper()
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: func(ctx *pulumi.Context) error {
		_, err := s3.NewBucketV2(ctx, "adopted", &s3.BucketV2Args{
			Bucket: pulumi.String("kept-store"), Tags: pulumi.StringMap{"Colour": pulumi.String("green")},
		}, pulumi.Import(pulumi.ID("kept-store")))
		return err
	}})
	require.NoError(t, err)
	result := mustUp(t, stack)
	require.Equal(t, 1, result.Changes[apitype.OpImport], result.Stdout)
	requireStable(t, stack)
}
