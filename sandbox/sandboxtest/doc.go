// Package sandboxtest is the sandbox's door for tests of other folders: everything that they may use of it, and nothing else
// of the sandbox can be imported from outside. The names say what a thing is; what it does is documented where it is defined.
//
//   - [Open] and [Stack]: deploy a stack with the real Pulumi engine.
//   - [Account] and its resources: what a deployment left, and what somebody changes behind its back.
//   - [StartAPI]: the AWS APIs in front of an account, with calls to look at and faults to inject.
//   - [NewScheduler]: what the account does by itself as time passes.
//   - [NewRuntime]: the deployed functions' real binaries.
//   - [NewAuthorizer] and [EvaluatePolicies]: what a role may do.
//   - [Serve]: a deployed stack on localhost.
package sandboxtest
