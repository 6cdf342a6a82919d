package ci_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// policyBlock is a policy in policies.md: a comment with the resource's logical name, and its JSON.
var policyBlock = regexp.MustCompile("(?s)<!-- policy of ([a-z-]+) -->\n```json\n(.*?)```\n")

// vpcBlock is what a policy has besides in a stack with dedicatedVpc.
var vpcBlock = regexp.MustCompile("(?s)<!-- actions of ([a-z-]+) with dedicatedVpc -->\n```json\n(.*?)```\n")

// TestDocumentedPoliciesAreTheDeployedOnes holds policies.md to the program. Rewrite the blocks after a change with
// UPDATE_DOCS=1 go test ./infra/ci -run TestDocumentedPoliciesAreTheDeployedOnes.
func TestDocumentedPoliciesAreTheDeployedOnes(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", withCI)
	const path = "policies.md"
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	documented := map[string]bool{}
	want := policyBlock.ReplaceAllStringFunc(string(data), func(block string) string {
		name := policyBlock.FindStringSubmatch(block)[1]
		documented[name] = true
		return "<!-- policy of " + name + " -->\n```json\n" + documentedPolicy(t, d.One(t, name)) + "```\n"
	})
	dedicated := maps.Clone(withCI)
	dedicated["dedicatedVpc"] = "true"
	with := stacks.Deploy(t, "prod", dedicated)
	want = vpcBlock.ReplaceAllStringFunc(want, func(block string) string {
		name := vpcBlock.FindStringSubmatch(block)[1]
		documented[name+" with dedicatedVpc"] = true
		added, err := json.Marshal(addedActions(t, d.One(t, name), with.One(t, name)))
		require.NoError(t, err)
		return "<!-- actions of " + name + " with dedicatedVpc -->\n```json\n" + laidOut(t, `{"Action":`+string(added)+"}") + "```\n"
	})
	for _, role := range []string{"preview", "deploy"} {
		for name, policy := range policiesOf(t, with, role) {
			if (role == "preview" || !strings.HasPrefix(name, "read-")) && len(addedActions(t, d.One(t, policy.Name), policy)) > 0 {
				assert.True(t, documented[policy.Name+" with dedicatedVpc"], "policies.md leaves out %s", policy.Name)
			}
		}
		assert.True(t, documented["ci-"+role+"-role"], "the trust policy of the %s role", role)
		for name, policy := range policiesOf(t, d, role) {
			if role == "deploy" && strings.HasPrefix(name, "read-") {
				continue // the preview role's, said once
			}
			assert.True(t, documented[policy.Name], "policies.md leaves out %s", policy.Name)
		}
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(data), "policies.md is behind the program; UPDATE_DOCS=1 rewrites it")
}

// addedActions are those of a policy that the other one does not have, sorted.
func addedActions(t testing.TB, before, after infratest.Resource) []string {
	t.Helper()
	had, added := map[string]bool{}, map[string]bool{}
	for _, statement := range before.Policy(t, "policy").Statement {
		for _, action := range statement.Action {
			had[action] = true
		}
	}
	for _, statement := range after.Policy(t, "policy").Statement {
		for _, action := range statement.Action {
			if !had[action] {
				added[action] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(added))
}

// documentedPolicy is the policy for the documentation's account.
func documentedPolicy(t testing.TB, r infratest.Resource) string {
	t.Helper()
	key := "policy"
	if r.Type == "aws:iam/role:Role" {
		key = "assumeRolePolicy"
	}
	return strings.ReplaceAll(laidOut(t, r.Text(key)), infratest.AccountID, "123456789012")
}

// laidOut is a policy as people read it: in the program's order, with lists of strings in as few lines as fit.
func laidOut(t testing.TB, document string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, []byte(document), "", "  "))
	list := regexp.MustCompile(`(?m)^( *)(.*)\[((?:\s+"[^"]*",?)+)\s+\]`)
	return list.ReplaceAllStringFunc(b.String(), func(match string) string {
		parts := list.FindStringSubmatch(match)
		items := strings.Fields(parts[3])
		if line := parts[1] + parts[2] + "[" + strings.Join(items, " ") + "]"; len(line) <= docWidth {
			return line
		}
		var lines strings.Builder
		line := parts[1] + " "
		for _, item := range items {
			if len(line)+1+len(item) > docWidth {
				lines.WriteString(line + "\n")
				line = parts[1] + " "
			}
			line += " " + item
		}
		return parts[1] + parts[2] + "[\n" + lines.String() + line + "\n" + parts[1] + "]"
	}) + "\n"
}

// docWidth of the lines in docs.
const docWidth = 130

// TestBothRolesReadTheSame is what lets the documentation say it once.
func TestBothRolesReadTheSame(t *testing.T) {
	t.Parallel()
	d := stacks.Deploy(t, "prod", withCI)
	preview, deploy := policiesOf(t, d, "preview"), policiesOf(t, d, "deploy")
	for _, name := range []string{"read-foundation", "read-service", "read-operations"} {
		assert.Equal(t, preview[name].Text("policy"), deploy[name].Text("policy"), name)
	}
	assert.Len(t, preview, 4)
	assert.Len(t, deploy, 7)
}

func TestDocumentationNamesEveryVariable(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci-setup.md"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("..", "..", ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	setting := regexp.MustCompile(`(?:vars|secrets)\.([A-Z_]+)`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range setting.FindAllStringSubmatch(string(text), -1) {
			found++
			assert.Contains(t, string(data), "`"+name[1]+"`", "%s uses it", file)
		}
	}
	assert.Greater(t, found, 10)
	for _, key := range []string{"ciRepository", "ciRepositoryIds", "ciExistingOidcProvider", "ciStateBucket", "ciStateKeyArn"} {
		assert.Contains(t, string(data), key)
	}
}
