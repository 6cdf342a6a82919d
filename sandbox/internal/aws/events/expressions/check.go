package expressions

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var rateExpression = regexp.MustCompile(`^rate\((\d+) (minute|minutes|hour|hours|day|days)\)$`)

// Check says what is wrong with a rate, cron, or (where once is true) at
// expression, by the rules of the EventBridge user guide.
func Check(expression string, once bool) error {
	switch {
	case strings.HasPrefix(expression, "rate("):
		return checkRate(expression)
	case strings.HasPrefix(expression, "cron(") && strings.HasSuffix(expression, ")"):
		return checkCron(strings.TrimSuffix(strings.TrimPrefix(expression, "cron("), ")"))
	case once && strings.HasPrefix(expression, "at(") && strings.HasSuffix(expression, ")"):
		return checkAt(strings.TrimSuffix(strings.TrimPrefix(expression, "at("), ")"))
	case once:
		return errors.New("expected rate(value unit), cron(fields) or at(yyyy-mm-ddThh:mm:ss)")
	default:
		return errors.New("expected rate(value unit) or cron(fields)")
	}
}

func checkRate(expression string) error {
	m := rateExpression.FindStringSubmatch(expression)
	if m == nil {
		return errors.New("expected rate(value unit) with a whole number and minute(s), hour(s) or day(s), such as rate(5 minutes)")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n < 1 {
		return fmt.Errorf("the value %s must be at least 1", m[1])
	}
	plural := strings.HasSuffix(m[2], "s")
	if n == 1 && plural {
		return fmt.Errorf("the unit of 1 is singular: rate(1 %s)", strings.TrimSuffix(m[2], "s"))
	}
	if n > 1 && !plural {
		return fmt.Errorf("the unit of %d is plural: rate(%d %ss)", n, n, m[2])
	}
	return nil
}

func checkAt(at string) error {
	if _, err := time.Parse("2006-01-02T15:04:05", at); err != nil {
		return fmt.Errorf("at(%s): expected at(yyyy-mm-ddThh:mm:ss)", at)
	}
	return nil
}

type cronField struct {
	name     string
	min, max int
	names    []string // JAN.. or SUN.., with the number min for the first
	extra    string   // L, W, # where allowed
}

// cronFields are the six fields of a cron expression, in order.
var cronFields = []cronField{
	{name: "minutes", min: 0, max: 59},
	{name: "hours", min: 0, max: 23},
	{name: "day-of-month", min: 1, max: 31, extra: "LW"},
	{name: "month", min: 1, max: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{name: "day-of-week", min: 1, max: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT"), extra: "L#"},
	{name: "year", min: 1970, max: 2199},
}

const (
	dayOfMonth = 2
	dayOfWeek  = 4
)

func checkCron(text string) error {
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return fmt.Errorf("cron has %d fields, expected 6: minutes hours day-of-month month day-of-week year", len(fields))
	}
	if (fields[dayOfMonth] == "?") == (fields[dayOfWeek] == "?") {
		return errors.New("exactly one of day-of-month and day-of-week must be ?")
	}
	for i, f := range fields {
		if f == "?" && (i == dayOfMonth || i == dayOfWeek) {
			continue
		}
		for part := range strings.SplitSeq(f, ",") {
			if err := cronFields[i].check(part); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f cronField) check(part string) error {
	base, step, stepped := strings.Cut(part, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n < 1 {
			return fmt.Errorf("cron %s: %q is not a step", f.name, part)
		}
	}
	if base == "*" {
		return nil
	}
	if f.extra != "" && f.isExtra(base) {
		return nil
	}
	low, high, ranged := strings.Cut(base, "-")
	from, ok := f.number(low)
	to := from
	if ok && ranged {
		to, ok = f.number(high)
	}
	if !ok || from > to {
		return fmt.Errorf("cron %s: %q is not a value from %d to %d", f.name, part, f.min, f.max)
	}
	return nil
}

var (
	monthDayExtra = regexp.MustCompile(`^(L|LW|\d{1,2}W|L-\d{1,2})$`)
	weekDayExtra  = regexp.MustCompile(`^(L|[1-7]L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5])$`)
)

func (f cronField) isExtra(s string) bool {
	if f.extra == "LW" {
		return monthDayExtra.MatchString(s)
	}
	return weekDayExtra.MatchString(s)
}

func (f cronField) number(s string) (int, bool) {
	for i, n := range f.names {
		if strings.EqualFold(n, s) {
			return f.min + i, true
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.min && n <= f.max
}
