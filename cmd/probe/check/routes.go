package check

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// previewPath is where the preview begins.
const previewPath = "/preview/"

// api asks for a check file that is not there: whatever the container answers shows that requests reach it.
func (s *Suite) api(ctx context.Context) {
	s.Progress.Begin("API")
	answer, err := s.files.get(ctx, s.Site, "none")
	if err == nil && answer.Served() {
		s.measured(ctx, report.API, fmt.Sprintf("the container answers (%d)", answer.Status))
		return
	}
	s.measured(ctx, report.API, "not served", s.routeFault(s.files.path("none"), "/api/*", answer, err))
}

// preview opens the preview as a browser does.
func (s *Suite) preview(ctx context.Context) {
	s.Progress.Begin("preview")
	request := pageRequest()
	answer, err := s.do(ctx, s.Site, request)
	if err == nil && isPage(answer) {
		s.measured(ctx, report.Preview, "200 "+answer.Header.Get("Content-Type"))
		return
	}
	fault := s.routeFault(request.Path, "/preview/*", answer, err)
	if err == nil && strings.Contains(answer.Body, "This host is not allowed") {
		fault.Do, fault.Symptom = "allow PUBLIC_HOST in Vite's server.allowedHosts (docs/container-contract.md)", report.BlockedHost
	}
	s.measured(ctx, report.Preview, "not served", fault)
}

func pageRequest() target.Request {
	return target.Request{Method: http.MethodGet, Path: previewPath, Header: http.Header{"Accept": {"text/html"}}}
}

// isPage says whether the container answered with a page.
func isPage(a *target.Answer) bool {
	return a.OK() && strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && strings.TrimSpace(a.Body) != ""
}

// routeFault explains why a path does not reach the container.
func (s *Suite) routeFault(path, pattern string, answer *target.Answer, err error) report.Fault {
	fault := report.Fault{Asked: "GET " + path + " while awake", Came: came(answer, err)}
	switch {
	case err != nil:
		fault.Do, fault.Symptom = "see that the load balancer is there and port 443 open", report.NoAddress
	case isDefault(answer):
		fault.Do, fault.Symptom = "the listener rule for "+pattern+" is missing or has another host; `pulumi up` puts it back", report.NoRule
	case answer.From == target.LoadBalancer:
		fault.Do = "the load balancer found no healthy target behind " + pattern + ", or got no answer from it; look at the target group's health"
		fault.Symptom = report.HealthProblem
	case answer.From == target.Waker:
		fault.Do = "the listener rule for " + pattern + " is missing or has another host, so the waker's catches it; or the waker's is still " +
			"in front (the scaler's log); `pulumi refresh --preview-only` tells"
		fault.Symptom = report.Drift
	default:
		fault.Do = "the container answered with an error; look at its log"
		fault.Symptom = report.HealthProblem
	}
	return fault
}
