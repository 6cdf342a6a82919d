package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// wake is what the parts of one wake took, in seconds, by part; parts that were not seen are missing.
type wake map[string]float64

// The parts of a wake that are measured.
const (
	partScheduled = "asked → task created"
	partPlaced    = "created → pull starts"
	partPulled    = "pull"
	partStarted   = "pull ends → RUNNING"
	partRegisters = "RUNNING → registered"
	partChecked   = "registered → seen healthy"
	partHealthy   = "RUNNING → seen healthy" // where registration was not seen
	partServes    = "RUNNING → preview's first byte"
	partWhole     = "asked → preview's first byte"
)

// part is how the model knows one.
type part struct {
	name, variable string
	model          scalertest.Range
}

// seenLate is how much later than the target's health the function looks while somebody waits: the waiting page asks every two seconds.
var seenLate = scalertest.Range{Most: 2 * time.Second}

func parts(s *timing.Setup) []part {
	t := s.Timing()
	checked, serves := t.FirstCheck, s.DevServer()
	if s.HealthWaits {
		checked = timing.Sum(t.FirstCheck, serves)
	}
	list := []part{
		{partScheduled, "Scheduled", t.Scheduler},
		{partPlaced, "Placed", t.Place},
		{partPulled, map[bool]string{false: "PulledPlain", true: "PulledSOCI"}[s.SOCI], t.Pull},
		{partStarted, "Started", t.Start},
		{partRegisters, "Registers", t.Register},
		{partChecked, "", timing.Sum(checked, seenLate)},
		{partHealthy, "", timing.Sum(t.Register, checked, seenLate)},
		{partServes, map[timing.Dependencies]string{timing.OnEFS: "AstroEFS", timing.InTheTask: "AstroLocal"}[s.Dependencies], serves},
	}
	return append(list, part{partWhole, "", timing.Sum(t.Scheduler, t.Place, t.Pull, t.Start, serves)})
}

// wakes are all that was read, joined by task.
func (s *samples) wakes() []wake {
	var all []wake
	for _, arn := range slices.Sorted(maps.Keys(s.outside)) {
		all = append(all, s.recorded(arn))
	}
	for i := range s.probed {
		all = append(all, s.probed[i].wake())
	}
	return all
}

func (s *samples) recorded(arn string) wake {
	r := s.outside[arn]
	w := wake{}
	note := func(name string, from, to time.Time) {
		if !from.IsZero() && !to.Before(from) {
			w[name] = to.Sub(from).Seconds()
		}
	}
	note(partScheduled, r.Asked, r.Created)
	note(partPlaced, r.Created, r.PullStarted)
	note(partPulled, r.PullStarted, r.PullStopped)
	note(partStarted, r.PullStopped, r.Started)
	if r.Registered.IsZero() {
		note(partHealthy, r.Started, r.Healthy)
	} else {
		note(partRegisters, r.Started, r.Registered)
		note(partChecked, r.Registered, r.Healthy)
	}
	if in, known := s.inside[arn]; known {
		first := in.StartedAt.Add(time.Duration(in.FirstByteAfter * float64(time.Second)))
		note(partServes, r.Started, first)
		note(partWhole, r.Asked, first)
	}
	return w
}

// wake reads the probe's stages, each of which it saw up to a second late.
func (p *probed) wake() wake {
	w := wake{}
	note := func(name, from, to string) {
		begins, one := p.Stages[from]
		ends, two := p.Stages[to]
		if one && two && ends >= begins {
			w[name] = ends - begins
		}
	}
	note(partScheduled, "asked", "placing")
	note(partPlaced, "placing", "pulling")
	note(partPulled, "pulling", "starting")
	note(partStarted, "starting", "checking")
	note(partHealthy, "checking", "ready")
	if runs, seen := p.Stages["checking"]; seen && p.Seconds >= runs {
		w[partServes] = p.Seconds - runs
	}
	w[partWhole] = p.Seconds
	return w
}

// fitted is a part's samples, and what they say of the model.
type fitted struct {
	part
	values []float64 // sorted
	tail   int       // of them, beyond twice the median
}

// fit sorts a part's samples. What takes more than twice the median is the tail, and in no range.
func fit(p part, wakes []wake) fitted {
	f := fitted{part: p}
	for _, w := range wakes {
		if v, seen := w[p.name]; seen {
			f.values = append(f.values, v)
		}
	}
	slices.Sort(f.values)
	for i := len(f.values) - 1; i >= 0 && f.values[i] > 2*f.median() && f.values[i] > 10; i-- {
		f.tail++
	}
	return f
}

func (f *fitted) median() float64 { return f.values[len(f.values)/2] }

func (f *fitted) least() float64 { return f.values[0] }

func (f *fitted) most() float64 { return f.values[len(f.values)-1-f.tail] }

// off is how much longer the median took than the middle of the model's range.
func (f *fitted) off() float64 {
	return f.median() - (f.model.Least+f.model.Most).Seconds()/2
}

// tell writes what was found.
func tell(out io.Writer, s *timing.Setup, wakes []wake) error {
	var text, lines strings.Builder
	fmt.Fprintf(&text, "%d wakes, held against the model with %g MB (SOCI index: %t) and %g vCPU; seconds.\n\n",
		len(wakes), s.ImageMB, s.SOCI, s.CPU)
	text.WriteString("| Part | n | Least | Median | Most | Tail | Model | The model is off by |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range parts(s) {
		f := fit(p, wakes)
		model := fmt.Sprintf("%.1f to %.1f", p.model.Least.Seconds(), p.model.Most.Seconds())
		if len(f.values) == 0 {
			fmt.Fprintf(&text, "| %s | 0 | – | – | – | – | %s | – |\n", p.name, model)
			continue
		}
		fmt.Fprintf(&text, "| %s | %d | %.1f | %.1f | %.1f | %d | %s | %+.1f |\n", p.name, len(f.values), f.least(), f.median(), f.most(), f.tail,
			model, f.off())
		if p.variable != "" {
			fmt.Fprintf(&lines, "%s: Least %.1f, Most %.1f, Origin Measured, N %q\n", p.variable, f.least(), f.most(), fmt.Sprint(len(f.values)))
		}
	}
	fmt.Fprintf(&text, "\nFor cmd/simulate/timing/timing.go, at this stack's size and image:\n\n%s", lines.String())
	_, err := io.WriteString(out, text.String())
	return err
}
