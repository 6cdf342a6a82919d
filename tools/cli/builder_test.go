package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// greeter is a tool of one file, which builds in a moment and without modules.
var greeter = Tool{
	Name: "greeter", Version: "v1.2.3", Module: "tools/greeter", Package: "example.com/greeter",
	LinkFlags: "-X main.version=v1.2.3", FirstBuild: "a moment",
}

const greeterSource = `package main

var version string

func main() { println(version) }
`

// newRepository writes a repository with the greeter's module.
func newRepository(t *testing.T, source string) Builder {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "tools", "greeter")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	write(t, filepath.Join(dir, "go.mod"), "module example.com/greeter\n\ngo 1.26\n", 0o600)
	write(t, filepath.Join(dir, "main.go"), source, 0o600)
	return Builder{Root: root, Log: &syncBuffer{}}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}

// syncBuffer is a log that several goroutines may write to.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func logOf(b Builder) string { return b.Log.(*syncBuffer).String() }

func TestPathBuildsOnceAndStampsTheVersion(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)

	path, err := builder.Path(t.Context(), greeter)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(builder.Root, ".sandbox", "bin", "greeter-v1.2.3"), path)
	out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "v1.2.3\n", string(out))
	require.Contains(t, logOf(builder), "Building greeter v1.2.3 from its Go module: a moment the first time")
	require.Contains(t, logOf(builder), "Built greeter v1.2.3 in ")

	said := logOf(builder)
	again, err := builder.Path(t.Context(), greeter)
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.Equal(t, said, logOf(builder), "a finished binary is used without a word")
}

func TestRelativeRoot(t *testing.T) {
	builder := newRepository(t, greeterSource)
	t.Chdir(builder.Root)
	builder.Root = "."

	path, err := builder.Path(t.Context(), greeter)
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(path), path)
	require.FileExists(t, path)
}

func TestPathBuildsOnceForConcurrentCallers(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)

	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			path, err := builder.Path(t.Context(), greeter)
			if err != nil || !isExecutable(path) {
				t.Errorf("got %q, %v", path, err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, strings.Count(logOf(builder), "Built greeter"))
}

func TestFailedBuildLeavesNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, "package main\n\nfunc main() { undefinedThing() }\n")

	_, err := builder.Path(t.Context(), greeter)
	require.ErrorContains(t, err, "cannot build greeter v1.2.3 in tools/greeter")
	require.ErrorContains(t, err, "undefined: undefinedThing")
	require.Empty(t, binaries(t, builder))
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := builder.Path(ctx, greeter)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, binaries(t, builder))

	_, err = builder.Path(t.Context(), greeter)
	require.NoError(t, err, "the next run starts over")
}

func TestKilledBuildIsCleanedUpByTheNextOne(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)
	require.NoError(t, os.MkdirAll(builder.binDir(), 0o750))
	half := filepath.Join(builder.binDir(), ".building-greeter-v1.2.3-4711")
	write(t, half, "half a binary", 0o700)

	path, err := builder.Path(t.Context(), greeter)
	require.NoError(t, err)
	require.NoFileExists(t, half)
	require.Equal(t, []string{filepath.Base(path)}, binaries(t, builder))
}

func TestWaitingForAnotherBuildEndsWithTheContext(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)
	require.NoError(t, os.MkdirAll(builder.binDir(), 0o750))
	unlock, err := builder.lock(t.Context(), greeter)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	waiter := builder
	waiter.Log = cancelWhenTold{cancel}
	_, err = waiter.Path(ctx, greeter)
	require.ErrorIs(t, err, context.Canceled)

	unlock()
	_, err = builder.Path(t.Context(), greeter)
	require.NoError(t, err, "the lock is free again")
}

// cancelWhenTold cancels as soon as the builder says anything.
type cancelWhenTold struct{ cancel func() }

func (c cancelWhenTold) Write(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}

func TestUnwritableBinDirIsNamed(t *testing.T) {
	t.Parallel()
	builder := newRepository(t, greeterSource)
	write(t, filepath.Join(builder.Root, ".sandbox"), "a file, not a directory", 0o600)

	_, err := builder.Path(t.Context(), greeter)
	require.ErrorContains(t, err, "cannot keep the greeter binary")
	require.ErrorContains(t, err, ".sandbox")
}

// binaries lists what is in the directory of built tools, locks aside.
func binaries(t *testing.T, b Builder) []string {
	t.Helper()
	entries, err := os.ReadDir(b.binDir())
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lock") {
			names = append(names, entry.Name())
		}
	}
	return names
}
