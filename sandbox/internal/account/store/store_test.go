package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

const thing = "test:x/thing:Thing"

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t testing.TB, s *Store, id string, state map[string]any) {
	t.Helper()
	require.NoError(t, s.Update(func(tx *Tx) error {
		return tx.Put(Resource{Type: thing, ID: id, URN: "urn:" + id, State: resource.NewPropertyMapFromMap(state)})
	}))
}

func ids(t testing.TB, s *Store) []string {
	t.Helper()
	var out []string
	require.NoError(t, s.View(func(v View) error {
		for _, r := range v.List(thing) {
			out = append(out, r.ID)
		}
		return nil
	}))
	return out
}

func TestReopenFindsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	require.True(t, s.Created())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("binary"), 0o600))
	file, err := asset.FromPath(filepath.Join(dir, "bootstrap"))
	require.NoError(t, err)
	code, err := archive.FromAssets(map[string]any{"bootstrap": file})
	require.NoError(t, err)
	state := props.Map{
		"s": props.Of("line\nbreak\ttab \u2028 \"quote\" é"), "n": props.Of(1.5), "big": props.Of(1e300), "b": props.Of(true),
		"null": props.Of(nil), "list": props.Of([]any{"a", map[string]any{"k": 1}}), "empty": props.Of(map[string]any{}),
		"secret": resource.MakeSecret(props.Of("hidden")), "code": resource.NewProperty(code),
	}
	require.NoError(t, s.Update(func(tx *Tx) error {
		return tx.Put(Resource{Type: thing, ID: "a", URN: "urn", Inputs: props.Map{"x": props.Of("y")}, State: state})
	}))
	require.NoError(t, s.Close())

	again := open(t, dir)
	require.False(t, again.Created())
	require.NoError(t, again.View(func(v View) error {
		r, ok := v.Get(thing, "a")
		require.True(t, ok)
		require.Equal(t, "urn", r.URN)
		want := props.PlainMap(state)
		require.True(t, want["code"].ArchiveValue().Equals(r.State["code"].ArchiveValue()))
		delete(want, "code")
		delete(r.State, "code")
		require.Equal(t, want, r.State)
		require.Equal(t, props.Map{"x": props.Of("y")}, r.Inputs)
		return nil
	}))
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "a", nil)
	boom := errors.New("boom")
	require.ErrorIs(t, s.Update(func(tx *Tx) error {
		tx.Remove(thing, "a")
		return boom
	}), boom)
	require.Equal(t, []string{"a"}, ids(t, s))
	require.ErrorContains(t, s.Update(func(tx *Tx) error {
		return tx.Put(Resource{Type: thing, ID: "b", State: props.Map{"k": props.Unknown()}})
	}), "k: the value is not known yet")
}

func TestTornLineAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a", map[string]any{"v": 1})
	first, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	put(t, s, "b", map[string]any{"v": 2})
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	for cut := len(first); cut < len(whole); cut++ {
		torn := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(torn, journalName), whole[:cut], 0o600))
		again := open(t, torn)
		require.Equal(t, []string{"a"}, ids(t, again), "cut at %d of %d", cut, len(whole))
		put(t, again, "c", nil)
		require.NoError(t, again.Close())
		require.Equal(t, []string{"a", "c"}, ids(t, open(t, torn)), "cut at %d", cut)
	}
}

func TestReaderLeavesALineInTheMaking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a", nil)
	line, err := encodeLine([]op{{header: header{Op: opPut, Type: thing, ID: "b", Len: 2}, body: []byte("{}")}})
	require.NoError(t, err)
	f, err := os.OpenFile(filepath.Join(dir, journalName), os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.Write(line[:len(line)/2])
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, ids(t, s))
	_, err = f.Write(line[len(line)/2:])
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, []string{"a", "b"}, ids(t, s))
}

func TestDamageBeforeTheEndIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for _, id := range []string{"a", "b", "c"} {
		put(t, s, id, map[string]any{"v": 7})
	}
	require.NoError(t, s.Close())
	path := filepath.Join(dir, journalName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(data, []byte{'\n'})
	at := bytes.LastIndexByte(lines[1], '7') // still JSON afterwards: only the checksum can tell
	lines[1][at] = '6'
	require.NoError(t, os.WriteFile(path, bytes.Join(lines, nil), 0o600))
	_, err = Open(dir)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, fmt.Sprintf("at byte %d", len(lines[0])))
}

// TestDamageAtTheEndIsReported: what is not the beginning of a line was not left
// by a process that died, and cutting it off would lose a change.
func TestDamageAtTheEndIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a", map[string]any{"v": 1})
	put(t, s, "b", map[string]any{"v": 2})
	require.NoError(t, s.Close())
	path := filepath.Join(dir, journalName)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	for name, damaged := range map[string][]byte{
		"the last line changed": append(bytes.Clone(whole[:len(whole)-2]), "x\n"...),
		"a line appended":       append(bytes.Clone(whole), "hello\n"...),
		"a text appended":       append(bytes.Clone(whole), "hello"...),
		"nothing but zeros":     make([]byte, 100),
		"another file":          []byte("{}"),
		"a text like a sum":     []byte("0123abcd efgh"),
	} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, err := Open(dir)
		require.ErrorIs(t, err, ErrCorrupt, name)
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, damaged, kept, "%s: it is left as it is", name)
	}
	require.NoError(t, os.WriteFile(path, append(bytes.Clone(whole[:len(whole)-2]), "x\n"...), 0o600))
	_, err = Open(dir)
	require.ErrorContains(t, err, fmt.Sprintf("truncate -s %d %s", last, path))
	require.NoError(t, os.Truncate(path, int64(last)))
	require.Equal(t, []string{"a"}, ids(t, open(t, dir)), "the advice works")
}

func TestFutureFormatIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line, err := encodeLine([]op{{header: header{Op: opFormat, N: formatVersion + 1}}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName), line, 0o600))
	_, err = Open(dir)
	require.ErrorContains(t, err, "format 2, this program knows 1")
}

func TestCompactionKeepsStateAndCounters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	filler := strings.Repeat("x", 10_000)
	for i := range 250 {
		put(t, s, "a", map[string]any{"i": i, "filler": filler})
	}
	var last int64
	require.NoError(t, s.Update(func(tx *Tx) error {
		tx.Next("family")
		last = tx.Next("family")
		return nil
	}))
	require.EqualValues(t, 2, last)
	before, err := os.Stat(filepath.Join(dir, journalName))
	require.NoError(t, err)

	third := open(t, dir)
	after, err := os.Stat(filepath.Join(dir, journalName))
	require.NoError(t, err)
	require.Less(t, after.Size(), before.Size()/10)
	put(t, third, "b", nil)
	for _, store := range []*Store{s, other, third} {
		require.Equal(t, []string{"a", "b"}, ids(t, store))
		require.NoError(t, store.View(func(v View) error {
			require.EqualValues(t, 2, v.Counter("family"))
			r, _ := v.Get(thing, "a")
			require.EqualValues(t, 249, r.State["i"].NumberValue())
			return nil
		}))
	}
}

// TestLongRunsDoNotFillTheDisk: an account that stays open is compacted too.
func TestLongRunsDoNotFillTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	filler := strings.Repeat("x", 200_000)
	for i := range 2 * compactRunningAbove / len(filler) {
		put(t, s, "a", map[string]any{"i": i, "filler": filler})
	}
	info, err := os.Stat(filepath.Join(dir, journalName))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(compactRunningAbove+4*len(filler)))
	put(t, other, "b", nil)
	require.Equal(t, []string{"a", "b"}, ids(t, s))
}

func TestIndexEqualsScan(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var runs atomic.Int32
	rapid.Check(t, func(rt *rapid.T) {
		dir := filepath.Join(root, strconv.Itoa(int(runs.Add(1))))
		s, err := Open(dir)
		require.NoError(rt, err)
		defer func() { require.NoError(rt, s.Close()) }()
		model := map[string][]string{}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "id")
				refs := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3).Draw(rt, "refs")
				model[id] = refs
				put(t, s, id, map[string]any{"in": map[string]any{"refs": refs}})
			},
			"remove": func(rt *rapid.T) {
				id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "id")
				delete(model, id)
				require.NoError(rt, s.Update(func(tx *Tx) error { tx.Remove(thing, id); return nil }))
			},
			"reopen": func(rt *rapid.T) {
				require.NoError(rt, s.Close())
				s, err = Open(dir)
				require.NoError(rt, err)
			},
			"": func(rt *rapid.T) {
				for _, ref := range []string{"x", "y", "z"} {
					require.Equal(rt, scan(model, ref), by(rt, s, ref))
				}
			},
		})
	})
}

func scan(model map[string][]string, ref string) []string {
	var out []string
	for id, refs := range model {
		if slices.Contains(refs, ref) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func by(rt *rapid.T, s *Store, ref string) []string {
	var out []string
	require.NoError(rt, s.View(func(v View) error {
		for _, r := range v.By(thing, "in.refs[*]", ref) {
			out = append(out, r.ID)
		}
		return nil
	}))
	return out
}

// writerEnv makes the test binary a second process that counts in a store.
const writerEnv = "STORE_TEST_WRITER_DIR"

const writes = 200

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		if err := countInto(dir, os.Getenv(writerEnv+"_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func countInto(dir, name string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	for range writes {
		err := s.Update(func(tx *Tx) error {
			n := tx.Next("shared")
			return tx.Put(Resource{Type: thing, ID: fmt.Sprintf("%06d", n), URN: name})
		})
		if err != nil {
			return err
		}
	}
	return s.Close()
}

func TestProcessesShareAStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	var wg sync.WaitGroup
	for _, name := range []string{"p1", "p2"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+dir, writerEnv+"_NAME="+name)
		wg.Go(func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		})
	}
	wg.Go(func() {
		if err := countInto(dir, "goroutine"); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	got := ids(t, s)
	require.Len(t, got, 3*writes)
	require.Equal(t, fmt.Sprintf("%06d", 3*writes), got[len(got)-1])
}

func TestCrashDuringConcurrentWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+dir, writerEnv+"_NAME=victim")
	require.NoError(t, cmd.Start())
	s := open(t, dir)
	for len(ids(t, s)) < 5 {
		put(t, s, "mine", nil)
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	put(t, s, "after", nil)
	require.Contains(t, ids(t, open(t, dir)), "after")
}

func fill(b *testing.B, dir string, n int) {
	b.Helper()
	s := open(b, dir)
	state := map[string]any{}
	for i := range 30 {
		state[fmt.Sprintf("property%02d", i)] = strings.Repeat("v", 40)
	}
	for i := range n {
		put(b, s, fmt.Sprintf("id-%05d", i), state)
	}
	require.NoError(b, s.Close())
}

func BenchmarkOpen1200(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 1200)
	for b.Loop() {
		s, err := Open(dir)
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
}

func BenchmarkOpen1200AndList(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 1200)
	for b.Loop() {
		s, err := Open(dir)
		require.NoError(b, err)
		require.NoError(b, s.View(func(v View) error { v.List(thing); return nil }))
		require.NoError(b, s.Close())
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir())
	i := 0
	for b.Loop() {
		i++
		put(b, s, fmt.Sprintf("id-%05d", i%2000), map[string]any{"a": "b", "list": []any{1, 2, 3}})
	}
}
