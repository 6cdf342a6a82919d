package sweep

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// leftover is what a killed run may have left of one thread, and what others
// may have put beside it since.
type leftover struct {
	Purpose filetype.Purpose
	Packed  bool          // what was moved aside was x.json.gz
	Ago     time.Duration // since it was moved; negative is a clock that was ahead
	Touched bool          // written to after the rename
	Plain   string        // x.json: none, its own inode (the name was just given back), or a file of some age
	Gz      string        // x.json.gz
	Leases  bool
}

const (
	none     = ""
	linked   = "linked"   // the hidden file itself
	young    = "young"    // a new file, in use
	idle     = "idle"     // a new file, idle
	whole    = "whole"    // the packed form of what was moved aside
	foreign  = "foreign"  // packed, with other content
	damaged  = "damaged"  // not gzip at all
	original = `{"a":1}`  // what was moved aside
	added    = `{"b":22}` // by a writer that had it open
	newer    = `{"new":1}`
)

// leftovers lists every combination that makes sense.
func leftovers() []leftover {
	var all []leftover
	for _, kind := range []leftover{
		{Purpose: filetype.PurposePacked}, {Purpose: filetype.PurposeDeletion}, {Purpose: filetype.PurposeDeletion, Packed: true},
	} {
		for _, ago := range []time.Duration{0, time.Millisecond, time.Minute, time.Hour, 3 * day, -heldSettle / 2, -2 * day} {
			for _, plain := range []string{none, linked, young, idle} {
				for _, gz := range []string{none, linked, whole, foreign, damaged} {
					if kind.Packed == (plain == linked) && plain == linked || !kind.Packed && gz == linked {
						continue // it is given back its own name only
					}
					for _, flags := range []uint{0, 1, 2, 3} {
						l := kind
						l.Ago, l.Plain, l.Gz, l.Touched, l.Leases = ago, plain, gz, flags&1 != 0, flags&2 != 0
						all = append(all, l)
					}
				}
			}
		}
	}
	return all
}

// plant builds it and returns the path of the hidden file.
func (l leftover) plant(w *fixture) string {
	w.fs.SetLeases(l.Leases)
	name, content := "x.json", original
	if l.Packed {
		name, content = "x.json.gz", gzipped(original)
	}
	moved := begin.Add(-8 * day)
	work := filetype.Work{
		Original: name, Started: begin.Add(-l.Ago), Tag: "0badcafe", Purpose: l.Purpose, ModTime: moved.UnixNano(), Size: int64(len(content)),
	}
	hidden := threads + work.Name()
	w.fs.Write(hidden, []byte(content), moved.UnixNano())
	switch l.Plain {
	case linked:
		w.fs.Link(hidden, threads+"x.json")
	case young:
		w.thread(threads+"x.json", newer, time.Hour)
	case idle:
		w.thread(threads+"x.json", newer, 8*day)
	}
	switch l.Gz {
	case linked:
		w.fs.Link(hidden, threads+"x.json.gz")
	case whole:
		w.thread(threads+"x.json.gz", gzipped(original), 8*day)
	case foreign:
		w.thread(threads+"x.json.gz", gzipped(`{"foreign":1}`), 8*day)
	case damaged:
		w.thread(threads+"x.json.gz", "damaged", 8*day)
	}
	if l.Touched {
		w.fs.Append(hidden, []byte(added))
		w.fs.Edit(hidden, func(i *fsx.Info) { i.ModTime = moved.Add(time.Second).UnixNano() })
	}
	return hidden
}

// TestTheNextRunFinishesWhateverAKilledOneLeft plants every state. One run must
// finish it, settled or not, and the ones after it must find nothing.
func TestTheNextRunFinishesWhateverAKilledOneLeft(t *testing.T) {
	t.Parallel()
	for _, l := range leftovers() {
		w := newFixture()
		l.plant(w)
		w.clock.nanos.Add(int64(time.Millisecond)) // it was somebody else's
		s := w.run(t, testConfig())
		w.requireNoneAside(t, l)
		require.Zero(t, s.Pending, "%+v", l)
		require.Zero(t, s.Failed(), "%+v", l)
		l.requireSafe(t, w)
		w.run(t, testConfig()) // compresses what was given back
		settled := w.fs.Tree()
		s = w.run(t, testConfig())
		require.Equal(t, settled, w.fs.Tree(), "%+v", l)
		require.Zero(t, s.Counts.Finished+s.Counts.Restored+s.Counts.Recovered, "%+v", l)
		l.requireSafe(t, w)
	}
}

// requireSafe: what was written after the rename, what others have put beside
// it, and what was packed is there under a thread's name.
func (l leftover) requireSafe(t *testing.T, w *fixture) {
	t.Helper()
	var all strings.Builder
	for path, e := range w.fs.Tree() {
		name := path[strings.LastIndex(path, "/")+1:]
		if class := filetype.Classify(name); class != filetype.Plain && class != filetype.Packed {
			continue
		}
		all.WriteString(e.Data)
		if strings.HasPrefix(e.Data, "\x1f\x8b") && !l.Packed {
			all.WriteString(unpacked(t, e.Data))
		}
	}
	kept := all.String()
	if l.Touched {
		require.Contains(t, kept, added, "%+v", l)
	}
	if l.Plain == young || l.Plain == idle {
		require.Contains(t, kept+w.packedText(t), newer, "%+v", l)
	}
	if l.Purpose == filetype.PurposePacked && (l.Touched || l.Gz == none || l.Gz == whole) && l.Plain != young && l.Plain != idle {
		require.Contains(t, kept, original, "%+v", l)
	}
}

// packedText is what the packed threads hold that are whole.
func (w *fixture) packedText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for path, e := range w.fs.Tree() {
		if filetype.Classify(path[strings.LastIndex(path, "/")+1:]) == filetype.Packed && strings.HasPrefix(e.Data, "\x1f\x8b") {
			if !strings.Contains(e.Data, added) {
				all.WriteString(unpacked(t, e.Data))
			}
		}
	}
	return all.String()
}

// TestAClockThatIsAheadKeepsNoRunWaiting: what was moved aside in what is the
// future by this run's clock is waited for only if that is not long.
func TestAClockThatIsAheadKeepsNoRunWaiting(t *testing.T) {
	t.Parallel()
	config := testConfig()
	for ahead, wait := range map[time.Duration]bool{config.Settle: true, config.Settle + time.Second: false, 59 * time.Minute: false} {
		w := newFixture()
		hidden := leftover{Purpose: filetype.PurposePacked, Ago: -ahead, Gz: whole}.plant(w)
		s := w.run(t, config)
		if wait {
			w.requireNoneAside(t, ahead)
			continue
		}
		require.Equal(t, int64(1), s.Pending, ahead)
		require.Equal(t, begin, w.clock.Now(), "nobody slept")
		require.Contains(t, w.fs.Tree(), hidden)
		w.clock.nanos.Add(int64(3 * time.Hour))
		require.Zero(t, w.run(t, config).Pending)
		w.requireNoneAside(t, ahead)
	}
}

// somebody has files that were moved aside open, for a number of sleeps.
type somebody struct {
	w       *fixture
	handles []*memfs.Handle
	sleeps  int
}

func (r *somebody) open() {
	for path := range r.w.fs.Tree() {
		if filetype.Classify(path[strings.LastIndex(path, "/")+1:]) == filetype.Aside {
			r.handles = append(r.handles, r.w.fs.Handle(path))
		}
	}
}

func (r *somebody) onSleep() {
	if r.sleeps--; r.sleeps == 0 {
		for _, h := range r.handles {
			h.Close()
		}
	}
}

// TestWhoeverHasItOpenGetsASecondChance: a reader that is through when the
// others are done costs no further run, and one that is not costs one.
func TestWhoeverHasItOpenGetsASecondChance(t *testing.T) {
	t.Parallel()
	for sleeps := 1; sleeps <= 3; sleeps++ {
		w := newFixture()
		leftover{Purpose: filetype.PurposePacked, Ago: 3 * day, Gz: whole, Leases: true}.plant(w)
		reader := &somebody{w: w, sleeps: sleeps}
		reader.open()
		w.clock.onSleep = reader.onSleep
		s := w.run(t, serial())
		if sleeps <= 2 {
			w.requireNoneAside(t, "closed in time")
			require.Zero(t, s.Pending)
			continue
		}
		require.Equal(t, int64(1), s.Pending)
		requireSkipped(t, s, map[policy.Reason]int64{policy.InUse: 1})
		reader.onSleep()
		require.Equal(t, int64(1), w.run(t, serial()).Counts.Finished)
		w.requireNoneAside(t, "closed later")
	}
}

// The same for what the run itself has moved aside.
func TestWhoeverOpensItMeanwhileGetsASecondChance(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.fs.SetLeases(true)
	w.thread(threads+"x.json", `{}`, 40*day)
	reader := &somebody{w: w, sleeps: 1}
	w.clock.onSleep = func() {
		if reader.handles == nil {
			reader.open()
			require.Len(t, reader.handles, 1)
			return
		}
		reader.onSleep()
	}
	s := w.run(t, serial())
	require.Equal(t, int64(1), s.Counts.Finished)
	require.Zero(t, s.Pending)
	w.requireNoneAside(t, "closed in time")
}
