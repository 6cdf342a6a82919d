// Command probe measures a deployed stack as a user would, and holds what it finds against the specification:
//
//	go run ./cmd/probe https://edit.example.com
//	go run ./cmd/probe -cloudfront https://www.example.com -foundation https://edit.example.com
//	go run ./cmd/probe -sandbox prod
//
// It writes nothing but check files of its own in the workspace, and deletes them. `probe -help` tells the rest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // a workflow that is cancelled sends both
	os.Exit(run(context.Background(), os.Args[1:], &terminal{out: os.Stdout, notes: os.Stderr, interrupts: signals}))
}

// terminal is where a run prints, and how it is interrupted.
type terminal struct {
	out, notes io.Writer
	interrupts <-chan os.Signal
}

// run reads the command line, measures, and prints. It returns the exit code.
func run(ctx context.Context, args []string, at *terminal) int {
	options, err := readOptions(args, at.notes)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return report.ExitPass
	case err != nil:
		_, _ = fmt.Fprintln(at.notes, "probe:", err)
		return report.ExitUsage
	}
	found, err := probe(ctx, options, at)
	if err == nil {
		err = write(at.out, found, options)
	}
	if err != nil {
		_, _ = fmt.Fprintln(at.notes, "probe:", err)
		return report.ExitUnmeasured
	}
	return found.ExitCode()
}

func write(out io.Writer, found *report.Report, options *options) error {
	if options.json {
		return found.JSON(out)
	}
	return found.Text(out)
}
