package thread

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// activityKeys are the field names that tell when a thread was in use, in
// lower case and without separators, so that lastActivityAt, last_activity_at
// and LastActivityAt are one. A creation time counts too: a thread was in use
// when it, or one of its messages, was made.
var activityKeys = map[string]bool{
	"lastactivity": true, "lastactivityat": true, "lastactivitytime": true,
	"lastactive": true, "lastactiveat": true, "lastaccess": true, "lastaccessed": true, "lastaccessedat": true,
	"lastused": true, "lastusedat": true, "lastseen": true, "lastseenat": true,
	"lastmessageat": true, "lastmessagetime": true, "lastmodified": true, "lastmodifiedat": true,
	"lastupdate": true, "lastupdated": true, "lastupdatedat": true, "updated": true, "updatedat": true,
	"updatetime": true, "modified": true, "modifiedat": true, "mtime": true,
	"timestamp": true, "ts": true, "created": true, "createdat": true, "createtime": true,
}

func isActivityKey(key string) bool {
	return activityKeys[keyNormalizer.Replace(strings.ToLower(key))]
}

var keyNormalizer = strings.NewReplacer("_", "", "-", "", " ", "")

// layouts are the notations of a time in a string. Those without a zone are
// taken as UTC, which is what containers run in.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	time.RFC1123,
	time.RFC1123Z,
	"2006-01-02",
}

// epoch is the oldest time taken seriously. Before it lie zero values.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func parseTime(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), !t.Before(epoch)
		}
	}
	return parseNumber(text)
}

// parseNumber reads a count of seconds, milliseconds, microseconds or
// nanoseconds since 1970. The unit follows from the size: for any time between
// 2000 and 2286 only one of them makes sense.
func parseNumber(text string) (time.Time, bool) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || value < 1e8 || value >= 1e19 {
		return time.Time{}, false
	}
	unit := 1.0
	for value/unit >= 1e10 {
		unit *= 1e3
	}
	whole, fraction := math.Modf(value / unit)
	t := time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	return t, !t.Before(epoch)
}
