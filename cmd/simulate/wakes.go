package main

import (
	"fmt"
	"strings"
	"time"
)

// wakeRow is the distribution of one setup's wakes.
type wakeRow struct {
	Setup              setup
	Name               string
	ByCall             bool
	P50, P95, P99      time.Duration
	Within30, Measured int
	// Lost were never served; they are in no other figure but Measured.
	Lost int
}

// measure plays wakes of a setup, each on a fresh site at another moment.
func measure(s setup, name string, byCall bool, count int) wakeRow {
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
		Zstd bool
	}{
		{"150 MB zstd", 150, true}, {"250 MB", 250, false}, {"413 MB", 413, false}, {"900 MB", 900, false},
	}
)

// byImage measures image sizes against health intervals, at the specified 2 vCPU.
func byImage(count int) []wakeRow {
	var rows []wakeRow
	for _, image := range images {
		for _, interval := range intervals {
			s := specified
			s.ImageMB, s.Zstd, s.HealthInterval = image.MB, image.Zstd, interval
			rows = append(rows, measure(s, image.Name, false, count))
		}
	}
	return rows
}

// bySize measures task sizes whose container serves only when everything is installed, against one that listens early.
func bySize(count int) []wakeRow {
	var rows []wakeRow
	for _, cpu := range []float64{0.5, 1, 2} {
		for _, early := range []bool{true, false} {
			for _, interval := range intervals {
				s := specified
				s.CPU, s.ListensEarly, s.HealthInterval = cpu, early, interval
				name := fmt.Sprintf("%g vCPU, listens early", cpu)
				if !early {
					name = fmt.Sprintf("%g vCPU, listens when installed", cpu)
				}
				rows = append(rows, measure(s, name, false, count))
			}
		}
	}
	return rows
}

// byClient compares a page with an API call, with the specified service at each interval.
func byClient(count int) []wakeRow {
	var rows []wakeRow
	for _, byCall := range []bool{false, true} {
		for _, interval := range intervals {
			s := specified
			s.HealthInterval = interval
			name := "page"
			if byCall {
				name = "API call"
			}
			rows = append(rows, measure(s, name, byCall, count))
		}
	}
	return rows
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
