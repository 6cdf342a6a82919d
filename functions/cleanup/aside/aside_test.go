package aside

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
)

var begin = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// fixture is a thread that has just been moved aside.
type fixture struct {
	fs   *memfs.FS
	work filetype.Work
	info fsx.Info
}

func moved(t *testing.T, purpose filetype.Purpose) *fixture {
	t.Helper()
	s := &fixture{fs: memfs.New(func() int64 { return begin.UnixNano() })}
	s.fs.Write("x.json", []byte("old\n"), begin.Add(-40*24*time.Hour).UnixNano())
	var err error
	s.info, err = s.fs.Root().Stat("x.json")
	require.NoError(t, err)
	s.work = filetype.Work{
		Original: "x.json", Started: begin, Tag: "0123abcd", Purpose: purpose, ModTime: s.info.ModTime, Size: s.info.Size,
	}
	require.NoError(t, Check(s.fs.Root(), "x.json", s.info))
	require.NoError(t, Move(t.Context(), s.fs.Root(), s.info, s.work))
	return s
}

// finish finishes through a hook, so long after the move.
func (s *fixture) finish(t *testing.T, after time.Duration, hook fault.Hook) (Outcome, error) {
	t.Helper()
	d := s.fs.Root()
	if hook != nil {
		d = fault.Wrap(d, hook)
	}
	return Finish(t.Context(), d, s.work, Settling{Now: begin.Add(after), Time: time.Minute, Held: time.Minute})
}

func (s *fixture) files() map[string]string {
	all := map[string]string{}
	for name, e := range s.fs.Tree() {
		all[name] = e.Data
	}
	return all
}

func TestFinish(t *testing.T) {
	t.Parallel()
	packed := func(s *fixture) { s.fs.Write("x.json.gz", []byte("gz"), 0) }
	recreate := func(s *fixture) { s.fs.Append("x.json", []byte("new\n")) }
	write := func(s *fixture) { s.fs.Append(s.work.Name(), []byte("late\n")) }
	backdate := func(s *fixture) { s.fs.Edit(s.work.Name(), func(i *fsx.Info) { i.ModTime-- }) }
	const name, recovered = "x.json", "x.recovered-0123abcd.json"
	cases := map[string]struct {
		purpose filetype.Purpose
		prepare []func(*fixture)
		after   time.Duration
		want    Outcome
		files   map[string]string
	}{
		"deletion":            {filetype.PurposeDeletion, nil, time.Minute, Dropped, map[string]string{}},
		"deletion, too early": {filetype.PurposeDeletion, nil, time.Minute - 1, Waiting, nil},
		"deletion, written to": {
			filetype.PurposeDeletion, []func(*fixture){write}, time.Minute, Restored, map[string]string{name: "old\nlate\n"},
		},
		"deletion, time set back": {
			filetype.PurposeDeletion, []func(*fixture){backdate}, time.Minute, Restored, map[string]string{name: "old\n"},
		},
		"deletion, name taken": {
			filetype.PurposeDeletion, []func(*fixture){recreate}, time.Minute, Dropped, map[string]string{name: "new\n"},
		},
		"deletion, both": {
			filetype.PurposeDeletion, []func(*fixture){write, recreate}, time.Minute, Recovered, map[string]string{name: "new\n", recovered: "old\nlate\n"},
		},
		"packed": {
			filetype.PurposePacked, []func(*fixture){packed}, time.Minute, Dropped, map[string]string{"x.json.gz": "gz"},
		},
		"packed, written to": {
			filetype.PurposePacked, []func(*fixture){packed, write}, time.Minute, Restored, map[string]string{name: "old\nlate\n", "x.json.gz": "gz"},
		},
		"packed form gone": {filetype.PurposePacked, nil, time.Minute, Restored, map[string]string{name: "old\n"}},
		"packed form taken over": {
			filetype.PurposePacked, []func(*fixture){recreate}, time.Minute, Dropped, map[string]string{name: "new\n"},
		},
		"clock a little behind": {filetype.PurposeDeletion, nil, -time.Minute, Waiting, nil},
		"clock far behind":      {filetype.PurposeDeletion, nil, -2 * time.Hour, Restored, map[string]string{name: "old\n"}},
		"already gone": {
			filetype.PurposeDeletion, []func(*fixture){func(s *fixture) { s.fs.Delete(s.work.Name()) }}, time.Minute, Gone, map[string]string{},
		},
		"something else in its place": {filetype.PurposeDeletion, []func(*fixture){func(s *fixture) {
			s.fs.Delete(s.work.Name())
			s.fs.MkdirAll(s.work.Name())
		}}, time.Minute, Restored, map[string]string{name: ""}},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := moved(t, c.purpose)
			for _, prepare := range c.prepare {
				prepare(s)
			}
			want := c.files
			if want == nil {
				want = s.files()
			}
			got, err := s.finish(t, c.after, nil)
			require.NoError(t, err)
			require.Equal(t, c.want.String(), got.String())
			require.Equal(t, want, s.files())
		})
	}
}

// Wherever a restoration is interrupted, and whatever a loss of power takes,
// the content is there, and the next attempt gives it its name.
func TestRestorationIsInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for target := int64(0); ; target++ {
		var count int64
		for seed := range uint64(20) {
			s := moved(t, filetype.PurposeDeletion)
			require.NoError(t, s.fs.Root().Sync())
			s.fs.Append(s.work.Name(), []byte("late\n"))
			hook := &fault.At{Target: target, Mode: fault.Modes()[seed%6], Err: syscall.EIO}
			_, _ = s.finish(t, time.Minute, hook)
			count = hook.Count()
			s.fs.Crash(rand.New(rand.NewPCG(seed, uint64(target))))
			all := ""
			for _, content := range s.files() {
				all += content
			}
			require.Contains(t, all, "old\nlate\n", "operation %d, seed %d", target, seed)
			_, err := s.finish(t, time.Minute, nil)
			require.NoError(t, err)
			require.Equal(t, map[string]string{"x.json": "old\nlate\n"}, s.files(), "operation %d, seed %d", target, seed)
		}
		if count <= target {
			require.Greater(t, target, int64(5))
			return
		}
	}
}

func TestCheckSeesEveryChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*memfs.FS){
		"content":     func(f *memfs.FS) { f.Append("x.json", []byte("!")) },
		"inode":       func(f *memfs.FS) { f.Write("x.json", []byte("old\n"), begin.Add(-40*24*time.Hour).UnixNano()) },
		"change time": func(f *memfs.FS) { f.Edit("x.json", func(i *fsx.Info) { i.ChangeTime++ }) },
		"time":        func(f *memfs.FS) { f.Edit("x.json", func(i *fsx.Info) { i.ModTime++ }) },
	} {
		f := memfs.New(func() int64 { return begin.UnixNano() })
		f.Write("x.json", []byte("old\n"), begin.Add(-40*24*time.Hour).UnixNano())
		info, err := f.Root().Stat("x.json")
		require.NoError(t, err)
		change(f)
		require.ErrorIs(t, Check(f.Root(), "x.json", info), ErrChanged, name)
	}
}

// A directory put in the file's place at the last moment gets its name back.
func TestMoveGivesBackWhatItDidNotMean(t *testing.T) {
	t.Parallel()
	for _, put := range []func(*memfs.FS){
		func(f *memfs.FS) { f.MkdirAll("x.json") },
		func(f *memfs.FS) { f.Special("x.json") },
		func(f *memfs.FS) { f.Write("x.json", []byte("new\n"), begin.UnixNano()) },
	} {
		f := memfs.New(func() int64 { return begin.UnixNano() })
		f.Write("x.json", []byte("old\n"), 1)
		info, err := f.Root().Stat("x.json")
		require.NoError(t, err)
		f.Delete("x.json")
		put(f)
		want := f.Tree()["x.json"].Info.Ino
		w := filetype.Work{Original: "x.json", Started: begin, Tag: "0123abcd", Purpose: filetype.PurposeDeletion, ModTime: 1, Size: 4}
		require.ErrorIs(t, Move(t.Context(), f.Root(), info, w), ErrChanged)
		tree := f.Tree()
		require.Len(t, tree, 1)
		require.Equal(t, want, tree["x.json"].Info.Ino)
	}
}

// noLinks is a file system, or an owner, that can't make hard links.
type noLinks struct {
	fsx.Dir
	err error
}

func (n noLinks) Link(string, string) error { return n.err }

func TestRestoringWithoutLinks(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.EPERM, syscall.EOPNOTSUPP} {
		s := moved(t, filetype.PurposeDeletion)
		s.fs.Append(s.work.Name(), []byte("late\n"))
		settling := Settling{Now: begin.Add(time.Hour), Time: time.Minute}
		outcome, finishErr := Finish(t.Context(), noLinks{s.fs.Root(), err}, s.work, settling)
		require.NoError(t, finishErr)
		require.Equal(t, Restored, outcome)
		require.Equal(t, map[string]string{"x.json": "old\nlate\n"}, s.files())
	}
	s := moved(t, filetype.PurposeDeletion)
	s.fs.Append(s.work.Name(), []byte("late\n"))
	was := s.files()
	_, err := Finish(t.Context(), noLinks{s.fs.Root(), syscall.EIO}, s.work, Settling{Now: begin.Add(time.Hour)})
	require.True(t, errors.Is(err, syscall.EIO) && !errors.Is(err, fs.ErrExist))
	require.Equal(t, was, s.files())
}

// held is a file system that says who has a file open.
type held struct {
	fsx.Dir
	hold fsx.Hold
}

type heldFile struct {
	fsx.File
	hold fsx.Hold
}

func (h held) Open(name string) (fsx.File, error) {
	f, err := h.Dir.Open(name)
	return heldFile{f, h.hold}, err
}

func (h heldFile) Hold() fsx.Hold { return h.hold }

func TestTheHoldDecidesBeforeTheSettlingTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		hold  fsx.Hold
		after time.Duration
		want  Outcome
	}{
		{fsx.HoldFree, time.Second, Dropped},
		{fsx.HoldFree, time.Second - 1, Waiting},
		{fsx.HoldBusy, time.Second, Busy},
		{fsx.HoldBusy, time.Hour, Busy},
		{fsx.HoldUnknown, time.Second, Waiting},
		{fsx.HoldUnknown, time.Minute, Dropped},
	}
	for _, c := range cases {
		s := moved(t, filetype.PurposeDeletion)
		settling := Settling{Now: begin.Add(c.after), Time: time.Minute, Held: time.Second}
		got, err := Finish(t.Context(), held{s.fs.Root(), c.hold}, s.work, settling)
		require.NoError(t, err)
		require.Equal(t, c.want.String(), got.String(), "%+v", c)
		require.Equal(t, c.want == Dropped, len(s.files()) == 0)
	}
}

// TestTwoAtWorkOnOneFile: whoever else has the file open, be it another run
// that looks at it or one that is about to remove it, has it left to later.
func TestTwoAtWorkOnOneFile(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		s := moved(t, filetype.PurposeDeletion)
		s.fs.SetLeases(true)
		other, err := s.fs.Root().Open(s.work.Name())
		require.NoError(t, err)
		if held {
			require.Equal(t, fsx.HoldFree, other.Hold())
		}
		outcome, err := s.finish(t, time.Hour, nil)
		require.NoError(t, err, "held %v", held)
		require.Equal(t, Busy, outcome)
		require.Equal(t, map[string]string{s.work.Name(): "old\n"}, s.files())
		require.NoError(t, other.Close())
		outcome, err = s.finish(t, time.Hour, nil)
		require.NoError(t, err)
		require.Equal(t, Dropped, outcome)
		require.Empty(t, s.files())
	}
}
