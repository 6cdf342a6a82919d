package commands

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func texts(found []Command) []string {
	var all []string
	for _, command := range found {
		all = append(all, command.Text)
	}
	return all
}

// TestCommandsOfAPage finds the lines of shell blocks and the commands in running text, and no mere mention of a program.
func TestCommandsOfAPage(t *testing.T) {
	t.Parallel()
	found := InMarkdown("page.md", "Run `pulumi up`, or `aws ecs\nlist-tasks --cluster x`; `go run` turns all into 1.\n\n"+
		"| `pulumi config set a b \\| cat` | `pulumi up: it fails` |\n\n1. So:\n   ```sh\n   # first\n   as me   # then\n   curl -x \\\n     y\n   ```\n"+
		"```json\nmake\n```\n```text\nnothing\n```\n")
	require.Equal(t, []string{
		"pulumi up", "aws ecs list-tasks --cluster x", "pulumi config set a b | cat", "as me", "curl -x y", "make",
	}, texts(found))
	require.Equal(t, []int{1, 1, 4, 9, 10, 14}, []int{
		found[0].Line, found[1].Line, found[2].Line, found[3].Line, found[4].Line, found[5].Line,
	})
}

// TestCommandsOfAProgram finds what is printed, with a blank for what is filled in, and neither comments nor prose.
func TestCommandsOfAProgram(t *testing.T) {
	t.Parallel()
	found, err := InGo("advice.go", []byte("package a\n\nimport \"make\"\n\n// Run `pulumi up`.\ntype T struct {\n\tF int `make`\n}\n\n"+
		"func f(x string) string {\n\treturn \"do it: `pulumi up --stack %s`\\n  1. pulumi destroy   # all\\n  As editors do   curl -L \" + x + "+
		"\" and make up; read the rest\"\n}\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"pulumi up --stack " + Blank, "pulumi destroy", "curl -L " + Blank + " and make up; read the rest"}, texts(found))
	require.Equal(t, 11, found[0].Line)
	_, err = InGo("broken.go", []byte("package"))
	require.ErrorContains(t, err, "broken.go")
}

// TestPatternFillsPlaceholdersInAndNothingElse holds what is typed to what is documented.
func TestPatternFillsPlaceholdersInAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, typed string
		matches     bool
	}{
		{"pulumi up", "pulumi up", true},
		{"pulumi up", "pulumi up --yes", false},
		{"go run ./cmd/probe https://edit.<zone>", "go run ./cmd/probe https://edit.example.com", true},
		{"go run ./cmd/probe https://edit.<zone>", "go run ./cmd/prob https://edit.example.com", false},
		{"gh api repos/OWNER/NAME", "gh api repos/a/b", true},
		{"make cost STACK=prod", "make cost STACK=dev", false},
		{"make import STACK=NAME", "make import STACK=dev", true},
		{"export AWS_PROFILE=NAME", "export AWS_PROFILE=work", true},
		{"export AWS_PROFILE=NAME", "export AWS_REGION=work", false},
		{"go run ./cmd/probe [flags] -sandbox NAME", "go run ./cmd/probe -wakes 0 -sandbox prod", true},
		{"aws x y --status ISSUED", "aws x y --status GONE", false},
		{`printf %s "$VALUE"`, `printf %s "$OTHER"`, false},
		{"pulumi config set a arn:…:b-…", "pulumi config set a arn:aws:x:b-1", true},
		{"pulumi up --stack " + Blank, "pulumi up --stack dev", true},
	} {
		require.Equal(t, c.matches, Command{Text: c.text}.Pattern().MatchString(c.typed), "%s: %s", c.text, c.typed)
	}
}
