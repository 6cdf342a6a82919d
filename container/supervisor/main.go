// Supervisor is the entrypoint of the live editor's image. It keeps docs/container-contract.md for whatever runs behind it.
//
//	supervisor            serve until SIGTERM
//	supervisor -check     say what is wrong with the environment and the image's file, and end
//	supervisor -version   print the version of the leases and of the protocol between tasks
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/host"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/process"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
)

// The kernel gives a signal to a process's first thread, if it takes it, and asks no other when that one waits for a file system that
// hangs: SIGTERM would be heard when it goes on (signal(7); kernel/signal.c, complete_signal). So the first thread is main's, which only
// waits.
func init() { runtime.LockOSThread() } //nolint:gochecknoinits // only what init locks is the first thread

func main() {
	process.Shim()
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("supervisor", flag.ContinueOnError)
	check := flags.Bool("check", false, "say what is wrong with the environment and the image's file, and end")
	version := flags.Bool("version", false, "print the version and end")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *version {
		_, err := fmt.Fprintf(out, "supervisor %s, leases and peers of version %d\n", revision(), lease.Version)
		return err
	}
	settings, err := config.ReadSettings(os.Getenv)
	file, fileErr := config.ReadFile(settings.File)
	if err = errors.Join(err, fileErr); err != nil {
		return err
	}
	if *check {
		_, err := fmt.Fprintf(out, "environment and %s are right\n", settings.File)
		return err
	}
	if os.Getenv("GOGC") == "" {
		// Little is live, so that the collector would run every few hundred requests, and what it takes of two cores is felt by one in a
		// hundred of them. Four times as seldom costs some 15 MB at most.
		const percent = 400
		debug.SetGCPercent(percent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return host.New(settings, file, telemetry.New(out, settings.Client)).Run(ctx)
}

// revision is the commit that the binary was built from.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "of an unknown commit"
}
