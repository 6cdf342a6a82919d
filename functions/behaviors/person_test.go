package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPersonWithoutCredentials reads what is missing and which command mends it, with the SDK's words behind that.
func TestAPersonWithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	nothing := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(nothing, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(nothing, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	var stdout, stderr bytes.Buffer
	c := command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Distributions: ofAPerson}
	code := c.Run(t.Context(), []string{"-plan", "-distribution", "E2QWRUHAPOMQZL", "-origin-domain", "edit.example.com"})
	require.Equal(t, 1, code, stderr.String())
	require.True(t, strings.HasPrefix(stderr.String(), "behaviors: no usable AWS credentials:"), stderr.String())
	require.Contains(t, stderr.String(), "`aws sso login`")
	require.Empty(t, stdout.String())
}
