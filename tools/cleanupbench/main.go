// Command bench measures the workspace cleanup: how fast it scans against
// find(1), how fast it compresses against gzip(1), how much memory it needs, how
// time grows with the tree, and what many operations at once gain where each
// takes 2 ms, as on a network file system.
//
//	go run ./tools/cleanupbench          # trees of up to 100,000 threads, a minute or two
//	go run ./tools/cleanupbench -full    # up to a million threads, some ten minutes and 8 GB below -dir
//
// All ratios are of measurements of the same run on the same tree, taken turn by
// turn, the best of several each. The trees are made below -dir and removed at
// the end. The output is Markdown, for docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
)

// sizes are what is measured.
type sizes struct {
	scan     []int // threads in the trees that are scanned, rising; the last is scanned with latency too
	pack     int   // threads to compress, of each kind
	one      int   // threads scanned one at a time, with latency
	attempts int   // of each scan; the best counts
}

var (
	quick = sizes{scan: []int{10_000, 100_000}, pack: 1_000, one: 300, attempts: 5}
	full  = sizes{scan: []int{10_000, 100_000, 1_000_000}, pack: 4_000, one: 2_000, attempts: 5}
)

// source is what is measured.
const source = "github.com/webordinary/live-edit/functions/cleanup"

func main() {
	isFull := flag.Bool("full", false, "measure a tree of a million threads")
	dir := flag.String("dir", os.TempDir(), "`directory` for the trees")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *dir, *isFull)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, isFull bool) (err error) {
	dir, err = os.MkdirTemp(dir, "cleanup-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := bench{ctx: ctx, dir: dir, sizes: quick, program: filepath.Join(dir, "cleanup")}
	if isFull {
		b.sizes = full
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.program, source) //nolint:gosec // our own
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the command: %w\n%s", err, out)
	}
	fmt.Printf("Workspace cleanup: %d cores, %s, load %s at the beginning\n", runtime.NumCPU(), runtime.Version(), load())
	for _, measure := range []func() error{b.scanning, b.latency, b.compressing} {
		if err := measure(); err != nil {
			return err
		}
	}
	b.printGoals()
	fmt.Printf("\nLoad at the end: %s\n", load())
	return nil
}

// load is the machine's, without which no figure means much.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}
