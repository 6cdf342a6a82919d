package engine_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/store"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// TestDamagedJournal: an account that lost its journal, or a part of it, is
// never taken for an empty one, and the advice in the message works.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	options := enginetest.Fill(t, engine.Options{Root: enginetest.Project(t, map[string]string{"test": small})})
	sandbox, err := engine.Open(options)
	require.NoError(t, err)
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: row("a", "b")})
	require.NoError(t, err)
	mustUp(t, stack)
	require.NoError(t, sandbox.Close())
	journal := filepath.Join(options.StateDir, "account", "journal")
	whole, err := os.ReadFile(journal)
	require.NoError(t, err)
	lines := bytes.SplitAfter(whole, []byte{'\n'})
	last := len(lines) - 2 // behind the last newline there is nothing

	refused := func(content []byte) error {
		require.NoError(t, os.WriteFile(journal, content, 0o600))
		_, err := engine.Open(options)
		require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
		kept, readErr := os.ReadFile(journal)
		require.NoError(t, readErr)
		require.Equal(t, string(content), string(kept), "nothing was changed")
		return err
	}
	require.NoError(t, os.Remove(journal))
	_, err = engine.Open(options)
	require.ErrorContains(t, err, "is missing or empty")
	require.NoFileExists(t, journal)
	for _, content := range [][]byte{nil, {}} {
		err = refused(content)
		require.ErrorContains(t, err, "is missing or empty, but stack test is deployed")
		require.ErrorContains(t, err, "rm -r "+options.StateDir)
		require.ErrorContains(t, err, "go run ./sandbox up --stack test")
	}
	require.ErrorIs(t, refused([]byte("not a journal\n")), store.ErrCorrupt)

	broken := bytes.Clone(whole)
	broken[len(whole)-len(lines[last])] ^= 1 // the last change's checksum
	err = refused(broken)
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.ErrorContains(t, err, "go run ./sandbox refresh --stack NAME")
	advice := regexp.MustCompile("`(cp [^`]+)`").FindStringSubmatch(err.Error())
	require.Len(t, advice, 2, err)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", advice[1]).CombinedOutput()
	require.NoError(t, err, "%s", out)

	sandbox = enginetest.Open(t, options)
	stack, err = sandbox.Stack(engine.StackOptions{Name: "test", Program: row("a", "b")})
	require.NoError(t, err)
	require.Len(t, sandbox.Account().List(bucketType), 1)
	_, err = stack.Refresh(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	mustUp(t, stack)
	require.Len(t, sandbox.Account().List(bucketType), 2, "what was missing is deployed")
}
