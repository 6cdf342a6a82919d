// Command cleanup keeps the workspaces' thread files small and few: it
// compresses threads that are idle, deletes those nobody has used for long, and
// archives the workspaces of users who are gone.
//
// In AWS Lambda it is the handler of a daily schedule, with the workspaces'
// access point mounted and its settings in the environment (package config).
// On a command line it does the same to any directory:
//
//	go run ./functions/cleanup -root DIR -dry-run
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// memoryLimit makes the garbage collector work harder long before the
// function's memory is used up.
const memoryLimit = 64 << 20

// waitingPerCore is how many goroutines may be in system calls for each one
// that computes. A goroutine that waits for the file system keeps its place to
// run (GOMAXPROCS) until the runtime notices, which takes it up to 10 ms; with
// as many places as cores, cores stand idle while an fsync(2) of a millisecond
// has them. Four make compressing a third faster (docs/performance.md).
const waitingPerCore = 4

// maxPlaces is for machines with many cores: more are of no use to the workers
// that there are by default.
const maxPlaces = 128

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if places := runtime.GOMAXPROCS(0); os.Getenv("GOMAXPROCS") == "" && places < maxPlaces {
		runtime.GOMAXPROCS(min(waitingPerCore*places, maxPlaces))
	}
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		os.Exit(serve())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
