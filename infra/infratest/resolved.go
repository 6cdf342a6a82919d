package infratest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/require"
)

// Resolved waits for an output that depends on no resource.
func Resolved[T any](t require.TestingT, tb testing.TB, output pulumi.Output) T {
	result, err := internals.UnsafeAwaitOutput(tb.Context(), output)
	require.NoError(t, err)
	value, ok := result.Value.(T)
	require.True(t, ok, "%T", result.Value)
	return value
}
