package check

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// Behaviours that CloudFront gets (T02 §6, D12).
const (
	apiPattern     = "/api/*"
	previewPattern = "/preview/*"
	socketPattern  = "/ws/*"
)

// edgeAsleep asks for the status through CloudFront while the service sleeps: the waker has to get the request as it was
// sent, and its answer has to come back.
func (s *Suite) edgeAsleep(ctx context.Context) {
	if s.Edge == nil {
		return
	}
	s.Progress.Begin("CloudFront, while asleep")
	if _, faults := s.handshake(ctx, s.Edge); len(faults) > 0 {
		s.measured(ctx, report.CloudFront, "no safe connection", faults...)
		s.closedEdge[""] = true
		return
	}
	request := s.statusRequest()
	answer, err := s.Edge.Do(ctx, request)
	if err == nil && answer.State != nil {
		return
	}
	s.edgeFault(ctx, apiPattern, request.String()+" for the status while asleep", came(answer, err))
}

// edgeFault records what is wrong with one behaviour, once.
func (s *Suite) edgeFault(ctx context.Context, pattern, asked, came string) {
	if s.closedEdge[pattern] {
		return
	}
	s.closedEdge[pattern] = true
	symptom := report.NotOnCloudFront
	if pattern == socketPattern {
		symptom = report.NoEdgeSocket
	}
	s.measured(ctx, report.CloudFront, pattern+" is not right", report.Fault{
		Asked: asked + " through " + s.Edge.Host(), Came: came,
		Do: "see what is there and what should be: `go run ./functions/behaviors -distribution ID -plan`; docs/operations-edge.md, " +
			"\"See it, do it, undo it\", puts the behaviour for " + pattern + " back",
		Symptom: symptom,
	})
}

// edge compares what CloudFront answers with what the load balancer answers, while awake.
func (s *Suite) edge(ctx context.Context) {
	if s.Edge == nil {
		return
	}
	if s.closedEdge[""] {
		s.Book.Missed(report.EdgeErrors, "there is no safe connection to CloudFront")
		return
	}
	s.Progress.Begin("CloudFront, while awake")
	s.edgeRedirect(ctx)
	s.edgeAPI(ctx)
	s.edgePreview(ctx)
	s.edgeSocket(ctx)
	s.edgeErrors(ctx)
	if !s.Book.Failed(report.CloudFront) {
		s.measured(ctx, report.CloudFront, "API, preview and socket")
	}
}

func (s *Suite) edgeRedirect(ctx context.Context) {
	answer, err := s.Edge.Do(ctx, target.Request{Method: http.MethodGet, Path: redirectPath, Plain: true})
	if err != nil || answer.Status != http.StatusMovedPermanently || !isSecure(s.Edge, answer.Header.Get("Location")) {
		s.edgeFault(ctx, previewPattern, "GET http://"+s.Edge.Host()+redirectPath, came(answer, err))
	}
}

// edgeAPI writes through CloudFront and reads through both, so that it is seen to be the same service.
func (s *Suite) edgeAPI(ctx context.Context) {
	if s.noEndpoint || s.closedEdge[apiPattern] || s.Book.Failed(report.API) {
		return
	}
	const name = "edge"
	content := s.Name + " through CloudFront"
	path := s.files.path(name)
	for _, step := range []struct {
		asked string
		send  func() (*target.Answer, error)
		right func(*target.Answer) bool
	}{
		{"PUT " + path, func() (*target.Answer, error) { return s.files.put(ctx, s.Edge, name, content) }, isFresh},
		{
			"GET " + path, func() (*target.Answer, error) { return s.files.get(ctx, s.Edge, name) },
			func(a *target.Answer) bool { return isFresh(a) && a.Body == content },
		},
		{
			"GET " + path + " (at the load balancer, what was written)",
			func() (*target.Answer, error) { return s.files.get(ctx, s.Site, name) },
			func(a *target.Answer) bool { return a.OK() && a.Body == content },
		},
		{"DELETE " + path, func() (*target.Answer, error) { return s.files.remove(ctx, s.Edge, path) }, isFresh},
	} {
		if answer, err := step.send(); err != nil || !step.right(answer) {
			s.edgeFault(ctx, apiPattern, step.asked, came(answer, err))
			return
		}
	}
}

// isFresh says whether the container answered with success, now.
func isFresh(a *target.Answer) bool { return a.OK() && !isCached(a) }

func isCached(a *target.Answer) bool {
	return strings.HasPrefix(strings.ToLower(a.Header.Get("X-Cache")), "hit") || a.Header.Get("Age") != ""
}

// edgePreview opens the page twice, the second time to see that it does not come from the cache, and tries what its
// behaviour must refuse.
func (s *Suite) edgePreview(ctx context.Context) {
	if s.closedEdge[previewPattern] || s.Book.Failed(report.Preview) {
		return
	}
	for range 2 {
		request := pageRequest()
		if answer, err := s.Edge.Do(ctx, request); err != nil || !isPage(answer) || isCached(answer) {
			s.edgeFault(ctx, previewPattern, request.String(), came(answer, err)+cacheNote(answer))
			return
		}
	}
	post := target.Request{Method: http.MethodPost, Path: previewPath}
	if answer, err := s.Edge.Do(ctx, post); err != nil || answer.From != target.CloudFront || answer.Status != http.StatusForbidden {
		s.edgeFault(ctx, previewPattern, post.String()+", which only GET and HEAD may pass (expected 403 from CloudFront)", came(answer, err))
	}
}

func cacheNote(a *target.Answer) string {
	if a == nil || !isCached(a) {
		return ""
	}
	return fmt.Sprintf(", from the cache (X-Cache %q, Age %q)", a.Header.Get("X-Cache"), a.Header.Get("Age"))
}

func (s *Suite) edgeSocket(ctx context.Context) {
	if !s.tab {
		return
	}
	socket, err := s.Edge.Open(ctx, socketPath)
	if err == nil {
		err = socket.Ping(ctx)
		socket.Close()
	}
	if err != nil {
		s.edgeFault(ctx, socketPattern, "a WebSocket on "+socketPath, err.Error())
	}
}

// edgeErrorLook is the interval of looks for the end of a cached error; edgeErrorEnd is when the probe stops looking.
const (
	edgeErrorLook = 2 * time.Second
	edgeErrorEnd  = 30 * time.Second
)

// edgeErrors asks for a file that is not there, stores it, and asks until CloudFront shows it.
func (s *Suite) edgeErrors(ctx context.Context) {
	if s.noEndpoint || s.closedEdge[apiPattern] || s.Book.Failed(report.API) {
		s.Book.Missed(report.EdgeErrors, "CloudFront does not pass /api/*, or there is no check endpoint")
		return
	}
	const name, content = "edge-error", "there now"
	path := s.files.path(name)
	answer, err := s.files.get(ctx, s.Edge, name)
	if err != nil || answer.Status != http.StatusNotFound || answer.From != target.Container {
		s.errorFault(ctx, "errors are replaced", "GET "+path+", which is not there (expected the container's 404)", came(answer, err))
		return
	}
	if answer, err := s.files.put(ctx, s.Site, name, content); err != nil || !answer.OK() {
		s.Book.Missed(report.EdgeErrors, "PUT "+path+": "+came(answer, err))
		return
	}
	defer func() { _, _ = s.files.remove(ctx, s.Site, path) }() // Cleanup tries again
	s.edgeErrorEnds(ctx, name, content)
}

// edgeErrorEnds asks until the stored file is shown. The error counts as kept until it was last asked for and came, since a machine that
// is busy may look again much later than it wanted to.
func (s *Suite) edgeErrorEnds(ctx context.Context, name, content string) {
	kept := time.Duration(0)
	for began := s.Clock.Now(); ; {
		asked := s.Clock.Now().Sub(began)
		answer, err := s.files.get(ctx, s.Edge, name)
		shown := err == nil && answer.OK() && answer.Body == content
		if !shown {
			kept = asked
		}
		switch {
		case shown && kept <= s.Limits.ErrorCaching+edgeErrorLook+s.Lag:
			s.measured(ctx, report.EdgeErrors, "unchanged, kept for "+s.Clock.Text(kept))
			return
		case shown, kept > edgeErrorEnd+s.Lag:
			s.errorFault(ctx, "errors are kept", "GET "+s.files.path(name)+" "+s.Clock.Text(asked)+" after it was stored",
				came(answer, err)+cacheNote(answer))
			return
		}
		if s.Clock.Sleep(ctx, edgeErrorLook) != nil {
			return
		}
	}
}

func (s *Suite) errorFault(ctx context.Context, measured, asked, came string) {
	s.measured(ctx, report.EdgeErrors, measured, report.Fault{
		Asked: asked + " through " + s.Edge.Host(), Came: came,
		Do: "error pages and their caching are the distribution owner's (docs/operations-edge.md, \"Warnings\"); until they are changed, " +
			"editors use " + s.Site.URL(),
		Symptom: report.EdgeErrorsKept,
	})
}
