// Command cost prices a deployed stack from its export.
//
//	go run ./sandbox export --stack prod | go run ./cmd/cost -hours 10
//	pulumi stack export --stack prod     | go run ./cmd/cost -hours 10 -json
//
// A terminal gets a table, everything else Markdown.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/webordinary/live-edit/cost"
)

func main() {
	switch err := run(os.Args[1:], os.Stdin, os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("cost", flag.ContinueOnError)
	hours := flags.Float64("hours", cost.GoalHours, "hours of editing a month")
	session := flags.Float64("session", 30, "minutes of one session; each ends with a billed idle tail")
	export := flags.String("export", "-", "stack export to price, - for standard input")
	asJSON := flags.Bool("json", false, "print the estimate as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *export != "-" {
		file, err := os.Open(*export)
		if err != nil {
			return fmt.Errorf("open the stack export: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	stack, err := cost.ReadStack(in)
	if err != nil {
		return err
	}
	usage := cost.DefaultUsage(*hours)
	usage.SessionMinutes = *session
	estimate, err := cost.NewEstimate(stack, usage)
	if err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(estimate)
	}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return estimate.Table(out)
	}
	return estimate.Markdown(out)
}
