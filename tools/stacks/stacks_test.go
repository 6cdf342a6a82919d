package stacks_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/stacks"
)

func TestNames(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dev.yaml", "other.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	names, err := stacks.Names(root)
	require.NoError(t, err)
	require.Equal(t, []string{"dev", "prod"}, names)
}

func TestChoices(t *testing.T) {
	t.Parallel()
	known := []string{"dev", "prod", "staging"}
	for misspelt, want := range map[string]string{
		"prdo": "prod", "Prod": "prod", "production": "", "stagign": "staging", "dve": "dev", "qa": "", "": "", "xyz": "", "../dev": "",
	} {
		require.Equal(t, want, stacks.Nearest(misspelt, known), misspelt)
	}
	require.Equal(t, "known stacks are dev, prod, staging; did you mean prod?", stacks.Choices(known, "prdo"))
	require.Equal(t, "known stacks are dev, prod, staging", stacks.Choices(known, "qa"))
	require.Contains(t, stacks.Choices(nil, "prod"), "`pulumi stack init NAME`")
}
