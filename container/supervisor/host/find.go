package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/busy"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/peer"
	"github.com/webordinary/live-edit/container/supervisor/relay"
)

const (
	// claimPatience is how long one look at the file system may hold a request up; the look goes on.
	claimPatience = 5 * time.Second
	// watchEvery is how often the owner of a session that a request was passed to is asked whether it is there.
	watchEvery = time.Second
	// lastWord is how long a task that has given a session back may take for the requests that it still has; see askAgainMost.
	lastWord = 5 * time.Second
	// loadsKept is how long the answers of the other tasks are used.
	loadsKept = time.Second
	// expectedFor is how long a session counts for the task that it was given to, though that has not told of it.
	expectedFor = 5 * time.Second
	// lookForRoom is how often a task with too many sessions looks for one with fewer.
	lookForRoom = 10 * time.Second
	// faultKept is how long people are told of a fault of the file system.
	faultKept = time.Minute
	// mostUsers is of how many users something is kept: those that somebody has made up are forgotten.
	mostUsers = 10000
)

// place is where a session's requests are answered: here, or by another task.
type place struct {
	own     *session
	address string
	start   bool // the other task is to take the session if nobody owns it
}

var (
	errSilent  = errors.New("the session's owner does not answer")
	errNobody  = errors.New("this task goes, and no other takes the session")
	errBooting = errors.New("the workspaces are not open yet")
	errFiles   = errors.New("the workspaces' file system")
)

// find says where a user's session is, and takes it if nobody has it. An error says why nobody knows yet; whoever asked asks again.
func (h *Host) find(ctx context.Context, user string) (place, error) {
	select {
	case <-h.booted:
	case <-ctx.Done():
		return place{}, errBooting
	}
	h.mu.Lock()
	s, route, count := h.sessions[user], h.routes[user], len(h.sessions)
	h.mu.Unlock()
	switch {
	case s != nil && s.usable():
		return place{own: s}, nil
	case s != nil && !h.aside():
		return place{}, errEnding
	case route != "" && h.client.Alive(ctx, route):
		return place{address: route}, nil
	}
	if h.aside() || count >= h.settings.SessionsPerTask {
		if p, ok := h.elsewhere(ctx, user, count); ok {
			return p, nil
		}
	}
	switch {
	case h.going.Load():
		return place{}, errNobody
	case s != nil: // lost, and its end waits for the file system
		return place{}, errEnding
	}
	return h.claim(ctx, user)
}

// claim asks the leases.
func (h *Host) claim(ctx context.Context, user string) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, claimPatience)
	defer cancel()
	found, err := h.keeper.Claim(ctx, user)
	if err != nil {
		return place{}, h.noteFault(user, err)
	}
	if found.Lease != nil {
		s, err := h.adopt(user, found.Lease)
		return place{own: s}, err
	}
	owner := found.Owner
	if owner.Readable && owner.Record.Address != "" && owner.Record.Address != h.id.Address && h.client.Alive(ctx, owner.Record.Address) {
		h.setRoute(user, owner.Record.Address)
		return place{address: owner.Record.Address}, nil
	}
	h.noteSilent(user, owner)
	if fault := h.faultOf(user); !owner.Readable && fault != nil {
		return place{}, fault // what nobody can read is what this task could not write
	}
	return place{}, fmt.Errorf("%w: %s at %s, whose lease has stood still for %s", errSilent, owner.Record.Task, owner.Record.Address,
		owner.StandsStill.Round(time.Second))
}

func (h *Host) setRoute(user, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if address == "" || address == h.id.Address {
		delete(h.routes, user)
		return
	}
	delete(h.loads.dead, user) // it has an owner that answers
	if len(h.routes) >= mostUsers {
		clear(h.routes)
	}
	h.routes[user] = address
}

// noteFault keeps and logs why a session could not be taken. That a request could not wait any longer is no reason.
func (h *Host) noteFault(user string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	err = fmt.Errorf("%w: %w", errFiles, err)
	now := time.Now()
	h.mu.Lock()
	before, known := h.faults[user]
	if len(h.faults) >= mostUsers {
		clear(h.faults)
	}
	h.faults[user] = fault{err, now}
	h.mu.Unlock()
	if !known || before.err.Error() != err.Error() || now.Sub(before.at) > faultKept {
		h.record.Log.Error("a session can't be taken", "session", user, "error", err)
	}
	return err
}

// faultOf is why a session could not be taken a moment ago.
func (h *Host) faultOf(user string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.faults[user]
	if !ok || time.Since(found.at) > faultKept {
		return nil
	}
	return found.err
}

// fault is one of the workspaces' file system.
type fault struct {
	err error
	at  time.Time
}

// noteSilent keeps of whom a session may be about to be taken over.
func (h *Host) noteSilent(user string, owner *lease.Owner) {
	if owner.StandsStill < lease.GiveUpAfter {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loads.dead[user] = owner.Record.Task
}

// predecessor is the owner that a session was taken over from, if that had died.
func (h *Host) predecessor(user string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	task := h.loads.dead[user]
	delete(h.loads.dead, user)
	return task
}

// loads is what the other tasks have said of themselves.
type loads struct {
	asking sync.Mutex // one round at a time
	at     time.Time
	listed map[string]string    // addresses of the other tasks, by instance
	known  map[string]peer.Load // by address
	dead   map[string]string    // owners that are silent, by user

	expected map[string]expected // by user
}

// others asks every other task what it has to do.
func (h *Host) others(ctx context.Context) map[string]peer.Load {
	h.loads.asking.Lock()
	defer h.loads.asking.Unlock()
	if time.Since(h.loads.at) < loadsKept {
		return h.loads.known
	}
	trusted := h.health.trusted(time.Now())
	if trusted {
		h.list()
	}
	var mu sync.Mutex
	var asked sync.WaitGroup
	known := map[string]peer.Load{}
	for instance, address := range h.loads.listed {
		asked.Go(func() {
			load, err := h.client.Load(ctx, address)
			if trusted {
				h.tasks.Note(instance, err == nil, time.Now())
			}
			if err == nil && load.Instance == instance {
				mu.Lock()
				defer mu.Unlock()
				known[address] = load
			}
		})
	}
	asked.Wait()
	h.loads.at, h.loads.known = time.Now(), h.loads.withExpected(known)
	return h.loads.known
}

// list looks who there is. While the file system hangs or fails, those count that were there before.
func (h *Host) list() {
	var addresses map[string]string
	var err error
	if !waitAtMost(claimPatience, func() { addresses, err = h.tasks.Others() }) {
		return
	}
	if err != nil {
		h.record.Log.Error("the other tasks can't be listed", "error", err)
		return
	}
	h.loads.listed = addresses
}

// remember keeps who there is, for the time when the file system does not tell.
func (h *Host) remember() {
	if !h.isBooted() {
		return
	}
	h.loads.asking.Lock()
	defer h.loads.asking.Unlock()
	h.list()
}

// elsewhere finds the task that has a session already, or one that has fewer than this one and is to take it.
func (h *Host) elsewhere(ctx context.Context, user string, count int) (place, bool) {
	known := h.others(ctx)
	for address, load := range known {
		if slices.Contains(load.Sessions, user) && !load.Going {
			h.setRoute(user, address)
			return place{address: address}, true
		}
	}
	address, load := peer.Least(known)
	if load == nil || len(load.Sessions) >= count && !h.aside() {
		return place{}, false
	}
	h.expect(address, user)
	return place{address: address, start: true}, true
}

// expect counts a session that another task is being given, so that the next one goes elsewhere.
func (h *Host) expect(address, user string) {
	h.loads.asking.Lock()
	defer h.loads.asking.Unlock()
	if h.loads.expected == nil {
		h.loads.expected = map[string]expected{}
	}
	h.loads.expected[user] = expected{address, time.Now()}
	h.loads.known = h.loads.withExpected(h.loads.known)
}

// expected is a session that a task was given and may not have told of yet.
type expected struct {
	address string
	since   time.Time
}

// withExpected adds the sessions that tasks were given a moment ago to what they have said.
func (l *loads) withExpected(said map[string]peer.Load) map[string]peer.Load {
	out := maps.Clone(said) // somebody may be reading it
	for user, e := range l.expected {
		if time.Since(e.since) > expectedFor {
			delete(l.expected, user)
			continue
		}
		if load, ok := out[e.address]; ok && !slices.Contains(load.Sessions, user) {
			load.Sessions = append(slices.Clone(load.Sessions), user)
			out[e.address] = load
		}
	}
	return out
}

// handOver gives one session away that has been silent, if this task has too many and another has room.
func (h *Host) handOver(ctx context.Context) {
	sessions := h.all()
	if len(sessions) <= h.settings.SessionsPerTask || h.going.Load() {
		return
	}
	address, load := peer.Least(h.others(ctx))
	if load == nil || len(load.Sessions)+1 >= len(sessions) {
		return
	}
	now, silent := time.Now(), h.settings.Wall(busy.SilentAfter)
	for _, s := range sessions {
		if !s.usable() || !s.isReady() || now.Sub(s.since) < silent || s.ledger.Within(now, silent) {
			continue
		}
		h.expect(address, s.user)
		s.end("another task has room: " + load.Task)
		if err := h.client.Start(ctx, address, s.user); err != nil {
			s.log.Warn("the other task can't be told to start the session; the next request does", "task", load.Task, "error", err)
		}
		return
	}
}

// startFor takes a session that another task has handed over.
func (h *Host) startFor(user string) {
	go func() {
		const tries, between = 10, 300 * time.Millisecond
		for range tries {
			if h.going.Load() {
				return
			}
			if _, err := h.claim(context.Background(), user); err == nil {
				return
			}
			time.Sleep(between)
		}
	}()
}

// startDefault takes the session that most people will ask for while the load balancer still checks whether the task is there, unless there
// are other tasks: one of them has it, or somebody's else.
func (h *Host) startDefault(ctx context.Context) {
	if len(h.others(ctx)) > 0 {
		return
	}
	if _, err := h.claim(ctx, h.settings.User); err != nil {
		h.record.Log.Info("the default session does not start yet", "session", h.settings.User, "because", err.Error())
	}
}

// watch looks after a request that another task answers. When that task is gone, and its lease has stood still, the session is taken over
// and the request called back after grace.
func (h *Host) watch(ctx context.Context, p watched, callBack context.CancelCauseFunc) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for moved := false; !moved; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if h.client.Alive(ctx, p.address) || h.going.Load() {
			continue
		}
		now, err := h.claim(ctx, p.user)
		moved = err == nil && now.address != p.address
	}
	select {
	case <-ctx.Done():
	case <-time.After(p.grace):
		callBack(errMoved)
	}
}

// watched is a request that another task answers.
type watched struct {
	user, address string
	grace         time.Duration
}

// graceOf is how long a request is left with a task that has given the session back. What only reads is asked again at once. What writes
// can't be, unless that task still says that it has not acted on it, which it does until it has ended.
func graceOf(r *http.Request) time.Duration {
	if relay.Safe(r.Method) {
		return 0
	}
	return lastWord
}
