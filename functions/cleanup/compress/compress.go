// Package compress turns an idle thread x.json into x.json.gz.
//
// The order of steps is what makes it safe to be killed after any of them:
//
//  1. The thread is compressed into a hidden temporary file, which gets the
//     thread's owner, permissions and modification time, so that its age goes
//     on counting from the last use.
//  2. The temporary file is synced, opened again, decompressed and compared by
//     hash and length with what was read. Only then
//  3. it is linked to x.json.gz. A link never replaces anything: if the name is
//     taken by different content, nothing happens at all. The directory is synced.
//  4. The thread is compared with what it was in the beginning: inode, size,
//     times. If it has changed, the new file goes and the thread stays.
//  5. The thread is moved aside (package aside) and removed once it has settled
//     unchanged; a writer that had it open the whole time gets it back.
//
// From 3 to 5 both forms are visible, before 3 only the old one and after 5 only
// the new one: there is no moment without a complete form under its proper name.
package compress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// Faults that keep a thread from being compressed. Nothing is changed then.
var (
	// ErrBothExist is a thread whose packed name is taken by other content.
	ErrBothExist = errors.New("a packed file with different content exists")
	// ErrInUse is a thread that somebody has open.
	ErrInUse = errors.New("open elsewhere")
	// ErrVerify is a packed file that did not read back as it was written.
	ErrVerify = errors.New("the packed file does not read back as written")
)

// Job is one thread to compress.
type Job struct {
	Dir  fsx.Dir
	Info fsx.Info      // as the decision saw it
	Work filetype.Work // how the original is to be moved aside; names the thread
	// Heavy runs what takes a packer's memory and a processor's time as soon as
	// there is room for it, and nothing that waits for the file system to sync.
	// Nil runs it at once.
	Heavy func(ctx context.Context, work func() error) error
}

func (job Job) heavy(ctx context.Context, work func() error) error {
	if job.Heavy == nil {
		return work()
	}
	return job.Heavy(ctx, work)
}

// Thread compresses a thread and moves the original aside. On success the
// original waits under Work.Name for aside.Finish.
func Thread(ctx context.Context, job Job) error {
	packed := filetype.PackedName(job.Work.Original)
	exists, err := fsx.Exists(job.Dir, packed)
	if err != nil {
		return err
	}
	if exists {
		err = sameContent(ctx, job)
	} else {
		err = publish(ctx, job)
	}
	if err != nil {
		return err
	}
	if err := job.Dir.Sync(); err != nil {
		return err
	}
	if err := aside.Check(job.Dir, job.Work.Original, job.Info); err != nil {
		if !exists {
			err = errors.Join(err, withdraw(ctx, job))
		}
		return err
	}
	return aside.Move(ctx, job.Dir, job.Info, job.Work)
}

// sameContent accepts a packed file that is there already if it holds exactly
// the thread: a killed run got as far as that, or a reader has unpacked it and
// changed nothing.
func sameContent(ctx context.Context, job Job) error {
	var relation gz.Relation
	err := job.heavy(ctx, func() (err error) {
		relation, err = gz.CompareFiles(ctx, job.Dir, filetype.PackedName(job.Work.Original), job.Work.Original)
		return err
	})
	if errors.Is(err, gz.ErrCorrupt) || errors.Is(err, fsx.ErrKind) {
		return fmt.Errorf("%q: %w (%w)", job.Work.Original, ErrBothExist, err)
	}
	if err == nil && relation != gz.Identical {
		err = fmt.Errorf("%q: %w", job.Work.Original, ErrBothExist)
	}
	if err != nil {
		return err
	}
	return rejuvenate(job)
}

// rejuvenate sees to it that the packed file is no older than the thread, or
// it would be deleted too early on its own.
func rejuvenate(job Job) error {
	packed := filetype.PackedName(job.Work.Original)
	info, err := job.Dir.Stat(packed)
	if err != nil || info.ModTime >= job.Info.ModTime {
		return err
	}
	return job.Dir.Adopt(packed, job.Info)
}

// publish makes the packed file appear, complete and proven.
func publish(ctx context.Context, job Job) error {
	temp := job.Work
	temp.Purpose, temp.Original = filetype.PurposeTemp, filetype.PackedName(job.Work.Original)
	err := write(ctx, job, temp.Name())
	if err == nil {
		err = job.Dir.Link(temp.Name(), temp.Original)
	}
	if errors.Is(err, fs.ErrExist) {
		err = sameContent(ctx, job)
	}
	return errors.Join(err, fsx.RemoveIfPresent(job.Dir, temp.Name()))
}

// write makes the temporary file and proves it.
func write(ctx context.Context, job Job, temp string) error {
	source, err := job.Dir.Open(job.Work.Original)
	if err != nil {
		return err
	}
	digest, err := pack(ctx, job, source, temp)
	if err = errors.Join(err, source.Close()); err != nil {
		return err
	}
	return verify(ctx, job, temp, digest)
}

func pack(ctx context.Context, job Job, source fsx.File, temp string) (gz.Digest, error) {
	info, err := source.Stat()
	if err != nil {
		return gz.Digest{}, err
	}
	if !info.SameContent(job.Info) {
		return gz.Digest{}, fmt.Errorf("%q: %w", job.Work.Original, aside.ErrChanged)
	}
	if source.Probe() == fsx.HoldBusy {
		return gz.Digest{}, fmt.Errorf("%q: %w", job.Work.Original, ErrInUse)
	}
	target, err := job.Dir.Create(temp, info.Perm)
	if err != nil {
		return gz.Digest{}, err
	}
	// One byte more than there was shows that the thread is growing.
	var digest gz.Digest
	err = job.heavy(ctx, func() (err error) {
		digest, err = gz.Pack(ctx, target, io.LimitReader(source, info.Size+1))
		return err
	})
	if err == nil {
		err = target.Sync()
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return gz.Digest{}, err
	}
	if digest.Size != info.Size {
		return gz.Digest{}, fmt.Errorf("%q: %w", job.Work.Original, aside.ErrChanged)
	}
	// The thread's time comes after all data is on the server, or the data
	// would set it anew on a network file system.
	if err := job.Dir.Adopt(temp, job.Info); err != nil {
		return gz.Digest{}, fmt.Errorf("keep owner, permissions and time of %q: %w", job.Work.Original, err)
	}
	return digest, nil
}

func verify(ctx context.Context, job Job, temp string, want gz.Digest) error {
	f, err := job.Dir.Open(temp)
	if err != nil {
		return err
	}
	var got gz.Digest
	err = job.heavy(ctx, func() (err error) {
		got, err = gz.Check(ctx, f)
		return err
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%q: %w", temp, ErrVerify)
	}
	return nil
}

// withdraw removes a packed file that has been overtaken: the thread was
// written to after it was packed. It goes only if nothing depends on it: the
// thread is still the same inode, so its writer has had its own way with the
// old content, or it still starts with all that was packed.
func withdraw(ctx context.Context, job Job) error {
	now, err := job.Dir.Stat(job.Work.Original)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if now.SameFile(job.Info) {
		return fsx.RemoveIfPresent(job.Dir, filetype.PackedName(job.Work.Original))
	}
	return aside.DropOutdated(ctx, job.Dir, job.Work.Original)
}
