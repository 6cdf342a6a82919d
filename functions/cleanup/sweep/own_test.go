package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/archive"
	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// listed is a tree that says when a directory of a certain name has been listed to its end.
type listed struct {
	fsx.Dir
	name, want string
	done       func()
}

func (l listed) OpenDir(name string) (fsx.Dir, error) {
	d, err := l.Dir.OpenDir(name)
	return listed{Dir: d, name: name, want: l.want, done: l.done}, err
}

func (l listed) Names(limit int) ([]string, error) {
	names, err := l.Dir.Names(limit)
	if errors.Is(err, io.EOF) && l.name == l.want {
		l.done()
	}
	return names, err
}

// gate is a clock on which nobody who sleeps wakes up before it opens.
type gate struct {
	Clock
	open chan struct{}
}

func (g gate) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-g.open:
		return g.Clock.Sleep(ctx, d)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openings counts how often each hidden file is opened.
type openings struct {
	mu    sync.Mutex
	count map[string]int
}

func (o *openings) Before(op fault.Op) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w, ok := filetype.ParseWork(op.Name); ok && op.Call == "open" && w.Purpose != filetype.PurposeTemp {
		o.count[op.Name]++
	}
	return nil
}

func (o *openings) After(fault.Op) error { return nil }

// TestWhatARunMovesAsideIsFinishedByOneOfItsGoroutines lets a run list, in the
// same directory, what it has just moved aside, while it still waits in the
// queue. Whoever opens such a file besides the one who finishes it is taken for
// a writer.
func TestWhatARunMovesAsideIsFinishedByOneOfItsGoroutines(t *testing.T) {
	t.Parallel()
	const files = 1000
	for _, age := range []time.Duration{8 * day, 40 * day} {
		w := newFixture()
		w.fs.SetLeases(true)
		for n := range files {
			w.thread(fmt.Sprintf("%st%04d.json", threads, n), `{}`, age)
		}
		opened := &openings{count: map[string]int{}}
		g := gate{w.clock, make(chan struct{})}
		root := listed{Dir: fault.Wrap(w.fs.Root(), opened), want: "threads", done: sync.OnceFunc(func() { close(g.open) })}
		config := serial()
		config.Settle = 0
		o := w.options(root, config)
		o.Clock = g
		s, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, int64(files), s.Counts.Finished)
		require.Zero(t, s.Pending)
		requireSkipped(t, s, map[policy.Reason]int64{})
		require.Equal(t, files, len(opened.count))
		for name, n := range opened.count {
			require.Equal(t, 1, n, "%s: to finish it", name)
		}
	}
}

// What was moved aside since the run began is its own; an archive directory
// that is listed while a workspace is on its way into it shows that too.
func TestOnlyWhatAnEarlierRunMovedAsideIsLeftOver(t *testing.T) {
	t.Parallel()
	w := newFixture()
	r := newRun(w.options(w.fs.Root(), testConfig()))
	w.clock.nanos.Add(int64(time.Second))
	require.True(t, r.own(r.tag(), r.started), "moved aside in the very millisecond of the beginning")
	require.True(t, r.own(r.tag(), w.clock.Now()))
	require.False(t, r.own(r.tag(), r.started.Add(-time.Millisecond)), "an earlier run's")
	require.False(t, r.own(r.tag(), w.clock.Now().Add(time.Millisecond)), "of a clock that is ahead")
	require.False(t, r.own("0badcafe", w.clock.Now()), "of a clock that was ahead, in a run that was killed")

	tags := randomTags()
	mark := tags()[:markDigits]
	for range 100 {
		require.Regexp(t, "^"+mark+"[0-9a-f]{4}$", tags())
	}

	config := testConfig()
	config.Ages.Archive = 90 * day
	for ago, want := range map[time.Duration]string{0: "acme/_archive/", time.Hour: "acme/bob"} {
		w := newFixture()
		work := archive.Work{Archive: "bob-2026-07-01.tar.gz", Started: begin.Add(-ago), Tag: "00000001", Stage: archive.StageChecking}
		w.fs.Write("acme/_archive/"+work.Name()+"/metadata.json", []byte(`{}`), begin.UnixNano())
		w.run(t, config)
		for path := range w.contents(t) {
			if strings.HasSuffix(path, "metadata.json") {
				require.Contains(t, path, want)
			}
		}
	}
}

// TestALeftoverThatSeemsToBeOurs is found only when its time, by the clock of the killed run, has come in this one.
func TestALeftoverThatSeemsToBeOurs(t *testing.T) {
	t.Parallel()
	w := newFixture()
	hidden := leftover{Purpose: filetype.PurposeDeletion, Ago: -heldSettle / 2, Leases: true}.plant(w)
	r := newRun(w.options(w.fs.Root(), testConfig()))
	w.clock.nanos.Add(int64(heldSettle))
	root, err := w.fs.Root().OpenDir("acme")
	require.NoError(t, err)
	dir, err := openThreads(root, "bob")
	require.NoError(t, err)
	v := visit{run: r, dir: dir, at: Position{Client: "acme", User: "bob"}, now: w.clock.Now()}
	v.entry(t.Context(), hidden[len(threads):])
	require.Equal(t, int64(1), v.pending.Load(), "it waits for its second of settling")
	require.Len(t, r.queue, 1)
}
