package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/goflags"
)

// asLauncher tells a second instance of this test binary to be the launcher.
const asLauncher = "SANDBOX_TEST_LAUNCHER"

// asGo tells a third instance, which is called go, what the go command does.
const asGo = "SANDBOX_TEST_GO"

func TestMain(m *testing.M) {
	switch {
	case filepath.Base(os.Args[0]) == "go":
		pretendToBeGo(os.Getenv(asGo))
	case os.Getenv(asLauncher) != "":
		main()
	default:
		os.Exit(m.Run())
	}
}

// What a stand-in for the go command does.
const (
	fails    = "fails"
	compiles = "compiles" // a command that does nothing
	hangs    = "hangs"
)

// goWasHere is what the stand-in says first.
const goWasHere = "the go command was started"

func pretendToBeGo(what string) {
	fmt.Fprintln(os.Stderr, goWasHere, os.Args[1:])
	switch what {
	case compiles:
		output := os.Args[slices.Index(os.Args, "-o")+1]
		if err := os.WriteFile(output, []byte("#!/bin/sh\n"), 0o700); err != nil {
			panic(err)
		}
	case hangs:
		time.Sleep(time.Hour)
	default:
		os.Exit(1)
	}
}

// command is a small stand-in for the command: it tells what it was given, and ends as it is told to.
const command = `package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "embed"
)

//go:embed greeting.txt
var greeting string

func main() {
	if strings.Join(os.Args[1:], " ") == "wait" {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("waiting")
		<-signals
		os.Exit(42)
	}
	input, _ := io.ReadAll(os.Stdin)
	fmt.Printf("%s %q %q\n", greeting, os.Args, input)
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		os.Exit(7)
	}
}
`

// newRepository writes a repository with the stand-in.
func newRepository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                        "module example.com/small\n\ngo 1.26\n",
		"Pulumi.prod.yaml":              "config: {}\n",
		"docs/notes.md":                 "notes\n",
		"sandbox/commands/main.go":      command,
		"sandbox/commands/main_test.go": "package main\n",
		"sandbox/commands/greeting.txt": "hello",
	} {
		write(t, filepath.Join(root, name), text)
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// withGo gives a launcher another go command.
func withGo(t *testing.T, cmd *exec.Cmd, what string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(os.Args[0], filepath.Join(dir, "go")))
	cmd.Env = append(cmd.Env, "PATH="+dir, asGo+"="+what)
	return cmd
}

// launcher is the launcher as a process, in a directory.
func launcher(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asLauncher+"=1", "GOFLAGS=", "GOWORK=off")
	return cmd
}

// run runs the launcher and returns what it and the command said.
func run(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
		return out.String(), errOut.String(), exit.ExitCode()
	}
	return out.String(), errOut.String(), 0
}

func TestTheCommandGetsWhatTheLauncherGot(t *testing.T) {
	t.Parallel()
	root := newRepository(t)
	cmd := launcher(t.Context(), filepath.Join(root, "docs"), "fail", "--two words")
	cmd.Stdin = strings.NewReader("typed")
	out, said, code := run(t, cmd)
	require.Equal(t, "hello [\"sandbox\" \"fail\" \"--two words\"] \"typed\"\n", out, said)
	require.Equal(t, 7, code)
	require.Contains(t, said, "Compiling the sandbox: about 3 minutes on two cores the first time")

	// From now on the go command isn't asked.
	out, said, code = run(t, withGo(t, launcher(t.Context(), root), fails))
	require.Equal(t, 0, code)
	require.Equal(t, "hello [\"sandbox\"] \"\"\n", out)
	require.Empty(t, said)
}

func TestCompilingIsAnnouncedBeforeItBegins(t *testing.T) {
	t.Parallel()
	_, said, code := run(t, withGo(t, launcher(t.Context(), newRepository(t)), fails))
	require.Equal(t, exitFailed, code)
	lines := strings.Split(said, "\n")
	require.Greater(t, len(lines), 1, said)
	require.Contains(t, lines[0], "Compiling the sandbox: about")
	require.Contains(t, lines[1], goWasHere+" [build "+strings.Join(goflags.Quick(), " "))
}

// TestWhatMakesItCompile: what a binary comes from, and nothing else.
func TestWhatMakesItCompile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		do       func(t *testing.T, root string, cmd *exec.Cmd)
		compiles bool
	}{
		"nothing":                      {func(*testing.T, string, *exec.Cmd) {}, false},
		"a source":                     {edit("sandbox/commands/main.go"), true},
		"an embedded file":             {edit("sandbox/commands/greeting.txt"), true},
		"the module":                   {edit("go.mod"), true},
		"a new source":                 {edit("infra/new.go"), true},
		"a source that is gone":        {remove("sandbox/commands/greeting.txt"), true},
		"the binary is gone":           {remove(".sandbox/bin/sandbox"), true},
		"the note is gone":             {remove(".sandbox/bin/sandbox.sources"), true},
		"compiler flags":               {environment("GOFLAGS=-race"), true},
		"another processor":            {environment("GOAMD64=v3"), true},
		"a workspace":                  {environment("GOWORK=/elsewhere/go.work"), true},
		"a workspace above":            {workspaceAbove, true},
		"a replaced module":            {replaceModule, true},
		"the flags that make exports":  {environment("GOFLAGS=" + goflags.Environment()), false},
		"where modules come from":      {environment("GOPROXY=off"), false},
		"a test":                       {edit("sandbox/commands/main_test.go"), false},
		"test data":                    {edit("sandbox/testdata/case.json"), false},
		"documentation":                {edit("docs/notes.md"), false},
		"a stack's settings":           {edit("Pulumi.prod.yaml"), false},
		"the sandbox's own state":      {edit(".sandbox/state/new"), false},
		"an editor's file":             {edit("sandbox/commands/.main.go.swp"), false},
		"the README":                   {edit("README.md"), false},
		"the working directory's path": {func(_ *testing.T, root string, cmd *exec.Cmd) { cmd.Dir = filepath.Join(root, "docs") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := newRepository(t)
			_, said, code := run(t, withGo(t, launcher(t.Context(), root), compiles))
			require.Equal(t, 0, code, said)

			cmd := withGo(t, launcher(t.Context(), root), fails)
			change.do(t, root, cmd)
			_, said, code = run(t, cmd)
			require.Equal(t, change.compiles, strings.Contains(said, goWasHere), said)
			require.Equal(t, change.compiles, code == exitFailed, said)
		})
	}
}

func edit(name string) func(*testing.T, string, *exec.Cmd) {
	return func(t *testing.T, root string, _ *exec.Cmd) {
		t.Helper()
		path := filepath.Join(root, name)
		before, _ := os.ReadFile(path)
		write(t, path, string(before)+"\n")
	}
}

func remove(name string) func(*testing.T, string, *exec.Cmd) {
	return func(t *testing.T, root string, _ *exec.Cmd) {
		t.Helper()
		require.NoError(t, os.Remove(filepath.Join(root, name)))
	}
}

func environment(entry string) func(*testing.T, string, *exec.Cmd) {
	return func(_ *testing.T, _ string, cmd *exec.Cmd) { cmd.Env = append(cmd.Env, entry) }
}

func workspaceAbove(t *testing.T, root string, cmd *exec.Cmd) {
	t.Helper()
	environment("GOWORK=")(t, root, cmd)
	edit("go.work")(t, root, cmd)
}

// replaceModule compiles with a module that go.mod replaces, whose sources are elsewhere.
func replaceModule(t *testing.T, root string, _ *exec.Cmd) {
	t.Helper()
	write(t, filepath.Join(root, "go.mod"), "module example.com/small\n\ngo 1.26\n\nreplace example.com/other => ../other\n")
	_, said, code := run(t, withGo(t, launcher(t.Context(), root), compiles))
	require.Equal(t, 0, code, said)
}

func TestACommandThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	root := newRepository(t)
	_, said, code := run(t, launcher(t.Context(), root))
	require.Equal(t, 0, code, said)
	write(t, filepath.Join(root, "sandbox/commands/broken.go"), "package main\n\nvar x int = \"text\"\n")
	out, said, code := run(t, launcher(t.Context(), root))
	require.Equal(t, exitFailed, code)
	require.Contains(t, said, "broken.go:3:13")
	require.Empty(t, out, "the old command isn't run instead")
}

func TestWhereThereIsNothingToCompile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, said, code := run(t, launcher(t.Context(), dir))
	require.Equal(t, exitUsage, code)
	require.Contains(t, said, "there is no sandbox/commands in or above "+dir+"; run the sandbox in the repository")

	root := newRepository(t)
	write(t, filepath.Join(root, ".sandbox"), "a file")
	_, said, code = run(t, launcher(t.Context(), root))
	require.Equal(t, exitUsage, code)
	require.Contains(t, said, "keep the compiled command: mkdir "+filepath.Join(root, ".sandbox"))

	cmd := launcher(t.Context(), newRepository(t))
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	_, said, code = run(t, cmd)
	require.Equal(t, exitUsage, code)
	require.Contains(t, said, "compile the sandbox with the go command: ")
}

// TestSignals: while it compiles the launcher ends with the go command, and afterwards the command gets them itself.
func TestSignals(t *testing.T) {
	t.Parallel()
	root := newRepository(t)
	require.Equal(t, exitInterrupted, signalled(t, withGo(t, launcher(t.Context(), root), hangs), goWasHere))
	require.Equal(t, []string{"sandbox.lock"}, names(t, filepath.Join(root, ".sandbox", "bin")))

	require.Equal(t, 42, signalled(t, launcher(t.Context(), root, "wait"), "waiting"))
}

// signalled sends SIGTERM to a process when it has said something, and returns its exit code.
func signalled(t *testing.T, cmd *exec.Cmd, said string) int {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = writer, writer
	require.NoError(t, cmd.Start())
	require.NoError(t, writer.Close())
	var text strings.Builder
	for buffer := make([]byte, 1); !strings.Contains(text.String(), said); {
		n, err := reader.Read(buffer)
		require.NoError(t, err, text.String())
		_, _ = text.Write(buffer[:n])
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit, text.String()+string(rest))
	return exit.ExitCode()
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestOneProcessCompilesAtATime(t *testing.T) {
	t.Parallel()
	root := newRepository(t)
	var group sync.WaitGroup
	var said [4]string
	for i := range said {
		cmd := withGo(t, launcher(t.Context(), root), compiles)
		group.Go(func() {
			out, err := cmd.CombinedOutput()
			said[i] = string(out)
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, strings.Count(strings.Join(said[:], ""), goWasHere), said)
}

func TestWaitingForAnotherProcessCanBeInterrupted(t *testing.T) {
	t.Parallel()
	b := build{root: newRepository(t), bin: t.TempDir(), log: io.Discard}
	path := filepath.Join(b.bin, "lock")
	unlock, err := b.lock(t.Context(), path)
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = b.lock(ctx, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, errors.Is(err, errCompile))
}

// TestTheLauncherIsSmall: whatever it imports is compiled before its first word.
func TestTheLauncherIsSmall(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, imported := range strings.Fields(string(out)) {
		require.NotContains(t, []string{"fmt", "reflect", "net", "encoding/json", "regexp", "crypto/sha256"}, imported)
		if strings.Contains(imported, ".") {
			require.Contains(t, []string{
				"github.com/webordinary/live-edit/sandbox", "github.com/webordinary/live-edit/tools/goflags",
			}, imported)
		}
	}
}
