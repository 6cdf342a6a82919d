package e2e

import (
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made is a command that tests, measures or builds everything, and would do so within the very tests: its recipe runs, but what is in
// it goes to a recorder in place of the Go command and of the tools that it installs.
type made struct {
	run string
	// calls are what the recipe types. Variables of its environment that the called programs read stand in front.
	calls []string
}

const (
	linting = "go vet ./...\n" +
		"go run ./tools/install golangci-lint\ngolangci-lint run ./...\ngolangci-lint fmt --diff\n" +
		"go run ./tools/install actionlint\nactionlint"
	testingAll = "RAPID_SEED=1 go run ./tools/install pulumi pulumi-language-go\nRAPID_SEED=1 go test -timeout 30m -p CORES+1 ./..."
)

// recorded are the commands of which a recorder takes the recipe.
var recorded = []made{
	{`make test`, strings.Split(testingAll, "\n")},
	{`make lint`, strings.Split(linting, "\n")},
	{`.ci/run`, strings.Split("go build ./...\n"+linting+"\n"+testingAll, "\n")},
	{`make bench`, []string{"go run ./tools/bench"}},
	{`make bench FULL=1`, []string{"FULL=1 go run ./tools/bench"}},
	{`make simulate`, []string{"go run ./cmd/simulate"}},
	{`make soak`, []string{"RAPID_SEED=0 RAPID_CHECKS=3000 go test -timeout 0 -count 1 -p 1 PACKAGES"}},
}

func making() []typed {
	var all []typed
	for _, m := range recorded {
		all = append(all, typed{run: m.run})
	}
	return all
}

// TestMakingAsDocumented runs those recipes, and looks that they type what is expected, on packages and tools that there are.
func TestMakingAsDocumented(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	for _, m := range recorded {
		t.Run(m.run, func(t *testing.T) {
			t.Parallel()
			bin, record := t.TempDir(), filepath.Join(t.TempDir(), "calls")
			recorder := `#!/bin/sh
for name in FULL RAPID_SEED RAPID_CHECKS; do
	eval value=\$$name
	[ -z "$value" ] || printf '%s=%s ' $name "$value" >>` + record + `
done
echo "${0##*/} $*" | sed 's/ $//' >>` + record + `
case "$*" in
"run ./tools/install "*) for tool in "$@"; do :; done; echo ` + bin + `/$tool ;;
esac
`
			for _, name := range []string{"go", "golangci-lint", "actionlint", "apt-get"} {
				require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(recorder), 0o700))
			}
			shell := &checkout{t: t, ctx: t.Context(), dir: root}
			for _, entry := range ofNoMake() {
				switch name, _, _ := strings.Cut(entry, "="); name {
				case "FULL", "RAPID_SEED", "RAPID_CHECKS", "CHECKS": // those of a make around this
				default:
					shell.env = append(shell.env, entry)
				}
			}
			shell.types(bin, typed{run: m.run})
			data, err := os.ReadFile(record)
			require.NoError(t, err)
			oneMore := fmt.Sprintf("-p %d ", cores(t)+1)
			calls := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(data)), oneMore, "-p CORES+1 "), "\n")
			require.Len(t, calls, len(m.calls), "%s", data)
			for i, call := range calls {
				want, many := strings.CutSuffix(m.calls[i], "PACKAGES")
				if many {
					require.True(t, strings.HasPrefix(call, want), "%s\n%s", call, want)
				} else {
					require.Equal(t, want, call)
				}
				requirePackages(t, root, call)
			}
		})
	}
}

// cores is what the operating system says that it has, which may be more than this process is let use.
func cores(t *testing.T) int {
	t.Helper()
	said, err := exec.Command("getconf", "_NPROCESSORS_ONLN").Output()
	require.NoError(t, err)
	count, err := strconv.Atoi(strings.TrimSpace(string(said)))
	require.NoError(t, err)
	return count
}

// requirePackages looks that the packages of a call exist, and that one which is run is a program.
func requirePackages(t *testing.T, root, call string) {
	t.Helper()
	found := 0
	for _, word := range strings.Fields(call) {
		dir, isPath := strings.CutPrefix(word, "./")
		if !isPath {
			continue
		}
		found++
		dir = strings.TrimSuffix(strings.TrimSuffix(dir, "..."), "/")
		pkg, err := build.ImportDir(filepath.Join(root, dir), 0)
		require.NoError(t, err, call)
		if strings.Contains(call, "go run ") {
			assert.Equal(t, "main", pkg.Name, call)
		}
	}
	if strings.Contains(call, "go ") {
		assert.NotZero(t, found, "%s: without a package", call)
	}
}
