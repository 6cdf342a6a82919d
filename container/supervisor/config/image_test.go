package config_test

import (
	"os"
	"os/exec"
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
		`FROM node:22-`, `COPY container/live-edit.json ` + config.DefaultFile, `supervisor -check`, `USER 1000:1000`,
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
