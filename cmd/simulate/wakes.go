package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// wakeRow is the distribution of one setup's wakes.
type wakeRow struct {
	Setup              timing.Setup
	Name               string
	ByCall             bool
	P50, P95, P99      time.Duration
	Within30, Measured int
	// Lost were never served; they are in no other figure but Measured.
	Lost int
}

// measure plays wakes of a setup, each on a fresh site at another moment.
func measure(s timing.Setup, name string, byCall bool, count int) wakeRow {
	waits := make([]time.Duration, 0, count)
	row := wakeRow{Setup: s, Name: name, ByCall: byCall, Measured: count}
	for i := range count {
		wait, served := aWakeOf(s, byCall, uint64(i))
		if !served {
			row.Lost++
			continue
		}
		waits = append(waits, wait)
		if wait < 30*time.Second {
			row.Within30++
		}
	}
	waits = sorted(waits)
	row.P50, row.P95, row.P99 = percentile(waits, 0.50), percentile(waits, 0.95), percentile(waits, 0.99)
	return row
}

var (
	intervals = []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second}
	images    = []struct {
		Name string
		MB   float64
		SOCI bool
	}{
		{"150 MB", 150, false},
		{"250 MB", 250, false},
		{"413 MB", 413, false},
		{"900 MB", 900, false},
		{"250 MB, SOCI", 250, true},
		{"413 MB, SOCI", 413, true},
		{"900 MB, SOCI", 900, true},
	}
)

// ask is a row to measure.
type ask struct {
	Setup  timing.Setup
	Name   string
	ByCall bool
}

// measureAll measures rows side by side. Each row's chance depends on nothing but its own seeds.
func measureAll(asks []ask, count int) []wakeRow {
	rows := make([]wakeRow, len(asks))
	sideBySide(len(asks), func(i int) { rows[i] = measure(asks[i].Setup, asks[i].Name, asks[i].ByCall, count) })
	return rows
}

// everyInterval asks for a row at each health interval.
func everyInterval(s timing.Setup, name string, byCall bool) []ask {
	asks := make([]ask, 0, len(intervals))
	for _, interval := range intervals {
		s.HealthInterval = interval
		asks = append(asks, ask{s, name, byCall})
	}
	return asks
}

// byImage measures image sizes against health intervals, at the specified 2 vCPU.
func byImage(count int) []wakeRow {
	var asks []ask
	for _, image := range images {
		s := timing.Specified
		s.ImageMB, s.SOCI = image.MB, image.SOCI
		asks = append(asks, everyInterval(s, image.Name, false)...)
	}
	return measureAll(asks, count)
}

// bySize measures task sizes with the supervisor in front, and with a container whose health check waits for the dev server.
func bySize(count int) []wakeRow {
	var asks []ask
	for _, cpu := range []float64{0.5, 1, 2} {
		for _, waits := range []bool{false, true} {
			s := timing.Specified
			s.CPU, s.HealthWaits = cpu, waits
			name := fmt.Sprintf("%g vCPU, supervisor", cpu)
			if waits {
				name = fmt.Sprintf("%g vCPU, health waits", cpu)
			}
			asks = append(asks, everyInterval(s, name, false)...)
		}
	}
	return measureAll(asks, count)
}

// byClient compares a page with an API call, with the specified service at each interval.
func byClient(count int) []wakeRow {
	return measureAll(append(everyInterval(timing.Specified, "page", false), everyInterval(timing.Specified, "API call", true)...), count)
}

// wakeTable writes rows as a table.
func wakeTable(rows []wakeRow) string {
	var b strings.Builder
	b.WriteString("| | Health interval | p50 | p95 | p99 | Under 30 s |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d s | %.0f s | %.0f s | %.0f s | %.0f %% |\n", r.Name, int(r.Setup.HealthInterval.Seconds()),
			r.P50.Seconds(), r.P95.Seconds(), r.P99.Seconds(), 100*float64(r.Within30)/float64(r.Measured))
	}
	return b.String()
}

// wakeChart draws rows that vary the interval within each name.
func wakeChart(title, subtitle string, rows []wakeRow) *barChart {
	chart := &barChart{
		Title: title, Subtitle: subtitle, Unit: "seconds, line: p95", Limit: 30, LimitName: "specified: 30 s",
		Series: make([]series, len(intervals)),
	}
	for i, interval := range intervals {
		chart.Series[i].Name = fmt.Sprintf("p50 at %d s", int(interval.Seconds()))
	}
	for i, r := range rows {
		if i%len(intervals) == 0 {
			chart.Groups = append(chart.Groups, r.Name)
		}
		s := &chart.Series[i%len(intervals)]
		s.Values, s.Marks = append(s.Values, r.P50.Seconds()), append(s.Marks, r.P95.Seconds())
	}
	return chart
}
