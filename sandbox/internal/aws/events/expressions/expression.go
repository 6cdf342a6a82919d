// Package expressions reads the schedules of EventBridge, rate(...), cron(...) and at(...), and knows when they are due.
package expressions

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression is a rate or cron expression, in UTC.
type Expression struct {
	every time.Duration // of a rate
	cron  *cron
}

// Parse reads an expression such as "rate(5 minutes)" or "cron(0 3 ? * MON-FRI *)".
func Parse(text string) (Expression, error) {
	if err := Check(text, false); err != nil {
		return Expression{}, fmt.Errorf("schedule %q: %w", text, err)
	}
	kind, rest, _ := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if kind == "cron" {
		return Expression{cron: parseCron(strings.Fields(rest))}, nil
	}
	number, unit, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return Expression{}, fmt.Errorf("schedule %q: %w", text, err)
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	return Expression{every: time.Duration(n) * units[strings.TrimSuffix(unit, "s")]}, nil
}

// Next is the first time after the given one at which the expression is due; the zero time when it never will be.
func (e Expression) Next(after time.Time) time.Time {
	after = after.UTC()
	if e.cron != nil {
		return e.cron.next(after)
	}
	return after.Truncate(e.every).Add(e.every)
}
