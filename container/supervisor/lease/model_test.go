package lease_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/container/supervisor/lease"
)

// history is everything that happens to the tasks of one service, and who asks for the session when.
type history struct {
	Tasks   []taskPlan
	Paces   []time.Duration // of each task's requests
	Seed    uint64
	Slowest time.Duration // of an ordinary call of the file system
}

type request struct {
	At   time.Duration
	Task int
}

const (
	horizon    = 2 * time.Minute
	servedIn   = 20 * time.Second
	killIn     = 500 * time.Millisecond // how long processes take to die once the lease is lost
	askAgainIn = time.Second
)

func drawWindows(t *rapid.T, label string, longest time.Duration) []window {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) window {
		from := drawTime(t, 0, horizon, "from")
		return window{From: from, To: from + drawTime(t, time.Second, longest, "length")}
	}), 0, 2).Draw(t, label)
}

func drawTime(t *rapid.T, from, to time.Duration, label string) time.Duration {
	return time.Duration(rapid.Int64Range(int64(from/time.Millisecond), int64(to/time.Millisecond)).Draw(t, label)) * time.Millisecond
}

func drawHistory(t *rapid.T) history {
	h := history{
		Seed:    rapid.Uint64().Draw(t, "seed"),
		Slowest: drawTime(t, time.Millisecond, 700*time.Millisecond, "slowest"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "tasks") {
		plan := taskPlan{
			Start: drawTime(t, 0, horizon/3, "start"), End: horizon,
			Speed:  rapid.Float64Range(0.95, 1.05).Draw(t, "speed"),
			Offset: drawTime(t, 0, 24*time.Hour, "offset"),
			Paused: drawWindows(t, "paused", 40*time.Second),
			Hangs:  drawWindows(t, "hangs", 60*time.Second),
			Fails:  drawWindows(t, "fails", 30*time.Second),
			Newer:  rapid.Bool().Draw(t, "newer"),
		}
		switch rapid.IntRange(0, 2).Draw(t, "end") {
		case 0:
			plan.Crash = drawTime(t, plan.Start, horizon, "crash")
		case 1:
			plan.End = drawTime(t, plan.Start, horizon, "stop")
		}
		h.Tasks = append(h.Tasks, plan)
	}
	for range h.Tasks {
		h.Paces = append(h.Paces, drawTime(t, time.Second, 20*time.Second, "pace"))
	}
	return h
}

// play is one run of a history.
type play struct {
	history
	zero   time.Time
	server *nfsServer
	hosts  []*host

	mu     sync.Mutex
	faults []string
	kept   bool // somebody could not tell the file system that its lease is given up
}

// end gives a lease up.
func (p *play) end(l *lease.Lease) {
	if l.End() != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.kept = true
	}
}

func (p *play) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fmt.Sprintf("%8s ", time.Since(p.zero).Round(time.Millisecond))+fmt.Sprintf(format, args...))
}

// host is a task with the part of the supervisor that matters here: it runs a session's processes while it holds the lease.
type host struct {
	*task
	play   *play
	keeper *lease.Keeper
	name   string

	mu      sync.Mutex
	running *lease.Lease // whose processes may write
	since   time.Duration
	stopped bool
}

func (h *host) up() bool {
	return h.now() >= h.plan.Start && h.ctx.Err() == nil && !h.isStopped()
}

func (h *host) isStopped() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopped || h.now() >= h.plan.End
}

// serve runs the session's processes until the lease is lost, the task stops, or it dies.
func (h *host) serve(l *lease.Lease) {
	h.mu.Lock()
	if h.running == l {
		h.mu.Unlock()
		return
	}
	if h.stopped || h.now() >= h.plan.End || !l.Held() {
		h.mu.Unlock()
		h.play.end(l)
		return
	}
	h.running, h.since = l, h.now()
	h.mu.Unlock()
	h.play.checkAlone()
	go func() {
		stop := time.NewTimer(max(0, h.plan.End-h.now()))
		defer stop.Stop()
		select {
		case <-l.Lost():
			if !h.troubled(h.since) {
				h.play.fault("%s lost its session although nothing was wrong", h.name)
			}
		case <-stop.C:
		case <-h.ctx.Done():
		}
		if h.gate() == nil {
			_ = h.Sleep(context.Background(), killIn)
		}
		h.mu.Lock()
		h.running, h.stopped = nil, h.stopped || h.now() >= h.plan.End
		h.mu.Unlock()
		if h.ctx.Err() == nil {
			h.play.end(l)
		}
	}()
}

// troubled says whether anything was wrong with the task since a time, with what a renewal needs before it.
func (h *host) troubled(since time.Duration) bool {
	for _, w := range slices.Concat(h.plan.Paused, h.plan.Hangs, h.plan.Fails) {
		if w.To > since-lease.GiveUpAfter && w.From <= h.now() {
			return true
		}
	}
	return h.plan.Crash != 0 && h.now() >= h.plan.Crash
}

// checkAlone is the rule that matters: of two tasks that are both going on, only one has processes that may write. A task that is stopped
// as a whole writes nothing; when it goes on, its processes have killIn to die.
func (p *play) checkAlone() {
	var writing []string
	for _, h := range p.hosts {
		h.mu.Lock()
		running := h.running != nil
		h.mu.Unlock()
		if running && h.ctx.Err() == nil && !h.justPaused() {
			writing = append(writing, h.name)
		}
	}
	if len(writing) > 1 {
		p.fault("%v all write", writing)
	}
}

// justPaused says that the task is stopped, or goes on since so short a time that its processes are being killed.
func (h *host) justPaused() bool {
	return slices.ContainsFunc(h.plan.Paused, func(w window) bool {
		return window{From: w.From, To: w.To + 2*killIn}.has(h.now())
	})
}

// ask is one request: it goes to a task, which answers itself, or forwards it to the owner, or waits.
func (p *play) ask(r request) {
	time.Sleep(r.At)
	h := p.hosts[r.Task]
	if !h.up() {
		return
	}
	for time.Since(p.zero) < horizon+time.Minute {
		if h.gate() != nil || !h.up() {
			return // whoever asked loses the connection, and the load balancer turns to another task
		}
		ctx, cancel := context.WithTimeout(h.ctx, 5*time.Second)
		found, err := h.keeper.Claim(ctx, "ada")
		cancel()
		switch {
		case err != nil:
		case found.Lease != nil:
			h.serve(found.Lease)
			if found.Lease.Held() {
				p.checkServed(h, r)
				return
			}
		case p.answers(found.Owner):
			p.checkServed(h, r)
			return
		}
		if h.Sleep(h.ctx, askAgainIn) != nil {
			return
		}
	}
	p.fault("the request of %s at %s was never answered", h.name, r.At)
}

// answers says whether the owner that a lease names takes a forwarded request.
func (p *play) answers(owner *lease.Owner) bool {
	for _, h := range p.hosts {
		if h.name == owner.Record.Task {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.running != nil && h.running.Held() && h.ctx.Err() == nil &&
				!slices.ContainsFunc(h.plan.Paused, func(w window) bool { return w.has(h.now()) })
		}
	}
	return false
}

// checkServed holds the bounds of a request's wait. After the owner's death somebody has to watch its lease stand still; after its release,
// or where nothing happened, nobody has to. Where a file system hangs or a task is stopped, a wait is as long as that.
func (p *play) checkServed(h *host, r request) {
	took := time.Since(p.zero) - r.At
	bound := 2*askAgainIn + killIn
	for _, other := range p.hosts {
		for _, w := range slices.Concat(other.plan.Paused, other.plan.Hangs, other.plan.Fails) {
			if w.To+lease.StandstillAfter+lease.GiveUpAfter > r.At && w.From < r.At+took {
				return
			}
		}
		if at := other.plan.Crash; at != 0 && at < r.At+took { // however long ago: perhaps nobody has looked since
			bound = servedIn
		}
	}
	p.mu.Lock()
	if p.kept { // nor may anybody have looked since then
		bound = servedIn
	}
	p.mu.Unlock()
	if calls := 12 * p.Slowest; took > bound+calls { // the file system's own calls come on top
		p.fault("the request of %s at %s took %s, not %s", h.name, r.At, took, bound+calls)
	}
}

func newPlay(h history) *play {
	p := &play{history: h, zero: time.Now(), server: &nfsServer{files: map[string][]byte{}}}
	for i, plan := range h.Tasks {
		ctx, crash := context.WithCancel(context.Background())
		random := rand.New(rand.NewPCG(h.Seed, uint64(i)))
		var mu sync.Mutex
		t := &task{plan: plan, zero: p.zero, ctx: ctx, crash: crash, draws: func() (time.Duration, time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			slowest := int64(h.Slowest)/2 + 1
			return time.Duration(random.Int64N(slowest)), time.Duration(random.Int64N(slowest))
		}}
		name := fmt.Sprintf("task-%d", i)
		p.hosts = append(p.hosts, &host{
			task: t, play: p, name: name,
			keeper: lease.NewKeeper(ctx, newNFSClient(p.server, t), t, lease.Identity{Task: name, Instance: name, Address: name + ":8079"}),
		})
	}
	return p
}

func (p *play) run() []string {
	var group sync.WaitGroup
	for _, h := range p.hosts {
		group.Go(func() {
			if h.plan.Crash != 0 {
				time.Sleep(h.plan.Crash)
				h.crash()
			}
		})
	}
	for i, pace := range p.Paces {
		for at := pace / 2; at < horizon; at += pace {
			group.Go(func() { p.ask(request{At: at, Task: i}) })
		}
	}
	for at := time.Duration(0); at < horizon; at += 250 * time.Millisecond {
		time.Sleep(250 * time.Millisecond)
		p.checkAlone()
	}
	group.Wait()
	for _, h := range p.hosts {
		h.keeper.Close()
		h.crash()
	}
	time.Sleep(2 * time.Minute) // what is under way at the server
	return p.faults
}

// histories is how many a case of the property holds: a thousand in all where a property has 100 cases, and 10⁵ where it has the 3,000 of
// `make soak`.
func histories(t *testing.T) int {
	t.Helper()
	const each, most, soaks = 10, 34, 1000
	checks := flag.Lookup("rapid.checks")
	require.NotNil(t, checks)
	if n, err := strconv.Atoi(checks.Value.String()); err == nil && n >= soaks {
		return most
	}
	return each
}

func TestOwnershipInAnyHistory(t *testing.T) {
	t.Parallel()
	n := histories(t)
	rapid.Check(t, func(rt *rapid.T) {
		for range n {
			h := drawHistory(rt)
			var faults []string
			synctest.Test(t, func(*testing.T) { faults = newPlay(h).run() })
			if len(faults) > 0 {
				rt.Fatalf("%v", faults)
			}
		}
	})
}

// TestAReaderThatTrustsStatIsCaught: the property would notice if leases were read as their attributes allow, and not by opening them. What
// such a reader sees stand still moves on.
func TestAReaderThatTrustsStatIsCaught(t *testing.T) {
	t.Parallel()
	for _, trusts := range []bool{false, true} {
		reader := taskPlan{Start: 5 * time.Second, End: horizon, Speed: 1, TrustsStat: trusts}
		h := history{
			Tasks: []taskPlan{{End: horizon, Speed: 1}, reader}, Paces: []time.Duration{time.Second, time.Second}, Slowest: time.Millisecond,
		}
		var faults []string
		synctest.Test(t, func(*testing.T) { faults = newPlay(h).run() })
		require.Equal(t, trusts, len(faults) > 0, "a reader that trusts: %t; faults: %v", trusts, faults)
	}
}
