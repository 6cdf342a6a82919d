package clock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/clock"
)

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 84*time.Millisecond + 400*time.Microsecond: "84ms", 1500 * time.Millisecond: "1.5s", 38400 * time.Millisecond: "38s",
		time.Minute: "1m", 400 * time.Second: "6m40s", 59999 * time.Millisecond: "60s", 2 * time.Hour: "120m",
		5*time.Minute + 600*time.Millisecond: "5m1s",
	} {
		assert.Equal(t, want, clock.Short(d), "%v", d)
	}
}

func TestAFastClock(t *testing.T) {
	t.Parallel()
	c := clock.New(1000)
	began, wall := c.Now(), time.Now()
	require.NoError(t, c.Sleep(t.Context(), 20*time.Second))
	passed, really := c.Now().Sub(began), time.Since(wall)
	assert.GreaterOrEqual(t, passed, 20*time.Second)
	assert.InEpsilon(t, really.Seconds()*1000, passed.Seconds(), 0.5)
	assert.Equal(t, time.Second, c.Wall(1000*time.Second))
	assert.Equal(t, "40s (40ms wall)", c.Text(40*time.Second))
	assert.Equal(t, "40s", clock.New(1).Text(40*time.Second))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Sleep(ended, time.Hour), context.Canceled)
}
