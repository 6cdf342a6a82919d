package expressions

import (
	"strconv"
	"strings"
	"time"
)

// cron is a parsed cron expression of EventBridge: "Cron expressions" in the user guide. Its fields were checked before.
type cron struct {
	minutes, hours, months, years set
	days                          func(time.Time) bool
}

// set holds the allowed values of a field; nil allows all.
type set map[int]bool

func (s set) has(n int) bool { return s == nil || s[n] }

const (
	monthNames = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
	dayNames   = "SUN MON TUE WED THU FRI SAT"
	firstYear  = 1970
	lastYear   = 2199
)

func parseCron(fields []string) *cron {
	c := &cron{
		minutes: parseSet(fields[0], scale{0, 59, nil}), hours: parseSet(fields[1], scale{0, 23, nil}),
		months: parseSet(fields[3], scale{1, 12, strings.Fields(monthNames)}),
		years:  parseSet(fields[5], scale{firstYear, lastYear, nil}),
	}
	if fields[4] == "?" {
		c.days = anyOf(fields[2], monthDay)
	} else {
		c.days = anyOf(fields[4], weekDay)
	}
	return c
}

// scale is the range of a field's values and their names, the first for the lowest value.
type scale struct {
	low, high int
	names     []string
}

func (s scale) number(text string) int {
	for i, name := range s.names {
		if strings.EqualFold(name, text) {
			return s.low + i
		}
	}
	n, _ := strconv.Atoi(text) // checked before
	return n
}

func parseSet(field string, s scale) set {
	if field == "*" || field == "?" {
		return nil
	}
	out := set{}
	for part := range strings.SplitSeq(field, ",") {
		base, step, stepped := strings.Cut(part, "/")
		every := 1
		if stepped {
			every, _ = strconv.Atoi(step) // checked before
		}
		from, to := s.low, s.high
		if base != "*" {
			low, high, ranged := strings.Cut(base, "-")
			from = s.number(low)
			switch {
			case ranged:
				to = s.number(high)
			case !stepped:
				to = from
			}
		}
		for n := from; n <= to; n += every {
			out[n] = true
		}
	}
	return out
}

// anyOf gives the days that one of a field's parts allows.
func anyOf(field string, parse func(part string) func(time.Time) bool) func(time.Time) bool {
	var allowed []func(time.Time) bool
	for part := range strings.SplitSeq(field, ",") {
		allowed = append(allowed, parse(part))
	}
	return func(day time.Time) bool {
		for _, allows := range allowed {
			if allows(day) {
				return true
			}
		}
		return false
	}
}

// monthDay reads a day of the month: L is the last one, L-3 the third before it, 15W the weekday nearest to the 15th.
func monthDay(part string) func(time.Time) bool {
	switch {
	case part == "LW":
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, lastOf(day)) }
	case strings.HasPrefix(part, "L"):
		before, _ := strconv.Atoi(strings.TrimPrefix(part[1:], "-")) // "" is 0
		return func(day time.Time) bool { return day.Day() == lastOf(day)-before }
	case strings.HasSuffix(part, "W"):
		near, _ := strconv.Atoi(strings.TrimSuffix(part, "W")) // checked before
		return func(day time.Time) bool { return near <= lastOf(day) && day.Day() == nearestWeekday(day, near) }
	}
	days := parseSet(part, scale{1, 31, nil})
	return func(day time.Time) bool { return days.has(day.Day()) }
}

// weekDay reads a day of the week, 1 for Sunday: L is Saturday, 6L the last Friday of the month, 2#3 its third Monday.
func weekDay(part string) func(time.Time) bool {
	names := scale{1, 7, strings.Fields(dayNames)}
	number := func(day time.Time) int { return int(day.Weekday()) + 1 }
	switch {
	case part == "L":
		return func(day time.Time) bool { return day.Weekday() == time.Saturday }
	case strings.HasSuffix(part, "L"):
		want := names.number(strings.TrimSuffix(part, "L"))
		return func(day time.Time) bool { return number(day) == want && day.Day() > lastOf(day)-7 }
	case strings.Contains(part, "#"):
		name, count, _ := strings.Cut(part, "#")
		want, nth := names.number(name), names.number(count)
		return func(day time.Time) bool { return number(day) == want && (day.Day()-1)/7+1 == nth }
	}
	days := parseSet(part, names)
	return func(day time.Time) bool { return days.has(number(day)) }
}

func lastOf(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday is the Monday to Friday nearest to a day of the month, within the month.
func nearestWeekday(month time.Time, day int) int {
	switch time.Date(month.Year(), month.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return day + 2
		}
		return day - 1
	case time.Sunday:
		if day == lastOf(month) {
			return day - 2
		}
		return day + 1
	}
	return day
}

// next goes through the days, then through the day's minutes. The rarest day, 29 February on a certain weekday, comes
// within 40 years.
func (c *cron) next(after time.Time) time.Time {
	const farthest = 40 * 366
	start := after.Truncate(time.Minute).Add(time.Minute)
	day := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for range farthest {
		if c.years.has(day.Year()) && c.months.has(int(day.Month())) && c.days(day) {
			for minute := range 24 * 60 {
				at := day.Add(time.Duration(minute) * time.Minute)
				if !at.Before(start) && c.hours.has(minute/60) && c.minutes.has(minute%60) {
					return at
				}
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}
}
