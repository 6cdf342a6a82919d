package stackfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/stackfile"
)

func read(t *testing.T, files map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	entries, err := stackfile.Read(dir, "test")
	require.NoError(t, err)
	got := map[string]string{}
	for _, e := range entries {
		assert.NotContains(t, got, e.Key)
		got[e.Key] = e.File + " " + e.Node.Value
		if e.Secret() {
			got[e.Key] = e.File + " secret"
		}
	}
	return got
}

func TestTheStackFileRanksAboveTheProject(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]string{
		"p:tag": "Pulumi.test.yaml 1.10", "p:key": "Pulumi.test.yaml secret", "p:merged": "Pulumi.test.yaml 7", "p:alias": "Pulumi.test.yaml 07",
		"host": "Pulumi.yaml 010", "region": "Pulumi.yaml x", "plain": "Pulumi.yaml 1_0",
	}, read(t, map[string]string{
		"Pulumi.yaml": "name: p\nconfig:\n  tag: {default: latest}\n  host: {default: 010}\n  region: {value: x}\n  plain: 1_0\n" +
			"  none: {description: x}\n",
		"Pulumi.test.yaml": "more: &m {p:merged: 7, p:tag: 2}\nn: &n 07\nconfig:\n  <<: *m\n  p:tag: 1.10\n  p:key: {secure: AAAA}\n  p:alias: *n\n",
	}))
	assert.Empty(t, read(t, nil), "files that are not there have nothing")
	assert.Equal(t, map[string]string{"p:a": "Pulumi.test.json 1.10"}, read(t, map[string]string{"Pulumi.test.json": `{"config":{"p:a":1.10}}`}))
}

func TestAFileThatIsNoYAMLIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.test.yaml"), []byte("config: ["), 0o600))
	_, err := stackfile.Read(dir, "test")
	require.ErrorContains(t, err, "Pulumi.test.yaml is not valid YAML")
}
