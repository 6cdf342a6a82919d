package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

func summary() Summary {
	s := Summary{
		Counts: Counts{
			Users: 1234, Scanned: 1234567, Kept: 3, Compressed: 4, Deleted: 5, Archived: 6, Finished: 7, Restored: 8, Recovered: 9,
			BytesSaved: 10_500_000, BytesDue: 999,
		},
		Seconds: 1.25, LeftOver: 11, LeftOverAtLeast: true, Pending: 12, Stopped: "the deadline is near",
	}
	s.Counts.Skipped[policy.InUse] = 1
	s.Counts.Skipped[policy.IOError] = 3
	s.Counts.Skipped[policy.DiskFull] = 2
	return s
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, summary().Table(&out))
	lines := []string{}
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	require.Equal(t, []string{
		"workspaces 1,234", "threads looked at 1,234,567 3 in use recently enough", "compressed 4", "deleted 5", "archived 6 workspaces",
		"size of these 999 B", "freed 10.5 MB 7 originals removed", "waiting 12 moved aside, removed by the next run",
		"restored 8 were written to at the last moment", "recovered 9 restored under a new name, theirs was taken",
		"left alone 3 io-error", "2 disk-full", "1 in-use",
		"left over at least 11 workspaces: the deadline is near; the next run starts with them", "time 1.2 s",
	}, lines)
}

func TestEveryMetricIsAMemberOfItsRecord(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		s := summary()
		s.DryRun = dry
		var out bytes.Buffer
		require.NoError(t, s.EMF(&out, "f", time.UnixMilli(1234567890123)))
		require.Equal(t, 1, strings.Count(out.String(), "\n"))
		record := map[string]any{}
		require.NoError(t, json.Unmarshal(out.Bytes(), &record))
		require.InDelta(t, 1234567890123.0, record["_aws"].(map[string]any)["Timestamp"], 0)
		metrics := s.metrics()
		require.LessOrEqual(t, len(metrics), 100, "what one record may hold")
		for _, m := range metrics {
			require.IsType(t, 0.0, record[m.Name], m.Name)
		}
		require.Equal(t, map[string]any{"in-use": 1.0, "io-error": 3.0, "disk-full": 2.0}, record["SkippedBy"])
		require.InDelta(t, 5, record["Failed"], 0)
	}
}

func TestTallySumsEverything(t *testing.T) {
	t.Parallel()
	var tally Tally
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { tally.Add(summary().Counts) })
	}
	group.Wait()
	sum, one := tally.Sum(), summary().Counts
	require.Equal(t, 10*one.SkippedTotal(), sum.SkippedTotal())
	require.Equal(t, []int64{
		10 * one.Users, 10 * one.Scanned, 10 * one.Kept, 10 * one.Compressed, 10 * one.Deleted, 10 * one.Archived, 10 * one.Finished,
		10 * one.Restored, 10 * one.Recovered, 10 * one.BytesSaved, 10 * one.BytesDue,
	}, []int64{
		sum.Users, sum.Scanned, sum.Kept, sum.Compressed, sum.Deleted, sum.Archived, sum.Finished, sum.Restored, sum.Recovered,
		sum.BytesSaved, sum.BytesDue,
	})
	require.Contains(t, Progress(sum), "12,345,670 threads looked at, 40 compressed")
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1 kB", -1500: "-1.5 kB", 999_600: "1 MB", 123_456_789: "123 MB", 2e12: "2.0 TB",
	} {
		require.Equal(t, want, Bytes(n))
	}
}
