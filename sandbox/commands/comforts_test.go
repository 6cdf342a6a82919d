package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

// advised is the advice on an operation that the engine has failed.
func advised(t *testing.T, err error) string {
	t.Helper()
	var failed *engine.FailedError
	require.ErrorAs(t, err, &failed)
	return advice(failed, []string{"dev", "prod"})
}

// TestAdviceOnASharedStackThatThereIsNot uses the real engine's words.
func TestAdviceOnASharedStackThatThereIsNot(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": "", "dev": ""})
	refersTo := func(name string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := pulumi.NewStackReference(ctx, "shared",
				&pulumi.StackReferenceArgs{Name: pulumi.String("organization/" + ctx.Project() + "/" + name)})
			return err
		}
	}
	_, err := execute(t, refersTo("prdo"), root, "preview", "--stack", "dev")
	require.Contains(t, advised(t, err), `sharedStack in Pulumi.dev.yaml names stack "prdo", which there is not; `+
		"known stacks are dev, prod; did you mean prod?")
	_, err = execute(t, refersTo("prod"), root, "up", "--stack", "dev")
	require.Contains(t, advised(t, err), "Deploy it first: `go run ./sandbox up --stack prod`")
}

// TestAdviceOnAProtectedStack uses the real engine's words, too, and follows its own advice.
func TestAdviceOnAProtectedStack(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	program := func(protect bool) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{Bucket: pulumi.String("small-store")}, pulumi.Protect(protect))
			return err
		}
	}
	_, err := execute(t, program(true), root, "up", "--stack", "prod")
	require.NoError(t, err)
	_, err = execute(t, program(true), root, "destroy", "--stack", "prod")
	for _, words := range []string{"`protect: true` in Pulumi.prod.yaml", "`go run ./sandbox up --stack prod`", "nothing was deleted", "`make clean`"} {
		require.Contains(t, advised(t, err), words)
	}
	_, err = execute(t, program(false), root, "up", "--stack", "prod")
	require.NoError(t, err)
	_, err = execute(t, program(false), root, "destroy", "--stack", "prod")
	require.NoError(t, err)
}

// TestAdviceOnATargetThatThereIsNot uses the real engine's words about URNs that a stack does not have, and texts that are none.
func TestAdviceOnATargetThatThereIsNot(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	_, err := execute(t, oneBucket, root, "up", "--stack", "prod")
	require.NoError(t, err)
	for _, line := range []string{
		"preview --target store", "up --target urn:pulumi:prod::x::a:b:C$d:e:F::g", "up --replace store", "destroy --target store",
		"refresh --target urn:pulumi:prod::x::a:b:C::d",
	} {
		_, err := execute(t, oneBucket, root, append(strings.Fields(line), "--stack", "prod")...)
		require.Contains(t, advised(t, err), "take URNs of stack prod, as `go run ./sandbox export --stack prod | grep '\"urn\"'` lists them", line)
	}
}

func TestAdviceOnEverythingElse(t *testing.T) {
	t.Parallel()
	fault := func(operation, message string) *engine.FailedError {
		return &engine.FailedError{Operation: operation, Stack: "prod", Diagnostics: []engine.Diagnostic{{Severity: "error", Message: message}}}
	}
	require.Contains(t, advice(fault("up", "some fault"), nil), "`go run ./sandbox up --stack prod` goes on from there")
	require.Contains(t, advice(fault("preview", "some fault"), nil), "nothing was changed")
	require.Contains(t, advice(fault("up", "api error NoSuchDistribution: x"), nil), "`go run ./sandbox distribution --id ID`")
	require.Contains(t, advice(&engine.FailedError{Operation: "up", Stack: "prod", Output: "incorrect passphrase"}, nil), "PULUMI_CONFIG_PASSPHRASE")
}

// TestReportNeverEndsWithTheEnginesWords is what a person reads last.
func TestReportNeverEndsWithTheEnginesWords(t *testing.T) {
	t.Parallel()
	for _, failed := range []*engine.FailedError{
		{Operation: "up", Stack: "prod", Output: "raw words"},
		{Operation: "up", Stack: "prod", Diagnostics: []engine.Diagnostic{{Severity: "error", Message: "raw words"}}},
	} {
		var out bytes.Buffer
		(&session{stderr: &out, dir: t.TempDir()}).report(failed)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Contains(t, lines[len(lines)-1], "go run ./sandbox up --stack prod")
	}
}

func TestMisspeltNamesAreGuessed(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": "", "dev": ""})
	for line, want := range map[string]string{
		"up --stack prdo":       `no stack "prdo"`,
		"export --stack Prod":   "did you mean prod?",
		"logs --stack dve":      "did you mean dev?",
		"outptus --stack prod":  "did you mean outputs?",
		"logs":                  "which stack? known stacks are dev, prod",
		"logs -s prod --tail=-": "see `sandbox logs --help`",
	} {
		_, err := execute(t, nil, root, strings.Fields(line)...)
		require.ErrorContains(t, err, want, line)
		require.Equal(t, engine.ExitUsage, exitCode(err), line)
	}
}

func TestOneOutput(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	_, err := execute(t, oneBucket, root, "outputs", "bucket", "--stack", "prod")
	require.ErrorContains(t, err, "`go run ./sandbox up --stack prod` deploys it")
	_, err = execute(t, oneBucket, root, "up", "--stack", "prod")
	require.NoError(t, err)
	for line, want := range map[string]string{
		"bucket": "small-prod\n", "count": "3\n", "list": "[\"<a>\",\"b\"]\n", "bucket --json": "\"small-prod\"\n", "hush --show-secrets": "kept quiet\n",
	} {
		out, err := execute(t, oneBucket, root, append([]string{"outputs", "--stack", "prod"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, want, out, line)
	}
	out, err := execute(t, oneBucket, root, "outputs", "hush", "--stack", "prod")
	require.ErrorContains(t, err, "`go run ./sandbox outputs hush --stack prod --show-secrets` prints it")
	require.NotContains(t, out, "kept quiet")
	_, err = execute(t, oneBucket, root, "outputs", "bukcet", "--stack", "prod")
	require.ErrorContains(t, err, "did you mean bucket? There are bucket, count, hush, list")

	out, err = execute(t, oneBucket, root, "__complete", "outputs", "--stack", "prod", "")
	require.NoError(t, err)
	require.Contains(t, out, "bucket\ncount\nhush\nlist\n")
}

func TestPreviewForPrograms(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	out, err := execute(t, oneBucket, root, "preview", "--stack", "prod", "--json")
	require.NoError(t, err)
	var told digest
	require.NoError(t, json.Unmarshal([]byte(out), &told), out)
	require.Equal(t, 2, told.ChangeSummary["create"])
	require.Len(t, told.Steps, 2)
	require.Equal(t, "aws:s3/bucketV2:BucketV2", told.Steps[1].Type)
	require.Empty(t, told.Diagnostics)

	broken := func(*pulumi.Context) error { return errors.New("a broken program") }
	out, err = execute(t, broken, root, "preview", "--stack", "prod", "--json")
	require.Equal(t, engine.ExitFailed, exitCode(err))
	told = digest{}
	require.NoError(t, json.Unmarshal([]byte(out), &told), out)
	require.Contains(t, told.Diagnostics[0].Message, "a broken program")
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": "", "dev": ""})
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, err := execute(t, nil, t.TempDir(), "completion", shell)
		require.NoError(t, err)
		require.Contains(t, out, "__complete", shell)
	}
	out, err := execute(t, nil, root, "__complete", "up", "--stack", "")
	require.NoError(t, err)
	require.Contains(t, out, "dev\nprod\n")
	out, err = execute(t, nil, root, "__complete", "pre")
	require.NoError(t, err)
	require.Contains(t, out, "preview\tShow what up would do")
}

func TestLogs(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	_, err := execute(t, nil, root, "logs", "--stack", "prod")
	require.ErrorContains(t, err, "`go run ./sandbox serve --stack prod` serves it")
	path := serve.LogPath(filepath.Join(root, ".sandbox"), "prod")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	const one, two, three = "12:00  edit-scaler  one task 7\n", "12:01  task 0123  two\n", "12:02  edit-scaler  three\n"
	require.NoError(t, os.WriteFile(path, []byte(one+two+three), 0o600))
	for line, want := range map[string]string{"": one + two + three, "scaler": one + three, "task": two, "--tail 1": three, "scaler -n 1": three} {
		out, err := execute(t, nil, root, append([]string{"logs", "--stack", "prod"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, want, out, line)
	}
}

// onTerminal runs work on a terminal of a width and returns what appears there.
func onTerminal(t *testing.T, columns uint16, work func(*os.File)) string {
	t.Helper()
	master, terminal, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: columns}))
	read := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(master) // ends with an error on Linux, once nobody has the terminal open
		read <- string(data)
	}()
	work(terminal)
	require.NoError(t, terminal.Close())
	shown := <-read
	require.NoError(t, master.Close())
	return shown
}

func TestStatusLineOnATerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shown := onTerminal(t, 60, func(terminal *os.File) {
		log := &eventLog{session: &session{stdout: terminal, color: colorOf(terminal)}}
		log.write(serve.Event{At: at, Kind: serve.KindState, Text: "asleep"})
		for range 12 {
			log.write(serve.Event{At: at, Kind: "request", Text: "200 GET /" + strings.Repeat("long", 20)})
		}
		log.write(serve.Event{At: at, Kind: serve.KindState, Text: "waking, 1 task"})
		log.end()
	})
	require.Contains(t, shown, "● asleep"+sgrReset+" since 12:00:00")
	require.Contains(t, shown, "(12 times)")
	require.Equal(t, 4, strings.Count(shown, "\r\n"), "a line per event, none per repetition, and one for their number")
	require.Contains(t, shown, sgrYellow+"● waking, 1 task"+sgrReset+" since 12:00:00")
	require.True(t, strings.HasSuffix(shown, eraseLine), "nothing is left over")
	for line := range strings.SplitSeq(regexp.MustCompile("\x1b\\[[0-9]*[mK]").ReplaceAllString(shown, ""), "\r") {
		if strings.HasPrefix(line, "●") {
			require.Less(t, len([]rune(line)), 60, "a wrapped line could not be erased")
		}
	}
}

func TestNextSteps(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	(&session{stdout: &out, color: "never"}).sayNext([]string{"dev", "prod"})
	for _, step := range []string{"go run ./sandbox serve --stack prod", "make cost STACK=prod", "make clean"} {
		require.Contains(t, out.String(), step)
	}
	require.NotContains(t, out.String(), "\x1b")
}

// TestPrintedLinesAreWholeCommands: the probe takes a sandbox's name or a URL, never both, and curl follows a held call to itself.
func TestPrintedLinesAreWholeCommands(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &session{stdout: &out, color: "never", stateDir: "/elsewhere"}
	s.introduce(serve.Description{Stack: "prod", Host: "edit.example.com", HTTPS: "127.0.0.1:8443", CA: "/ca.pem", Speed: 60})
	require.Contains(t, out.String(), "go run ./cmd/probe -sandbox prod -state /elsewhere\n")
	require.Contains(t, out.String(),
		"curl -L --cacert /ca.pem --connect-to edit.example.com:443:127.0.0.1:8443 https://edit.example.com/api/status\n")
}
