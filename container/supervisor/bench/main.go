// Command bench measures the supervisor against the processes behind it: requests through it and through a second task, against the same
// process asked directly; how soon it listens; and how much memory it takes with three sessions and a hundred open sockets.
//
//	go run ./container/supervisor/bench [-rounds 5]
//
// All ratios are of measurements of the same run, taken turn by turn; each figure is the median of the rounds. The output is Markdown, for
// docs/performance.md.
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
	"slices"
	"time"
)

const source = "github.com/webordinary/live-edit/container/supervisor"

func main() {
	if len(os.Args) > 1 && os.Args[1] == appArgument {
		fmt.Fprintln(os.Stderr, serveApp(os.Args[2]))
		os.Exit(1)
	}
	rounds := flag.Int("rounds", 5, "rounds of each measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *rounds)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "supervisor-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &service{dir: dir, binary: filepath.Join(dir, "supervisor")}
	defer func() { err = errors.Join(err, s.stop()) }()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", s.binary, source) //nolint:gosec // our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the supervisor: %w\n%s", err, out)
	}
	fmt.Printf("Supervisor: %d cores, %s\n\n", runtime.NumCPU(), runtime.Version())
	if err := s.requests(ctx, rounds); err != nil {
		return err
	}
	if err := s.starts(ctx); err != nil {
		return err
	}
	return s.memory(ctx)
}

// way is one by which a process is asked.
type way struct {
	name, url string
	rates     []float64 // requests a second, of several at once
	slow      []float64 // 99th percentile in ms, one after the other
}

// requests compares the ways, for a process that does nothing and for one that works as long as a dev server does for a small file.
func (s *service) requests(ctx context.Context, rounds int) error {
	owner, err := s.start(ctx)
	if err != nil {
		return err
	}
	other, err := s.start(ctx)
	if err != nil {
		return err
	}
	direct, err := s.direct(ctx, owner, other)
	if err != nil {
		return err
	}
	fmt.Print("| Requests of 4 at once, and one after the other | Directly | Through the supervisor | Through another task |\n",
		"|---|---:|---:|---:|\n")
	for _, kind := range []struct{ name, path string }{{"a process that does nothing", "/api/nothing"}, {"one that works 2 ms", "/api/work"}} {
		ways := []*way{{name: "direct", url: direct}, {name: "owner", url: owner.url}, {name: "other", url: other.url}}
		for range rounds {
			for _, w := range ways {
				rate, err := throughput(ctx, w.url+kind.path)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				slow, err := latency(ctx, w.url+kind.path)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				w.rates, w.slow = append(w.rates, rate), append(w.slow, slow)
			}
		}
		printWays(kind.name, ways)
	}
	return nil
}

func printWays(name string, ways []*way) {
	base := ways[0]
	fmt.Printf("| %s: a second |", name)
	for _, w := range ways {
		fmt.Printf(" %.0f (%.2f) |", median(w.rates), median(w.rates)/median(base.rates))
	}
	fmt.Printf("\n| %s: 99th percentile |", name)
	for _, w := range ways {
		fmt.Printf(" %.2f ms (%+.2f) |", median(w.slow), median(w.slow)-median(base.slow))
	}
	fmt.Println()
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// starts measures the time from the start of the process to its first answer to a health check.
func (s *service) starts(ctx context.Context) error {
	const runs = 20
	var took []float64
	for range runs {
		task, err := s.start(ctx)
		if err != nil {
			return err
		}
		took = append(took, task.listening.Seconds()*1e3)
		if err := task.end(); err != nil {
			return err
		}
	}
	fmt.Printf("\nFrom the start of the process to its first answer to a health check: median %.0f ms, slowest %.0f ms of %d starts.\n",
		median(took), slices.Max(took), runs)
	return nil
}

// memory measures the supervisor, not what runs behind it.
func (s *service) memory(ctx context.Context) error {
	if err := s.stop(); err != nil {
		return err
	}
	task, err := s.start(ctx)
	if err != nil {
		return err
	}
	const sockets = 100
	people := []string{"ada", "bob", "cyd"}
	for i := range sockets {
		closing, err := task.socket(ctx, people[i%len(people)])
		if err != nil {
			return err
		}
		defer closing()
	}
	time.Sleep(time.Second)
	used, err := task.resident()
	if err != nil {
		return err
	}
	fmt.Printf("\nMemory of the supervisor with %d sessions and %d open sockets: %.1f MB.\n", len(people), sockets, used)
	return nil
}
