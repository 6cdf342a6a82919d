package sweep

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"sort"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Position is a place in the order of work: clients by name, their users by
// name, and within a user's threads the directory's own order.
type Position struct {
	Client string
	User   string
	Entry  int
}

// user is the position without its entry.
func (p Position) user() Position { return Position{Client: p.Client, User: p.User} }

func (p Position) zero() bool { return p == Position{} }

// before compares by client and user.
func (p Position) before(o Position) bool {
	if p.Client != o.Client {
		return p.Client < o.Client
	}
	return p.User < o.User
}

// pass is a stretch of the order: from a position up to, but not including,
// another. A zero position is an open end.
type pass struct{ from, to Position }

// passesFrom cuts the order at the cursor: first what follows it, then what
// precedes it, so that every run covers everything and starts where the last
// one had to stop.
func passesFrom(cursor Position) []pass {
	if cursor.zero() {
		return []pass{{}}
	}
	return []pass{{from: cursor}, {to: cursor}}
}

// span is the part of a user's thread entries that belongs to a pass; to is 0
// for "to the end".
type span struct{ from, to int }

// covers says whether a pass has work for a user, and which entries.
func (p pass) covers(client, user string) (span, bool) {
	at := Position{Client: client, User: user}
	if !p.from.zero() {
		if at.before(p.from) {
			return span{}, false
		}
		if !p.from.before(at) {
			return span{from: p.from.Entry}, true
		}
	}
	if !p.to.zero() {
		if p.to.before(at) {
			return span{}, false
		}
		if !at.before(p.to) {
			return span{to: p.to.Entry}, p.to.Entry > 0
		}
	}
	return span{}, true
}

// coversClient says whether a pass may have work for a client.
func (p pass) coversClient(client string) bool {
	return (p.from.zero() || client >= p.from.Client) && (p.to.zero() || client <= p.to.Client)
}

// batch bounds how many names are sorted at once, and with it the memory for
// them. A directory with more is read again for each further batch.
const batch = 1 << 16

// eachName calls fn for every name in a directory, in order, holding no more
// than limit of them at a time.
func eachName(ctx context.Context, d fsx.Dir, limit int, fn func(name string) error) error {
	after := ""
	for {
		if err := d.Rewind(); err != nil {
			return err
		}
		names, more, err := smallest(ctx, d, after, limit)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := fn(name); err != nil {
				return err
			}
			after = name
		}
		if !more {
			return nil
		}
	}
}

// smallest returns the limit smallest names greater than after, and whether
// there are more.
func smallest(ctx context.Context, d fsx.Dir, after string, limit int) ([]string, bool, error) {
	var kept largestFirst
	more := false
	for {
		names, err := d.Names(nameBatch)
		for _, name := range names {
			if name <= after {
				continue
			}
			heap.Push(&kept, name)
			if len(kept) > limit {
				heap.Pop(&kept)
				more = true
			}
		}
		if errors.Is(err, io.EOF) {
			sort.Strings(kept)
			return kept, more, nil
		}
		if err = errors.Join(err, fsx.Interrupted(ctx)); err != nil {
			return nil, false, err
		}
	}
}

// largestFirst is a heap whose top is the largest name.
type largestFirst []string

func (h largestFirst) Len() int           { return len(h) }
func (h largestFirst) Less(i, j int) bool { return h[i] > h[j] }
func (h largestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *largestFirst) Push(x any) {
	name, _ := x.(string)
	*h = append(*h, name)
}

// Pop implements heap.Interface.
func (h *largestFirst) Pop() any {
	last := len(*h) - 1
	name := (*h)[last]
	*h = (*h)[:last]
	return name
}
