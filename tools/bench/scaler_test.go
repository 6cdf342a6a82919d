package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScalerRows(t *testing.T) {
	t.Parallel()
	found := map[string]metrics{}
	parseBenchmarks([]byte("goos: linux\nBenchmarkDecide/awake_tick-2   \t  100000\t 300.0 ns/op\t 0 B/op\t 0 allocs/op\n"+
		"BenchmarkDecide/awake_tick-2 100000 100.0 ns/op 0 B/op 1 allocs/op\nBenchmarkDecide/awake_tick-2 1 900.0 ns/op 0 B/op 1 allocs/op\n"+
		"BenchmarkPackage \t 1 5 ns/op 3.5 MB-zip\nPASS\nok x 1s\n"), found)
	for _, c := range []struct {
		row  scalerRow
		want string
	}{
		{scalerRows[1], "| Decision, awake | 3 | 0.30 µs | 0.10 µs | 0.90 µs | at most 2.00 µs: met |"},
		{scalerRows[4], "| Allocations of a decision | 3 | 1 | 0 | 1 | at most 0: missed |"},
		{scalerRows[5], "| Zip (arm64) | 1 | 3.5 MB | 3.5 MB | 3.5 MB | at most 6 MB: met |"},
	} {
		line, err := c.row.line(found)
		require.NoError(t, err)
		require.Equal(t, c.want, line)
	}
	_, err := scalerRows[0].line(found)
	require.EqualError(t, err, "BenchmarkDecide/asleep_tick reported no ns/op")
}
