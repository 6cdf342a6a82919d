package lease_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// nfsServer is a file server as its clients see it: what it has applied is true for everybody, whenever they were told.
type nfsServer struct {
	mu    sync.Mutex
	files map[string][]byte

	silly atomic.Int64 // numbers the names that clients give to what they remove while it is open: no two are the same
}

// nameCache is how long a client remembers that a name was not there, or what a directory held. Linux keeps a directory's attributes for
// 30 to 60 s (nfs(5): acdirmin, acdirmax).
const nameCache = 30 * time.Second

// attributeCache is how long Linux may believe a regular file's attributes without asking (nfs(5): acregmax; it begins with 3 s, acregmin,
// and gets longer while they are found unchanged).
const attributeCache = 60 * time.Second

var errCrashed = errors.New("the machine is gone")

// nfsClient is one machine's mount: it delays, hangs, fails, and remembers names.
type nfsClient struct {
	server *nfsServer
	task   *task

	mu      sync.Mutex
	missing map[string]time.Time // since when a name is remembered as missing
	listing []string
	listed  time.Time
	open    map[string]int      // how many have a name open here
	silly   map[string]string   // what a name that was removed while it was open here is called until it is closed
	kept    map[string]keptOpen // files that a reader who trusts attributes has open all the time
}

// keptOpen is what a client has in its page cache of a file that is open.
type keptOpen struct {
	content []byte
	since   time.Time
}

func newNFSClient(server *nfsServer, t *task) *nfsClient {
	return &nfsClient{
		server: server, task: t, missing: map[string]time.Time{}, open: map[string]int{}, silly: map[string]string{},
		kept: map[string]keptOpen{},
	}
}

// opened and closed are the ends of the time in which a name is open here. The last to close a name that was removed meanwhile takes its
// silly name away; a machine that dies leaves it for ever.
func (c *nfsClient) opened(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[name]++
}

func (c *nfsClient) closed(name string) {
	c.mu.Lock()
	c.open[name]--
	silly := c.silly[name]
	last := c.open[name] == 0
	if last {
		delete(c.silly, name)
	}
	c.mu.Unlock()
	if last && silly != "" && c.task.ctx.Err() == nil {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		delete(c.server.files, silly)
	}
}

// remembered is what a reader who trusts attributes sees: the page cache, as long as it believes that nothing has changed.
func (c *nfsClient) remembered(name string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	file, ok := c.kept[name]
	return slices.Clone(file.content), ok && c.task.plan.TrustsStat && time.Since(file.since) < attributeCache
}

func (c *nfsClient) remember(name string, content []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[name] = keptOpen{slices.Clone(content), time.Now()}
}

// call is one request to the server: it is applied some time after it was sent, and its answer comes some time after that. A machine that
// dies meanwhile does not take its request back.
func (c *nfsClient) call(apply func() error) error {
	if err := c.task.gate(); err != nil {
		return err
	}
	before, after, failure := c.task.delays()
	if failure != nil {
		return failure
	}
	done := make(chan error, 1)
	go func() {
		time.Sleep(before)
		c.server.mu.Lock()
		err := apply()
		c.server.mu.Unlock()
		time.Sleep(after)
		done <- err
	}()
	select {
	case err := <-done:
		if gone := c.task.gate(); gone != nil {
			return gone
		}
		return err
	case <-c.task.ctx.Done():
		return errCrashed
	}
}

func (c *nfsClient) Read(name string) (content []byte, err error) {
	c.mu.Lock()
	since, ok := c.missing[name]
	c.mu.Unlock()
	if ok && time.Since(since) < nameCache {
		return nil, fs.ErrNotExist
	}
	if known, ok := c.remembered(name); ok {
		return known, nil
	}
	c.opened(name)
	defer c.closed(name)
	err = c.call(func() error {
		data, ok := c.server.files[name]
		if !ok {
			return fs.ErrNotExist
		}
		content = slices.Clone(data)
		if c.task.plan.Newer {
			content = understand(content)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.mu.Lock()
		c.missing[name] = time.Now()
		c.mu.Unlock()
	case err == nil:
		c.remember(name, content)
	}
	return content, err
}

func (c *nfsClient) Create(name string, content []byte) error {
	return c.change(name, func() error {
		if _, ok := c.server.files[name]; ok {
			return fs.ErrExist
		}
		c.server.files[name] = nil
		return nil
	}, content)
}

// What tasks of another version write, which understand both, and what they have read of it. A record keeps its length.
const (
	ourVersion   = `{"version":1,`
	newerVersion = `{"version":9,"colour":"green",`
)

func rename(content []byte, from, to string) []byte {
	rest, ok := bytes.CutPrefix(content, []byte(from))
	if !ok {
		return content
	}
	out := append([]byte(to), bytes.TrimRight(rest, " \n")...)
	return append(append(out, bytes.Repeat([]byte(" "), len(content)-1-len(out))...), '\n')
}

func understand(content []byte) []byte { return rename(content, newerVersion, ourVersion) }

// change opens, and then writes in a call of its own, as NFS does.
func (c *nfsClient) change(name string, open func() error, content []byte) error {
	if c.task.plan.Newer {
		content = rename(content, ourVersion, newerVersion)
	}
	err := c.call(open)
	c.forget(name)
	if err != nil {
		return err
	}
	return c.call(func() error {
		if _, ok := c.server.files[name]; !ok {
			return fs.ErrNotExist // stale handle
		}
		c.server.files[name] = slices.Clone(content)
		return nil
	})
}

func (c *nfsClient) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.missing, name)
	c.listed = time.Time{}
}

func (c *nfsClient) Rewrite(name string, content []byte) error {
	return c.change(name, func() error {
		if _, ok := c.server.files[name]; !ok {
			c.server.files[name] = nil
		}
		return nil
	}, content)
}

func (c *nfsClient) Remove(name string) error {
	defer c.forget(name)
	c.mu.Lock()
	silly := ""
	if c.open[name] > 0 {
		silly = fmt.Sprintf(".nfs%024x", c.server.silly.Add(1))
		c.silly[name] = silly
	}
	c.mu.Unlock()
	return c.call(func() error {
		if content, ok := c.server.files[name]; ok && silly != "" {
			c.server.files[silly] = content
		}
		delete(c.server.files, name)
		return nil
	})
}

func (c *nfsClient) List() ([]string, error) {
	c.mu.Lock()
	if !c.listed.IsZero() && time.Since(c.listed) < nameCache {
		defer c.mu.Unlock()
		return c.listing, nil
	}
	c.mu.Unlock()
	var names []string
	err := c.call(func() error {
		names = slices.Collect(maps.Keys(c.server.files))
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.listing, c.listed = names, time.Now()
	c.mu.Unlock()
	return names, nil
}

// window is a span of the scenario's time.
type window struct{ From, To time.Duration }

func (w window) has(at time.Duration) bool { return w.From <= at && at < w.To }

// task is one machine with its faults, all known beforehand.
type task struct {
	plan  taskPlan
	zero  time.Time
	ctx   context.Context
	crash context.CancelFunc
	draws func() (before, after time.Duration)
}

// taskPlan is what happens to a task.
type taskPlan struct {
	Start, End time.Duration // it starts, and is stopped in peace unless it crashed before
	Crash      time.Duration // 0: never
	Paused     []window      // stopped as a whole
	Hangs      []window      // the file system does not answer
	Fails      []window      // the file system answers with errors
	Speed      float64       // of its clock
	Offset     time.Duration // of its clock
	TrustsStat bool          // its supervisor keeps leases open, and reads one again only when its attributes say so: no supervisor does
	Newer      bool          // its image writes leases of a version that the others don't know
}

func (t *task) now() time.Duration { return time.Since(t.zero) }

// gate holds a stopped machine up, and ends a dead one.
func (t *task) gate() error {
	for {
		if t.ctx.Err() != nil {
			return errCrashed
		}
		i := slices.IndexFunc(t.plan.Paused, func(w window) bool { return w.has(t.now()) })
		if i < 0 {
			return nil
		}
		time.Sleep(t.plan.Paused[i].To - t.now())
	}
}

var errIO = errors.New("input/output error")

// delays are those of one call, beginning now.
func (t *task) delays() (before, after time.Duration, err error) {
	before, after = t.draws()
	for _, w := range t.plan.Fails {
		if w.has(t.now()) {
			return 0, 0, errIO
		}
	}
	for _, w := range t.plan.Hangs {
		if w.has(t.now()) { // it is applied at any time of the hang, and answered when that is over
			left := w.To - t.now()
			return min(before*50, left), left, nil
		}
	}
	return before, after, nil
}

// Now and Sleep make a task a lease.Clock: skewed, running on while the machine is stopped, firing only when it goes on.
func (t *task) Now() time.Time {
	return t.zero.Add(t.plan.Offset + time.Duration(float64(t.now())*t.plan.Speed))
}

func (t *task) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(time.Duration(float64(d)/t.plan.Speed) + time.Nanosecond) // rounding must not make time stand still
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.ctx.Done():
		return errCrashed
	case <-timer.C:
		return t.gate()
	}
}
