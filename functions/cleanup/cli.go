package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/report"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// Exit codes of the command.
const (
	exitOK       = 0
	exitFailure  = 1 // the run failed, or the file system did
	exitUsage    = 2 // the arguments make no sense
	exitBusy     = 3 // another run holds the lock
	exitSignaled = 130
)

// streams are where the command writes.
type streams struct{ out, err io.Writer }

// arguments are what the command line says.
type arguments struct {
	root    string
	json    bool
	maxTime time.Duration
	sweep   sweep.Config
}

const usage = `Usage: cleanup -root DIR [flags]

Looks through DIR/<client>/<user>/.claude/threads: threads, which are called
` + filetype.Patterns + `, are compressed if they are idle, and deleted
if nobody has used them for long. With -archive-after, the
workspaces of users who are gone are packed into DIR/<client>/_archive. How idle
a thread is follows from its modification time or from what its JSON says of its
last activity, whichever is later. Start with -dry-run.

Exit code 0: done (or out of time, if -max-time is given); 1: something failed;
2: wrong arguments; 3: another run is at work on DIR; 130: interrupted.

Flags:
`

// parse reads the command line. An error has been reported to the stream.
func parse(args []string, s streams) (arguments, error) {
	a := arguments{sweep: sweep.DefaultConfig()}
	c := &a.sweep
	flags := flag.NewFlagSet("cleanup", flag.ContinueOnError)
	flags.SetOutput(s.err)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&a.root, "root", "", "`directory` that holds the clients (required)")
	flags.BoolVar(&c.DryRun, "dry-run", false, "change nothing, count what would be done")
	flags.BoolVar(&a.json, "json", false, "print the summary as JSON")
	flags.DurationVar(&c.Ages.Compress, "compress-after", c.Ages.Compress, "compress threads idle for so long")
	flags.DurationVar(&c.Ages.Delete, "delete-after", c.Ages.Delete, "delete threads idle for so long")
	flags.DurationVar(&c.Ages.Archive, "archive-after", 0,
		"archive users idle for so long; 0 is off, 2160h are 90 days")
	flags.DurationVar(&c.Settle, "settle", c.Settle,
		"remove originals only after so long without a change; a second is enough\n"+
			"where the file system tells who has a file open (local disks)")
	flags.DurationVar(&a.maxTime, "max-time", 0, "stop after so long; the next run starts with what is left; 0 is no limit")
	flags.IntVar(&c.Workers, "workers", c.Workers, "file operations in flight")
	flags.IntVar(&c.Packers, "packers", c.Packers, "files read or compressed at once, about 1 MB of memory each")
	flags.Int64Var(&c.MaxThread, "max-thread-bytes", c.MaxThread, "leave larger threads alone")
	flags.Int64Var(&c.MaxArchive, "max-archive-bytes", c.MaxArchive, "leave larger workspaces alone")
	if err := flags.Parse(args); err != nil {
		return a, err
	}
	return a, a.check(flags, s)
}

// check reports everything that is wrong at once.
func (a arguments) check(flags *flag.FlagSet, s streams) error {
	var faults []error
	if a.root == "" {
		faults = append(faults, errors.New("-root is missing: expected the directory that holds the clients"))
	}
	if flags.NArg() > 0 {
		faults = append(faults, fmt.Errorf("%q: expected flags only", flags.Args()))
	}
	if a.maxTime < 0 {
		faults = append(faults, fmt.Errorf("-max-time %s: expected 0 (no limit) or more", a.maxTime))
	}
	for _, f := range a.sweep.Faults() {
		faults = append(faults, fmt.Errorf("-%s %s: expected %s", f.Key, f.Value, f.Expected))
	}
	err := errors.Join(faults...)
	if err != nil {
		fmt.Fprintf(s.err, "%v\nSee cleanup -help.\n", err)
	}
	return err
}

// command runs the command line and returns the exit code.
func command(ctx context.Context, args []string, s streams) int {
	a, err := parse(args, s)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	summary, err := a.run(ctx, s)
	if err != nil {
		fmt.Fprintln(s.err, "cleanup:", err)
		if errors.Is(err, sweep.ErrBusy) {
			return exitBusy
		}
		return exitFailure
	}
	if err := a.print(summary, s.out); err != nil {
		fmt.Fprintln(s.err, "cleanup:", err)
		return exitFailure
	}
	switch {
	case ctx.Err() != nil:
		return exitSignaled
	case summary.Failed() > 0:
		return exitFailure
	default:
		return exitOK
	}
}

var errMaxTime = errors.New("-max-time is over")

func (a arguments) run(ctx context.Context, s streams) (report.Summary, error) {
	root, err := fsx.Open(a.root)
	if err != nil {
		return report.Summary{}, err
	}
	if a.maxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.maxTime, errMaxTime)
		defer cancel()
	}
	tally := &report.Tally{}
	progress := startProgress(tally, s.err, a.json)
	summary, err := sweep.Run(ctx, sweep.Options{
		Config: a.sweep, Root: root, Clock: systemClock{}, Tally: tally,
		Log: slog.New(slog.NewTextHandler(progress, nil)),
	})
	progress.stop()
	return summary, errors.Join(err, root.Close())
}

func (a arguments) print(summary report.Summary, out io.Writer) error {
	if !a.json {
		return summary.Table(out)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(summary)
}

// isTerminal says whether people are watching.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
