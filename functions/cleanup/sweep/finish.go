package sweep

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/thread"
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
}

// enqueue has a file, moved aside at its due time, finished when it has
// settled: in this run if there is room.
func (r *run) enqueue(p pending) {
	p.due = p.due.Add(r.settle())
	r.pending.Add(1)
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

// finishQueue finishes files in the order in which they were moved aside.
func (r *run) finishQueue(ctx context.Context) {
	var open userDir
	defer func() { open.close(r) }()
	for p := range r.queue {
		if r.clock.Sleep(ctx, p.due.Sub(r.clock.Now())) != nil {
			continue // out of time: they stay pending
		}
		if err := r.finishPending(ctx, &open, p); err != nil {
			r.skip(Position{Client: p.client, User: p.user}, err, policy.NotAFile)
		}
	}
}

func (r *run) finishPending(ctx context.Context, open *userDir, p pending) error {
	if p.user == "" {
		return r.finishArchive(ctx, p)
	}
	dir, err := open.get(r, p.client, p.user)
	if err != nil || dir == nil {
		return err
	}
	v := visit{run: r, dir: dir, at: Position{Client: p.client, User: p.user}, now: r.clock.Now()}
	w, _ := thread.ParseWork(p.work)
	outcome, err := v.finish(ctx, w)
	r.tally.Add(v.counts)
	if err == nil && outcome != aside.Waiting && outcome != aside.Busy {
		r.pending.Add(-1)
	}
	return err
}

// leftAside finishes a file that this or an earlier run has moved aside.
func (v *visit) leftAside(ctx context.Context, name string) {
	w, ok := thread.ParseWork(name)
	if !ok || v.cfg.DryRun {
		return
	}
	if _, err := v.finish(ctx, w); err != nil {
		v.skipFile(&v.counts, v.at, name, err, policy.NotAFile)
	}
}

func (v *visit) finish(ctx context.Context, w thread.Work) (aside.Outcome, error) {
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
		if w.Purpose == thread.PurposePacked {
			if packed, err := v.dir.Stat(thread.PackedName(w.Original)); err == nil {
				v.counts.BytesSaved -= packed.Size
			}
		}
	case aside.Restored:
		v.counts.Restored++
	case aside.Recovered:
		v.counts.Recovered++
	case aside.Busy:
		v.counts.Skip(policy.InUse)
	case aside.Waiting, aside.Gone:
	}
	return outcome, nil
}

// stale removes a temporary file of a run that is long dead. It holds nothing
// that is not in another file.
func (v *visit) stale(name string) {
	w, ok := thread.ParseWork(name)
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
