package engine

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/cli"
)

// fakeCLI is a command whose CLI is a shell script.
func fakeCLI(t *testing.T, script string) *pulumiCommand {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulumi")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return newPulumiCommand(cli.Command{Path: path, Version: semver.MustParse("3.274.1")})
}

func TestCommandRunsTheCLI(t *testing.T) {
	t.Parallel()
	command := fakeCLI(t, `echo "out $@"; pwd; echo "err $EXTRA $PULUMI_AUTOMATION_API" >&2; cat; exit 3`)
	require.Equal(t, "3.274.1", command.Version().String())
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	var seenOut, seenErr bytes.Buffer
	stdout, stderr, code, err := command.Run(t.Context(), dir, strings.NewReader("in"),
		[]io.Writer{&seenOut}, []io.Writer{&seenErr}, []string{"EXTRA=given"}, "preview", "--stack", "a")
	require.Error(t, err)
	require.Equal(t, 3, code)
	require.Equal(t, "out --non-interactive preview --stack a\n"+dir+"\nin", stdout)
	require.Equal(t, "err given true\n", stderr)
	require.Equal(t, stdout, seenOut.String())
	require.Equal(t, stderr, seenErr.String())
}

func TestCommandAnswersTheHistoryItself(t *testing.T) {
	t.Parallel()
	stdout, _, code, err := fakeCLI(t, "exit 1").Run(t.Context(), t.TempDir(), nil, nil, nil, nil, "stack", "history", "--json")
	require.NoError(t, err)
	require.Zero(t, code)
	require.Equal(t, "[]", stdout)
}

func TestCommandDropsTheUsersPulumiVariables(t *testing.T) {
	t.Setenv("PULUMI_BACKEND_URL", "https://elsewhere")
	t.Setenv("PULUMI_ACCESS_TOKEN", "pul-token")
	t.Setenv("KEPT_VARIABLE", "kept")
	stdout, _, _, err := fakeCLI(t, "env").Run(t.Context(), t.TempDir(), nil, nil, nil, []string{"PULUMI_HOME=/given"})
	require.NoError(t, err)
	require.NotContains(t, stdout, "elsewhere")
	require.NotContains(t, stdout, "pul-token")
	require.Contains(t, stdout, "KEPT_VARIABLE=kept\n")
	require.Contains(t, stdout, "PULUMI_HOME=/given\n")
}

func TestCommandHandsOnTheLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := lockStack(dir, "prod", holder{Operation: "up"})
	require.NoError(t, err)
	command := fakeCLI(t, `cat <&3`)
	stdout, _, _, err := command.Run(withLock(t.Context(), lock), dir, nil, nil, nil, nil)
	require.NoError(t, err)
	require.Contains(t, stdout, `"operation":"up"`, "the CLI has the lock's file open")
	require.NoError(t, lock.Close())
}

// countsInterrupts says that it is ready, and ends after a second interrupt. A
// first one only counts: nothing ends it before it is done.
const countsInterrupts = `
trap 'count=$((count+1)); echo "interrupt $count"; [ $count -lt 2 ] || exit 0' INT
echo ready
while :; do read line; done
`

// said passes on each line that a command prints.
type said chan string

func (s said) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		s <- strings.TrimSpace(line)
	}
	return len(p), nil
}

func TestCommandIsInterruptedOnceByItsContextAndAgainOnRequest(t *testing.T) {
	t.Parallel()
	// As the sandbox does: what listens starts others with the signal's default. A shell's background job has it ignored, and so would
	// the CLI.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	command, lines := fakeCLI(t, countsInterrupts), make(said)
	ctx, cancel := context.WithCancel(t.Context())
	stdin, hold := io.Pipe()
	done := make(chan error)
	go func() {
		_, _, _, err := command.Run(ctx, t.TempDir(), stdin, []io.Writer{lines}, nil, nil)
		done <- err
	}()
	require.Equal(t, "ready", <-lines)
	cancel()
	require.Equal(t, "interrupt 1", <-lines)
	command.interruptAll()
	require.Equal(t, "interrupt 2", <-lines)
	require.NoError(t, hold.Close())
	require.ErrorIs(t, <-done, context.Canceled)
	command.interruptAll() // nobody is left to interrupt
}

func TestCommandHasAProcessGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	// The fields of stat are: number, name, state, parent, group.
	stdout, _, _, err := fakeCLI(t, `cat /proc/$$/stat`).Run(t.Context(), t.TempDir(), nil, nil, nil, nil)
	if err != nil {
		t.Skip("needs /proc")
	}
	fields := strings.Fields(stdout)
	require.Equal(t, fields[0], fields[4], "a terminal's signals must not reach the CLI beside ours")
}

func TestCommandThatCannotStart(t *testing.T) {
	t.Parallel()
	command := newPulumiCommand(cli.Command{Path: filepath.Join(t.TempDir(), "missing")})
	_, _, code, err := command.Run(t.Context(), t.TempDir(), nil, nil, nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, -1, code)
}
