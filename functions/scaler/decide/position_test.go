package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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

// TestMarksSurviveTheirCycle writes a mark and reads it back later, with clocks that disagree by up to a minute.
func TestMarksSurviveTheirCycle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		layout := decide.Layout{Base: rapid.IntRange(1, 49901).Draw(t, "base")}
		phase := rapid.SampledFrom([]decide.Phase{decide.PhaseWaking, decide.PhaseDraining, decide.PhaseAwake}).Draw(t, "phase")
		written := noon.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "at")) * time.Second)
		later := time.Duration(rapid.Int64Range(-59, 360).Draw(t, "later")) * time.Second
		read := written.Add(later)
		position := layout.Decode(layout.Encode(decide.Position{Phase: phase, Since: written}), read)
		require.Equal(t, phase, position.Phase)
		if minute := written.Truncate(time.Minute); minute.After(read) {
			// A reader whose clock is behind takes it for just now, never for a cycle ago.
			require.Less(t, read.Sub(position.Since), time.Minute)
		} else {
			require.Equal(t, minute, position.Since)
		}
	})
}
