package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
	"github.com/webordinary/live-edit/functions/scaler/decide"
)

const (
	// socketPath is where Vite's client connects (docs/container-contract.md).
	socketPath = "/ws/hmr"
	// socketPing is how often the socket is used while it is held: a socket's two ends should send a byte every 30 s. With it
	// goes a request, since a socket alone does not keep the service awake; whoever asks every two minutes stays undisturbed
	// (docs/container-contract.md), and a machine may be slow.
	socketPing = 25 * time.Second
	// noticed is how long after a socket's end the service may still seem to be there although it is going away: the scaler
	// looks once a minute, and until then the load balancer sends requests to targets that fail their checks (it "fails
	// open" when all do). goingLook is the interval of looks in that time.
	noticed   = 70 * time.Second
	goingLook = 5 * time.Second
)

// opens tries whether a WebSocket can be had at all.
func (s *Suite) opens(ctx context.Context) {
	s.Progress.Begin("WebSocket opens")
	socket, err := s.Site.Open(ctx, socketPath)
	if err == nil {
		socket.Close()
		s.tab = true
		return
	}
	s.measured(ctx, report.Socket, "does not open", s.socketFault(err))
}

func (s *Suite) socketFault(err error) report.Fault {
	fault := report.Fault{
		Asked: "a WebSocket on " + socketPath + " while awake", Came: err.Error(),
		Do: "look at the container's log: Vite's socket has to listen on port 4322", Symptom: report.SocketRefused,
	}
	var refused *target.Refused
	if errors.As(err, &refused) && isDefault(refused.Answer) {
		fault.Do, fault.Symptom = "the listener rule for /ws/* is missing or has another host; `pulumi up` puts it back", report.NoRule
	}
	return fault
}

// hold keeps a WebSocket open, and the service awake with a request beside each ping, which shows as well that it stays healthy.
func (s *Suite) hold(ctx context.Context) {
	if !s.tab || s.Limits.Socket <= 0 {
		return
	}
	s.Progress.Begin("WebSocket stays open for " + s.Clock.Text(s.Limits.Socket))
	began := s.Clock.Now()
	socket, err := s.Site.Open(ctx, socketPath)
	if err != nil {
		s.measured(ctx, report.Socket, "does not open again", s.socketFault(err))
		return
	}
	defer socket.Close()
	for {
		held := s.Clock.Now().Sub(began)
		if err := socket.Ping(ctx); err != nil {
			s.dropped(ctx, held, err)
			return
		}
		if held >= s.Limits.Socket {
			s.measured(ctx, report.Socket, "open for "+s.Clock.Text(held))
			return
		}
		s.Progress.Note("open for " + s.Clock.Text(held))
		s.healthy(ctx)
		if s.Clock.Sleep(ctx, min(socketPing, s.Limits.Socket-held)) != nil {
			return
		}
	}
}

// dropped records the end of a socket that should have stayed, unless the whole service goes away.
func (s *Suite) dropped(ctx context.Context, held time.Duration, err error) {
	for ended := s.Clock.Now(); ; {
		s.healthy(ctx)
		if s.Book.Failed(report.StaysHealthy) {
			s.Book.Missed(report.Socket, "the service went out of service meanwhile")
			return
		}
		if s.Clock.Now().Sub(ended) >= noticed || s.Clock.Sleep(ctx, goingLook) != nil {
			break
		}
	}
	s.measured(ctx, report.Socket, "dropped after "+s.Clock.Text(held), report.Fault{
		Asked: "a WebSocket on " + socketPath + " for " + s.Clock.Text(s.Limits.Socket), Came: err.Error(),
		Do:      "see whether the container restarts its dev server, and whether the load balancer's idle timeout is still 4000 s",
		Symptom: report.SocketDrops,
	})
}

// healthy asks for the status: an awake service answers it itself.
func (s *Suite) healthy(ctx context.Context) {
	request := s.statusRequest()
	silence := s.Clock.Now().Sub(s.use.since(s.Clock.Now()))
	answer, err := s.do(ctx, s.Site, request)
	if err == nil && answer.From == target.Container || s.Book.Failed(report.StaysHealthy) || ctx.Err() != nil {
		return
	}
	if silence >= decide.QuietMinutes && draining(answer) {
		// Nobody asked for so long: not the service is at fault, but this machine. A call takes the service back.
		s.late = fmt.Sprintf("this machine was too slow: the probe itself asked nothing for %s, and an unused service makes ready to sleep "+
			"(docs/container-contract.md)", s.Clock.Text(silence))
		s.Progress.Note(s.late)
		_, _ = s.files.get(ctx, s.Site, "none") // the next request shows what came of it
		return
	}
	s.measured(ctx, report.StaysHealthy, "went out of service", report.Fault{
		Asked: request.String() + " while in use, " + s.Clock.Text(silence) + " after the last request that the container answered",
		Came:  came(answer, err), Do: outOfService(answer), Symptom: report.HealthProblem,
	})
}

// draining reports whether the waker stands in front of a service that it takes for unused.
func draining(answer *target.Answer) bool {
	return answer != nil && answer.State != nil && answer.State.State == "asleep"
}

// outOfService says where to look for the cause, which the waker's state tells apart.
func outOfService(answer *target.Answer) string {
	switch {
	case draining(answer):
		return "the scaler takes the service for unused, or its count was set to 0: see that RequestCount of the api and preview target " +
			"groups appears in CloudWatch, and what the scaler's log says"
	case answer != nil && answer.State != nil:
		return "the waker is in front, in the state " + answer.State.State + ": its targets failed their health checks or its task stopped; " +
			"look at the container's log and the service's events"
	default:
		return "its targets failed their health checks or its task stopped; look at the container's log and the service's events"
	}
}
