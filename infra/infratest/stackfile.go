package infratest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// ProjectKey is one configuration key of Pulumi.yaml.
type ProjectKey struct {
	Description    string
	Default, Value any
}

// ProjectSchema reads the configuration schema of the Pulumi.yaml in root.
func ProjectSchema(t testing.TB, root string) map[string]ProjectKey {
	t.Helper()
	var project struct{ Config map[string]ProjectKey }
	readYAML(t, filepath.Join(root, "Pulumi.yaml"), &project)
	return project.Config
}

// Settings are configuration values by key, without the project's namespace.
type Settings map[string]string

// Qualified gives every key the namespace that it lacks.
func (s Settings) Qualified() map[string]string {
	full := map[string]string{}
	for key, value := range s {
		if !strings.Contains(key, ":") {
			key = Project + ":" + key
		}
		full[key] = value
	}
	return full
}

// StackConfig returns what Pulumi hands to the program of a stack: the stack file's values over the project's defaults.
func StackConfig(t testing.TB, root, stack string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for key, schema := range ProjectSchema(t, root) {
		switch {
		case schema.Default != nil:
			values[Project+":"+key] = encode(t, schema.Default)
		case schema.Value != nil:
			values[key] = encode(t, schema.Value)
		}
	}
	for key, value := range StackValues(t, root, stack) {
		values[key] = encode(t, value)
	}
	return values
}

// StackValues reads the values of a stack file, by full key.
func StackValues(t testing.TB, root, stack string) map[string]any {
	t.Helper()
	var file struct{ Config map[string]any }
	readYAML(t, filepath.Join(root, fmt.Sprintf("Pulumi.%s.yaml", stack)), &file)
	return file.Config
}

func readYAML(t testing.TB, path string, target any) {
	t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, target), path)
}

// encode renders a value as Pulumi does: text as it is, everything else as JSON.
func encode(t testing.TB, value any) string {
	t.Helper()
	if text, ok := value.(string); ok {
		return text
	}
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}
