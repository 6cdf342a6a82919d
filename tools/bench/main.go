// Command bench measures what people who change this program wait for: previews and updates in the sandbox, the cold
// build, the mocked tests, and how a preview grows with the number of clients; and what the scaler costs: its decision,
// its package, its start and its AWS calls; the workspace cleanup against find and gzip; and the supervisor against the
// process behind it. It prints medians with the
// machine's shape, in Markdown, for docs/performance.md.
//
//	go run ./tools/bench [-part program|scaler|cleanup|supervisor] [-runs 10] [-cold 1] [-clients 1,10,100,1000] [-full]
//
// `make bench FULL=1` is the same as -full: the cleanup of a million threads, some ten minutes more.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	runs := flag.Int("runs", 10, "runs of each measurement")
	cold := flag.Int("cold", 1, "cold builds, each a minute or more")
	clients := flag.String("clients", "1,10,100,1000", "numbers of clients to preview")
	part := flag.String("part", "", "measure only this: program, scaler, cleanup or supervisor")
	full := flag.Bool("full", os.Getenv("FULL") != "", "let the cleanup work on a million threads; also FULL=1 in the environment")
	flag.Parse()
	counts, err := parseCounts(*clients)
	if err != nil {
		return err
	}
	parts := []struct {
		name    string
		measure func() error
	}{
		{"program", func() error { return program(ctx, *runs, *cold, counts) }},
		{"scaler", func() error { return scalerTable(ctx, *runs) }},
		{"cleanup", func() error { return cleanup(ctx, *full) }},
		{"supervisor", func() error { return supervisor(ctx, *runs/2+1) }},
	}
	fmt.Printf("%s, %d cores, %s memory, %s, %s, load %s\n", time.Now().UTC().Format("2006-01-02"),
		runtime.NumCPU(), memoryTotal(), runtime.Version(), cpuModel(), load())
	known := false
	for _, p := range parts {
		if *part != "" && *part != p.name {
			continue
		}
		known = true
		fmt.Println()
		if err := p.measure(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if !known {
		return fmt.Errorf("-part %q: expected program, scaler, cleanup or supervisor", *part)
	}
	return nil
}

// program measures the program and the sandbox.
func program(ctx context.Context, runs, cold int, clients []int) error {
	bench, err := newBench(ctx, runs)
	if err != nil {
		return err
	}
	defer bench.close()
	fmt.Println("| What | Runs | Median | Fastest | Slowest | Peak memory |\n|---|---:|---:|---:|---:|---:|")
	for _, step := range []func(context.Context) error{
		bench.sandbox, bench.mockedTests, func(ctx context.Context) error { return bench.coldBuild(ctx, cold) },
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return bench.growth(ctx, clients)
}

func parseCounts(list string) ([]int, error) {
	var counts []int
	for _, item := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(item))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-clients %q: expected numbers from 1, separated by commas", list)
		}
		counts = append(counts, n)
	}
	return counts, nil
}
