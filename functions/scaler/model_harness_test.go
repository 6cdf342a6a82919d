package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

const (
	priorityBase      = 100
	functionTimeout   = 29 * time.Second
	idle              = 5 * time.Minute
	tickInterval      = time.Minute
	maxCallsAsleep    = 6
	maxCallsAwake     = 8
	maxCallsGivingUp  = 10
	longestInvocation = 25 * time.Second
)

var (
	errThrottled = errors.New("ThrottlingException: rate exceeded")
	errCrashed   = errors.New("the invocation has ended")
)

// harness is one run: the account, the function, and what was seen.
type harness struct {
	scenario *scenario
	account  *scalertest.Account
	api      *scalertest.API
	handler  *requests.Handler
	began    time.Time
	over     chan struct{}
	actors   sync.WaitGroup

	mu          sync.Mutex
	violations  []string
	invocations int
	running     int
	// lastAsk, lastServed, lastFault and lastReady are when somebody last asked for the service, was served by it, when
	// something last went wrong, and when the service last became ready.
	lastAsk, lastServed, lastFault, lastReady time.Time
	protectedUntil                            time.Time
	// troubled marks the times in which tasks cannot start or pass their checks.
	troubledUntil time.Time
	// wakes and sleeps are the moments at which the function asked for a task, and for none.
	wakes, sleeps []time.Time
	// served and unserved count requests by what the load balancer did with them; redirected those that met the waker
	// after the service had been ready.
	served, unserved, redirected int
}

// run plays a scenario and returns what went against the rules.
func run(t *testing.T, s *scenario) []string {
	t.Helper()
	return runWith(t, s, func(*harness) {})
}

// runWith is run for a caller that wants to see more.
func runWith(t *testing.T, s *scenario, see func(*harness)) []string {
	t.Helper()
	var violations []string
	synctest.Test(t, func(*testing.T) {
		h := newHarness(s)
		h.play()
		violations = h.violations
		see(h)
	})
	return violations
}

func newHarness(s *scenario) *harness {
	h := &harness{scenario: s, began: time.Now(), over: make(chan struct{})}
	h.account = scalertest.New(s.Timing, decide.Layout{Base: priorityBase}, h.began, s.Seed)
	h.account.OnStop = h.checkStop
	h.api = scalertest.NewAPI(h.account, time.Now, h.call)
	h.handler = modelHandler(h.api)
	return h
}

// modelHandler is the function in front of a simulated account.
func modelHandler(api *scalertest.API) *requests.Handler {
	return newHandler(&config.Config{
		Cluster: scalertest.Cluster, Service: scalertest.Service, RuleARN: scalertest.RuleARN, APIGroupARN: scalertest.APIGroupARN,
		PreviewGroupARN: scalertest.PreviewGroupARN, PriorityBase: priorityBase, Idle: idle,
	}, &surroundings{
		ECS: api, ELB: api, CloudWatch: api, Log: slog.New(slog.DiscardHandler), Metrics: io.Discard,
	})
}

func (h *harness) play() {
	offset := 100 * time.Microsecond
	begin := func(act func()) {
		offset += 137 * time.Microsecond
		time.Sleep(offset)
		h.actors.Go(act)
	}
	if hopeless(&h.scenario.Timing) {
		h.trouble(busy + quietTail)
	}
	begin(h.tick)
	begin(h.watch)
	for i := range h.scenario.Sessions {
		begin(func() { h.playSession(&actor{name: fmt.Sprint("session", i)}, &h.scenario.Sessions[i]) })
	}
	for i := range h.scenario.Tabs {
		begin(func() { h.playTab(&actor{name: fmt.Sprint("tab", i)}, &h.scenario.Tabs[i]) })
	}
	for i := range h.scenario.Disturb {
		begin(func() { h.disturb(&h.scenario.Disturb[i]) })
	}
	time.Sleep(busy + quietTail)
	h.checkAsleep()
	close(h.over)
	h.actors.Wait()
}

// wait sleeps, or returns false when the run is over.
func (h *harness) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-h.over:
		return false
	}
}

// violate notes something that must not be.
func (h *harness) violate(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violations = append(h.violations, fmt.Sprintf("%s: %s", time.Since(h.began).Round(time.Millisecond), fmt.Sprintf(format, args...)))
}

// note updates what was seen.
func (h *harness) note(update func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	update()
}

// actor is one of those who call the function. Each acts at moments of its own, and has chances of its own, so that a
// scenario plays the same way every time.
type actor struct {
	name  string
	calls int
}

// invocation is one call of the function.
type invocation struct {
	name  string
	mu    sync.Mutex
	calls int
	// counts of each operation, so that chance does not depend on which of two calls side by side comes first.
	counts map[string]int
	dead   bool
	failed bool
}

type invocationKey struct{}

// invoke runs the function once.
func (h *harness) invoke(a *actor, payload string) (*requests.Response, *invocation, error) {
	a.calls++
	inv := &invocation{name: fmt.Sprint(a.name, a.calls), counts: map[string]int{}}
	h.note(func() {
		h.invocations++
		h.running++
	})
	defer h.note(func() { h.running-- })
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), invocationKey{}, inv), functionTimeout)
	defer cancel()
	response, err := h.handler.Handle(ctx, []byte(payload))
	if inv.dead {
		return nil, inv, errCrashed
	}
	if took := time.Since(began); took > longestInvocation && !inv.failed {
		h.violate("invocation took %s: %s", took, payload)
	}
	return response, inv, err
}

// chance is a number from 0 to 99 that depends on the seed and on what for.
func (h *harness) chance(inv *invocation, what string) int {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, h.scenario.Seed, inv.name, what)
	return int(sum.Sum64() % 100)
}

// call is what the simulated API does around each call: latency, and faults.
func (h *harness) call(ctx context.Context, operation string, before bool) error {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	inv.mu.Lock()
	if before {
		inv.calls++
		inv.counts[operation]++
	}
	which := fmt.Sprint(operation, inv.counts[operation], before)
	dead := inv.dead
	inv.mu.Unlock()
	if dead {
		return errCrashed
	}
	time.Sleep(time.Duration(10_000+h.chance(inv, "latency"+which)*497) * time.Microsecond)
	if before {
		h.observeCall(operation)
	}
	return h.fault(inv, which)
}

// observeCall keeps track of what the function asks for.
func (h *harness) observeCall(operation string) {
	switch operation {
	case "UpdateService 1":
		h.note(func() { h.wakes = append(h.wakes, time.Now()) })
	case "UpdateService 0":
		h.note(func() { h.sleeps = append(h.sleeps, time.Now()) })
		h.checkGivenUp()
	}
}

// fault lets a call fail, or end its invocation, if it falls into a window of faults. Failing before the call has no
// effect; failing after it means that the effect was there and the answer was lost.
func (h *harness) fault(inv *invocation, which string) error {
	at := time.Since(h.began)
	for _, window := range h.scenario.Faults {
		if at < window.At || at >= window.At+window.For || h.chance(inv, "fault"+which) >= window.Percent {
			continue
		}
		h.note(func() { h.lastFault = time.Now() })
		inv.mu.Lock()
		defer inv.mu.Unlock()
		inv.failed = true
		if h.chance(inv, "crash"+which) < 40 {
			inv.dead = true
			return errCrashed
		}
		return errThrottled
	}
	return nil
}

// tickEvent is a schedule's event.
const tickEvent = `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`

// tick calls the function every minute, as far as the scenario lets it.
func (h *harness) tick() {
	if !h.wait(h.scenario.TickPhase) {
		return
	}
	for n := 0; ; n++ {
		switch fault := h.scenario.Ticks[n]; fault {
		case tickLost:
			h.note(func() { h.lastFault = time.Now() })
		case tickTwice:
			h.actors.Go(func() { h.tickOnce(&actor{name: fmt.Sprint("tick", n)}) })
			time.Sleep(time.Millisecond)
			h.actors.Go(func() { h.tickOnce(&actor{name: fmt.Sprint("again", n)}) })
		default:
			h.actors.Go(func() { h.tickOnce(&actor{name: fmt.Sprint("tick", n)}) })
		}
		if !h.wait(tickInterval) {
			return
		}
	}
}

func (h *harness) tickOnce(a *actor) {
	before := h.snapshot()
	_, inv, err := h.invoke(a, tickEvent)
	if err != nil && !inv.failed {
		h.violate("a tick failed without a fault: %v", err)
	}
	if err == nil {
		h.checkTick(before, inv)
	}
}

// requestEvent is a load balancer's event for a GET.
func requestEvent(path string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"requestContext":{"elb":{"targetGroupArn":"tg"}},"httpMethod":"GET","path":%q,"multiValueHeaders":{`, path)
	headers = append(headers, "user-agent", "Mozilla/5.0")
	for i := 0; i+1 < len(headers); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%q:[%q]`, headers[i], headers[i+1])
	}
	b.WriteString("}}")
	return b.String()
}
