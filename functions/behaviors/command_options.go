package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

const usage = `Usage:
  behaviors -distribution ID -plan      show what would change in a live distribution
  behaviors -distribution ID -apply     change it
  behaviors -config FILE                print the resulting configuration
  behaviors -config FILE -plan          show what would change in it

FILE holds what "aws cloudfront get-distribution-config --id ID" printed, with or without the ETag around it; - is
standard input. The action is create unless -action says otherwise.

Flags:
`

// options are the parsed flags.
type options struct {
	distribution, config string
	plan, apply          bool
	action               invocation.Action
	input                spec.Input
}

// actions are those that the command line can ask for.
var actions = []invocation.Action{invocation.Create, invocation.Update, invocation.Delete}

// parseOptions reads the flags, and names every one that is wrong.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	var action, owner string
	var origin spec.Origin
	flags := flag.NewFlagSet("behaviors", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = io.WriteString(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.distribution, "distribution", "", "`ID` of the live distribution")
	flags.StringVar(&o.config, "config", "", "`FILE` with a distribution configuration")
	flags.BoolVar(&o.plan, "plan", false, "show the difference and change nothing")
	flags.BoolVar(&o.apply, "apply", false, "change the live distribution")
	flags.StringVar(&action, "action", string(invocation.Create), "create, update or delete")
	flags.StringVar(&origin.DomainName, "origin-domain", "edit.ameliastamps.com", "`HOST` name of the origin")
	flags.StringVar(&origin.ID, "origin-id", "alb-origin", "`NAME` of the origin in the distribution")
	flags.StringVar(&owner, "owner", "webordinary-live-edit/prod", "`MARK` of what is ours: project/stack")
	var quotas spec.Quotas
	flags.IntVar(&quotas.Behaviors, "behavior-quota", spec.DefaultBehaviorQuota, "`NUMBER` of behaviors that the account may have")
	flags.IntVar(&quotas.Origins, "origin-quota", spec.DefaultOriginQuota, "`NUMBER` of origins that the account may have")
	var granted string
	flags.StringVar(&granted, "rights", "", "`ARNS`, separated by commas, of distributionRights in the stack's configuration")
	if err := flags.Parse(args); err != nil {
		return options{}, errUsage{err}
	}
	o.action = invocation.Action(action)
	o.input = spec.LiveEdit(o.distribution, owner, origin).WithDefaults()
	o.input.Quotas = quotas
	if granted != "" {
		o.input.Rights = strings.Split(granted, ",")
	}
	if err := errors.Join(append(o.faults(), extra(flags.Args()))...); err != nil {
		return options{}, errUsage{err}
	}
	return o, nil
}

// errUsage is a fault of the command line.
type errUsage struct{ error }

func (e errUsage) Unwrap() error { return e.error }

func extra(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q: unexpected, everything is given by flags", args)
}

func (o options) faults() []error {
	var faults []error
	add := func(wrong bool, text string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(text, args...))
		}
	}
	live := o.distribution != ""
	add(live == (o.config != ""), "-distribution, -config: want exactly one of them")
	add(o.plan && o.apply, "-plan, -apply: want one of them")
	add(live && !o.plan && !o.apply, "-distribution: want -plan to look, or -apply to change it")
	add(!live && o.apply, "-apply: changes a live distribution, so it wants -distribution")
	add(!slices.Contains(actions, o.action), "-action: %q, want create, update or delete", o.action)
	if err := o.validate(live); err != nil {
		faults = append(faults, err)
	}
	return faults
}

// validate checks the input as far as the action uses it.
func (o options) validate(live bool) error {
	switch {
	case !live:
		return o.input.ValidateContent()
	case o.action == invocation.Delete:
		return o.input.ValidateForDelete()
	default:
		return o.input.Validate()
	}
}
