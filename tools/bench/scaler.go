package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// metrics are the values of one benchmark by unit, one for each run.
type metrics map[string][]float64

// scalerRow is one line of the scaler's table: a benchmark's value, how it is written, and the goal it is held against.
type scalerRow struct {
	what, benchmark, unit string
	write                 func(float64) string
	goal                  float64
}

var scalerRows = []scalerRow{
	{"Decision, asleep", "BenchmarkDecide/asleep_tick", "ns/op", microseconds, 2000},
	{"Decision, awake", "BenchmarkDecide/awake_tick", "ns/op", microseconds, 2000},
	{"Decision, waking", "BenchmarkDecide/waking_look", "ns/op", microseconds, 2000},
	{"Decision, draining", "BenchmarkDecide/draining_tick", "ns/op", microseconds, 2000},
	{"Allocations of a decision", "BenchmarkDecide/awake_tick", "allocs/op", plain(""), 0},
	{"Zip (arm64)", "BenchmarkPackage", "MB-zip", plain(" MB"), 6},
	{"Start of the binary to its first answer", "BenchmarkColdStart", "ns/op", milliseconds, 60e6},
	{"Peak memory of that", "BenchmarkColdStart", "MB-peak", plain(" MB"), 40},
	{"AWS calls of a tick, at most, asleep", "BenchmarkTicks", "calls-asleep", plain(""), 6},
	{"AWS calls of a tick, at most, awake", "BenchmarkTicks", "calls-awake", plain(""), 8},
	{"AWS calls of a tick, at most, draining", "BenchmarkTicks", "calls-draining", plain(""), 8},
	{"AWS calls of a tick, at most, waking", "BenchmarkTicks", "calls-waking", plain(""), 8},
}

// pageRows are measured where there is a browser.
var pageRows = []scalerRow{
	{"Waiting page, first contentful paint, slowest of five", "BenchmarkWaitingPage", "ms-paint", plain(" ms"), 300},
	{"Waiting page, published site behind it, slowest of five", "BenchmarkWaitingPage", "ms-site", plain(" ms"), 1000},
}

func microseconds(ns float64) string { return fmt.Sprintf("%.2f µs", ns/1e3) }
func milliseconds(ns float64) string { return fmt.Sprintf("%.1f ms", ns/1e6) }

func plain(unit string) func(float64) string {
	return func(v float64) string { return fmt.Sprintf("%.4g%s", v, unit) }
}

// scalerTable runs the benchmarks of functions/scaler and prints them against their goals.
func scalerTable(ctx context.Context, runs int) error {
	found := map[string]metrics{}
	for _, part := range []struct{ pkg, bench, time string }{
		{"./functions/scaler/decide", "Decide", "100000x"},
		{"./functions/scaler", "Ticks", "10x"},
		{"./functions/scaler", "ColdStart", "1x"},
	} {
		if err := goBench(ctx, found, runs, part.pkg, "-bench="+part.bench, "-benchtime="+part.time); err != nil {
			return err
		}
	}
	if err := goBench(ctx, found, 1, "./functions/scaler", "-bench=Package", "-benchtime=1x"); err != nil { // the same every time
		return err
	}
	rows := scalerRows
	if _, err := exec.LookPath("chromium"); err == nil {
		if err := goBench(ctx, found, runs, "./functions/scaler/requests", "-bench=WaitingPage", "-benchtime=5x"); err != nil {
			return err
		}
		rows = append(slices.Clone(rows), pageRows...)
	} else {
		fmt.Fprintln(os.Stderr, "bench: no chromium on the PATH, so the waiting page is not measured")
	}
	fmt.Print("| Scaler | Runs | Median | Least | Most | Goal |\n|---|---:|---:|---:|---:|---|\n")
	for _, row := range rows {
		line, err := row.line(found)
		if err != nil {
			return err
		}
		fmt.Println(line)
	}
	return nil
}

// line compares the median with the goal.
func (r *scalerRow) line(found map[string]metrics) (string, error) {
	values := slices.Clone(found[r.benchmark][r.unit])
	if len(values) == 0 {
		return "", fmt.Errorf("%s reported no %s", r.benchmark, r.unit)
	}
	slices.Sort(values)
	middle := (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	verdict := "met"
	if middle > r.goal {
		verdict = "missed"
	}
	return fmt.Sprintf("| %s | %d | %s | %s | %s | at most %s: %s |", r.what, len(values), r.write(middle), r.write(values[0]),
		r.write(values[len(values)-1]), r.write(r.goal), verdict), nil
}

// goBench runs benchmarks and adds what they report to found.
func goBench(ctx context.Context, found map[string]metrics, runs int, pkg string, args ...string) error {
	args = append([]string{"test", "-run=^$", "-benchmem", fmt.Sprintf("-count=%d", runs)}, append(args, pkg)...)
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	parseBenchmarks(output, found)
	return nil
}

// parseBenchmarks reads lines such as "BenchmarkDecide/awake_tick-2  100000  123.4 ns/op  0 allocs/op".
func parseBenchmarks(output []byte, found map[string]metrics) {
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 { // the number of processors
			name = name[:i]
		}
		if found[name] == nil {
			found[name] = metrics{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				found[name][fields[i+1]] = append(found[name][fields[i+1]], value)
			}
		}
	}
}
