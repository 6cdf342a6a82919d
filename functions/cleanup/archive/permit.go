package archive

import (
	"errors"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Rights of a directory's owner.
const (
	ownerWrite = 0o200
	ownerAll   = 0o700
)

// permit gives a directory's owner the right to remove what is in it. Package
// managers and git leave directories without it, and its own owner is stopped
// by that, root alone is not. It is done only to what has been archived and
// compared twice, and is about to go.
func permit(parent fsx.Dir, name string, info fsx.Info) error {
	if info.Perm&ownerAll == ownerAll {
		return nil
	}
	return parent.Chmod(name, info.Perm|ownerAll)
}

// moveWorkspace moves a workspace between a client's directory and its archive
// directory. A directory that changes its parent is itself written to (its
// entry ".."), so one that is not writable is made so for the moment.
func moveWorkspace(client, archives fsx.Dir, from, to fsx.Place) error {
	in := func(p fsx.Place) fsx.Dir {
		if p.Dir == "" {
			return client
		}
		return archives
	}
	info, err := in(from).Stat(from.Name)
	if err != nil {
		return err
	}
	if info.Kind != fsx.KindDir || info.Perm&ownerWrite != 0 {
		return client.MoveDir(from, to)
	}
	if err := in(from).Chmod(from.Name, info.Perm|ownerWrite); err != nil {
		return err
	}
	now := to
	if err = client.MoveDir(from, to); err != nil {
		now = from
	}
	return errors.Join(err, in(now).Chmod(now.Name, info.Perm))
}
