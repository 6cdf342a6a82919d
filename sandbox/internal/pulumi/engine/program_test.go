package engine

import (
	"errors"
	"runtime"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/stackfile"
)

func TestOnOwnStackReturnsWhatTheProgramDoes(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	ctx, err := pulumi.NewContext(t.Context(), pulumi.RunInfo{})
	require.NoError(t, err)
	require.NoError(t, onOwnStack(func(*pulumi.Context) error { return nil }, "")(ctx))
	require.ErrorIs(t, onOwnStack(func(*pulumi.Context) error { return broken }, "")(ctx), broken)
	require.PanicsWithValue(t, "help", func() {
		_ = onOwnStack(func(*pulumi.Context) error { panic("help") }, "")(ctx)
	})
	require.ErrorIs(t, onOwnStack(func(*pulumi.Context) error {
		runtime.Goexit()
		return nil
	}, "")(ctx), errProgramExited)
}

func TestProgramsAreToldWhereTheirProjectIs(t *testing.T) {
	t.Parallel()
	ctx, err := pulumi.NewContext(t.Context(), pulumi.RunInfo{})
	require.NoError(t, err)
	require.NoError(t, onOwnStack(func(ctx *pulumi.Context) error {
		require.Equal(t, "/somewhere", stackfile.Directory(ctx))
		return nil
	}, "/somewhere")(ctx))
}
