package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// scanning compares a run that finds nothing to do with find(1) looking for
// what it would do, turn by turn on the same tree.
func (b *bench) scanning() error {
	fmt.Println("\n| Scan, nothing due | Ours | find | find/ours | CPU ours | CPU find | Peak memory | Growth |")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|")
	var before usage
	for i, n := range b.sizes.scan {
		b.tree = filepath.Join(b.dir, fmt.Sprintf("scan-%d", n))
		if err := plant(b.tree, n); err != nil {
			return err
		}
		ours, find, err := b.scanBoth()
		if err != nil {
			return err
		}
		growth := ""
		if i > 0 {
			growth = fmt.Sprintf("%.1f × for %d ×", ratio(ours.time, before.time), n/b.sizes.scan[i-1])
		}
		fmt.Printf("| %d threads | %s | %s | %.2f | %s | %s | %.0f MB | %s |\n", n, ms(ours.time), ms(find.time),
			ratio(find.time, ours.time), ms(ours.cpu), ms(find.cpu), ours.megabytes(), growth)
		before = ours
		if i == len(b.sizes.scan)-1 {
			b.goal(ours.time <= find.time, fmt.Sprintf("Scan of %d threads, time of `find` / ours", n), "at least 1", "%.2f",
				ratio(find.time, ours.time))
			b.goal(ours.memory <= maxMemory, fmt.Sprintf("Peak memory, scan of %d threads", n), "96 MB", "%.0f MB", ours.megabytes())
		}
	}
	return nil
}

// scanBoth measures both on the tree.
func (b *bench) scanBoth() (ours, find usage, err error) {
	for range b.sizes.attempts {
		o, err := b.command(b.program, "-root", b.tree, "-json")
		if err != nil {
			return ours, find, err
		}
		f, err := b.command("find", b.tree, "-name", "*.json*", "-mtime", "+7")
		if err != nil {
			return ours, find, err
		}
		ours.best(o)
		find.best(f)
	}
	return ours, find, nil
}

// delay is what an operation takes on a network file system.
const delay = 2 * time.Millisecond

// slowLimit is how long a scan of a million threads may take there.
const slowLimit = 5 * time.Minute

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
	threads := b.sizes.scan[len(b.sizes.scan)-1]
	many, err := b.scan(b.tree, fault.Latency(delay))
	if err != nil {
		return err
	}
	gain := (one.Seconds() / float64(b.sizes.one)) / (many.Seconds() / float64(threads))
	b.goal(gain >= 30, "Gain over one operation at a time, 2 ms each", "at least 30 ×",
		"%.0f × (%d threads in %.1f s, %d in %.1f s)", gain, b.sizes.one, one.Seconds(), threads, many.Seconds())
	million := time.Duration(float64(many) * 1e6 / float64(threads))
	b.goal(million <= slowLimit, "A million untouched threads, 2 ms per operation", "5 min", "%.0f s (from %d threads)",
		million.Seconds(), threads)
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
