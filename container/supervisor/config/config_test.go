package config_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

const good = `{
  "$schema": "https://example.com/schema.json",
  "prepare": [{"name": "Cloning", "command": ["git", "clone", "{repository}", "{workspace}/site"], "unless": "{workspace}/site/.git"},
    {"name": "Installing", "command": ["npm", "ci"], "directory": "{workspace}/site", "unless": "{workspace}/site/node_modules/.package-lock.json",
     "makes": {"directory": "{workspace}/site/node_modules", "by": ["{workspace}/site/package-lock.json"], "version": ["node", "--version"], "without": [".vite"]}}],
  "preview": {"command": ["node", "astro", "--port", "{port}", "--host", "{host}"], "directory": "{workspace}/site", "environment": {"HMR": "{hmrPort}"}},
  "api": {"command": ["node", "api.mjs"], "environment": {"PORT": "{port}"}, "ready": "/api/ready"},
  "save": {"command": ["git", "push"]},
  "origins": ["https://www.example.com"]
}`

func TestADocumentIsCompleted(t *testing.T) {
	t.Parallel()
	file, err := config.Parse([]byte(good))
	require.NoError(t, err)
	assert.Equal(t, "/preview/", file.Preview.Ready)
	assert.Equal(t, 3, file.Preview.ReadyMinutes)
	assert.Equal(t, 15, file.Prepare[0].Minutes)
	assert.Equal(t, 20, file.Save.Seconds)
	assert.Equal(t, 10, file.StopSeconds)
	assert.Equal(t, 10, file.MaxSessions)
	again, err := config.Parse([]byte(file.String()))
	require.NoError(t, err)
	assert.Equal(t, file, again)
}

func TestEveryFaultOfAFileIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string // each part of the message
	}{
		"syntax":  {"{\n\"preview\": {,}}", []string{"no JSON", "line 2"}},
		"a list":  {"[]", []string{"expected an object"}},
		"nothing": {"{}", []string{"preview.command; expected a program"}},
		"two":     {good + "{}", []string{"no JSON"}},
		"types":   {`{"preview": {"command": "node {port}"}}`, []string{"preview.command is a string; expected []string"}},
		"case":    {`{"Preview": {"command": ["x", "{port}"]}}`, []string{"Preview; expected one of", "(preview?)"}},
		"many": {`{
			"prepaer": [],
			"prepare": [{"name": " ", "command": [], "minutes": 61, "comand": [], "unless": "{worspace}/x"},
				{"name": "x", "command": ["x"], "unless": "{workspace}/b/c", "makes": {"directory": "{workspace}/b/../a", "by": [], "without": ["a/b"], "bye": []}},
				{"name": "x", "command": ["x"], "makes": {"directory": "/a", "by": ["{prot}"], "version": ["{port}"]}}],
			"preview": {"command": ["astro"], "ready": "x", "directory": "site"},
			"api": {"command": ["x", "{port}", "{prot}"], "environment": {"1": "", "LIVE_EDIT_X": "y"}},
			"save": {"command": ["x", "{port}"], "seconds": 50},
			"origins": ["www.example.com", "https://a/b"],
			"stopSeconds": 20, "maxSessions": -1
		}`, []string{
			`prepaer; expected one of`, `(prepare?)`, `prepare[0].comand; expected one of`, `(command?)`, `prepare[0].name is " "`,
			`prepare[0].command; expected a program`, `prepare[0].unless is "{worspace}/x"; expected no placeholder {worspace}`,
			`prepare[0].minutes is "61"; expected a number from 1 to 60`,
			`prepare[1].makes.bye; expected one of`, `(by?)`, `prepare[1].makes.directory is "{workspace}/b/../a"; expected a path below`,
			`prepare[1].makes.directory is "{workspace}/b/../a"; expected a directory that has the step's unless`,
			`prepare[1].makes.by; expected the files`, `prepare[1].makes.without[0] is "a/b"; expected a name`,
			`prepare[2].makes.directory is "/a"; expected a path below {workspace}`, `prepare[2].makes.by[0] is "{prot}"; expected no placeholder`,
			`prepare[2].makes.version[0] is "{port}"; expected no {port}`, `preview.command is "astro"; expected {port}`,
			`preview.ready is "x"; expected a path`, `preview.directory is "site"; expected an absolute path`,
			`api.command[2] is "{prot}"; expected no placeholder {prot}`, `api.environment is "1"; expected`,
			`api.environment is "LIVE_EDIT_X"; expected`, `save.command[1] is "{port}"; expected no {port}`,
			`save.seconds is "50"; expected at most 55 together with stopSeconds (20)`, `origins[0] is "www.example.com"`,
			`origins[1] is "https://a/b"`, `maxSessions is "-1"; expected a number from 1 to 100`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(c.text))
			require.Error(t, err)
			for _, part := range c.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestEveryFaultOfTheEnvironmentIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	environment := map[string]string{
		"WORKSPACE_PATH": "/workspace", "CLIENT_ID": "ameliastamps", "USER_ID": "ada", "ECS_AGENT_URI": "http://a/b/",
		"PUBLIC_ORIGINS": "https://a.example,https://b.example", "DEPENDENCIES": "task",
	}
	s, err := config.ReadSettings(func(name string) string { return environment[name] })
	require.NoError(t, err)
	assert.Equal(t, config.DefaultFile, s.File)
	assert.Equal(t, 1, s.SessionsPerTask)
	assert.Equal(t, []string{"https://a.example", "https://b.example"}, s.Origins)
	assert.Equal(t, "/workspace/ameliastamps/bob", s.Directory("bob"))
	assert.Equal(t, "/workspace/ameliastamps/.live-edit", s.State())
	assert.Equal(t, "http://a/b", s.Agent)
	assert.True(t, s.Unpack)
	assert.Equal(t, "/workspace/ameliastamps/.live-edit/packs", s.Packs())
	wrong := map[string]string{
		"WORKSPACE_PATH": "workspace", "CLIENT_ID": "../x", "USER_ID": "", "SESSIONS_PER_TASK": "0", "LIVE_EDIT_SPEED": "NaN", "LIVE_EDIT_LISTEN": "localhost:80",
		"DEPENDENCIES":   "disk",
		"PUBLIC_ORIGINS": "https://a.example, https://b.example",
	}
	_, err = config.ReadSettings(func(name string) string { return wrong[name] })
	require.Error(t, err)
	for name, value := range wrong {
		assert.ErrorContains(t, err, "environment variable "+name+" is \""+value+"\"")
	}
}

func TestPlaceholdersAreFilledOnce(t *testing.T) {
	t.Parallel()
	values := config.Values{Workspace: "/w/{user}", User: "ada", Port: 4000, HMRPort: 4001, Host: "127.0.0.1"}
	assert.Equal(t, "/w/{user} ada 4000 4001 127.0.0.1 {other} {}", values.Fill("{workspace} {user} {port} {hmrPort} {host} {other} {}"))
}

// TestTheSchemaKnowsTheSameKeys keeps schema.json and the types together.
func TestTheSchemaKnowsTheSameKeys(t *testing.T) {
	t.Parallel()
	type object struct {
		Properties map[string]json.RawMessage
		Items      *object
		Defs       map[string]object `json:"$defs"`
	}
	parse := func(text []byte) (out object) {
		require.NoError(t, json.Unmarshal(text, &out))
		return out
	}
	schema := parse([]byte(config.Schema))
	step := *parse(schema.Properties["prepare"]).Items
	objects := map[string]object{
		"": schema, "prepare[0].": step, "prepare[0].makes.": parse(step.Properties["makes"]), "preview.": schema.Defs["served"], "api.": schema.Defs["served"],
		"save.": parse(schema.Properties["save"]),
	}
	_, err := config.Parse([]byte(`{"zzzz": 0, "prepare": [{"zzzz": 0, "makes": {"zzzz": 0}}], "preview": {"zzzz": 0}, "api": {"zzzz": 0}, "save": {"zzzz": 0}}`))
	require.Error(t, err)
	for where, o := range objects {
		found := false
		for _, line := range strings.Split(err.Error(), "\n") {
			if rest, ok := strings.CutPrefix(line, where+"zzzz; expected one of "); ok {
				list, _, _ := strings.Cut(rest, " (")
				known := strings.Split(list, ", ")
				slices.Sort(known)
				assert.Equal(t, slices.Sorted(maps.Keys(o.Properties)), known, where)
				found = true
			}
		}
		assert.True(t, found, where)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"prepare": [null, 1, {}], "preview": null, "save": [], "api": {"command": [null]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := config.Parse(text)
		if err != nil {
			return
		}
		if _, err := config.Parse([]byte(file.String())); err != nil {
			t.Errorf("%s\nis taken, and refused once completed: %v", text, err)
		}
	})
}
