package report

import (
	"math"
	"slices"
	"time"
)

// Percentile is the nearest-rank percentile: the smallest of the values that at least that share of them do not exceed.
// Of few values the 95th is the largest. Without values it is 0.
func Percentile(values []time.Duration, percent float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(percent / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Times are the totals of wakes.
func Times(wakes []Wake) []time.Duration {
	times := make([]time.Duration, len(wakes))
	for i, wake := range wakes {
		times[i] = wake.Took
	}
	return times
}
