package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/functions/cleanup/internal/owner"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
	"github.com/webordinary/live-edit/tools/mounttest"
)

// withOwnDisk runs a test in a child process that may mount a disk of its own.
func withOwnDisk(t *testing.T, test func(t *testing.T, root string)) {
	t.Helper()
	mounttest.Isolated(t, "the disk was full", test, owner.Once)
}

// disk is a real file system in memory whose room is set to the page and the inode.
type disk struct {
	t    *testing.T
	root string
}

const plenty = "size=16m,nr_inodes=10k"

func newDisk(t *testing.T, root string) disk {
	t.Helper()
	mounttest.Tmpfs(t, root, plenty)
	return disk{t, root}
}

func (d disk) set(options string) {
	d.t.Helper()
	require.NoError(d.t, unix.Mount("none", d.root, "tmpfs", unix.MS_REMOUNT, options))
}

func (d disk) used() (pages, inodes int) {
	d.t.Helper()
	var s unix.Statfs_t
	require.NoError(d.t, unix.Statfs(d.root, &s))
	return int(s.Blocks - s.Bfree), int(s.Files - s.Ffree)
}

// leave leaves so many pages, or inodes, free.
func (d disk) leave(what string, n int) {
	d.t.Helper()
	pages, inodes := d.used()
	if what == "pages" {
		d.set(fmt.Sprintf("size=%d", (pages+n)*os.Getpagesize()))
		return
	}
	d.set(fmt.Sprintf("nr_inodes=%d", inodes+n))
}

func (d disk) unmount() {
	d.t.Helper()
	require.NoError(d.t, unix.Unmount(d.root, 0))
}

// noise is text in JSON that compression makes half as long.
func noise(random *rand.Rand, length int) string {
	var content strings.Builder
	content.WriteString(`{"text":"`)
	for content.Len() < length { // hexadecimal digits
		fmt.Fprintf(&content, "%016x", random.Uint64())
	}
	return content.String() + `"}`
}

// onDisk is a small tree with one thing to do, or one of each kind: threads to
// compress ("idle") and to delete ("old"), and a workspace to archive ("gone").
func onDisk(t *testing.T, root string, kinds ...string) *victim {
	t.Helper()
	v := &victim{
		t: t, root: root, random: rand.New(rand.NewPCG(1, 6)), settle: "0s",
		idle: map[string]string{}, young: map[string]string{}, old: map[string]string{}, gone: map[string]string{},
	}
	add := func(to map[string]string, path string, length int, age time.Duration) {
		to[path] = noise(v.random, length)
		put(t, filepath.Join(root, path), to[path], age)
	}
	add(v.young, "acme/bob/.claude/threads/young.json", 100, day)
	add(v.gone, archivedUser+"/metadata.json", 20, 100*day)
	for n := range 3 {
		if slices.Contains(kinds, "idle") {
			add(v.idle, fmt.Sprintf("acme/bob/.claude/threads/idle-%d.json", n), 40_000, 8*day)
		}
		if slices.Contains(kinds, "gone") {
			add(v.gone, fmt.Sprintf("%s/project/src/page%d.astro", archivedUser, n), 20_000, 100*day)
		}
	}
	if slices.Contains(kinds, "old") {
		add(v.old, "acme/jane/.claude/threads/old.json", 5_000, 40*day)
	}
	ageDirs(t, filepath.Join(root, archivedUser), 100*day)
	return v
}

// TestADiskThatIsFullAtAnyWriteLosesNothing lets the disk be full at the first
// page that a run needs, the second and so on, and likewise with inodes.
func TestADiskThatIsFullAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	withOwnDisk(t, func(t *testing.T, root string) {
		for _, c := range []struct {
			what  string
			kinds []string
			least int // different amounts of room that are too little
		}{
			{"pages", []string{"idle"}, 5},
			{"pages", []string{"gone"}, 8},
			{"inodes", []string{"idle"}, 1},
			{"inodes", []string{"gone"}, 2},
			{"pages", []string{"idle", "old", "gone"}, 1}, // deleting makes room for the rest
			{"inodes", []string{"idle", "old", "gone"}, 1},
		} {
			failures := 0
			for !fullAt(t, root, c.what, failures, c.kinds) {
				failures++
			}
			t.Logf("%v: full at %d different %s", c.kinds, failures, c.what)
			require.GreaterOrEqual(t, failures, c.least, "%v: too few %s to be true", c.kinds, c.what)
		}
	})
}

// fullAt runs on a disk with so much room, and again when there is plenty. It
// says whether the first run had enough.
func fullAt(t *testing.T, root, what string, n int, kinds []string) bool {
	t.Helper()
	d := newDisk(t, root)
	defer d.unmount()
	v := onDisk(t, root, kinds...)
	d.leave(what, n)
	args := []string{"-root", root, "-settle", "0s", "-archive-after", "2160h", "-workers", "1", "-packers", "1", "-json"}
	code, out, errs := invoke(t, args...)
	v.requireSafe()
	for path := range v.old {
		require.NotContains(t, tree(t, root), path, "deleting needs no room, and makes some")
	}
	if code == exitFailure {
		require.Contains(t, out, `"disk-full"`, errs)
		require.NotContains(t, out, `"io-error"`, errs)
	} else {
		require.Equal(t, exitOK, code, "%s%s", out, errs)
	}
	d.set(plenty)
	again, out, errs := invoke(t, args...)
	require.Equal(t, exitOK, again, "%s%s", out, errs)
	v.requireSafe()
	v.requireDone()
	v.requireNoneAside()
	require.Contains(t, tree(t, root), "acme/_archive/gone-"+time.Now().UTC().Format(time.DateOnly)+".tar.gz")
	return code == exitOK
}

// TestTheCursorIsWholeOnAFullDisk: where the next run starts is as it was or as it is to be, and the work is done.
func TestTheCursorIsWholeOnAFullDisk(t *testing.T) {
	t.Parallel()
	withOwnDisk(t, func(t *testing.T, root string) {
		for n := range 4 {
			d := newDisk(t, root)
			onDisk(t, root, "idle", "gone")
			cursor := `"acme" "jane" 0` + "\n"
			put(t, root+"/"+sweep.StateDir+"/cursor", cursor, day)
			put(t, root+"/"+sweep.StateDir+"/lock", "", day)
			d.leave("pages", n)
			code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-max-time", "1ns", "-json")
			require.Equal(t, exitOK, code, "%s%s", out, errs)
			require.Regexp(t, `^"acme" "[a-z]+" \d+\n$`, tree(t, root)[sweep.StateDir+"/cursor"])
			require.NotContains(t, tree(t, root), sweep.StateDir+"/cursor.tmp")
			if n == 0 {
				require.Contains(t, errs, "the next run will not start with what was left")
				require.Equal(t, cursor, tree(t, root)[sweep.StateDir+"/cursor"])
			}
			d.unmount()
		}
	})
}

// TestAReportThatCantBeWrittenIsAFailure: who reads it from a file has to hear that it is not whole.
func TestAReportThatCantBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"-json=true", "-json=false"} {
		root := t.TempDir()
		put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		var errs bytes.Buffer
		code := command(t.Context(), []string{"-root", root, "-settle", "0s", format}, streams{out: full, err: &errs})
		require.NoError(t, full.Close())
		require.Equal(t, exitFailure, code, format)
		require.Contains(t, errs.String(), "no space left on device", format)
		require.NoFileExists(t, root+"/acme/bob/.claude/threads/old.json")
	}
	h, _ := newHandler(t, t.TempDir())
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	h.metrics = full
	_, err = h.handle(t.Context(), []byte(scheduled))
	require.ErrorIs(t, err, syscall.ENOSPC)
}
