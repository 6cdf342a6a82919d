package workflows

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"gopkg.in/yaml.v3"
)

// root is the repository's folder, seen from this package.
const root = "../../"

// workflow is what these tests read of a GitHub workflow or composite action.
type workflow struct {
	path        string
	text        string
	On          yaml.Node
	Permissions *map[string]string
	Concurrency concurrency
	Jobs        map[string]job
	Runs        struct{ Steps []step }
}

type job struct {
	Uses, If, Environment string
	RunsOn                string `yaml:"runs-on"`
	Timeout               int    `yaml:"timeout-minutes"`
	Needs                 yaml.Node
	Permissions           map[string]string
	Concurrency           concurrency
	Strategy              struct{ Matrix map[string]any }
	Steps                 []step
}

type concurrency struct {
	Group  string
	Cancel any `yaml:"cancel-in-progress"`
}

type step struct {
	Name, If, Uses, Run string
	With, Env           map[string]string
}

// workflows reads every workflow; actions every composite action.
func workflows(t testing.TB) map[string]workflow { return readYAMLs(t, root+".github/workflows/*.yml") }

func actions(t testing.TB) map[string]workflow {
	return readYAMLs(t, root+".github/actions/*/action.yml")
}

func readYAMLs(t testing.TB, pattern string) map[string]workflow {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths, pattern)
	read := map[string]workflow{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		w := workflow{path: path, text: string(data)}
		require.NoError(t, yaml.Unmarshal(data, &w), path)
		read[strings.TrimSuffix(filepath.Base(path), ".yml")] = w
	}
	return read
}

func (w workflow) steps() []step {
	steps := w.Runs.Steps
	for _, j := range w.Jobs {
		steps = append(steps, j.Steps...)
	}
	return steps
}

// script returns the shell script of a step.
func script(t testing.TB, name, job, step string) string {
	t.Helper()
	for _, s := range workflows(t)[name].Jobs[job].Steps {
		if s.Name == step {
			require.NotEmpty(t, s.Run, step)
			return s.Run
		}
	}
	require.Failf(t, "no such step", "%s: %s: %s", name, job, step)
	return ""
}

func TestWorkflowsAreAllHere(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	for name, events := range map[string][]string{
		"test":    {"push", "pull_request", "workflow_call"},
		"preview": {"pull_request"}, // never pull_request_target or workflow_run, which run strangers' code with secrets
		"deploy":  {"push", "workflow_dispatch"},
		"drift":   {"schedule", "workflow_dispatch"},
		"soak":    {"schedule", "workflow_dispatch"},
		"image":   {"push", "workflow_dispatch"},
	} {
		require.Contains(t, all, name)
		var on map[string]any
		w := all[name]
		require.NoError(t, w.On.Decode(&on), name)
		assert.ElementsMatch(t, events, keysOf(on), name)
		delete(all, name)
	}
	assert.Empty(t, all, "say here what starts these")
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40})$`)
	commits := map[string]string{}
	checked := 0
	for _, files := range []map[string]workflow{workflows(t), actions(t)} {
		for _, w := range files {
			uses := []string{}
			for _, s := range w.steps() {
				uses = append(uses, s.Uses)
			}
			for _, j := range w.Jobs {
				uses = append(uses, j.Uses)
			}
			for _, use := range uses {
				if use == "" {
					continue
				}
				checked++
				if local, ok := strings.CutPrefix(use, "./"); ok {
					_, err := os.Stat(root + local)
					assert.NoError(t, err, "%s uses %s", w.path, use)
					continue
				}
				parts := pinned.FindStringSubmatch(use)
				if assert.NotNil(t, parts, "%s: %s is not pinned to a commit", w.path, use) {
					assert.Regexp(t, regexp.QuoteMeta(use)+` # v\d+\.\d+\.\d+\n`, w.text, "%s: say which version %s is", w.path, use)
					assert.Contains(t, []string{"", parts[2]}, commits[parts[1]], "%s: two commits of %s", w.path, parts[1])
					commits[parts[1]] = parts[2]
				}
			}
		}
	}
	assert.Greater(t, checked, 15)
}

func TestPermissionsAreTheLeast(t *testing.T) {
	t.Parallel()
	read := map[string]string{"contents": "read"}
	role := map[string]string{"contents": "read", "id-token": "write"}
	want := map[string]map[string]map[string]string{
		"test":    {"test": read},
		"preview": {"gate": nil, "plan": role, "comment": {"pull-requests": "write"}},
		"deploy":  {"test": read, "dev": role, "prod-plan": role, "prod": role},
		"drift":   {"look": role, "report": {"issues": "write"}},
		"soak":    {"soak": read},
		"image":   {"image": role},
	}
	for name, w := range workflows(t) {
		require.NotNil(t, w.Permissions, "%s: without permissions the repository's default applies", name)
		assert.Empty(t, *w.Permissions, name)
		require.ElementsMatch(t, keysOf(want[name]), keysOf(w.Jobs), name)
		for id, j := range w.Jobs {
			assert.Equal(t, want[name][id], j.Permissions, "%s: %s", name, id)
			for _, s := range j.Steps {
				writes := j.Permissions["pull-requests"] == "write" || j.Permissions["issues"] == "write"
				assert.False(t, writes && (strings.Contains(s.Uses, "checkout") || strings.HasPrefix(s.Uses, "./")),
					"%s: %s may write, so it must not run the repository's code", name, id)
			}
		}
	}
}

func TestJobsEndAndWaitForEachOther(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		for id, j := range w.Jobs {
			at := name + ": " + id
			if j.Uses != "" {
				continue // a called workflow has its own
			}
			assert.True(t, j.Timeout > 0 && j.Timeout <= 60, "%s runs for at most %d minutes", at, j.Timeout)
			assert.Equal(t, "ubuntu-24.04", j.RunsOn, at)
			if j.Permissions["id-token"] == "write" || j.Permissions["issues"] == "write" || j.Permissions["pull-requests"] == "write" {
				assert.NotEmpty(t, j.Concurrency.Group, at)
			}
			if j.Environment != "" {
				assert.Equal(t, concurrency{Group: "deploy-" + j.Environment, Cancel: false}, j.Concurrency,
					"%s: a cancelled deployment leaves a locked stack", at)
			}
		}
	}
	assert.NotEmpty(t, workflows(t)["test"].Concurrency.Group)
}

func TestNoExpressionReachesAShell(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]workflow{workflows(t), actions(t)} {
		for _, w := range files {
			for _, s := range w.steps() {
				assert.NotContains(t, s.Run, "${{", "%s: %q: pass it as an environment variable, a branch name may hold code", w.path, s.Name)
			}
		}
	}
}

func TestCheckoutsKeepNoCredentials(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		for _, s := range w.steps() {
			if !strings.HasPrefix(s.Uses, "actions/checkout@") {
				continue
			}
			assert.Equal(t, map[string]string{"persist-credentials": "false"}, s.With, "%s: %s", name, s.Name)
		}
	}
}

func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`secrets\.(\w+)`)
	for name, w := range workflows(t) {
		for id, j := range w.Jobs {
			for _, s := range j.Steps {
				for _, value := range s.Env {
					for _, found := range secret.FindAllStringSubmatch(value, -1) {
						want := "PULUMI_READ_TOKEN"
						if j.Environment != "" {
							want = "PULUMI_ACCESS_TOKEN"
						}
						assert.Equal(t, want, found[1], "%s: %s", name, id)
					}
				}
			}
		}
		for _, s := range actions(t)["action"].steps() {
			assert.NotContains(t, s.Run+s.With["token"], "secrets.")
		}
		assert.NotContains(t, w.text, "secrets: inherit", name)
	}
}

func TestDeploymentsGoInOrder(t *testing.T) {
	t.Parallel()
	jobs := workflows(t)["deploy"].Jobs
	assert.Equal(t, "./.github/workflows/test.yml", jobs["test"].Uses, "nothing untested is deployed")
	for id, needs := range map[string][]string{"dev": {"test"}, "prod-plan": {"test", "dev"}, "prod": {"prod-plan"}} {
		var list []string
		j := jobs[id]
		if j.Needs.Kind == yaml.ScalarNode {
			list = []string{j.Needs.Value}
		} else {
			require.NoError(t, j.Needs.Decode(&list))
		}
		assert.Equal(t, needs, list, id)
	}
	assert.Equal(t, []string{"dev", "", "prod"}, []string{jobs["dev"].Environment, jobs["prod-plan"].Environment, jobs["prod"].Environment})
	for _, id := range []string{"dev", "prod-plan"} {
		assert.Contains(t, jobs[id].If, "github.ref == 'refs/heads/main'", id)
	}
	assert.Contains(t, jobs["prod"].If, "needs.prod-plan.result == 'success'")
	assert.Contains(t, script(t, "deploy", "dev", "Deploy dev"), "pulumi up --stack dev --yes")
	assert.Contains(t, script(t, "deploy", "prod", "Deploy prod"), "pulumi up --stack prod --yes")
	assert.NotContains(t, script(t, "deploy", "prod-plan", "Plan prod"), "pulumi up")
}

// TestTheImageIsTaggedLast holds the order: what tasks start from is what was scanned, with its index.
func TestTheImageIsTaggedLast(t *testing.T) {
	t.Parallel()
	image := workflows(t)["image"].Jobs["image"]
	assert.Equal(t, "prod", image.Environment, "the registry is prod's")
	assert.Contains(t, image.If, "github.ref == 'refs/heads/main'")
	var names []string
	for _, s := range image.Steps {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"Build", "Add the SOCI index", "Push, scan, and tag", "Wake once"}, names[len(names)-4:])
	build := script(t, "image", "image", "Build")
	for _, part := range []string{"linux/amd64,linux/arm64", "compression=gzip", "container/Dockerfile"} {
		assert.Contains(t, build, part)
	}
	assert.NotContains(t, build, "zstd", "SOCI passes over it")
	module, err := os.ReadFile(root + "tools/soci/go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(module), "tool github.com/awslabs/soci-snapshotter/cmd/soci", "what the step builds is pinned")
}

func TestTestsRunTheCIEntry(t *testing.T) {
	t.Parallel()
	assert.Equal(t, ".ci/run", script(t, "test", "test", "Build, lint and test"))
	for _, s := range workflows(t)["test"].Jobs["test"].Steps {
		if strings.HasPrefix(s.Uses, "actions/setup-go@") {
			assert.Equal(t, map[string]string{"go-version-file": "go.mod", "cache-dependency-path": "**/go.sum"}, s.With)
			return
		}
	}
	t.Error("no step sets Go up")
}

func TestPulumiIsTheModules(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(root + "go.mod")
	require.NoError(t, err)
	module, err := modfile.Parse("go.mod", data, nil)
	require.NoError(t, err)
	var version string
	for _, require := range module.Require {
		if require.Mod.Path == "github.com/pulumi/pulumi/sdk/v3" {
			version = require.Mod.Version
		}
	}
	for _, s := range actions(t)["action"].Runs.Steps {
		if strings.HasPrefix(s.Uses, "pulumi/actions@") {
			assert.Equal(t, version, "v"+s.With["pulumi-version"])
			assert.NotContains(t, s.With, "command", "the action installs; the workflow's own step runs Pulumi")
			return
		}
	}
	t.Error("no step installs Pulumi")
}
