package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/events/schedule"
)

// Event is something that happened, in words.
type Event struct {
	At   time.Time // in the service's time
	Kind string    // task, target, waker, service, request, schedule, container, state, demo or problem
	Text string
}

func (s *Server) say(kind, format string, args ...any) {
	s.options.Report(Event{At: s.clock.Now(), Kind: kind, Text: fmt.Sprintf(format, args...)})
}

func (s *Server) complain(err error) {
	if err != nil {
		s.say("problem", "%v", err)
	}
}

func (s *Server) reportExchange(x alb.Exchange) {
	text := fmt.Sprintf("%d %s %s%s", x.Status, x.Method, x.Host, x.Path)
	if x.Socket {
		text += " (WebSocket opened)"
	}
	if x.Group != "" {
		text += " by " + groupName(x.Group)
	}
	if x.Problem != "" {
		text += ": " + x.Problem
	}
	s.options.Report(Event{At: x.At, Kind: "request", Text: text})
}

// groupName is the name in a target group's ARN.
func groupName(arn string) string {
	parts := strings.Split(arn, "/")
	return parts[max(len(parts)-2, 0)]
}

// reportFiring tells of schedules that failed; that one ran every minute is no news.
func (s *Server) reportFiring(f schedule.Firing) {
	function := f.Function[strings.LastIndexByte(f.Function, ':')+1:]
	switch {
	case errors.Is(f.Err, context.Canceled): // the server is closing
	case f.Err != nil:
		s.options.Report(Event{At: f.At, Kind: "schedule", Text: fmt.Sprintf("%s: %s: %v", f.Rule, function, f.Err)})
	case f.Result.Cold:
		s.options.Report(Event{At: f.At, Kind: "schedule", Text: fmt.Sprintf("%s: %s ran, in a new instance", f.Rule, function)})
	}
}
