package lease_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/lease"
)

// memory are files without manners of their own; a test gives them some by hooks, which run before the call.
type memory struct {
	mu     sync.Mutex
	files  map[string][]byte
	hidden map[string]bool // names that this machine remembers as missing
	before func(op, name string) error
}

func newMemory() *memory { return &memory{files: map[string][]byte{}, hidden: map[string]bool{}} }

func (m *memory) hook(op, name string) error {
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(op, name)
}

func (m *memory) Read(name string) ([]byte, error) {
	if err := m.hook("read", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[name]
	if !ok || m.hidden[name] {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(content), nil
}

func (m *memory) Create(name string, content []byte) error {
	if err := m.hook("create", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[name]; ok {
		return fs.ErrExist
	}
	m.files[name] = slices.Clone(content)
	return nil
}

func (m *memory) Rewrite(name string, content []byte) error {
	if err := m.hook("rewrite", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = slices.Clone(content)
	return nil
}

func (m *memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
	return nil
}

func (m *memory) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.files)), func(name string) bool { return m.hidden[name] }), nil
}

// put writes a lease of another task, and the hint to it.
func (m *memory) put(t *testing.T, record lease.Record) {
	t.Helper()
	content, err := json.Marshal(record)
	require.NoError(t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[fmt.Sprintf("ada.%012d", record.Epoch)] = content
	m.files["ada.current"] = fmt.Appendf(nil, "%020d\n", record.Epoch)
}

func (m *memory) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files))
}

func other(epoch uint64) lease.Record {
	return lease.Record{Version: 1, Epoch: epoch, Task: "other", Instance: "other-1", Address: "10.0.0.9:8079"}
}

func newKeeper(t *testing.T, files lease.Files) *lease.Keeper {
	t.Helper()
	keeper := lease.NewKeeper(t.Context(), files, lease.SystemClock{}, lease.Identity{Task: "mine", Instance: "mine-1", Address: "10.0.0.1:8079"})
	t.Cleanup(keeper.Close)
	return keeper
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, name string, test func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func claim(t *testing.T, keeper *lease.Keeper) lease.Found {
	t.Helper()
	found, err := keeper.Claim(t.Context(), "ada")
	require.NoError(t, err)
	return found
}

func TestClaim(t *testing.T) {
	bubble(t, "of a session that never was", func(t *testing.T) {
		keeper := newKeeper(t, newMemory())
		first := claim(t, keeper)
		require.NotNil(t, first.Lease)
		require.Equal(t, uint64(1), first.Lease.Record().Epoch)
		require.Same(t, first.Lease, claim(t, keeper).Lease, "the owner goes on being the owner")
	})
	bubble(t, "waits until the lease has stood still for 15 s", func(t *testing.T) {
		files := newMemory()
		files.put(t, other(4))
		keeper := newKeeper(t, files)
		found := claim(t, keeper)
		require.Nil(t, found.Lease)
		require.Equal(t, other(4), found.Owner.Record)
		require.True(t, found.Owner.Readable)
		time.Sleep(14 * time.Second)
		moved := other(4)
		moved.Counter++
		files.put(t, moved)
		require.Nil(t, claim(t, keeper).Lease)
		time.Sleep(lease.StandstillAfter - time.Millisecond)
		require.Nil(t, claim(t, keeper).Lease)
		time.Sleep(time.Millisecond)
		require.Equal(t, uint64(5), claim(t, keeper).Lease.Record().Epoch)
	})
	bubble(t, "does not wait for who has released", func(t *testing.T) {
		files := newMemory()
		released := other(4)
		released.Released = true
		files.put(t, released)
		require.NotNil(t, claim(t, newKeeper(t, files)).Lease)
	})
	bubble(t, "waits for one that it cannot read", func(t *testing.T) {
		files := newMemory()
		files.put(t, other(4))
		files.files["ada.000000000004"] = []byte("\x00\x00{garbage")
		keeper := newKeeper(t, files)
		require.False(t, claim(t, keeper).Owner.Readable)
		time.Sleep(lease.StandstillAfter)
		require.NotNil(t, claim(t, keeper).Lease)
	})
	bubble(t, "respects a version that it does not know", func(t *testing.T) {
		files := newMemory()
		files.put(t, other(4))
		files.files["ada.000000000004"] = []byte(`{"version": 7, "address": "10.0.0.9:9000", "colour": "green"}`)
		owner := claim(t, newKeeper(t, files)).Owner
		require.True(t, owner.Readable)
		require.Equal(t, "10.0.0.9:9000", owner.Record.Address)
	})
}

func TestHints(t *testing.T) {
	for name, hint := range map[string]string{
		"missing": "", "garbage": "once upon a time....\n", "too far": fmt.Sprintf("%020d\n", 4711), "behind": fmt.Sprintf("%020d\n", 1),
	} {
		bubble(t, name, func(t *testing.T) {
			files := newMemory()
			for epoch := uint64(1); epoch <= 4; epoch++ {
				files.put(t, other(epoch))
			}
			files.files["ada.current"] = []byte(hint)
			if hint == "" {
				delete(files.files, "ada.current")
			}
			keeper := newKeeper(t, files)
			found, waits := claim(t, keeper), 0
			for ; found.Lease == nil; waits++ {
				time.Sleep(lease.StandstillAfter)
				found = claim(t, keeper)
			}
			require.Equal(t, uint64(5), found.Lease.Record().Epoch)
			require.GreaterOrEqual(t, waits, 1)
			require.LessOrEqual(t, waits, 2, "one that is behind is noticed when its successor is taken, however far behind")
		})
	}
	bubble(t, "to a lease that this machine remembers as missing", func(t *testing.T) {
		files := newMemory()
		files.put(t, other(3))
		keeper := newKeeper(t, files)
		claim(t, keeper)
		files.put(t, other(4))
		files.hidden["ada.000000000004"] = true
		time.Sleep(lease.StandstillAfter)
		require.Equal(t, uint64(4), claim(t, keeper).Owner.Epoch, "the server said that somebody was faster")
		time.Sleep(lease.StandstillAfter - time.Second)
		files.hidden = map[string]bool{}
		require.Equal(t, other(4), claim(t, keeper).Owner.Record, "it can be read now")
	})
}

func TestATakerFromThePastTakesNothing(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		files := newMemory()
		files.put(t, other(7))
		keeper := newKeeper(t, files)
		claim(t, keeper)
		time.Sleep(lease.StandstillAfter)
		files.before = func(op, _ string) error { // this task is stopped between its look and its create, for days
			if op == "create" {
				files.before = nil
				for epoch := uint64(8); epoch <= 16; epoch++ {
					files.put(t, other(epoch))
				}
				require.NoError(t, files.Remove("ada.000000000007"))
				require.NoError(t, files.Remove("ada.000000000008"))
			}
			return nil
		}
		found := claim(t, keeper)
		require.Nil(t, found.Lease)
		require.Equal(t, uint64(16), found.Owner.Epoch)
		require.NotContains(t, files.names(), "ada.000000000008")
	})
}

// TestAnAnswerThatHungProvesNothing reads a lease twice; the second answer is as old as its question, since the file system hung with it.
func TestAnAnswerThatHungProvesNothing(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		files := newMemory()
		mine := lease.NewKeeper(t.Context(), files, lease.SystemClock{}, lease.Identity{Task: "mine", Instance: "mine-1"})
		defer mine.Close()
		require.NotNil(t, claim(t, mine).Lease)
		hanging := &late{memory: files}
		other := lease.NewKeeper(t.Context(), hanging, lease.SystemClock{}, lease.Identity{Task: "other", Instance: "other-1"})
		defer other.Close()
		require.NotNil(t, claim(t, other).Owner)
		hanging.by = lease.StandstillAfter
		owner := claim(t, other).Owner
		require.NotNil(t, owner, "the owner lives and has moved its lease on meanwhile")
		require.Less(t, owner.StandsStill, time.Second)
	})
}

// late is a file system whose answers about leases hang.
type late struct {
	*memory
	by time.Duration
}

func (l *late) Read(name string) ([]byte, error) {
	content, err := l.memory.Read(name)
	if name != "ada.current" {
		time.Sleep(l.by)
	}
	return content, err
}

func TestOldLeasesAreRemoved(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		files := newMemory()
		keeper := newKeeper(t, files)
		for range 30 {
			require.NoError(t, claim(t, keeper).Lease.End())
		}
		require.Len(t, files.names(), 8+1)
	})
}

func TestLosing(t *testing.T) {
	errIO := errors.New("input/output error")
	bubble(t, "after 10 s without a renewal", func(t *testing.T) {
		files := newMemory()
		l := claim(t, newKeeper(t, files)).Lease
		time.Sleep(time.Hour)
		require.True(t, l.Held())
		files.before = func(string, string) error { return errIO }
		start := time.Now()
		<-l.Lost()
		require.False(t, l.Held())
		require.LessOrEqual(t, time.Since(start), lease.GiveUpAfter)
		files.before = nil
		time.Sleep(time.Hour)
		require.False(t, l.Held(), "what was lost stays lost")
	})
	bubble(t, "while the file system hangs", func(t *testing.T) {
		files := newMemory()
		keeper := newKeeper(t, files)
		l := claim(t, keeper).Lease
		files.before = func(string, string) error { time.Sleep(time.Hour); return nil }
		start := time.Now()
		<-l.Lost()
		require.LessOrEqual(t, time.Since(start), lease.GiveUpAfter)
		keeper.Close()
		time.Sleep(2 * time.Hour)
	})
	bubble(t, "as soon as somebody else is seen to have it", func(t *testing.T) {
		files := newMemory()
		l := claim(t, newKeeper(t, files)).Lease
		files.put(t, other(2))
		start := time.Now()
		<-l.Lost()
		require.Equal(t, lease.RenewEvery, time.Since(start))
	})
	bubble(t, "not by a garbage hint", func(t *testing.T) {
		files := newMemory()
		l := claim(t, newKeeper(t, files)).Lease
		files.files["ada.current"] = fmt.Appendf(nil, "%020d\n", 99)
		time.Sleep(time.Hour)
		require.True(t, l.Held())
	})
	bubble(t, "and taking it again at once, when its own processes are gone", func(t *testing.T) {
		files := newMemory()
		keeper := newKeeper(t, files)
		l := claim(t, keeper).Lease
		files.before = func(op, _ string) error {
			if op == "rewrite" {
				return errIO
			}
			return nil
		}
		<-l.Lost()
		require.Same(t, l, claim(t, keeper).Lease, "its processes are not gone yet")
		require.ErrorIs(t, l.End(), errIO)
		files.before = nil
		require.Equal(t, uint64(2), claim(t, keeper).Lease.Record().Epoch)
	})
	bubble(t, "before anybody had it", func(t *testing.T) {
		files := newMemory()
		keeper := newKeeper(t, files)
		files.before = func(op, _ string) error {
			if op == "create" {
				time.Sleep(time.Minute)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := keeper.Claim(ctx, "ada")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Hour)
		files.before = nil
		require.True(t, claim(t, keeper).Lease.Held())
	})
}

// slowWatchdog is a clock whose long sleeps end late, as when a machine goes on after a stop and other timers fire first.
type slowWatchdog struct{ lease.SystemClock }

func (c slowWatchdog) Sleep(ctx context.Context, d time.Duration) error {
	if d > lease.RenewEvery {
		d += time.Minute
	}
	if d == lease.RenewEvery {
		d = 20 * time.Second
	}
	return c.SystemClock.Sleep(ctx, d)
}

func TestARenewalAfterAStopRevivesNothing(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		keeper := lease.NewKeeper(t.Context(), newMemory(), slowWatchdog{}, lease.Identity{Task: "mine", Instance: "mine-1"})
		defer keeper.Close()
		l := claim(t, keeper).Lease
		time.Sleep(21 * time.Second)
		require.False(t, l.Held())
		require.Zero(t, l.Record().Counter)
	})
}

// TestALeaseCostsLittle holds an owner to one read and one write in each RenewEvery, and whoever does not ask to nothing.
func TestALeaseCostsLittle(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		files := newMemory()
		calls := map[string]int{}
		keeper := lease.NewKeeper(t.Context(), files, lease.SystemClock{}, lease.Identity{Task: "mine", Instance: "mine-1"})
		defer keeper.Close()
		require.NotNil(t, claim(t, keeper).Lease)
		files.mu.Lock()
		files.before = func(op, _ string) error {
			files.mu.Lock()
			defer files.mu.Unlock()
			calls[op]++
			return nil
		}
		files.mu.Unlock()
		const renewals = 100
		time.Sleep(renewals*lease.RenewEvery + time.Second)
		for range renewals { // the owner's own requests cost nothing
			require.NotNil(t, claim(t, keeper).Lease)
		}
		files.mu.Lock()
		defer files.mu.Unlock()
		require.Equal(t, map[string]int{"read": renewals, "rewrite": renewals}, calls)
	})
}

func TestDirOnTheRealFileSystem(t *testing.T) {
	path := t.TempDir() + "/leases"
	dir, err := lease.OpenDir(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	keeper := newKeeper(t, dir)
	l := claim(t, keeper).Lease
	require.NotNil(t, l)
	second := lease.NewKeeper(t.Context(), dir, lease.SystemClock{}, lease.Identity{Task: "other", Instance: "other-1"})
	defer second.Close()
	require.ErrorIs(t, dir.Create("ada.000000000001", nil), fs.ErrExist)
	require.NoError(t, l.End())
	taken := claim(t, second)
	require.NotNil(t, taken.Lease, "nobody waits for a lease that was released")
	require.Equal(t, uint64(2), taken.Lease.Record().Epoch)
	names, err := dir.List()
	require.NoError(t, err)
	slices.Sort(names)
	require.Equal(t, []string{"ada.000000000001", "ada.000000000002", "ada.current"}, names)
	_, err = dir.Read("../../etc/passwd")
	require.Error(t, err)
}
