// Package provider serves the simulated account to Pulumi's engine as the
// resource providers aws and awsx.
//
// It only translates: what is valid, what replaces and what AWS would refuse is
// the account's business. The engine attaches to the two addresses that
// [Server.Attach] names, instead of starting a provider's binary.
package provider
