package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/webordinary/live-edit/tools/goflags"
)

// How often a long build says that it is still at work, and how long an interrupted go command may take to clean up.
const (
	progressEvery  = 30 * time.Second
	interruptGrace = 10 * time.Second
)

// errCompile means that the go command failed, and has said why.
var errCompile = errors.New("the sandbox does not compile")

// build compiles the command and remembers what from.
type build struct {
	root        string // the repository's
	bin         string // keeps the binary
	pkg         string
	log         io.Writer
	environment []string
}

// binary returns the command's binary, compiled when it is missing or older than its sources. One process compiles at a time.
func (b build) binary(ctx context.Context) (string, error) {
	target := filepath.Join(b.bin, "sandbox")
	sources, err := b.sources()
	if err != nil {
		return "", err
	}
	if current(target, sources) {
		return target, nil
	}
	if err := os.MkdirAll(b.bin, 0o750); err != nil {
		return "", wrap("keep the compiled command", err)
	}
	unlock, err := b.lock(ctx, target+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	// Another process may have compiled it, or somebody have saved a file, while this one waited.
	if sources, err = b.sources(); err != nil || current(target, sources) {
		return target, err
	}
	return target, b.compile(ctx, target, sources)
}

// compile puts a new binary in the place of an old one, and then the note of its sources: whoever is killed in between compiles
// again.
func (b build) compile(ctx context.Context, target, sources string) error {
	b.announce(target)
	start := time.Now()
	stop := b.reportProgress(start)
	defer stop()
	temp := target + ".new" // the lock's holder is the only one who writes it
	defer func() { _ = os.Remove(temp) }()
	if err := b.goBuild(ctx, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return wrap("keep the compiled command", err)
	}
	if err := replace(note(target), sources); err != nil {
		return wrap("keep the compiled command", err)
	}
	b.say("Compiled the sandbox in " + time.Since(start).Round(time.Second).String() + ".")
	return nil
}

// announce says why there is something to wait for, and how long it takes.
func (b build) announce(target string) {
	if _, err := os.Stat(target); err != nil {
		b.say("Compiling the sandbox: about 3 minutes on two cores the first time (Pulumi's SDK for AWS is large), seconds from then on.")
		return
	}
	b.say("Compiling the sandbox: its sources have changed. A few seconds, minutes when go.mod or the Go release has.")
}

func (b build) goBuild(ctx context.Context, output string) error {
	args := append([]string{"build"}, goflags.Quick()...)
	args = append(args, "-buildvcs=false", "-ldflags=-s -w", "-o", output, b.pkg)
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // this package's constants and a path below the repository
	cmd.Dir = b.root
	cmd.Env = append([]string{goflags.Collector}, b.environment...) // somebody's own GOGC counts
	cmd.Stdout, cmd.Stderr = b.log, b.log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &failed):
		return errCompile
	default:
		return wrap("compile the sandbox with the go command", err)
	}
}

// reportProgress says every half minute that the build is still going on; the returned function ends that.
func (b build) reportProgress(start time.Time) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				b.say("Still compiling (" + time.Since(start).Round(time.Second).String() + ") ...")
			}
		}
	}()
	return func() { close(done) }
}

func (b build) say(line string) { _, _ = io.WriteString(b.log, line+"\n") }

// fault is what package fmt would make of "%s: %w".
type fault struct {
	what string
	err  error
}

func (f fault) Error() string { return f.what + ": " + f.err.Error() }

func (f fault) Unwrap() error { return f.err }

func wrap(what string, err error) error { return fault{what, err} }
