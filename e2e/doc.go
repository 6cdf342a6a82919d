// Package e2e deploys the whole program on the real Pulumi engine against the sandbox's simulated account, and plays
// the life of a stack: deploy, share, change, drift, destroy, deploy again on what was kept.
//
// The package has tests only; sandbox_test.go holds what they share.
package e2e
