package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// property runs scenarios that draw makes, and shrinks the first one that breaks a rule.
func property(t *testing.T, draw func(*rapid.T) *scenario) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		s := draw(r)
		if violations := run(t, s); len(violations) > 0 {
			r.Fatalf("%s\n%s", strings.Join(violations, "\n"), fmt.Sprintf("%+v", *s))
		}
	})
}

// TestCalmModel lets people come and go while AWS works as it should.
func TestCalmModel(t *testing.T) {
	t.Parallel()
	property(t, drawCalm)
}

// TestRoughModel adds whatever can go wrong.
func TestRoughModel(t *testing.T) {
	t.Parallel()
	property(t, drawRough)
}

// TestForgottenTabsModel has only tabs that nobody looks at, and ticks: the service never wakes.
func TestForgottenTabsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawRough(r)
		s.Sessions, s.Disturb = nil, nil
		for range 2 {
			s.Tabs = append(s.Tabs, tab{At: seconds(r, "tabAt", 0, 600), Old: true})
		}
		var h *harness
		violations := runWith(t, s, func(made *harness) { h = made })
		require.Empty(r, violations)
		require.Empty(r, h.wakes, "a forgotten tab woke the service")
	})
}

// drawUndisturbed is a service that wakes, and that nothing but the sessions of the test touches.
func drawUndisturbed(r *rapid.T) *scenario {
	s := drawCalm(r)
	s.Disturb, s.Tabs = nil, nil
	if hopeless(&s.Timing) {
		s.Timing.Listen = scalertest.Range{Most: 30 * time.Second}
	}
	return s
}

// TestBusySessionModel has somebody at work who sends a request at least every two minutes, and protects nothing: they never
// meet the waker again (docs/container-contract.md).
func TestBusySessionModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawUndisturbed(r)
		s.Sessions = []session{{At: seconds(r, "at", 0, 120), API: rapid.Bool().Draw(r, "api")}}
		for range 60 {
			s.Sessions[0].Think = append(s.Sessions[0].Think, seconds(r, "think", 5, 118))
		}
		var h *harness
		violations := runWith(t, s, func(made *harness) { h = made })
		require.Empty(r, violations)
		require.Zero(r, h.redirected, "somebody at work was sent to the waker")
	})
}

// TestVisitorAtTheLastMoment lets somebody come within the very second in which the service is put to sleep. They find
// the service as it was, or wake it; nothing is stopped under them.
func TestVisitorAtTheLastMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := drawUndisturbed(r)
		s.Sessions = []session{{API: true}}
		var slept time.Duration
		require.Empty(r, runWith(t, s, func(h *harness) {
			if len(h.sleeps) > 0 {
				slept = h.sleeps[0].Sub(h.began)
			}
		}))
		require.NotZero(r, slept, "the service did not sleep")
		offset := time.Duration(rapid.IntRange(-1200, 400).Draw(r, "offset")) * time.Millisecond
		s.Sessions = append(s.Sessions, session{At: slept + offset, API: rapid.Bool().Draw(r, "api")})
		require.Empty(r, run(t, s))
	})
}

// TestWakeLostToAnOutage lets AWS fail for four minutes after somebody has asked and the count was taken away. The task
// that is asked for at the end of the outage has the whole time to start: it is not given up for the age of the wish.
func TestWakeLostToAnOutage(t *testing.T) {
	t.Parallel()
	for _, phase := range []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second} {
		s := &scenario{
			Seed: 1, TickPhase: phase, Timing: slowestTiming(),
			Sessions: []session{{At: 5 * time.Second}, {At: 70 * time.Second, API: true}},
			Disturb:  []disturbance{{At: 9 * time.Second, Kind: scaleAway}},
			Faults:   []faultWindow{{At: 10 * time.Second, For: 4 * time.Minute, Percent: 100}},
		}
		var slept time.Duration
		require.Empty(t, runWith(t, s, func(h *harness) {
			require.Positive(t, h.served, "nobody was served")
			slept = h.sleeps[0].Sub(h.began)
		}))
		require.Greater(t, slept, s.Faults[0].At+s.Faults[0].For+idle, "the task was stopped before anybody could have been idle")
	}
}

// TestLongWakes lets a container install for a time, answering its checks with 503 or not listening, while somebody waits.
// What answers has eleven minutes, what cannot be reached five; ECS, whose grace is ten minutes, does not come first.
func TestLongWakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		installs time.Duration
		refuses  bool
		served   bool
		givenUp  time.Duration // at most, from the wake
	}{
		"eight minutes":                {installs: 8 * time.Minute, served: true},
		"two minutes, not listening":   {installs: 2 * time.Minute, refuses: true, served: true},
		"fourteen minutes":             {installs: 14 * time.Minute, givenUp: 12 * time.Minute},
		"for ever":                     {installs: time.Hour, givenUp: 12 * time.Minute},
		"eight minutes, not listening": {installs: 8 * time.Minute, refuses: true, givenUp: 6 * time.Minute},
		"for ever, not listening":      {installs: time.Hour, refuses: true, givenUp: 6 * time.Minute},
	} {
		for phase := time.Duration(0); phase < time.Minute; phase += 13 * time.Second {
			s := &scenario{Seed: 1, TickPhase: phase, Timing: slowestTiming(), Sessions: []session{{API: true, At: 7 * time.Second}}}
			s.Timing.Listen, s.Timing.Refuses = scalertest.Range{Least: c.installs, Most: c.installs}, c.refuses
			require.Empty(t, runWith(t, s, func(h *harness) {
				require.Equal(t, c.served, h.served > 0, name)
				require.NotEmpty(t, h.sleeps, name)
				first := h.sleeps[0].Sub(h.wakes[0])
				if c.served {
					require.Len(t, h.wakes, 1, name)
					require.Greater(t, first, c.installs+idle, name)
				} else {
					require.LessOrEqual(t, first, c.givenUp, name)
					require.Greater(t, first, c.givenUp-time.Minute, name)
				}
			}), name)
		}
	}
}
