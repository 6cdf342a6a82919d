// Package docpaths_test holds the map of the repository against the repository.
package docpaths_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// path is an inline code span that names a file or a folder from the root.
var path = regexp.MustCompile("`([A-Za-z_.]+/[A-Za-z0-9_./-]*|[A-Z][A-Za-z]+\\.yaml)`")

func TestTheMapNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	for page, least := range map[string]int{"docs/architecture.md": 40, "README.md": 10} {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
		require.NoError(t, err)
		found := 0
		for _, match := range path.FindAllStringSubmatch(string(text), -1) {
			name := match[1]
			if strings.HasPrefix(name, ".") && !strings.HasPrefix(name, ".ci") { // made by a run
				continue
			}
			_, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name)))
			require.NoError(t, err, "%s names %s", page, name)
			found++
		}
		require.GreaterOrEqual(t, found, least, page)
	}
}
