package cost

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

// Goals of the specification, in USD a month.
const (
	// ServiceGoal is T02's acceptance criterion 6, at GoalHours of editing.
	ServiceGoal = 10.0
	// FoundationHigh is the upper end of T00's "~$25-30" for the foundation with its load balancer.
	FoundationHigh = 30.0
	// GoalHours is the specification's month.
	GoalHours = 10.0
)

// Markdown writes the estimate as the tables that docs/cost.md holds.
func (e *Estimate) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Stack `%s`, %g hours of editing a month (%.1f billed)\n\n", e.Stack, e.Usage.Hours, e.Usage.BilledHours())
	b.WriteString("| Part | Resource | What | Quantity | Unit price | USD a month | Assumed |\n|---|---|---|---:|---:|---:|---|\n")
	for _, line := range e.Lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s %ss | %s | %.2f | %s |\n", line.Part, line.Resource, line.What,
			quantity(line.Quantity), line.Price.Unit, price(line.Price), line.Monthly(), line.Assumed)
	}
	e.writeTotals(&b)
	e.writeVariants(&b)
	e.writeGaps(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *Estimate) writeTotals(b *strings.Builder) {
	foundation, balancer, service := e.Total(Foundation), e.Total(LoadBalancer), e.Total(Service)
	fmt.Fprintf(b, "\n| Total | USD a month | Specification |\n|---|---:|---|\n")
	fmt.Fprintf(b, "| What the live editor adds (service) | **%.2f** | %s |\n",
		service, verdict(service <= ServiceGoal, "less than $10 (T02)"))
	fmt.Fprintf(b, "| Foundation without load balancer | %.2f | |\n", foundation)
	fmt.Fprintf(b, "| Load balancer | %.2f | $18–20 (T00) |\n", balancer)
	whole := foundation + balancer
	if balancer > 0 {
		fmt.Fprintf(b, "| Foundation with load balancer | **%.2f** | %s |\n", whole, verdict(whole <= FoundationHigh, "$25–30 (T00)"))
	}
	fmt.Fprintf(b, "| Everything without load balancer | %.2f | |\n", e.Total()-balancer)
	fmt.Fprintf(b, "| Everything | **%.2f** | |\n", e.Total())
}

func verdict(met bool, goal string) string {
	if met {
		return goal + ": met"
	}
	return goal + ": missed"
}

func (e *Estimate) writeVariants(b *strings.Builder) {
	b.WriteString("\n| Variant | Service, USD | Everything, USD | |\n|---|---:|---:|---|\n")
	for _, v := range e.Variants() {
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %s |\n", v.Name, v.Service, v.Whole, v.Note)
	}
}

func (e *Estimate) writeGaps(b *strings.Builder) {
	b.WriteString("\nWhat is deployed besides costs nothing by itself.\n")
	if len(e.Unknown) == 0 {
		return
	}
	names := make([]string, 0, len(e.Unknown))
	for name := range e.Unknown {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(b, "\n**Not priced, so the totals are too low:** %s\n", strings.Join(names, ", "))
}

func quantity(q float64) string {
	switch {
	case q >= 1000:
		return fmt.Sprintf("%.0f", q)
	case q >= 10:
		return fmt.Sprintf("%.1f", q)
	default:
		return fmt.Sprintf("%.2f", q)
	}
}

func price(p Price) string {
	text := fmt.Sprintf("$%g", p.USD)
	if p.Free > 0 {
		text += fmt.Sprintf(" (%g free)", p.Free)
	}
	return text
}
