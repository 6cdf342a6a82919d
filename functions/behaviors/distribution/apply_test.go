package distribution_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
)

func TestApplyWritesOnceAndOnlyIfNeeded(t *testing.T) {
	t.Parallel()
	m, c := &memory{xml: site(t)}, &clock{}
	out, err := applier(m, c).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Len(t, out.Changes, 4)
	require.Equal(t, 1, m.writes)
	require.Equal(t, m.xml, string(out.Plan.After))

	out, err = applier(m, c).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Empty(t, out.Changes)
	require.Equal(t, 1, m.writes, "nothing to change, nothing written")

	_, err = applier(m, c).Apply(t.Context(), id, removing(input("prod")))
	require.NoError(t, err)
	require.Equal(t, site(t), m.xml)
	require.Empty(t, c.waits, "nobody to wait for")
}

func TestPlanWritesNothing(t *testing.T) {
	t.Parallel()
	m := &memory{xml: site(t)}
	p, err := applier(m, &clock{}).Plan(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Len(t, p.Changes, 4)
	require.Zero(t, m.writes)
	require.Equal(t, site(t), m.xml)
}

func TestARefusalWritesNothing(t *testing.T) {
	t.Parallel()
	m := &memory{xml: site(t)}
	in := input("prod")
	in.Origin.ID = "S3-site"
	_, err := applier(m, &clock{}).Apply(t.Context(), id, ensuring(in))
	var refusal *merge.Refusal
	require.ErrorAs(t, err, &refusal)
	require.ErrorContains(t, err, "distribution "+id)
	require.Zero(t, m.writes)
	require.Equal(t, site(t), m.xml)
}

func TestWhatIsNoConfigurationIsNotWrittenBack(t *testing.T) {
	t.Parallel()
	m := &memory{xml: "<Distribution/>"}
	_, err := applier(m, &clock{}).Apply(t.Context(), id, removing(input("prod")))
	require.ErrorContains(t, err, "element Distribution")
	require.Zero(t, m.writes)
}

func TestALostRaceIsRunAgain(t *testing.T) {
	t.Parallel()
	m, c := &memory{xml: site(t)}, &clock{}
	m.beforeWrite = func(n int) {
		if n < 4 {
			m.change(func(xml string) string { return strings.Replace(xml, "<Comment>", fmt.Sprintf("<Comment>%d", n), 1) })
		}
	}
	out, err := applier(m, c).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Equal(t, 5, out.Attempts)
	require.Contains(t, m.xml, "<Comment>3210Amelia", "every change of the other writer is there")
	require.Contains(t, m.xml, "/prod/api/*")
	require.Len(t, c.waits, 3, "the first repetition does not wait")
	require.Equal(t, []time.Duration{800*time.Millisecond - 1, 1600*time.Millisecond - 1, 3200*time.Millisecond - 1}, c.waits)
}

func TestARaceThatIsNeverWonEnds(t *testing.T) {
	t.Parallel()
	m, c := &memory{xml: site(t)}, &clock{}
	m.beforeWrite = func(int) { m.change(func(xml string) string { return xml }) }
	_, err := applier(m, c).Apply(t.Context(), id, ensuring(input("prod")))
	require.ErrorIs(t, err, distribution.ErrConflict)
	require.ErrorContains(t, err, "10 times in a row")
	require.Equal(t, 10, m.writes)
	for _, wait := range c.waits {
		require.Less(t, wait, 5*time.Second)
	}
	require.Equal(t, site(t), m.xml)
}

func TestTheDeadlineEndsTheRace(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{xml: site(t)}
	m.beforeWrite = func(n int) {
		m.change(func(xml string) string { return xml })
		if n == 2 {
			cancel()
		}
	}
	_, err := applier(m, &clock{}).Apply(ctx, id, ensuring(input("prod")))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the last of 3 attempts")
	require.Equal(t, 3, m.writes)
}

func TestAGoneDistributionIsSaid(t *testing.T) {
	t.Parallel()
	m := &memory{gone: true}
	_, err := applier(m, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.ErrorIs(t, err, distribution.ErrGone)
	require.Equal(t, 1, m.reads)
}

// An answer that is lost leaves the change made; the next run has nothing to do.
func TestALostAnswerHealsAtTheNextRun(t *testing.T) {
	t.Parallel()
	m := &memory{xml: site(t), loseAnswers: true}
	_, err := applier(m, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.ErrorContains(t, err, "connection reset")
	out, err := applier(m, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Empty(t, out.Changes)
}

// When a repetition finds its own earlier write, the outcome still says what was changed.
func TestChangesSurviveALostAnswer(t *testing.T) {
	t.Parallel()
	m := &memory{xml: site(t)}
	store := conflictAfterWriting{m}
	out, err := applier(store, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Len(t, out.Changes, 4)
	require.True(t, out.Plan.Empty())
	require.Equal(t, 1, m.writes)
}

// conflictAfterWriting is what the SDK's own retry of a write looks like: the first try was made, its answer was lost,
// and the second meets the version that the first one made.
type conflictAfterWriting struct{ *memory }

func (s conflictAfterWriting) Write(ctx context.Context, id string, snapshot distribution.Snapshot) error {
	if err := s.memory.Write(ctx, id, snapshot); err != nil {
		return err
	}
	return distribution.ErrConflict
}

// Whenever the other writer comes in, and however often, its changes and ours are all there in the end.
func TestAnyInterleavingEndsWithBothChanges(t *testing.T) {
	t.Parallel()
	text := site(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &memory{xml: text}
		steps := rapid.SliceOfN(rapid.IntRange(0, 2), 0, 8).Draw(t, "changes of the other writer before each of our writes")
		made := 0
		m.beforeWrite = func(n int) {
			if n >= len(steps) {
				return
			}
			for range steps[n] {
				m.change(otherWriter(made))
				made++
			}
		}
		_, err := applier(m, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
		require.NoError(t, err)
		for i := range made {
			require.Contains(t, m.xml, fmt.Sprintf("<CNAME>alias-%d.example.com</CNAME>", i))
		}
		require.Equal(t, 3, strings.Count(m.xml, "<TargetOriginId>alb-origin-prod<"))

		_, err = applier(m, &clock{}).Apply(t.Context(), id, removing(input("prod")))
		require.NoError(t, err)
		alone := text
		for i := range made {
			alone = otherWriter(i)(alone)
		}
		require.Equal(t, alone, m.xml, "without ours, only the other writer's changes are left")
	})
}

// otherWriter adds an alias.
func otherWriter(i int) func(string) string {
	return func(xml string) string {
		xml = strings.Replace(xml, fmt.Sprintf("<Aliases><Quantity>%d<", i+2), fmt.Sprintf("<Aliases><Quantity>%d<", i+3), 1)
		return strings.Replace(xml, "</Items></Aliases>",
			fmt.Sprintf("<CNAME>alias-%d.example.com</CNAME></Items></Aliases>", i), 1)
	}
}

// Stacks that come and go at the same time do not undo each other.
func TestStacksAtTheSameTime(t *testing.T) {
	t.Parallel()
	m := &memory{xml: site(t)}
	stacks := []string{"prod", "dev", "test"}
	var group sync.WaitGroup
	for _, stack := range stacks {
		group.Go(func() {
			for range 5 {
				for _, plan := range []distribution.Planner{ensuring(input(stack)), removing(input(stack)), ensuring(input(stack))} {
					if err := untilDone(t.Context(), m, plan); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	for _, stack := range stacks {
		require.Equal(t, 3, strings.Count(m.xml, "<TargetOriginId>alb-origin-"+stack+"<"))
		_, err := applier(m, &clock{}).Apply(t.Context(), id, removing(input(stack)))
		require.NoError(t, err)
	}
	require.Equal(t, site(t), m.xml)
}

// untilDone repeats what lost ten races in a row, as the caller would.
func untilDone(ctx context.Context, m *memory, plan distribution.Planner) error {
	for {
		_, err := applier(m, &clock{}).Apply(ctx, id, plan)
		if err == nil || !strings.Contains(err.Error(), "times in a row") {
			return err
		}
	}
}
