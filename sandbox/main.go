// Command sandbox deploys the stacks of this repository without an AWS account:
// the real Pulumi engine and SDK, on a simulated account. `sandbox --help` tells
// the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/engine"
)

func main() {
	interrupts := watchInterrupts(context.Background(), os.Stderr)
	session := &session{
		program:    infra.Deploy,
		interrupts: interrupts,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		color:      colorOf(os.Stdout),
	}
	err := newRootCommand(session).ExecuteContext(interrupts.context)
	report(err)
	os.Exit(exitCode(err))
}

// report prints an error, without repeating what the engine has printed.
func report(err error) {
	var failed *engine.FailedError
	switch {
	case err == nil:
	case errors.As(err, &failed) && len(failed.Diagnostics) > 0:
		_, _ = fmt.Fprintf(os.Stderr, "\nsandbox: %s of stack %s failed, see the diagnostics above\n", failed.Operation, failed.Stack)
	default:
		_, _ = fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
	}
}

// exitCode adds the faults of the command line to those of the engine.
func exitCode(err error) int {
	var usage *commandError
	if errors.As(err, &usage) {
		return engine.ExitUsage
	}
	return engine.ExitCode(err)
}
