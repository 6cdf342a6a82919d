package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/term"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/tools/cli"
)

// session is what the commands share: the program, where they print, and the
// flags that all of them have.
type session struct {
	program        pulumi.RunFunc
	interrupts     *interrupts
	stdout, stderr io.Writer
	color          string
	dir            string      // where to look for the project; empty means the working directory
	tools          cli.Builder // its zero value means the repository's
	module         string      // where functions are built from; empty means the project's root

	stateDir string
}

// openSandbox is the sandbox of the project and what runs its functions.
type openSandbox struct {
	*engine.Sandbox
	functions *functions
	root      string // of the Go module
	stateDir  string
}

// Close ends the functions before the account that they live in.
func (o *openSandbox) Close() error { return errors.Join(o.functions.Close(), o.Sandbox.Close()) }

// open opens the sandbox of the project.
func (s *session) open() (*openSandbox, error) {
	root, err := projectRoot(s.dir)
	if err != nil {
		return nil, err
	}
	sandbox, err := engine.Open(engine.Options{Root: root, StateDir: s.stateDir, Tools: s.tools, Log: s.stderr})
	if err != nil {
		return nil, err
	}
	s.interrupts.onSecond(sandbox.Interrupt)
	open := &openSandbox{Sandbox: sandbox, stateDir: s.stateDir}
	if open.stateDir == "" {
		open.stateDir = filepath.Join(root, ".sandbox")
	}
	if open.stateDir, err = filepath.Abs(open.stateDir); err != nil {
		return nil, errors.Join(fmt.Errorf("the state directory %s: %w", s.stateDir, err), sandbox.Close())
	}
	if open.root = s.module; open.root == "" {
		open.root = root
	}
	open.functions = &functions{account: sandbox.Account(), root: open.root, binaries: filepath.Join(open.stateDir, "functions")}
	sandbox.Account().Invoker = open.functions
	return open, nil
}

// stack opens a stack that prints as it goes.
func (s *session) stack(sandbox *engine.Sandbox, name string) (*engine.Stack, error) {
	return sandbox.Stack(engine.StackOptions{
		Name: name, Program: s.program, Stdout: s.stdout, Stderr: s.stderr, Color: s.color,
	})
}

// withSandbox runs work in the sandbox.
func (s *session) withSandbox(work func(*openSandbox) error) (err error) {
	sandbox, err := s.open()
	if err != nil {
		return err
	}
	defer func() {
		if closed := sandbox.Close(); err == nil {
			err = closed
		}
	}()
	return work(sandbox)
}

// withStack runs work on a stack of the sandbox.
func (s *session) withStack(name string, work func(*engine.Stack) error) error {
	return s.withSandbox(func(sandbox *openSandbox) error {
		stack, err := s.stack(sandbox.Sandbox, name)
		if err != nil {
			return err
		}
		return work(stack)
	})
}

func (s *session) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.stdout, format, args...)
}

// projectRoot finds Pulumi.yaml in or above a directory.
func projectRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "Pulumi.yaml")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", usagef("there is no Pulumi.yaml in or above %s; run the sandbox in the repository", dir)
		}
	}
}

// colorOf decides on colors as most programs do: on a terminal, unless NO_COLOR
// is set.
func colorOf(out *os.File) string {
	if os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(out.Fd())) {
		return "always"
	}
	return "never"
}
