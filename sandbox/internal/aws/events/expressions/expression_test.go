package expressions_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/events/expressions"
)

const layout = "Mon 2006-01-02 15:04"

func TestNext(t *testing.T) {
	t.Parallel()
	const from = "Wed 2026-03-11 10:30"
	for expression, want := range map[string][]string{
		"rate(1 minute)":                  {"Wed 2026-03-11 10:31", "Wed 2026-03-11 10:32"},
		"rate(5 minutes)":                 {"Wed 2026-03-11 10:35", "Wed 2026-03-11 10:40"},
		"rate(2 hours)":                   {"Wed 2026-03-11 12:00", "Wed 2026-03-11 14:00"},
		"rate(1 day)":                     {"Thu 2026-03-12 00:00", "Fri 2026-03-13 00:00"},
		"cron(* * * * ? *)":               {"Wed 2026-03-11 10:31", "Wed 2026-03-11 10:32"},
		"cron(0/15 * * * ? *)":            {"Wed 2026-03-11 10:45", "Wed 2026-03-11 11:00"},
		"cron(0 3 * * ? *)":               {"Thu 2026-03-12 03:00", "Fri 2026-03-13 03:00"},
		"cron(30 10 * * ? *)":             {"Thu 2026-03-12 10:30"},
		"cron(15 8-9,20 ? * MON-FRI *)":   {"Wed 2026-03-11 20:15", "Thu 2026-03-12 08:15", "Thu 2026-03-12 09:15"},
		"cron(0 0 1 jan ? *)":             {"Fri 2027-01-01 00:00"},
		"cron(0 0 29 2 ? *)":              {"Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"},
		"cron(0 0 L * ? *)":               {"Tue 2026-03-31 00:00", "Thu 2026-04-30 00:00"},
		"cron(0 0 L-2 * ? *)":             {"Sun 2026-03-29 00:00", "Tue 2026-04-28 00:00"},
		"cron(0 0 LW 5 ? *)":              {"Fri 2026-05-29 00:00"},
		"cron(0 0 15W * ? *)":             {"Mon 2026-03-16 00:00", "Wed 2026-04-15 00:00", "Fri 2026-05-15 00:00"},
		"cron(0 0 1W 8 ? *)":              {"Mon 2026-08-03 00:00"},
		"cron(0 0 31W * ? *)":             {"Tue 2026-03-31 00:00", "Fri 2026-05-29 00:00"},
		"cron(0 0 6W 6 ? *)":              {"Fri 2026-06-05 00:00"},
		"cron(0 0 ? * L *)":               {"Sat 2026-03-14 00:00", "Sat 2026-03-21 00:00"},
		"cron(0 0 ? * 6L *)":              {"Fri 2026-03-27 00:00", "Fri 2026-04-24 00:00"},
		"cron(0 0 ? 7 6L *)":              {"Fri 2026-07-31 00:00"},
		"cron(0 0 31W 4 ? *)":             {""},
		"cron(0 0 ? * 2#3 *)":             {"Mon 2026-03-16 00:00", "Mon 2026-04-20 00:00"},
		"cron(0 0 ? 9 2#3 *)":             {"Mon 2026-09-21 00:00"},
		"cron(0 0 ? * SUN#1 *)":           {"Sun 2026-04-05 00:00"},
		"cron(0 12 1 1 ? 2030-2031)":      {"Tue 2030-01-01 12:00", "Wed 2031-01-01 12:00", ""},
		"cron(0 12 1 1 ? 2020)":           {""},
		"cron(0 12 30 2 ? *)":             {""},
		"cron(0 0 1,15 1/6 ? *)":          {"Wed 2026-07-01 00:00", "Wed 2026-07-15 00:00", "Fri 2027-01-01 00:00"},
		"cron(5-7/2 10 ? * WED 2026/100)": {"Wed 2026-03-18 10:05", "Wed 2026-03-18 10:07"},
	} {
		parsed, err := expressions.Parse(expression)
		require.NoError(t, err)
		at, err := time.Parse(layout, from)
		require.NoError(t, err)
		for _, expected := range want {
			at = parsed.Next(at)
			if expected == "" {
				require.True(t, at.IsZero(), "%s gave %s", expression, at)
				continue
			}
			require.Equal(t, expected, at.Format(layout), expression)
		}
	}
}

func TestNextIsLater(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"rate(1 minute)", "cron(* * * * ? *)"} {
		parsed, err := expressions.Parse(expression)
		require.NoError(t, err)
		for _, seconds := range []time.Duration{0, 1, 59} {
			at := time.Date(2026, 3, 11, 10, 30, 0, 0, time.UTC).Add(seconds * time.Second)
			require.Equal(t, 31, parsed.Next(at).Minute(), "%s after %s", expression, at)
			require.Equal(t, parsed.Next(at), parsed.Next(at.In(time.FixedZone("elsewhere", 5400))), "UTC")
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"", "rate(0 minutes)", "cron(* * * * * *)", "every day"} {
		_, err := expressions.Parse(expression)
		require.ErrorContains(t, err, "schedule")
	}
}
