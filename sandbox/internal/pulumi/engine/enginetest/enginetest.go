// Package enginetest opens sandboxes for tests: each in a directory of its own,
// all with the one Pulumi CLI of the repository.
package enginetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/tools/cli"
)

// module is the first line of the repository's go.mod.
const module = "module github.com/webordinary/live-edit\n"

// Root is the repository's root directory, at or above the test's own.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod")) //nolint:gosec // the repository's own file
		if err == nil && strings.HasPrefix(string(data), module) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("the test runs outside the repository")
		}
		dir = parent
	}
}

// Open opens a sandbox for a test and closes it at the end. What the options
// leave open is filled in: the repository as the project, a new state directory,
// the repository's CLI, the test's log.
func Open(tb testing.TB, options engine.Options) *engine.Sandbox {
	tb.Helper()
	options = Fill(tb, options)
	sandbox, err := engine.Open(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sandbox.Close(); err != nil {
			tb.Error(err)
		}
	})
	return sandbox
}

// Fill completes options as Open does.
func Fill(tb testing.TB, options engine.Options) engine.Options {
	tb.Helper()
	root := Root(tb)
	if options.Root == "" {
		options.Root = root
	}
	if options.StateDir == "" {
		options.StateDir = tb.TempDir()
	}
	if options.Log == nil {
		options.Log = tb.Output()
	}
	if options.Tools.Root == "" {
		options.Tools = cli.Builder{Root: root, Log: options.Log}
	}
	return options
}

// Project writes a small project for a test and returns its directory. Settings
// are the stack files' contents by stack name.
func Project(tb testing.TB, settings map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	write("Pulumi.yaml", "name: small\nruntime: go\n")
	for stack, text := range settings {
		write("Pulumi."+stack+".yaml", text)
	}
	return dir
}
