// Command calibrate holds measured wakes against the model of docs/simulation.md, and fits the model's times to them. It reads the records
// that the scaler and the container's supervisor write into their logs, or the JSON of cmd/probe.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

const usage = `Usage: calibrate [options] [FILE...]

Reads FILEs, or standard input: log lines of the scaler and of the tasks (JSON, as they are or with a time before them), the JSON of
CloudWatch Logs' filter-log-events, or that of the probe. Says what each part of a wake took, what the model says of it, and how
far off the model is; then the lines for cmd/simulate/timing/timing.go.

`

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintf(os.Stderr, "calibrate: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	setup, files, err := parse(args)
	if err != nil {
		return err
	}
	found := samples{}
	if len(files) == 0 {
		if err := found.read("standard input", in); err != nil {
			return err
		}
	}
	for _, name := range files {
		if err := found.readFile(name); err != nil {
			return err
		}
	}
	wakes := found.wakes()
	if len(wakes) == 0 {
		return fmt.Errorf("no wake in what was read: expected log lines with the message %q, or the JSON of cmd/probe", wokenMessage)
	}
	return tell(out, &setup, wakes)
}

var places = map[string]timing.Dependencies{"efs": timing.OnEFS, "unpacked": timing.Unpacked, "image": timing.InTheTask}

// parse reads what the stack is that was measured; the model's times depend on it.
func parse(args []string) (timing.Setup, []string, error) {
	setup := timing.Specified
	flags := flag.NewFlagSet("calibrate", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	flags.Float64Var(&setup.ImageMB, "image-mb", setup.ImageMB, "compressed size of the image")
	flags.BoolVar(&setup.SOCI, "soci", false, "the image has a SOCI index")
	flags.Float64Var(&setup.CPU, "cpu", setup.CPU, "vCPUs of a task")
	flags.BoolVar(&setup.HealthWaits, "health-waits", false, "the image is without the supervisor: its health check waits for the dev server")
	where := flags.String("dependencies", "efs", "where node_modules are: efs, unpacked (to the task's disk) or image")
	interval := flags.Int("health-interval", int(setup.HealthInterval/time.Second), "seconds between health checks")
	if err := flags.Parse(args); err != nil {
		return setup, nil, err
	}
	place, known := places[*where]
	if !known {
		return setup, nil, fmt.Errorf("-dependencies is %q: expected efs, unpacked or image", *where)
	}
	if setup.ImageMB <= 0 || setup.CPU <= 0 || *interval <= 0 {
		return setup, nil, fmt.Errorf("-image-mb is %g, -cpu %g and -health-interval %d: expected numbers above 0",
			setup.ImageMB, setup.CPU, *interval)
	}
	setup.Dependencies, setup.HealthInterval = place, time.Duration(*interval)*time.Second
	return setup, flags.Args(), nil
}
