package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// asCommand tells a second instance of this test binary to be the command, on
// the project in that directory.
const asCommand = "SANDBOX_TEST_COMMAND_ROOT"

// waiting is what the command's program says when it waits for a signal.
const waiting = "the program waits"

// TestCommandOnASignal sends SIGINT to the command, as Ctrl-C does.
func TestCommandOnASignal(t *testing.T) {
	if root := os.Getenv(asCommand); root != "" {
		s := &session{program: waitsForEver, dir: root, tools: enginetest.Fill(t, engine.Options{}).Tools}
		os.Exit(run(s, []string{"up", "--stack", "prod"}))
	}
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCommandOnASignal$")
	command.Env = append(os.Environ(), asCommand+"="+root)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	requireLine(t, out, waiting)

	// A terminal sends the signal to the whole group.
	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGINT))
	_, _ = io.Copy(io.Discard, out)
	var exit *exec.ExitError
	require.ErrorAs(t, command.Wait(), &exit)
	require.Equal(t, engine.ExitInterrupted, exit.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "Interrupted: stopping when what is under way has finished.")
	require.Contains(t, stderr.String(), "sandbox: interrupted: up of stack prod was stopped")

	printed, err := execute(t, oneBucket, root, "up", "--stack", "prod")
	require.NoError(t, err, "the next run goes on")
	require.NotContains(t, printed, "locked")
	require.NotContains(t, printed, "killed")
}

// requireLine reads until a line contains the text.
func requireLine(t *testing.T, out io.Reader, text string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the output ended without %q", text)
}

// waitsForEver makes a bucket and goes on until it is stopped.
func waitsForEver(ctx *pulumi.Context) error {
	bucket, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{Bucket: pulumi.String("small-prod")})
	if err != nil {
		return err
	}
	waited := make(chan struct{})
	bucket.ID().ApplyT(func(pulumi.ID) error {
		fmt.Println(waiting)
		<-ctx.Context().Done()
		close(waited)
		return nil
	})
	select {
	case <-waited:
		return errors.New("stopped")
	case <-time.After(time.Minute):
		return errors.New("nobody has stopped it")
	}
}
