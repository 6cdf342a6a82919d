package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// The CLI saves the state after every step, and on a full disk it puts what it
// could write of the new state in the place of the old one, tries that ten times
// in half a minute, and fails with a state that nobody can read. (Seen with
// Pulumi 3.274 on a small tmpfs; its backend's fileblob renames the temporary
// file although the write has failed.) So a run here begins with room of its own:
//
//   - a copy of the state, which takes the place of one that was cut short;
//   - a reserve, which is given back when the disk is about to be full, so that
//     the CLI can save what it has done while it stops.

const (
	// reserveBase and reserveStates size the reserve: after it has been given
	// back the CLI writes the state, its backup and a copy for its history, and
	// the account a few lines. A first run has no state to measure by.
	reserveBase   = 4 << 20
	reserveStates = 4
	// lowWater is the room, beside two more states, below which a run stops.
	lowWater = 512 << 10
	// watchEvery is how often the room is looked at; statfs takes a microsecond.
	watchEvery = 50 * time.Millisecond
	// stopWithin is how long the CLI may take to stop on a full disk when not even
	// the reserve was enough. What it repeats by then it repeats in vain.
	stopWithin = 5 * time.Second
)

// ErrDiskFull marks an operation that had no room to keep what it does.
var ErrDiskFull = errors.New("no space left on the disk")

// guard gives one run room of its own on the disk of the state.
type guard struct {
	stack   *Stack
	reserve string
	stop    context.CancelFunc

	release sync.Once
	full    atomic.Bool
}

// guarded runs work with room for the state.
func (s *Stack) guarded(ctx context.Context, name string, work func(context.Context) error) error {
	g := &guard{stack: s, reserve: filepath.Join(s.sandbox.dirs.run, s.options.Name+".reserve")}
	if err := g.prepare(); err != nil {
		return usagef("%s of stack %s could not begin: %w", name, s.options.Name, err)
	}
	ctx, g.stop = context.WithCancel(ctx)
	defer g.stop()
	defer s.sandbox.watchers.add(g)()
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); g.watch(ended) }()
	err := work(ctx)
	close(ended)
	<-watched
	g.giveBack()
	restored, restoreErr := s.restore()
	if g.full.Load() || (err != nil && mentionsFull(err)) {
		err = g.explain(name, err, restored)
	}
	return errors.Join(err, restoreErr)
}

// before is where the copy of the state lies during a run. It is empty when
// there was no state.
func (s *Stack) before() string {
	return filepath.Join(s.sandbox.dirs.run, s.options.Name+".before")
}

// prepare makes the copy and the reserve, or says how much room is missing.
func (g *guard) prepare() (err error) {
	if err := removeIfThere(g.reserve); err != nil { // a killed run's
		return err
	}
	state, err := os.ReadFile(g.stack.StateFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the state: %w", err)
	}
	size := int64(len(state))
	reserve := reserveBase + reserveStates*size
	if need := reserve + lowWater + 3*size; g.room() < need {
		return fmt.Errorf("%w: it needs %s beside what is there, %s are free", ErrDiskFull, megabytes(need), megabytes(g.room()))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeIfThere(g.stack.before()), removeIfThere(g.reserve))
		}
	}()
	if err := replaceFile(g.stack.before(), state); err != nil {
		return err
	}
	return allocate(g.reserve, reserve)
}

// allocate makes a file that takes up so many bytes of the disk.
func allocate(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return err
	}
	const chunk = 256 << 10
	zeros := make([]byte, chunk)
	for ; size > 0 && err == nil; size -= chunk {
		_, err = file.Write(zeros[:min(size, chunk)])
	}
	return errors.Join(err, file.Close())
}

// room is what the disk of the state has free for this user.
func (g *guard) room() int64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(g.stack.sandbox.dirs.root, &stat); err != nil {
		return 1 << 62 // it cannot be told; a write will
	}
	return int64(stat.Bavail) * int64(stat.Bsize) //nolint:gosec,unconvert,nolintlint // sizes differ by platform; no disk is that large
}

// least is the room below which the next save of the state may fail.
func (g *guard) least() int64 {
	info, err := os.Stat(g.stack.StateFile())
	if err != nil {
		return lowWater
	}
	return lowWater + 2*info.Size()
}

// watch gives the reserve back and stops the run when the disk is about to be
// full, and ends the CLI when even then it has no room to stop.
func (g *guard) watch(ended <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var since time.Time
	for {
		select {
		case <-ended:
			return
		case now := <-tick.C:
			short := g.room() < g.least()
			switch {
			case short && !g.full.Load():
				g.exhausted()
			case !short || !g.full.Load():
				since = time.Time{}
			case since.IsZero():
				since = now
			case now.Sub(since) > stopWithin:
				g.stack.sandbox.kill()
			}
		}
	}
}

// exhausted stops the run for want of room. The first call of a run counts.
func (g *guard) exhausted() {
	if !g.full.Swap(true) {
		g.giveBack()
		g.stop()
	}
}

func (g *guard) giveBack() {
	g.release.Do(func() {
		if err := removeIfThere(g.reserve); err != nil {
			g.stack.logf("The reserve %s could not be given back: %v", g.reserve, err)
		}
	})
}

// explain says what became of a run that had no room, and what to do.
func (g *guard) explain(name string, err error, restored bool) error {
	what := "what was done until then is recorded"
	if restored {
		what = "the state is the one from before; what had been made since is removed by the next run"
	}
	detail := ""
	if err != nil && !errors.Is(err, ErrInterrupted) {
		detail = ": " + err.Error()
	}
	return fmt.Errorf("%w: %s of stack %s was stopped; %s%s", ErrDiskFull, name, g.stack.options.Name, what, detail)
}

// restore puts the copy from before a run in the place of a state that cannot be
// read, and reports whether it had to. It needs no room.
func (s *Stack) restore() (bool, error) {
	copied, err := os.Stat(s.before())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the copy of the state: %w", err)
	}
	if _, damaged := s.Export(); damaged == nil {
		return false, removeIfThere(s.before())
	}
	if copied.Size() == 0 { // there was no state
		err = errors.Join(removeIfThere(s.StateFile()), removeIfThere(s.before()))
	} else {
		err = os.Rename(s.before(), s.StateFile())
	}
	if err != nil {
		return false, fmt.Errorf("restore the state of stack %s from before the run that could not save it: %w", s.options.Name, err)
	}
	s.logf("The last run on stack %s could not save its state; the one from before it is restored.", s.options.Name)
	return true, nil
}

// explainFull adds what to do to an error for want of room, and leaves others as
// they are.
func (d directories) explainFull(err error) error {
	if err == nil || !mentionsFull(err) {
		return err
	}
	return fmt.Errorf("%w\nFree some room on the disk of %s, or choose another directory with --state DIR, then run it again", err, d.root)
}

// mentionsFull tells whether an error is, or quotes, that of a full disk: what
// the CLI met arrives as text.
func mentionsFull(err error) bool {
	return errors.Is(err, ErrDiskFull) || store.IsFull(err) || strings.Contains(err.Error(), unix.ENOSPC.Error()) ||
		strings.Contains(err.Error(), unix.EDQUOT.Error())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// megabytes writes a size for people.
func megabytes(size int64) string { return fmt.Sprintf("%.1f MB", float64(max(size, 0))/1e6) }

// watchers are the guards of the runs of a sandbox.
type watchers struct {
	mu  sync.Mutex
	all map[*guard]bool
}

func (w *watchers) add(g *guard) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[*guard]bool{}
	}
	w.all[g] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, g)
	}
}

// exhausted stops all runs after a write of the sandbox itself has failed for
// want of room.
func (w *watchers) exhausted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for g := range w.all {
		g.exhausted()
	}
}
