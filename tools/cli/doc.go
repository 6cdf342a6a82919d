// Package cli finds the command-line programs that the sandbox drives, and
// builds the pinned ones from their Go modules when none will do.
//
// Nothing is downloaded but Go modules: a tool is a go.mod of its own below
// tools/, with its exact version, and `go build` makes the binary. Binaries are
// kept in .sandbox/bin, named after their version, so that a new pin builds a
// new file and an old one is never mistaken for it.
package cli
