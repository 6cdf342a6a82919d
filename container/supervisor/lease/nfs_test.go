package lease_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"
)

// nfsServer is a file server as its clients see it: what it has applied is true for everybody, whenever they were told.
type nfsServer struct {
	mu    sync.Mutex
	files map[string][]byte
}

// nameCache is how long a client remembers that a name was not there, or what a directory held. Linux keeps a directory's attributes for
// 30 to 60 s (nfs(5): acdirmin, acdirmax).
const nameCache = 30 * time.Second

var errCrashed = errors.New("the machine is gone")

// nfsClient is one machine's mount: it delays, hangs, fails, and remembers names.
type nfsClient struct {
	server *nfsServer
	task   *task

	mu      sync.Mutex
	missing map[string]time.Time // since when a name is remembered as missing
	listing []string
	listed  time.Time
}

func newNFSClient(server *nfsServer, t *task) *nfsClient {
	return &nfsClient{server: server, task: t, missing: map[string]time.Time{}}
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
	if errors.Is(err, fs.ErrNotExist) {
		c.mu.Lock()
		c.missing[name] = time.Now()
		c.mu.Unlock()
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
	return c.call(func() error {
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
