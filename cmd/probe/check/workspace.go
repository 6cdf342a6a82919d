package check

import (
	"context"
	"fmt"
	"net/http"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// kept is the name of the file that has to survive a sleep.
const kept = "kept"

func (s *Suite) keptContent() string { return "written by " + s.Name + " before the sleep" }

// keep stores the file that is looked for after the sleep, and reads it back at once.
func (s *Suite) keep(ctx context.Context) {
	if s.Book.Failed(report.API) {
		s.Book.Missed(report.Workspace, "the API is not served")
		return
	}
	s.Progress.Begin("workspace file")
	answer, err := s.files.put(ctx, s.Site, kept, s.keptContent())
	if err == nil && isNoEndpoint(answer) {
		s.noEndpoint = true
		s.files.forget(s.files.path(kept))
		s.Book.Missed(report.Workspace, fmt.Sprintf("PUT %s: %s: the container has no check endpoint (docs/container-contract.md)",
			s.files.path(kept), answer))
		return
	}
	if err != nil || !answer.OK() {
		s.workspaceFault(ctx, "not stored", "PUT "+s.files.path(kept), came(answer, err))
		return
	}
	if answer, err = s.files.get(ctx, s.Site, kept); err != nil || answer.Body != s.keptContent() {
		s.workspaceFault(ctx, "not stored", "GET "+s.files.path(kept)+" right after it was stored", came(answer, err))
	}
}

func isNoEndpoint(a *target.Answer) bool {
	return a.From == target.Container &&
		(a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented)
}

// survived looks for the file after a sleep, and deletes it.
func (s *Suite) survived(ctx context.Context) {
	if s.noEndpoint || s.Book.Failed(report.Workspace) || s.Book.Failed(report.API) {
		return
	}
	s.Progress.Begin("workspace file after the sleep")
	answer, err := s.files.get(ctx, s.Site, kept)
	if err != nil || !answer.OK() || answer.Body != s.keptContent() {
		s.workspaceFault(ctx, "lost in the sleep", "GET "+s.files.path(kept)+" after a sleep", came(answer, err))
		return
	}
	answer, err = s.files.remove(ctx, s.Site, s.files.path(kept))
	if err != nil || !isGone(answer) {
		s.workspaceFault(ctx, "cannot be deleted", "DELETE "+s.files.path(kept), came(answer, err))
		return
	}
	s.measured(ctx, report.Workspace, "a file was there after the sleep")
}

func (s *Suite) workspaceFault(ctx context.Context, measured, asked, came string) {
	s.measured(ctx, report.Workspace, measured, report.Fault{
		Asked: asked, Came: came,
		Do:      "see that the task definition mounts the access point at /workspace, and that the container writes there as uid 1000",
		Symptom: report.WorkspaceLost,
	})
}
