package thread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// Activity is what a thread's content says of its last use.
type Activity struct {
	// Last is the newest moment found; zero if there is none.
	Last time.Time
	// Malformed is set if the content is not JSON to its end. Last then holds
	// what was found before the fault.
	Malformed bool
}

// ErrTooLong is content beyond the limit given to LastActivity.
var ErrTooLong = errors.New("longer than the limit")

// FileActivity reads what a thread file, plain or packed, says of its last
// use. limit bounds the JSON that is read, in bytes.
func FileActivity(ctx context.Context, d fsx.Dir, name string, limit int64) (Activity, error) {
	f, err := d.Open(name)
	if err != nil {
		return Activity{}, err
	}
	a, err := fileActivity(ctx, f, Classify(name), limit)
	return a, errors.Join(err, f.Close())
}

func fileActivity(ctx context.Context, f io.Reader, class Class, limit int64) (Activity, error) {
	if class != Packed {
		return LastActivity(gz.Reader(ctx, f), limit)
	}
	unpacked, err := gz.NewReader(ctx, f)
	if err != nil {
		return Activity{}, err
	}
	defer unpacked.Release()
	return LastActivity(unpacked, limit)
}

const readBuffer = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, readBuffer); return &b }}

// LastActivity reads content to its end, but no more than limit bytes, in
// constant memory. Content is one JSON value or several in a row (JSON lines).
// Only failure to read is an error: malformed content is an answer.
func LastActivity(r io.Reader, limit int64) (Activity, error) {
	buffer, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	var s scanner
	for read := int64(0); ; {
		n, err := r.Read(*buffer)
		s.feed((*buffer)[:n])
		if read += int64(n); read > limit {
			return Activity{}, fmt.Errorf("more than %d bytes of JSON: %w", limit, ErrTooLong)
		}
		if errors.Is(err, io.EOF) {
			return s.finish(), nil
		}
		if err != nil {
			return Activity{}, err
		}
	}
}
