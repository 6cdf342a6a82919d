package infratest

import (
	"encoding/json"
	"fmt"
	"maps"
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

// Repository is a checkout whose stacks can be deployed under mocks.
type Repository struct {
	// Root is the folder of its stack files, seen from the test's.
	Root string
	// Program is what the stacks run.
	Program Program
}

// Deploy deploys one of its stacks, with some settings changed. Other stacks find the outputs of an unchanged prod.
func (r Repository) Deploy(t testing.TB, stack string, changes Settings) *Deployment {
	t.Helper()
	run := Run{Stack: stack, Config: StackConfig(t, r.Root, stack)}
	maps.Copy(run.Config, changes.Qualified())
	if stack != "prod" {
		run.References = map[string]map[string]any{"prod": r.Deploy(t, "prod", nil).Outputs}
	}
	return run.Do(t, r.Program)
}

// StateKeyArn is the key that encrypts the state's secrets in [EverythingOn].
const StateKeyArn = "arn:aws:kms:us-west-2:942734823970:key/5a6b7c8d-0000-4000-8000-000000000001"

// EverythingOn switches on what a stack may have besides: alarms, budget, audit, the edge and the workflows' roles.
var EverythingOn = Settings{
	"alarms": "true", "alarmEmail": "ops@example.com", "monthlyBudgetUsd": "40", "auditTrail": "true",
	"distributionId": "E2QWRUHAPOMQZL", "ciRepository": "webordinary/live-edit", "ciRepositoryIds": "12/34",
	"ciStateBucket": "webordinary-pulumi-state", "ciStateKeyArn": StateKeyArn,
}

// SignedIn lets one invited person in; a stack has either this or the edge of [EverythingOn].
var SignedIn = Settings{"auth": "cognito", "clients": `[{"id":"ameliastamps","editors":[{"email":"a@example.com","user":"a"}]}]`}

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
