package sandboxtest

import (
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

// Deployments on the real engine.
type (
	// Sandbox deploys into one account.
	Sandbox = engine.Sandbox
	// Options say where a sandbox keeps its state and what it deploys.
	Options = engine.Options
	// Stack is one stack of a sandbox.
	Stack = engine.Stack
	// StackOptions name a stack, its program and its configuration.
	StackOptions = engine.StackOptions
	// ConfigValue is one configuration value.
	ConfigValue = engine.ConfigValue
	// RunOptions are those of one preview, update, refresh or destroy.
	RunOptions = engine.RunOptions
	// Result is what a run did.
	Result = engine.Result
	// Step is what a run did to one resource.
	Step = engine.Step
	// ProviderAccount is the account as the aws provider sees it; Options.Intercept may stand in between.
	ProviderAccount = provider.Account
)

// Open opens a sandbox.
func Open(o Options) (*Sandbox, error) { return engine.Open(o) }

// ServeProviders serves the aws and awsx providers of an account, for an engine of its own.
func ServeProviders(account ProviderAccount) (*provider.Server, error) {
	return provider.Serve(account)
}
