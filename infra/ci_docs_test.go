package infra

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// policyBlock is a policy in docs/ci-setup.md: a comment with the resource's logical name, and its JSON.
var policyBlock = regexp.MustCompile("(?s)<!-- policy of ([a-z-]+) -->\n```json\n(.*?)```\n")

// TestDocumentedPoliciesAreTheDeployedOnes holds docs/ci-setup.md to the program. Rewrite the blocks after a change with
// UPDATE_DOCS=1 go test ./infra -run TestDocumentedPoliciesAreTheDeployedOnes.
func TestDocumentedPoliciesAreTheDeployedOnes(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", withCI)
	path := filepath.Join("..", "docs", "ci-setup.md")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	documented := map[string]bool{}
	want := policyBlock.ReplaceAllStringFunc(string(data), func(block string) string {
		name := policyBlock.FindStringSubmatch(block)[1]
		documented[name] = true
		return "<!-- policy of " + name + " -->\n```json\n" + documentedPolicy(t, d.One(t, name)) + "```\n"
	})
	for _, role := range []string{"preview", "deploy"} {
		assert.True(t, documented["ci-"+role+"-role"], "the trust policy of the %s role", role)
		for name, policy := range policiesOf(t, d, role) {
			if role == "deploy" && strings.HasPrefix(name, "read-") {
				continue // the preview role's, said once
			}
			assert.True(t, documented[policy.Name], "docs/ci-setup.md leaves out %s", policy.Name)
		}
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(data), "docs/ci-setup.md is behind the program; UPDATE_DOCS=1 rewrites it")
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
	d := operated(t, "prod", withCI)
	preview, deploy := policiesOf(t, d, "preview"), policiesOf(t, d, "deploy")
	for _, name := range []string{"read-foundation", "read-service", "read-operations"} {
		assert.Equal(t, preview[name].Text("policy"), deploy[name].Text("policy"), name)
	}
	assert.Len(t, preview, 4)
	assert.Len(t, deploy, 7)
}

func TestDocumentationNamesEveryVariable(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "docs", "ci-setup.md"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("..", ".github", "workflows", "*.yml"))
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
