package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is one run of a command.
type sample struct {
	took time.Duration
	// peak is the most memory that the command and its children held at once, in bytes.
	peak int64
}

// measure runs a command and samples the resident memory of its session: the Pulumi CLI has a process group of its own.
func measure(ctx context.Context, cmd *exec.Cmd) (sample, error) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, fmt.Errorf("start %s: %w", cmd, err)
	}
	watched, stopWatching := context.WithCancel(ctx)
	peaks := make(chan int64)
	go func() { peaks <- watchSession(watched, cmd.Process.Pid) }()
	err := cmd.Wait()
	took := time.Since(start)
	stopWatching()
	peak := <-peaks
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", cmd, err, output.String())
	}
	return sample{took: took, peak: peak}, nil
}

// watchEvery is short enough to meet a peak of a run of a second.
const watchEvery = 10 * time.Millisecond

// watchSession returns the largest sum of resident set sizes seen in a session until ctx is done.
func watchSession(ctx context.Context, session int) int64 {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var peak int64
	for {
		peak = max(peak, sessionMemory(session))
		select {
		case <-ctx.Done():
			return peak
		case <-ticker.C:
		}
	}
}

func sessionMemory(session int) int64 {
	var sum int64
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path) //nolint:gosec // procfs
		if err != nil {
			continue
		}
		// The command's name, in parentheses, may hold spaces: fields count from behind it. State, ppid, pgrp, session.
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if len(fields) > 3 && fields[3] == strconv.Itoa(session) {
			sum += resident(filepath.Dir(path))
		}
	}
	return sum
}

func resident(process string) int64 {
	data, err := os.ReadFile(filepath.Join(process, "statm")) //nolint:gosec // procfs
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// row prints one line of the table.
func row(what string, samples []sample) {
	sort.Slice(samples, func(i, j int) bool { return samples[i].took < samples[j].took })
	var peak int64
	for _, s := range samples {
		peak = max(peak, s.peak)
	}
	fmt.Printf("| %s | %d | %s | %s | %s | %d MB |\n", what, len(samples), seconds(median(samples)),
		seconds(samples[0].took), seconds(samples[len(samples)-1].took), peak>>20)
}

// median expects samples in order.
func median(samples []sample) time.Duration {
	middle := len(samples) / 2
	if len(samples)%2 == 1 {
		return samples[middle].took
	}
	return (samples[middle-1].took + samples[middle].took) / 2
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func memoryTotal() string {
	data, _ := os.ReadFile("/proc/meminfo")
	for _, line := range strings.Split(string(data), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			return fmt.Sprintf("%d GB", kilobytes>>20)
		}
	}
	return "unknown"
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for _, line := range strings.Split(string(data), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// load is how many processes wanted a processor in the last minute: figures of a busy machine are upper bounds.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	if one, _, ok := strings.Cut(string(data), " "); ok {
		return one
	}
	return "unknown"
}
