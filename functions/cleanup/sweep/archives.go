package sweep

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/webordinary/live-edit/functions/cleanup/archive"
	"github.com/webordinary/live-edit/functions/cleanup/lastuse"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// archive packs a user's workspace if nobody has used it for long enough.
func (r *run) archive(ctx context.Context, t task) error {
	now := r.clock.Now()
	if r.cfg.Ages.Archive <= 0 {
		return nil
	}
	// Its thread files must not be worked on meanwhile, and a file that is being
	// read here would look to the others as if a writer had it open.
	if !waitFor(ctx, t.track.idle) {
		return errStopped
	}
	workspace, err := t.client.OpenDir(t.user)
	if err != nil {
		return err
	}
	dormant, err := archive.Dormant(ctx, workspace, archive.Idle{
		Since: now.Add(-r.cfg.Ages.Archive), Read: lastuse.Reading{Limit: r.cfg.MaxThread, Now: now},
	})
	if err = errors.Join(err, workspace.Close()); err != nil || !dormant {
		return err
	}
	if !acquire(ctx, r.packing) {
		return errStopped
	}
	defer func() { <-r.packing }()
	return r.pack(ctx, t)
}

func (r *run) pack(ctx context.Context, t task) error {
	counts := report.Counts{Archived: 1}
	if r.full.Load() {
		counts = report.Counts{}
		counts.Skip(policy.DiskFull)
	} else if !r.cfg.DryRun {
		w, err := archive.Create(ctx, archive.Job{
			Client: t.client, User: t.user, Now: r.clock.Now(), Tag: r.tag(), Limit: r.cfg.MaxArchive,
		})
		if err != nil {
			return err
		}
		r.enqueue(pending{client: t.client.name, work: w.Name(), due: w.Started})
	}
	r.tally.Add(counts)
	return nil
}

func waitFor(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

func acquire(ctx context.Context, places chan<- struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// archives looks through a client's archive directory for what earlier runs
// have not finished.
func (r *run) archives(ctx context.Context, client *sharedDir) {
	dir, err := client.OpenDir(archive.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	at := Position{Client: client.name, User: archive.Dir}
	for err == nil && !stopped(ctx) {
		var names []string
		names, err = dir.Names(nameBatch)
		for _, name := range names {
			if w, ok := archive.ParseWork(name); ok && !r.cfg.DryRun {
				r.unfinished(ctx, client, dir.Remove, w)
			}
		}
	}
	if dir != nil {
		err = errors.Join(err, dir.Close())
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.skip(at, err, policy.NotADirectory)
	}
}

// unfinished deals with one work name in an archive directory.
func (r *run) unfinished(ctx context.Context, client *sharedDir, remove func(string) error, w archive.Work) {
	at := Position{Client: client.name, User: w.User()}
	switch {
	case r.own(w.Tag, w.Started):
	case w.Stage == archive.StageTemp:
		if !w.Started.Before(r.clock.Now().Add(-staleAfter)) {
			return
		}
		if err := remove(w.Name()); err != nil {
			r.skip(at, err, policy.NotAFile)
		}
	case r.cfg.Ages.Archive <= 0:
		var counts report.Counts
		counts.Skip(policy.ArchiveOff)
		r.tally.Add(counts)
	default:
		outcome, err := r.finishWorkspace(ctx, client, w)
		if err != nil {
			r.skip(at, err, policy.NotADirectory)
		} else if outcome == archive.Waiting {
			r.enqueue(pending{client: client.name, work: w.Name(), due: w.Started})
		}
	}
}

// finishArchive finishes a workspace that this run has archived.
func (r *run) finishArchive(ctx context.Context, p pending) error {
	client, err := r.root.OpenDir(p.client)
	if err != nil {
		return err
	}
	shared := share(client, p.client)
	defer shared.release(r)
	w, _ := archive.ParseWork(p.work)
	outcome, err := r.finishWorkspace(ctx, shared, w)
	if err == nil && outcome != archive.Waiting {
		r.pending.Add(-1)
	}
	return err
}

func (r *run) finishWorkspace(ctx context.Context, client *sharedDir, w archive.Work) (archive.Outcome, error) {
	result, err := archive.Finish(ctx, client, w, archive.Settling{Now: r.clock.Now(), Time: r.settle()})
	counts := report.Counts{BytesSaved: result.Freed}
	switch {
	case err != nil:
	case result.Outcome == archive.Removed:
		counts.Finished++
	case result.Outcome == archive.Restored:
		counts.Restored++
		counts.Skip(policy.ArchiveChanged)
	}
	r.tally.Add(counts)
	return result.Outcome, err
}
