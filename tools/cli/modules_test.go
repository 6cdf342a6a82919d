package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// TestModulesHaveOneVersion: a package of two versions is compiled twice, and so is everything that imports it; gRPC is
// imported by all of Pulumi's.
func TestModulesHaveOneVersion(t *testing.T) {
	t.Parallel()
	ours := required(t, ".")
	host := "github.com/pulumi/pulumi/sdk/v3" // the language host is built from an older one
	for _, tool := range []Tool{Pulumi, LanguageGo} {
		shared := 0
		for path, version := range required(t, tool.Module) {
			if tool.Name == LanguageGo.Name && path == host {
				continue
			}
			if want, ok := ours[path]; ok {
				shared++
				assert.Equal(t, want, version, "%s: %s as go.mod requires it; `go get` it in the folder that has the older one", tool.Module, path)
			}
		}
		assert.Greater(t, shared, 20, tool.Module)
	}
}

func required(t *testing.T, folder string) map[string]string {
	t.Helper()
	path := filepath.Join("..", "..", filepath.FromSlash(folder), "go.mod")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	module, err := modfile.Parse(path, data, nil)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, r := range module.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}
