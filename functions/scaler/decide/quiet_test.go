package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TestWhoeverComesEveryTwoMinutesIsNotSentToTheWaker lets somebody come at such an interval, with a tick at any second and
// metrics that are almost three minutes late at most: they never meet the waker. Whoever stays away meets it within five minutes, or
// seven with metrics that are later than a minute. Only the requests' minutes are known, and each may be at its minute's end.
func TestWhoeverComesEveryTwoMinutesIsNotSentToTheWaker(t *testing.T) {
	t.Parallel()
	began := noon.Truncate(time.Hour)
	for _, lag := range []time.Duration{0, 30 * time.Second, time.Minute, 115 * time.Second, 170 * time.Second} {
		for phase := time.Duration(0); phase < time.Minute; phase += 3 * time.Second {
			for interval := 10 * time.Second; interval <= 2*time.Minute; interval += 11 * time.Second {
				var last time.Time
				for now := began.Add(phase); now.Before(began.Add(40 * time.Minute)); now = now.Add(time.Minute) {
					f := awakeAt(now, began)
					for at := began.Add(59 * time.Second); at.Before(now) && at.Before(began.Add(20*time.Minute)); at = at.Add(interval) {
						last = at
						if minute := at.Truncate(time.Minute); !minute.Add(time.Minute + lag).After(now) {
							f.Traffic.Last = minute
						}
					}
					f.Traffic.Watermark = now.Add(-lag).Truncate(time.Minute).Add(-time.Minute)
					if policy.Decide(&f, decide.Tick).State == decide.StateReady {
						continue
					}
					silence := now.Sub(last)
					require.Greater(t, silence, 2*time.Minute, "lag %s, interval %s, tick at %s", lag, interval, phase)
					most := 5 * time.Minute
					if lag > time.Minute {
						most = 7 * time.Minute
					}
					require.LessOrEqual(t, silence, most, "lag %s, interval %s, tick at %s", lag, interval, phase)
					break
				}
			}
		}
	}
}

// awakeAt is a service that has been awake for a while.
func awakeAt(now, since time.Time) decide.Facts {
	return decide.Facts{
		Now: now, Have: ^decide.Need(0), Rule: decide.Position{Phase: decide.PhaseAwake},
		Service: decide.Service{Desired: 1, Running: 1}, Health: decide.Health{API: 1, Preview: 1},
		Tasks: decide.Tasks{Live: 1, Running: 1, Oldest: since}, Traffic: decide.Traffic{UpSince: since},
	}
}

// TestSilenceIsCountedFromTheEndOfTheMinute: a request at 12:00:59 is seen as one of 12:00, and 55 s later somebody asked
// again, which no metric shows yet.
func TestSilenceIsCountedFromTheEndOfTheMinute(t *testing.T) {
	t.Parallel()
	last := noon.Truncate(time.Hour)
	for _, c := range []struct {
		after     time.Duration // the start of the last minute with a request
		watermark time.Duration
		want      decide.State
	}{
		{2*time.Minute + 55*time.Second, 2 * time.Minute, decide.StateReady},
		{3*time.Minute + 54*time.Second, 2 * time.Minute, decide.StateReady},
		{3*time.Minute + 55*time.Second, 2 * time.Minute, decide.StateAsleep},
		{4*time.Minute + 54*time.Second, time.Minute, decide.StateReady},
		{5*time.Minute + 54*time.Second, 0, decide.StateReady},
		{5*time.Minute + 55*time.Second, 0, decide.StateAsleep}, // metrics that stay away are not waited for without end
	} {
		f := awakeAt(last.Add(c.after), last.Add(-time.Hour))
		f.Traffic.Last, f.Traffic.Watermark = last, last.Add(c.watermark)
		require.Equal(t, c.want, policy.Decide(&f, decide.Tick).State, "%+v", c)
	}
}
