package expressions

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"rate(1 minute)", "rate(5 minutes)", "rate(1 day)", "cron(0 3 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 18 L * ? *)",
		"cron(0 9 ? * 2#1 *)",
		"cron(0 9 ? JAN,jul SUN 2026-2030)", "cron(5 4 15W * ? 2027)", "cron(0 0 L-3 * ? *)", "cron(0 9 ? * 6L *)",
	} {
		require.NoError(t, Check(good, false), good)
		require.NoError(t, Check(good, true), good)
	}
	require.NoError(t, Check("at(2026-05-01T03:00:00)", true))
	for _, bad := range []string{
		"", "rate(1)", "rate(minute)", "rate(-1 minutes)", "rate(1 minute", "cron()", "cron(* * * * * *)", "cron(0 3 ? * ? *)",
		"cron(60 3 * * ? *)",
		"cron(0 3 32 * ? *)", "cron(0 3 * 13 ? *)", "cron(0 3 ? * 8 *)", "cron(0 3 * * ? 1969)", "cron(5-3 * * * ? *)",
		"cron(0 3 ? * MON#6 *)", "CRON(0 3 * * ? *)",
	} {
		require.Error(t, Check(bad, false), bad)
	}
	require.Error(t, Check("at(2026-05-01)", true))
	require.Error(t, Check("at(2026-05-01T03:00:00)", false))
}

func FuzzSchedules(f *testing.F) {
	f.Add("cron(0 3 * * ? *)")
	f.Add("rate(1 minute)")
	f.Add("at(2026-05-01T03:00:00)")
	f.Fuzz(func(_ *testing.T, text string) { _ = Check(text, true) })
}
