// Package commands finds the commands that this repository tells people to run: those of its documentation, and those that its
// programs print as advice. The test that runs them is in package e2e.
package commands

import (
	"regexp"
	"slices"
	"strings"
)

// Command is a command as somebody reads it.
type Command struct {
	// Text is the command. In what is printed, parts that are only known at run time are written as Blank.
	Text string
	// File is where it stands, relative to the repository's root, with slashes.
	File string
	Line int
}

// Blank stands for what a program fills in when it prints a command.
const Blank = "‹…›"

// begins tells by its first words that a text set as code is a command. What only names a program, as "`go run` turns all but
// 0 into 1" does, is none.
var begins = regexp.MustCompile(`\A(` + strings.Join([]string{
	`pulumi (up|preview|refresh|destroy)( -| &&| \||\z)`,
	`pulumi (cancel|config|import|login|logout|new|org|plugin|policy|stack|state|whoami)( |\z)`,
	`go (build|generate|get|install|mod|run|test|tool|vet) \S`,
	`make(\z| [a-z]+(\z| [A-Z]+=)| [A-Z]+=)`,
	`aws [a-z0-9-]+ [a-z]`,
	`(apt-get|cdk|dig|docker|gh|git|kubectl|npm|npx|pnpm|yarn) \S`,
	`(curl|df|find|gzip|jq|read|rm|tar|ssh|scp|wget) [-<"$/.]`,
	`(gunzip|sudo) \S`,
	`(alias|export) \w+=`,
	`source \S`,
	`(\.ci/run|\.sandbox/bin/\w+)( |\z)`,
}, "|") + `)`)

// isCommand tells whether a text that is set as code is a command.
func isCommand(text string) bool { return begins.MatchString(text) }

// placeholders are the words that documentation leaves to its reader.
var placeholders = []string{
	"ACCOUNT", "ARN", "BUCKET", "DIR", "FILE", "ID", "KEY", "KEY_ARN", "NAME", "OWNER", "ROLE", "VALUE",
}

var placeholder = regexp.MustCompile(`<[a-z][a-z -]*>|[A-Za-z0-9:._/*-]*…[A-Za-z0-9:._/*-]*|` + Blank +
	`|\[flags\]|[$A-Za-z_-]*[A-Z]+[A-Za-z_-]*`)

// Pattern matches the command with every placeholder filled in, and nothing else.
func (c Command) Pattern() *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	rest := c.Text
	for rest != "" {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		switch word := rest[at[0]:at[1]]; {
		case strings.ContainsAny(word, "<…‹["), slices.Contains(placeholders, word):
			b.WriteString(`.+?`)
		default:
			b.WriteString(regexp.QuoteMeta(word))
		}
		rest = rest[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(rest) + `\z`)
	return regexp.MustCompile(b.String())
}

// uncommented is a line of a shell without the comment at its end.
func uncommented(line string) string {
	var quote rune
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '#' && (i == 0 || line[i-1] == ' '):
			return strings.TrimSpace(line[:i])
		}
	}
	return strings.TrimSpace(line)
}
