package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// TestCommandDoesWhatItSays runs beside no other test: a process that starts
// another has its open files in common with it until the other has begun its own
// program. The file system then says of a thread that was just closed that
// somebody has it open, and the run rightly leaves it to the next one.
func TestCommandDoesWhatItSays(t *testing.T) { //nolint:paralleltest // see above
	root := t.TempDir()
	threads := filepath.Join(root, "acme/bob/.claude/threads")
	put(t, threads+"/young.json", `{"a":1}`, day)
	put(t, threads+"/idle.json", `{"b":1}`, 8*day)
	put(t, threads+"/old.json", `{"c":1}`, 31*day)
	put(t, threads+"/used.json", `{"updatedAt":"`+time.Now().Add(-day).Format(time.RFC3339)+`"}`, 31*day)
	before := tree(t, root)

	code, out, _ := invoke(t, "-root", root, "-dry-run")
	require.Equal(t, exitOK, code)
	require.Equal(t, before, tree(t, root))
	require.Regexp(t, `compressed \(would be\) +1\b`, out)
	require.Regexp(t, `deleted \(would be\) +1\b`, out)
	require.NotContains(t, out, "freed")

	code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-json")
	require.Equal(t, exitOK, code, errs)
	require.Empty(t, errs)
	var summary map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &summary))
	for key, want := range map[string]float64{"Users": 1, "Scanned": 4, "Kept": 2, "Compressed": 1, "Deleted": 1, "Finished": 2, "Failed": 0} {
		require.Equal(t, want, summary[key], key)
	}
	after := tree(t, root)
	delete(after, filepath.Join(sweep.StateDir, "lock"))
	packed := after["acme/bob/.claude/threads/idle.json.gz"]
	require.Equal(t, `{"b":1}`, unpack(t, packed))
	delete(after, "acme/bob/.claude/threads/idle.json.gz")
	delete(before, "acme/bob/.claude/threads/idle.json")
	delete(before, "acme/bob/.claude/threads/old.json")
	require.Equal(t, before, after)
}

func TestCommandRefusesArgumentsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, c := range []struct {
		args string
		want []string
	}{
		{"", []string{"-root is missing"}},
		{"-root ROOT extra", []string{`["extra"]: expected flags only`}},
		{"-root ROOT -delete-after 24h -compress-after 0s -workers 0 -max-time -1s -settle -1s", []string{
			"-compress-after 0s: expected more than zero", "-workers 0: expected 1 to 1024", "-max-time -1s", "-settle -1s: expected 0 or more",
		}},
		{"-root ROOT -delete-after 168h", []string{"-delete-after 168h0m0s: expected more than compress-after"}},
		{"-root ROOT -archive-after 24h", []string{"-archive-after 24h0m0s: expected 0 (off) or at least delete-after"}},
		{"-root ROOT -packers many", []string{`invalid value "many"`}},
	} {
		args := strings.Fields(strings.ReplaceAll(c.args, "ROOT", root))
		code, out, errs := invoke(t, args...)
		require.Equal(t, exitUsage, code, c.args)
		require.Empty(t, out)
		for _, want := range c.want {
			require.Contains(t, errs, want, c.args)
		}
	}
	code, _, errs := invoke(t, "-help")
	require.Equal(t, exitOK, code)
	for _, flag := range []string{"-root", "-dry-run", "-compress-after", "-delete-after", "-archive-after", "-json"} {
		require.Contains(t, errs, flag)
	}
	code, _, errs = invoke(t, "-root", filepath.Join(root, "none"))
	require.Equal(t, exitFailure, code)
	require.Contains(t, errs, "none")
}

func TestCommandStaysAwayWhileAnotherRuns(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root+"/acme/bob/.claude/threads/old.json", `{}`, 40*day)
	require.NoError(t, os.Mkdir(filepath.Join(root, sweep.StateDir), 0o750))
	state, err := fsx.Open(filepath.Join(root, sweep.StateDir))
	require.NoError(t, err)
	lock, err := state.Lock("lock")
	require.NoError(t, err)
	code, _, errs := invoke(t, "-root", root)
	require.Equal(t, exitBusy, code)
	require.Contains(t, errs, "another cleanup run")
	require.NoError(t, lock.Close())
	require.NoError(t, state.Close())
	require.FileExists(t, root+"/acme/bob/.claude/threads/old.json")
}

// TestNothingOutsideIsTouched puts everything in a tree that might lead out of
// it, on a real file system.
func TestNothingOutsideIsTouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, outside := dir+"/root", dir+"/outside"
	threads := root + "/acme/bob/.claude/threads"
	put(t, outside+"/bob/.claude/threads/old.json", `{}`, 400*day)
	put(t, outside+"/old.json", `{}`, 400*day)
	put(t, outside+"/linked.json", `{}`, 400*day)
	put(t, threads+"/old.json", `{}`, 400*day)
	put(t, threads+"/"+strings.Repeat("n", 250)+".json", `{}`, 400*day)
	put(t, threads+"/..json", `{}`, 400*day)
	put(t, threads+"/sub.json/old.json", `{}`, 400*day)
	put(t, root+"/closed/bob/.claude/threads/old.json", `{}`, 400*day)
	// What the supervisor keeps beside the users, although a thread of a user of that name would be old.
	packs := root + "/acme/.live-edit/packs"
	put(t, packs+"/0123.tar.zst", "a pack", 400*day)
	put(t, root+"/acme/.live-edit/.claude/threads/old.json", `{}`, 400*day)
	links := map[string]string{
		root + "/link": outside, root + "/acme/link": outside + "/bob", threads + "/link.json": outside + "/old.json",
		threads + "/up.json": "../../../../outside/old.json", root + "/acme/_archive": outside, threads + "/loop.json": "loop.json",
	}
	for link, target := range links {
		require.NoError(t, os.Symlink(target, link))
	}
	require.NoError(t, os.Link(outside+"/linked.json", threads+"/linked.json"))
	require.NoError(t, syscall.Mkfifo(threads+"/pipe.json", 0o600))
	require.NoError(t, os.Chmod(root+"/closed", 0)) // as root this is no obstacle, and the thread in it is deleted
	t.Cleanup(func() { _ = os.Chmod(root+"/closed", 0o700) })
	before := tree(t, outside)

	code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-archive-after", "2160h", "-json")
	require.Equal(t, exitOK, code, "%s%s", out, errs)
	require.Equal(t, before, tree(t, outside))
	require.NoFileExists(t, threads+"/old.json")
	require.FileExists(t, packs+"/0123.tar.zst")
	require.FileExists(t, root+"/acme/.live-edit/.claude/threads/old.json")
	for _, kept := range []string{"/linked.json", "/..json", "/sub.json/old.json", "/" + strings.Repeat("n", 250) + ".json"} {
		require.FileExists(t, threads+kept)
	}
	for link, target := range links {
		is, err := os.Readlink(link)
		require.NoError(t, err)
		require.Equal(t, target, is)
	}
}

func TestCommandStopsInTimeAndGoesOn(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, user := range []string{"a", "b", "c"} {
		put(t, root+"/acme/"+user+"/.claude/threads/old.json", `{}`, 40*day)
	}
	code, out, errs := invoke(t, "-root", root, "-settle", "0s", "-max-time", "1ns")
	require.Equal(t, exitOK, code, errs)
	require.Regexp(t, `left over +3 +workspaces: -max-time is over; the next run starts with them`, out)
	code, _, errs = invoke(t, "-root", root, "-settle", "0s")
	require.Equal(t, exitOK, code, errs)
	for _, user := range []string{"a", "b", "c"} {
		require.NoFileExists(t, root+"/acme/"+user+"/.claude/threads/old.json")
	}
}
