package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Builder builds functions for this machine, each once. Several Runtimes may share one. The Go build cache makes a build
// of unchanged sources take as long as linking them.
type Builder struct {
	moduleDir, outDir string
	args              []string

	mu    sync.Mutex
	built map[string]*buildOnce
}

type buildOnce struct {
	once sync.Once
	path string
	err  error
}

// NewBuilder builds packages of the module in moduleDir into outDir, with further arguments for go build (such as -race).
func NewBuilder(moduleDir, outDir string, args ...string) *Builder {
	return &Builder{moduleDir: moduleDir, outDir: outDir, args: args, built: map[string]*buildOnce{}}
}

// ModuleDir finds the folder of go.mod at or above the working directory.
func ModuleDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the module: no go.mod at or above %s", dir)
		}
	}
}

// Build returns the binary of a package such as "./functions/scaler". A failure carries the compiler's message.
func (b *Builder) Build(ctx context.Context, pkg string) (string, error) {
	b.mu.Lock()
	entry := b.built[pkg]
	if entry == nil {
		entry = &buildOnce{}
		b.built[pkg] = entry
	}
	b.mu.Unlock()
	entry.once.Do(func() { entry.path, entry.err = b.build(ctx, pkg) })
	if errors.Is(entry.err, context.Canceled) || errors.Is(entry.err, context.DeadlineExceeded) {
		b.mu.Lock()
		delete(b.built, pkg) // the next caller may have more time
		b.mu.Unlock()
	}
	return entry.path, entry.err
}

func (b *Builder) build(ctx context.Context, pkg string) (string, error) {
	name := strings.Trim(strings.NewReplacer("/", "-", ".", "").Replace(pkg), "-")
	dir := filepath.Join(b.outDir, name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("build %s: %w", pkg, err)
	}
	path := filepath.Join(dir, "bootstrap")
	args := append([]string{"build", "-tags", "lambda.norpc", "-o", path}, b.args...)
	command := exec.CommandContext(ctx, "go", append(args, pkg)...) //nolint:gosec // a package of this module
	command.Dir = b.moduleDir
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s for this machine: %w\n%s", pkg, errors.Join(err, ctx.Err()), output)
	}
	return path, nil
}
