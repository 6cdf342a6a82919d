package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TestPrioritiesAreRead reads every priority around a stack's hundred.
func TestPrioritiesAreRead(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: 200}
	counts := map[decide.Phase]int{}
	for priority := 190; priority <= 310; priority++ {
		position := layout.Decode(priority, noon)
		counts[position.Phase]++
		if position.Phase == decide.PhaseUnknown {
			continue
		}
		require.Equal(t, position.Phase, layout.Decode(layout.Encode(position), noon).Phase)
		above := priority < 220
		require.Equal(t, position.Phase != decide.PhaseAwake, above, "priority %d is %s", priority, position.Phase)
		require.NotContains(t, []int{200, 210, 220, 230}, priority, "taken by the service's own rules")
	}
	require.Equal(t, map[decide.Phase]int{
		decide.PhaseAsleep: 1, decide.PhaseWaking: 8, decide.PhaseDraining: 9, decide.PhaseAwake: 10, decide.PhaseUnknown: 93,
	}, counts)
	require.Panics(t, func() { layout.Encode(decide.Position{}) })
}

// TestMarksSurviveTheirCycle writes a mark and reads it back later, with clocks that disagree by up to a minute, and a wake's
// up to two ticks after it has to be given up by its mark alone.
func TestMarksSurviveTheirCycle(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: 100}
	for phase, c := range map[decide.Phase]struct{ slot, most time.Duration }{
		decide.PhaseWaking:   {2 * time.Minute, 13 * time.Minute}, // 15 from the beginning of its two minutes
		decide.PhaseDraining: {time.Minute, 6 * time.Minute},
		decide.PhaseAwake:    {time.Minute, 6 * time.Minute},
	} {
		for at := time.Duration(0); at < 144*time.Minute; at += 7 * time.Second { // every cycle has gone round together
			written := noon.Add(at)
			for later := -59 * time.Second; later <= c.most; later += 13 * time.Second {
				read := written.Add(later)
				position := layout.Decode(layout.Encode(decide.Position{Phase: phase, Since: written}), read)
				require.Equal(t, phase, position.Phase)
				want := written.Truncate(c.slot)
				if want.After(read) { // a reader whose clock is behind takes it for just now, never for a cycle ago
					want = read.Truncate(c.slot)
				}
				if !want.Equal(position.Since) {
					t.Fatalf("%s, written at %s, read %s later: since %s", phase, written, later, position.Since)
				}
			}
		}
	}
}

// TestMarksOfTheVersionBefore reads wakes that a function of before D21 has marked, whose codes stood for one minute each, at
// every age that they can have: the mark says another age, and nobody is given up for it while a task is on its way; what it
// says next is its own.
func TestMarksOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: 100}
	for start := range 16 {
		for age := range 7 {
			began := noon.Add(time.Duration(start) * time.Minute)
			now := began.Add(time.Duration(age)*time.Minute + 30*time.Second)
			f := decide.Facts{
				Now: now, Have: decide.NeedRule | decide.NeedService | decide.NeedTasks | decide.NeedFailures | decide.NeedHealth,
				Rule:    layout.Decode(102+int(began.Unix()/60%8), now),
				Service: decide.Service{Desired: 1, Running: 1},
				Tasks:   decide.Tasks{Live: 1, Running: 1, Oldest: began.Add(4 * time.Second), Stage: decide.StageChecking},
			}
			require.Equal(t, decide.PhaseWaking, f.Rule.Phase)
			plan := policy.Decide(&f, decide.Tick)
			require.Equal(t, decide.StateWaking, plan.State, "mark %s, age %d min", f.Rule.Since, age)
			require.Empty(t, plan.Steps())
			f.Health = decide.Health{API: 1, Preview: 1}
			plan = policy.Decide(&f, decide.Tick)
			require.Equal(t, []decide.Step{{Kind: decide.StepMove, Phase: decide.PhaseAwake, Mark: true}}, plan.Steps())
		}
	}
}

// TestAWakeIsNotGivenUpForItsMark goes through a wake of eleven minutes second by second, wherever in its two minutes the mark
// was made: while the container answers, it is waited for to the end; one that cannot be reached gets five minutes.
func TestAWakeIsNotGivenUpForItsMark(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: 100}
	for phase := time.Duration(0); phase < 2*time.Minute; phase += 7 * time.Second {
		began := noon.Truncate(2 * time.Minute).Add(phase)
		code := layout.Encode(decide.Position{Phase: decide.PhaseWaking, Since: began})
		given := map[bool]time.Duration{}
		for age := time.Duration(0); age < 12*time.Minute; age += time.Second {
			for _, unreachable := range []bool{false, true} {
				f := decide.Facts{
					Now: began.Add(age), Have: ^decide.Need(0), Rule: layout.Decode(code, began.Add(age)),
					Service: decide.Service{Desired: 1, Running: 1}, Health: decide.Health{Unreachable: unreachable},
					Tasks: decide.Tasks{Live: 1, Running: 1, Oldest: began.Add(3 * time.Second), Stage: decide.StageChecking},
				}
				if plan := policy.Decide(&f, decide.Tick); plan.State == decide.StateFailing && given[unreachable] == 0 {
					given[unreachable] = age
					require.Equal(t, map[bool]decide.Class{false: decide.ClassTimeout, true: decide.ClassHealth}[unreachable], plan.Class)
				}
			}
		}
		require.Equal(t, map[bool]time.Duration{false: 11*time.Minute + 3*time.Second, true: 5*time.Minute + 3*time.Second}, given)
	}
}
