package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// errTimeIsUp is a cause that the run has never heard of.
var errTimeIsUp = errors.New("time is up")

// stopper ends a run's time before a certain operation, and notes which
// threads were looked at.
type stopper struct {
	after int64
	stop  context.CancelCauseFunc
	count atomic.Int64
	mu    sync.Mutex
	seen  map[string]int
}

func (s *stopper) Before(op fault.Op) error {
	if s.count.Add(1) == s.after {
		s.stop(errTimeIsUp)
	}
	if op.Call == "stat" && len(op.Name) > 5 && op.Name[:2] == "t-" {
		s.mu.Lock()
		s.seen[op.Name]++
		s.mu.Unlock()
	}
	return nil
}

func (s *stopper) After(fault.Op) error { return nil }

const (
	manyUsers   = 20
	manyThreads = 300
)

func manyFixture() *fixture {
	w := newFixture()
	for u := range manyUsers {
		for n := range manyThreads {
			w.thread(fmt.Sprintf("client%d/user%02d/.claude/threads/t-%d-%d.json", u%3, u, u, n), `{}`, day)
		}
	}
	return w
}

// TestNextRunStartsWithWhatWasLeft stops runs early again and again. Every
// thread must be reached after as many runs as the work takes, none twice
// before the others once, and the count of what is left must be right.
func TestNextRunStartsWithWhatWasLeft(t *testing.T) {
	t.Parallel()
	for workers, budget := range map[int]int64{1: 1500, 8: 4000} {
		w := manyFixture()
		config := testConfig()
		config.Workers = workers
		total := map[string]int{}
		runs := 0
		for len(total) < manyUsers*manyThreads {
			ctx, cancel := context.WithCancelCause(t.Context())
			s := &stopper{after: budget, stop: cancel, seen: map[string]int{}}
			summary, err := Run(ctx, w.options(fault.Wrap(w.fs.Root(), s), config))
			require.NoError(t, err)
			require.Equal(t, errTimeIsUp.Error(), summary.Stopped)
			require.LessOrEqual(t, summary.LeftOver, int64(manyUsers), "run %d", runs)
			require.GreaterOrEqual(t, summary.Counts.Users+summary.LeftOver, int64(manyUsers), "run %d", runs)
			require.Positive(t, summary.LeftOver)
			for name := range s.seen {
				total[name]++
			}
			runs++
			require.Less(t, runs, 10, "runs make no progress: %d threads", len(total))
		}
		require.GreaterOrEqual(t, runs, 2)
		summary := w.run(t, config)
		require.Equal(t, int64(manyUsers*manyThreads), summary.Counts.Scanned, "with enough time a run covers all, wherever it starts")
		require.Zero(t, summary.LeftOver)
		require.NotContains(t, w.fs.Tree(), StateDir+"/"+cursorFile, "and the next starts at the beginning")
	}
}

// TestOneUserLargerThanARun must not keep a run from ever reaching its end.
func TestOneUserLargerThanARun(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for n := range 3000 {
		w.thread(fmt.Sprintf("c/u/.claude/threads/t-%d.json", n), `{}`, day)
	}
	total := map[string]int{}
	for range 5 {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := &stopper{after: 800, stop: cancel, seen: map[string]int{}}
		summary, err := Run(ctx, w.options(fault.Wrap(w.fs.Root(), s), serial()))
		require.NoError(t, err)
		require.Equal(t, int64(1), summary.LeftOver)
		for name := range s.seen {
			total[name]++
		}
	}
	require.Len(t, total, 3000)
}

// TestStopLeavesNothingHalfDone stops at every operation of a run that has
// work to do; what was not done is done by the next.
func TestStopLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(scale(2)) {
		for after := int64(1); after <= countOperations(t, seed); after++ {
			items := drawItems(seeded(seed), 5)
			w := newFixture()
			w.build(items)
			ctx, cancel := context.WithCancelCause(t.Context())
			s := &stopper{after: after, stop: cancel, seen: map[string]int{}}
			summary, err := Run(ctx, w.options(fault.Wrap(w.fs.Root(), s), serial()))
			require.NoError(t, err)
			require.Zero(t, summary.Failed(), "operation %d: running out of time is not a fault", after)
			w.requireNothingLost(t, items, after)
			for path := range w.fs.Tree() {
				require.NotContains(t, path, ".tmp", "stopping is not dying: temporary files are removed")
			}
			w.clock.nanos.Add(int64(2 * time.Hour))
			for range 2 {
				w.run(t, testConfig())
			}
			w.requireReference(t, items, after)
		}
	}
}

func TestCursorThatMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{"", "x", `"a" "b"`, `"a" "b" x`, `"zzz" "zzz" 99999999`, `"" "" -5`, "\x00\xff"} {
		w := newFixture()
		w.thread(threads+"old.json", `{}`, 40*day)
		w.thread(StateDir+"/"+cursorFile, cursor, 0)
		s := w.run(t, testConfig())
		require.Equal(t, int64(1), s.Counts.Deleted, "%q", cursor)
	}
}

// A name of any bytes survives being written as a cursor.
func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	w := newFixture()
	s, err := newRun(w.options(w.fs.Root(), testConfig())).lockState()
	require.NoError(t, err)
	for _, at := range []Position{{"a", "b", 0}, {"a b", "\"\n\\", 7}, {"\xff\x00x", "ü", 1 << 40}} {
		require.NoError(t, s.save(at))
		got, err := readCursor(s.dir)
		require.NoError(t, err)
		require.Equal(t, at, got)
	}
	require.NoError(t, s.save(Position{}))
	got, err := readCursor(s.dir)
	require.NoError(t, err)
	require.Equal(t, Position{}, got)
}

// denied refuses some directories, as missing permissions do.
type denied struct{ names map[string]error }

func (d denied) Before(op fault.Op) error {
	if op.Call == "opendir" || op.Call == "stat" {
		return d.names[op.Name]
	}
	return nil
}

func (d denied) After(fault.Op) error { return nil }

func TestUnreadablePartsAreLeftAloneAndTheRestIsDone(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for _, user := range []string{"a/locked", "a/open", "secret/x"} {
		w.thread(user+"/.claude/threads/old.json", `{}`, 40*day)
	}
	w.thread("a/open/.claude/threads/bad.json", `{}`, 40*day)
	hook := denied{map[string]error{"locked": fs.ErrPermission, "secret": fs.ErrPermission, "bad.json": fs.ErrPermission}}
	s, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), hook), testConfig()))
	require.NoError(t, err)
	requireSkipped(t, s, map[policy.Reason]int64{policy.Unreadable: 3})
	require.Equal(t, int64(1), s.Counts.Deleted)
	require.Zero(t, s.Failed())
}

// A root that can't be listed is a fault of the run.
func TestRootThatFails(t *testing.T) {
	t.Parallel()
	w := newFixture()
	hook := &fault.At{Target: 0, Mode: fault.StopBefore}
	_, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), hook), testConfig()))
	require.ErrorIs(t, err, fault.ErrKilled)
}

// The queue of files waiting for their settling time is bounded; what does not
// fit waits on disk.
func TestQueueOverflowWaitsForTheNextRun(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for n := range 10 {
		w.thread(fmt.Sprintf("%sold%d.json", threads, n), `{}`, 40*day)
	}
	o := w.options(w.fs.Root(), serial())
	o.Tally = &report.Tally{}
	r := newRun(o)
	r.queue = make(chan pending, 3)
	r.clock = stuck{w.clock}
	_, err := r.sweep(t.Context(), Position{})
	require.NoError(t, err)
	require.Equal(t, int64(10), r.tally.Sum().Deleted)
	require.Equal(t, int64(10), r.pending.Load())
	w.clock.nanos.Add(int64(time.Hour))
	s := w.run(t, testConfig())
	require.Equal(t, int64(10), s.Counts.Finished)
	require.NotContains(t, w.contents(t), "old", "all are gone")
}

// stuck is a clock by which no time passes before the run ends.
type stuck struct{ Clock }

func (stuck) Sleep(context.Context, time.Duration) error { return context.DeadlineExceeded }
