// Package archive packs the workspace of a user who has not been seen for a
// long time into <client>/_archive/<user>-<date>.tar.gz and removes it.
//
// Every step is one rename, link or unlink, and whatever a killed run leaves is
// recognised and carried on by the next:
//
//  1. Create writes the archive under a hidden temporary name, with everything
//     but what the project's tools make again (type leftOut), and syncs it. Its last entry
//     is the workspace directory itself, which carries the number of entries: an
//     archive without that entry is not complete.
//  2. The archive is read again and compared with the workspace, byte by byte
//     and in both directions, and only then linked to its proper name.
//  3. The workspace is renamed to a hidden directory beside the archive (stage
//     "checking"). From here on nobody finds it by its name; whoever still has
//     a file in it open writes where it can be seen.
//  4. After the settling time Finish compares once more. If anything differs,
//     the workspace gets its name back, whole. If nothing does, the directory is
//     renamed once more (stage "removing"): the proof that it was complete.
//  5. Entry by entry, what is on disk is compared with what is in the archive
//     and removed only if it is equal. What is not equal stays, and is reported.
package archive

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Dir is the directory of a client's archives, beside its users' workspaces.
const Dir = "_archive"

// Faults that keep a workspace from being archived, or removed.
var (
	ErrSpecial  = errors.New("a pipe, socket or device, which no archive can hold")
	ErrDiffers  = errors.New("the workspace and its archive differ")
	ErrTooLarge = errors.New("the workspace is over the limit")
	ErrName     = errors.New("no room for the archive's suffixes in the name")
	ErrPending  = errors.New("the workspace holds files that a cleanup run has not finished")
	// ErrIncomplete is a file with an archive's name that is not a complete archive.
	ErrIncomplete = errors.New("not a complete archive")
)

const (
	suffix   = ".tar.gz"
	workMark = ".cleanup-"
)

// Stage says what a work name in the archive directory stands for.
type Stage string

// The stages.
const (
	StageTemp     Stage = "tmp"      // an archive that a run was still writing
	StageChecking Stage = "checking" // a whole workspace, archived, to be compared again
	StageRemoving Stage = "removing" // a workspace that was compared again; parts may be gone
)

// Work is the meaning of a work name.
type Work struct {
	Archive string    // name of the archive
	Started time.Time // by the clock of the run that made it; whole milliseconds
	Tag     string    // eight hexadecimal digits
	Stage   Stage
}

// Name encodes it.
func (w Work) Name() string {
	return fmt.Sprintf(".%s%s%x-%s.%s", w.Archive, workMark, uint64(w.Started.UnixMilli()), w.Tag, w.Stage)
}

var archivePattern = regexp.MustCompile(`(?s)^(.+)-(\d{4}-\d{2}-\d{2})(?:\.\d+)?\.tar\.gz$`)

// User returns whose archive it is.
func (w Work) User() string {
	user, _ := userOf(w.Archive)
	return user
}

func userOf(archive string) (string, bool) {
	parts := archivePattern.FindStringSubmatch(archive)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// archiveName is the n-th name for an archive of that day.
func archiveName(user string, day time.Time, n int) string {
	number := ""
	if n > 1 {
		number = "." + strconv.Itoa(n)
	}
	return user + "-" + day.UTC().Format(time.DateOnly) + number + suffix
}

// ParseWork decodes a work name; false if it is none.
func ParseWork(name string) (Work, bool) {
	at := strings.LastIndex(name, workMark)
	if at < 1 || name[0] != '.' {
		return Work{}, false
	}
	fields, stage, ok := strings.Cut(name[at+len(workMark):], ".")
	stamp, tag, ok2 := strings.Cut(fields, "-")
	started, err := strconv.ParseUint(stamp, 16, 64)
	if !ok || !ok2 || err != nil {
		return Work{}, false
	}
	w := Work{Archive: name[1:at], Started: time.UnixMilli(int64(started)), Tag: tag, Stage: Stage(stage)} //nolint:gosec // bit pattern
	_, isArchive := userOf(w.Archive)
	known := w.Stage == StageTemp || w.Stage == StageChecking || w.Stage == StageRemoving
	return w, known && isArchive && len(tag) == 8 && w.Name() == name
}

func (w Work) at(stage Stage) Work {
	w.Stage = stage
	return w
}

func (w Work) place(stage Stage) fsx.Place {
	return fsx.Place{Dir: Dir, Name: w.at(stage).Name()}
}
