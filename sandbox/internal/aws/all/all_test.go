package all_test

import (
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/all"
)

// TestEveryServiceIsListed compares the list with the folders beside it. A service that another one imports would be there
// without the list as well, until that import goes.
func TestEveryServiceIsListed(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "all.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	var listed []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		listed = append(listed, path.Base(imported))
	}
	folders := map[string]bool{}
	found, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	for _, f := range found {
		folders[filepath.Base(filepath.Dir(f))] = true
	}
	for _, notAService := range []string{"all", "view"} {
		delete(folders, notAService)
	}
	for folder := range folders {
		assert.Contains(t, listed, folder, "sandbox/internal/aws/%s registers nothing: add its import to all.go", folder)
	}
	assert.GreaterOrEqual(t, len(folders), 20)
}

// TestEveryTypeHasAService holds the types whose properties the sandbox knows against those that a service registered.
func TestEveryTypeHasAService(t *testing.T) {
	t.Parallel()
	assert.ElementsMatch(t, schema.Tokens(), kind.Types())
}
