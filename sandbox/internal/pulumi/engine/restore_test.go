package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// TestACutStateIsRestored: what a run that was killed on a full disk left is put
// right by the next one.
func TestACutStateIsRestored(t *testing.T) {
	t.Parallel()
	options := enginetest.Fill(t, engine.Options{Root: enginetest.Project(t, map[string]string{"test": small})})
	sandbox := enginetest.Open(t, options)
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: row("a", "b")})
	require.NoError(t, err)
	mustUp(t, stack)
	before := filepath.Join(options.StateDir, "run", "test.before")
	require.NoFileExists(t, before, "it is for the time of the run")
	require.NoFileExists(t, filepath.Join(options.StateDir, "run", "test.reserve"))
	whole, err := os.ReadFile(stack.StateFile())
	require.NoError(t, err)
	write := func(path string, data []byte) { require.NoError(t, os.WriteFile(path, data, 0o600)) }

	write(stack.StateFile(), whole[:len(whole)/2])
	_, err = stack.Preview(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "is damaged")
	require.ErrorContains(t, err, "put back a copy", "there is none here")

	write(before, whole)
	requireStable(t, stack)
	state, err := os.ReadFile(stack.StateFile())
	require.NoError(t, err)
	require.Equal(t, string(whole), string(state))
	require.NoFileExists(t, before)

	write(before, whole[:len(whole)/2])
	requireStable(t, stack)
	require.NoFileExists(t, before, "a state that can be read is kept, and the copy goes")

	_, err = stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	write(stack.StateFile(), whole[:10])
	write(before, nil) // there was no state before the run that was cut short
	mustUp(t, stack)
	require.Len(t, sandbox.Account().List(bucketType), 2)
}
