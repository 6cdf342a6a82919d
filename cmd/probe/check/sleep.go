package check

import (
	"context"
	"net/http"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

const (
	// sleepLook is the interval of looks for the sleep.
	sleepLook = 5 * time.Second
	// quietLook is a path of the WebSocket's: requests to it are not counted, and only an existing task answers them.
	quietLook = "/ws/probe"
	// sleepStays is how long the service has to stay asleep while its status is asked for. By its end the last task is gone:
	// the load balancer gives it 30 s, and it saves within seconds.
	sleepStays = time.Minute
	// sleepGrace is how much later than its limit a sleep may be seen: the tick's jitter (5 s), ECS's scheduler, and the
	// interval of looks.
	sleepGrace = 15 * time.Second
	// statusAfter is how long after the idle time the probe begins to ask for the status: by then the waker is in front, since
	// five minutes after the last request at the latest (docs/container-contract.md), and asking keeps nothing awake.
	statusAfter = time.Minute
	// patience is how many times the limit the probe waits, so that a late sleep is told from none.
	patience = 2
)

// slumber is the wait for one sleep.
type slumber struct {
	since time.Time
	// asleep is when no task answered any more; zero if that did not happen.
	asleep time.Time
	// blind says that no rule serves the WebSocket paths, so that only the status can tell.
	blind bool
	// served says that the container still answered when the idle time was over. Asking again would keep it awake.
	served bool
	last   string
}

// sleep measures how long the service stays awake after its last use, with a silent tab open and its status being asked
// for once the waker should answer. It returns false if the service does not fall asleep.
func (s *Suite) sleep(ctx context.Context) bool {
	limit := s.Limits.Idle + s.Limits.Tolerance
	s.Progress.Begin("sleeps after " + s.Clock.Text(limit) + " at most")
	tab, err := s.Site.Open(ctx, socketPath)
	if err == nil {
		defer tab.Close()
	}
	w := s.watch(ctx, patience*limit)
	if ctx.Err() != nil {
		return false
	}
	asked := "to be left alone"
	if err == nil {
		asked = "to be left alone with a silent WebSocket open"
	}
	if w.asleep.IsZero() {
		awake := s.Clock.Text(s.Clock.Now().Sub(w.since))
		s.sleepFault(ctx, "did not sleep", asked, "still awake "+awake+" after the last request; last: "+w.last)
		return false
	}
	took := w.asleep.Sub(w.since)
	if took > limit+sleepGrace+s.Lag {
		s.sleepFault(ctx, "after "+s.Clock.Text(took), asked, "asleep "+s.Clock.Text(took)+" after the last request")
		return true
	}
	if woken := s.stays(ctx); woken != "" {
		s.sleepFault(ctx, "awake again", "the status every "+s.Clock.Text(2*sleepLook)+" while asleep", woken)
		return true
	}
	s.measured(ctx, report.Sleeps, "after "+s.Clock.Text(took))
	return true
}

func (s *Suite) sleepFault(ctx context.Context, measured, asked, came string) {
	s.measured(ctx, report.Sleeps, measured, report.Fault{
		Asked: asked, Came: came,
		Do: "find what keeps it: requests on /api or /preview (dashboard), a task that stays protected, a tab that polls, or the " +
			"scaler's schedule not running (its alarm)",
		Symptom: report.NeverSleeps,
	})
}

// atZero says whether no task is there, given the first answer to a status request. While a service drains the waker
// tells "asleep", too, but a wake would take no time.
func (s *Suite) atZero(ctx context.Context, first *target.Answer) bool {
	if first.State == nil || first.State.State == "waking" || first.State.State == "ready" {
		return false
	}
	answer, err := s.Site.Do(ctx, get(quietLook))
	return err != nil || answer.From == target.LoadBalancer
}

// settle waits for a service that is awake at the beginning, as long as a sleep may take. Somebody may be at work, so
// that it stays awake is nobody's fault.
func (s *Suite) settle(ctx context.Context) bool {
	limit := s.Limits.Idle + s.Limits.Tolerance
	s.Progress.Begin("it is awake; waiting up to " + s.Clock.Text(limit+sleepGrace+s.Lag) + " until it sleeps")
	w := s.watch(ctx, limit+sleepGrace+s.Lag+2*sleepLook)
	if w.asleep.IsZero() {
		return false
	}
	s.stays(ctx) // until the last task has saved and ended, so that the wake begins at zero
	return true
}

// watch waits until no task answers any more, or for that long since the last use.
func (s *Suite) watch(ctx context.Context, most time.Duration) *slumber {
	w := &slumber{since: s.use.since(s.Clock.Now())}
	for s.Clock.Now().Sub(w.since) < most {
		if s.looksAsleep(ctx, w) {
			w.asleep = s.Clock.Now()
			return w
		}
		if s.Clock.Sleep(ctx, sleepLook) != nil {
			return w
		}
	}
	return w
}

// looksAsleep looks without being counted: the WebSocket paths have no waker, and while no task is there the load
// balancer answers them with 503. Some time after the idle time it asks for the status as well: by then the waker is in front,
// and asking must not keep the service awake.
func (s *Suite) looksAsleep(ctx context.Context, w *slumber) bool {
	answer, err := s.Site.Do(ctx, get(quietLook))
	w.last = came(answer, err)
	if err == nil && answer.From == target.LoadBalancer {
		w.blind = isDefault(answer)
		if answer.Status == http.StatusServiceUnavailable {
			return true
		}
	}
	idle := s.Clock.Now().Sub(w.since)
	if w.served || idle < s.Limits.Idle+statusAfter+s.Lag {
		return false
	}
	answer, err = s.Site.Do(ctx, s.statusRequest())
	if err != nil {
		return false
	}
	w.last = came(answer, err)
	if w.served = answer.From == target.Container; w.served {
		s.Progress.Note("still serving " + s.Clock.Text(idle) + " after the last request")
	}
	return w.blind && answer.State != nil && answer.State.State == "asleep" && idle >= s.Limits.Idle+s.Limits.Tolerance
}

// stays asks for the status for a while; it returns what came if that was not "asleep".
func (s *Suite) stays(ctx context.Context) string {
	for end := s.Clock.Now().Add(sleepStays); s.Clock.Now().Before(end); {
		answer, err := s.Site.Do(ctx, s.statusRequest())
		if err != nil || answer.State == nil || answer.State.State != "asleep" && answer.State.State != "unknown" {
			return came(answer, err)
		}
		if s.Clock.Sleep(ctx, 2*sleepLook) != nil {
			return ""
		}
	}
	return ""
}
