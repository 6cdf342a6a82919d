package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/compress"
	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/lastuse"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// chunk is some names of one threads directory.
type chunk struct {
	dir          *sharedDir
	client, user string
	names        []string
	track        *progress
	id           int
}

func (r *run) chunk(ctx context.Context, c chunk) {
	defer c.dir.release(r)
	v := visit{run: r, dir: c.dir, at: Position{Client: c.client, User: c.user}, now: r.clock.Now()}
	for _, name := range c.names {
		if stopped(ctx) {
			r.tally.Add(v.counts)
			return // not completed: the next run starts here
		}
		v.entry(ctx, name)
	}
	r.tally.Add(v.counts)
	if !stopped(ctx) {
		r.track.completed(c.track, c.id)
	}
}

// visit looks at files of one directory.
type visit struct {
	*run
	dir    fsx.Dir
	at     Position
	now    time.Time
	counts report.Counts
}

func (v *visit) entry(ctx context.Context, text string) {
	switch name := filetype.ParseName(text); name.Class {
	case filetype.Plain, filetype.Packed:
		v.thread(ctx, name)
	case filetype.Temp:
		v.stale(text)
	case filetype.Aside:
		v.leftAside(ctx, text)
	case filetype.Foreign:
		v.counts.Skip(policy.Unrecognised)
	}
}

// thread is the hot path: for a thread that was modified recently it costs one
// stat and nothing else.
func (v *visit) thread(ctx context.Context, name filetype.Name) {
	info, err := v.dir.Stat(name.Text)
	if errors.Is(err, fs.ErrNotExist) {
		return // removed since it was listed
	}
	v.counts.Scanned++
	if err != nil {
		v.skipFile(&v.counts, v.at, name.Text, err, policy.NotAFile)
		return
	}
	if reason := policy.Obstacle(info, v.now); reason != policy.None {
		v.counts.Skip(reason)
		return
	}
	action, reason, err := v.decide(ctx, name, info, policy.Compress)
	switch {
	case err != nil:
	case reason != policy.None:
		v.counts.Skip(reason)
	case action == policy.Compress:
		err = v.compress(ctx, name, info)
	case action == policy.Delete:
		err = v.remove(ctx, name, info)
	default:
		v.counts.Kept++
	}
	if err != nil {
		v.skipFile(&v.counts, v.at, name.Text, err, policy.NotAFile)
	}
}

// decide says what is due for a file of a thread, be it the one at hand or its twin: by its modification time, and where
// that is old enough for least or more, by what its content says. The reason is why something due is left alone.
func (v *visit) decide(ctx context.Context, name filetype.Name, info fsx.Info, least policy.Action) (policy.Action, policy.Reason, error) {
	t := policy.Thread{Class: name.Class, Info: info}
	if v.cfg.Ages.Decide(t, v.now) < least {
		return policy.Keep, policy.None, nil
	}
	if t.Class == filetype.Plain && info.Size > v.cfg.MaxThread {
		return policy.Keep, policy.None, fmt.Errorf("%d bytes: %w", info.Size, lastuse.ErrTooLong)
	}
	says, err := v.activity(ctx, name)
	if err != nil {
		return policy.Keep, policy.None, err
	}
	if says.Future.After(v.now) {
		return policy.Keep, policy.FutureTime, nil
	}
	t.Activity = says.Last
	action := v.cfg.Ages.Decide(t, v.now)
	if action >= least {
		err = says.Unreadable()
	}
	return action, policy.None, err
}

// activity reads what a thread says of its last use.
func (v *visit) activity(ctx context.Context, name filetype.Name) (lastuse.Activity, error) {
	var says lastuse.Activity
	err := v.heavy(ctx, func() (err error) {
		says, err = lastuse.FileActivity(ctx, v.dir, name, lastuse.Reading{Limit: v.cfg.MaxThread, Now: v.now})
		return err
	})
	return says, err
}

// heavy runs work that needs a packer's place, as soon as there is one. It must
// not be called by such work.
func (r *run) heavy(ctx context.Context, work func() error) error {
	if !acquire(ctx, r.packing) {
		return errStopped
	}
	defer func() { <-r.packing }()
	return work()
}

// work describes how a file is moved aside.
func (v *visit) work(name filetype.Name, info fsx.Info, purpose filetype.Purpose) (filetype.Work, error) {
	w := filetype.Work{
		Original: name.Text, Started: time.UnixMilli(v.clock.Now().UnixMilli()), Tag: v.tag(), Purpose: purpose,
		ModTime: info.ModTime, Size: info.Size,
	}
	if !w.Fits() {
		return w, &fs.PathError{Op: "name", Path: name.Text, Err: errNameTooLong}
	}
	return w, nil
}

func (v *visit) compress(ctx context.Context, name filetype.Name, info fsx.Info) error {
	w, err := v.work(name, info, filetype.PurposePacked)
	if err != nil {
		return err
	}
	if v.full.Load() {
		v.counts.Skip(policy.DiskFull)
		return nil
	}
	if !v.cfg.DryRun {
		if err := compress.Thread(ctx, compress.Job{Dir: v.dir, Info: info, Work: w, Heavy: v.heavy}); err != nil {
			return err
		}
		v.enqueue(pending{client: v.at.Client, user: v.at.User, work: w.Name(), due: w.Started})
	}
	v.counts.Compressed++
	v.counts.BytesDue += info.Size
	return nil
}

func (v *visit) remove(ctx context.Context, name filetype.Name, info fsx.Info) error {
	w, err := v.work(name, info, filetype.PurposeDeletion)
	if err != nil {
		return err
	}
	idle, err := v.twinIdle(ctx, name.Twin())
	if err != nil {
		return err
	}
	if !idle {
		v.counts.Skip(policy.TwinInUse)
		return nil
	}
	if !v.cfg.DryRun {
		if err := aside.Check(v.dir, name.Text, info); err != nil {
			return err
		}
		if err := aside.Move(ctx, v.dir, info, w); err != nil {
			return err
		}
		v.enqueue(pending{client: v.at.Client, user: v.at.User, work: w.Name(), due: w.Started})
	}
	v.counts.Deleted++
	v.counts.BytesDue += info.Size
	return nil
}

// twinIdle says whether the other file of a thread, x.json for x.json.gz and
// the other way round, is as old or not there. A thread that was unpacked and
// is in use again must not lose the older part of its history.
func (v *visit) twinIdle(ctx context.Context, twin filetype.Name) (bool, error) {
	info, err := v.dir.Stat(twin.Text)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil || info.Kind != fsx.KindFile {
		return false, err
	}
	action, _, err := v.decide(ctx, twin, info, policy.Delete)
	return action == policy.Delete, err
}
