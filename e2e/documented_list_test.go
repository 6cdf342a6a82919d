package e2e

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/e2e/commands"
)

// documented are the commands of README, docs and whatever the programs print. docs/decisions.md tells of the past.
func documented(t *testing.T) []commands.Command {
	t.Helper()
	var found []commands.Command
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		hidden := strings.HasPrefix(entry.Name(), ".") && path != ".."
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (hidden || entry.Name() == "testdata" || name == "e2e"):
			return fs.SkipDir
		case entry.IsDir() || name == "docs/decisions.md" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		page := name == "README.md" || strings.HasPrefix(name, "docs/") && strings.HasSuffix(name, ".md")
		if !page && !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if page {
			found = append(found, commands.InMarkdown(name, string(data))...)
			return nil
		}
		printed, err := commands.InGo(name, data)
		found = append(found, printed...)
		return err
	})
	require.NoError(t, err)
	return found
}

// scenarios are all commands that a test types.
func scenarios() []typed {
	return slices.Concat(operating, merging, trying, whileServed, []typed{{run: serving}, {run: asEditorsDo}, leaving}, making(), moving, tidying, probing, keeping)
}

// notTyped lists the commands which no scenario types: a line "= program: count", then each of that program's commands with, after a
// tab, the reason.
const notTyped = "testdata/commands-not-typed.txt"

// alwaysTyped are the programs whose commands have no excuse.
var alwaysTyped = []string{"pulumi", "go", "make", "curl"}

// readNotTyped reads that list, and holds it to its form.
func readNotTyped(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(notTyped)
	require.NoError(t, err)
	defer func() { assert.NoError(t, file.Close()) }()
	reasons, counted, announced := map[string]string{}, map[string]int{}, map[string]int{}
	program := ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if heading, ok := strings.CutPrefix(lines.Text(), "= "); ok {
			count := 0
			_, err := fmt.Sscanf(heading, "%s %d", &program, &count)
			require.NoError(t, err, "%s: %q: expected \"= program: count\"", notTyped, lines.Text())
			program = strings.TrimSuffix(program, ":")
			announced[program] = count
			continue
		}
		text, reason, ok := strings.Cut(lines.Text(), "\t")
		require.True(t, ok && reason != "", "%s: %q: expected the command, a tab and why no scenario types it", notTyped, lines.Text())
		assert.NotContains(t, reasons, text, "listed twice")
		assert.Equal(t, program, strings.Fields(text)[0], "%s: listed under another program's name", text)
		reasons[text] = reason
		counted[program]++
	}
	require.NoError(t, lines.Err())
	assert.Equal(t, announced, counted, "%s: the commands per program, announced and listed", notTyped)
	for _, program := range alwaysTyped {
		assert.Zero(t, counted[program], "%s: no command of %s may be left to its reader", notTyped, program)
	}
	return reasons
}

// TestEveryDocumentedCommandIsTyped holds documentation and scenarios together: a new or changed command is typed by a scenario, or
// it is listed by name with the reason. Nothing stays listed that is typed or gone, and no scenario types what nobody documents.
func TestEveryDocumentedCommandIsTyped(t *testing.T) {
	t.Parallel()
	found := documented(t)
	require.Greater(t, len(found), 200, "what finds them finds them no more")
	var lines []string
	for _, c := range scenarios() {
		lines = append(lines, strings.Split(c.run, "\n")...)
	}
	listed := readNotTyped(t)
	needed, open := map[string]bool{}, map[string]bool{}
	for _, command := range found {
		pattern, ok := command.Pattern(), false
		for _, line := range lines {
			if line == command.Text || pattern.MatchString(line) {
				needed[line], ok = true, true
			}
		}
		if !ok {
			open[command.Text] = true
			assert.Contains(t, listed, command.Text, "%s:%d: documented, and no scenario types it: %s", command.File, command.Line, command.Text)
		}
	}
	for text := range listed {
		assert.True(t, open[text], "%s: listed as not typed, but it is typed, or nobody documents it any more: %s", notTyped, text)
	}
	for _, line := range lines {
		assert.True(t, needed[line], "typed, and nobody documents it: %s", line)
	}
}
