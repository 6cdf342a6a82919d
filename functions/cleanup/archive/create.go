package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Job is one workspace to archive.
type Job struct {
	Client fsx.Dir
	User   string
	Now    time.Time
	Tag    string // eight hexadecimal digits, unique
	Limit  int64  // bytes of files, before compression
}

// Create archives a workspace and moves it out of the way. What it returns is
// for Finish, after the settling time.
func Create(ctx context.Context, job Job) (Work, error) {
	if err := ensureDir(job.Client); err != nil {
		return Work{}, err
	}
	archives, err := job.Client.OpenDir(Dir)
	if err != nil {
		return Work{}, err
	}
	workspace, err := job.Client.OpenDir(job.User)
	if err != nil {
		return Work{}, errors.Join(err, archives.Close())
	}
	w, err := job.archived(ctx, archives, workspace)
	if err = errors.Join(err, workspace.Close()); err == nil {
		err = moveWorkspace(job.Client, archives, fsx.Place{Name: job.User}, w.place(StageChecking))
	}
	if err == nil {
		err = errors.Join(archives.Sync(), job.Client.Sync())
	}
	return w.at(StageChecking), errors.Join(err, archives.Close())
}

func ensureDir(client fsx.Dir) error {
	err := client.Mkdir(Dir, client.Self().Perm)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the archive directory: %w", err)
	}
	return client.Sync()
}

// archived makes sure that there is an archive equal to the workspace: the one
// that a killed run has left, or a new one.
func (job Job) archived(ctx context.Context, archives, workspace fsx.Dir) (Work, error) {
	w := Work{Started: time.UnixMilli(job.Now.UnixMilli()), Tag: job.Tag, Stage: StageTemp, Archive: archiveName(job.User, job.Now, 1)}
	if len(w.at(StageChecking).Name()) > fsx.MaxName-numberRoom {
		return w, fmt.Errorf("user %q: %w", job.User, ErrName)
	}
	newest, err := newestOf(archives, job.User)
	if err != nil {
		return w, err
	}
	if newest != "" && compare(ctx, archives, newest, workspace) == nil {
		w.Archive = newest
		return w, nil
	}
	if err := workspace.Rewind(); err != nil {
		return w, err
	}
	return job.write(ctx, w, archives, workspace)
}

// numberRoom is room for the number of a second archive of the same day.
const numberRoom = 4

func newestOf(archives fsx.Dir, user string) (string, error) {
	newest := ""
	for {
		names, err := archives.Names(nameBatch)
		for _, name := range names {
			if owner, ok := userOf(name); ok && owner == user {
				newest = max(newest, name)
			}
		}
		if errors.Is(err, io.EOF) {
			return newest, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// write makes a new archive, proves it, and gives it the first free name.
func (job Job) write(ctx context.Context, w Work, archives, workspace fsx.Dir) (Work, error) {
	temp := w.Name()
	err := job.fill(ctx, archives, workspace, temp)
	if err == nil {
		err = compare(ctx, archives, temp, workspace)
	}
	for n := 1; err == nil; n++ {
		w.Archive = archiveName(job.User, job.Now, n)
		err = archives.Link(temp, w.Archive)
		if err == nil {
			break
		}
		if errors.Is(err, fs.ErrExist) && n < maxPerDay {
			err = nil
		}
	}
	if err == nil {
		err = archives.Sync()
	}
	return w, errors.Join(err, fsx.RemoveIfPresent(archives, temp))
}

const maxPerDay = 99

func (job Job) fill(ctx context.Context, archives, workspace fsx.Dir, temp string) error {
	f, err := archives.Create(temp, archivePerm)
	if err != nil {
		return err
	}
	_, err = write(ctx, workspace, f, job.Limit)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// archivePerm lets the workspaces' owner read and nobody change.
const archivePerm = 0o440

// Temporary says whether the archive directory's entry is a temporary file
// that a run abandoned before the given time.
func (w Work) Temporary(before time.Time) bool {
	return w.Stage == StageTemp && w.Started.Before(before)
}
