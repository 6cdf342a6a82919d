// Package cli finds the command-line programs that the sandbox drives, and
// downloads or builds the pinned ones when none will do.
//
// Pulumi's are downloaded from its official release, verified, on a machine that
// reaches the release server. Everything else is built from Go modules: a tool is
// a go.mod of its own below tools/, with its exact version, and `go build` makes
// the binary, with the flags and the module versions of the repository, so that
// what both need is compiled once. Binaries are kept in .sandbox/bin, named after
// their version, so that a new pin makes a new file and an old one is never
// mistaken for it.
package cli
