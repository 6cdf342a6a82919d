package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/cli"
	"github.com/webordinary/live-edit/tools/filelock"
)

// trying follows README's "Try it without an AWS account", docs/sandbox.md and what the sandbox prints.
var trying = []typed{
	{run: `make`, says: "make sandbox"},
	{run: `make sandbox`, says: "A second preview of stack dev changes nothing"},
	{run: `go run ./sandbox`, says: "Available Commands"},
	{run: `go run ./sandbox --help`, says: "Available Commands"},
	{run: `go run ./sandbox --version`, says: "pulumi"},
	{run: `source <(.sandbox/bin/sandbox completion bash)`},
	{run: `go run ./sandbox demo`, says: "What next?"},
	{run: `go run ./sandbox up --stack prod`, says: "unchanged"},
	{run: `go run ./sandbox preview --stack prod`, says: "unchanged"},
	{run: `go run ./sandbox preview --stack prod --diff`, says: "unchanged"},
	{run: `go run ./sandbox preview --stack prod --json`, says: `"steps"`},
	{run: `go run ./sandbox refresh --stack prod`, says: "unchanged"},
	{run: `go run ./sandbox outputs --stack prod`, says: "editUrl"},
	{run: `go run ./sandbox outputs --stack prod --json`, says: `"editUrl"`},
	{run: `go run ./sandbox outputs editUrl --stack prod`, says: "https://edit.ameliastamps.com"},
	{run: `go run ./sandbox export --stack prod | grep '"urn"'`, says: "edit-service"},
	{run: `go run ./sandbox distribution --id E2QWRUHAPOMQZL`, says: "E2QWRUHAPOMQZL"},
	{run: `make cost STACK=prod`, says: "USD"},
	{run: `make cost STACK=prod HOURS=10`, says: "USD"},
}

// whileServed is typed in another terminal, after what serving prints, and leaving removes everything.
var (
	serving     = `go run ./sandbox serve --stack prod --speed 60`
	whileServed = []typed{
		// With the specification's health interval a wake takes longer than the specification allows (D2).
		{run: `go run ./cmd/probe -sandbox prod -foundation`, says: ": 19 passed, 1 failed", refused: true},
		{run: `go run ./sandbox logs scaler --stack prod --tail 20`, says: "scaler"},
	}
	leaving = typed{run: `make clean`, then: func(c *checkout) { require.NoDirExists(c.t, filepath.Join(c.dir, ".sandbox")) }}
)

// newClone is a copy of the whole project, always at the same place, so that what is compiled there is compiled once.
func newClone(t *testing.T) *checkout {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := filepath.Join(root, ".sandbox", "documented")
	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o700))
	lock, err := filelock.Wait(t.Context(), dir+".lock")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, filelock.Release(lock)) })
	require.NoError(t, os.RemoveAll(dir))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".sandbox", "bin"), 0o700))
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			copyProject(t, root, dir, entry.Name())
		}
	}
	tools := cli.Builder{Root: root, Log: logWriter{t}}
	command, err := tools.PulumiCommand(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.Symlink(command.Path, filepath.Join(dir, ".sandbox", "bin", filepath.Base(command.Path))))
	return &checkout{t: t, ctx: t.Context(), dir: dir, env: os.Environ()}
}

// TestTryingAsDocumented types what the documentation of the sandbox says, and then what the sandbox says.
func TestTryingAsDocumented(t *testing.T) {
	t.Parallel()
	clone := newClone(t)
	bin := t.TempDir()
	for _, command := range trying {
		clone.types(bin, command)
	}
	stop, said := clone.serves()
	for command, answer := range map[string]string{`As editors do +(curl .*)`: `"client":"ameliastamps"`, `Measure it +(go run .*)`: "HTTPS with"} {
		found := regexp.MustCompile(command).FindStringSubmatch(said)
		require.Len(t, found, 2, said)
		if strings.HasPrefix(found[1], "go run") { // as printed, but that it wakes nothing; the next one measures all of it
			found[1] = strings.Replace(found[1], "-sandbox", "-wakes 0 -sandbox", 1)
		}
		clone.types(bin, typed{run: found[1], says: answer})
	}
	for _, command := range whileServed {
		clone.types(bin, command)
	}
	stop()
	clone.types(bin, leaving)
}

// serves serves the stack until stop, on free ports, since tests run beside other things, and returns what it printed at first.
func (c *checkout) serves() (stop func(), said string) {
	c.t.Helper()
	command := exec.CommandContext(c.ctx, "bash", "-c", "exec "+serving+" --https 127.0.0.1:0 --http 127.0.0.1:0")
	command.Dir, command.Env = c.dir, c.env
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := os.Create(filepath.Join(c.t.TempDir(), "output"))
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, output.Close()) })
	command.Stdout, command.Stderr = output, output
	printed := func() string {
		data, err := os.ReadFile(output.Name())
		assert.NoError(c.t, err)
		return string(data)
	}
	require.NoError(c.t, command.Start())
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }() // with whatever code the go command makes of Ctrl-C
	c.t.Cleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	require.Eventually(c.t, func() bool { return strings.Contains(printed(), "What happens") }, 5*time.Minute, 100*time.Millisecond)
	return func() {
		require.NoError(c.t, syscall.Kill(-command.Process.Pid, syscall.SIGINT))
		select {
		case <-ended:
			require.Contains(c.t, printed(), "Stopping the containers and the functions.")
		case <-time.After(time.Minute):
			require.Fail(c.t, "serving does not end", printed())
		}
	}, printed()
}
