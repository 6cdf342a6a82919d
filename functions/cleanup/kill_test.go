package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// victim is a tree whose cleanup is killed again and again.
type victim struct {
	t       *testing.T
	root    string
	random  *rand.Rand
	settle  string            // the flag's value
	idle    map[string]string // path below root: content
	young   map[string]string
	old     map[string]string
	gone    map[string]string // the workspace of a user to be archived
	records []string          // what a writer has appended
}

const (
	victimUsers  = 3
	victimFiles  = 12
	archivedUser = "acme/gone"
)

func newVictim(t *testing.T, random *rand.Rand) *victim {
	t.Helper()
	v := &victim{
		t: t, root: t.TempDir(), random: random, settle: "50ms",
		idle: map[string]string{}, young: map[string]string{}, old: map[string]string{}, gone: map[string]string{},
	}
	for u := range victimUsers {
		user := fmt.Sprintf("acme/user%d", u)
		for n := range victimFiles {
			v.add(v.idle, fmt.Sprintf("%s/.claude/threads/idle-%d.json", user, n), 8*day)
			v.add(v.young, fmt.Sprintf("%s/.claude/threads/young-%d.json", user, n), day)
			v.add(v.old, fmt.Sprintf("%s/.claude/threads/old-%d.json", user, n), 40*day)
		}
		v.add(v.young, user+"/.claude/user.json", 400*day)
		v.add(v.young, user+"/project/thread.json", 400*day)
	}
	for n := range 2 * victimFiles {
		v.add(v.gone, fmt.Sprintf("%s/project/src/page%d.astro", archivedUser, n), 100*day)
	}
	v.add(v.gone, archivedUser+"/metadata.json", 100*day)
	ageDirs(t, filepath.Join(v.root, archivedUser), 100*day)
	return v
}

// add writes a file of a few thousand bytes that are worth compressing.
func (v *victim) add(to map[string]string, path string, age time.Duration) {
	v.t.Helper()
	line := fmt.Sprintf(`{"id":%d,"path":%q}`, v.random.Uint64(), path)
	content := strings.Repeat(line+"\n", 1+v.random.IntN(400))
	to[path] = content
	put(v.t, filepath.Join(v.root, path), content, age)
}

// run starts the command and kills it after a while; false if it was through before.
func (v *victim) run(program string, after time.Duration) bool {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), after) // the context's end is a SIGKILL
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-root", v.root, "-settle", v.settle, "-archive-after", "2160h", "-json")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	require.ErrorIs(v.t, ctx.Err(), context.DeadlineExceeded, "%s", out)
	return true
}

// requireSafe is what must hold after any kill.
func (v *victim) requireSafe() {
	v.t.Helper()
	all := tree(v.t, v.root)
	for path, content := range v.young {
		require.Equal(v.t, content, all[path], path)
	}
	for path, content := range v.idle {
		if plain, ok := all[path]; ok {
			require.Equal(v.t, content, plain, path)
			continue
		}
		packed, ok := all[path+".gz"]
		require.True(v.t, ok, "%s has no visible form", path)
		require.Equal(v.t, content, unpack(v.t, packed), path)
	}
	for path, content := range v.old {
		if plain, ok := all[path]; ok {
			require.Equal(v.t, content, plain, path)
		}
	}
	v.requireArchived(all)
}

// requireArchived: the workspace is whole where it was or beside its archive, or the archive is whole.
func (v *victim) requireArchived(all map[string]string) {
	v.t.Helper()
	if _, ok := all[archivedUser+"/metadata.json"]; ok {
		for path, content := range v.gone {
			require.Equal(v.t, content, all[path], path)
		}
		return
	}
	for path, content := range all {
		if dir, name := filepath.Split(path); dir == "acme/_archive/" && strings.HasSuffix(name, ".tar.gz") {
			require.Equal(v.t, v.gone, untar(v.t, content))
			return
		}
	}
	require.Fail(v.t, "neither the workspace nor its archive is there")
}

func untar(t *testing.T, packed string) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		if h.Typeflag == tar.TypeReg {
			content, err := io.ReadAll(r)
			require.NoError(t, err)
			files[archivedUser+"/"+h.Name] = string(content)
		}
	}
}

// requireNoneAside is what a single undisturbed run arrives at.
func (v *victim) requireNoneAside() {
	v.t.Helper()
	for path := range tree(v.t, v.root) {
		require.False(v.t, strings.Contains(path, ".cleanup-") && !strings.HasSuffix(path, ".tmp"), "%s is left", path)
	}
}

// requireDone is what an undisturbed run arrives at.
func (v *victim) requireDone() {
	v.t.Helper()
	all := tree(v.t, v.root)
	for path := range v.idle {
		require.NotContains(v.t, all, path)
	}
	for path := range v.old {
		require.NotContains(v.t, all, path)
	}
	text := ""
	for path, content := range all {
		if strings.Contains(path, ".cleanup-") {
			require.True(v.t, strings.HasSuffix(path, ".tmp"), "%s is left", path)
			continue
		}
		if strings.HasSuffix(path, ".json.gz") {
			content = unpack(v.t, content)
		}
		text += content
	}
	for _, record := range v.records {
		require.Contains(v.t, text, record, "written and lost")
	}
}

// write appends records to threads as the container does, until done, and lets
// some of the threads look idle at once.
func (v *victim) write(random *rand.Rand, done <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(random.IntN(3)) * time.Millisecond):
		}
		path := filepath.Join(v.root, fmt.Sprintf("acme/user0/.claude/threads/live-%d.json", random.IntN(3)))
		record := fmt.Sprintf("{\"record\":%d}\n", n)
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			v.t.Error(err)
			return
		}
		_, err = f.WriteString(record)
		if err := errors.Join(err, f.Close()); err != nil {
			v.t.Error(err)
			return
		}
		v.records = append(v.records, record)
		if random.IntN(2) == 0 {
			when := time.Now().Add(-8 * day)
			_ = os.Chtimes(path, when, when) // it may be aside already
		}
	}
}

// TestTheNextRunWaitsForWhatAKilledOneMovedAside kills the real binary as soon
// as it has moved a thread aside. However soon the next run comes, it is the
// one that finishes it.
func TestTheNextRunWaitsForWhatAKilledOneMovedAside(t *testing.T) {
	t.Parallel()
	program, err := binary()
	require.NoError(t, err)
	v := &victim{t: t, root: t.TempDir(), settle: "3s"} // or a second, where the file system tells who has a file open
	put(t, filepath.Join(v.root, "acme/bob/.claude/threads/x.json"), `{"a":1}`, 8*day)
	aside := filepath.Join(v.root, "acme/bob/.claude/threads/.x.json.cleanup-*.packed")
	cmd := exec.CommandContext(t.Context(), program, "-root", v.root, "-settle", v.settle, "-json")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		found, err := filepath.Glob(aside)
		return err == nil && len(found) == 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Skip("it was through before it could be killed")
	}
	found, err := filepath.Glob(aside)
	require.NoError(t, err)
	require.False(t, v.run(program, time.Minute))
	left, err := filepath.Glob(aside)
	require.NoError(t, err)
	require.Empty(t, left, "one of %v", found)
	require.Equal(t, `{"a":1}`, unpack(t, tree(t, v.root)["acme/bob/.claude/threads/x.json.gz"]))
}

// TestKilledAgainAndAgain kills the real binary at random moments, on a real
// file system, with a writer at work.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	program, err := binary()
	require.NoError(t, err)
	kills, want := 0, 12
	if os.Getenv("CLEANUP_EXHAUSTIVE") != "" {
		want = 500
	}
	window := 100 * time.Millisecond
	for seed := uint64(1); kills < want; seed++ {
		random := rand.New(rand.NewPCG(seed, 4))
		v := newVictim(t, random)
		if seed%2 == 0 {
			v.settle = "500ms" // longer than some runs in a row take
		}
		done := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() { v.write(rand.New(rand.NewPCG(seed, 5)), done) })
		for kills < want && v.run(program, time.Millisecond+time.Duration(random.Int64N(int64(window)))) {
			kills++
			v.requireSafe()
			window += 5 * time.Millisecond
		}
		close(done)
		writer.Wait()
		for range 3 { // the first finishes what is left, the second what that has given back, the third finds nothing
			require.False(t, v.run(program, time.Minute))
			v.requireNoneAside()
		}
		v.requireSafe()
		v.requireDone()
		window = max(window*3/4, 20*time.Millisecond)
	}
}
