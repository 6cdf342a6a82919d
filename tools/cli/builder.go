package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/webordinary/live-edit/tools/goflags"
)

// progressEvery is how often a long build says that it is still at work.
const progressEvery = 30 * time.Second

// Builder downloads or builds tools, and remembers the result on disk.
type Builder struct {
	// Root is the repository root, which holds the tool modules.
	Root string
	// BinDir receives the binaries; empty means .sandbox/bin below Root.
	BinDir string
	// Log is told of long steps; nil means silence.
	Log io.Writer

	patience patience // with the release server; its zero value means the usual one
}

// Path returns the tool's binary, and downloads or builds it when it is not there
// yet. Processes that ask at the same time do so once: the others wait for it.
// Interrupted, it leaves nothing that could be taken for a binary.
func (b Builder) Path(ctx context.Context, tool Tool) (string, error) {
	b, err := b.absolute()
	if err != nil {
		return "", err
	}
	if path, ok := b.present(tool); ok {
		return path, nil
	}
	if err := os.MkdirAll(b.binDir(), 0o750); err != nil {
		return "", fmt.Errorf("cannot keep the %s binary: %w", tool.Name, err)
	}
	unlock, err := b.lock(ctx, tool)
	if err != nil {
		return "", err
	}
	defer unlock()
	if path, ok := b.present(tool); ok { // another process made it while this one waited
		return path, nil
	}
	if path, err := b.download(ctx, tool); err != nil || path != "" {
		return path, err
	}
	target := filepath.Join(b.binDir(), tool.fileName())
	return target, b.build(ctx, tool, target)
}

// Fetch prepares for Path what takes the network and hardly the processor, so that something else can compile meanwhile: the
// release, or the modules that the tool is built from.
func (b Builder) Fetch(ctx context.Context, tool Tool) error {
	b, err := b.absolute()
	if err != nil {
		return err
	}
	if _, ok := b.present(tool); ok {
		return nil
	}
	if err := os.MkdirAll(b.binDir(), 0o750); err != nil {
		return fmt.Errorf("cannot keep the %s binary: %w", tool.Name, err)
	}
	unlock, err := b.lock(ctx, tool)
	if err != nil {
		return err
	}
	defer unlock()
	if _, ok := b.present(tool); ok {
		return nil
	}
	if path, err := b.download(ctx, tool); err != nil || path != "" {
		return err
	}
	b.logf("Downloading the modules of %s %s.", tool.Name, tool.Version)
	_, err = b.goCommand(ctx, tool, "list", "-mod=readonly", "-deps", tool.Package)
	return err
}

// present returns the tool's binary if it is there.
func (b Builder) present(tool Tool) (string, bool) {
	for _, name := range tool.names() {
		if path := filepath.Join(b.binDir(), name); isExecutable(path) {
			return path, true
		}
	}
	return "", false
}

// lock keeps other processes from making the same tool.
func (b Builder) lock(ctx context.Context, tool Tool) (func(), error) {
	path := filepath.Join(b.binDir(), "."+tool.fileName()+".lock")
	waiting := func() {
		b.logf("Another process is downloading or building %s %s; waiting for it.", tool.Name, tool.Version)
	}
	unlock, err := lockFile(ctx, path, waiting)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the build of %s: %w", tool.Name, err)
	}
	return unlock, nil
}

func (b Builder) build(ctx context.Context, tool Tool, target string) error {
	b.removeLeftovers(tempPrefix(tool))
	b.logf("Building %s %s from its Go module: %s the first time; %s keeps it for later runs.",
		tool.Name, tool.Version, tool.FirstBuild, target)
	start := time.Now()
	defer b.reportProgress("building", tool, start)()

	temp, err := os.CreateTemp(b.binDir(), tempPrefix(tool)+"*")
	if err != nil {
		return fmt.Errorf("cannot write the %s binary: %w", tool.Name, err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	if err := temp.Close(); err != nil {
		return fmt.Errorf("cannot write the %s binary: %w", tool.Name, err)
	}
	if err := b.goBuild(ctx, tool, temp.Name()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), target); err != nil {
		return fmt.Errorf("cannot keep the %s binary: %w", tool.Name, err)
	}
	b.logf("Built %s %s in %s.", tool.Name, tool.Version, time.Since(start).Round(time.Second))
	return nil
}

func (b Builder) goBuild(ctx context.Context, tool Tool, output string) error {
	args := append([]string{"build"}, goflags.Quick()...)
	out, err := b.goCommand(ctx, tool, append(args, "-mod=readonly", "-buildvcs=false",
		"-ldflags", tool.LinkFlags, "-o", output, tool.Package)...)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("the build of %s was interrupted: %w", tool.Name, ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("building %s needs the go command on the PATH: %w", tool.Name, err)
	default:
		return fmt.Errorf("cannot build %s %s in %s (Go modules must be reachable, or %s %s or newer be on the PATH): %w\n%s",
			tool.Name, tool.Version, tool.Module, tool.Name, tool.Version, err, lastLines(out, 15))
	}
}

// goCommand runs the go command in the tool's module and returns what it printed.
func (b Builder) goCommand(ctx context.Context, tool Tool, args ...string) (string, error) {
	// gosec: every argument is one of this package's constants or a path below
	// the repository.
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // see above
	cmd.Dir = filepath.Join(b.Root, filepath.FromSlash(tool.Module))
	cmd.Env = append([]string{goflags.Collector}, append(os.Environ(), "GOWORK=off", "GOFLAGS=")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	return out.String(), err
}

// reportProgress says every half minute that the work is still going on; the
// returned function ends that.
func (b Builder) reportProgress(work string, tool Tool, start time.Time) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				b.logf("Still %s %s (%s) ...", work, tool.Name, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { close(done) }
}

// removeLeftovers deletes what a killed process left behind. The caller holds the
// lock, so nobody else is writing there.
func (b Builder) removeLeftovers(prefix string) {
	left, _ := filepath.Glob(filepath.Join(b.binDir(), prefix+"*"))
	for _, path := range left {
		_ = os.Remove(path)
	}
}

// absolute returns the builder with absolute paths: the build runs in the tool's
// directory.
func (b Builder) absolute() (_ Builder, err error) {
	if b.Root, err = filepath.Abs(b.Root); err != nil {
		return b, err
	}
	b.BinDir, err = filepath.Abs(b.binDir())
	return b, err
}

func (b Builder) binDir() string {
	if b.BinDir != "" {
		return b.BinDir
	}
	return filepath.Join(b.Root, ".sandbox", "bin")
}

func (b Builder) logf(format string, args ...any) {
	if b.Log != nil {
		_, _ = fmt.Fprintf(b.Log, format+"\n", args...)
	}
}

func tempPrefix(tool Tool) string { return ".building-" + tool.fileName() + "-" }

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
