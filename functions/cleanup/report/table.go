package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// Table writes the summary for people.
func (s Summary) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	c := s.Counts
	verb := ""
	if s.DryRun {
		verb = " (would be)"
	}
	row := func(name, value, note string) { fmt.Fprintf(t, "%s\t%s\t%s\n", name, value, note) }
	row("workspaces", group(c.Users), "")
	row("threads looked at", group(c.Scanned), fmt.Sprintf("%s in use recently enough", group(c.Kept)))
	row("compressed"+verb, group(c.Compressed), "")
	row("deleted"+verb, group(c.Deleted), "")
	row("archived"+verb, group(c.Archived), "workspaces")
	row("size of these", Bytes(c.BytesDue), "")
	if !s.DryRun {
		row("freed", Bytes(c.BytesSaved), fmt.Sprintf("%s originals removed", group(c.Finished)))
	}
	optional := func(name string, n int64, note string) {
		if n > 0 {
			row(name, group(n), note)
		}
	}
	optional("waiting", s.Pending, "moved aside, removed by the next run")
	optional("restored", c.Restored, "were written to at the last moment")
	optional("recovered", c.Recovered, "restored under a new name, theirs was taken")
	s.skippedRows(row)
	left := group(s.LeftOver)
	if s.LeftOverAtLeast {
		left = "at least " + left
	}
	if s.Stopped != "" {
		row("left over", left, "workspaces: "+s.Stopped+"; the next run starts with them")
	}
	row("time", fmt.Sprintf("%.1f s", s.Seconds), "")
	return t.Flush()
}

// skippedRows lists the reasons, most frequent first.
func (s Summary) skippedRows(row func(name, value, note string)) {
	found := slices.DeleteFunc(policy.Reasons(), func(r policy.Reason) bool { return s.Counts.Skipped[r] == 0 })
	slices.SortStableFunc(found, func(a, b policy.Reason) int {
		return cmp.Compare(s.Counts.Skipped[b], s.Counts.Skipped[a])
	})
	name := "left alone"
	for _, reason := range found {
		row(name, group(s.Counts.Skipped[reason]), reason.String())
		name = ""
	}
}

// Progress is the line that a terminal shows while the run goes on.
func Progress(c Counts) string {
	return fmt.Sprintf("%s threads looked at, %s compressed, %s deleted, %s archived, %s left alone, %s freed",
		group(c.Scanned), group(c.Compressed), group(c.Deleted), group(c.Archived), group(c.SkippedTotal()), Bytes(c.BytesSaved))
}

// Bytes writes a size in the unit that suits it.
func Bytes(n int64) string {
	sign, value := "", float64(n)
	if n < 0 {
		sign, value = "-", -value
	}
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if value < 999.5 {
			if unit == "B" {
				return fmt.Sprintf("%s%.0f B", sign, value)
			}
			return fmt.Sprintf("%s%.3g %s", sign, value, unit)
		}
		value /= 1000
	}
	return fmt.Sprintf("%s%.1f TB", sign, value)
}

// group writes a number with separators between thousands.
func group(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var parts []string
	for len(digits) > 3 {
		parts = append(parts, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	parts = append(parts, digits)
	slices.Reverse(parts)
	return sign + strings.Join(parts, ",")
}
