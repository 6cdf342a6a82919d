// Package goflags holds the flags that everything of this repository is built with, so that nothing compiles twice: the
// sandbox, the tests, the Pulumi CLI and its language host share one build cache. The launcher of the sandbox imports it and has
// to be compiled in a moment, so it imports next to nothing. The Makefile and .ci/run read the same file.
package goflags

import (
	_ "embed"
	"strings"
)

// flags makes the compiler skip optimisation, inlining and debug information for everything that others wrote, since it takes
// long to compile and little to run: it waits for the engine, describes an API or copies a few values. Measured on pulumi-aws'
// ec2 package: 51.8 s of processor time instead of 67.6; on the Pulumi CLI, where only the largest modules had been
// named, 242 s instead of 280 (D27). What computes stays optimised; it is named below the first line, and of several patterns
// the last counts. Without -trimpath every clone and worktree would compile the module's own packages again, since their folder would
// be part of what the build cache knows them by.
//
//go:embed flags
var flags string

// Quick are the flags as arguments of `go build`.
func Quick() []string { return strings.Split(strings.TrimSpace(flags), "\n") }

// Environment is the same as a value of GOFLAGS, which separates flags by spaces that are not quoted.
func Environment() string { return "'" + strings.Join(Quick(), "' '") + "'" }

// Collector lets the compiler's garbage collector wait longer, for machines of 8 GB and more: pulumi-aws' ec2 package takes
// 45.4 s of processor time instead of 57.3 s, and 2.8 GB of memory instead of 2.1 GB.
const Collector = "GOGC=400"
