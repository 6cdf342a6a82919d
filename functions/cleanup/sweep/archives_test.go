package sweep

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// archivingFixture has one user who is gone, one who is not, and an archive
// directory with things of others in it.
func archivingFixture() *fixture {
	w := newFixture()
	for _, path := range []string{"metadata.json", ".claude/threads/kept.json", "project/src/x.astro", "project/node_modules/y"} {
		w.thread("acme/gone/"+path, `{}`, 100*day)
		w.thread("acme/here/"+path, `{}`, 100*day)
	}
	w.thread("acme/here/project/src/x.astro", `{}`, 3*day)
	w.thread("acme/_archive/notes.txt", `mine`, 400*day)
	w.thread("acme/_archive/other-2020-01-01.tar.gz", `theirs`, 400*day)
	for path, e := range w.fs.Tree() {
		if e.Info.Kind == fsx.KindDir && strings.HasPrefix(path, "acme/") {
			w.fs.Edit(path, func(i *fsx.Info) { i.ModTime = begin.Add(-100 * day).UnixNano() })
		}
	}
	return w
}

func archivingConfig() Config {
	c := testConfig()
	c.Ages.Archive = 90 * day
	c.Ages.Delete = 10_000 * day // threads are not the matter here
	c.Ages.Compress = 9_000 * day
	c.Ages.Archive = 90 * day
	return c
}

const goneArchive = "acme/_archive/gone-2026-07-01.tar.gz"

func (w *fixture) users() (found []string) {
	for _, user := range []string{"gone", "here"} {
		if _, ok := w.fs.Tree()["acme/"+user]; ok {
			found = append(found, user)
		}
	}
	return found
}

func TestUsersWhoAreGoneAreArchived(t *testing.T) {
	t.Parallel()
	w := archivingFixture()
	s := w.run(t, testConfig())
	require.Zero(t, s.Counts.Archived, "off unless configured")
	require.Equal(t, []string{"gone", "here"}, w.users())

	w = archivingFixture()
	s = w.run(t, archivingConfig())
	require.Equal(t, int64(1), s.Counts.Archived)
	require.Equal(t, int64(1), s.Counts.Finished)
	require.Zero(t, s.Pending)
	require.Zero(t, s.Counts.SkippedTotal(), "%v", s.Counts.Skipped)
	require.Equal(t, []string{"here"}, w.users())
	tree := w.fs.Tree()
	require.Contains(t, tree, goneArchive)
	require.Equal(t, "mine", tree["acme/_archive/notes.txt"].Data)
	require.Equal(t, "theirs", tree["acme/_archive/other-2020-01-01.tar.gz"].Data)
	for path := range tree {
		require.NotContains(t, path, ".cleanup-")
	}
	s = w.run(t, archivingConfig())
	require.Zero(t, s.Counts.Archived)
}

// A run that ends while a workspace settles leaves it to the next, which gives
// it back if archiving is on and something has changed.
func TestArchivingGoesOnInTheNextRun(t *testing.T) {
	t.Parallel()
	for _, changed := range []bool{false, true} {
		w := archivingFixture()
		o := w.options(w.fs.Root(), archivingConfig())
		r := newRun(o)
		r.clock = stuck{w.clock}
		_, err := r.sweep(t.Context(), Position{})
		require.NoError(t, err)
		require.Equal(t, int64(1), r.pending.Load())
		require.Equal(t, []string{"here"}, w.users())
		aside := ""
		for path := range w.fs.Tree() {
			if strings.HasSuffix(path, ".checking") {
				aside = path
			}
		}
		require.NotEmpty(t, aside)
		if changed {
			w.fs.Append(aside+"/project/src/x.astro", []byte("late"))
		}
		w.clock.nanos.Add(int64(time.Millisecond))
		off := w.run(t, testConfig())
		require.Equal(t, int64(1), off.Counts.Skipped[policy.ArchiveOff], "it says that something waits")
		require.Contains(t, w.fs.Tree(), aside)

		w.clock.nanos.Add(int64(time.Hour))
		s := w.run(t, archivingConfig())
		if changed {
			require.Equal(t, int64(1), s.Counts.Restored)
			require.Equal(t, int64(1), s.Counts.Skipped[policy.ArchiveChanged])
			require.Equal(t, "{}late", w.fs.Tree()["acme/gone/project/src/x.astro"].Data)
			continue
		}
		require.Equal(t, int64(1), s.Counts.Finished)
		require.Equal(t, []string{"here"}, w.users())
		require.Contains(t, w.fs.Tree(), goneArchive)
	}
}

// However soon the next run comes, it waits for the settling time and ends what was begun.
func TestTheNextRunFinishesAnArchiveThatHasNotSettled(t *testing.T) {
	t.Parallel()
	w := archivingFixture()
	r := newRun(w.options(w.fs.Root(), archivingConfig()))
	r.clock = stuck{w.clock}
	_, err := r.sweep(t.Context(), Position{})
	require.NoError(t, err)
	w.clock.nanos.Add(int64(time.Millisecond))
	s := w.run(t, archivingConfig())
	require.Equal(t, int64(1), s.Counts.Finished)
	require.Zero(t, s.Pending)
	require.Equal(t, []string{"here"}, w.users())
	for path := range w.fs.Tree() {
		require.NotContains(t, path, ".cleanup-")
	}
}

func TestArchivingWaitsForTimeAndDisk(t *testing.T) {
	t.Parallel()
	w := archivingFixture()
	w.fs.SetFull(true)
	s := w.run(t, archivingConfig())
	require.Equal(t, int64(1), s.Counts.Skipped[policy.DiskFull])
	require.Zero(t, s.Counts.Archived)
	require.Equal(t, []string{"gone", "here"}, w.users())

	w = archivingFixture()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := Run(ctx, w.options(w.fs.Root(), archivingConfig()))
	require.NoError(t, err)
	require.Equal(t, int64(2), s.LeftOver)
	require.Equal(t, []string{"gone", "here"}, w.users())
}

// order notes whether a workspace was looked at before its threads were dealt with.
type order struct {
	yield
	moved, early atomic.Bool
}

func (o *order) Before(op fault.Op) error {
	switch {
	case op.Call == "stat" && op.Name == "old.json":
		for range 1000 { // whoever does not wait gets ahead
			o.pause()
		}
	case op.Call == "rename" && op.Name == "old.json":
		o.moved.Store(true)
	case op.Name == "metadata.json" && !o.moved.Load():
		o.early.Store(true)
	}
	return nil
}

// A thread that is read to find out whether its user is gone looks, to those who
// compress and remove, as if a writer had it open.
func TestArchivingLooksAtAWorkspaceWhenItsThreadsAreDone(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread(threads+"old.json", `{}`, 400*day)
	w.thread("acme/bob/metadata.json", `{}`, 400*day)
	o := &order{}
	config := testConfig()
	config.Ages.Archive = 90 * day
	_, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), o), config))
	require.NoError(t, err)
	require.True(t, o.moved.Load())
	require.False(t, o.early.Load())
}
