package config_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/config"
)

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	aWeekOn = noon.Add(7*24*time.Hour + time.Nanosecond)
)

func TestClockOfTheMachine(t *testing.T) {
	t.Parallel()
	cfg, err := load(good())
	require.NoError(t, err)
	require.Equal(t, config.Clock{}, cfg.Clock)
	require.Empty(t, cfg.Clock.String())
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.Equal(t, start, cfg.Clock.Now())
		require.NoError(t, cfg.Clock.Sleep(t.Context(), time.Minute))
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, t.Context(), cfg.Clock.Context(t.Context()))
	})
}

func TestClockOfTheSandbox(t *testing.T) {
	t.Parallel()
	env := good()
	env["SANDBOX_CLOCK"] = config.Clock{Wall: noon, Service: aWeekOn, Speed: 60}.String()
	require.Equal(t, "2026-03-01T12:00:00Z,2026-03-08T12:00:00.000000001Z,60", env["SANDBOX_CLOCK"])
	cfg, err := load(env)
	require.NoError(t, err)
	require.Equal(t, aWeekOn.Add(time.Hour), cfg.Clock.At(noon.Add(time.Minute)))
	require.Equal(t, aWeekOn.Add(-time.Minute), cfg.Clock.At(noon.Add(-time.Second)))
	synctest.Test(t, func(t *testing.T) {
		clock := config.Clock{Wall: time.Now(), Service: aWeekOn, Speed: 60}
		start := time.Now()
		require.NoError(t, clock.Sleep(t.Context(), time.Hour))
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, aWeekOn.Add(time.Hour), clock.Now())
	})
}

// TestDeadlineOnTheClock: a function compares its deadline with its Now; the end itself is the machine's.
func TestDeadlineOnTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock := config.Clock{Wall: time.Now(), Service: aWeekOn, Speed: 60}
		_, has := clock.Context(t.Context()).Deadline()
		require.False(t, has)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ctx = clock.Context(ctx)
		end, has := ctx.Deadline()
		require.True(t, has)
		require.Equal(t, aWeekOn.Add(10*time.Minute), end)
		require.ErrorIs(t, clock.Sleep(ctx, time.Hour), context.DeadlineExceeded)
		require.Equal(t, aWeekOn.Add(10*time.Minute), clock.Now())
	})
}

func TestMalformedClocks(t *testing.T) {
	t.Parallel()
	good := strings.Split(config.Clock{Wall: noon, Service: aWeekOn, Speed: 1}.String(), ",")
	for want, text := range map[string]string{
		"has 2 parts, expected 3": "a,b", "the machine's time": "x," + good[1] + ",1", "the service's time": good[0] + ",x,1",
		`speed "0" is not`: good[0] + "," + good[1] + ",0", `speed "NaN" is not`: good[0] + "," + good[1] + ",NaN",
		`speed "10001" is not`: good[0] + "," + good[1] + ",10001", `speed "fast" is not`: good[0] + "," + good[1] + ",fast",
	} {
		_, err := config.ParseClock(text)
		require.ErrorContains(t, err, want)
	}
}
