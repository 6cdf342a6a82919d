package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/webordinary/live-edit/infra/infratest"
	"github.com/webordinary/live-edit/infra/stackfile"
)

// handed is what Pulumi's own code makes of a stack file for the program.
func handed(t *testing.T, text string) map[string]string {
	t.Helper()
	var file struct {
		Config config.Map `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	values := map[string]string{}
	for key, value := range file.Config {
		plain, err := value.Value(config.NopDecrypter)
		require.NoError(t, err)
		values[key.String()] = plain
	}
	return values
}

// loadWritten loads the configuration of a stack file with these lines, each without the namespace.
func loadWritten(t *testing.T, lines ...string) (*Config, error) {
	t.Helper()
	return loadFiles(t, nil, lines...)
}

func loadFiles(t *testing.T, overrides infratest.Settings, lines ...string) (cfg *Config, err error) {
	t.Helper()
	text := "config:\n"
	for _, line := range lines {
		if !strings.HasPrefix(line, " ") {
			line = "  " + infratest.Project + ":" + line
		}
		text += line + "\n"
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.test.yaml"), []byte(text), 0o600))
	run := infratest.Run{Stack: "test", Config: handed(t, text)}
	for key, value := range overrides.Qualified() {
		run.Config[key] = value
	}
	_, runErr := run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
		cfg, err = Load(stackfile.In(ctx, dir))
		return nil, err
	})
	if err == nil {
		err = runErr
	}
	return cfg, err
}

func faultsWritten(t *testing.T, lines ...string) []Fault {
	t.Helper()
	_, err := loadWritten(t, lines...)
	var bad *Error
	require.ErrorAs(t, err, &bad, "%v", lines)
	return bad.Faults
}

func TestWhatYAMLReshapedIsRefusedWhereTextIsMeant(t *testing.T) {
	t.Parallel()
	for written, reads := range map[string]string{
		"1.10": "a number, 1.1", "0123456": "a number, 42798", "1234567e3": "a number, 1234567000", "007": "a number, 7",
		"0x1F": "a number, 31", "0o17": "a number, 15", "1_000": "a number, 1000", "1.0": "a number, 1", "+5": "a number, 5",
		"12345678901234567890123": "a number, 1.2345678901234568e+22", ".5": "a number, 0.5", "1e3": "a number, 1000",
		"true": "a boolean, true", "False": "a boolean, false", "yes": "a boolean", "No": "a boolean", "on": "a boolean",
		"y": "a boolean", "12:30": "a boolean or a number", "1:20:30": "a boolean or a number", "2026-11-28": "a date, 2026-11-28",
	} {
		t.Run(written, func(t *testing.T) {
			t.Parallel()
			faults := faultsWritten(t, "imageTag: "+written)
			require.Len(t, faults, 1, "%v", faults)
			assert.Equal(t, "imageTag", faults[0].Key)
			assert.Equal(t, written, faults[0].Value, "as it is written, not as YAML reads it")
			assert.Contains(t, faults[0].Expected, reads)
			assert.Contains(t, faults[0].Expected, `quote it in Pulumi.test.yaml: "`+written+`"`)
		})
	}
	for _, nothing := range []string{"null", "~", "", "Null"} {
		faults := faultsWritten(t, "imageTag: "+nothing)
		require.Len(t, faults, 1)
		assert.Contains(t, faults[0].Expected, "YAML reads nothing at all", nothing)
	}
	for _, structured := range []string{"[latest]", "{tag: latest}"} {
		faults := faultsWritten(t, "imageTag: "+structured)
		require.Len(t, faults, 1)
		assert.Equal(t, "text, not a list or a map", faults[0].Expected)
	}
}

func TestTextIsTakenAsItIsWritten(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`"1.10"`: "1.10", `'0123456'`: "0123456", `"yes"`: "yes", `"12-30"`: "12-30", `"null"`: "null", "v1.10": "v1.10", "latest": "latest",
		"42": "42", "1.5": "1.5", "18446744073709551615": "18446744073709551615", // the program gets what stands there
		"1.2.3": "1.2.3", "3f1c9c6": "3f1c9c6", "nope": "nope", `!!str 1.10`: "1.10",
	} {
		cfg, err := loadWritten(t, "imageTag: "+written)
		if assert.NoError(t, err, written) {
			assert.Equal(t, want, cfg.Registry.ImageTag)
		}
	}
}

// `pulumi config set` and `pulumi up --config` say what they mean: the first writes quotes, the second overrides the file.
func TestWhatTheCommandLineSaysIsTaken(t *testing.T) {
	t.Parallel()
	cfg, err := loadFiles(t, infratest.Settings{"imageTag": "2.0"}, "imageTag: 1.10")
	require.NoError(t, err)
	assert.Equal(t, "2.0", cfg.Registry.ImageTag)
	m := config.Map{}
	require.NoError(t, m.Set(config.MustMakeKey(infratest.Project, "imageTag"), config.NewValue("1.10"), false))
	data, err := yaml.Marshal(m)
	require.NoError(t, err)
	cfg, err = loadWritten(t, "  "+strings.TrimSpace(string(data)))
	require.NoError(t, err)
	assert.Equal(t, "1.10", cfg.Registry.ImageTag)
}

func TestNumbersAreDecimal(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"010", "0x10", "1_0", "1e1", "10.0", "ten", `"010"`, "[10]", "null", "true", "1:40"} {
		faults := faultsWritten(t, "imagesToKeep: "+written)
		require.Len(t, faults, 1, written)
		assert.Equal(t, Fault{"imagesToKeep", strings.Trim(written, `"`), "a whole number"}, faults[0])
	}
	for _, written := range []string{"10", `"10"`} {
		cfg, err := loadWritten(t, "imagesToKeep: "+written)
		require.NoError(t, err)
		assert.Equal(t, 10, cfg.Registry.ImagesToKeep)
	}
	assert.Equal(t, []Fault{{"imagesToKeep", "010", "a whole number"}}, faultsOf(t, infratest.Settings{"imagesToKeep": "010"}, nil))
}

func TestEveryMemberThatIsNoTextIsReported(t *testing.T) {
	t.Parallel()
	faults := faultsWritten(t, `clients: [ameliastamps, 007, null, "008", true, 1.10, Bad_One, no, [x], two]`,
		"adopt: {workspace-bucket: 0123456, registry-repo: x, workspace-bukket: b-2}")
	var got []string
	for _, f := range faults {
		got = append(got, f.Key+"="+f.Value)
	}
	assert.Equal(t, []string{
		"adopt.workspace-bucket=0123456",
		"clients[1]=007", "clients[2]=null", "clients[4]=true", "clients[5]=1.10", "clients[7]=no", `clients[8]=["x"]`,
		"adopt=registry-repo", "adopt=workspace-bukket", "clients=Bad_One",
	}, got)
	byKey := map[string]string{}
	for _, f := range faults {
		byKey[f.Key+"="+f.Value] = f.Expected
	}
	assert.Contains(t, byKey["clients[1]=007"], `a number, 7; quote it in Pulumi.test.yaml: "007"`)
	assert.Contains(t, byKey["adopt=workspace-bukket"], "did you mean workspace-bucket?")
	// Without the file there is the JSON only.
	assert.Equal(t, []Fault{
		{"clients[1]", "7", "text; write it in quotes"}, {"clients[2]", "null", "text; write it in quotes"},
	}, faultsOf(t, infratest.Settings{"clients": `["ameliastamps", 7, null]`}, nil))
	assert.Equal(t, "clients", faultsWritten(t, "clients:")[0].Key, "nothing is no list")
}

func TestNothingUnknownPasses(t *testing.T) {
	t.Parallel()
	faults := faultsWritten(t, "tasCpu: 1024", "hots: live", "taskmemory: 8192", "entirelyElse: [1]", "githubTokn: ghp_hunter2", "apiKey: hunter2",
		"adopt.workspace-bucket: b-1", "clients[1]: two", "  webordinary-liveedit:zone: example.com", "  another:imageTag: v1",
		"  aws:regio: us-west-2", "  policies:level: high", "protect: maybe")
	shown := map[string]string{}
	for _, f := range faults {
		shown[f.Key+"="+f.Value] = f.Expected
		assert.NotContains(t, f.Value, "hunter2")
	}
	const hidden = "(not shown: it may be a secret)"
	assert.Equal(t, map[string]string{
		"protect=maybe":                         "true or false",
		"tasCpu=1024":                           "a key of Pulumi.yaml; did you mean taskCpu?",
		"hots=live":                             "a key of Pulumi.yaml; did you mean host?",
		"taskmemory=8192":                       "a key of Pulumi.yaml; did you mean taskMemory?",
		"entirelyElse=[1]":                      "a key of Pulumi.yaml, which has no such one",
		"githubTokn=" + hidden:                  "a key of Pulumi.yaml; did you mean githubToken?",
		"apiKey=" + hidden:                      "a key of Pulumi.yaml, which has no such one",
		"adopt.workspace-bucket=b-1":            "a path into adopt: `pulumi config set --stack test --path 'adopt.workspace-bucket' VALUE`",
		"clients[1]=two":                        "a path into clients: `pulumi config set --stack test --path 'clients[1]' VALUE`",
		"webordinary-liveedit:zone=example.com": "the namespace webordinary-live-edit; did you mean webordinary-live-edit:zone?",
		"another:imageTag=v1":                   "the namespace webordinary-live-edit; did you mean webordinary-live-edit:imageTag?",
	}, shown, "the provider checks its own keys, and other programs' are none of ours")
}

func TestUnknownSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []Fault{{"githubTokn", "(secret)", "a key of Pulumi.yaml; did you mean githubToken?"}},
		faultsWritten(t, "githubTokn: {secure: AAAA}"))
}

// What the CLI hands over besides the file, such as --config, is in the environment of the program that it starts.
func TestUnknownKeysOfTheCommandLineAreReported(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"webordinary-live-edit:hots":"live","webordinary-live-edit:host":"live","aws:region":"us-west-2"}`)
	assert.Equal(t, []Fault{{"hots", "live", "a key of Pulumi.yaml; did you mean host?"}}, faultsOf(t, infratest.Settings{"host": "live"}, nil))
}

// The CLI checks values against types that Pulumi.yaml declares, stops at the first that is wrong, and does not show it.
func TestTheSchemaDeclaresNoTypes(t *testing.T) {
	t.Parallel()
	var project struct{ Config map[string]map[string]any }
	data, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &project))
	require.Greater(t, len(project.Config), 50)
	for key, declared := range project.Config {
		assert.NotContains(t, declared, "type", key)
	}
}

func TestEveryFaultOfAStackFileIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadWritten(t, "tasCpu: 512", "taskMemory: many", "protect: perhaps", "imageTag: 1.10", "clients: [ameliastamps, 7]",
		"cpuArchitecture: ARM")
	require.Error(t, err)
	for _, line := range []string{
		`taskMemory = "many": expected a whole number`, `protect = "perhaps": expected true or false`, `imageTag = "1.10": expected text`,
		`clients[1] = "7": expected text`, `tasCpu = "512": expected a key of Pulumi.yaml; did you mean taskCpu?`,
		`cpuArchitecture = "ARM": expected one of X86_64, ARM64; did you mean ARM64?`, "has 6 fault(s)",
	} {
		assert.Contains(t, err.Error(), line)
	}
}
