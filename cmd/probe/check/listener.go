package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// redirectPath has a query, which a redirect must keep.
const redirectPath = "/preview/?probe=1&x=%20"

// redirect asks for a page over http://.
func (s *Suite) redirect(ctx context.Context) {
	s.Progress.Begin("redirect from http://")
	s.measuredRedirect(ctx, s.Site, report.Redirect)
}

func (s *Suite) measuredRedirect(ctx context.Context, site Site, id string) {
	answer, err := site.Do(ctx, target.Request{Method: http.MethodGet, Path: redirectPath, Plain: true})
	if err == nil && answer.Status == http.StatusMovedPermanently && isSecure(site, answer.Header.Get("Location")) {
		s.measured(ctx, id, "301")
		return
	}
	s.measured(ctx, id, "http:// is not redirected", report.Fault{
		Asked: "GET http://" + site.Host() + redirectPath, Came: came(answer, err),
		Do:      "expected 301 to the same page over https://; the redirect was changed, `pulumi up` sets it back",
		Symptom: report.NoRedirect,
	})
}

// isSecure says whether a Location is the same page over HTTPS. Load balancers name the port, CloudFront does not.
func isSecure(site Site, location string) bool {
	to, err := url.Parse(location)
	return err == nil && to.Scheme == "https" && to.Hostname() == site.Host() &&
		(to.Port() == "" || to.Port() == "443") && to.RequestURI() == redirectPath
}

// defaultAnswer asks for what no rule serves: another path, and another host.
func (s *Suite) defaultAnswer(ctx context.Context) {
	s.Progress.Begin("default answer")
	var faults []report.Fault
	for _, r := range []target.Request{
		{Method: http.MethodGet, Path: "/nothing-is-here"},
		{Method: http.MethodGet, Path: "/preview/", Host: "nobody." + s.Site.Host()},
	} {
		answer, err := s.Site.Do(ctx, r)
		if err == nil && isDefault(answer) {
			continue
		}
		content := came(answer, err)
		if err == nil {
			content = answer.Content()
		}
		faults = append(faults, report.Fault{
			Asked: r.String(), Came: content,
			Do: fmt.Sprintf("expected 200, text/plain, %q; the listener's default action was changed, or a rule without a host "+
				"catches everything; `pulumi up` sets it back", report.DefaultText),
			Symptom: report.WrongDefault,
		})
	}
	measured := "200"
	if len(faults) > 0 {
		measured = "another answer"
	}
	s.measured(ctx, report.DefaultAnswer, measured, faults...)
}

func isDefault(a *target.Answer) bool {
	return a.Status == http.StatusOK && strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") &&
		strings.TrimSpace(a.Body) == report.DefaultText
}

// asksWho says why a stack into which people sign in does not tell its state; empty if that is not it.
func asksWho(a *target.Answer) string {
	switch {
	case a.Status == http.StatusUnauthorized && a.From == target.LoadBalancer:
		return "people sign in here, and the probe has not, or its session has ended: sign in with a browser, and give the session's cookies " +
			"with -header (docs/operations.md, \"Who may edit\")"
	case a.Status == http.StatusForbidden && strings.Contains(a.Body, "not invited to edit"):
		return "the session that -header gives is of somebody who is not invited here (docs/operations.md, \"Who may edit\")"
	default:
		return ""
	}
}

// deployed asks for the state, which the waker tells while the service sleeps, and the container by answering at all.
// Without either it returns nil.
func (s *Suite) deployed(ctx context.Context) *target.Answer {
	s.Progress.Begin("state of the service")
	request := s.statusRequest()
	answer, err := s.do(ctx, s.Site, request)
	switch {
	case err == nil && answer.State != nil:
		s.measured(ctx, report.Deployed, answer.State.State)
		return answer
	case err == nil && asksWho(answer) != "":
		s.miss(ctx, asksWho(answer))
		return nil
	case err == nil && answer.From == target.Container:
		s.measured(ctx, report.Deployed, "awake")
		return answer
	}
	fault := report.Fault{
		Asked: request.String() + " for the status", Came: came(answer, err),
		Do:      "neither the waker nor the container answered; look at the alarms and at the scaler's log",
		Symptom: report.Drift,
	}
	if err == nil && isDefault(answer) {
		fault.Do = "no listener rule serves /api/* for this host: the stack is not deployed, or under another host"
		fault.Symptom = report.NoRule
	}
	s.measured(ctx, report.Deployed, "no state", fault)
	return nil
}
