package check

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

const (
	// wakeLook is the interval of looks at a wake.
	wakeLook = time.Second
	// wakeEnd is when the probe stops waiting: the scaler itself gives a wake up, at the latest two minutes later if it sees
	// no task (D21), and tells at its next tick.
	wakeEnd = decide.WakeLimit + 4*time.Minute
	// letIn is how long the waker may still answer after it told that the service is ready. The load balancer follows a moved
	// rule within seconds.
	letIn = time.Minute
)

// attempt is one wake under way.
type attempt struct {
	report.Wake
	began time.Time
	// from is who answered first.
	from target.Source
	last string
	// asleep counts the answers in a row that told so.
	asleep int
}

// wake wakes the service as the waiting page does, and follows it until the container answers. It returns false if it
// did not come up.
func (s *Suite) wake(ctx context.Context) bool {
	a := &attempt{began: s.Clock.Now()}
	request := s.statusRequest()
	request.Header.Set("X-Webordinary-Wake", "now")
	for s.age(a) < wakeEnd {
		answer, err := s.do(ctx, s.Site, request)
		switch outcome := s.follow(ctx, a, answer, err); outcome {
		case up:
			return true
		case down:
			return false
		}
		request.Header.Del("X-Webordinary-Wake") // once; from now on this only looks
		if s.Clock.Sleep(ctx, wakeLook) != nil {
			return false
		}
	}
	if ctx.Err() == nil {
		a.last = fmt.Sprintf("nothing within %s; last: %s", s.Clock.Text(wakeEnd), a.last)
		s.wakeFault(a, "look at the service's events (`aws ecs describe-services --cluster NAME --services NAME`) and at the scaler's log",
			report.HealthProblem)
	}
	return false
}

// age is how long the wake has been going on.
func (s *Suite) age(a *attempt) time.Duration { return s.Clock.Now().Sub(a.began) }

type outcome int

const (
	underWay outcome = iota
	up
	down
)

// follow looks at one answer of a wake.
func (s *Suite) follow(ctx context.Context, a *attempt, answer *target.Answer, err error) outcome {
	if ctx.Err() != nil {
		return down
	}
	a.last = came(answer, err)
	switch {
	case err != nil, answer.From != target.Container && answer.From != target.Waker && !isDefault(answer):
		return underWay // an error of the load balancer while the rule moves
	case isDefault(answer):
		return s.wakeFault(a, "no listener rule serves /api/* for this host any more; `pulumi up` puts it back", report.NoRule)
	case answer.From == target.Waker && answer.State == nil:
		return underWay // it has been asked for something else, or answers something new
	case answer.State != nil:
		if a.from == "" {
			a.from = target.Waker
		}
		return s.followState(a, answer.State)
	case a.from == "":
		return s.wakeFault(a, "the service was awake already, so this is no wake from zero: somebody uses it", "")
	}
	a.Took = s.age(a)
	s.seen(a, "ready")
	s.Book.AddWake(a.Wake)
	s.Book.Pass(report.Starts, "started")
	s.Progress.Note("awake after " + s.Clock.Text(a.Took))
	return up
}

// followState looks at the waker's status document.
func (s *Suite) followState(a *attempt, status *requests.Status) outcome {
	switch status.State {
	case "failing":
		class, message := "other", ""
		if status.Error != nil {
			class, message = status.Error.Class, status.Error.Message
		}
		a.last = fmt.Sprintf("the state failing after %s, class %s: %s", s.Clock.Text(s.age(a)), class, message)
		return s.wakeFault(a, remedyOf(class), report.OfClass(class))
	case "waking", "ready":
		a.asleep = 0
		if status.Stage != "" {
			s.seen(a, status.Stage)
		}
		if n := len(a.Stages); n > 0 && a.Stages[n-1].Name == "ready" && s.age(a)-a.Stages[n-1].At > letIn {
			return s.wakeFault(a, "the listener rule for /api/* is missing or has another host, so the waker's catches its requests; "+
				"`pulumi up` puts it back", report.Drift)
		}
	case "asleep":
		if a.asleep++; a.asleep == givenUpAfter {
			return s.givenUp(a)
		}
	}
	return underWay
}

// givenUpAfter is how many times in a row a wake is told to be asleep again before it is taken to be given up. The scaler
// tells the state failing only to whoever asks in the moment of giving up, or after three failed tasks.
const givenUpAfter = 3

// stages of a wake in their order (docs/container-contract.md).
var stages = []string{"asked", "placing", "pulling", "starting", "checking", "preparing", "ready"}

func (s *Suite) givenUp(a *attempt) outcome {
	furthest := 0 // tasks that fail are replaced, so that the stages begin anew
	for _, stage := range a.Stages {
		furthest = max(furthest, slices.Index(stages, stage.Name))
	}
	stage, class := stages[furthest], "other"
	switch stage {
	case "pulling":
		class = "image"
	case "starting", "checking":
		class = "health-check"
	}
	a.last = fmt.Sprintf("the state asleep again after %s: the wake was given up in the stage %s", s.Clock.Text(s.age(a)), stage)
	return s.wakeFault(a, remedyOf(class), report.OfClass(class))
}

// seen notes when a stage was first reported.
func (s *Suite) seen(a *attempt, stage string) {
	for _, known := range a.Stages {
		if known.Name == stage {
			return
		}
	}
	at := s.age(a)
	a.Stages = append(a.Stages, report.Stage{Name: stage, At: at})
	s.Progress.Note(stage + " at " + s.Clock.Text(at))
}

func (s *Suite) wakeFault(a *attempt, do string, symptom report.Symptom) outcome {
	s.Book.Fail(report.Starts, "did not start", report.Fault{
		Asked: "a wake from zero (GET " + s.files.path("status") + ", X-Webordinary-Wake: now)", Came: a.last, Do: do, Symptom: symptom,
	})
	return down
}

// remedyOf says what helps against a failed wake by its class (docs/container-contract.md).
func remedyOf(class string) string {
	switch class {
	case "image":
		return "push the image with the tag that the task definition names, or correct imageTag (docs/operations.md, Image)"
	case "secret":
		return "put the secrets' values (`pulumi stack output pendingSecrets`), and see that the execution role may read them"
	case "file-system":
		return "see that the file system has a mount target in each of the tasks' subnets (`pulumi refresh --preview-only`)"
	case "network":
		return "give the tasks a way out: a public address, or subnets with NAT (D1)"
	case "capacity":
		return "wait; Fargate has no capacity in these zones at the moment"
	case "memory":
		return "give the task more memory (taskMemory), or find what the container needs it for"
	case "health-check", "timeout":
		return "look at the container's log: /health on port 8080 has to answer 200; and see that every target group has its listener rule"
	default:
		return "look at the container's log and at the service's events"
	}
}

// judgeWakes holds the times of all wakes against the limit.
func (s *Suite) judgeWakes() {
	times := report.Times(s.Book.Wakes())
	if len(times) == 0 {
		return
	}
	p50, p95 := report.Percentile(times, 50), report.Percentile(times, 95)
	measured := fmt.Sprintf("p50 %s, p95 %s, %d wakes", s.Clock.Text(p50), s.Clock.Text(p95), len(times))
	if p95 < s.Limits.Wake {
		s.Book.Pass(report.WakeTime, measured)
		return
	}
	s.Book.Fail(report.WakeTime, measured, report.Fault{
		Asked: "how long a wake takes", Came: "p95 " + s.Clock.Text(p95),
		Do:      "the stages say where the time goes; docs/simulation.md has what each lever is worth (SOCI index, healthIntervalSeconds, …)",
		Symptom: report.SlowWake,
	})
}

// request is a GET without anything special.
func get(path string) target.Request { return target.Request{Method: http.MethodGet, Path: path} }
