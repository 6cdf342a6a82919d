package sandboxtest

import (
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
)

// The deployed functions.
type (
	// Runtime runs functions.
	Runtime = runner.Runtime
	// RuntimeOptions say whose functions they are, and which API they call.
	RuntimeOptions = runner.Options
	// Builder builds functions for this machine.
	Builder = runner.Builder
	// Invocation is one call of a function.
	Invocation = runner.Invocation
	// Invoked is what came of it.
	Invoked = runner.Result
	// Invoker lets the account's invocation resources run their function.
	Invoker = runner.Invoker
	// LambdaTarget is a function's place in a target group.
	LambdaTarget = runner.LambdaTarget
)

// ServiceEvents is EventBridge, as a function's permissions name it.
const ServiceEvents = runner.ServiceEvents

// NewRuntime returns a runtime without a running instance.
func NewRuntime(o RuntimeOptions) *Runtime { return runner.New(o) }

// NewBuilder builds functions of the module at moduleDir into outDir.
func NewBuilder(moduleDir, outDir string) *Builder { return runner.NewBuilder(moduleDir, outDir) }

// ScheduledEvent is what EventBridge sends for a rule at that time.
func ScheduledEvent(ruleARN string, at time.Time) ([]byte, error) {
	return runner.ScheduledEvent(ruleARN, at)
}
