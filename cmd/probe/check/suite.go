// Package check measures a deployed stack, one check a file, in the order of a visit: does the name resolve, is the
// connection safe, does it wake, does it serve, does it fall asleep, is everything still there afterwards. A check
// records what it found in a report.Book and never decides what others do, except that nothing is asked of a service
// that cannot be reached or did not wake.
package check

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

// Site is what the checks ask of one host name.
type Site interface {
	URL() string
	Host() string
	// Fixed is the address that is used instead of what DNS says; empty without one.
	Fixed() string
	Do(ctx context.Context, r target.Request) (*target.Answer, error)
	Open(ctx context.Context, path string) (*target.Socket, error)
	Handshake(ctx context.Context, least, most uint16) (*target.Connection, error)
}

// Clock is the service's time.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
	// Text writes a duration for people.
	Text(d time.Duration) string
}

// Progress is told what the probe is doing.
type Progress interface {
	// Begin starts a step.
	Begin(step string)
	// Note adds what happens in it.
	Note(note string)
}

// Options are what a Suite works with.
type Options struct {
	Site Site
	// Edge is the same service through CloudFront; nil without.
	Edge     Site
	Resolver target.Resolver
	Clock    Clock
	Book     *report.Book
	Progress Progress
	Limits   report.Limits
	// Wakes is how many wakes from zero to measure. Between two the service has to fall asleep.
	Wakes int
	// Name begins the names of check files; it is this run's alone.
	Name string
	// Foundation checks what only the AWS API shows; nil without.
	Foundation func(ctx context.Context)
	// Lag is how much later than it happens something may be seen because the network, or the sandbox's machine, takes its
	// time.
	Lag time.Duration
}

// Suite is one run. Make one with New.
type Suite struct {
	Options
	files *files
	use   usage
	// tab says that a WebSocket could be opened, noEndpoint that the container has no check endpoint.
	tab, noEndpoint bool
	// late is why nothing can be said of a service that went away; empty if that is not so.
	late string
	// closedEdge are the behaviours that do not work, so that the same fault is not reported by every check.
	closedEdge map[string]bool
}

// New prepares a run.
func New(options Options) *Suite {
	s := &Suite{Options: options, closedEdge: map[string]bool{}}
	s.files = &files{suite: s}
	s.leaveOut()
	return s
}

// leaveOut records what was not asked for.
func (s *Suite) leaveOut() {
	leave := func(reason string, ids ...string) {
		for _, id := range ids {
			s.Book.Left(id, reason)
		}
	}
	if s.Edge == nil {
		leave("not asked for: -cloudfront", report.CloudFront, report.EdgeErrors)
	}
	if s.Foundation == nil {
		leave("not asked for: -foundation", report.Registry, report.Image, report.Secrets, report.Readers, report.FileSystem,
			report.Outputs, report.PlainOutputs)
	}
	if s.Wakes < 1 {
		leave("not asked for: -wakes 1", report.Starts, report.WakeTime, report.StaysHealthy, report.API, report.Preview,
			report.Socket, report.Sessions, report.CloudFront, report.EdgeErrors)
	}
	if s.Wakes < 2 {
		leave("not asked for: -wakes 2", report.Sleeps, report.Workspace)
	}
	if s.Limits.Socket <= 0 {
		leave("not asked for: -socket 1", report.Socket)
	}
}

// Run measures everything. When the context ends, so does the run; Cleanup is the caller's to call either way.
func (s *Suite) Run(ctx context.Context) {
	if s.Foundation != nil {
		s.Progress.Begin("foundation, through the AWS API")
		s.Foundation(ctx)
	}
	for _, gate := range []func(context.Context) string{s.dns, s.tls} {
		if closed := gate(ctx); closed != "" {
			s.miss(ctx, closed)
			return
		}
	}
	s.redirect(ctx)
	s.defaultAnswer(ctx)
	state := s.deployed(ctx)
	if state == nil || s.Wakes < 1 {
		s.miss(ctx, "the service's state is unknown")
		return
	}
	s.visits(ctx, state)
}

// miss records the cause for everything about which nothing is known yet. What an interrupted run has not reached has no
// other cause.
func (s *Suite) miss(ctx context.Context, cause string) {
	if ctx.Err() != nil {
		return
	}
	for _, c := range report.Criteria(&s.Limits) {
		if c.Limit != "" && c.ID != report.Cost && s.Book.Open(c.ID) {
			s.Book.Missed(c.ID, cause)
		}
	}
}

// visits wakes the service as often as asked, and looks at it while it is awake and while it sleeps.
func (s *Suite) visits(ctx context.Context, first *target.Answer) {
	if !s.atZero(ctx, first) && !s.settle(ctx) {
		s.awake(ctx) // it is in use: what can be measured without a wake is
		s.miss(ctx, "the service was in use and did not fall asleep; try again when nobody edits")
		return
	}
	s.edgeAsleep(ctx)
	s.miss(ctx, s.cycles(ctx))
}

// cycles wakes the service and lets it fall asleep. It returns why it ended early, if it did.
func (s *Suite) cycles(ctx context.Context) string {
	defer s.judgeWakes()
	for visit := 1; visit <= s.Wakes && ctx.Err() == nil; visit++ {
		s.Progress.Begin(fmt.Sprintf("wake %d of %d", visit, s.Wakes))
		if !s.wake(ctx) {
			return "the service did not wake"
		}
		switch visit {
		case 1:
			s.awake(ctx)
		case 2:
			s.survived(ctx)
		}
		if s.Book.Failed(report.StaysHealthy) {
			return "the service went out of service while it was used"
		}
		if visit < s.Wakes && !s.sleep(ctx) {
			return "the service did not fall asleep"
		}
	}
	return "it was not reached"
}

// awake measures what an editor uses.
func (s *Suite) awake(ctx context.Context) {
	s.api(ctx)
	s.preview(ctx)
	s.opens(ctx)
	s.keep(ctx)
	s.sessions(ctx)
	s.edge(ctx)
	s.hold(ctx)
	switch {
	case s.Book.Failed(report.StaysHealthy) || ctx.Err() != nil:
	case s.late != "":
		s.Book.Missed(report.StaysHealthy, s.late)
	default:
		s.Book.Pass(report.StaysHealthy, "no request refused")
	}
}

// do sends a request and remembers when the container was last used.
func (s *Suite) do(ctx context.Context, site Site, r target.Request) (*target.Answer, error) {
	answer, err := site.Do(ctx, r)
	if err == nil && answer.From == target.Container {
		s.use.note(s.Clock.Now())
	}
	return answer, err
}

// usage is when the service was last used, as far as this probe knows.
type usage struct {
	mu   sync.Mutex
	last time.Time
}

func (u *usage) note(at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = at
}

// since is the last use, or now without any.
func (u *usage) since(now time.Time) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last.IsZero() {
		return now
	}
	return u.last
}

// measured records the outcome of a check, unless the run was broken off meanwhile.
func (s *Suite) measured(ctx context.Context, id, measured string, faults ...report.Fault) {
	if ctx.Err() == nil {
		s.Book.Measured(id, measured, faults...)
	}
}

// statusRequest asks for the waker's status document without waking anything; an awake container answers it itself.
func (s *Suite) statusRequest() target.Request {
	return target.Request{Method: http.MethodGet, Path: s.files.path("status"), Header: http.Header{"Accept": {requests.StatusType}}}
}

// came says what came back: an answer, or why there is none.
func came(answer *target.Answer, err error) string {
	if err != nil {
		return err.Error()
	}
	return answer.String()
}
