package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// refused runs the CLI in the checkout, which must fail, and returns all that it printed as one line.
func (c *checkout) refused(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.ctx, c.command, append([]string{"--non-interactive", "--color", "never"}, args...)...)
	cmd.Dir, cmd.Env = c.dir, c.env
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.True(c.t, errors.As(err, &exit), "pulumi %v: %v\n%s", args, err, said)
	return strings.Join(strings.Fields(string(said)), " ")
}

// lends gives a stack of the checkout these outputs, as a deployment would.
func (c *checkout) lends(stack string, outputs map[string]any) {
	c.t.Helper()
	var state struct {
		Version    int            `json:"version"`
		Deployment map[string]any `json:"deployment"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(c.pulumi("stack", "export", "--stack", stack)), &state))
	state.Deployment["resources"] = []any{map[string]any{
		"urn":  "urn:pulumi:" + stack + "::webordinary-live-edit::pulumi:pulumi:Stack::webordinary-live-edit-" + stack,
		"type": "pulumi:pulumi:Stack", "custom": false, "outputs": outputs,
	}}
	data, err := json.Marshal(state)
	require.NoError(c.t, err)
	file := filepath.Join(c.t.TempDir(), "state.json")
	require.NoError(c.t, os.WriteFile(file, data, 0o600))
	c.pulumi("stack", "import", "--stack", stack, "--file", file)
}

// TestTheCLISaysWhyASharedStackCannotBeHad asks the real CLI for a lender in all the ways in which there is none.
func TestTheCLISaysWhyASharedStackCannotBeHad(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	project.pulumi("stack", "init", "dev")
	file := filepath.Join(project.dir, "Pulumi.dev.yaml")
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	says := func(sharedStack string, texts ...string) {
		t.Helper()
		changed := bytes.Replace(written, []byte("sharedStack: prod"), []byte("sharedStack: "+sharedStack), 1)
		require.NoError(t, os.WriteFile(file, changed, 0o600))
		said := project.refused("preview", "--stack", "dev")
		for _, text := range append(texts, `the configuration of stack "dev" has 1 fault(s): sharedStack = "`+sharedStack+`": expected `) {
			require.Contains(t, said, text)
		}
	}

	says("prdo", `unknown stack "organization/webordinary-live-edit/prdo"; did you mean prod? `+
		"`pulumi config set --stack dev sharedStack prod`", "`pulumi stack ls --all` lists the stacks of this backend")
	says("prod", `unknown stack "organization/webordinary-live-edit/prod". It has a file, so deploy it first: `+
		"`pulumi stack init prod`, `pulumi up --stack prod`")
	says("acme/webordinary-live-edit/prod", "a stack that can be read", "the engine says: organization name must be", "did you mean prod?")

	project.pulumi("stack", "init", "prod")
	says("prod", "a deployed stack", "`pulumi up --stack prod`")

	hush := map[string]any{resource.SigKey: resource.SecretSig, "plaintext": `"hush hush"`}
	project.lends("prod", map[string]any{"repositoryUrl": 5, "repositoryArn": hush, "albArn": "arn:alb", "rulePriorityBase": "100"})
	says("prod", "that lends registry, loadBalancer", "missing stack output: albDnsName, ", "repositoryUrl is a float64, not a string",
		"rulePriorityBase is a string, not a number", "`pulumi up --stack prod`")
}
