package config_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// TestTheImage holds the image of this repository to what its supervisor accepts.
func TestTheImage(t *testing.T) {
	t.Parallel()
	file, err := config.ReadFile("../../live-edit.json")
	require.NoError(t, err)
	require.Len(t, file.Prepare, 2)
	values := config.Values{Workspace: "/workspace/acme/ada", Repository: "https://github.com/a/b.git", Host: "127.0.0.1", Port: 1, HMRPort: 2}
	assert.Equal(t, "/workspace/acme/ada/site", values.Fill(file.Preview.Directory))
	assert.True(t, file.Preview.Mentions("{hmrPort}"), "sockets have a port of their own")

	text, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	dockerfile := string(text)
	for _, line := range []string{
		`FROM node:22-`, `COPY container/live-edit.json ` + config.DefaultFile, `COPY container/astro-dev.mjs ` + file.Preview.Command[1], `supervisor -check`, `USER 1000:1000`,
		`ENTRYPOINT ["/usr/local/bin/supervisor"]`, `CGO_ENABLED=0`, `EXPOSE 8080 4321 4322`,
	} {
		assert.Contains(t, dockerfile, line)
	}
	module, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.NotNil(t, version)
	assert.Contains(t, dockerfile, "golang:"+string(version[1])+"-")
}

// TestTheSiteIsFetchedWholeOrNotAtAll runs the image's first step, after one that was killed in the middle.
func TestTheSiteIsFetchedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	origin, workspace := t.TempDir(), t.TempDir()
	run := func(directory string, command ...string) error {
		c := exec.CommandContext(t.Context(), command[0], command[1:]...)
		c.Dir = directory
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0")
		out, err := c.CombinedOutput()
		t.Logf("%v: %s", command, out)
		return err
	}
	require.NoError(t, os.WriteFile(filepath.Join(origin, "page.astro"), []byte("page"), 0o600))
	require.NoError(t, run(origin, "git", "init", "--quiet", "."))
	require.NoError(t, run(origin, "git", "add", "."))
	require.NoError(t, run(origin, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "one"))

	file, err := config.ReadFile("../../live-edit.json")
	require.NoError(t, err)
	fetch := func(repository string) error {
		values := config.Values{Workspace: workspace, Repository: repository}
		var command []string
		for _, argument := range file.Prepare[0].Command {
			command = append(command, values.Fill(argument))
		}
		require.Equal(t, filepath.Join(workspace, "site"), values.Fill(file.Prepare[0].Unless))
		return run(workspace, command...)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(workspace, "site.new", ".git"), 0o750)) // half of a clone
	require.Error(t, fetch("/nowhere"))
	assert.NoDirExists(t, filepath.Join(workspace, "site"), "a step that failed is needed again")
	require.Error(t, fetch("--upload-pack=touch bad"), "a repository is no option")
	assert.NoFileExists(t, filepath.Join(workspace, "bad"))
	require.NoError(t, fetch(origin))
	content, err := os.ReadFile(filepath.Join(workspace, "site", "page.astro"))
	require.NoError(t, err)
	assert.Equal(t, "page", string(content))
}

// TestGitGetsTheToken runs the helper as git would.
func TestGitGetsTheToken(t *testing.T) {
	t.Parallel()
	ask := func(what string, environment ...string) string {
		command := exec.CommandContext(t.Context(), "../../git-credential-github-token", what)
		command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environment...)
		out, err := command.Output()
		require.NoError(t, err)
		return string(out)
	}
	assert.Equal(t, "username=x-access-token\npassword=abc\n", ask("get", "GITHUB_TOKEN=abc"))
	assert.Empty(t, ask("get"), "public repositories need none")
	assert.Empty(t, ask("store", "GITHUB_TOKEN=abc"))
}
