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

	"github.com/webordinary/live-edit/e2e/commands"
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
	{run: `.sandbox/bin/sandbox`, says: "Available Commands"},
	{run: `source <(.sandbox/bin/sandbox completion bash)`},
	{run: "alias sandbox=.sandbox/bin/sandbox\nsource <(sandbox completion bash)"},
	{run: "export PULUMI_CONFIG_PASSPHRASE=a-passphrase\ngo run ./sandbox preview --stack prod", says: "unchanged"},
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
	{run: `go run ./sandbox outputs editUrl --stack prod --show-secrets`, says: "https://edit.ameliastamps.com"},
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
		{run: `go run ./sandbox logs --stack prod --follow`, until: "scaler"},
		{
			run:    `aws ecr put-image --repository-name webordinary/claude-code-astro --image-tag latest --image-manifest file://manifest.json`,
			before: writes("manifest.json", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`), says: "sha256:",
		},
		{run: `aws ecr describe-images --repository-name webordinary/claude-code-astro`, says: `"latest"`},
		{
			run:  `aws ecr describe-images --repository-name webordinary/claude-code-astro --image-ids imageTag=latest --query 'imageDetails[].imageDigest'`,
			says: "sha256:",
		},
		{run: `aws ecs describe-services --cluster webordinary-edit-cluster --services webordinary-edit`, says: `"events"`},
		{
			run:  `aws ecs update-service --cluster webordinary-edit-cluster --service webordinary-edit --force-new-deployment`,
			says: `"rolloutState"`,
		},
		{run: `aws ecs describe-tasks --cluster webordinary-edit-cluster --tasks ` + aTask + ` --query 'tasks[].containers[].imageDigest'`, says: "sha256:"},
		{
			run:  `aws ecs describe-tasks --cluster webordinary-edit-cluster --tasks ` + aTask + ` --query 'tasks[].containers[].[image,imageDigest]'`,
			says: "webordinary/claude-code-astro:latest",
		},
		{
			run: `aws lambda invoke --function-name webordinary-workspace-cleanup --cli-binary-format raw-in-base64-out ` +
				`--payload '{"dryRun": true}' /dev/stdout`,
			says: `"DryRun":true`,
		},
		{run: `aws ecs get-task-protection --cluster webordinary-edit-cluster --tasks ` + aTask, says: `"protectedTasks"`},
	}
	// aTask is one that ran a moment ago.
	aTask   = "$(aws ecs list-tasks --cluster webordinary-edit-cluster --desired-status STOPPED --query 'taskArns[0]' --output text)"
	leaving = typed{run: `make clean`, then: func(c *checkout) { require.NoDirExists(c.t, filepath.Join(c.dir, ".sandbox")) }}
)

// asEditorsDo is what serving prints; the printed one is typed.
const asEditorsDo = "curl -L --cacert " + commands.Blank + " --connect-to " + commands.Blank + ":443:" + commands.Blank + " https://" +
	commands.Blank + "/api/status"

// newClone is a copy of the whole project, always at the same place, so that what is linked there is linked once.
func newClone(t *testing.T, name string) *checkout {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := filepath.Join(root, ".sandbox", name)
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
	return &checkout{t: t, ctx: t.Context(), dir: dir, env: ofNoMake()}
}

// TestTryingAsDocumented types what the documentation of the sandbox says, and then what the sandbox says.
func TestTryingAsDocumented(t *testing.T) {
	t.Parallel()
	clone := newClone(t, "documented")
	bin := t.TempDir()
	for _, command := range trying {
		clone.types(bin, command)
	}
	stop, said := clone.serves()
	served := clone.served()
	clone.awsTool(bin)
	require.True(t, t.Run("probe", func(t *testing.T) { clone.probes(t, bin, served) }))
	found := regexp.MustCompile(`As editors do +(curl .*)\n *(?:.*\n)* +Measure it +(go run .*)`).FindStringSubmatch(said)
	require.Len(t, found, 3, said)
	require.Regexp(t, commands.Command{Text: asEditorsDo}.Pattern(), found[1])
	clone.types(bin, typed{run: found[1], says: `"client":"ameliastamps"`})
	// As printed, but that it wakes nothing; the next one measures all of it.
	clone.types(bin, typed{run: strings.Replace(found[2], "-sandbox", "-wakes 0 -sandbox", 1), says: "HTTPS with"})
	for _, command := range whileServed {
		clone.types(bin, command)
	}
	stop()
	clone.types(bin, leaving)
}

// serves serves the stack until stop, on free ports, since tests run beside other things, and returns what it printed at first.
func (c *checkout) serves() (stop func(), said string) {
	c.t.Helper()
	address := ownAddress()
	command := exec.CommandContext(c.ctx, "bash", "-c", "exec "+serving+" --https "+address+" --http "+strings.Replace(address, ":443", ":80", 1))
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
