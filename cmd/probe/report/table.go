package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/webordinary/live-edit/cmd/probe/clock"
)

// widest is how many characters of what was measured go into the table; faults below it have all of it.
const widest = 44

// Text writes the report for people: a row for every criterion, then what is wrong and what to do about it.
func (r *Report) Text(out io.Writer) error {
	w := &writer{out: out}
	r.writeRows(w)
	r.writeWakes(w)
	r.writeFaults(w)
	r.writeSummary(w)
	return w.err
}

// writer keeps the first error, so that the report reads as text.
type writer struct {
	out io.Writer
	err error
}

func (w *writer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (r *Report) writeRows(w *writer) {
	rows := [][]string{{"Criterion", "Specification", "Measured", "Limit", "Verdict"}}
	for i := range r.Results {
		result := &r.Results[i]
		measured := result.Measured
		if result.Verdict == NotMeasured {
			measured = result.Reason
		}
		rows = append(rows, []string{result.Text, result.Source, shorten(measured), result.Limit, result.verdict()})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		writeRow(w, row, widths)
		if n == 0 {
			line := make([]string, len(widths))
			for i, width := range widths {
				line[i] = strings.Repeat("-", width)
			}
			writeRow(w, line, widths)
		}
	}
}

func writeRow(w *writer, row []string, widths []int) {
	var line strings.Builder
	for i, cell := range row {
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
	}
	w.printf("%s\n", strings.TrimRight(line.String(), " "))
}

func (r *Result) verdict() string {
	if r.Accepted {
		return "fail (accepted)"
	}
	return string(r.Verdict)
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= widest {
		return text
	}
	return string([]rune(text)[:widest-1]) + "…"
}

// text writes a duration of service time, with the wall clock's where they differ.
func (r *Report) text(d time.Duration) string {
	if r.Speed == 1 || r.Speed == 0 {
		return clock.Short(d)
	}
	return fmt.Sprintf("%s (%s wall)", clock.Short(d), clock.Short(time.Duration(float64(d)/r.Speed)))
}

func (r *Report) writeWakes(w *writer) {
	if len(r.Wakes) == 0 {
		return
	}
	w.printf("\nWakes from zero, and when each stage was first reported:\n")
	for i, wake := range r.Wakes {
		stages := make([]string, len(wake.Stages))
		for j, stage := range wake.Stages {
			stages[j] = fmt.Sprintf("%s %s", stage.Name, clock.Short(stage.At))
		}
		w.printf("  %d  %s: %s\n", i+1, r.text(wake.Took), strings.Join(stages, ", "))
	}
	times := Times(r.Wakes)
	w.printf("  p50 %s, p95 %s\n", r.text(Percentile(times, 50)), r.text(Percentile(times, 95)))
}

func (r *Report) writeFaults(w *writer) {
	for i := range r.Results {
		result := &r.Results[i]
		if result.Verdict != Fail {
			continue
		}
		w.printf("\nFAIL %s: %s\n", result.ID, result.Measured)
		for _, fault := range result.Faults {
			w.printf("  asked  %s\n  came   %s\n  do     %s\n", fault.Asked, fault.Came, fault.Do)
			if fault.Symptom != "" {
				w.printf("  see    docs/troubleshooting.md, %q\n", string(fault.Symptom))
			}
		}
	}
	r.writeGaps(w)
}

// writeGaps says what was asked for and could not be measured, by its cause.
func (r *Report) writeGaps(w *writer) {
	var causes []string
	gaps := map[string][]string{}
	for i := range r.Results {
		result := &r.Results[i]
		if !result.missed || result.Verdict != NotMeasured {
			continue
		}
		if gaps[result.Reason] == nil {
			causes = append(causes, result.Reason)
		}
		gaps[result.Reason] = append(gaps[result.Reason], result.ID)
	}
	for _, cause := range causes {
		w.printf("\nNOT MEASURED %s: %s\n", strings.Join(gaps[cause], ", "), cause)
	}
}

func (r *Report) writeSummary(w *writer) {
	count := map[string]int{}
	for i := range r.Results {
		count[r.Results[i].verdict()]++
	}
	w.printf("\n%s: %d passed, %d failed", r.URL, count[string(Pass)], count[string(Fail)])
	if known := count["fail (accepted)"]; known > 0 {
		w.printf(", %d failed as accepted", known)
	}
	w.printf(", %d not measured; %s\n", count[string(NotMeasured)], r.text(r.Took))
	if r.Interrupted {
		w.printf("Interrupted: the rest was not measured.\n")
	}
	for _, file := range r.Leftover {
		w.printf("Left behind; this deletes it, and wakes the service if it sleeps: curl -fL --retry 6 -X DELETE %s%s\n", r.URL, file)
	}
	if r.Speed != 1 && r.Speed != 0 {
		w.printf("Times are the sandbox's, %g times as fast as this machine's clock: 10 ms of work here count as %s.\n",
			r.Speed, clock.Short(time.Duration(r.Speed*float64(10*time.Millisecond))))
	}
}
