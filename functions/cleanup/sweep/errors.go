package sweep

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/webordinary/live-edit/functions/cleanup/archive"
	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/compress"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
	"github.com/webordinary/live-edit/functions/cleanup/lastuse"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// errStopped ends work when the time is up.
var errStopped = errors.New("the run is out of time")

// reasons maps errors to what the report says of them, most telling first.
var reasons = []struct {
	err    error
	reason policy.Reason
}{
	{errStopped, policy.OutOfTime},
	{context.Canceled, policy.OutOfTime},
	{context.DeadlineExceeded, policy.OutOfTime},
	{syscall.ENOSPC, policy.DiskFull},
	{syscall.EDQUOT, policy.DiskFull},
	{compress.ErrBothExist, policy.BothExist},
	{compress.ErrInUse, policy.InUse},
	{syscall.EWOULDBLOCK, policy.InUse}, // another run is about to remove it
	{compress.ErrVerify, policy.IOError},
	{archive.ErrSpecial, policy.SpecialFile},
	{archive.ErrDiffers, policy.ArchiveChanged},
	{archive.ErrTooLarge, policy.TooLarge},
	{archive.ErrName, policy.NameTooLong},
	{archive.ErrPending, policy.WorkPending},
	{gz.ErrCorrupt, policy.CorruptPacked},
	{lastuse.ErrTooLong, policy.TooLarge},
	{lastuse.ErrUnreadable, policy.UnreadableContent},
	{fsx.ErrMount, policy.MountPoint},
	{aside.ErrChanged, policy.Changed},
	{fsx.ErrRaced, policy.Changed},
	{fs.ErrNotExist, policy.Changed},
	{syscall.ESTALE, policy.Changed}, // NFS: removed or replaced by another client
	{syscall.ENAMETOOLONG, policy.NameTooLong},
	{fs.ErrPermission, policy.Unreadable},
	{syscall.EROFS, policy.Unreadable},
}

// reasonOf classifies an error. kind is the reason for an entry that is not of
// the kind that was needed.
func reasonOf(err error, kind policy.Reason) policy.Reason {
	if errors.Is(err, fsx.ErrKind) {
		return kind
	}
	for _, known := range reasons {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return policy.IOError
}
