package sweep

import "sync"

// tracker knows which users, and which of their entries, have been begun and
// not completed. What it keeps is bounded by what is in flight.
type tracker struct {
	mu   sync.Mutex
	next int64
	open map[int64]*progress
	done int64
}

// progress is the state of one user.
type progress struct {
	seq     int64
	pos     Position
	whole   bool // all entries of the user, not the rest of an earlier pass
	listed  bool
	reached int           // entries handed out so far
	chunks  map[int]bool  // handed out and not completed, by first entry
	idle    chan struct{} // closed when all is completed
}

func newTracker() *tracker { return &tracker{open: map[int64]*progress{}} }

// begin must be called in the order of work.
func (t *tracker) begin(client, user string, s span) *progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &progress{
		seq: t.next, pos: Position{Client: client, User: user}, whole: s.from == 0, reached: s.from, chunks: map[int]bool{},
		idle: make(chan struct{}),
	}
	t.next++
	t.open[p.seq] = p
	return p
}

// chunk notes that entries up to end have been handed out, the first of them
// returned as the name of the chunk.
func (t *tracker) chunk(p *progress, end int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := p.reached
	p.chunks[first] = true
	p.reached = end
	return first
}

func (t *tracker) completed(p *progress, chunk int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(p.chunks, chunk)
	t.settle(p)
}

func (t *tracker) allListed(p *progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.listed = true
	t.settle(p)
}

func (t *tracker) settle(p *progress) {
	if !p.listed || len(p.chunks) > 0 {
		return
	}
	delete(t.open, p.seq)
	close(p.idle)
	if p.whole {
		t.done++
	}
}

// first returns the earliest position that is not completed, and the users
// that are in that state.
func (t *tracker) first() (Position, map[Position]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var earliest *progress
	users := map[Position]bool{}
	for _, p := range t.open {
		users[p.pos] = true
		if earliest == nil || p.seq < earliest.seq {
			earliest = p
		}
	}
	if earliest == nil {
		return Position{}, users
	}
	pos := earliest.pos
	pos.Entry = earliest.reached
	for chunk := range earliest.chunks {
		pos.Entry = min(pos.Entry, chunk)
	}
	return pos, users
}

func (t *tracker) users() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done
}
