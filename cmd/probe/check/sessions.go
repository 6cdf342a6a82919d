package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

const (
	// rounds is how often each session works, and pause how long it thinks in between.
	rounds = 5
	pause  = 2 * time.Second
)

// session is one person at work.
type session struct {
	suite *Suite
	name  string
	// alone says that the container has no check endpoint, so that there is nothing to be confused; stateless that it has none
	// for its memory, and nameless that it does not say who answers: without either it is not seen whether a session's requests meet one
	// task.
	alone, stateless, nameless bool

	answered []string // the tasks that have said to answer

	requests int
	socket   bool
	slowest  time.Duration
	faults   []report.Fault
}

// sessions lets several people work at once, each on a file of its own, and on something that the container keeps in its
// memory. What one reads must be what that one wrote: several tasks share the files, and nothing else (D14). A container with the
// supervisor also says who has answered, which must be one task for all that a person does.
func (s *Suite) sessions(ctx context.Context) {
	if s.Book.Failed(report.API) || s.Book.Failed(report.Preview) {
		s.Book.Missed(report.Sessions, "API or preview are not served")
		return
	}
	s.Progress.Begin(fmt.Sprintf("%d sessions at once", s.Limits.Sessions))
	people := make([]*session, s.Limits.Sessions)
	var group sync.WaitGroup
	for i := range people {
		people[i] = &session{suite: s, name: fmt.Sprintf("session-%d", i+1), alone: s.noEndpoint}
		group.Go(func() { people[i].work(ctx) })
	}
	group.Wait()
	if len(people) > 0 {
		people[0].again(ctx)
	}
	requests, sockets, slowest := 0, 0, time.Duration(0)
	var faults []report.Fault
	unseen := false
	for _, p := range people {
		requests, slowest, unseen = requests+p.requests, max(slowest, p.slowest), unseen || p.nameless && (p.stateless || p.alone)
		if p.socket {
			sockets++
		}
		faults = append(faults, p.faults...)
	}
	faults = append(faults, s.split(people)...)
	if len(faults) == 0 && unseen && ctx.Err() == nil {
		s.Book.Missed(report.Sessions, "the container neither says who answers (/api/session) nor has it a check of its memory "+
			"(docs/container-contract.md), so nothing tells whether several tasks answer one session (D14)")
		return
	}
	s.measured(ctx, report.Sessions, fmt.Sprintf("%d sessions, %d sockets, %d requests, slowest %s", len(people), sockets, requests,
		s.Clock.Text(slowest)), faults...)
}

// work opens a tab and then alternates between the preview and the session's file.
func (p *session) work(ctx context.Context) {
	if p.suite.tab {
		if socket, err := p.suite.Site.Open(ctx, socketPath); err == nil {
			p.socket = true
			defer socket.Close() // that sockets stay open is another check's
		}
	}
	for round := range rounds {
		content := fmt.Sprintf("%s %s, round %d", p.suite.Name, p.name, round)
		if !p.page(ctx) || !p.alone && !p.file(ctx, content) || !p.memory(ctx, content) || !p.who(ctx) || p.suite.Clock.Sleep(ctx, pause) != nil {
			return
		}
	}
	if !p.alone {
		_, _ = p.suite.files.remove(ctx, p.suite.Site, p.suite.files.path(p.name)) // Cleanup tries again
	}
}

// again writes and reads when nobody else does. As many sessions as tasks, all at the same pace, would let a load balancer that
// goes round bring each back to its own task every time.
func (p *session) again(ctx context.Context) {
	for round := range rounds {
		if len(p.faults) > 0 || !p.memory(ctx, fmt.Sprintf("%s %s, alone, round %d", p.suite.Name, p.name, round)) || !p.who(ctx) {
			return
		}
	}
}

// who asks who answers. It must be the same task each time; one that was stopped meanwhile would have been replaced, and is a fault, too.
func (p *session) who(ctx context.Context) bool {
	if p.nameless {
		return true
	}
	request := get("/api/session")
	return p.ask(&request, "who answers", func(a *target.Answer) bool {
		var said struct{ Instance string }
		if a.OK() {
			_ = json.Unmarshal([]byte(a.Body), &said) // another container's answer may be anything
		}
		p.nameless = isNoEndpoint(a) || a.OK() && said.Instance == ""
		if said.Instance != "" && !slices.Contains(p.answered, said.Instance) {
			p.answered = append(p.answered, said.Instance)
		}
		return a.OK() || p.nameless
	}, func() (*target.Answer, error) { return p.suite.do(ctx, p.suite.Site, request) })
}

// split is the fault of a session that several tasks have answered. All people here are one user, whose session one task owns.
func (s *Suite) split(people []*session) []report.Fault {
	var all []string
	for _, p := range people {
		all = append(all, p.answered...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) < 2 {
		return nil
	}
	request := get("/api/session")
	return []report.Fault{{
		Asked: fmt.Sprintf("%s by %d people who share a session", &request, len(people)), Came: "answers of " + strings.Join(all, ", "),
		Do: "expected one task's answers only: the session has moved, or two tasks own it; look in the container's log for \"lost\" and " +
			"\"taken over\"",
		Symptom: report.SplitSession,
	}}
}

// memory lets the container keep something for the session, and asks for it. It ends with the task, so nothing is left behind.
func (p *session) memory(ctx context.Context, content string) bool {
	if p.alone || p.stateless {
		return true
	}
	path := "/api/check/memory/" + p.suite.Name + "-" + p.name
	write := target.Request{Method: http.MethodPut, Path: path, Body: content, Header: http.Header{"Content-Type": {"text/plain"}}}
	read := get(path)
	if !p.ask(&write, "success", func(a *target.Answer) bool { p.stateless = isNoEndpoint(a); return a.OK() || p.stateless },
		func() (*target.Answer, error) { return p.suite.do(ctx, p.suite.Site, write) }) || p.stateless {
		return p.stateless
	}
	began := len(p.faults)
	if p.ask(&read, fmt.Sprintf("%q", content), func(a *target.Answer) bool { return a.OK() && a.Body == content },
		func() (*target.Answer, error) { return p.suite.do(ctx, p.suite.Site, read) }) {
		return true
	}
	for i := range p.faults[began:] {
		fault := &p.faults[began+i]
		fault.Do = fmt.Sprintf("expected %q: several tasks answer, each with a memory of its own, and a session's requests meet any of "+
			"them (D14); `pulumi config set maxCapacity 1`, or keep nothing in memory", content)
		fault.Symptom = report.SplitSession
	}
	return false
}

func (p *session) page(ctx context.Context) bool {
	request := pageRequest()
	return p.ask(&request, "a page", isPage, func() (*target.Answer, error) { return p.suite.do(ctx, p.suite.Site, request) })
}

// file writes a file, and reads it back.
func (p *session) file(ctx context.Context, content string) bool {
	files := p.suite.files
	write := &target.Request{Method: http.MethodPut, Path: files.path(p.name)}
	read := get(files.path(p.name))
	return p.ask(write, "success", (*target.Answer).OK, func() (*target.Answer, error) {
		return files.put(ctx, p.suite.Site, p.name, content)
	}) && p.ask(&read, fmt.Sprintf("%q", content), func(a *target.Answer) bool { return a.OK() && a.Body == content },
		func() (*target.Answer, error) { return p.suite.do(ctx, p.suite.Site, read) })
}

// ask sends one request of a session and keeps what is wrong with its answer.
func (p *session) ask(r *target.Request, want string, right func(*target.Answer) bool, send func() (*target.Answer, error)) bool {
	began := p.suite.Clock.Now()
	answer, err := send()
	p.requests++
	p.slowest = max(p.slowest, p.suite.Clock.Now().Sub(began))
	if err == nil && right(answer) {
		return true
	}
	p.faults = append(p.faults, report.Fault{
		Asked: fmt.Sprintf("%s as one of %d sessions at once", r, p.suite.Limits.Sessions), Came: came(answer, err),
		Do:      "expected " + want + "; look at the container's log, and at its CPU and memory on the dashboard",
		Symptom: report.HealthProblem,
	})
	return false
}
