package engine

import (
	"errors"
	"runtime"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestOnOwnStackReturnsWhatTheProgramDoes(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	require.NoError(t, onOwnStack(func(*pulumi.Context) error { return nil })(nil))
	require.ErrorIs(t, onOwnStack(func(*pulumi.Context) error { return broken })(nil), broken)
	require.PanicsWithValue(t, "help", func() {
		_ = onOwnStack(func(*pulumi.Context) error { panic("help") })(nil)
	})
	require.ErrorIs(t, onOwnStack(func(*pulumi.Context) error {
		runtime.Goexit()
		return nil
	})(nil), errProgramExited)
}
