package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/busy"
	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/packs"
	"github.com/webordinary/live-edit/container/supervisor/process"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
)

// session is one that this task owns, or has just owned.
type session struct {
	host   *Host
	user   string
	lease  *lease.Lease
	since  time.Time
	log    *slog.Logger
	ledger busy.Ledger
	values config.Values
	family *process.Family
	saver  *process.Family // of the command that saves, once the others are gone

	preview, api *process.Server // api is nil where the image has none
	trees        []*packs.Tree   // what its steps have made; set before the servers run

	ending   atomic.Bool
	leave    chan string   // somebody wants the session to end in peace, and why
	gone     chan struct{} // closed when the lease has been given back
	edits    atomic.Int64  // requests under way that change something
	busyName string        // by which its processes say that they are busy

	mu       sync.Mutex
	step     string // of the preparation, for people; empty when there is none any more
	ready    bool   // the preparation has succeeded
	failures int    // of the preparation, in a row
	reason   string
	change   chan struct{}
	memory   map[string][]byte
}

const (
	// drainEdits is how long requests that change something may take to end before their processes are told to.
	drainEdits = time.Second
	// releasePatience is how long a file system may take to hear that a lease is given back.
	releasePatience = 5 * time.Second
)

var (
	errFull   = errors.New("this task holds as many sessions as it may")
	errEnding = errors.New("the session ends here")
)

// adopt makes a session of a lease, or finds the one that there is.
func (h *Host) adopt(user string, l *lease.Lease) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.sessions[user]; ok && s.lease == l {
		return s, nil
	} else if ok {
		return nil, errEnding
	}
	if len(h.sessions) >= h.file.MaxSessions || h.going.Load() {
		go func() { _ = l.End() }() // nothing runs that it would protect; who can't be told waits
		return nil, errFull
	}
	s := &session{
		host: h, user: user, lease: l, since: time.Now(), log: h.record.Log.With("session", user), leave: make(chan string, 1),
		gone: make(chan struct{}), busyName: rand.Text(),
		values: config.Values{
			Workspace: h.settings.Directory(user), Client: h.settings.Client, User: user, Repository: h.settings.Repository,
			PublicHost: h.settings.PublicHost, Host: h.settings.Host(),
		},
	}
	environment := append(process.Inherit(os.Environ()),
		"USER_ID="+user, "WORKSPACE="+s.values.Workspace, config.OwnPrefix+"BUSY_URL="+h.busyURL+s.busyName)
	s.family, s.saver = process.NewFamily(environment), process.NewFamily(environment)
	s.preview = s.server("preview", &h.file.Preview)
	if h.file.API != nil {
		s.api = s.server("api", h.file.API)
	}
	h.sessions[user] = s
	delete(h.routes, user)
	go s.run()
	return s, nil
}

func (s *session) server(name string, program *config.Server) *process.Server {
	return &process.Server{
		Name: name, Program: program, Values: s.values, Family: s.family, Log: s.log, Output: s.output(name),
		Patience: s.host.settings.Wall(time.Duration(program.ReadyMinutes) * time.Minute),
	}
}

func (s *session) output(name string) func(string) {
	return func(line string) { s.log.Info(line, "process", name) }
}

// usable says whether this task may act as the session's owner.
func (s *session) usable() bool { return !s.ending.Load() && s.lease.Held() }

// end ends the session in peace and returns when it has.
func (s *session) end(why string) {
	select {
	case s.leave <- why:
	default: // somebody else wants it, too
	}
	<-s.gone
}

// run is the session's life.
func (s *session) run() {
	began := time.Now()
	s.logBegin()
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { s.work(ctx) })
	lost := false
	var why string
	select {
	case <-s.lease.Lost():
		lost = true
	case why = <-s.leave:
		s.ending.Store(true)
		lost = !s.endInPeace()
	}
	s.ending.Store(true)
	s.family.Kill()
	s.saver.Kill()
	cancel()
	work.Wait()
	attributes := []any{"epoch", s.lease.Record().Epoch, "after", time.Since(began).String(), "why", why}
	if lost {
		s.host.health.doubt(time.Now())
		s.log.Error("lost: the lease could not be kept, and all processes were killed", attributes...)
	} else {
		s.host.record.Count(telemetry.MetricHandedBack, 1)
		s.log.Info("handed back", attributes...)
	}
	waitAtMost(releasePatience, func() {
		if err := s.lease.End(); err != nil {
			s.log.Error("the lease can't be given back; the others wait until it has stood still", "error", err)
		}
	})
	s.host.drop(s) // not before: the lease would find another session
	close(s.gone)
}

func (s *session) logBegin() {
	record := s.lease.Record()
	attributes := []any{"epoch", record.Epoch, "task", record.Task}
	if before := s.host.predecessor(s.user); before != "" {
		s.host.record.Count(telemetry.MetricTakeOvers, 1)
		s.log.Warn("taken over from an owner that had died", append(attributes, "from", before)...)
		return
	}
	s.log.Info("session starts", attributes...)
}

// endInPeace lets edits under way end, ends the processes, and saves. It says whether the lease was kept meanwhile.
func (s *session) endInPeace() (kept bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for until := time.Now().Add(drainEdits); s.edits.Load() > 0 && time.Now().Before(until); {
			time.Sleep(10 * time.Millisecond)
		}
		stop, stopped := context.WithTimeout(ctx, s.host.file.Stop())
		s.family.Stop(stop)
		stopped()
		s.save(ctx)
	}()
	select {
	case <-done:
		return true
	case <-s.lease.Lost():
		cancel()
		s.family.Kill()
		s.saver.Kill()
		<-done
		return false
	}
}

func (s *session) save(ctx context.Context) {
	save := s.host.file.Save
	if save == nil || !s.isReady() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(save.Seconds)*time.Second)
	defer cancel()
	if err := s.saver.Run(ctx, process.NewSpec("save", &save.Program, &s.values, s.output("save"))); err != nil {
		s.log.Error("the session's work was not saved by the command that is to", "error", err)
	}
}

// work prepares the workspace and runs the servers.
func (s *session) work(ctx context.Context) {
	for s.prepare(ctx) != nil {
		s.mu.Lock()
		pause := min(time.Second<<min(s.failures-1, 10), s.host.settings.Wall(time.Minute))
		s.mu.Unlock()
		if (lease.SystemClock{}).Sleep(ctx, pause) != nil || s.ending.Load() {
			return
		}
	}
	var servers sync.WaitGroup
	for _, server := range []*process.Server{s.preview, s.api} {
		if server != nil {
			servers.Go(func() { server.Run(ctx) })
		}
	}
	servers.Go(func() { s.announce(ctx) })
	servers.Wait()
}

// announce writes down when the preview first answers, and has what was installed packed from then on.
func (s *session) announce(ctx context.Context) {
	for {
		state, change := s.preview.State()
		if state.Ready {
			s.log.Info("the preview answers", "after", time.Since(s.since).String())
			s.host.firstByte(s)
			s.keepPacks(ctx)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-change:
		}
	}
}

// prepare runs the steps that are needed. Meanwhile the session is at work.
func (s *session) prepare(ctx context.Context) error {
	err := s.steps(ctx)
	s.update(func() {
		s.step, s.ready = "", err == nil
		if err != nil {
			s.failures, s.reason = s.failures+1, err.Error()
		}
	})
	if err != nil && !s.ending.Load() {
		s.log.Error("the workspace can't be prepared", "error", err)
	}
	return err
}

func (s *session) steps(ctx context.Context) error {
	const mode, sign = 0o750, time.Second
	if err := os.MkdirAll(s.values.Workspace, mode); err != nil {
		return fmt.Errorf("make the session's directory: %w", err)
	}
	s.trees = nil
	for i := range s.host.file.Prepare {
		step := &s.host.file.Prepare[i]
		s.place(ctx, i, step)
		needed, err := process.Needed(step, &s.values)
		if err != nil {
			return err
		}
		if !needed {
			continue
		}
		s.update(func() { s.step = step.Name })
		s.ledger.Say(time.Now(), time.Now().Add(s.host.settings.Wall(time.Duration(step.Minutes)*time.Minute)))
		s.host.pokeGuard()
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, s.host.settings.Wall(time.Duration(step.Minutes)*time.Minute))
		err = s.family.Run(limited, process.NewSpec(step.Name, &step.Program, &s.values, s.output(step.Name)))
		cancel()
		s.ledger.Unsay(time.Now())
		if err != nil {
			return err
		}
		s.log.Info("prepared", "step", step.Name, "after", time.Since(began).String())
	}
	return nil
}

func (s *session) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	if s.change != nil {
		close(s.change)
		s.change = nil
	}
}

func (s *session) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// drop forgets a session whose processes are gone.
func (h *Host) drop(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[s.user] == s {
		delete(h.sessions, s.user)
	}
}
