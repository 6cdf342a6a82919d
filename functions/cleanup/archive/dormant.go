package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
	"github.com/webordinary/live-edit/functions/cleanup/lastuse"
)

// errRecent ends a walk at the first sign of use.
var errRecent = errors.New("used recently")

// telling are the files that betray an active user at once, so that for most
// users no more than these is looked at.
var telling = []string{
	"metadata.json", ".claude/user.json", "project/.git/index", "project/.git/HEAD", "project/.git/logs/HEAD",
	"project/.git/FETCH_HEAD",
}

// marks are what makes a directory a workspace. One that has none of them is
// something else, and not ours to archive.
var marks = []string{"metadata.json", ".claude", "project"}

// Dormant says whether nothing in a workspace was used since the cutoff:
// neither by the modification time of any file, link or directory, nor by what
// threads, user.json and metadata.json say of themselves. Only left out are
// what an archive leaves out, too, and the directories that the cleanup itself changes.
// The walk ends at the first sign of use. A workspace that shows none, but has
// files that tell of use and can't be read, is not dormant: the error is that of
// the first of them.
func Dormant(ctx context.Context, workspace fsx.Dir, idle Idle) (bool, error) {
	known, err := isWorkspace(workspace)
	if err != nil || !known {
		return false, err
	}
	var unreadable error
	recent := func(e entry) error {
		if e.path == threadsDir {
			return nil
		}
		if !e.info.Modified().Before(idle.Since) {
			return errRecent
		}
		err := saysRecent(ctx, e, idle)
		if isUnreadable(err) {
			unreadable = cmp.Or(unreadable, fmt.Errorf("%q: %w", e.path, err))
			return nil
		}
		return err
	}
	err = quick(workspace, idle.Since)
	if err == nil {
		err = walk(ctx, workspace, visitor{visit: recent, leaveOut: newLeftOut(workspace).decide, excluded: ignore})
	}
	if errors.Is(err, errRecent) {
		return false, nil
	}
	err = cmp.Or(err, unreadable)
	return err == nil, err
}

// Idle is the question that Dormant answers.
type Idle struct {
	Since time.Time       // nothing was used from then on
	Read  lastuse.Reading // how JSON files are read
}

func isUnreadable(err error) bool {
	return errors.Is(err, gz.ErrCorrupt) || errors.Is(err, lastuse.ErrTooLong) || errors.Is(err, lastuse.ErrUnreadable)
}

func isWorkspace(workspace fsx.Dir) (bool, error) {
	for _, name := range marks {
		if ok, err := fsx.Exists(workspace, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// quick looks at the telling files alone.
func quick(workspace fsx.Dir, cutoff time.Time) error {
	paths := newPaths(workspace)
	defer paths.close()
	for _, path := range telling {
		e, err := paths.find(path)
		if err != nil {
			continue // not there, or not readable: the walk will tell
		}
		if !e.info.Modified().Before(cutoff) {
			return errRecent
		}
	}
	return nil
}

// saysRecent asks the JSON files that carry times of their own.
func saysRecent(ctx context.Context, e entry, idle Idle) error {
	inThreads := strings.HasPrefix(e.path, threadsDir+"/")
	name := filetype.ParseName(e.name)
	tells := e.path == "metadata.json" || e.path == ".claude/user.json" ||
		inThreads && (name.Class == filetype.Plain || name.Class == filetype.Packed)
	if e.info.Kind != fsx.KindFile || !tells {
		return nil
	}
	a, err := lastuse.FileActivity(ctx, e.parent, name, idle.Read)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !a.Last.Before(idle.Since) || !a.Future.IsZero() {
		return errRecent
	}
	return a.Unreadable()
}
