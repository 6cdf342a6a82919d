package sweep

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
)

// writer is the other side: the containers that read and write threads while
// the cleanup is at work. As a hook it gets its turn before any operation of
// the run. It does what such a program may do:
//
//   - open a thread for appending, write a record, close it; make the file if
//     it is not there;
//   - keep a thread open and append now and then. It is never silent for as long
//     as the settling time, or it has closed the file: that is the contract;
//   - read a thread, plain or packed, and replace it as a whole by a rename,
//     removing the packed form that it has taken in.
type writer struct {
	mu      sync.Mutex
	w       *fixture
	random  *rand.Rand
	odds    int // one turn in so many is used
	open    map[string]*memfs.Handle
	records []record
	errors  []string
}

type record struct {
	text string
	at   time.Time
}

func (a *writer) Before(fault.Op) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.random.IntN(a.odds) == 0 {
		a.act(fmt.Sprintf("%st%d.json", threads, a.random.IntN(3)))
	}
	return nil
}

func (a *writer) After(fault.Op) error { return nil }

// next makes a record. It counts as written when the writer's call returns.
func (a *writer) next() []byte {
	text := fmt.Sprintf("{\"record\":%d}\n", len(a.records))
	a.records = append(a.records, record{text, a.w.clock.Now()})
	return []byte(text)
}

func (a *writer) act(path string) {
	handle := a.open[path]
	switch action := a.random.IntN(6); {
	case action == 0:
		a.w.fs.Append(path, a.next())
	case action == 1 && handle == nil:
		if handle = a.w.fs.Handle(path); handle != nil {
			a.open[path] = handle
		}
	case action == 2 && handle != nil:
		a.close(path)
	case action == 3 && handle == nil:
		a.replace(path)
	case handle != nil:
		handle.Append(a.next())
	}
}

// replace is a program that keeps the whole thread in memory.
func (a *writer) replace(path string) {
	tree := a.w.fs.Tree()
	content := ""
	if plain, ok := tree[path]; ok {
		content = plain.Data
	} else if packed, ok := tree[path+".gz"]; ok {
		content = unpacked(a, packed.Data)
		defer a.w.fs.Delete(path + ".gz")
	} else {
		return
	}
	a.w.fs.Write(path, append([]byte(content), a.next()...), a.w.clock.nanos.Load())
}

// onSleep: whoever keeps a file open writes to it within the settling time.
func (a *writer) onSleep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for path, handle := range a.open {
		if a.random.IntN(2) == 0 {
			a.close(path)
			continue
		}
		handle.Append(a.next())
	}
}

func (a *writer) close(path string) {
	a.open[path].Close()
	delete(a.open, path)
}

// Errorf and FailNow let helpers report from the writer's side.
func (a *writer) Errorf(format string, args ...any) {
	a.errors = append(a.errors, fmt.Sprintf(format, args...))
}

func (a *writer) FailNow() { panic(strings.Join(a.errors, "\n")) }

// TestNoRecordIsLost lets writers work on threads while run after run, a week
// apart, compresses and deletes them, alone and with a second run at the same
// time. In the end every record younger than the age of deletion is somewhere
// under a thread's name.
func TestNoRecordIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(scale(150)) {
		w := newFixture()
		w.fs.SetLeases(seed%4 < 2)
		a := &writer{w: w, random: rand.New(rand.NewPCG(seed, 3)), odds: 3 + int(seed%40), open: map[string]*memfs.Handle{}}
		w.clock.onSleep = a.onSleep
		for n := range 3 {
			w.thread(fmt.Sprintf("%st%d.json", threads, n), string(a.next()), 0)
		}
		for range 6 {
			w.clock.nanos.Add(int64(8 * day))
			a.disturb(t, 1+int(seed%2))
			for path := range a.open { // a task does not live for a week
				a.close(path)
			}
		}
		w.clock.onSleep = nil
		for range 2 {
			w.clock.nanos.Add(int64(2 * time.Hour))
			w.run(t, testConfig())
		}
		a.requireRecords(t, seed)
	}
}

// disturb does some runs at once while the writer writes.
func (a *writer) disturb(t *testing.T, runs int) {
	t.Helper()
	done := make(chan error)
	for range runs {
		go func() {
			root := unlocked{fault.Wrap(a.w.fs.Root(), a)}
			_, err := Run(t.Context(), a.w.options(root, serial()))
			done <- err
		}()
	}
	for range runs {
		require.NoError(t, <-done)
	}
}

func (a *writer) requireRecords(t *testing.T, seed uint64) {
	t.Helper()
	var all strings.Builder
	for path, text := range a.w.contents(t) {
		require.NotContains(t, path, ".cleanup-", "seed %d: something is left unfinished", seed)
		all.WriteString(text)
	}
	for _, r := range a.records {
		if a.w.clock.Now().Sub(r.at) < 30*day {
			require.Contains(t, all.String(), strings.TrimSpace(strings.ReplaceAll(r.text, `"`, `\"`)), "seed %d", seed)
		}
	}
}
