// Command sandbox deploys the stacks of this repository without an AWS account; `go run ./sandbox --help` tells the rest.
//
// This is only its launcher. The command itself, sandbox/commands, links Pulumi's SDK for AWS, which takes minutes to compile the
// first time, and `go run` says nothing while it compiles. So the launcher imports little more than os, says what is going on,
// compiles the command with the flags that the tests are compiled with, and becomes it. When no source has changed since, it
// becomes it at once, which is quicker than letting the go command look.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// The command's exit codes that the launcher has, too.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	binary, code := prepare(ctx)
	stop()
	if code != 0 {
		os.Exit(code)
	}
	// The command takes this process over: its terminal, its signals and its exit code need nobody to pass them on.
	err := syscall.Exec(binary, append([]string{"sandbox"}, os.Args[1:]...), os.Environ()) //nolint:gosec // what was compiled
	say("sandbox: start " + binary + ": " + err.Error())
	os.Exit(exitFailed)
}

// prepare returns the compiled command, or the exit code to end with when there is none.
func prepare(ctx context.Context) (binary string, code int) {
	dir, err := os.Getwd()
	if err != nil {
		say("sandbox: find the repository: " + err.Error())
		return "", exitUsage
	}
	root, ok := repository(dir)
	if !ok {
		say("sandbox: there is no " + packageDir + " in or above " + dir + "; run the sandbox in the repository")
		return "", exitUsage
	}
	b := build{root: root, bin: filepath.Join(root, ".sandbox", "bin"), pkg: "./" + packageDir, log: os.Stderr, environment: os.Environ()}
	binary, err = b.binary(ctx)
	switch {
	case err == nil:
		return binary, 0
	case ctx.Err() != nil:
		say("\nsandbox: interrupted while it was being compiled; what is compiled is kept")
		return "", exitInterrupted
	case errors.Is(err, errCompile): // the compiler has said why
		return "", exitFailed
	default:
		say("sandbox: " + err.Error())
		return "", exitUsage
	}
}

// packageDir is the command itself, below the repository's root.
const packageDir = "sandbox/commands"

// repository finds this repository's root at or above a directory.
func repository(dir string) (string, bool) {
	for at := dir; ; at = filepath.Dir(at) {
		_, module := os.Stat(filepath.Join(at, "go.mod"))
		_, command := os.Stat(filepath.Join(at, filepath.FromSlash(packageDir)))
		if module == nil && command == nil {
			return at, true
		}
		if at == filepath.Dir(at) {
			return "", false
		}
	}
}

// say prints a line. Package fmt would double what has to be compiled before the first word.
func say(line string) { _, _ = os.Stderr.WriteString(line + "\n") }
