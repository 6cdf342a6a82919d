package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// options are the command line.
type options struct {
	url, cloudfront string
	sandbox, state  string
	outputs         string
	header          http.Header
	wakes           int
	limits          report.Limits
	foundation      bool
	readers         []string
	values          bool
	accept          []string
	json            bool
}

const help = `Measures a deployed stack as a user would, and prints a table of what it found
against the acceptance criteria of the specification.

  go run ./cmd/probe [flags] https://edit.<zone>
  go run ./cmd/probe -sandbox NAME [flags]

In this order: DNS; TLS; the redirect from http://; the load balancer's default
answer; with -wakes 1 or more a wake from zero, then API, preview, %d sessions at
once, CloudFront (-cloudfront) and a WebSocket that stays open; with -wakes 2 or
more how long it takes to fall asleep, with a silent tab open, and whether the
workspace is still there after the next wake. With -foundation, through the AWS
API: registry, image, secrets and who may read them, file system, outputs.

It writes nothing but check files in the workspace, and deletes them; Ctrl-C
prints what was measured and deletes them too (a second Ctrl-C leaves them).
A service that is in use is not put to sleep: the probe waits until it sleeps.

What it costs: each wake runs a task for about %d minutes, the idle time included,
which is $%.3f; the default of two wakes takes about %d minutes and $%.2f.
-wakes 0 costs nothing.

Exit codes: 0 every criterion that was measured passed; 1 one failed (unless it
was named with -accept); 2 wrong use; 3 something that was asked for could not be
measured, or the run was interrupted. "go run" turns all but 0 into 1; what this
builds keeps them:

  go build -o probe ./cmd/probe

Flags:
`

// readOptions reads the command line.
func readOptions(args []string, notes io.Writer) (*options, error) {
	o := &options{limits: report.DefaultLimits(), header: http.Header{}}
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(notes)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(notes, help, o.limits.Sessions, minutesPerWake, wakeCost(1), minutesPerRun(2), wakeCost(2))
		flags.PrintDefaults()
	}
	flags.StringVar(&o.cloudfront, "cloudfront", "", "also measure through CloudFront, at this `URL` (https://www.<zone>)")
	flags.StringVar(&o.sandbox, "sandbox", "", "measure the stack of this `NAME` that the sandbox serves on this machine")
	flags.StringVar(&o.state, "state", ".sandbox", "`directory` that keeps the sandbox")
	flags.IntVar(&o.wakes, "wakes", 2,
		fmt.Sprintf("wakes from zero to measure; between two it has to fall asleep, which takes about %d minutes", minutesPerSleep))
	socket := flags.Float64("socket", o.limits.Socket.Minutes(), "`minutes` for which the WebSocket has to stay open")
	idle := flags.Float64("idle", o.limits.Idle.Minutes(), "idle `minutes` until it sleeps, the stack's autoShutdownMinutes")
	flags.BoolVar(&o.foundation, "foundation", false, "also check the foundation through the AWS API, with the usual credentials")
	flags.StringVar(&o.outputs, "outputs", "",
		"`file` with the stack's outputs for -foundation, from `pulumi stack output --json` (- for standard input)")
	flags.Func("reader", "`ROLE` that may read the secrets besides the execution and task roles; may be repeated", func(role string) error {
		o.readers = append(o.readers, role)
		return nil
	})
	flags.BoolVar(&o.values, "secret-values", false,
		"with -foundation, also read the secrets' values, to see that none ends with a line break; nothing of them is printed, but the audit "+
			"trail's alarm reports it")
	flags.Func("header", "`NAME: VALUE` to send with every request, such as a session's cookie; may be repeated", o.addHeader)
	flags.Func("accept", "`ID` of a criterion whose failure is known and does not fail the run, such as wake-time; may be repeated",
		o.addAccepted)
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, fmt.Errorf("%w (`probe -help` explains the flags)", err)
	}
	o.limits.Socket, o.limits.Idle = minutes(*socket), minutes(*idle)
	return o, o.check(flags.Args())
}

func minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

func (o *options) addHeader(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return fmt.Errorf("%q: expected NAME: VALUE", text)
	}
	o.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

func (o *options) addAccepted(id string) error {
	criteria := report.Criteria(&o.limits)
	if !slices.ContainsFunc(criteria, func(c report.Criterion) bool { return c.ID == id }) {
		ids := make([]string, len(criteria))
		for i, c := range criteria {
			ids[i] = c.ID
		}
		return fmt.Errorf("%q is no criterion; there are %s", id, strings.Join(ids, ", "))
	}
	o.accept = append(o.accept, id)
	return nil
}

// check says everything that is wrong at once.
func (o *options) check(rest []string) error {
	var faults []error
	switch {
	case len(rest) > 1:
		faults = append(faults, fmt.Errorf("one URL at a time, not %q; flags go before it", rest))
	case len(rest) == 1 && o.sandbox != "":
		faults = append(faults, fmt.Errorf("either -sandbox %s or the URL %s", o.sandbox, rest[0]))
	case len(rest) == 0 && o.sandbox == "":
		faults = append(faults, errors.New("where is it? Give the URL, such as https://edit.example.com, or -sandbox NAME"))
	case len(rest) == 1:
		o.url = rest[0]
	}
	if o.wakes < 0 {
		faults = append(faults, fmt.Errorf("-wakes %d: expected 0 or more", o.wakes))
	}
	if o.limits.Socket < 0 {
		faults = append(faults, fmt.Errorf("-socket %g: expected 0 or more minutes", o.limits.Socket.Minutes()))
	}
	if o.limits.Idle < time.Minute {
		faults = append(faults, fmt.Errorf("-idle %g: expected 1 or more minutes", o.limits.Idle.Minutes()))
	}
	if o.outputs != "" && !o.foundation {
		faults = append(faults, errors.New("-outputs is for -foundation, which is not given"))
	}
	if o.foundation && o.outputs == "" && o.sandbox == "" {
		faults = append(faults, errors.New(
			"-foundation needs the stack's outputs: `pulumi stack output --json > outputs.json` and -outputs outputs.json"))
	}
	if o.values && !o.foundation {
		faults = append(faults, errors.New("-secret-values is for -foundation, which is not given"))
	}
	return errors.Join(faults...)
}
