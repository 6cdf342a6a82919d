// Package lastuse reads from a thread's content when somebody last worked on it.
package lastuse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// Activity is what a thread's content says of its last use.
type Activity struct {
	// Last is the newest moment found that has passed; zero if there is none.
	Last time.Time
	// Future is the newest moment in a field of the thread's own that has not
	// come yet; zero if there is none. A clock is wrong somewhere.
	Future time.Time
	// Doubt is what could not be read and may have said something newer than Last.
	Doubt Doubt
}

// Unreadable is nil if everything was read that may tell of a later use than
// Last, and ErrUnreadable with the place otherwise. A thread is never older
// than what could not be read of it.
func (a Activity) Unreadable() error {
	switch a.Doubt.Kind {
	case DoubtContent:
		return fmt.Errorf("near byte %d: neither JSON nor JSON lines: %w", a.Doubt.At, ErrUnreadable)
	case DoubtDate:
		return fmt.Errorf("near byte %d: %q is no date in a notation known here: %w", a.Doubt.At, a.Doubt.Text, ErrUnreadable)
	default:
		return nil
	}
}

// Doubt is a part of the content that says nothing to us.
type Doubt struct {
	Kind DoubtKind
	At   int64  // in bytes from the beginning
	Text string // of a date that is none
}

// DoubtKind tells what kind of part.
type DoubtKind uint8

// The kinds.
const (
	DoubtNone    DoubtKind = iota
	DoubtContent           // torn, overwritten or not JSON at all
	DoubtDate              // a field that tells of the last use, in an unknown notation
)

var (
	// ErrTooLong is content beyond the limit given to LastActivity.
	ErrTooLong = errors.New("longer than the limit")
	// ErrUnreadable is content that may tell of a later use than was found.
	ErrUnreadable = errors.New("its content can't be read, so it is not taken for old")
)

// Reading says how content is to be read.
type Reading struct {
	Limit int64 // bytes of JSON
	// Now tells the past from the future: a date to come in what people and
	// tools have said means nothing, one that has passed means that the thread
	// was written after people began to speak of it.
	Now time.Time
}

// FileActivity reads what a thread file, plain or packed, says of its last use.
func FileActivity(ctx context.Context, d fsx.Dir, name filetype.Name, how Reading) (Activity, error) {
	f, err := d.Open(name.Text)
	if err != nil {
		return Activity{}, err
	}
	a, err := fileActivity(ctx, f, name.Class, how)
	return a, errors.Join(err, f.Close())
}

func fileActivity(ctx context.Context, f io.Reader, class filetype.Class, how Reading) (Activity, error) {
	if class != filetype.Packed {
		return LastActivity(gz.Reader(ctx, f), how)
	}
	unpacked, err := gz.NewReader(ctx, f)
	if err != nil {
		return Activity{}, err
	}
	defer unpacked.Release()
	return LastActivity(unpacked, how)
}

const readBuffer = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, readBuffer); return &b }}

// LastActivity reads content to its end, but no more than the limit, in
// constant memory. Content is one JSON value or several in a row (JSON lines),
// in UTF-8, UTF-16 or UTF-32. Only failure to read is an error: content that
// makes no sense is an answer, see Activity.Unreadable.
func LastActivity(r io.Reader, how Reading) (Activity, error) {
	buffer, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	counted := &limitedReader{r: r, left: how.Limit}
	text, err := asUTF8(counted)
	if err != nil {
		return Activity{}, err
	}
	s := scanner{now: how.Now}
	for {
		n, err := text.Read(*buffer)
		s.feed((*buffer)[:n])
		if errors.Is(err, io.EOF) {
			return s.finish(), nil
		}
		if err != nil {
			return Activity{}, err
		}
	}
}

// limitedReader fails beyond a number of bytes, instead of ending there.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("%d bytes of JSON over the limit, or more: %w", -l.left, ErrTooLong)
	}
	return n, err
}
