package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/term"

	"github.com/webordinary/live-edit/sandbox/engine"
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

	stateDir string
}

// open opens the sandbox of the project.
func (s *session) open() (*engine.Sandbox, error) {
	root, err := projectRoot(s.dir)
	if err != nil {
		return nil, err
	}
	sandbox, err := engine.Open(engine.Options{Root: root, StateDir: s.stateDir, Tools: s.tools, Log: s.stderr})
	if err != nil {
		return nil, err
	}
	s.interrupts.onSecond(sandbox.Interrupt)
	return sandbox, nil
}

// stack opens a stack that prints as it goes.
func (s *session) stack(sandbox *engine.Sandbox, name string) (*engine.Stack, error) {
	return sandbox.Stack(engine.StackOptions{
		Name: name, Program: s.program, Stdout: s.stdout, Stderr: s.stderr, Color: s.color,
	})
}

// withStack runs work on a stack of the sandbox.
func (s *session) withStack(name string, work func(*engine.Stack) error) (err error) {
	sandbox, err := s.open()
	if err != nil {
		return err
	}
	defer func() {
		if closed := sandbox.Close(); err == nil {
			err = closed
		}
	}()
	stack, err := s.stack(sandbox, name)
	if err != nil {
		return err
	}
	return work(stack)
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
