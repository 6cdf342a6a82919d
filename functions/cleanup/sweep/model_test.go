package sweep

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
)

// scale multiplies the number of cases, for a long run by hand.
func scale(n int) int {
	if os.Getenv("CLEANUP_EXHAUSTIVE") != "" {
		return 20 * n
	}
	return n
}

// TestModel compares whole runs with the reference, and the dry run with the
// real one.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }, 12)
		w := newFixture()
		w.build(items)
		w.fs.SetLeases(rapid.Bool().Draw(t, "leases"))
		config := testConfig()
		config.Workers = rapid.IntRange(1, 6).Draw(t, "workers")
		config.Packers = rapid.IntRange(1, 3).Draw(t, "packers")

		before := w.fs.Tree()
		config.DryRun = true
		planned := w.run(t, config)
		require.Equal(t, before, w.fs.Tree(), "a dry run changed something")

		config.DryRun = false
		done := w.run(t, config)
		w.requireReference(t, items, "first run")
		var compressed, deleted int64
		for _, i := range items {
			o := reference(i)
			compressed += o.compressed
			deleted += o.deleted
		}
		require.Equal(t, deleted, done.Counts.Deleted)
		require.Equal(t, compressed, done.Counts.Compressed)
		require.Equal(t, deleted, planned.Counts.Deleted)
		require.Zero(t, done.Pending)

		again := w.run(t, config)
		w.requireReference(t, items, "second run")
		require.Zero(t, again.Counts.Compressed+again.Counts.Deleted+again.Counts.Finished, "nothing is left to do")
	})
}

// strike is one way for a run to go wrong.
type strike struct {
	Seed      uint64
	Target    int64
	Mode      fault.Mode
	Err       error
	PowerLoss bool
	Op        fault.Op
}

// TestEveryOperationGoesWrong lets each operation of a run in turn fail, or be
// the last of a killed process, with and without a loss of power, over
// generated trees. Nothing may be lost at that instant, and later runs must
// arrive at exactly what an undisturbed run arrives at.
func TestEveryOperationGoesWrong(t *testing.T) {
	t.Parallel()
	faults := []error{syscall.EIO, syscall.ENOSPC, syscall.EACCES, syscall.ESTALE}
	for seed := range uint64(scale(4)) {
		operations := countOperations(t, seed)
		require.Greater(t, operations, int64(10))
		for target := range operations {
			for _, mode := range someModes(target) {
				s := strike{Seed: seed, Target: target, Mode: mode, Err: faults[(uint64(target)+seed)%4]}
				s.PowerLoss = mode >= fault.StopBefore && (target+int64(seed))%2 == 0
				s.hit(t)
			}
		}
	}
}

// someModes picks two of the ways for an operation to go wrong, other ones for
// each, all in the long form.
func someModes(target int64) []fault.Mode {
	modes := fault.Modes()
	if scale(1) > 1 {
		return modes
	}
	half := len(modes) / 2
	at := int(target) % half
	return []fault.Mode{modes[at], modes[half+(at+int(target)/half)%half]}
}

func countOperations(t *testing.T, seed uint64) int64 {
	t.Helper()
	w := newFixture()
	w.build(drawItems(seeded(seed), 5))
	counter := &fault.At{Target: -1}
	_, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), counter), serial()))
	require.NoError(t, err)
	return counter.Count()
}

// serial makes the order of operations nearly the same every time.
func serial() Config {
	c := testConfig()
	c.Workers, c.Packers = 1, 1
	return c
}

func (s strike) hit(t *testing.T) {
	t.Helper()
	items := drawItems(seeded(s.Seed), 5)
	w := newFixture()
	w.build(items)
	w.fs.SetLeases((s.Seed+uint64(s.Target))%4 < 2)
	hook := &fault.At{Target: s.Target, Mode: s.Mode, Err: s.Err, Seen: func(op fault.Op) { s.Op = op }}
	// Whether this run reports an error is beside the point.
	_, _ = Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), hook), serial()))
	if hook.Killed() {
		w.crash(s.PowerLoss, s.Seed+uint64(s.Target))
	}
	w.requireNothingLost(t, items, s)
	for range 3 {
		w.clock.nanos.Add(int64(time.Millisecond)) // a retry at once: nothing has settled yet
		require.Zero(t, w.run(t, testConfig()).Pending)
		w.requireNoneAside(t, s)
		w.requireNothingLost(t, items, s)
		w.clock.nanos.Add(int64(2 * time.Hour))
	}
	w.run(t, testConfig())
	w.requireReference(t, items, s)
}

// crash ends the process, and with it its locks; a loss of power also loses
// what was not synced.
func (w *fixture) crash(powerLoss bool, seed uint64) {
	if powerLoss {
		w.fs.Crash(rand.New(rand.NewPCG(seed, 2)))
		return
	}
	w.fs.Kill()
}

// TestTwoRunsAtOnce lets runs without a lock between them work on the same
// tree, with operations interleaved at random.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(scale(40)) {
		items := drawItems(seeded(seed), 8)
		w := newFixture()
		w.build(items)
		w.fs.SetLeases(seed%2 == 0)
		done := make(chan error)
		for range 2 {
			root := unlocked{fault.Wrap(w.fs.Root(), yield{})}
			go func() {
				_, err := Run(t.Context(), w.options(root, serial()))
				done <- err
			}()
		}
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		w.requireNothingLost(t, items, seed)
		w.clock.nanos.Add(int64(time.Millisecond))
		w.run(t, testConfig())
		w.requireNoneAside(t, seed)
		w.clock.nanos.Add(int64(2 * time.Hour))
		w.run(t, testConfig())
		w.requireReference(t, items, seed)
	}
}

// unlocked hides the state directory, so that no run knows of the other.
type unlocked struct{ fsx.Dir }

func (unlocked) Mkdir(string, os.FileMode) error { return syscall.EROFS }

func (u unlocked) OpenDir(name string) (fsx.Dir, error) {
	if name == StateDir {
		return nil, syscall.EACCES
	}
	return u.Dir.OpenDir(name)
}

// TestLockKeepsASecondRunAway is the usual case.
func TestLockKeepsASecondRunAway(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread(threads+"old.json", `{}`, 40*day)
	state, err := newRun(w.options(w.fs.Root(), testConfig())).openState()
	require.NoError(t, err)
	_, err = Run(t.Context(), w.options(w.fs.Root(), testConfig()))
	require.ErrorIs(t, err, ErrBusy)
	require.Contains(t, w.contents(t), threads+"old.json")
	config := testConfig()
	config.DryRun = true
	require.Equal(t, int64(1), w.run(t, config).Counts.Deleted, "a dry run needs no lock")
	require.NoError(t, state.close())
	w.run(t, testConfig())
	require.NotContains(t, w.contents(t), threads+"old.json")
}
