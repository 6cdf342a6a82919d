package engine

import (
	"errors"
	"fmt"
	"strings"
)

// Exit codes of the sandbox command.
const (
	// ExitOK means that the operation did what was asked.
	ExitOK = 0
	// ExitFailed means that the deployment failed or found what it must not.
	ExitFailed = 1
	// ExitUsage means that it never started: wrong arguments, an unknown stack,
	// a missing passphrase, a directory that cannot be written.
	ExitUsage = 2
	// ExitInterrupted means that it was stopped by a signal (128 + SIGINT).
	ExitInterrupted = 130
)

// UsageError is a fault of the caller or of the surroundings that a user can
// put right, found before anything was deployed.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }

// Unwrap returns what went wrong.
func (e *UsageError) Unwrap() error { return e.err }

// usagef makes a UsageError.
func usagef(format string, args ...any) error {
	return &UsageError{err: fmt.Errorf(format, args...)}
}

// ErrInterrupted marks an operation that was stopped by its context.
var ErrInterrupted = errors.New("interrupted")

// ErrBusy marks a stack that another run is working on.
var ErrBusy = errors.New("the stack is in use")

// FailedError is an operation that the engine ended with errors.
type FailedError struct {
	// Operation is the Pulumi command, such as "up".
	Operation string
	// Stack is the stack's name.
	Stack string
	// Diagnostics are the engine's error messages, in order.
	Diagnostics []Diagnostic
	// Output is what the CLI wrote to standard error, for faults that never
	// reached the engine.
	Output string
}

func (e *FailedError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s of stack %s failed", e.Operation, e.Stack)
	for _, d := range e.Diagnostics {
		text.WriteString("\n  ")
		if d.URN != "" {
			text.WriteString(d.URN + ": ")
		}
		text.WriteString(strings.TrimSpace(d.Message))
	}
	if len(e.Diagnostics) == 0 && e.Output != "" {
		text.WriteString(": " + strings.TrimSpace(e.Output))
	}
	return text.String()
}

// ExitCode returns the command's exit code for the error of an operation.
func ExitCode(err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	case errors.As(err, &usage), errors.Is(err, ErrBusy):
		return ExitUsage
	default:
		return ExitFailed
	}
}
