// Package aside takes files away without losing what others write to them.
//
// Checking a file and then unlinking it leaves a gap in which a byte appended
// by somebody else is lost, and no system call closes it. So a file is first
// renamed to a hidden name beside its own (Move). From then on nobody finds it
// under its old name, while a writer that has it open goes on writing into the
// same inode, where it can be seen. After a settling time it is looked at again
// (Finish): if not a byte has changed since the rename it is removed; otherwise
// it gets its name back with everything that was added, or, if the name has
// been taken by a new file in the meantime, a name of its own among the
// threads. The settling time must be longer than a network file system may
// keep news from us: a writer's page cache is flushed after 30 s
// (dirty_expire_centisecs), attributes are cached for up to 60 s (acregmax).
//
// Everything that Finish must know stands in the hidden name, so a run that
// finds such a file from a killed one does exactly what the killed one would
// have done. All steps may be repeated and may meet another run's.
package aside

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// ErrChanged is a file that was changed after the decision about it.
var ErrChanged = errors.New("changed in the meantime")

// Outcome is what became of a file that had been moved aside.
type Outcome uint8

// The outcomes.
const (
	Waiting   Outcome = iota // not settled yet
	Busy                     // somebody has it open; a later run looks again
	Dropped                  // removed: nothing had changed
	Restored                 // it has its name back
	Recovered                // its name was taken, it has a new one
	Gone                     // somebody else has dealt with it
)

// String names the outcome for reports.
func (o Outcome) String() string {
	return [...]string{"waiting", "busy", "dropped", "restored", "recovered", "gone"}[o]
}

// Check refuses a file that is not exactly as the decision about it saw it.
func Check(d fsx.Dir, name string, before fsx.Info) error {
	now, err := fsx.Fresh(d, name)
	if err != nil {
		return err
	}
	if !now.SameContent(before) || now.ChangeTime != before.ChangeTime {
		return fmt.Errorf("%q: %w", name, ErrChanged)
	}
	return nil
}

// Move renames a file aside that Check has just passed, and back again if it
// turns out that it was changed at the last moment (ErrChanged). before is what
// the decision was made on; w carries its size and modification time.
func Move(ctx context.Context, d fsx.Dir, before fsx.Info, w filetype.Work) error {
	if err := d.Rename(w.Original, w.Name()); err != nil {
		return err
	}
	moved, err := fsx.Fresh(d, w.Name())
	switch {
	case errors.Is(err, fsx.ErrKind): // somebody has put a directory or the like in its place
	case err != nil:
		return err // the next run finds and finishes it
	case moved.SameFile(before) && w.Untouched(moved):
		return nil
	}
	_, err = restore(ctx, d, w)
	return errors.Join(fmt.Errorf("%q: %w", w.Original, ErrChanged), err)
}

// Settling is when a file moved aside counts as settled.
type Settling struct {
	Now  time.Time
	Time time.Duration
	// Held is the shorter time that will do where the file system itself says
	// that nobody has the file open. It covers an open(2) that had found the old
	// name before the rename and is still on its way.
	Held time.Duration
}

func (s Settling) elapsed(w filetype.Work) time.Duration { return s.Now.Sub(w.Started) }

// clockTolerance is how far clocks of two runs may be apart before a file from
// the future is given its name back instead of waiting for its time to come.
const clockTolerance = time.Hour

// Finish ends what Move began.
func Finish(ctx context.Context, d fsx.Dir, w filetype.Work, s Settling) (Outcome, error) {
	elapsed := s.elapsed(w)
	if elapsed < min(s.Time, s.Held) && elapsed > -clockTolerance {
		return Waiting, nil
	}
	f, err := d.Open(w.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return Gone, nil
	}
	if errors.Is(err, fsx.ErrKind) {
		return restore(ctx, d, w)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return Busy, nil // another run holds it
	}
	if err != nil {
		return Waiting, err
	}
	outcome, err := finish(ctx, d, f, w)
	if elapsed < 0 && err == nil && outcome == Dropped {
		outcome, err = restore(ctx, d, w)
	}
	if err != nil || outcome != Dropped {
		return outcome, errors.Join(err, f.Close())
	}
	return drop(s, d, f, w)
}

// drop removes the file. Where the hold is real it lasts until after the
// removal; elsewhere the file is closed first, because an NFS client would only
// rename a file that it has open itself.
func drop(s Settling, d fsx.Dir, f fsx.File, w filetype.Work) (Outcome, error) {
	hold := f.Hold()
	if hold == fsx.HoldBusy {
		return Busy, f.Close()
	}
	if hold == fsx.HoldUnknown && s.elapsed(w) < s.Time {
		return Waiting, f.Close()
	}
	if hold == fsx.HoldUnknown {
		if err := f.Close(); err != nil {
			return Waiting, err
		}
		return removed(d.Remove(w.Name()))
	}
	info, err := f.Stat()
	if err != nil || !w.Untouched(info) {
		return Waiting, errors.Join(err, f.Close()) // written to just before the hold; the next run restores it
	}
	outcome, err := removed(d.Remove(w.Name()))
	return outcome, errors.Join(err, f.Close())
}

func removed(err error) (Outcome, error) {
	switch {
	case err == nil:
		return Dropped, nil
	case errors.Is(err, fs.ErrNotExist):
		return Gone, nil
	default:
		return Waiting, err
	}
}

// finish decides and restores; it leaves the removal to its caller.
func finish(ctx context.Context, d fsx.Dir, f fsx.File, w filetype.Work) (Outcome, error) {
	safe, err := droppable(d, f, w)
	if err != nil {
		return Waiting, err
	}
	if !safe {
		return restore(ctx, d, w)
	}
	return Dropped, nil
}

// droppable says whether the file holds nothing that must be kept.
func droppable(d fsx.Dir, f fsx.File, w filetype.Work) (bool, error) {
	info, err := f.Stat()
	if err != nil || !w.Untouched(info) || !w.Thread() {
		return false, err
	}
	if w.Purpose != filetype.PurposePacked {
		return true, nil
	}
	// The packed file was proven and on stable storage before this one was
	// moved. If it is gone now, its reader has unpacked and replaced it, unless
	// there is nothing in its place.
	packed, err := fsx.Exists(d, filetype.PackedName(w.Original))
	if packed || err != nil {
		return packed, err
	}
	return fsx.Exists(d, w.Original)
}

// restore gives the file its name back, or a new one if that is taken. The
// order is such that the content has a visible name throughout.
func restore(ctx context.Context, d fsx.Dir, w filetype.Work) (Outcome, error) {
	outcome := Restored
	err := giveName(d, w.Name(), w.Original)
	if errors.Is(err, fs.ErrExist) {
		outcome = Recovered
		err = giveName(d, w.Name(), w.RecoveredName())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Gone, nil
	}
	if err != nil {
		return Waiting, err
	}
	if err := d.Sync(); err != nil {
		return Waiting, err
	}
	if outcome == Restored && w.Purpose == filetype.PurposePacked {
		if err := DropOutdated(ctx, d, w.Original); err != nil {
			return Waiting, err
		}
	}
	return outcome, fsx.RemoveIfPresent(d, w.Name())
}

// giveName makes name a second name of the hidden file. It is no error if it
// is one already. Where links are not allowed (they need the file's owner, or
// the file system has none) a rename must do, which can't replace a file that
// was there when we looked.
func giveName(d fsx.Dir, hidden, name string) error {
	err := d.Link(hidden, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there, statErr := d.Stat(name)
	switch {
	case statErr == nil:
		mine, err := d.Stat(hidden)
		if err == nil && !mine.SameFile(there) {
			err = fmt.Errorf("%q: %w", name, fs.ErrExist)
		}
		return err
	case errors.Is(statErr, fs.ErrNotExist) && errors.Is(err, errors.ErrUnsupported),
		errors.Is(statErr, fs.ErrNotExist) && errors.Is(err, fs.ErrPermission):
		return d.Rename(hidden, name)
	default:
		return err
	}
}

// DropOutdated removes the packed form of a thread that went on after it was
// packed, if the plain form starts with every byte of it.
func DropOutdated(ctx context.Context, d fsx.Dir, plain string) error {
	packed := filetype.PackedName(plain)
	relation, err := gz.CompareFiles(ctx, d, packed, plain)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, gz.ErrCorrupt) || errors.Is(err, fsx.ErrKind) {
		return nil
	}
	if err != nil || relation == gz.Different {
		return err
	}
	return fsx.RemoveIfPresent(d, packed)
}
