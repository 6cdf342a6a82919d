// Package goflags holds the flags that everything of this repository is built with, so that nothing compiles twice: the
// sandbox, the tests, the Pulumi CLI and its language host share one build cache. It imports nothing, since the launcher of the
// sandbox has to be compiled in a moment.
package goflags

// Quick makes the compiler skip optimisation, inlining and debug information for Pulumi's own packages, of which pulumi-aws is
// the largest: measured on its ec2 package, 51.8 s of processor time instead of 67.6 (D27). They wait for the engine and copy
// a few values; what computes (this repository, the AWS SDK of the functions) stays optimised.
const Quick = "-gcflags=github.com/pulumi/...=-N -l -dwarf=false"

// Environment is the same as a value of GOFLAGS, which separates flags by spaces that are not quoted. The Makefile and .ci/run
// have it, too; tests hold them equal.
const Environment = "'" + Quick + "'"
