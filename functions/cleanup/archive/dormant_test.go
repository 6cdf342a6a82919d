package archive

import (
	"bytes"
	"compress/gzip"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
	"github.com/webordinary/live-edit/functions/cleanup/lastuse"
)

// unused is a workspace that nobody has used for a hundred days, its
// directories included.
func unused() *memfs.FS {
	f := memfs.New(func() int64 { return begin.UnixNano() })
	for _, path := range []string{
		"metadata.json", ".claude/user.json", ".claude/threads/a.json", "project/.git/HEAD", "project/src/x.astro",
		"project/node_modules/a/b", "project/.astro/c", "project/package.json", "project/package-lock.json", "project/fixtures/node_modules/d",
	} {
		f.Write(path, []byte("{}"), 0)
	}
	f.Symlink("x", "project/link")
	for path := range f.Tree() {
		age(f, path, 100)
	}
	return f
}

func age(f *memfs.FS, path string, days int) {
	f.Edit(path, func(i *fsx.Info) { i.ModTime = begin.Add(-time.Duration(days) * 24 * time.Hour).UnixNano() })
}

func idle() Idle {
	return Idle{Since: begin.Add(-90 * 24 * time.Hour), Read: lastuse.Reading{Limit: limit, Now: begin}}
}

// TestWhatCanNotBeReadIsNotDormant: a workspace is not archived on the word of
// files that say nothing we understand.
func TestWhatCanNotBeReadIsNotDormant(t *testing.T) {
	t.Parallel()
	old := begin.Add(-100 * 24 * time.Hour).UnixNano()
	for path, c := range map[string]struct {
		content []byte
		want    error
	}{
		".claude/threads/b.json.gz": {[]byte("\x1f\x8b"), gz.ErrCorrupt},
		".claude/threads/c.json.gz": {packed(`{"updatedAt":"2026-06-30T00:00:00Z","mess`)[:30], gz.ErrCorrupt},
		".claude/threads/b.json":    {make([]byte, limit+1), lastuse.ErrTooLong},
		".claude/threads/c.json":    {[]byte(`{"id":7,"upda`), lastuse.ErrUnreadable},
		".claude/user.json":         {[]byte(`{"lastSeen":"a while ago"}`), lastuse.ErrUnreadable},
		"metadata.json":             {make([]byte, 100), lastuse.ErrUnreadable},
	} {
		f := unused()
		f.Write(path, c.content, old)
		for _, dir := range []string{".claude/threads", ".claude", path} {
			age(f, dir, 100)
		}
		got, err := Dormant(t.Context(), f.Root(), idle())
		require.ErrorIs(t, err, c.want, path)
		require.ErrorContains(t, err, path)
		require.False(t, got, path)
	}
}

func packed(content string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return out.Bytes()
}

func TestDormant(t *testing.T) {
	t.Parallel()
	old := begin.Add(-100 * 24 * time.Hour).UnixNano()
	cases := map[string]struct {
		use  func(f *memfs.FS)
		want bool
	}{
		"nothing used":              {func(*memfs.FS) {}, true},
		"left-out used":             {func(f *memfs.FS) { age(f, "project/node_modules/a/b", 1); age(f, "project/.astro", 1) }, true},
		"what is kept of that name": {func(f *memfs.FS) { age(f, "project/fixtures/node_modules/d", 1) }, false},
		"threads directory":         {func(f *memfs.FS) { age(f, ".claude/threads", 0) }, true}, // the cleanup's own doing
		"thread":                    {func(f *memfs.FS) { age(f, ".claude/threads/a.json", 1) }, false},
		"file":                      {func(f *memfs.FS) { age(f, "project/src/x.astro", 89) }, false},
		"exactly at the cutoff":     {func(f *memfs.FS) { age(f, "project/src/x.astro", 90) }, false},
		"directory":                 {func(f *memfs.FS) { age(f, "project/src", 1) }, false},
		"link":                      {func(f *memfs.FS) { age(f, "project/link", 1) }, false},
		"git":                       {func(f *memfs.FS) { age(f, "project/.git/HEAD", 1) }, false},
		"metadata":                  {func(f *memfs.FS) { age(f, "metadata.json", 1) }, false},
		"in the future":             {func(f *memfs.FS) { age(f, "project/src/x.astro", -1) }, false},
		"metadata says so": {func(f *memfs.FS) {
			f.Write("metadata.json", []byte(`{"lastActiveAt":"2026-06-30T00:00:00Z"}`), old)
		}, false},
		"metadata speaks of the future": {func(f *memfs.FS) {
			f.Write("metadata.json", []byte(`{"lastActiveAt":"2027-06-30T00:00:00Z"}`), old)
		}, false},
		"user.json says so": {func(f *memfs.FS) {
			f.Write(".claude/user.json", []byte(`{"lastSeen":"2026-06-30T00:00:00Z"}`), old)
		}, false},
		"a packed thread says so": {func(f *memfs.FS) {
			f.Write(".claude/threads/b.json.gz", packed(`{"updatedAt":"2026-06-30T00:00:00Z"}`), old)
			age(f, ".claude/threads", 100)
		}, false},
		"another file says so": {func(f *memfs.FS) {
			f.Write("project/src/x.astro", []byte(`{"updatedAt":"2026-06-30T00:00:00Z"}`), old)
		}, true},
		"something damaged, and a sign of use": {func(f *memfs.FS) {
			f.Write(".claude/threads/b.json", []byte(`{"upda`), old)
			age(f, "project/src/x.astro", 1)
		}, false},
		"a damaged file that is no thread": {func(f *memfs.FS) {
			f.Write(".claude/threads/index.json", []byte(`{"upda`), old)
			age(f, ".claude/threads", 100)
		}, true},
		"not a workspace": {func(f *memfs.FS) {
			for _, path := range []string{"metadata.json", ".claude", "project"} {
				f.Delete(path)
			}
			f.Write("backup.tar", nil, old)
		}, false},
	}
	for name, c := range cases {
		f := unused()
		c.use(f)
		got, err := Dormant(t.Context(), f.Root(), idle())
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
}

// TestDormantFailsSafe: whatever goes wrong, a workspace in use is not taken for dormant, and what can't be
// looked at is not either.
func TestDormantFailsSafe(t *testing.T) {
	t.Parallel()
	for _, use := range []int{100, 1} {
		for target := int64(0); ; target++ {
			f := unused()
			age(f, "project/src/x.astro", use)
			hook := &fault.At{Target: target, Mode: fault.FailBefore, Err: syscall.EIO}
			dormant, err := Dormant(t.Context(), fault.Wrap(f.Root(), hook), idle())
			if hook.Count() <= target {
				require.NoError(t, err)
				require.Equal(t, use == 100, dormant)
				break
			}
			require.True(t, use == 100 || !dormant, "operation %d", target)
			require.True(t, err == nil || !dormant, "operation %d", target)
		}
	}
}
