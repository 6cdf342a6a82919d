package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/peer"
	"github.com/webordinary/live-edit/container/supervisor/relay"
	"github.com/webordinary/live-edit/container/supervisor/telemetry"
	"github.com/webordinary/live-edit/container/supervisor/who"
	"github.com/webordinary/live-edit/functions/identity"
)

var errMoved = relay.ErrMoved

// How long a request is held that can't be answered yet.
const (
	holdCall   = 25 * time.Second
	holdPage   = 2 * time.Second // then the waiting page is shown
	holdStatus = 500 * time.Millisecond

	askAgainFirst = 200 * time.Millisecond
	askAgainMost  = time.Second
)

// visit is a request on its way.
type visit struct {
	user   string
	port   int
	passed bool // by another task: it goes no further
	start  bool
	kind   kind
}

// kind is how a request waits.
type kind int

const (
	call kind = iota
	page
	statusPoll
)

func (k kind) hold() time.Duration {
	switch k {
	case page:
		return holdPage
	case statusPoll:
		return holdStatus
	default:
		return holdCall
	}
}

// kindOf tells a person's navigation from a call, and both from the waiting page's question.
func kindOf(r *http.Request) kind {
	accept := strings.Join(r.Header["Accept"], ",")
	switch {
	case r.Method == http.MethodGet && strings.Contains(accept, statusType) &&
		(strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/preview/")):
		return statusPoll
	case r.Method == http.MethodGet && strings.Contains(accept, "text/html") && !relay.IsUpgrade(r.Header):
		return page
	default:
		return call
	}
}

// front answers a port of the container.
func (h *Host) front(port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if port == config.APIPort && r.URL.Path == "/health" {
			h.serveHealth(w)
			return
		}
		person, invited := h.admit(w, r)
		if !invited {
			return
		}
		clean(r.Header)
		if !h.allowed(r) {
			const message = "a page of %.100q may not do this; pages that may are named by PUBLIC_ORIGINS and in the image's configuration, origins"
			fail(w, http.StatusForbidden, fmt.Sprintf(message, r.Header.Get("Origin")))
			return
		}
		if port == config.APIPort && r.URL.Path == "/api/session" && !relay.Safe(r.Method) {
			if person.User != "" {
				fail(w, http.StatusForbidden, fmt.Sprintf("your sign-in says that your workspace is %s; it can't be chosen", person.User))
				return
			}
			h.choose(w, r)
			return
		}
		h.serveUser(w, r, visit{user: person.User, port: port, kind: kindOf(r)}, person)
	})
}

// serveUser answers a request in the session of a signed-in person, or else of the user that the request names.
func (h *Host) serveUser(w http.ResponseWriter, r *http.Request, v visit, person identity.Person) {
	if v.user == "" {
		var err error
		if v.user, err = who.Of(r, h.settings.User); err != nil {
			http.SetCookie(w, who.Forget(isSecure(r)))
			fail(w, http.StatusBadRequest, err.Error()+"; it has been removed, so load the page again")
			return
		}
	}
	ctx, done := h.whileInvited(r, person.Email)
	defer done()
	out, again := relay.Wrap(w, r.WithContext(ctx))
	h.answer(out, again, v)
}

// servePassed answers a request that another task has passed on.
func (h *Host) servePassed(w *relay.Writer, r *http.Request, p peer.Passed) {
	if !who.Valid(p.User) {
		fail(w, http.StatusBadRequest, "a request that is passed on names a user")
		return
	}
	h.answer(w, r, visit{user: p.User, port: p.Port, passed: true, start: p.Start, kind: kindOf(r)})
}

// clean removes headers by which somebody could pass for one of us or for the load balancer, and what lets its bearer pass for the person:
// the load balancer's session.
func clean(header http.Header) {
	peer.Strip(header)
	identity.Strip(header)
}

// allowed says whether a page elsewhere is kept from acting in the name of whoever looks at it. Browsers say where a page is from; others
// have no cookies that somebody else could use.
func (h *Host) allowed(r *http.Request) bool {
	if relay.Safe(r.Method) && !relay.IsUpgrade(r.Header) {
		return true
	}
	for _, origin := range r.Header["Origin"] {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" {
			return false // also "null"
		}
		if !strings.EqualFold(u.Host, r.Host) && !strings.EqualFold(u.Host, h.settings.PublicHost) &&
			!contains(h.file.Origins, origin) && !contains(h.settings.Origins, origin) {
			return false
		}
	}
	return true
}

func contains(list []string, wanted string) bool {
	for _, each := range list {
		if strings.EqualFold(each, wanted) {
			return true
		}
	}
	return false
}

// answer finds the session and has the request answered, here or there, as often as it takes and as long as the request may wait.
func (h *Host) answer(w *relay.Writer, r *http.Request, v visit) {
	ctx, cancel := context.WithTimeout(r.Context(), v.kind.hold())
	defer cancel()
	var why error
	for pause := askAgainFirst; ; pause = min(pause*3/2, askAgainMost) {
		p, err := h.locate(ctx, v)
		if err == nil {
			if err = h.attempt(ctx, w, r, v, p); err == nil {
				return
			}
		}
		var failed *relay.Error
		if errors.As(err, &failed) && !failed.Again {
			why = err
			break
		}
		why = moreTelling(ctx, why, err)
		select {
		case <-time.After(pause):
			continue
		case <-ctx.Done():
		}
		break
	}
	if r.Context().Err() == nil {
		h.giveUp(w, r, v, why)
	}
}

// moreTelling is which of two errors, one after the other, says more: what comes after a request's time is over tells of that, and not of
// what it has waited for.
func moreTelling(ctx context.Context, before, now error) error {
	if before != nil && ctx.Err() != nil {
		return before
	}
	return now
}

// locate is find for whoever asks: a request that was passed on goes no further.
func (h *Host) locate(ctx context.Context, v visit) (place, error) {
	if !v.passed {
		return h.find(ctx, v.user)
	}
	if s := h.own(v.user); s != nil {
		return place{own: s}, nil
	}
	if v.start && !h.aside() {
		return h.claim(ctx, v.user)
	}
	return place{}, nil
}

// attempt has the request answered once. ctx is how long it may wait for the session to be ready; the answer may take as long as it likes.
func (h *Host) attempt(ctx context.Context, w *relay.Writer, r *http.Request, v visit, p place) error {
	switch {
	case p.own != nil:
		return p.own.serve(ctx, w, r, v)
	case v.passed:
		peer.NotOwner(w, p.address)
		return nil
	default:
		return h.pass(w, r, v, p)
	}
}

// pass passes a request to another task.
func (h *Host) pass(w *relay.Writer, r *http.Request, v visit, p place) error {
	ctx, callBack := context.WithCancelCause(r.Context())
	defer callBack(nil)
	go h.watch(ctx, watched{v.user, p.address, graceOf(r)}, callBack)
	err := h.client.Pass(w, r.WithContext(ctx), p.address, peer.Passed{User: v.user, Port: v.port, Start: p.start})
	if err == nil {
		h.record.Count(telemetry.MetricForwarded, 1)
		if p.start {
			h.setRoute(v.user, p.address)
		}
		return nil
	}
	var denied *peer.NotOwnerError
	if errors.As(err, &denied) {
		h.setRoute(v.user, denied.Owner)
	} else {
		h.setRoute(v.user, "")
	}
	return err
}

// giveUp answers a request that has waited long enough.
func (h *Host) giveUp(w *relay.Writer, r *http.Request, v visit, err error) {
	if w.Started() {
		panic(http.ErrAbortHandler)
	}
	status := h.statusOf(v.user, err)
	var failed *relay.Error
	switch {
	case v.kind == statusPoll:
		writeStatus(w, &status)
	case v.kind == page:
		writePage(w, r, &status)
	case errors.As(err, &failed) && !failed.Again:
		h.record.Log.Warn("a request was not answered", "session", v.user, "method", r.Method, "path", r.URL.Path, "error", err)
		fail(w, http.StatusBadGateway, "the session's process broke the request off; whether it acted on it is not known")
	default:
		w.Header().Set("Retry-After", "2")
		fail(w, http.StatusServiceUnavailable, status.text(err))
	}
}
