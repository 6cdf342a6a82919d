package lastuse

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verdict says what a value tells of a date.
type verdict uint8

const (
	saysNothing  verdict = iota // no date, and none that could be meant: empty, zero, of long ago
	isDate                      // a date
	isUnreadable                // perhaps a date, in a notation that is not known here
)

// epoch is the oldest time taken seriously. Before it lie zero values.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// smallNumber is below all counts of days, minutes, seconds or less that stand
// for a time since 2000, from whatever year they count.
const smallNumber = 1e4

// parseTime reads a text that as a whole is a date, or a date and time. Without
// a zone it is taken as UTC, which is what containers run in. Where day and
// month may be either, it is the later of those that have passed.
func parseTime(text string, now time.Time) (time.Time, verdict) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return dated(t)
	}
	text = strings.TrimSpace(spaces.Replace(text))
	if text == "" {
		return time.Time{}, saysNothing
	}
	if n := dotNet.FindStringSubmatch(text); n != nil {
		text = n[1]
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return parseNumber(text)
	}
	if t, ok := parseParts(text, now); ok {
		return dated(t)
	}
	return time.Time{}, isUnreadable
}

func dated(t time.Time) (time.Time, verdict) {
	if t.Before(epoch) {
		return time.Time{}, saysNothing
	}
	return t.UTC(), isDate
}

var (
	// spaces: JavaScript's toLocaleString has narrow ones since ICU 72.
	spaces = strings.NewReplacer("\u202f", " ", "\u00a0", " ", "\t", " ", "\u200e", "", "\u200f", "")
	dotNet = regexp.MustCompile(`^\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/$`)
	// compact is 20260102T030405Z and its shorter forms.
	compact = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:[Tt _-]?(\d{2})(\d{2})(\d{2})?)?([.,]\d+)?(\s?[Zz]|\s?[+-]\d{2}:?(?:\d{2})?)?$`)
	// dayAndClock: what is before the time of day, that time, and what is after it.
	dayAndClock = regexp.MustCompile(`^(?i)(?:|(.*?)(?:[\s,_:]+|t))(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,9}))?\d*)?\s*([ap]\.?m\.?)?(.*)$`)
	// afterClock: a zone by name, an offset, and the year in some notations.
	afterClock = regexp.MustCompile(`^(?i)\s*(?:utc|gmt|z|[a-z]{2,5})?\s*(?:([+-])(\d{1,2})(?::?(\d{2}))?(?::?\d{2})?)?` +
		`(?:\s+([a-z]{3,5}))?(?:\s*\b(\d{4}))?$`)
	comments = regexp.MustCompile(`\s*(\([^()]*\)|\[[^\[\]]*\])\s*$`)
	weekday  = regexp.MustCompile(`^(?i)(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+`)
	ordinal  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)\b`)
	dayJoint = regexp.MustCompile(`(?i)(?:\s+at|[,;])(?:\s+|$)`)
)

// parseParts reads a date of known parts in many an order.
func parseParts(text string, now time.Time) (time.Time, bool) {
	if c := compact.FindStringSubmatch(text); c != nil {
		text = c[1] + "-" + c[2] + "-" + c[3]
		if c[4] != "" {
			text += "T" + c[4] + ":" + c[5]
		}
		if c[6] != "" {
			text += ":" + c[6] + c[7]
		}
		text += c[8]
	}
	for comments.MatchString(text) {
		text = comments.ReplaceAllString(text, "")
	}
	parts := dayAndClock.FindStringSubmatch(text)
	if parts == nil {
		return parseDay(text, 0, now)
	}
	clock, ok := parseClock(parts[2:7])
	if !ok {
		return time.Time{}, false
	}
	day, after := parts[1], parts[7]
	if day == "" { // the time of day comes first
		return parseDay(strings.TrimLeft(after, ", "), clock, now)
	}
	rest := afterClock.FindStringSubmatch(after)
	if rest == nil {
		return time.Time{}, false
	}
	if rest[5] != "" {
		day += " " + rest[5]
	}
	return parseDay(day, clock-offset(rest[1:4]), now)
}

// parseClock reads hours, minutes, seconds, a fraction, and AM or PM. A leap
// second is the one before it.
func parseClock(parts []string) (time.Duration, bool) {
	number := func(text string) int {
		n, _ := strconv.Atoi(text) // digits only, or nothing
		return n
	}
	hour, minute, second := number(parts[0]), number(parts[1]), min(number(parts[2]), 59)
	if half := strings.ToLower(parts[4]); half != "" {
		if hour > 12 {
			return 0, false
		}
		hour %= 12
		if half[0] == 'p' {
			hour += 12
		}
	}
	if hour > 24 || minute > 59 || number(parts[2]) > 60 {
		return 0, false
	}
	fraction := number((parts[3] + "000000000")[:9])
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(fraction), true
}

func offset(parts []string) time.Duration {
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2])
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if parts[0] == "-" {
		return -d
	}
	return d
}

// days are the notations of a day. More than one may fit.
var days = []string{
	"2006-1-2", "2006/1/2", "2006.1.2", "2006 1 2", "2 Jan 2006", "2 January 2006", "2-Jan-2006", "2-Jan-06", "2 Jan 06", "2/Jan/2006",
	"Jan 2 2006", "January 2 2006", "2006 Jan 2", "2006-Jan-2", "1/2/2006", "2/1/2006", "1/2/06", "2/1/06",
	"2.1.2006", "2.1.06", "1-2-2006", "2-1-2006",
	"2. January 2006", "2. Jan 2006", "2006年1月2日",
}

func parseDay(text string, clock time.Duration, now time.Time) (time.Time, bool) {
	text = weekday.ReplaceAllString(strings.TrimSpace(text), "")
	text = ordinal.ReplaceAllString(text, "$1")
	text = strings.Join(strings.Fields(dayJoint.ReplaceAllString(text, " ")), " ")
	text = strings.Replace(text, "Sept ", "Sep ", 1)
	best, found := time.Time{}, false
	for _, layout := range days {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		t = t.Add(clock)
		if !found || better(t, best, now) {
			best, found = t, true
		}
	}
	return best, found
}

// better prefers what has passed, then what is later of the past or sooner of the future.
func better(a, b, now time.Time) bool {
	if a.After(now) != b.After(now) {
		return !a.After(now)
	}
	return a.After(b) != a.After(now)
}

// parseNumber reads a count of seconds, milliseconds, microseconds or
// nanoseconds since 1970. The unit follows from the size: for any time between
// 2000 and 2286 only one of them makes sense. Other counts are unreadable,
// unless they are too small for any.
func parseNumber(text string) (time.Time, verdict) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || value < smallNumber {
		return time.Time{}, saysNothing
	}
	if c := compact.FindStringSubmatch(text); c != nil && c[8] == "" {
		if t, ok := parseParts(text, epoch); ok && !t.Before(epoch) && t.Year() < 2100 {
			return t, isDate
		}
	}
	if value >= 1e19 {
		return time.Time{}, isUnreadable
	}
	unit := 1.0
	for value/unit >= 1e10 {
		unit *= 1e3
	}
	whole, fraction := math.Modf(value / unit)
	t := time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	if t.Before(epoch) {
		return time.Time{}, isUnreadable
	}
	return t, isDate
}

// maybeDate says whether a text may be a date by the look of it: only
// characters that dates are made of, and a year of this century as a number of
// its own or followed by a month.
func maybeDate(raw []byte) bool {
	if len(raw) < len("2026-1-2") {
		return false
	}
	digits, year := 0, false
	for i, c := range raw {
		if c >= '0' && c <= '9' {
			digits++
			if c == '2' && !year {
				year = yearAt(raw, i)
			}
			continue
		}
		if c < ' ' || c == '{' || c == '<' || c == '"' || c == '=' || c == '?' || c == '@' {
			return false
		}
	}
	return year && digits >= 6 && digits < len(raw)
}

// maybeCount says whether digits may be a moment since 2001 whatever their key is called: a count of seconds, or of a
// thousandth, millionth or billionth of one, or a compact date. Most other numbers are shorter; of those that are not, few lie in
// the weeks that matter, and such a one keeps a thread for so much longer.
func maybeCount(raw []byte) bool {
	switch len(raw) {
	case len("1767323045"), len("1767323045000"), len("1767323045000000"), len("1767323045000000000"):
		if raw[0] != '1' {
			return false
		}
	case len("20260102"), len("20260102030405"):
		if raw[0] != '2' || raw[1] != '0' {
			return false
		}
	default:
		return false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// yearAt says whether 20xx begins at i and no digit before it.
func yearAt(raw []byte, i int) bool {
	digit := func(i int) bool { return i < len(raw) && raw[i] >= '0' && raw[i] <= '9' }
	return (i == 0 || !digit(i-1)) && digit(i+1) && raw[i+1] == '0' && digit(i+2) && digit(i+3)
}
