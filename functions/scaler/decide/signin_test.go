package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TestPlaceOfTheSignInRule: it is before the waker's wherever that is, on the same side of the service's own rules, and its
// places are nobody else's.
func TestPlaceOfTheSignInRule(t *testing.T) {
	t.Parallel()
	layout := decide.Layout{Base: 100}
	const firstOwn, lastOwn = 110, 130 // ws, and preview
	for _, phase := range []decide.Phase{decide.PhaseAsleep, decide.PhaseWaking, decide.PhaseDraining, decide.PhaseAwake} {
		signIn := layout.SignIn(phase)
		require.Equal(t, decide.PhaseUnknown, layout.Decode(signIn, noon).Phase, "the waker's rule is never there")
		for minute := range 20 {
			waker := layout.Encode(decide.Position{Phase: phase, Since: noon.Add(time.Duration(minute) * time.Minute)})
			require.Less(t, signIn, waker)
		}
		require.Equal(t, phase == decide.PhaseAwake, signIn > lastOwn)
		require.Equal(t, phase != decide.PhaseAwake, signIn < firstOwn)
		require.Less(t, signIn, layout.Base+100)
		require.GreaterOrEqual(t, signIn, layout.Base)
	}
}
