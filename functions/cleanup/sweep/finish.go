package sweep

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

const errNameTooLong = syscall.ENAMETOOLONG

// staleAfter is when a temporary file is taken for a dead run's. No run lives
// so long: Lambda ends after 15 minutes, and clocks differ by seconds.
const staleAfter = time.Hour

// pending is a file, or a workspace, that was moved aside and waits to be finished.
type pending struct {
	client string
	user   string // empty for an archived workspace
	work   string
	due    time.Time
	again  bool // it was tried once
}

// enqueue has a file, moved aside at its due time, finished when it has
// settled: in this run if there is room, and if the clock by which it was moved
// is not so far ahead that the run would only wait for it.
func (r *run) enqueue(p pending) {
	r.pending.Add(1)
	if p.due.After(r.clock.Now().Add(r.settle())) {
		return
	}
	p.due = p.due.Add(r.settle())
	select {
	case r.queue <- p:
	default: // the next run finds it by its name
	}
}

// heldSettle is the settling time where the file system can say whether a file
// is open elsewhere: many times what an open(2) takes.
const heldSettle = time.Second

func (r *run) settle() time.Duration {
	if r.root.Leases() {
		return min(heldSettle, r.cfg.Settle)
	}
	return r.cfg.Settle
}

// own says whether this run has moved aside what has that tag and time. Such a
// file is in the queue, or left to the next run on purpose. The listing of its
// directory may still show it: a second goroutine that finished it at the same
// time would have the file open, and each of them would take the other for a
// writer and leave it. The time alone does not tell: a killed run whose clock was
// half a second ahead has left what seems to be of this run's first second.
func (r *run) own(tag string, started time.Time) bool {
	return strings.HasPrefix(tag, r.mark) && !started.Before(r.started) && !started.After(r.clock.Now())
}

// triedAgain bounds how many files each finisher keeps in memory for a second try.
const triedAgain = 1 << 10

// finishQueue finishes files in the order in which they were moved aside. Those
// that somebody has open get a second chance when all others are done.
func (r *run) finishQueue(ctx context.Context) {
	var open userDir
	defer func() { open.close(r) }()
	var later []pending
	for p := range r.queue {
		p.again = len(later) == triedAgain
		if !r.finishDue(ctx, &open, p) {
			p.due, p.again = r.nextTry(p), true
			later = append(later, p)
		}
	}
	for _, p := range later {
		r.finishDue(ctx, &open, p)
	}
}

// nextTry is when a file that could not be finished at its due time is tried
// again: a little later, and not before the settling time of a file system that
// can't say who has it open.
func (r *run) nextTry(p pending) time.Time {
	next := r.clock.Now().Add(r.settle())
	if w, ok := filetype.ParseWork(p.work); ok && w.Started.Add(r.cfg.Settle).After(next) {
		return w.Started.Add(r.cfg.Settle)
	}
	return next
}

// finishDue waits for a file's time and finishes it; false if it is to be tried again.
func (r *run) finishDue(ctx context.Context, open *userDir, p pending) bool {
	if r.clock.Sleep(ctx, p.due.Sub(r.clock.Now())) != nil {
		return true // out of time: it stays pending
	}
	if p.user == "" {
		if err := r.finishArchive(ctx, p); err != nil {
			r.skip(Position{Client: p.client}, err, policy.NotAFile)
		}
		return true
	}
	at := Position{Client: p.client, User: p.user}
	dir, err := open.get(r, p.client, p.user)
	if err != nil {
		r.skip(at, err, policy.NotAFile)
	}
	if dir == nil {
		return true
	}
	v := visit{run: r, dir: dir, at: at, now: r.clock.Now()}
	defer func() { r.tally.Add(v.counts) }()
	return v.conclude(ctx, p)
}

// conclude finishes a file whose time has come; false if it is to be tried again.
func (v *visit) conclude(ctx context.Context, p pending) bool {
	w, _ := filetype.ParseWork(p.work)
	outcome, err := v.finish(ctx, w)
	switch {
	case err != nil:
		v.skipFile(&v.counts, v.at, p.work, err, policy.NotAFile)
	case outcome != aside.Waiting && outcome != aside.Busy:
		v.pending.Add(-1)
	case !p.again:
		return false
	case outcome == aside.Busy:
		v.counts.Skip(policy.InUse)
	}
	return true
}

// leftAside finishes a file that an earlier run has moved aside.
func (v *visit) leftAside(ctx context.Context, name string) {
	w, ok := filetype.ParseWork(name)
	if !ok || v.cfg.DryRun || v.own(w.Tag, w.Started) {
		return
	}
	outcome, err := v.finish(ctx, w)
	switch {
	case err != nil:
		v.skipFile(&v.counts, v.at, name, err, policy.NotAFile)
	case outcome == aside.Waiting:
		v.enqueue(pending{client: v.at.Client, user: v.at.User, work: name, due: w.Started})
	case outcome == aside.Busy:
		v.enqueue(pending{client: v.at.Client, user: v.at.User, work: name, due: v.clock.Now()})
	}
}

func (v *visit) finish(ctx context.Context, w filetype.Work) (aside.Outcome, error) {
	outcome, err := aside.Finish(ctx, v.dir, w, aside.Settling{
		Now: v.clock.Now(), Time: v.cfg.Settle, Held: v.settle(),
	})
	if err != nil {
		return outcome, err
	}
	switch outcome {
	case aside.Dropped:
		v.counts.Finished++
		v.counts.BytesSaved += w.Size
		if w.Purpose == filetype.PurposePacked {
			if packed, err := v.dir.Stat(filetype.PackedName(w.Original)); err == nil {
				v.counts.BytesSaved -= packed.Size
			}
		}
	case aside.Restored:
		v.counts.Restored++
	case aside.Recovered:
		v.counts.Recovered++
	case aside.Busy, aside.Waiting, aside.Gone:
	}
	return outcome, nil
}

// stale removes a temporary file of a run that is long dead. It holds nothing
// that is not in another file.
func (v *visit) stale(name string) {
	w, ok := filetype.ParseWork(name)
	if !ok || v.cfg.DryRun || v.now.Sub(w.Started) < staleAfter {
		return
	}
	info, err := v.dir.Stat(name)
	if err == nil && info.Kind == fsx.KindFile {
		err = v.dir.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.skipFile(&v.counts, v.at, name, err, policy.NotAFile)
	}
}

// userDir keeps the threads directory of the user whose files were finished last.
type userDir struct {
	client, user string
	dir          fsx.Dir
}

func (u *userDir) get(r *run, client, user string) (fsx.Dir, error) {
	if u.dir != nil && u.client == client && u.user == user {
		return u.dir, nil
	}
	u.close(r)
	root, err := r.root.OpenDir(client)
	if err != nil {
		return nil, err
	}
	dir, err := openThreads(root, user)
	if err = errors.Join(err, root.Close()); err != nil || dir == nil {
		return nil, err
	}
	u.client, u.user, u.dir = client, user, dir
	return dir, nil
}

func (u *userDir) close(r *run) {
	if u.dir == nil {
		return
	}
	if err := u.dir.Close(); err != nil {
		r.log.note("close", "closing a directory", "client", u.client, "user", u.user, "error", err)
	}
	u.dir = nil
}
