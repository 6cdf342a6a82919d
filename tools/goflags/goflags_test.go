package goflags_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/tools/goflags"
)

// TestMakeExportsTheFlags: what make starts, and what it starts in turn, compiles what the launcher compiles.
func TestMakeExportsTheFlags(t *testing.T) {
	t.Parallel()
	require.Equal(t, goflags.Environment(), exported(t, "sandbox"))
	require.Equal(t, goflags.Environment(), exported(t, "test"))
	require.Empty(t, exported(t, "bench"), "what is measured is built as it is deployed")
	require.Equal(t, "-race", exported(t, "test", "GOFLAGS=-race"), "whoever sets flags gets them")
}

func TestCIExportsTheFlags(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../.ci/run")
	require.NoError(t, err)
	line := ""
	for text := range strings.Lines(string(script)) {
		if strings.HasPrefix(text, "export GOFLAGS=") {
			line = text
		}
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", "unset GOFLAGS\n"+line+"printf %s \"$GOFLAGS\"")
	shell.Dir = "../.."
	out, err := shell.Output()
	require.NoError(t, err)
	require.Equal(t, goflags.Environment(), strings.Join(strings.Split(string(out), "\n"), " "))
}

// exported is the GOFLAGS that a target's commands see.
func exported(t *testing.T, target string, environment ...string) string {
	t.Helper()
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	_, _, found := strings.Cut(string(makefile), "\n"+target+":")
	require.True(t, found, target)
	var recipe strings.Builder // the same file with that target's commands replaced
	inTarget := false
	for line := range strings.Lines(string(makefile)) {
		if !strings.HasPrefix(line, "\t") {
			inTarget = strings.HasPrefix(line, target+": ##")
			recipe.WriteString(line)
			if inTarget {
				recipe.WriteString("\t@printf '%s' \"$$GOFLAGS\"\n")
			}
		} else if !inTarget {
			recipe.WriteString(line)
		}
	}
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-f", "-", target)
	cmd.Dir = "../.."
	cmd.Stdin = strings.NewReader(recipe.String())
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GOFLAGS=") && !strings.HasPrefix(entry, "MAKE") && !strings.HasPrefix(entry, "MFLAGS=") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, environment...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// TestGoUnderstandsTheFlags: as they are in the environment, and that they change only what others wrote and what does not compute.
func TestGoUnderstandsTheFlags(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-n", "-a",
		"github.com/pulumi/pulumi/sdk/v3/go/common/version", "github.com/aws/aws-sdk-go-v2/aws/arn", "github.com/webordinary/live-edit/tools/cli")
	cmd.Env = append(os.Environ(), "GOFLAGS="+goflags.Environment())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	quick := map[bool]int{}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "/compile -o") {
			theirs := othersWrote(line)
			quick[theirs]++
			require.Equal(t, theirs, strings.Contains(line, " -N -l -dwarf=false "), line)
		}
	}
	require.Greater(t, quick[true], 1)
	require.Positive(t, quick[false])
}

// othersWrote says whether a compiler's command line is for a package that is neither the standard library's nor ours, and does not
// compute.
func othersWrote(line string) bool {
	_, path, _ := strings.Cut(line, " -p ")
	path, _, _ = strings.Cut(path, " ")
	host, _, _ := strings.Cut(path, "/")
	if !strings.Contains(host, ".") || host == "vendor" {
		return false
	}
	for _, optimised := range []string{
		"github.com/webordinary/", "golang.org/x/", "google.golang.org/grpc", "google.golang.org/protobuf", "github.com/klauspost/", "pgregory.net/",
	} {
		if strings.HasPrefix(path, optimised) {
			return false
		}
	}
	return true
}
