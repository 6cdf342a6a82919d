package provider_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

// failing is an account whose updates fail, with or without having changed something.
type failing struct {
	provider.Account
	kept account.Resource
	seen account.UpdateRequest
}

var errFunction = errors.New("the function failed")

func (f *failing) Update(_ context.Context, req account.UpdateRequest) (account.Resource, error) {
	f.seen = req
	return f.kept, errFunction
}

func failedUpdate(t *testing.T, acc *failing) *rpcerror.Error {
	t.Helper()
	client := dial(t, serve(t, acc), "aws")
	_, err := client.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: bucketURN, Id: "store", IgnoreChanges: []string{"tags"}, News: properties(t, map[string]any{"bucket": "store"}),
	})
	require.Error(t, err)
	failure, ok := rpcerror.FromError(err)
	require.True(t, ok)
	require.Equal(t, errFunction.Error(), failure.Message())
	require.Equal(t, []string{"tags"}, acc.seen.IgnoreChanges)
	return failure
}

// TestUpdateThatFailedHalfWay tells the engine what the account kept of it.
func TestUpdateThatFailedHalfWay(t *testing.T) {
	t.Parallel()
	failure := failedUpdate(t, &failing{kept: account.Resource{
		ID: "store", State: resource.NewPropertyMapFromMap(map[string]any{"bucket": "new"}),
	}})
	require.Len(t, failure.Details(), 1)
	kept := failure.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	require.Equal(t, "store", kept.GetId())
	require.Equal(t, map[string]any{"bucket": "new"}, kept.GetProperties().AsMap())
	require.Equal(t, []string{errFunction.Error()}, kept.GetReasons())
}

// TestUpdateThatChangedNothing leaves the engine with what it had.
func TestUpdateThatChangedNothing(t *testing.T) {
	t.Parallel()
	require.Empty(t, failedUpdate(t, &failing{}).Details())
}
