// Command bench measures what people who change this program wait for: previews and updates in the sandbox, the cold
// build, the mocked tests, and how a preview grows with the number of clients; and what the scaler costs: its decision,
// its package, its start and its AWS calls. It prints medians with the machine's shape, in Markdown, for
// docs/performance.md.
//
//	go run ./tools/bench [-part program|scaler] [-runs 10] [-cold 1] [-clients 1,10,100,1000]
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
	part := flag.String("part", "", "measure only this: program or scaler")
	flag.Parse()
	counts, err := parseCounts(*clients)
	if err != nil {
		return err
	}
	if *part != "" && *part != "program" && *part != "scaler" {
		return fmt.Errorf("-part %q: expected program or scaler", *part)
	}
	fmt.Printf("%s, %d cores, %s memory, %s, %s, load %s\n\n", time.Now().UTC().Format("2006-01-02"),
		runtime.NumCPU(), memoryTotal(), runtime.Version(), cpuModel(), load())
	if *part != "scaler" {
		if err := program(ctx, *runs, *cold, counts); err != nil {
			return err
		}
	}
	if *part == "program" {
		return nil
	}
	if *part == "" {
		fmt.Println()
	}
	return scalerTable(ctx, *runs)
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
