package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/e2e/commands"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// typed is a documented command as somebody types it, with the placeholders filled in.
type typed struct {
	run string
	// stdin is what is typed after it.
	stdin string
	// says is part of what it prints, on either stream.
	says string
	// refused says that it has to fail.
	refused bool
	// then looks at the checkout afterwards.
	then func(*checkout)
}

// operating follows README, docs/operations.md and the troubleshooting table on one stack, with the real CLI.
var operating = []typed{
	{run: `pulumi login`, says: "Logged in"},
	{run: `pulumi stack init prod`, says: "Created stack 'prod'"},
	{run: `pulumi stack select prod`},
	{run: `pulumi config set --secret anthropicApiKey`, stdin: "sk-ant-documented"},
	{run: `pulumi config set --secret githubToken`, stdin: "ghp_documented"},
	{run: `pulumi config set scalerConcurrency 0`},
	{run: `pulumi config`, says: "scalerConcurrency"},
	{run: `pulumi preview`, says: "webordinary:infra:EditService"},
	{run: `pulumi up`, says: "created"},
	{run: `pulumi preview --expect-no-changes`, says: "unchanged"},
	{run: `pulumi stack output`, says: "editUrl"},
	{run: `pulumi stack output editUrl`, says: "https://edit.ameliastamps.com"},
	{run: `pulumi stack output repositoryUrl`, says: "webordinary/claude-code-astro"},
	{run: `pulumi stack output pendingSecrets`, says: "webordinary/aws-credentials"},
	{run: `pulumi stack output --json > outputs.json`, then: has("outputs.json", `"fileSystemId": "fs-`)},
	{run: `url=$(pulumi stack output repositoryUrl)`},
	{run: `pulumi stack output --json`, says: `"editUrl"`},
	{run: `pulumi stack export`, says: `"deployment"`},
	{run: `pulumi stack export --stack prod | go run ./cmd/cost -hours 10`, says: "| Total |"},
	{run: `pulumi refresh --preview-only`, says: "unchanged"},
	{run: `pulumi refresh`, says: "unchanged"},
	{run: `pulumi up --refresh`, says: "unchanged"},
	{run: `pulumi preview --diff`, says: "unchanged"},
	{run: `pulumi config set nameSuffix ''`},
	{run: `pulumi config set --path 'clients[0]' ameliastamps`},
	{run: `pulumi config set --path 'clients[1]' newclient`, then: has("Pulumi.prod.yaml", "clients:\n    - ameliastamps\n    - newclient\n")},
	{run: `pulumi config set --path 'wakeCredentials[0]' cookie:session`},
	{run: `pulumi config set --path 'wakeCredentials[1]' header:Authorization`},
	{run: `pulumi config set maxCapacity 1`},
	{run: `pulumi config set cleanupDryRun true && pulumi up`, says: "updated"},
	{run: `pulumi config set imageTag v42 && pulumi up`, says: "replaced"},
	{run: `pulumi config set rulePriorityBase 150 && pulumi up`, refused: true, says: "pulumi config set rulePriorityBase <far>"},
	{run: `pulumi config set rulePriorityBase 500 && pulumi up`, says: "updated"},
	{run: `pulumi config set rulePriorityBase 300 && pulumi up`, says: "updated"},
	{run: `pulumi config set --path 'mountRoleArns[0]' arn:aws:iam::` + sandboxtest.AccountID + `:role/workspace-operator`},
	{run: `pulumi config set refuseOtherRoles false && pulumi up`, says: "updated"},
	{run: `pulumi destroy`, refused: true, says: "protected"},
	{run: `pulumi stack output > kept.txt`, then: has("kept.txt", "fileSystemId")},
	{run: `pulumi config set protect false && pulumi up`, says: "updated"},
	{run: `pulumi stack init dev && pulumi up --stack dev`, says: "created"},
	{run: `pulumi config set --stack prod ciRepository webordinary/live-edit`},
	{run: `pulumi config set --stack prod ciStateBucket state-of-pulumi`},
	{run: `pulumi config set --stack prod ciStateKeyArn arn:aws:kms:us-west-2:` + sandboxtest.AccountID +
		`:key/5a6b7c8d-0000-4000-8000-000000000001`},
	{run: `pulumi config set --stack prod ciRepositoryIds 123/456`},
	{run: `pulumi up --stack prod`, says: "created"},
	{run: `pulumi config set --stack dev ciExistingOidcProvider true`},
	{run: `pulumi config set --stack dev ciRepository webordinary/live-edit`},
	{run: `pulumi up --stack dev`, says: "created"},
	{run: `pulumi destroy`}, // dev, which shares prod's parts and goes first
	{run: `pulumi up --stack prod`, says: "unchanged"},
	{run: `pulumi stack select prod`},
	{run: `pulumi destroy`, says: "deleted"},
	{run: `pulumi config set --path 'adopt.registry-repository'          webordinary/claude-code-astro`},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-anthropic-api-key'    ` + noted("anthropicApiKeyArn")},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-github-token'         ` + noted("githubTokenArn")},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-aws-credentials'      ` + noted("awsCredentialsArn")},
	{run: `pulumi config set --path 'adopt.workspace-file-system'        ` + noted("fileSystemId")},
	{run: `pulumi config set --path 'adopt.workspace-bucket'             webordinary-workspaces-` + sandboxtest.AccountID},
	{run: `pulumi up`, says: "imported"},
	{run: `pulumi preview --expect-no-changes`, says: "unchanged"},
}

// noted reads an output from what was kept before the stack was destroyed.
func noted(output string) string { return "$(sed -n 's/^ *" + output + "  *//p' kept.txt)" }

// merging follows docs/operations-edge.md on another stack's distribution.
var merging = []typed{
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -plan`, says: "+"},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -apply`},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -action delete -plan`, says: "-"},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -action delete -apply`},
}

// has says that a file of the checkout holds a text.
func has(name, text string) func(*checkout) {
	return func(c *checkout) {
		data, err := os.ReadFile(filepath.Join(c.dir, name))
		require.NoError(c.t, err)
		require.Contains(c.t, string(data), text)
	}
}

// TestOperatingAsDocumented types what the documentation says, in its order, on one stack.
func TestOperatingAsDocumented(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(project.command, filepath.Join(bin, "pulumi")))
	// The program is linked once, not by every command; TestMainRunsUnderTheCLI lets the language host compile it.
	program := filepath.Join(bin, "program")
	build := exec.CommandContext(project.ctx, "go", "build", "-o", program, ".")
	build.Dir = ".."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	compiler, err := exec.LookPath("go")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\ncase \"$1 $2 $3\" in \"build -o \"*/pulumi-go.*) "+
		"exec ln -sf "+program+" \"$3\" ;; esac\nexec "+compiler+" \"$@\"\n"), 0o700))
	foreign(t, project.account, "aws:iam/role:Role", props{
		"name":             "workspace-operator",
		"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	})
	for _, command := range operating {
		project.types(bin, command)
	}
}

// TestMergingAsDocumented plans and applies our behaviours with the command, through CloudFront's API.
func TestMergingAsDocumented(t *testing.T) {
	t.Parallel()
	const id = "E2QWRUHAPOMQZL"
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	account, err := sandboxtest.OpenAccount(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, account.Close()) })
	original, err := os.ReadFile("../functions/behaviors/testdata/s3-spa.xml")
	require.NoError(t, err)
	_, err = sandboxtest.PutDistribution(account, id, string(original), time.Now())
	require.NoError(t, err)
	before, _, err := sandboxtest.FindDistribution(account, id)
	require.NoError(t, err)
	api, err := sandboxtest.StartAPI(sandboxtest.APIOptions{Store: account})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Close()) })
	shell := &checkout{t: t, ctx: t.Context(), dir: root, env: os.Environ()}
	for key, value := range api.Environment(api.DeployerCredentials()) {
		shell.env = append(shell.env, key+"="+value)
	}
	for _, command := range merging {
		shell.types(t.TempDir(), command)
		now, _, err := sandboxtest.FindDistribution(account, id)
		require.NoError(t, err)
		ours := strings.Contains(now.Config, "X-Webordinary-Owner")
		require.Equal(t, strings.HasSuffix(command.run, "L -apply") || strings.HasSuffix(command.run, "delete -plan"), ours, command.run)
		if strings.HasSuffix(command.run, "delete -apply") {
			require.Equal(t, before.Config, now.Config, "byte for byte as it was before us")
		}
	}
}

// types runs a command in a shell, as at a terminal where every question is answered with yes.
func (c *checkout) types(bin string, command typed) {
	c.t.Helper()
	shell := exec.CommandContext(c.ctx, "bash", "-o", "pipefail", "-c", command.run)
	shell.Dir, shell.Stdin = c.dir, strings.NewReader(command.stdin)
	shell.Env = append(slices.Clone(c.env), "PULUMI_OPTION_COLOR=never")
	for _, entry := range c.env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			shell.Env = append(shell.Env, "PATH="+bin+string(os.PathListSeparator)+path)
		}
	}
	if !strings.Contains(command.run, "--preview-only") { // which asks nothing, and takes no answer
		shell.Env = append(shell.Env, "PULUMI_SKIP_CONFIRMATIONS=true", "PULUMI_OPTION_SKIP_PREVIEW=true")
	}
	said, err := shell.CombinedOutput()
	if command.refused {
		require.Error(c.t, err, "%s\n%s", command.run, said)
	} else {
		require.NoError(c.t, err, "%s\n%s", command.run, said)
	}
	require.Contains(c.t, string(said), command.says, command.run)
	if command.then != nil {
		command.then(c)
	}
}

// documented are the commands of README, docs and whatever the programs print. docs/decisions.md tells of the past.
func documented(t *testing.T) []commands.Command {
	t.Helper()
	var found []commands.Command
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		hidden := strings.HasPrefix(entry.Name(), ".") && path != ".."
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (hidden || entry.Name() == "testdata" || name == "e2e"):
			return fs.SkipDir
		case entry.IsDir() || name == "docs/decisions.md" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		page := name == "README.md" || strings.HasPrefix(name, "docs/") && strings.HasSuffix(name, ".md")
		if !page && !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if page {
			found = append(found, commands.InMarkdown(name, string(data))...)
			return nil
		}
		printed, err := commands.InGo(name, data)
		found = append(found, printed...)
		return err
	})
	require.NoError(t, err)
	return found
}

// notTyped is the file that lists the commands which no scenario types, one a line.
const notTyped = "testdata/commands-not-typed.txt"

// TestEveryDocumentedCommandIsTyped holds documentation and scenarios together: a new or changed command is typed by a scenario, or
// it is listed by name. Nothing stays listed that is typed or gone, and no scenario types what nobody documents.
func TestEveryDocumentedCommandIsTyped(t *testing.T) {
	t.Parallel()
	found := documented(t)
	require.Greater(t, len(found), 200, "what finds them finds them no more")
	var open []string
	scenarios := slices.Concat(operating, merging, trying, whileServed, []typed{{run: serving}, leaving})
	needed := map[string]bool{}
	for _, command := range found {
		pattern, ok := command.Pattern(), false
		for _, c := range scenarios {
			if pattern.MatchString(c.run) {
				needed[c.run], ok = true, true
			}
		}
		if !ok && !slices.Contains(open, command.Text) {
			open = append(open, command.Text)
		}
	}
	slices.Sort(open)
	if os.Getenv("WRITE_COMMANDS") != "" {
		require.NoError(t, os.WriteFile(notTyped, []byte(strings.Join(open, "\n")+"\n"), 0o600))
	}
	data, err := os.ReadFile(notTyped)
	require.NoError(t, err)
	listed := strings.Split(strings.TrimSpace(string(data)), "\n")
	for _, text := range open {
		assert.Contains(t, listed, text, "documented, and no scenario types it")
	}
	for _, text := range listed {
		assert.Contains(t, open, text, "listed as not typed, but it is typed, or nobody documents it any more")
	}
	for _, c := range scenarios {
		assert.True(t, needed[c.run], "typed, and nobody documents it: %s", c.run)
	}
}
