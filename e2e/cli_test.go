package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
	"github.com/webordinary/live-edit/tools/cli"
)

// checkout is a copy of the project with a Pulumi home and state of its own, as on a contributor's machine.
type checkout struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	command string
	env     []string
	account *sandboxtest.Account
	// hosts is the folder of language hosts, before all others of the PATH.
	hosts string
	// bin is the folder of commands, where what is typed types more.
	bin string
	// within runs what is typed in a place of its own, if set.
	within []string
}

// ofNoMake is the environment without what a make around the tests has put there: a make within would say on its output which
// folder it enters.
func ofNoMake() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "MAKEFLAGS", "MAKELEVEL", "MFLAGS":
			return true
		}
		return false
	})
}

// newCheckout copies what `pulumi up` needs of the repository and attaches the simulated providers. The functions are built in it
// already, as they are for who has deployed before, and the language host gets the stacks' program linked: it would link it for every
// command. newUnbuiltCheckout is one without.
func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := newUnbuiltCheckout(t)
	functions, err := filepath.Abs("../.build/functions")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(functions, 0o750))
	require.NoError(t, os.Mkdir(filepath.Join(c.dir, ".build"), 0o700))
	require.NoError(t, os.Symlink(functions, filepath.Join(c.dir, ".build", "functions")))
	c.goTool(c.hosts, "")
	return c
}

// goTool puts a Go command into a folder of commands that answers the language host with the linked program, and otherwise does what
// cases of a shell's case say, or what the Go command does.
func (c *checkout) goTool(bin, cases string) {
	c.t.Helper()
	program, err := linkedProgram()
	require.NoError(c.t, err)
	compiler, err := exec.LookPath("go")
	require.NoError(c.t, err)
	c.script(bin, "go", `real_go=`+compiler+`
case "$1 $2 $3" in
"build -o "*/pulumi-go.*) exec ln -sf `+program+` "$3" ;;
`+cases+`esac
exec $real_go "$@"`)
}

// linkedProgram is the stacks' program.
var linkedProgram = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs("../.build/live-edit")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("link the stacks' program: %w\n%s", err, said)
	}
	return program, nil
})

// newUnbuiltCheckout is a checkout in which nothing was built.
func newUnbuiltCheckout(t *testing.T) *checkout {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), operationLimit)
	t.Cleanup(cancel)
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	copyProject(t, root, dir, "go.mod", "go.sum", "main.go", "Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dev.yaml",
		"cmd", "container", "cost", "infra", "functions", "tools")

	tools := cli.Builder{Root: root, Log: logWriter{t}}
	command, err := tools.PulumiCommand(ctx)
	require.NoError(t, err)
	host, err := tools.Path(ctx, cli.LanguageGo)
	require.NoError(t, err)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(host, filepath.Join(bin, "pulumi-language-go")))

	acc, err := sandboxtest.OpenAccount(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, acc.Close()) })
	providers, err := sandboxtest.ServeProviders(acc)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, providers.Close()) })
	state := t.TempDir()
	return &checkout{t: t, ctx: ctx, dir: dir, command: command.Path, account: acc, hosts: bin, env: append(ofNoMake(),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PULUMI_HOME="+t.TempDir(),
		"PULUMI_BACKEND_URL=file://"+state,
		"PULUMI_CONFIG_PASSPHRASE=a passphrase",
		"PULUMI_DEBUG_PROVIDERS="+providers.Attach(),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		// As sandboxtest.Options.SaveOnce does: saving everything at every step takes a fifth of what the CLI computes.
		"PULUMI_EXPERIMENTAL=true", "PULUMI_SKIP_CHECKPOINTS=true",
	)}
}

// serveAPI lets programs reach the account through AWS's own protocols, with the credentials of who deploys.
func (c *checkout) serveAPI() {
	c.t.Helper()
	api, err := sandboxtest.StartAPI(sandboxtest.APIOptions{Store: c.account})
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, api.Close()) })
	for key, value := range api.Environment(api.DeployerCredentials()) {
		c.env = append(c.env, key+"="+value)
	}
}

// copyProject copies files and folders of the project, by their names at its top, to dir.
func copyProject(t *testing.T, root, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		from, to := filepath.Join(root, name), filepath.Join(dir, name)
		info, err := os.Stat(from)
		require.NoError(t, err)
		if info.IsDir() {
			require.NoError(t, os.CopyFS(to, os.DirFS(from)))
			continue
		}
		data, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, data, 0o600))
	}
}

// pulumi runs the CLI in the checkout and returns what it printed, without its warnings.
func (c *checkout) pulumi(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.ctx, c.command, append([]string{"--non-interactive", "--color", "never"}, args...)...)
	cmd.Dir, cmd.Env = c.dir, c.env
	var output, warnings bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &warnings
	require.NoError(c.t, cmd.Run(), "pulumi %v\n%s\n%s", args, &output, &warnings)
	return output.String()
}

// TestMainRunsUnderTheCLI runs main.go itself, through the CLI and the Go language host, as `pulumi up` does: the first update finds
// nothing built.
func TestMainRunsUnderTheCLI(t *testing.T) {
	t.Parallel()
	project := newUnbuiltCheckout(t)
	project.pulumi("stack", "init", "prod")
	project.pulumi("config", "set", "--secret", "githubToken", "ghp_cli5a1", "--stack", "prod")
	require.Contains(t, project.pulumi("up", "--yes", "--stack", "prod"), "webordinary:infra:EditService")
	project.goTool(project.hosts, "")
	require.Contains(t, project.pulumi("preview", "--stack", "prod", "--expect-no-changes"), "unchanged")
	require.Equal(t, "https://edit.ameliastamps.com\n", project.pulumi("stack", "output", "editUrl", "--stack", "prod"))
	require.NotContains(t, project.pulumi("stack", "export", "--stack", "prod"), "ghp_cli5a1")
}
