package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/webordinary/live-edit/functions/awslogin"
	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// command is the function as a command: it shows what the function would do to a live distribution or to a configuration in a
// file, and does it when asked. It comes with what it needs from outside.
type command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Distributions reaches CloudFront; it is asked for only where a live distribution is meant.
	Distributions func(ctx context.Context) (*distribution.Applier, error)
}

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run runs the command and returns its exit code.
func (c *command) Run(ctx context.Context, args []string) int {
	err := c.run(ctx, args)
	var misused errUsage
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.As(err, &misused):
		c.note("behaviors: %v\nbehaviors -help shows the usage.\n", err)
		return exitUsage
	default:
		c.note("behaviors: %v\n", awslogin.Explain(err))
		return exitFailed
	}
}

func (c *command) run(ctx context.Context, args []string) error {
	o, err := parseOptions(args, c.Stderr)
	if err != nil {
		return err
	}
	if o.config != "" {
		return c.file(o)
	}
	live, err := c.Distributions(ctx)
	if err != nil {
		return err
	}
	if o.apply {
		return c.apply(ctx, o, live)
	}
	plan, err := live.Plan(ctx, o.distribution, o.planner())
	if err != nil {
		return err
	}
	return c.show("distribution "+o.distribution, o.input.Rights, plan, document.ParseXML)
}

// planner is what the action does to a configuration.
func (o options) planner() distribution.Planner {
	owners := merge.Owners{o.input.Owner}
	if o.action == invocation.Delete {
		return func(doc *document.Document) (merge.Plan, error) { return merge.Remove(doc, owners, o.input.Behaviors) }
	}
	return func(doc *document.Document) (merge.Plan, error) { return merge.Ensure(doc, o.input, owners) }
}

// file works on a configuration in a file.
func (c *command) file(o options) error {
	text, err := c.read(o.config)
	if err != nil {
		return fmt.Errorf("-config: %w", err)
	}
	doc, err := document.ParseJSON(text)
	if err != nil {
		return fmt.Errorf("-config %s: %w", o.config, err)
	}
	plan, err := o.planner()(doc)
	switch {
	case err != nil:
		return fmt.Errorf("-config %s: %w", o.config, err)
	case o.plan:
		return c.show(o.config, o.input.Rights, plan, document.ParseJSON)
	}
	c.note("%s", summary(o.config, plan))
	if _, err := c.Stdout.Write(plan.After); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func (c *command) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.Stdin)
	}
	return os.ReadFile(name) //nolint:gosec // reading the file that the user names is what the flag is for
}

// apply changes the live distribution.
func (c *command) apply(ctx context.Context, o options, live *distribution.Applier) error {
	out, err := live.Apply(ctx, o.distribution, o.planner())
	if errors.Is(err, distribution.ErrGone) && o.action == invocation.Delete {
		c.note("distribution %s does not exist, so nothing of ours is in it\n", o.distribution)
		return nil
	}
	if err != nil {
		return err
	}
	out.Plan.Changes = out.Changes
	c.note("%s", summary("distribution "+o.distribution, out.Plan))
	return nil
}

// show prints what would change, in words and as a difference.
func (c *command) show(
	name string, granted []string, plan merge.Plan, parse func([]byte) (*document.Document, error),
) error {
	before, err := parse(plan.Before)
	if err != nil {
		return err
	}
	after, err := parse(plan.After)
	if err != nil {
		return err
	}
	text := summary(name, plan) + rightsNote(plan.MissingRights(granted))
	if difference := document.Diff(before.Config(), after.Config()); difference != "" {
		text += "\n" + difference
	}
	if _, err := io.WriteString(c.Stdout, text); err != nil {
		return fmt.Errorf("write the difference: %w", err)
	}
	return nil
}

// summary is the plan in words.
func summary(name string, plan merge.Plan) string {
	var b strings.Builder
	if plan.Empty() {
		fmt.Fprintf(&b, "%s: nothing to change\n", name)
	} else {
		fmt.Fprintf(&b, "%s: %d to change\n", name, len(plan.Changes))
	}
	for _, change := range plan.Changes {
		fmt.Fprintf(&b, "  %s\n", change)
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	return b.String()
}

// rightsNote says what the function lacks, and how it gets it.
func rightsNote(missing []spec.Right) string {
	if len(missing) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("the distribution's settings ask whoever changes it for further rights; in the stack's configuration:\n" +
		"  distributionRights:\n")
	for _, right := range missing {
		fmt.Fprintf(&b, "    - %s # %s: %s\n", right.ARN, right.Setting, strings.Join(right.Actions, ", "))
	}
	return b.String()
}

// note writes for the person at the terminal. Nothing depends on it arriving.
func (c *command) note(format string, args ...any) { _, _ = fmt.Fprintf(c.Stderr, format, args...) }
