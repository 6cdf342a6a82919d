package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsx/fault"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

type bench struct {
	ctx     context.Context //nolint:containedctx // lives for one run
	dir     string
	program string
	sizes   sizes
	tree    string // the largest tree, kept for latency
}

// usage is what a command took.
type usage struct {
	time   time.Duration
	cpu    time.Duration // of all cores; unlike time, it hardly depends on who else is at work
	memory int64         // most at any time, bytes
}

// command runs a program to its end, its output discarded.
func (b *bench) command(name string, args ...string) (usage, error) {
	cmd := exec.CommandContext(b.ctx, name, args...) //nolint:gosec // ours, find and gzip
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	u := usage{time: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if rusage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = rusage.Maxrss << 10 // Linux counts in kilobytes
	}
	return u, nil
}

// faster keeps the shorter time and the larger memory of several attempts.
func (u *usage) faster(o usage) {
	if u.time == 0 || o.time < u.time {
		u.time = o.time
	}
	if u.cpu == 0 || o.cpu < u.cpu {
		u.cpu = o.cpu
	}
	u.memory = max(u.memory, o.memory)
}

// scanning compares a run that finds nothing to do with find(1) looking for
// what it would do, turn by turn on the same tree.
func (b *bench) scanning() error {
	fmt.Println("scan, nothing due        ours       find  find/ours   ours (cpu)  find (cpu)   peak memory   growth")
	var before usage
	for i, n := range b.sizes.scan {
		b.tree = filepath.Join(b.dir, fmt.Sprintf("scan-%d", n))
		if err := plant(b.tree, n); err != nil {
			return err
		}
		var ours, find usage
		for range b.sizes.attempts {
			o, err := b.command(b.program, "-root", b.tree, "-json")
			if err != nil {
				return err
			}
			f, err := b.command("find", b.tree, "-name", "*.json*", "-mtime", "+7")
			if err != nil {
				return err
			}
			ours.faster(o)
			find.faster(f)
		}
		growth := ""
		if i > 0 {
			growth = fmt.Sprintf("%.1f x for %d x", ours.time.Seconds()/before.time.Seconds(), n/b.sizes.scan[i-1])
		}
		fmt.Printf("%9d threads   %7.0f ms %7.0f ms  %8.2f   %7.0f ms  %7.0f ms  %9.0f MB   %s\n", n, ms(ours.time), ms(find.time),
			find.time.Seconds()/ours.time.Seconds(), ms(ours.cpu), ms(find.cpu), float64(ours.memory)/1e6, growth)
		before = ours
	}
	fmt.Println()
	return nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// delay is what an operation takes on a network file system.
const delay = 2 * time.Millisecond

// single lets one operation happen at a time.
type single struct {
	mu sync.Mutex
	fault.Latency
}

func (s *single) Before(op fault.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Latency.Before(op)
}

// latency compares many operations at once with one at a time, each 2 ms longer.
func (b *bench) latency() error {
	small := filepath.Join(b.dir, "one-at-a-time")
	if err := plant(small, b.sizes.one); err != nil {
		return err
	}
	one, err := b.scan(small, &single{Latency: fault.Latency(delay)})
	if err != nil {
		return err
	}
	many, err := b.scan(b.tree, fault.Latency(delay))
	if err != nil {
		return err
	}
	perOne := one.Seconds() / float64(b.sizes.one)
	perMany := many.Seconds() / float64(b.sizes.slow)
	fmt.Printf("2 ms per operation, one at a time: %d threads in %.1f s\n", b.sizes.one, one.Seconds())
	fmt.Printf("2 ms per operation, as it is:      %d threads in %.1f s, %.0f x faster\n\n", b.sizes.slow, many.Seconds(), perOne/perMany)
	return nil
}

func (b *bench) scan(tree string, hook fault.Hook) (time.Duration, error) {
	root, err := fsx.Open(tree)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	summary, err := sweep.Run(b.ctx, sweep.Options{
		Config: sweep.DefaultConfig(), Root: fault.Wrap(root, hook), Clock: clock{}, Log: slog.New(slog.DiscardHandler),
	})
	took := time.Since(began)
	if err = errors.Join(err, root.Close()); err == nil && summary.Counts.Scanned != summary.Counts.Kept {
		err = fmt.Errorf("%d of %d threads were kept: expected all", summary.Counts.Kept, summary.Counts.Scanned)
	}
	return took, err
}

// clock is the real time; nothing sleeps where nothing is due.
type clock struct{}

func (clock) Now() time.Time                             { return time.Now() }
func (clock) Sleep(context.Context, time.Duration) error { return nil }

// compressing compares the compression of threads, reading back and syncing
// included, with what gzip(1) does with the same bytes on one core.
func (b *bench) compressing() error {
	var ours, gzip usage
	var size int64
	for attempt := range b.sizes.attempts {
		root := filepath.Join(b.dir, fmt.Sprintf("pack-%d", attempt))
		var err error
		if size, err = plantIdle(root, b.sizes.pack); err != nil {
			return err
		}
		g, err := b.command("sh", "-c", `find "$0" -name '*.json' -exec cat {} + | gzip -6 > /dev/null`, root)
		if err != nil {
			return err
		}
		o, err := b.command(b.program, "-root", root, "-delete-after", "87600h", "-settle", "0s", "-json")
		if err != nil {
			return err
		}
		ours.faster(o)
		gzip.faster(g)
		if _, err := os.Stat(threadPath(root, 0) + ".gz"); err != nil {
			return fmt.Errorf("nothing was compressed: %w", err)
		}
		if err := os.RemoveAll(root); err != nil {
			return err
		}
	}
	fmt.Printf("cpu time: ours %.2f s, gzip -6 %.2f s: %.2f is what the ratio would be if nobody else were at work\n",
		ours.cpu.Seconds(), gzip.cpu.Seconds(), gzip.cpu.Seconds()/ours.cpu.Seconds())
	speed := func(u usage) float64 { return float64(size) / 1e6 / u.time.Seconds() }
	fmt.Printf("compress %d threads, %.0f MB:  ours %.0f MB/s, gzip -6 %.0f MB/s on one core, ours/(%d x gzip) %.2f, peak memory %.0f MB\n",
		b.sizes.pack, float64(size)/1e6, speed(ours), speed(gzip), runtime.NumCPU(),
		speed(ours)/speed(gzip)/float64(runtime.NumCPU()), float64(ours.memory)/1e6)
	return nil
}
