package sweep

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

func TestAgesDecide(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread(threads+"new.json", `{"a":1}`, day)
	w.thread(threads+"idle.json", `{"b":1}`, 8*day)
	w.thread(threads+"old.json", `{"c":1}`, 31*day)
	w.thread(threads+"old-but-used.json", `{"updatedAt":"2026-06-30T00:00:00Z"}`, 31*day)
	w.thread(threads+"old-but-idle.json", `{"updatedAt":"2026-06-20T00:00:00Z"}`, 31*day)
	w.thread(threads+"packed.json.gz", gzipped(`{"d":1}`), 29*day)
	w.thread(threads+"packed-old.json.gz", gzipped(`{"e":1}`), 31*day)
	w.thread(threads+"packed-used.json.gz", gzipped(`{"updatedAt":"2026-06-30T00:00:00Z"}`), 31*day)
	w.thread(threads+"malformed.json", `{"updatedAt":`, 31*day)
	s := w.run(t, testConfig())
	require.Equal(t, map[string]string{
		"acme": "directory ", "acme/bob": "directory ", "acme/bob/.claude": "directory ",
		"acme/bob/.claude/threads":       "directory ",
		threads + "new.json":             `24h0m0s "{\"a\":1}"`,
		threads + "idle.json.gz":         `192h0m0s "{\"b\":1}"`,
		threads + "old-but-used.json":    `744h0m0s "{\"updatedAt\":\"2026-06-30T00:00:00Z\"}"`,
		threads + "old-but-idle.json.gz": `744h0m0s "{\"updatedAt\":\"2026-06-20T00:00:00Z\"}"`,
		threads + "packed.json.gz":       `696h0m0s "{\"d\":1}"`,
		threads + "malformed.json":       `744h0m0s "{\"updatedAt\":"`,
		threads + "packed-used.json.gz":  `744h0m0s "{\"updatedAt\":\"2026-06-30T00:00:00Z\"}"`,
	}, w.contents(t))
	require.Equal(t, int64(9), s.Counts.Scanned)
	require.Equal(t, int64(4), s.Counts.Kept)
	require.Equal(t, int64(2), s.Counts.Compressed)
	require.Equal(t, int64(2), s.Counts.Deleted)
	require.Equal(t, int64(4), s.Counts.Finished)
	require.Equal(t, int64(1), s.Counts.Users)
	require.Zero(t, s.Pending)
	require.Equal(t, int64(1), s.Counts.Skipped[policy.UnreadableContent], "the malformed one")
	require.Equal(t, int64(1), s.Counts.SkippedTotal())
	require.Zero(t, s.LeftOver)
	require.Empty(t, s.Stopped)
}

func TestWhatIsNeverTouched(t *testing.T) {
	t.Parallel()
	w := newFixture()
	const old = 200 * day
	for _, path := range []string{
		"acme/bob/.claude/user.json", "acme/bob/metadata.json", "acme/bob/project/x.json", "acme/bob/project/.git/HEAD",
		"acme/bob/.claude/thread.json", "acme/bob/threads/x.json", "acme/bob/.claude/threads/sub/x.json", threads + "notes.txt",
		threads + ".hidden.json", threads + "x.json.bak", "acme/x.json", "x.json", "acme/_archive/.claude/threads/x.json",
		".hidden/bob/.claude/threads/x.json", "acme/.hidden/.claude/threads/x.json", "acme/_archive/bob-2020-01-01.tar.gz",
		threads + "." + strings.Repeat("x", 20) + ".json.cleanup-1-0123abcd-0-0.unknown",
	} {
		w.thread(path, `{}`, old)
	}
	w.fs.Symlink("../../metadata.json", threads+"link.json")
	w.fs.Symlink("nowhere", threads+"link.json.gz")
	w.fs.Special(threads + "pipe.json")
	w.fs.MkdirAll(threads + "dir.json")
	w.fs.Symlink("bob", "acme/alias")
	w.fs.Symlink("acme", "other")
	w.thread("acme/file", "", old)
	w.fs.Symlink("../bob/.claude", "acme/jane/.claude")
	w.thread(threads+"linked.json", `{}`, old)
	w.fs.Edit(threads+"linked.json", func(i *fsx.Info) { i.Links = 2 })
	w.thread(threads+"mounted.json", `{}`, old)
	w.fs.Edit(threads+"mounted.json", func(i *fsx.Info) { i.Mount = true })
	w.thread(threads+"future.json", `{}`, -time.Hour)
	w.thread(threads+"future2.json", `{"updatedAt":"2026-07-02T00:00:00Z"}`, old)
	w.thread(threads+"broken.json.gz", "\x1f\x8bnonsense", old)
	w.thread(threads+strings.Repeat("n", 230)+".json", `{}`, old)
	w.fs.MkdirAll("mounted/bob/.claude/threads")
	w.thread("mounted/bob/.claude/threads/x.json", `{}`, old)
	w.fs.Edit("mounted", func(i *fsx.Info) { i.Mount = true })
	before := w.fs.Tree()
	s := w.run(t, testConfig())
	after := w.fs.Tree()
	delete(after, StateDir)
	delete(after, StateDir+"/"+lockFile)
	require.Equal(t, before, after)
	requireSkipped(t, s, map[policy.Reason]int64{
		policy.Unrecognised: 5, policy.NotAFile: 4, policy.NotADirectory: 6, policy.HardLinked: 1, policy.MountPoint: 2,
		policy.FutureTime: 2, policy.CorruptPacked: 1, policy.NameTooLong: 1,
	})
}

func TestBothFormsExist(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		plain, packed       string
		plainAge, packedAge time.Duration
		want                map[string]string
		reason              policy.Reason
	}{
		"the same": {`{"a":1}`, `{"a":1}`, 8 * day, 8 * day, map[string]string{"x.json.gz": `192h0m0s "{\"a\":1}"`}, 0},
		"the same, packed form older": {
			`{"a":1}`, `{"a":1}`, 8 * day, 35 * day,
			map[string]string{"x.json.gz": `192h0m0s "{\"a\":1}"`},
			0,
		},
		"different": {
			`{"a":2}`, `{"a":1}`, 8 * day, 9 * day,
			map[string]string{"x.json": `192h0m0s "{\"a\":2}"`, "x.json.gz": `216h0m0s "{\"a\":1}"`},
			policy.BothExist,
		},
		"in use again": {
			`{"a":2}`, `{"a":1}`, day, 40 * day,
			map[string]string{"x.json": `24h0m0s "{\"a\":2}"`, "x.json.gz": `960h0m0s "{\"a\":1}"`},
			policy.TwinInUse,
		},
		"packed form younger": {
			`{"a":2}`, `{"a":1}`, 40 * day, day,
			map[string]string{"x.json": `960h0m0s "{\"a\":2}"`, "x.json.gz": `24h0m0s "{\"a\":1}"`},
			policy.TwinInUse,
		},
		"both old": {`{"a":2}`, `{"a":1}`, 40 * day, 41 * day, map[string]string{}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture()
			w.thread(threads+"x.json", c.plain, c.plainAge)
			w.thread(threads+"x.json.gz", gzipped(c.packed), c.packedAge)
			config := testConfig()
			config.Workers = 1 // both files one after the other, in the order of their names
			s := w.run(t, config)
			got := w.contents(t)
			for _, dir := range []string{"acme", "acme/bob", "acme/bob/.claude", "acme/bob/.claude/threads"} {
				delete(got, dir)
			}
			want := map[string]string{}
			for file, content := range c.want {
				want[threads+file] = content
			}
			require.Equal(t, want, got)
			if c.reason != policy.None {
				require.Positive(t, s.Counts.Skipped[c.reason])
			}
		})
	}
}

func TestDryRunChangesNothingAndCountsTheSame(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread(threads+"idle.json", `{"b":1}`, 8*day)
	w.thread(threads+"old.json", `{"c":1}`, 31*day)
	w.thread("acme/gone/metadata.json", `{}`, 100*day)
	w.thread("acme/gone/.claude/threads/old.json", `{}`, 100*day)
	config := testConfig()
	config.DryRun, config.Ages.Archive = true, 90*day
	w.fs.Edit("acme/gone/.claude", func(i *fsx.Info) { i.ModTime = begin.Add(-100 * day).UnixNano() })
	before := w.fs.Tree()
	s := w.run(t, config)
	require.Equal(t, before, w.fs.Tree())
	require.Equal(t, int64(1), s.Counts.Compressed)
	require.Equal(t, int64(2), s.Counts.Deleted)
	require.Equal(t, int64(1), s.Counts.Archived)
	require.Zero(t, s.Counts.BytesSaved)
	require.Equal(t, int64(len(`{"b":1}{"c":1}{}`)), s.Counts.BytesDue)
}

func TestFullDiskStopsCompressingNotDeleting(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for _, name := range []string{"a", "b", "c"} {
		w.thread(threads+name+".json", `{"b":1}`, 8*day)
	}
	w.thread(threads+"old.json", `{"c":1}`, 31*day)
	before := w.contents(t)
	w.fs.SetFull(true)
	config := testConfig()
	config.Workers = 1
	s := w.run(t, config)
	delete(before, threads+"old.json")
	require.Equal(t, before, w.contents(t))
	requireSkipped(t, s, map[policy.Reason]int64{policy.DiskFull: 3})
	require.Equal(t, int64(3), s.Failed(), "a full disk is a fault to tell somebody of")
	require.Equal(t, int64(1), s.Counts.Deleted)
	w.fs.SetFull(false)
	s = w.run(t, config)
	require.Equal(t, int64(3), s.Counts.Compressed, "the next run makes up for it")
}

// creations counts attempts to make a compressed thread.
type creations struct{ count atomic.Int64 }

func (c *creations) Before(op fault.Op) error {
	if op.Call == "create" && strings.HasSuffix(op.Name, ".tmp") && op.Name != cursorTemp {
		c.count.Add(1)
	}
	return nil
}

func (c *creations) After(fault.Op) error { return nil }

// The first thread that finds the disk full speaks for all: a thousand attempts
// more would only take the space that others free.
func TestFullDiskIsTriedOnce(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for n := range 20 {
		w.thread(fmt.Sprintf("%st%d.json", threads, n), `{"b":1}`, 8*day)
	}
	w.fs.SetFull(true)
	hook := &creations{}
	s, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), hook), serial()))
	require.NoError(t, err)
	require.Equal(t, int64(1), hook.count.Load())
	require.Equal(t, int64(20), s.Counts.Skipped[policy.DiskFull])
}
