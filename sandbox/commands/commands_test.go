package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/tools/cli"
)

// execute runs a command line in a directory and returns what it printed.
func execute(t *testing.T, program pulumi.RunFunc, dir string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	s := &session{
		program: program, interrupts: &interrupts{}, stdout: &out, stderr: &out, color: "never", dir: dir,
		tools: enginetest.Fill(t, engine.Options{}).Tools,
	}
	cmd := newRootCommand(s)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// oneBucket declares a bucket named after the stack, with outputs of every kind.
func oneBucket(ctx *pulumi.Context) error {
	bucket, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{Bucket: pulumi.String("small-" + ctx.Stack())})
	if err != nil {
		return err
	}
	ctx.Export("bucket", bucket.Bucket)
	ctx.Export("count", pulumi.Int(3))
	ctx.Export("hush", pulumi.ToSecret(pulumi.String("kept quiet")))
	ctx.Export("list", pulumi.ToStringArray([]string{"<a>", "b"}))
	return nil
}

func TestVersion(t *testing.T) {
	t.Parallel()
	goMod, err := os.ReadFile(filepath.Join(enginetest.Root(t), "go.mod"))
	require.NoError(t, err)
	out, err := execute(t, oneBucket, "", "--version")
	require.NoError(t, err)
	require.Regexp(t, `^sandbox of webordinary live edit, (commit [0-9a-f]{7,40}( with local changes)?|no commit)\n`, out)
	for _, module := range []string{"pulumi/sdk/v3", "pulumi-aws/sdk/v6", "pulumi-awsx/sdk/v2"} {
		_, version, found := strings.Cut(string(goMod), "github.com/pulumi/"+module+" ")
		require.True(t, found, module)
		version, _, _ = strings.Cut(version, "\n")
		require.Contains(t, out, " "+version+"\n", module)
	}
	require.Contains(t, out, "Pulumi CLI   "+cli.Pulumi.Version)
	out, err = execute(t, oneBucket, t.TempDir(), "--version")
	require.NoError(t, err)
	require.Contains(t, out, "live edit, outside its repository\n")
}

func TestCommandLinesThatAreWrong(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": "", "dev": ""})
	for line, want := range map[string]string{
		"up":                     "which stack? known stacks are dev, prod",
		"up --stack staging":     `no stack "staging"`,
		"outputs --stack ../dev": `no stack "../dev"`,
		"up prod":                "see `sandbox up --help`",
		"deploy":                 "see `sandbox --help`",
		"preview --loud":         "unknown flag: --loud; see `sandbox preview --help`",
		"up --parallel many":     "see `sandbox up --help`",
		"demo --stacks prod,qa":  `no stack "qa"`,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			program := func(*pulumi.Context) error { return errors.New("the program must not run") }
			_, err := execute(t, program, root, strings.Fields(line)...)
			require.ErrorContains(t, err, want)
			require.Equal(t, engine.ExitUsage, exitCode(err))
		})
	}
}

func TestHelpNamesEveryCommandAndExitCode(t *testing.T) {
	t.Parallel()
	help, err := execute(t, nil, t.TempDir())
	require.NoError(t, err, "help needs no project")
	for _, word := range []string{
		"up ", "preview ", "refresh ", "destroy ", "outputs ", "demo ", "cancel ", "serve ", "distribution ", "--state", "0 done", "1 the deployment failed", "130",
	} {
		require.Contains(t, help, word)
	}
	help, err = execute(t, nil, t.TempDir(), "up", "--help")
	require.NoError(t, err)
	for _, flag := range []string{"--stack", "--diff", "--refresh", "--target", "--replace", "--yes", "--state"} {
		require.Contains(t, help, flag)
	}
}

func TestOutsideARepository(t *testing.T) {
	t.Parallel()
	_, err := execute(t, oneBucket, t.TempDir(), "up", "--stack", "prod")
	require.ErrorContains(t, err, "there is no Pulumi.yaml in or above")
	require.Equal(t, engine.ExitUsage, exitCode(err))
}

func TestUpOutputsAndDestroy(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	below := filepath.Join(root, "below")
	require.NoError(t, os.Mkdir(below, 0o750))
	state := t.TempDir()

	out, err := execute(t, oneBucket, below, "outputs", "--stack", "prod", "--state", state)
	require.NoError(t, err)
	require.Contains(t, out, "Stack prod has no outputs; `go run ./sandbox up --stack prod` deploys it.")

	out, err = execute(t, oneBucket, below, "up", "-s", "prod", "--yes", "--state", state)
	require.NoError(t, err)
	require.Contains(t, out, "+ 2 created", "Pulumi's own output is passed on")
	require.NotContains(t, out, "kept quiet")

	out, err = execute(t, oneBucket, below, "outputs", "--stack", "prod", "--state", state)
	require.NoError(t, err)
	require.Equal(t, "bucket  small-prod\ncount   3\nhush    [secret]\nlist    [\"<a>\",\"b\"]\n", out)

	out, err = execute(t, oneBucket, below, "outputs", "--stack", "prod", "--state", state, "--json", "--show-secrets")
	require.NoError(t, err)
	require.JSONEq(t, `{"bucket":"small-prod","count":3,"hush":"kept quiet","list":["<a>","b"]}`, out)

	_, err = execute(t, oneBucket, below, "destroy", "--stack", "prod", "--state", state)
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(root, ".sandbox"), "the state is where it was asked for")
}

func TestDemo(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": "", "dev": ""})
	out, err := execute(t, oneBucket, root, "demo")
	require.NoError(t, err)
	for _, want := range []string{
		"Stack prod was deployed in ", "└─ small-prod  pulumi:pulumi:Stack\n   └─ store    aws:s3/bucketV2:BucketV2\n",
		"Outputs of stack prod:\n\nbucket  small-prod\n", "hush    [secret]\n",
		"A second preview of stack prod changes nothing: 2 resources stay as they are",
		"A second preview of stack dev changes nothing: 2 resources stay as they are",
	} {
		require.Contains(t, out, want)
	}
	require.Less(t, strings.Index(out, "Outputs of stack prod"), strings.Index(out, "small-dev"), "prod comes first")
	require.NotContains(t, out, "kept quiet")
}

func TestDemoOfAProgramThatIsNotStable(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	runs := 0
	restless := func(ctx *pulumi.Context) error {
		runs++
		_, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{
			Bucket: pulumi.String("small-store"), Tags: pulumi.StringMap{"Run": pulumi.Sprintf("%d", runs)},
		})
		return err
	}
	out, err := execute(t, restless, root, "demo", "--stacks", "prod")
	require.ErrorIs(t, err, errUnstable)
	require.Equal(t, engine.ExitFailed, exitCode(err))
	require.Contains(t, out, "1 to update", "the preview is shown")
}

func TestTableOfWhatCannotBePrinted(t *testing.T) {
	t.Parallel()
	err := writeTable(&bytes.Buffer{}, auto.OutputMap{"odd": {Value: func() {}}})
	require.ErrorContains(t, err, "output odd")
}

func TestInterrupts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var did []string
	does := func(what string) func() { return func() { did = append(did, what) } }
	watched := &interrupts{context: context.Background(), out: &out}
	watched.onSecond(does("stop at once"))
	for range 3 {
		watched.handle(does("cancel"), does("exit"))
	}
	require.Equal(t, []string{"cancel", "stop at once", "exit"}, did)
	require.Contains(t, out.String(), "Once more stops at once")
}
