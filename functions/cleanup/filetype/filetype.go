// Package filetype knows what a file in a user's .claude/threads directory is, by its name: a thread, a packed one, a
// work file of the cleanup's, or something of which it keeps its hands off.
package filetype

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Class says what a name in a threads directory stands for.
type Class uint8

// The classes. Everything that is not one of ours is Foreign and never touched.
const (
	Foreign Class = iota
	Plain         // <thread>.json
	Packed        // <thread>.json.gz, a thread compressed earlier
	Temp          // a file that a run was still writing
	Aside         // a file that a run has moved out of the way, not yet removed
)

const (
	plainSuffix  = ".json"
	packedSuffix = ".json.gz"
	gzipSuffix   = ".gz"
	workMark     = ".cleanup-"
)

// Patterns are what threads are called, for people.
const Patterns = "*" + plainSuffix + " or *" + packedSuffix

// Name is the name of an entry of a threads directory with what it stands for, which is worked out once.
type Name struct {
	Text  string
	Class Class
}

// ParseName reads an entry's name.
func ParseName(text string) Name { return Name{Text: text, Class: Classify(text)} }

// Twin is the other name that the same thread may have: x.json for x.json.gz and the other way round.
func (n Name) Twin() Name {
	if n.Class == Packed {
		return Name{Text: strings.TrimSuffix(n.Text, gzipSuffix), Class: Plain}
	}
	return Name{Text: PackedName(n.Text), Class: Packed}
}

// Classify names the class of a directory entry by its name alone.
func Classify(name string) Class {
	if strings.HasPrefix(name, ".") {
		w, ok := ParseWork(name)
		switch {
		case !ok:
			return Foreign
		case w.Purpose == PurposeTemp:
			return Temp
		default:
			return Aside
		}
	}
	class := suffixClass(name)
	if class != Foreign && isAdministration(name) {
		return Foreign
	}
	return class
}

// suffixClass is the class of a name that is not hidden, by its end.
func suffixClass(name string) Class {
	switch {
	case strings.HasSuffix(name, plainSuffix) && len(name) > len(plainSuffix):
		return Plain
	case strings.HasSuffix(name, packedSuffix) && len(name) > len(packedSuffix):
		return Packed
	default:
		return Foreign
	}
}

// PackedName returns the name under which a plain thread is compressed.
func PackedName(plain string) string { return plain + gzipSuffix }

// RecoveredName is a free name under which a thread file is put back when its
// own name has been taken by a new file.
func (w Work) RecoveredName() string {
	suffix := plainSuffix
	if suffixClass(w.Original) == Packed {
		suffix = packedSuffix
	}
	return fmt.Sprintf("%s.recovered-%s%s", strings.TrimSuffix(w.Original, suffix), w.Tag, suffix)
}

// Purpose says why a work file exists.
type Purpose string

// The purposes. A purpose is the last part of a work file's name.
const (
	PurposeTemp     Purpose = "tmp"    // being written; holds nothing that is not elsewhere
	PurposePacked   Purpose = "packed" // the original of a thread that has been compressed
	PurposeDeletion Purpose = "delete" // a thread on its way out
)

// Work is the meaning of a work file's name. All that a later run must know to
// finish the job is in the name, because that is what a rename changes at once
// or not at all.
type Work struct {
	Original string    // the name that the file had, or is written for
	Started  time.Time // by the clock of the run that made it; whole milliseconds
	Tag      string    // tells runs and files apart; eight hexadecimal digits
	Purpose  Purpose
	ModTime  int64 // of the original when it was moved, nanoseconds since 1970
	Size     int64 // of the original when it was moved, bytes
}

// Name encodes the work file's name: hidden, and with a suffix that no reader
// of *.json or *.json.gz takes for a thread.
func (w Work) Name() string {
	return fmt.Sprintf(".%s%s%x-%s-%x-%x.%s", w.Original, workMark, uint64(w.Started.UnixMilli()), w.Tag,
		uint64(w.ModTime), uint64(w.Size), w.Purpose) //nolint:gosec // bit pattern, decoded the same way
}

// Fits says whether the name, and the longest that may be derived from it, is
// allowed in a directory.
func (w Work) Fits() bool {
	return len(w.Name()) <= fsx.MaxName && len(w.RecoveredName()) <= fsx.MaxName &&
		len(PackedName(w.Original)) <= fsx.MaxName
}

// Thread says whether it is a thread that was moved aside.
func (w Work) Thread() bool { return Classify(w.Original) != Foreign }

// Untouched says whether the file is still as it was when it was moved.
func (w Work) Untouched(info fsx.Info) bool {
	return info.Kind == fsx.KindFile && info.Size == w.Size && info.ModTime == w.ModTime
}

// ParseWork decodes a work file's name; false if it is none.
func ParseWork(name string) (Work, bool) {
	at := strings.LastIndex(name, workMark)
	if at < 1 || name[0] != '.' {
		return Work{}, false
	}
	fields, purpose, ok := strings.Cut(name[at+len(workMark):], ".")
	parts := strings.Split(fields, "-")
	if !ok || len(parts) != 4 {
		return Work{}, false
	}
	started, err1 := strconv.ParseUint(parts[0], 16, 64)
	modTime, err2 := strconv.ParseUint(parts[2], 16, 64)
	size, err3 := strconv.ParseUint(parts[3], 16, 64)
	w := Work{
		Original: name[1:at],
		Started:  time.UnixMilli(int64(started)), //nolint:gosec // bit pattern
		Tag:      parts[1],
		Purpose:  Purpose(purpose),
		ModTime:  int64(modTime), //nolint:gosec // bit pattern
		Size:     int64(size),    //nolint:gosec // bit pattern
	}
	if err1 != nil || err2 != nil || err3 != nil || !w.valid() || w.Name() != name {
		return Work{}, false
	}
	return w, true
}

// valid refuses names that look like ours but that no run would have made.
func (w Work) valid() bool {
	if len(w.Tag) != 8 || strings.Trim(w.Tag, "0123456789abcdef") != "" || w.Size < 0 {
		return false
	}
	class := Foreign
	if !strings.HasPrefix(w.Original, ".") {
		class = suffixClass(w.Original) // an earlier release took indexes and settings aside, too
	}
	switch w.Purpose {
	case PurposeTemp:
		return class == Packed
	case PurposePacked:
		return class == Plain
	case PurposeDeletion:
		return class == Plain || class == Packed
	default:
		return false
	}
}
