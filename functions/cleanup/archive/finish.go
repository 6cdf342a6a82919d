package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Outcome is what became of an archived workspace.
type Outcome uint8

// The outcomes.
const (
	Waiting  Outcome = iota // not settled yet
	Removed                 // the workspace is gone, the archive is what remains
	Restored                // it was changed, and has its name back
	Gone                    // somebody else has dealt with it
)

// String names the outcome for reports.
func (o Outcome) String() string { return [...]string{"waiting", "removed", "restored", "gone"}[o] }

// Settling is when an archived workspace counts as settled.
type Settling struct {
	Now  time.Time
	Time time.Duration
}

// Result is what Finish has done.
type Result struct {
	Outcome Outcome
	Freed   int64 // bytes of removed files, less the archive's own once all are removed
}

// finisher ends the archiving of one workspace.
type finisher struct {
	client, archives fsx.Dir
	work             Work
	freed            int64
}

// Finish ends what Create began, from wherever a killed run has left it.
func Finish(ctx context.Context, client fsx.Dir, w Work, s Settling) (Result, error) {
	if elapsed := s.Now.Sub(w.Started); elapsed < s.Time {
		return Result{}, nil
	}
	archives, err := client.OpenDir(Dir)
	if err != nil {
		return Result{}, err
	}
	f := finisher{client: client, archives: archives, work: w}
	outcome, err := f.finish(ctx)
	return Result{outcome, f.freed}, errors.Join(err, archives.Close())
}

func (f *finisher) finish(ctx context.Context) (Outcome, error) {
	workspace, err := f.archives.OpenDir(f.work.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return Gone, nil
	}
	if err != nil {
		return Waiting, err
	}
	if err = errors.Join(f.check(ctx, workspace), workspace.Close()); err != nil {
		if f.work.Stage == StageChecking && ctx.Err() == nil {
			return f.giveBack(err)
		}
		return Waiting, err
	}
	if f.work.Stage == StageChecking {
		if err := f.client.MoveDir(f.work.place(StageChecking), f.work.place(StageRemoving)); err != nil {
			return Waiting, err
		}
		if err := f.archives.Sync(); err != nil {
			return Waiting, err
		}
		f.work = f.work.at(StageRemoving)
	}
	return f.remove(ctx)
}

// check compares a workspace that is whole with its archive; for one that is
// not, the archive itself must be complete.
func (f *finisher) check(ctx context.Context, workspace fsx.Dir) error {
	switch f.work.Stage {
	case StageChecking:
		return compare(ctx, f.archives, f.work.Archive, workspace)
	case StageRemoving:
		_, err := read(ctx, f.archives, f.work.Archive, func(*tar.Header, io.Reader) error { return nil })
		return err
	default:
		return fmt.Errorf("%q: %w", f.work.Name(), fsx.ErrKind)
	}
}

// giveBack renames the workspace to what it was called. It is whole: nothing
// is removed before it has been renamed to the next stage.
func (f *finisher) giveBack(cause error) (Outcome, error) {
	err := moveWorkspace(f.client, f.archives, f.work.place(StageChecking), fsx.Place{Name: f.work.User()})
	if err != nil {
		return Waiting, fmt.Errorf("the workspace stays as %s/%s, because it can't have its name back (%w): %w",
			Dir, f.work.Name(), err, cause)
	}
	return Restored, errors.Join(f.client.Sync(), f.archives.Sync())
}

// remove takes away what the archive holds, then what it leaves out, then the
// directories. It may be repeated.
func (f *finisher) remove(ctx context.Context) (Outcome, error) {
	info, err := f.archives.Stat(f.work.Name())
	if err == nil {
		err = permit(f.archives, f.work.Name(), info)
	}
	if err != nil {
		return Waiting, err
	}
	workspace, err := f.archives.OpenDir(f.work.Name())
	if err != nil {
		return Waiting, err
	}
	inArchive, err := f.removeArchived(ctx, workspace)
	if err == nil {
		err = f.removeRest(ctx, workspace, inArchive)
	}
	if err = errors.Join(err, workspace.Close()); err != nil {
		return Waiting, err
	}
	if err := f.archives.RemoveDir(f.work.Name()); err != nil {
		return Waiting, fmt.Errorf("%w: something is left in %s/%s that is not in the archive: %w",
			ErrDiffers, Dir, f.work.Name(), err)
	}
	if archive, err := f.archives.Stat(f.work.Archive); err == nil {
		f.freed -= archive.Size
	}
	return Removed, f.archives.Sync()
}

// removeArchived removes each file that is equal to its archived form. An
// archive lists directories before what is in them, so each is made writable in time.
func (f *finisher) removeArchived(ctx context.Context, workspace fsx.Dir) (contents, error) {
	paths := newPaths(workspace)
	defer paths.close()
	return read(ctx, f.archives, f.work.Archive, func(h *tar.Header, content io.Reader) error {
		e, err := paths.find(h.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed earlier
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeDir {
			return permit(e.parent, e.name, e.info) // and left for the end
		}
		err = equal(ctx, e, h, content)
		if errors.Is(err, ErrDiffers) {
			return nil // stays, and is found when its directory can't be removed
		}
		if err != nil {
			return err
		}
		f.freed += e.info.Size
		return fsx.RemoveIfPresent(e.parent, e.name)
	})
}

// removeRest removes left-out directories with their content and every
// directory that is empty now.
func (f *finisher) removeRest(ctx context.Context, workspace fsx.Dir, inArchive contents) error {
	if err := workspace.Rewind(); err != nil {
		return err
	}
	return walk(ctx, workspace, visitor{
		visit:    ignore,
		leaveOut: inArchive.leaves,
		excluded: func(e entry) error { return f.removeAll(ctx, e, 0) },
		leave: func(e entry) error {
			_ = e.parent.RemoveDir(e.name) // not empty: reported at the top
			return nil
		},
	})
}

// removeAll removes a left-out directory and everything in it. Links are
// removed, never followed; a mount point ends it.
func (f *finisher) removeAll(ctx context.Context, e entry, depth int) error {
	if depth > maxRemoveDepth {
		return fmt.Errorf("%q is nested deeper than %d: %w", e.path, maxRemoveDepth, ErrTooLarge)
	}
	if err := permit(e.parent, e.name, e.info); err != nil {
		return err
	}
	d, err := e.parent.OpenDir(e.name)
	if err != nil {
		return err
	}
	err = f.removeEntries(ctx, d, e.path+"/", depth)
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	return e.parent.RemoveDir(e.name)
}

// maxRemoveDepth is larger than maxDepth: packages nest their own node_modules.
const maxRemoveDepth = 200

func (f *finisher) removeEntries(ctx context.Context, d fsx.Dir, path string, depth int) error {
	for {
		names, err := d.Names(nameBatch)
		for _, name := range names {
			if err := fsx.Interrupted(ctx); err != nil {
				return err
			}
			if err := f.removeEntry(ctx, entry{path: path + name, name: name, parent: d}, depth); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *finisher) removeEntry(ctx context.Context, e entry, depth int) error {
	var err error
	e.info, err = e.parent.Stat(e.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.info.Kind == fsx.KindDir {
		return f.removeAll(ctx, e, depth+1)
	}
	f.freed += e.info.Size
	return fsx.RemoveIfPresent(e.parent, e.name)
}
