// Package host is the supervisor of one task: it owns the container's ports, decides with the other tasks who owns which session, runs the
// sessions that are its own, and passes requests on for the others.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/busy"
	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/peer"
	"github.com/webordinary/live-edit/container/supervisor/protect"
	"github.com/webordinary/live-edit/container/supervisor/task"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
)

// Host is the state of a supervisor.
type Host struct {
	settings *config.Settings
	file     *config.File
	record   *telemetry.Recorder
	began    time.Time
	health   health
	poke     chan struct{} // work may have begun
	busyURL  string        // where processes say that they are busy; set before anything runs
	gate     *gate         // nil where nobody is asked who he is; set before anything runs

	booted   chan struct{} // closed when what follows is set
	unpacked string        // the task's directory on its disk; empty where nothing is unpacked
	id       lease.Identity
	state    *os.Root
	leases   lease.Dir
	keeper   *lease.Keeper
	client   *peer.Client
	tasks    *peer.Directory
	peers    *peer.Server

	going atomic.Bool
	woken sync.Once // the task's first preview has answered

	mu       sync.Mutex
	sessions map[string]*session
	routes   map[string]string // address of the owner of a user's session, as it was last known
	loads    loads
	faults   map[string]fault // why users' sessions could not be taken
}

// New returns a host that has not begun.
func New(settings *config.Settings, file *config.File, record *telemetry.Recorder) *Host {
	return &Host{
		settings: settings, file: file, record: record, began: time.Now(), poke: make(chan struct{}, 1), booted: make(chan struct{}),
		sessions: map[string]*session{}, routes: map[string]string{}, health: health{good: time.Now()},
		loads: loads{dead: map[string]string{}}, faults: map[string]fault{},
	}
}

// Run serves until ctx ends, and then gives everything back. Listening is the first thing it does.
func (h *Host) Run(ctx context.Context) error {
	var err error
	if h.settings.Auth != nil {
		if h.gate, err = openGate(h.settings); err != nil {
			return err
		}
	}
	servers, err := h.listen(ctx)
	if err != nil {
		return err
	}
	h.record.Log.Info("listening", "after", time.Since(h.began).String(), "client", h.settings.Client)
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // what still works while the task goes
	defer end()
	var helpers sync.WaitGroup
	helpers.Go(func() { h.boot(life) })
	helpers.Go(func() { h.watchFiles(life) })
	guard := &protect.Guard{Agent: h.settings.Agent, Log: h.record.Log, Busy: h.busy, Wall: h.settings.Wall, Poke: h.poke}
	guarded, unguard := context.WithCancel(life)
	helpers.Go(func() { guard.Run(guarded) })
	<-ctx.Done()
	unguard()
	h.leave()
	err = servers.close()
	end()
	if h.isBooted() {
		h.keeper.Close()
	}
	const tidy = 2 * time.Second // a file system that hangs keeps no task from ending
	waitAtMost(tidy, func() { helpers.Wait(); h.closePacks() })
	h.record.Flush()
	h.record.Log.Info("gone", "after", time.Since(h.began).String())
	return err
}

// waitAtMost waits for something that may hang.
func waitAtMost(d time.Duration, what func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		what()
	}()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

func (h *Host) isBooted() bool {
	select {
	case <-h.booted:
		return true
	default:
		return false
	}
}

// boot finds out who this task is and opens the file system, however long that takes, and then keeps what has to be kept.
func (h *Host) boot(ctx context.Context) {
	const again = time.Second
	id, err := task.Identify(ctx, h.settings)
	if err != nil {
		h.record.Log.Error("this task does not know all of itself", "error", err)
	}
	for {
		if err = h.open(ctx, id); err == nil {
			break
		}
		h.record.Log.Error("the workspaces can't be opened", "path", h.settings.Workspace, "error", err)
		if (lease.SystemClock{}).Sleep(ctx, again) != nil {
			return
		}
	}
	close(h.booted)
	h.record.Log.Info("booted", "task", id.Task, "instance", id.Instance, "address", id.Address, "after", time.Since(h.began).String())
	go h.startDefault(ctx)
	h.keep(ctx)
}

func (h *Host) open(ctx context.Context, id lease.Identity) error {
	const mode = 0o750
	if _, err := os.Stat(h.settings.Workspace); err != nil {
		return fmt.Errorf("is it mounted? %w", err)
	}
	if err := os.MkdirAll(h.settings.State(), mode); err != nil {
		return err
	}
	if err := h.openPacks(); err != nil {
		h.record.Log.Warn("what is installed stays on the file system", "error", err)
	}
	state, err := os.OpenRoot(h.settings.State())
	if err != nil {
		return err
	}
	token, err := peer.Token(state)
	if err != nil {
		return errors.Join(err, state.Close())
	}
	tasks, err := peer.OpenDirectory(state, id)
	if err != nil {
		return errors.Join(err, state.Close())
	}
	leases, err := lease.OpenDir(h.settings.State() + "/leases")
	if err != nil {
		return errors.Join(err, state.Close())
	}
	h.id, h.state, h.leases, h.tasks = id, state, leases, tasks
	h.keeper = lease.NewKeeper(ctx, leases, lease.SystemClock{}, id)
	h.client = peer.NewClient(token, h.settings.Listen)
	h.peers = &peer.Server{
		Token: token, Load: h.load, Owns: func(user string) bool { return h.own(user) != nil }, Start: h.startFor, Serve: h.servePassed,
	}
	return tasks.Enter()
}

// keep does what has to be done again and again.
func (h *Host) keep(ctx context.Context) {
	minute, look := time.NewTicker(time.Minute), time.NewTicker(h.settings.Wall(lookForRoom))
	defer minute.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-minute.C:
			if h.going.Load() {
				continue
			}
			if err := h.tasks.Enter(); err != nil {
				h.record.Log.Error("the other tasks can't be told of this one", "error", err)
			}
			h.count()
		case <-look.C:
			h.handOver(ctx)
		}
	}
}

// count writes the minute's metrics.
func (h *Host) count() {
	for _, s := range h.all() {
		h.record.Count(telemetry.MetricSessions, 1)
		if s.ledger.Within(time.Now(), h.settings.Wall(time.Minute)) {
			h.record.Count(telemetry.MetricBusyMinutes, 1)
		}
		if s.status().State == stateFailing {
			h.record.Count(telemetry.MetricFailures, 1)
		}
	}
	h.record.Flush()
}

// busy says whether somebody is at work in a session of this task.
func (h *Host) busy() bool {
	now := time.Now()
	return !h.going.Load() && slices.ContainsFunc(h.all(), func(s *session) bool {
		return s.ledger.Within(now, h.settings.Wall(busy.ProtectFor))
	})
}

// all are the sessions of this task.
func (h *Host) all() []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*session, 0, len(h.sessions))
	for _, s := range h.sessions {
		out = append(out, s)
	}
	return out
}

// own is the session of a user if this task owns it at this moment.
func (h *Host) own(user string) *session {
	h.mu.Lock()
	s := h.sessions[user]
	h.mu.Unlock()
	if s == nil || !s.usable() {
		return nil
	}
	return s
}

// load is what peers are told.
func (h *Host) load() peer.Load {
	out := peer.Load{Version: lease.Version, Task: h.id.Task, Instance: h.id.Instance, Going: h.going.Load(), Sessions: []string{}}
	out.NoFiles = !h.health.trusted(time.Now())
	for _, s := range h.all() {
		out.Sessions = append(out.Sessions, s.user)
	}
	slices.Sort(out.Sessions)
	return out
}

// leave ends every session and tells the others.
func (h *Host) leave() {
	h.going.Store(true)
	h.record.Log.Info("going", "sessions", len(h.all()))
	if !h.isBooted() {
		return
	}
	const tell = time.Second
	go waitAtMost(tell, func() {
		if err := h.tasks.Leave(); err != nil {
			h.record.Log.Warn("the other tasks can't be told", "error", err)
		}
	})
	var ends sync.WaitGroup
	for _, s := range h.all() {
		ends.Go(func() { s.end("the task goes") })
	}
	ends.Wait()
}
