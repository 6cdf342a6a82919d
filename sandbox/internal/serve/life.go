package serve

import (
	"context"
	"errors"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

const (
	// longestPause is how long a change by somebody else, such as a deployment in another process, goes unnoticed.
	longestPause = 100 * time.Millisecond
	// shortestPause leaves the processor to the others, however fast the clock runs.
	shortestPause = 5 * time.Millisecond
)

// live plays the account's life until the server is closed.
func (s *Server) live(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	s.atClose(func() error {
		stop()
		<-ended
		return nil
	})
	watcher := &watcher{server: s}
	s.complain(watcher.look()) // whatever is changed once the server is up, is told
	go func() {
		defer close(ended)
		defer s.schedules.Wait()
		for {
			next, err := s.step(ctx)
			if err == nil {
				err = watcher.look()
			}
			s.complain(err)
			timer := time.NewTimer(s.pause(next))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
		}
	}()
}

// step brings everything to the present, and says when the next thing is due; the zero time when nothing is.
func (s *Server) step(ctx context.Context) (next time.Time, err error) {
	err = errors.Join(s.balancer.Flush(s.options.Account, s.scheduler.MetricLag()), s.scheduler.Step(s.clock.Now()), s.balancer.Sweep())
	next, scheduled := s.schedules.Tick(ctx, s.clock.Now())
	due, ok, ahead := s.scheduler.NextDue()
	if ok && (next.IsZero() || due.Before(next)) {
		next = due
	}
	return next, errors.Join(err, scheduled, ahead)
}

func (s *Server) pause(next time.Time) time.Duration {
	if next.IsZero() {
		return longestPause
	}
	return min(max(s.clock.Wait(next.Sub(s.clock.Now())), shortestPause), longestPause)
}

// lateContainers lets the scheduler be made before the containers, which need the scheduler's Protect.
type lateContainers struct{ server *Server }

// Start implements scheduler.Containers.
func (l *lateContainers) Start(at time.Time, task scheduler.Task) error {
	return l.server.containers.Start(at, task)
}

// Exited implements scheduler.Containers.
func (l *lateContainers) Exited(at time.Time, task scheduler.Task) bool {
	return l.server.containers.Exited(at, task)
}

// Stop implements scheduler.Containers.
func (l *lateContainers) Stop(at time.Time, task scheduler.Task) { l.server.containers.Stop(at, task) }

// Probe implements scheduler.Containers.
func (l *lateContainers) Probe(at time.Time, probe scheduler.Probe) elb.ProbeResult {
	return l.server.containers.Probe(at, probe)
}
