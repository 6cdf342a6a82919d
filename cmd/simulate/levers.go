package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// lever is something that may make a wake shorter.
type lever struct {
	// Name in the table, Short in the chart.
	Name, Short string
	// Costs is what it takes, Measured what of it this repository has measured, State who has it.
	Costs, Measured, State string
	pull                   func(*timing.Setup)
}

// levers, each pulled alone. The first is what would be without one that is shipped.
var levers = []lever{
	{
		"*without* health before the dev server", "no supervisor", "the supervisor in the image", "listens after 6 to 10 ms", "default",
		func(s *timing.Setup) { s.HealthWaits = true },
	},
	{
		"checks every 10 s", "checks 10 s", "against the specification's 30 s", "–", "`healthIntervalSeconds`",
		func(s *timing.Setup) { s.HealthInterval = 10 * time.Second },
	},
	{
		"checks every 5 s", "checks 5 s", "the same", "–", "`healthIntervalSeconds`",
		func(s *timing.Setup) { s.HealthInterval = 5 * time.Second },
	},
	{
		"image of 413 MB with SOCI index", "SOCI", "a step in the image's build; no zstd", "–", "the image",
		func(s *timing.Setup) { s.SOCI = true },
	},
	{"plain image of 200 MB", "200 MB", "fewer tools in it", "–", "the image", func(s *timing.Setup) { s.ImageMB = 200 }},
	{
		"dependencies unpacked to the task's disk", "unpacked", "36 MB of the workspace, 3.8 s of work", "unpacking, and Astro's start on a disk",
		"`dependencies: task`", func(s *timing.Setup) { s.Dependencies = timing.Unpacked },
	},
	{
		"dependencies in the image", "in the image", "one image a site, against the specification", "Astro's start on a disk", "not built",
		func(s *timing.Setup) { s.Dependencies = timing.InTheTask },
	},
	{
		"placed as by RunTask", "RunTask", "no service: no repair, no scaling", "–", "not reachable by configuration",
		func(s *timing.Setup) { s.AtOnce = true },
	},
}

// leverNotes are levers whose gain the model cannot tell.
const leverNotes = `Two more have no figure of their own. **Vite's warm-up**: the supervisor asks the dev server for its page before it
calls it ready, and the measured start ends with that page, so what a warm-up would do first is done already. **Arm**: the placement
above was measured on Arm, and nothing comparable is published for x86; a task costs 20 % less there (` + "`cpuArchitecture`" + `).
`

// leverRow is a lever at the specified interval and at 5 s.
type leverRow struct {
	lever
	Specified, Fast wakeRow
}

// byLever measures every lever alone, after the service as it is shipped.
func byLever(count int) []leverRow {
	all := append([]lever{{"as shipped, 413 MB", "as shipped", "–", "–", "default", func(*timing.Setup) {}}}, levers...)
	var asks []ask
	for _, l := range all {
		for _, interval := range []time.Duration{timing.Specified.HealthInterval, 5 * time.Second} {
			s := timing.Specified
			s.HealthInterval = interval
			l.pull(&s)
			asks = append(asks, ask{s, l.Name, false})
		}
	}
	rows := measureAll(asks, count)
	found := make([]leverRow, len(all))
	for i, l := range all {
		found[i] = leverRow{l, rows[2*i], rows[2*i+1]}
	}
	return found
}

// leverTable writes what each lever is worth against the service as it is shipped, which is the first row.
func leverTable(rows []leverRow) string {
	var b strings.Builder
	b.WriteString("| | 30 s checks: p50, p95 | 5 s checks: p50, p95 | Change at 30 s | Change at 5 s | Costs | Measured | Who has it |\n" +
		"|" + strings.Repeat("---|", 8) + "\n")
	base := rows[0]
	for i, r := range rows {
		slow, fast := change(&base.Specified, &r.Specified), change(&base.Fast, &r.Fast)
		switch {
		case i == 0:
			slow, fast = "–", "–"
		case r.Fast.Setup.HealthInterval == r.Specified.Setup.HealthInterval: // the lever is the interval itself
			fast = "–"
		}
		fmt.Fprintf(&b, "| %s | %.0f s, %.0f s | %.0f s, %.0f s | %s | %s | %s | %s | %s |\n", r.Name, r.Specified.P50.Seconds(),
			r.Specified.P95.Seconds(), r.Fast.P50.Seconds(), r.Fast.P95.Seconds(), slow, fast, r.Costs, r.Measured, r.State)
	}
	return b.String()
}

// change of a row against another, in the median and in the slow wakes.
func change(base, row *wakeRow) string {
	return fmt.Sprintf("%+.0f s, %+.0f s", row.P50.Seconds()-base.P50.Seconds(), row.P95.Seconds()-base.P95.Seconds())
}

// goal is what a wake should take with a converted image of 413 MB at an interval.
type goal struct {
	Interval time.Duration
	P50, P95 time.Duration
}

var goals = []goal{
	{30 * time.Second, 36 * time.Second, 65 * time.Second},
	{5 * time.Second, 33 * time.Second, 40 * time.Second},
}

// tailShares are how often the longest published placement may come.
var tailShares = []float64{0, 0.02}

// goalRow is a goal and what came of it.
type goalRow struct {
	goal
	wakeRow
}

// byGoal measures the goals for each place of the dependencies, with and without the long placement.
func byGoal(count int) []goalRow {
	var asks []ask
	var wanted []goal
	for _, where := range []struct {
		Name string
		At   timing.Dependencies
	}{{"on EFS, as shipped", timing.OnEFS}, {"unpacked to the task's disk", timing.Unpacked}, {"in the image", timing.InTheTask}} {
		for _, g := range goals {
			for _, share := range tailShares {
				s := timing.Specified
				s.SOCI, s.Dependencies, s.HealthInterval, s.TailShare = true, where.At, g.Interval, share
				asks = append(asks, ask{s, where.Name, false})
				wanted = append(wanted, g)
			}
		}
	}
	var found []goalRow
	for i, row := range measureAll(asks, count) {
		found = append(found, goalRow{wanted[i], row})
	}
	return found
}

func goalTable(rows []goalRow) string {
	met := map[bool]string{true: "met", false: "**missed**"}
	var b strings.Builder
	b.WriteString("| Dependencies | Checks | Placements of 44 s | p50 | Goal | p95 | Goal | p99 | Under 30 s |\n" +
		"|" + strings.Repeat("---|", 9) + "\n")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(&b, "| %s | %d s | %.0f %% | %.1f s | %.0f s: %s | %.1f s | %.0f s: %s | %.0f s | %.0f %% |\n", r.Name,
			int(r.Interval.Seconds()), 100*r.Setup.TailShare,
			r.wakeRow.P50.Seconds(), r.goal.P50.Seconds(), met[r.wakeRow.P50 <= r.goal.P50],
			r.wakeRow.P95.Seconds(), r.goal.P95.Seconds(), met[r.wakeRow.P95 <= r.goal.P95],
			r.P99.Seconds(), 100*float64(r.Within30)/float64(r.Measured))
	}
	return b.String()
}

// componentTable writes the components and their sources.
func componentTable() string {
	var b strings.Builder
	b.WriteString("| Part | Seconds | | n | Source |\n|---|---|---|---|---|\n")
	for i := range timing.Components {
		c := &timing.Components[i]
		seconds := fmt.Sprintf("%.3g to %.3g", c.Least, c.Most)
		if c.Least == c.Most {
			seconds = fmt.Sprintf("%.3g", c.Least)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Name, seconds, c.Origin, c.N, c.Source)
	}
	return b.String()
}

// whole is a published time that several components make up, to hold the model against.
type whole struct {
	Name, Source string
	Published    [2]float64
	// parts that it spans, and the pull that goes with them.
	parts []timing.Component
	pull  [2]float64
}

var wholes = []whole{
	{
		"created → RUNNING, image pulled in 4 to 7 s", "damianvtran/local-operator, 2026-10, n = 6",
		[2]float64{18.5, 24.8},
		[]timing.Component{timing.Placed, timing.Started},
		[2]float64{4.4, 7.3},
	},
	{
		"created → RUNNING, image pulled in 14 s", "a published spike, 2026-10, n = 2",
		[2]float64{35, 38},
		[]timing.Component{timing.Placed, timing.Started},
		[2]float64{14, 14},
	},
	{
		"“started 1 task” → “registered 1 target”", "service events, 2024-10 and 2025-11, n = 2, image unknown",
		[2]float64{28.8, 40.9},
		[]timing.Component{timing.Placed, timing.Started, timing.Registers},
		[2]float64{timing.PulledPlain.Least, timing.PulledPlain.Most},
	},
}

// model is the same by the model's components, at their least and at their most.
func (w *whole) model() (least, most float64) {
	least, most = w.pull[0], w.pull[1]
	for _, p := range w.parts {
		least, most = least+p.Least, most+p.Most
	}
	return least, most
}

func wholeTable() string {
	var b strings.Builder
	b.WriteString("| | Published | Model, least to most | Source |\n|---|---|---|---|\n")
	for i := range wholes {
		w := &wholes[i]
		least, most := w.model()
		fmt.Fprintf(&b, "| %s | %.1f to %.1f s | %.1f to %.1f s | %s |\n", w.Name, w.Published[0], w.Published[1], least, most, w.Source)
	}
	return b.String()
}

// leverChart draws the levers beside each other.
func leverChart(rows []leverRow) *barChart {
	chart := &barChart{
		Title: "What each lever is worth", Subtitle: "each alone, 413 MB image, 2 vCPU, from opening the page until the preview's first byte",
		Unit: "seconds, line: p95", Limit: 30, LimitName: "specified: 30 s",
		Series: []series{{Name: "p50 at 30 s checks"}, {Name: "p50 at 5 s checks"}},
	}
	for i := range rows {
		chart.Groups = append(chart.Groups, rows[i].Short)
		for k, row := range []*wakeRow{&rows[i].Specified, &rows[i].Fast} {
			s := &chart.Series[k]
			s.Values, s.Marks = append(s.Values, row.P50.Seconds()), append(s.Marks, row.P95.Seconds())
		}
	}
	return chart
}

// headlines are the rows that decision D2 tells.
func headlines(count int) []wakeRow {
	with := func(name string, change func(*timing.Setup)) ask {
		s := timing.Specified
		change(&s)
		return ask{s, name, false}
	}
	fast := 5 * time.Second
	return measureAll([]ask{
		with("As shipped, checks every 30 s as specified", func(*timing.Setup) {}),
		with("Every 5 s", func(s *timing.Setup) { s.HealthInterval = fast }),
		with("Every 5 s, image with SOCI index", func(s *timing.Setup) { s.HealthInterval, s.SOCI = fast, true }),
		with("The same, dependencies unpacked to the task's disk", func(s *timing.Setup) {
			s.HealthInterval, s.SOCI, s.Dependencies = fast, true, timing.Unpacked
		}),
		with("The same, dependencies in the image", func(s *timing.Setup) {
			s.HealthInterval, s.SOCI, s.Dependencies = fast, true, timing.InTheTask
		}),
		with("Without the supervisor, every 30 s", func(s *timing.Setup) { s.HealthWaits = true }),
		with("As shipped, if the first check comes at any moment of 30 s", func(s *timing.Setup) { s.CheckedWhenever = true }),
		with("As shipped, if it comes at any moment of 5 s", func(s *timing.Setup) { s.CheckedWhenever, s.HealthInterval = true, fast }),
	}, count)
}

func headlineTable(rows []wakeRow) string {
	var b strings.Builder
	b.WriteString("| | From opening the page until the preview's first byte |\n|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", r.Name, verdict(r))
	}
	return b.String()
}
