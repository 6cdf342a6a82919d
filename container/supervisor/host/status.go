package host

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/process"
)

// The waker's status, which the waiting page understands (docs/container-contract.md, "The status").
const (
	statusType  = "application/vnd.webordinary.wake+json"
	stateHeader = "X-Webordinary-State"

	stateWaking  = "waking"
	stateFailing = "failing"
	stateReady   = "ready"
	stagePrepare = "preparing"

	retrySeconds     = 2
	retryFailSeconds = 15
	// typicalStart is what a preview takes to its first answer in a workspace that is prepared, and typicalPrepare what clone and
	// installation take. Both are guesses until a probe has measured them.
	typicalStart   = 10 * time.Second
	typicalPrepare = 4 * time.Minute
	// failuresShown is how often something has to fail in a row before people are told that it fails.
	failuresShown = 3
)

// status is what people and clients are told of a session that is not ready.
type status struct {
	State             string       `json:"state"`
	Stage             string       `json:"stage,omitempty"`
	ElapsedSeconds    int          `json:"elapsedSeconds"`
	TypicalSeconds    int          `json:"typicalSeconds"`
	RetryAfterSeconds int          `json:"retryAfterSeconds"`
	Detail            string       `json:"detail,omitempty"` // the step of the preparation
	Error             *statusError `json:"error,omitempty"`
}

type statusError struct {
	Class   string `json:"class"`
	Message string `json:"message"`
}

// status is the session's.
func (s *session) status() status {
	s.mu.Lock()
	step, ready, failures, reason := s.step, s.ready, s.failures, s.reason
	s.mu.Unlock()
	out := status{
		State: stateWaking, Stage: stagePrepare, ElapsedSeconds: int(time.Since(s.since) / time.Second),
		TypicalSeconds: int(typicalStart / time.Second), RetryAfterSeconds: retrySeconds, Detail: step,
	}
	if step != "" {
		out.TypicalSeconds = int(typicalPrepare / time.Second)
	}
	if !ready {
		if failures >= failuresShown {
			out.fail("exit", "The workspace could not be prepared: "+reason+".")
		}
		return out
	}
	for _, server := range []*process.Server{s.preview, s.api} {
		if server == nil {
			continue
		}
		if state, _ := server.State(); state.Failures >= failuresShown {
			out.fail("exit", fmt.Sprintf("The %s does not start: %s.", server.Name, state.Reason))
			return out
		}
	}
	if s.previewReady() {
		out.State, out.Stage, out.RetryAfterSeconds = stateReady, stateReady, 1
	}
	return out
}

func (s *status) fail(class, message string) {
	const most = 300
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + " …"
	}
	s.State, s.Stage, s.Detail, s.RetryAfterSeconds = stateFailing, "", "", retryFailSeconds
	s.Error = &statusError{class, message}
}

// statusOf is what can be said of a user's session; err is why it did not answer.
func (h *Host) statusOf(user string, err error) status {
	if s := h.own(user); s != nil {
		return s.status()
	}
	out := status{
		State: stateWaking, Stage: stagePrepare, ElapsedSeconds: int(time.Since(h.began) / time.Second),
		TypicalSeconds: int(typicalStart / time.Second), RetryAfterSeconds: retrySeconds,
	}
	switch {
	case errors.Is(err, errFull):
		out.fail("capacity", "As many people are at work as this editor has room for.")
	case errors.Is(err, errFiles) || h.faultOf(user) != nil:
		out.fail("file-system", "The workspaces can't be written at the moment.")
	case !h.health.ok(time.Now()):
		out.fail("file-system", "The workspaces can't be reached at the moment.")
	case errors.Is(err, errSilent):
		out.Detail = "Taking over from a server that has gone"
	}
	return out
}

// text is what an API client is told.
func (s *status) text(err error) string {
	switch {
	case s.Error != nil:
		return s.Error.Message
	case err != nil:
		return "the session is not ready: " + err.Error()
	default:
		return "the session is not ready"
	}
}

func writeStatus(w http.ResponseWriter, s *status) {
	body, err := json.Marshal(s)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error()) // texts and numbers always marshal
		return
	}
	header := w.Header()
	header.Set("Content-Type", statusType)
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	_, _ = w.Write(body) // the client may be gone
}

//go:embed page.html
var pageHTML string

// writePage shows the page that waits, follows the status, and opens what was asked for.
func writePage(w http.ResponseWriter, r *http.Request, s *status) {
	text := s.Detail
	if s.Error != nil {
		text = s.Error.Message
	}
	body := strings.Replace(pageHTML, "{{detail}}", html.EscapeString(text), 1)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Retry-After", strconv.Itoa(s.RetryAfterSeconds))
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // the client may be gone
	}
}

func quoteJSON(text string) []byte {
	out, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`) // a text always marshals
	}
	return out
}
