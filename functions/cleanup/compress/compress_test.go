package compress

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

const (
	settle = time.Minute
	old    = "old content\n"
)

var begin = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// fixture is one thread about to be compressed. Time stands still at begin.
type fixture struct {
	fs   *memfs.FS
	work filetype.Work
	job  Job
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := &fixture{fs: memfs.New(func() int64 { return begin.UnixNano() })}
	s.fs.Write("x.json", []byte(old), begin.Add(-8*24*time.Hour).UnixNano())
	s.fs.Edit("x.json", func(i *fsx.Info) { i.Perm, i.UID, i.GID = 0o664, 1001, 1002 })
	return s
}

// compress compresses through a hook and finishes after the settling time.
func (s *fixture) compress(t *testing.T, hook fault.Hook) error {
	t.Helper()
	info, err := s.fs.Root().Stat("x.json")
	require.NoError(t, err)
	s.work = filetype.Work{
		Original: "x.json", Started: begin, Tag: "0123abcd", Purpose: filetype.PurposePacked, ModTime: info.ModTime, Size: info.Size,
	}
	s.job = Job{Dir: fault.Wrap(s.fs.Root(), hook), Info: info, Work: s.work}
	return Thread(t.Context(), s.job)
}

func (s *fixture) finish(t *testing.T) aside.Outcome {
	t.Helper()
	outcome, err := aside.Finish(t.Context(), s.fs.Root(), s.work, aside.Settling{Now: begin.Add(settle), Time: settle})
	require.NoError(t, err)
	return outcome
}

// files lists what is there, packed files unpacked.
func (s *fixture) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, e := range s.fs.Tree() {
		all[name] = e.Data
		if strings.HasSuffix(name, ".gz") {
			all[name] = unpack(t, e.Data)
		}
	}
	return all
}

func unpack(t *testing.T, packed string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(content)
}

func packed(t *testing.T, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	_, err := gz.Pack(context.Background(), &out, strings.NewReader(content))
	require.NoError(t, err)
	return out.Bytes()
}

// before does something right before one operation.
type before struct {
	target, count int
	act           func()
}

func (b *before) Before(fault.Op) error {
	if b.count == b.target {
		b.act()
	}
	b.count++
	return nil
}

func (b *before) After(fault.Op) error { return nil }

func TestCompressKeepsOwnerPermissionsAndTime(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	was := s.fs.Tree()["x.json"].Info
	require.NoError(t, s.compress(t, &before{target: -1}))
	require.Equal(t, map[string]string{"x.json.gz": old, s.work.Name(): old}, s.files(t), "both forms are there until it has settled")
	require.Equal(t, aside.Dropped, s.finish(t))
	tree := s.fs.Tree()
	require.Len(t, tree, 1)
	is := tree["x.json.gz"].Info
	require.Equal(t, [4]any{was.Perm, was.UID, was.GID, was.ModTime}, [4]any{is.Perm, is.UID, is.GID, is.ModTime})
	require.Equal(t, uint64(1), is.Links)
}

// meddling is something that happens to the thread at any moment.
var meddling = map[string]struct {
	act  func(fs *memfs.FS)
	kept []string // what must be found afterwards
}{
	"append":  {func(f *memfs.FS) { f.Append("x.json", []byte("more\n")) }, []string{old, "more\n"}},
	"replace": {func(f *memfs.FS) { f.Write("x.json", []byte("replaced\n"), begin.UnixNano()) }, []string{"replaced\n"}},
	"replace, same size and time": {func(f *memfs.FS) {
		f.Write("x.json", []byte("OLD CONTENT\n"), begin.Add(-8*24*time.Hour).UnixNano())
	}, []string{"OLD CONTENT\n"}},
	"change permissions": {func(f *memfs.FS) {
		if f.Handle("x.json") != nil {
			f.Edit("x.json", func(i *fsx.Info) { i.Perm, i.ChangeTime = 0o600, i.ChangeTime+1 })
		}
	}, []string{old}},
	"remove": {func(f *memfs.FS) { f.Delete("x.json") }, nil},
}

// gzBytes is a packed file that is not ours.
var gzBytes = func() []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, "somebody else's\n")
	_ = z.Close()
	return out.Bytes()
}()

// TestMeddlingAtEveryMoment lets everything happen before every operation.
func TestMeddlingAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, m := range meddling {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for target := 0; ; target++ {
				s := newFixture(t)
				hook := &before{target: target, act: func() { m.act(s.fs) }}
				err := s.compress(t, hook)
				if hook.count <= target {
					require.Greater(t, target, 15, "too few operations to be true")
					return
				}
				s.finish(t)
				files := s.files(t) // every packed file is whole
				all := ""
				for file, content := range files {
					require.NotContains(t, file, ".cleanup-", "%d: unfinished", target)
					all += content
				}
				for _, kept := range m.kept {
					require.Contains(t, all, kept, "before operation %d (%v): %v", target, err, files)
				}
			}
		})
	}
}

// An append that is seen in time leaves the thread as if nothing had happened.
func TestAppendDuringCompressionLeavesOnlyTheThread(t *testing.T) {
	t.Parallel()
	for target := 0; ; target++ {
		s := newFixture(t)
		var moved bool
		hook := &before{target: target, act: func() {
			moved = s.fs.Handle("x.json") == nil
			if !moved {
				s.fs.Append("x.json", []byte("more\n"))
			}
		}}
		err := s.compress(t, hook)
		if hook.count <= target {
			return
		}
		s.finish(t)
		if moved {
			require.Equal(t, map[string]string{"x.json.gz": old}, s.files(t))
			continue
		}
		require.ErrorIs(t, err, aside.ErrChanged, "before operation %d", target)
		require.Equal(t, map[string]string{"x.json": old + "more\n"}, s.files(t), "before operation %d", target)
	}
}

// A packed file that somebody else makes is never replaced.
func TestSomebodyElsePacksIt(t *testing.T) {
	t.Parallel()
	for target := 0; ; target++ {
		s := newFixture(t)
		made := false
		hook := &before{target: target, act: func() {
			if _, taken := s.fs.Tree()["x.json.gz"]; !taken {
				s.fs.Write("x.json.gz", gzBytes, begin.UnixNano())
				made = true
			}
		}}
		err := s.compress(t, hook)
		if hook.count <= target {
			return
		}
		s.finish(t)
		if made {
			require.ErrorIs(t, err, ErrBothExist)
			require.Equal(t, map[string]string{"x.json": old, "x.json.gz": "somebody else's\n"}, s.files(t), "before operation %d", target)
		}
	}
}

// A thread that is written anew in place leaves no packed form of what it was,
// except in the gap between the last look and the rename, where both stay.
func TestRewriteDuringCompression(t *testing.T) {
	t.Parallel()
	stale := 0
	for target := 0; ; target++ {
		s := newFixture(t)
		hook := &before{target: target, act: func() {
			if s.fs.Handle("x.json") != nil {
				s.fs.Overwrite("x.json", []byte("rewritten\n"))
			}
		}}
		err := s.compress(t, hook)
		if hook.count <= target {
			break
		}
		s.finish(t)
		files := s.files(t)
		if err == nil {
			continue // it was moved already
		}
		require.ErrorIs(t, err, aside.ErrChanged)
		require.Equal(t, "rewritten\n", files["x.json"], "before operation %d", target)
		if len(files) > 1 {
			require.Equal(t, map[string]string{"x.json": "rewritten\n", "x.json.gz": old}, files)
			stale++
		}
	}
	require.LessOrEqual(t, stale, 2)
}

// A writer that has the thread open all the time gets it back.
func TestAppendWhileItSettles(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	handle := s.fs.Handle("x.json")
	require.NoError(t, s.compress(t, &before{target: -1}))
	handle.Append([]byte("late\n"))
	require.Equal(t, aside.Restored, s.finish(t))
	require.Equal(t, map[string]string{"x.json": old + "late\n"}, s.files(t))

	require.NoError(t, s.compress(t, &before{target: -1}), "and is compressed another time")
	handle.Append([]byte("later\n"))
	s.fs.Append("x.json", []byte("reopened\n"))
	require.Equal(t, aside.Recovered, s.finish(t))
	require.Equal(t, map[string]string{
		"x.json": "reopened\n", "x.json.gz": old + "late\n", "x.recovered-0123abcd.json": old + "late\nlater\n",
	}, s.files(t))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(*memfs.FS)
		want    error
	}{
		"other content packed": {func(f *memfs.FS) { f.Write("x.json.gz", gzBytes, 0) }, ErrBothExist},
		"less content packed": {func(f *memfs.FS) {
			f.Write("x.json.gz", packed(t, old[:3]), 0)
		}, ErrBothExist},
		"broken packed file":  {func(f *memfs.FS) { f.Write("x.json.gz", gzBytes[:9], 0) }, ErrBothExist},
		"directory as packed": {func(f *memfs.FS) { f.MkdirAll("x.json.gz") }, ErrBothExist},
		"full disk":           {func(f *memfs.FS) { f.SetFull(true) }, syscall.ENOSPC},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFixture(t)
			c.prepare(s.fs)
			was := s.fs.Tree()
			require.ErrorIs(t, s.compress(t, &before{target: -1}), c.want)
			require.Equal(t, was, s.fs.Tree())
		})
	}
}

// lying damages what is written, as a bad disk or network would.
type lying struct{ fsx.Dir }

func (l lying) Create(name string, perm fs.FileMode) (fsx.File, error) {
	f, err := l.Dir.Create(name, perm)
	return &lyingFile{f}, err
}

type lyingFile struct{ fsx.File }

func (l *lyingFile) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	p[len(p)-1] ^= 1
	return l.File.Write(p)
}

func TestWhatDoesNotReadBackIsNotUsed(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	_ = s.compress(t, &fault.At{Target: 0, Mode: fault.FailBefore, Err: syscall.EIO})
	s.job.Dir = lying{s.fs.Root()}
	require.ErrorIs(t, Thread(t.Context(), s.job), gz.ErrCorrupt)
	require.Equal(t, map[string]string{"x.json": old}, s.files(t))
}

// onOpen does something right before a temporary file is read again.
type onOpen struct{ act func(name string) }

func (o onOpen) Before(op fault.Op) error {
	if op.Call == "open" && strings.HasSuffix(op.Name, ".tmp") {
		o.act(op.Name)
	}
	return nil
}

func (o onOpen) After(fault.Op) error { return nil }

func TestAWholeFileWithOtherContentIsNotUsed(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	err := s.compress(t, onOpen{func(name string) { s.fs.Write(name, gzBytes, 0) }})
	require.ErrorIs(t, err, ErrVerify)
	require.Equal(t, map[string]string{"x.json": old}, s.files(t))
}
