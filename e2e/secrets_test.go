package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// TestSecretValuesReachAWSAndNothingElse configures all three secrets and searches everything Pulumi wrote and printed.
func TestSecretValuesReachAWSAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	values := map[string]string{
		"anthropicApiKey": "sk-ant-api03-e2e-1f0c7a",
		"githubToken":     "ghp_e2e9d41b2",
		"awsCredentials":  `{"accessKeyId":"AKIAE2E","secretAccessKey":"e2e-77aa01"}`,
	}
	config := settings{}
	for key, value := range values {
		config[key] = sandboxtest.ConfigValue{Value: value, Secret: true}
	}
	prod := w.stack("prod", config)
	result := w.up(prod)
	w.requireNoChanges(prod)

	require.Empty(t, result.Outputs["pendingSecrets"].Value)
	versions := w.sandbox.Account().List("aws:secretsmanager/secretVersion:SecretVersion")
	require.Len(t, versions, len(values), "the values reached the account")
	state, err := os.ReadFile(prod.StateFile())
	require.NoError(t, err)
	for key, value := range values {
		marker := strings.Trim(value, `{}"`)
		require.NotContains(t, string(state), marker, "%s stands in the state file", key)
		require.NotContains(t, result.Stdout, marker, "%s was printed", key)
	}
	history, err := filepath.Glob(filepath.Join(filepath.Dir(prod.StateFile()), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, history)
}

// TestSecretsWithoutAValueAreReported deploys without any value: legal, and said twice.
func TestSecretsWithoutAValueAreReported(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	result, err := w.stack("prod", nil).Preview(w.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	var warnings []string
	for _, d := range result.Diagnostics {
		if d.Severity == "warning" {
			warnings = append(warnings, d.Message)
		}
	}
	require.Contains(t, strings.Join(warnings, "\n"),
		"webordinary/anthropic-api-key, webordinary/github-token, webordinary/aws-credentials")
	require.Contains(t, strings.Join(warnings, "\n"), "wakeCredentials[0]", "what scanners may cost is said as well")
	require.Contains(t, strings.Join(warnings, "\n"), "auth is none: whoever finds https://edit.ameliastamps.com may edit")
}
