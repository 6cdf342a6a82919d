package main

import "slices"

// sayNext says what to do with deployed stacks, at the end of a first run.
func (s *session) sayNext(names []string) {
	if len(names) == 0 {
		return
	}
	stack := names[0]
	if slices.Contains(names, "prod") {
		stack = "prod"
	}
	s.printf("%s\n\n", s.bold("What next?"))
	for _, step := range []struct{ command, what string }{
		{"go run ./sandbox serve --stack " + stack + " --speed 60", "lets it answer on localhost: watch it wake and sleep"},
		{"make cost STACK=" + stack, "prices it"},
		{"go run ./sandbox outputs editUrl --stack " + stack, "prints one output"},
		{"go run ./sandbox preview --stack " + stack + " --diff", "shows what an edit of Pulumi." + stack + ".yaml would change"},
		{"make clean", "throws the simulated account away"},
	} {
		s.printf("  %-56s # %s\n", step.command, step.what)
	}
	s.printf("\n")
}

// The terminal's own escape sequences (ECMA-48, SGR); nothing is written around a text where there are no colours.
const (
	sgrBold   = "\x1b[1m"
	sgrRed    = "\x1b[31m"
	sgrGreen  = "\x1b[32m"
	sgrYellow = "\x1b[33m"
	sgrDim    = "\x1b[2m"
	sgrReset  = "\x1b[0m"
)

func (s *session) paint(sgr, text string) string {
	if s.color != "always" || text == "" {
		return text
	}
	return sgr + text + sgrReset
}

func (s *session) bold(text string) string { return s.paint(sgrBold, text) }
