// Package report counts what a cleanup run did and tells it: to people as a
// table with a progress line, to machines as JSON, and to CloudWatch as one log
// record with embedded metrics.
package report

import (
	"sync"

	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// Counts are the numbers of a run, or of a part of one.
type Counts struct {
	Users      int64 // workspaces looked at completely
	Scanned    int64 // thread files looked at
	Kept       int64 // of these, in use recently enough
	Compressed int64
	Deleted    int64
	Archived   int64 // workspaces
	Finished   int64 // files that a run had moved aside, now removed
	Restored   int64 // files that were changed after they had been moved aside and have their name back
	Recovered  int64 // the same, under a new name because theirs was taken
	BytesSaved int64 // freed; a compressed thread counts once its original is gone
	BytesDue   int64 // size of what was compressed, deleted or archived (in a dry run: would be)
	Skipped    [policy.ReasonCount]int64
}

// Skip counts something that was left alone for a reason.
func (c *Counts) Skip(r policy.Reason) { c.Skipped[r]++ }

// SkippedTotal is the sum over all reasons.
func (c *Counts) SkippedTotal() int64 {
	var sum int64
	for _, n := range c.Skipped {
		sum += n
	}
	return sum
}

func (c *Counts) add(o *Counts) {
	c.Users += o.Users
	c.Scanned += o.Scanned
	c.Kept += o.Kept
	c.Compressed += o.Compressed
	c.Deleted += o.Deleted
	c.Archived += o.Archived
	c.Finished += o.Finished
	c.Restored += o.Restored
	c.Recovered += o.Recovered
	c.BytesSaved += o.BytesSaved
	c.BytesDue += o.BytesDue
	for r, n := range o.Skipped {
		c.Skipped[r] += n
	}
}

// Tally sums up Counts from many goroutines.
type Tally struct {
	mu  sync.Mutex
	sum Counts
}

// Add merges the counts of one piece of work.
func (t *Tally) Add(c Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.add(&c)
}

// Sum returns the counts so far.
func (t *Tally) Sum() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}
