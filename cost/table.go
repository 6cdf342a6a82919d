package cost

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table writes the estimate for a person at a terminal: what costs how much, the totals and the variants. Unit prices and assumptions
// are in Markdown's.
func (e *Estimate) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Stack %s, %g hours of editing a month (%.1f billed), in USD a month\n\n", e.Stack, e.Usage.Hours, e.Usage.BilledHours())
	rows := [][]string{{"PART", "RESOURCE", "WHAT", "QUANTITY", "USD"}}
	for _, line := range e.Lines {
		rows = append(rows, []string{
			string(line.Part), line.Resource, line.What, quantity(line.Quantity) + " " + line.Price.Unit + "s", usd(line.Monthly()),
		})
	}
	align(&b, rows)
	foundation, balancer, service := e.Total(Foundation), e.Total(LoadBalancer), e.Total(Service)
	b.WriteString("\n")
	align(&b, [][]string{
		{"TOTAL", "GOAL", "USD"},
		{"What the live editor adds (service)", verdict(service <= ServiceGoal, "less than $10"), usd(service)},
		{"Foundation without load balancer", "", usd(foundation)},
		{"Load balancer", "$18–20", usd(balancer)},
		{"Everything", "", usd(e.Total())},
	})
	variants := [][]string{{"VARIANT", "SERVICE", "EVERYTHING"}}
	for _, v := range e.Variants() {
		variants = append(variants, []string{v.Name, usd(v.Service), usd(v.Whole)})
	}
	b.WriteString("\n")
	align(&b, variants)
	e.writeTableGaps(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *Estimate) writeTableGaps(b *strings.Builder) {
	free := 0
	for _, count := range e.Free {
		free += count
	}
	fmt.Fprintf(b, "\n%d further resources cost nothing by themselves. In a pipe this is Markdown, with unit prices and assumptions.\n", free)
	if len(e.Unknown) > 0 {
		fmt.Fprintf(b, "Not priced, so the totals are too low: %s\n", strings.Join(slices.Sorted(maps.Keys(e.Unknown)), ", "))
	}
}

// amountWidth holds what a month costs; amounts stand below each other by their point.
const amountWidth = 8

func usd(amount float64) string { return fmt.Sprintf("%*.2f", amountWidth, amount) }

// align writes rows whose columns begin below each other.
func align(b *strings.Builder, rows [][]string) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t")) // a builder takes everything
	}
	_ = table.Flush()
}
