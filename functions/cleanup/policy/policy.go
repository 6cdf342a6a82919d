// Package policy decides what becomes of a thread file or a user's workspace.
// It is pure: everything it knows is in its arguments, the present time
// included, so that every combination can be tabulated in a test.
package policy

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Ages say how long something must have been left alone.
type Ages struct {
	Compress time.Duration // a thread is compressed
	Delete   time.Duration // a thread is deleted
	Archive  time.Duration // a user is archived; zero switches archiving off
}

// DefaultAges are the retention of the specification (section 3): threads are
// compressed when inactive (a week) and deleted after 30 days; archiving is off.
func DefaultAges() Ages {
	return Ages{Compress: 7 * 24 * time.Hour, Delete: 30 * 24 * time.Hour}
}

// Fault is a setting that makes no sense. Key is in kebab-case: callers name it
// as their users know it.
type Fault struct{ Key, Value, Expected string }

// Faults names every age that makes no sense.
func (a Ages) Faults() []Fault {
	var faults []Fault
	if a.Compress <= 0 {
		faults = append(faults, Fault{"compress-after", a.Compress.String(), "more than zero"})
	}
	if a.Delete <= a.Compress {
		faults = append(faults, Fault{"delete-after", a.Delete.String(), fmt.Sprintf(
			"more than compress-after (%s), or threads would be deleted before they are ever compressed", a.Compress)})
	}
	if a.Archive < 0 || (a.Archive > 0 && a.Archive < a.Delete) {
		faults = append(faults, Fault{"archive-after", a.Archive.String(), fmt.Sprintf(
			"0 (off) or at least delete-after (%s)", a.Delete)})
	}
	return faults
}

// Action is what is to be done with a thread file.
type Action uint8

// The actions.
const (
	Keep Action = iota
	Compress
	Delete
)

// String names the action for reports.
func (a Action) String() string {
	return [...]string{"keep", "compress", "delete"}[a]
}

// Thread is what there is to know of a thread file.
type Thread struct {
	Class    filetype.Class // Plain or Packed
	Info     fsx.Info
	Activity time.Time // what its content says; zero if it says nothing or was not read
}

// LastUse is the newest of everything known. A file that was used in the
// future has a clock against it somewhere, and counts as in use.
func (t Thread) LastUse() time.Time {
	modified := t.Info.Modified()
	if t.Activity.After(modified) {
		return t.Activity
	}
	return modified
}

// Decide returns the action that the last use asks for. A decision made
// without Activity can only become milder by it, so content need only be read
// when the decision is not Keep.
func (a Ages) Decide(t Thread, now time.Time) Action {
	idle := now.Sub(t.LastUse())
	switch {
	case idle >= a.Delete:
		return Delete
	case idle >= a.Compress && t.Class == filetype.Plain:
		return Compress
	default:
		return Keep
	}
}

// Obstacle returns why a file must not be touched whatever its age, or "".
func Obstacle(info fsx.Info, now time.Time) Reason {
	switch {
	case info.Kind != fsx.KindFile:
		return NotAFile
	case info.Mount:
		return MountPoint
	case info.Links > 1:
		return HardLinked
	case info.Modified().After(now):
		return FutureTime
	default:
		return None
	}
}
