package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"
)

// tools is a folder with the commands as a contributor has them, but that `go run` links a program once, from the project itself, and
// that AWS's CLI asks the simulated account.
func (c *checkout) tools() string {
	c.t.Helper()
	bin := c.t.TempDir()
	root, err := filepath.Abs("..")
	require.NoError(c.t, err)
	c.goTool(bin, `"run ./"*)
	built=`+root+`/.build/run$(echo "$2" | tr ./ __)
	$real_go -C `+root+` build -o "$built" "$2" || exit 1
	shift 2
	exec "$built" "$@" ;;
`)
	c.awsTool(bin)
	return bin
}

// awsTool puts AWS's CLI into a folder of commands.
func (c *checkout) awsTool(bin string) {
	c.t.Helper()
	cli, err := awsCLI()
	require.NoError(c.t, err)
	c.script(bin, "aws", `exec `+cli+` --endpoint-url "$AWS_ENDPOINT_URL" --no-cli-pager "$@"`)
}

func (c *checkout) script(bin, name, text string) {
	c.t.Helper()
	require.NoError(c.t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700))
}

// pulumiTools are the tools with Pulumi's CLI.
func (c *checkout) pulumiTools() string {
	c.t.Helper()
	bin := c.tools()
	require.NoError(c.t, os.Symlink(c.command, filepath.Join(bin, "pulumi")))
	return bin
}

var errNoAWS = errors.New("the documented commands are those of the AWS CLI, version 2, and the PATH has none: install it " +
	"(apt-get install awscli), as .ci/run does")

// awsCLI finds the AWS CLI in version 2, which the documentation speaks of: version 1 takes other options.
var awsCLI = sync.OnceValues(func() (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "aws")
		said, err := exec.Command(path, "--version").CombinedOutput()
		if err == nil && strings.HasPrefix(string(said), "aws-cli/2.") {
			return path, nil
		}
	}
	return "", errNoAWS
})
