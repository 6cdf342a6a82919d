package sweep

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

const (
	// chunkSize is how many files one worker looks at in a row: small enough
	// that a user with a thousand threads keeps many workers busy.
	chunkSize = 64
	// nameBatch is how many names are read from a directory at once.
	nameBatch = 1024
	// finishers is how many files moved aside are finished at once, at most.
	finishers = 32
	// queueSize bounds how many of them wait in memory. Beyond that they wait on
	// disk for the next run.
	queueSize = 1 << 15
)

// run is the state of one run.
type run struct {
	cfg     Config
	root    fsx.Dir
	clock   Clock
	started time.Time // whole milliseconds, as in the names of files moved aside
	log     *limitedLog
	tag     func() string
	mark    string // what all tags of this run begin with
	tally   *report.Tally
	track   *tracker
	packing chan struct{} // a place for each file being read or compressed
	queue   chan pending
	pending atomic.Int64
	full    atomic.Bool // the disk has no space left
}

func newRun(o Options) *run {
	r := &run{
		cfg: o.Config, root: o.Root, clock: o.Clock, tag: o.Tag, tally: o.Tally, log: newLimitedLog(o.Log),
		started: time.UnixMilli(o.Clock.Now().UnixMilli()), track: newTracker(),
		packing: make(chan struct{}, o.Config.Packers), queue: make(chan pending, queueSize),
	}
	if r.tag == nil {
		r.tag = randomTags()
	}
	r.mark = r.tag()[:markDigits]
	if r.tally == nil {
		r.tally = &report.Tally{}
	}
	return r
}

// leftOver is what a run did not get to.
type leftOver struct {
	at      Position // where the next run is to start; zero if all was done
	users   int64
	atLeast bool
}

// task is one user to look at.
type task struct {
	client *sharedDir
	user   string
	span   span
	track  *progress
}

// sweep starts the goroutines, feeds them, and waits for them.
func (r *run) sweep(ctx context.Context, cursor Position) (leftOver, error) {
	tasks := make(chan task, r.cfg.Workers)
	chunks := make(chan chunk, r.cfg.Workers)
	listers := start(r.cfg.Workers, func() {
		for t := range tasks {
			r.user(ctx, t, chunks)
		}
	})
	workers := start(r.cfg.Workers, func() {
		for c := range chunks {
			r.chunk(ctx, c)
		}
	})
	finishing := start(min(finishers, r.cfg.Workers), func() { r.finishQueue(ctx) })

	passes := passesFrom(cursor)
	at, stopped, err := r.enumerate(ctx, passes, tasks)
	close(tasks)
	listers.Wait()
	close(chunks)
	workers.Wait()
	close(r.queue)
	finishing.Wait()
	return r.left(passes, at, stopped), err
}

func start(n int, work func()) *sync.WaitGroup {
	var group sync.WaitGroup
	for range n {
		group.Go(work)
	}
	return &group
}

// left finds out what was not done, after everything has stopped.
func (r *run) left(passes []pass, at place, stopped bool) leftOver {
	pos, open := r.track.first()
	l := leftOver{at: pos, users: int64(len(open))}
	if !stopped {
		return l
	}
	if l.at.zero() {
		l.at = at.pos
	}
	if at.done {
		open[at.pos.user()] = true
	}
	more, all := r.countFrom(passes, at, open)
	l.users += more
	l.atLeast = !all
	return l
}

// limitedLog writes the first few of each kind of message: a tree full of
// faults must not become a log full of them.
type limitedLog struct {
	*slog.Logger
	mu   sync.Mutex
	seen map[string]int
}

const messagesPerKind = 10

func newLimitedLog(log *slog.Logger) *limitedLog {
	return &limitedLog{Logger: log, seen: map[string]int{}}
}

func (l *limitedLog) note(kind, msg string, args ...any) {
	l.mu.Lock()
	l.seen[kind]++
	n := l.seen[kind]
	l.mu.Unlock()
	switch {
	case n < messagesPerKind:
		l.Info(msg, append(args, "kind", kind)...)
	case n == messagesPerKind:
		l.Info(msg, append(args, "kind", kind, "more", "further messages of this kind are only counted")...)
	}
}

// stopped says whether the run is to end.
func stopped(ctx context.Context) bool { return ctx.Err() != nil }

// countTime is how long a stopped run may spend on counting what is left.
const countTime = 2 * time.Second

func isStop(err error) bool {
	return errors.Is(err, errStopped) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
