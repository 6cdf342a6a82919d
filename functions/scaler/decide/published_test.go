package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TestPublished: minutes are of the clock below, and so is now.
func TestPublished(t *testing.T) {
	t.Parallel()
	hour := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	minute := func(m int) time.Time {
		if m < 0 {
			return time.Time{}
		}
		return hour.Add(time.Duration(m) * time.Minute)
	}
	for name, c := range map[string]struct {
		minutes []int // with a datapoint, in any order
		last    int   // with a request; -1 for none
		seconds int   // of now, after the hour
		want    int
	}{
		"nothing":                          {nil, -1, 600, -1},
		"all of them":                      {[]int{3, 5, 4}, 3, 400, 5},
		"one has overtaken the one before": {[]int{35, 36, 38}, 35, 39*60 + 33, 36},
		"which is taken for empty once it is late": {[]int{35, 36, 38}, 35, 38*60 + 115, 38},
		"a gap before the last request":            {[]int{2, 5, 6}, 5, 430, 6},
		"a gap without any request":                {[]int{2, 4}, -1, 4*60 + 115, 4},
		"a late one without any request":           {[]int{2, 4}, -1, 4*60 + 114, 2},
		"a request before its minute's targets":    {[]int{2, 3}, 4, 310, 3},
		"CloudWatch has stopped":                   {[]int{2, 3}, 2, 3000, 3},
	} {
		var minutes []time.Time
		for _, m := range c.minutes {
			minutes = append(minutes, minute(m))
		}
		require.Equal(t, minute(c.want), decide.Published(minutes, minute(c.last), hour.Add(time.Duration(c.seconds)*time.Second)), name)
	}
}
