// Command commands is the sandbox: it deploys the stacks of this repository without an AWS account, on the real Pulumi engine and
// SDK, against a simulated account. It is run by its launcher, `go run ./sandbox`, which compiles it; `--help` tells the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

func main() {
	os.Exit(run(&session{program: infra.Deploy}, os.Args[1:]))
}

// run runs a command line on the terminal and returns the exit code.
func run(s *session, args []string) int {
	s.stdout, s.stderr, s.color = os.Stdout, os.Stderr, colorOf(os.Stdout)
	s.interrupts = watchInterrupts(context.Background(), os.Stderr)
	root := newRootCommand(s)
	root.SetArgs(args)
	err := root.ExecuteContext(s.interrupts.context)
	s.report(err)
	return exitCode(err)
}

// report prints an error without repeating what the engine has printed, and how to go on.
func (s *session) report(err error) {
	var failed *engine.FailedError
	switch {
	case err == nil:
	case errors.As(err, &failed) && len(failed.Diagnostics) > 0:
		_, _ = fmt.Fprintf(s.stderr, "\nsandbox: %s of stack %s failed, see the diagnostics above\n", failed.Operation, failed.Stack)
	default:
		_, _ = fmt.Fprintf(s.stderr, "sandbox: %v\n", err)
	}
	if errors.As(err, &failed) {
		_, _ = fmt.Fprintf(s.stderr, "%s\n", advice(failed, s.known()))
	}
}

// known are the project's stacks, as far as they can be told.
func (s *session) known() []string {
	root, err := projectRoot(s.dir)
	if err != nil {
		return nil
	}
	names, err := engine.Stacks(root)
	if err != nil {
		return nil
	}
	return names
}

// exitCode adds the faults of the command line to those of the engine.
func exitCode(err error) int {
	var usage *commandError
	if errors.As(err, &usage) {
		return engine.ExitUsage
	}
	return engine.ExitCode(err)
}
