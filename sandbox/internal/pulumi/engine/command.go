package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/blang/semver"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/tools/cli"
)

// pulumiCommand runs the Pulumi CLI for the Automation API. The SDK's own runner
// will not do: it leaves the CLI in the terminal's process group, where one
// Ctrl-C reaches it twice, and twice means "stop without waiting"; and it kills the
// CLI ten seconds after an interrupt, whatever is under way (3.274.1, auto/cmd.go).
type pulumiCommand struct {
	cli cli.Command

	mu      sync.Mutex
	running map[*exec.Cmd]struct{}
}

func newPulumiCommand(command cli.Command) *pulumiCommand {
	return &pulumiCommand{cli: command, running: map[*exec.Cmd]struct{}{}}
}

// Version is the CLI's version.
func (p *pulumiCommand) Version() semver.Version { return p.cli.Version }

// Run runs one CLI command. When ctx ends, the CLI gets one interrupt and as
// long as it needs to finish what is under way and save its state.
func (p *pulumiCommand) Run(ctx context.Context, workDir string, stdin io.Reader,
	stdouts, stderrs []io.Writer, env []string, args ...string,
) (stdout, stderr string, code int, err error) {
	if isHistory(args) {
		return "[]", "", 0, nil
	}
	//nolint:gosec // the CLI that was found or built, with the SDK's arguments
	cmd := exec.CommandContext(ctx, p.cli.Path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir = workDir
	cmd.Env = append(foreignVariables(os.Environ()), append(env, "PULUMI_AUTOMATION_API=true")...)
	cmd.Stdin = stdin
	var out, errOut bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(slices.Clone(stdouts), &out)...)
	cmd.Stderr = io.MultiWriter(append(slices.Clone(stderrs), &errOut)...)
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if lock := lockFrom(ctx); lock != nil {
		cmd.ExtraFiles = []*os.File{lock}
	}
	code, err = p.wait(cmd)
	return out.String(), errOut.String(), code, err
}

func (p *pulumiCommand) wait(cmd *exec.Cmd) (int, error) {
	if err := cmd.Start(); err != nil {
		return -1, err
	}
	p.mu.Lock()
	p.running[cmd] = struct{}{}
	p.mu.Unlock()
	err := cmd.Wait()
	p.mu.Lock()
	delete(p.running, cmd)
	p.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), err
	}
	return 0, err
}

// interruptAll sends every running CLI an interrupt.
func (p *pulumiCommand) interruptAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cmd := range p.running {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended meanwhile
	}
}

// killAll ends every running CLI at once and reports whether there were any.
func (p *pulumiCommand) killAll() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cmd := range p.running {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // its process group; it may have ended meanwhile
	}
	return len(p.running) > 0
}

// isHistory tells the SDK's query that follows each operation for its summary.
// The engine's events have told that already, and the answer would cost the
// start of another process, so it is answered with an empty list.
func isHistory(args []string) bool {
	return len(args) >= 2 && args[0] == "stack" && args[1] == "history"
}

// foreignVariables drops Pulumi's variables from an environment: the sandbox
// must not follow the settings that the user has for real deployments, least of
// all the backend.
func foreignVariables(environment []string) []string {
	return slices.DeleteFunc(environment, func(entry string) bool {
		return strings.HasPrefix(entry, "PULUMI_")
	})
}
