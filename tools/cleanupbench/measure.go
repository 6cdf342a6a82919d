package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

type bench struct {
	ctx     context.Context //nolint:containedctx // lives for one run
	dir     string
	program string
	sizes   sizes
	tree    string // the largest tree, kept for latency
	goals   []goal
}

// goal is one of the aims, and what was measured of it.
type goal struct {
	what, aim, got string
	met            bool
}

// maxMemory is the most that the command may ever need, in bytes.
const maxMemory = 96e6

func (b *bench) goal(met bool, what, aim, format string, args ...any) {
	b.goals = append(b.goals, goal{what: what, aim: aim, got: fmt.Sprintf(format, args...), met: met})
}

func (b *bench) printGoals() {
	fmt.Println("\n| Measure | Goal | Measured | |\n|---|---|---|---|")
	for _, g := range b.goals {
		verdict := "missed"
		if g.met {
			verdict = "met"
		}
		fmt.Printf("| %s | %s | %s | %s |\n", g.what, g.aim, g.got, verdict)
	}
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

// best keeps the shorter times and the larger memory of several attempts.
func (u *usage) best(o usage) {
	if u.time == 0 || o.time < u.time {
		u.time = o.time
	}
	if u.cpu == 0 || o.cpu < u.cpu {
		u.cpu = o.cpu
	}
	u.memory = max(u.memory, o.memory)
}

func (u usage) megabytes() float64 { return float64(u.memory) / 1e6 }

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }
