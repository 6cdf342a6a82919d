// Package sweep takes a cleanup run through a whole tree of workspaces.
//
// A network file system answers in milliseconds, so the work is done by many
// goroutines at once: some list users' thread directories and cut the names
// into chunks, many more look at the files of a chunk. All queues are short and
// names are never collected beyond a fixed number, so memory does not grow with
// the tree.
//
// The order of work is fixed: clients by name, users by name. A run that is out
// of time writes down the first place that it has not completed, and the next
// run starts there and comes round to the rest at the end. The place is kept in
// a file in the tree itself (Dir StateDir), which is the one thing that the
// function may write to and which is backed up with it.
//
// A lock keeps a second run away for efficiency, not for safety: every step of
// packages compress, aside and archive bears another run doing the same.
package sweep

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// Config is what a run is to do.
type Config struct {
	Ages   policy.Ages
	DryRun bool
	// Settle is how long a file that was moved aside must stay unchanged before it is removed.
	Settle time.Duration
	// Workers is how many file operations are in flight at once.
	Workers int
	// Packers is how many files are read or compressed at once; each needs about
	// a megabyte. Those that wait to be synced do not count.
	Packers int
	// MaxThread is the largest thread that is read, in bytes of JSON.
	MaxThread int64
	// MaxArchive is the largest workspace that is archived, in bytes before compression.
	MaxArchive int64
}

// DefaultConfig is what the command line starts from.
func DefaultConfig() Config {
	return Config{
		Ages: policy.DefaultAges(), Settle: 90 * time.Second,
		Workers: 128, Packers: 16, MaxThread: 1 << 30, MaxArchive: 4 << 30,
	}
}

// Faults names every value that makes no sense.
func (c Config) Faults() []policy.Fault {
	faults := c.Ages.Faults()
	check := func(ok bool, key string, value any, expected string) {
		if !ok {
			faults = append(faults, policy.Fault{Key: key, Value: fmt.Sprint(value), Expected: expected})
		}
	}
	check(c.Settle >= 0, "settle", c.Settle, "0 or more")
	check(c.Workers >= 1 && c.Workers <= 1024, "workers", c.Workers, "1 to 1024")
	check(c.Packers >= 1 && c.Packers <= 256, "packers", c.Packers, "1 to 256")
	check(c.MaxThread >= 1, "max-thread-bytes", c.MaxThread, "more than 0")
	check(c.MaxArchive >= 1, "max-archive-bytes", c.MaxArchive, "more than 0")
	return faults
}

// Clock is the time a run lives by.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns early with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Options are what a run works with.
type Options struct {
	Config Config
	Root   fsx.Dir
	Clock  Clock
	Log    *slog.Logger
	// Tag makes names unique: eight hexadecimal digits, of which the first four are the run's and the others the file's;
	// random unless set.
	Tag func() string
	// Tally receives the counts while the run goes on, for a progress line; may be nil.
	Tally *report.Tally
}

// ErrBusy is returned when another run holds the lock.
var ErrBusy = errors.New("another cleanup run is at work on this tree")

// Run goes through the tree until it is done or ctx ends; what is left then is
// in the summary, and no error. Errors are those that concern the run as a
// whole. Individual faults are counted and logged.
func Run(ctx context.Context, o Options) (report.Summary, error) {
	started := o.Clock.Now()
	r := newRun(o)
	state, err := r.openState()
	if err != nil {
		return report.Summary{}, err
	}
	left, sweepErr := r.sweep(ctx, state.cursor)
	if err := state.save(left.at); err != nil {
		r.log.Warn("the next run will not start with what was left", "error", err)
	}
	err = errors.Join(sweepErr, state.close())
	s := report.Summary{
		Counts: r.tally.Sum(), DryRun: o.Config.DryRun, Seconds: o.Clock.Now().Sub(started).Seconds(),
		LeftOver: left.users, LeftOverAtLeast: left.atLeast, Pending: r.pending.Load(),
	}
	s.Counts.Users = r.track.users()
	if left.users > 0 || ctx.Err() != nil {
		s.Stopped = stopReason(ctx)
	}
	return s, err
}

func stopReason(ctx context.Context) string {
	if cause := context.Cause(ctx); cause != nil {
		return cause.Error()
	}
	return "stopped"
}

// markDigits is how much of a tag is the run's.
const markDigits = 4

func randomTags() func() string {
	random := func() string {
		var b [markDigits / 2]byte
		rand.Read(b[:]) // never fails
		return hex.EncodeToString(b[:])
	}
	mark := random()
	return func() string { return mark + random() }
}
