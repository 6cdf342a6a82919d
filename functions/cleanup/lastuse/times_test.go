package lastuse

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNotationsOfADate: what programs and people write for one moment,
// 2 January 2026, 15:04:05 UTC, or the minute or day of it.
func TestNotationsOfADate(t *testing.T) {
	t.Parallel()
	second := at("2026-01-02T15:04:05Z")
	for _, text := range []string{
		"2026-01-02T15:04:05Z", "2026-01-02t15:04:05z", "2026-01-02T15:04:05+0000", "2026-01-02 15:04:05 +0000", "2026-01-02 15:04:05 UTC",
		"2026-01-02T15:04:05+00", "2026-01-02T15:04:05", "2026-01-02 15:04:05.000", "2026-01-02T15:04:05,000Z", "2026-01-02T10:04:05-05:00",
		"2026-01-02 20:34:05 +0530", "2026-01-02T15:04:05Z[UTC]", "2026-01-02T16:04:05+01:00[Europe/Berlin]", "20260102T150405Z",
		"20260102T150405+0000", "20260102150405", "20260102_150405", "20260102-150405", "2026/01/02 15:04:05", "2026.01.02 15:04:05",
		"Fri Jan 02 2026 15:04:05 GMT+0000 (Coordinated Universal Time)", "Sat Jan 03 2026 02:04:05 GMT+1100 (Australian Eastern Daylight Time)",
		"Fri Jan  2 15:04:05 2026", "Fri Jan  2 15:04:05 UTC 2026", "Fri, 02 Jan 2026 15:04:05 GMT", "Fri, 2 Jan 2026 15:04:05 +0000 (UTC)",
		"02 Jan 2026 15:04:05 +0000", "Friday, 02-Jan-26 15:04:05 GMT", "2.1.2026, 15:04:05", "2026/1/2 15:04:05", "2 Jan 2026, 15:04:05", "Jan 2, 2026, 3:04:05 p.m.", "January 2, 2026 at 3:04:05 PM",
		"January 2nd, 2026 15:04:05 UTC", "02/Jan/2026:15:04:05 +0000", "15:04:05 2 Jan 2026", "/Date(1767366245000)/", "/Date(1767366245000+0100)/",
		"1767366245", "1767366245.000000", "1767366245000", " 2026-01-02T15:04:05Z ", "2026-01-02 15:04:05.123456 +0000 UTC m=+0.001",
		"2026年1月2日 15:04:05",
	} {
		got, says := parseTime(text, present)
		if text == "2026-01-02 15:04:05.123456 +0000 UTC m=+0.001" {
			require.Equal(t, isUnreadable, says, "Go's debugging form is no notation")
			continue
		}
		assert.Equal(t, isDate, says, text)
		assert.Equal(t, second, got.Truncate(time.Second), text)
	}
	for text, want := range map[string]string{
		"2026-01-02T15:04Z": "2026-01-02T15:04:00Z", "2026-01-02 15:04": "2026-01-02T15:04:00Z", "20260102T1504": "2026-01-02T15:04:00Z",
		"2026-01-02T23:59:60Z": "2026-01-02T23:59:59Z", "2026-01-02T24:00:00Z": "2026-01-03T00:00:00Z", "1/2/2026 12:04 AM": "2026-02-01T00:04:00Z",
		"2026-01-02": "2026-01-02T00:00:00Z", "20260102": "2026-01-02T00:00:00Z", "2 January 2026": "2026-01-02T00:00:00Z",
		"2026-01-02T15:04:05.123456789Z": "2026-01-02T15:04:05.123456789Z", "2026-01-02 15:04:05,5": "2026-01-02T15:04:05.5Z",
		"1/13/2026, 3:04:05 PM": "2026-01-13T15:04:05Z", "1/13/2026, 3:04:05\u202fPM": "2026-01-13T15:04:05Z", "1/13/26, 12:04:05 pm": "2026-01-13T12:04:05Z",
		"5/4/2026": "2026-05-04T00:00:00Z", "4/5/2026": "2026-05-04T00:00:00Z", "6/7/2026": "2026-06-07T00:00:00Z",
		"13/1/2026": "2026-01-13T00:00:00Z", "1/6/2026": "2026-06-01T00:00:00Z", "2/6/2026": "2026-02-06T00:00:00Z",
	} {
		got, says := parseTime(text, present)
		assert.Equal(t, isDate, says, text)
		assert.Equal(t, at(want), got, text)
	}
	for text, want := range map[string]verdict{
		"": saysNothing, " ": saysNothing, "0": saysNothing, "-1": saysNothing, "1999-12-31T23:59:59Z": saysNothing, "31 Dec 1999": saysNothing,
		"1970-01-01": saysNothing, "0001-01-01 00:00:00 +0000 UTC": saysNothing, "99": saysNothing,
		"2026-13-01": isUnreadable, "2026-01-32T00:00:00Z": isUnreadable, "2026-01-02T25:00:00Z": isUnreadable, "2026-01-02T15:61:00": isUnreadable,
		"1/2/2026 13:04 PM": isUnreadable, "now": isUnreadable, "Invalid Date": isUnreadable, "2026-W01": isUnreadable, "99999": isUnreadable,
		"1e25": isUnreadable, "15:04:05": isUnreadable, "2026-01-02T15:04:05 or so": isUnreadable, "20261302": isUnreadable,
	} {
		_, says := parseTime(text, present)
		assert.Equal(t, want, says, text)
	}
}
