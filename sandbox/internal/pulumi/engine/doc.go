// Package engine drives the real Pulumi engine on a simulated AWS account.
//
// A Sandbox is a state directory: the account, Pulumi's state in a file backend,
// and whatever else a run needs. A Stack is one environment in it; its program
// runs inside this process, through Pulumi's Automation API, and the engine
// reaches the account through providers that this process serves. Nothing is
// downloaded and nothing outside the state directory is written: the project's
// Pulumi.yaml and Pulumi.<stack>.yaml are read anew by every operation and
// copied, so that what a user edits there takes effect on the next one.
//
//	sandbox, err := engine.Open(engine.Options{Root: "."})
//	...
//	defer sandbox.Close()
//	prod, err := sandbox.Stack(engine.StackOptions{Name: "prod", Program: infra.Deploy})
//	...
//	result, err := prod.Up(ctx, engine.RunOptions{})
package engine
