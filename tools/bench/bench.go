package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// bench holds the built binaries and the folders of one run.
type bench struct {
	root, work    string
	sandboxBinary string
	runs          int
}

func newBench(ctx context.Context, runs int) (*bench, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the repository: %w", err)
	}
	work, err := os.MkdirTemp("", "live-edit-bench-*")
	if err != nil {
		return nil, fmt.Errorf("make a work folder: %w", err)
	}
	b := &bench{root: root, work: work, runs: runs, sandboxBinary: filepath.Join(work, "sandbox")}
	for _, args := range [][]string{
		{"run", "./tools/install", "pulumi"},
		{"build", "-o", b.sandboxBinary, "./sandbox/commands"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			b.close()
			return nil, fmt.Errorf("prepare with %s: %w", cmd, err)
		}
	}
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.work) }

// repeat measures runs of a command after one that warms caches.
func (b *bench) repeat(ctx context.Context, what string, command func() *exec.Cmd) error {
	if _, err := measure(ctx, command()); err != nil {
		return err
	}
	var samples []sample
	for range b.runs {
		s, err := measure(ctx, command())
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	row(what, samples)
	return nil
}

// sandbox measures previews and updates of a deployed prod without changes.
func (b *bench) sandbox(ctx context.Context) error {
	project, err := b.project("prod", 1)
	if err != nil {
		return err
	}
	if _, err := measure(ctx, project.command(ctx, "up", "--stack", "prod")); err != nil {
		return err
	}
	if err := b.repeat(ctx, "Sandbox: warm preview of prod", func() *exec.Cmd {
		return project.command(ctx, "preview", "--stack", "prod")
	}); err != nil {
		return err
	}
	return b.repeat(ctx, "Sandbox: up of prod without changes", func() *exec.Cmd {
		return project.command(ctx, "up", "--stack", "prod")
	})
}

// mockedTests measures the tests of the program under mocks, compiled beforehand.
func (b *bench) mockedTests(ctx context.Context) error {
	binary := filepath.Join(b.work, "mocked.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./infra") //nolint:gosec // our own arguments
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the mocked tests: %w\n%s", err, out)
	}
	return b.repeat(ctx, "Mocked tests of the stack (compiled)", func() *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary)
		cmd.Dir = filepath.Join(b.root, "infra")
		return cmd
	})
}

// coldBuild measures the program's build with an empty build cache and a full module cache.
func (b *bench) coldBuild(ctx context.Context, runs int) error {
	var samples []sample
	for i := range runs {
		cache := filepath.Join(b.work, fmt.Sprintf("gocache-%d", i))
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.work, "program"), ".") //nolint:gosec // ours
		cmd.Dir = b.root
		cmd.Env = append(os.Environ(), "GOCACHE="+cache)
		s, err := measure(ctx, cmd)
		if err = errors.Join(err, os.RemoveAll(cache)); err != nil {
			return err
		}
		samples = append(samples, s)
	}
	if len(samples) > 0 {
		row("Cold build of the program", samples)
	}
	return nil
}

// growth measures first previews with different numbers of clients, each an access point more.
func (b *bench) growth(ctx context.Context, counts []int) error {
	for _, n := range counts {
		project, err := b.project(fmt.Sprintf("clients-%d", n), n)
		if err != nil {
			return err
		}
		if err := b.repeat(ctx, fmt.Sprintf("Sandbox: first preview of prod with %d clients", n), func() *exec.Cmd {
			return project.command(ctx, "preview", "--stack", "prod")
		}); err != nil {
			return err
		}
	}
	return nil
}
