package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

const (
	apiPath     = "/api/sessions"
	previewPath = "/preview/"
	// patience is how long a client tries, from the last moment at which something was wrong, beyond what a container needs.
	patience = 10 * time.Minute
	// afterError is how long a client waits after a gateway's error.
	afterError = 2 * time.Second
)

// send puts a request through the load balancer. A nil response means a gateway's error.
func (h *harness) send(a *actor, kind scalertest.Kind, headers ...string) (scalertest.Destination, *requests.Response) {
	var destination scalertest.Destination
	h.api.Do(func(w *scalertest.Account) { destination = w.Request(kind) })
	switch destination {
	case scalertest.Served:
		h.note(func() { h.lastServed, h.served = time.Now(), h.served+1 })
		return destination, nil
	case scalertest.Unserved:
		h.note(func() { h.unserved++ })
		return destination, nil
	default:
		h.note(func() {
			if h.served > 0 {
				h.redirected++
			}
		})
		path := map[scalertest.Kind]string{scalertest.ToAPI: apiPath, scalertest.ToPreview: previewPath}[kind]
		response, _, err := h.invoke(a, requestEvent(path, headers...))
		if err != nil {
			return scalertest.Unserved, nil
		}
		return scalertest.ToWaker, response
	}
}

// asked notes that somebody wants the service.
func (h *harness) asked() { h.note(func() { h.lastAsk = time.Now() }) }

func (h *harness) playSession(a *actor, s *session) {
	if !h.wait(s.At) {
		return
	}
	act := h.browse
	if s.API {
		act = h.callAPI
	}
	act(a)
	for _, think := range s.Think {
		if !h.wait(think) || time.Since(h.began) > busy {
			return
		}
		act(a)
	}
}

// callAPI makes one API call and follows it until it is served.
func (h *harness) callAPI(a *actor) {
	began := time.Now()
	for {
		h.asked()
		destination, response := h.send(a, scalertest.ToAPI, "accept", "application/json")
		pause := time.Duration(0)
		switch {
		case destination == scalertest.Served:
			return
		case destination == scalertest.Unserved:
			pause = afterError
		case response.StatusCode == http.StatusTemporaryRedirect:
			if response.Header("Location") != apiPath {
				h.violate("redirected to %q", response.Header("Location"))
			}
		case response.StatusCode == http.StatusServiceUnavailable:
			retry, err := strconv.Atoi(response.Header("Retry-After"))
			if err != nil || retry < 10 {
				h.violate("a 503 with Retry-After %q", response.Header("Retry-After"))
			}
			pause = time.Duration(retry) * time.Second
		default:
			h.violate("an API call was answered with %d", response.StatusCode)
			return
		}
		if h.lost(began, "an API call") || !h.wait(pause) {
			return
		}
	}
}

// lost reports that a client's patience is over although nothing keeps the service from serving it. When something does,
// people go home after a while.
func (h *harness) lost(began time.Time, what string) bool {
	since := began
	h.note(func() {
		for _, trouble := range []time.Time{h.lastFault, h.troubledUntil} {
			if trouble.After(since) {
				since = trouble
			}
		}
	})
	if time.Since(since) < patience+h.scenario.Timing.Listen.Most {
		return time.Since(h.began) > busy+patience
	}
	h.violate("%s was not served for %s", what, time.Since(since))
	return true
}

// navigate are the headers of somebody opening an address; byScript are those of a page that reloads itself.
var (
	navigate = []string{
		"accept", "text/html", "sec-fetch-mode", "navigate", "sec-fetch-dest", "document", "sec-fetch-site", "none", "sec-fetch-user", "?1",
	}
	byScript = []string{
		"accept", "text/html", "sec-fetch-mode", "navigate", "sec-fetch-dest", "document", "sec-fetch-site", "same-origin",
		"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
		"cache-control", "max-age=0",
	}
	askStatus = []string{"accept", requests.StatusType, "sec-fetch-mode", "cors", "sec-fetch-site", "same-origin"}
	askWake   = append([]string{"x-webordinary-wake", "now"}, askStatus...)
)

// browse opens the preview and waits, as a person in front of the waiting page does, until it is there. A person who
// sees the button presses it.
func (h *harness) browse(a *actor) {
	began := time.Now()
	headers := navigate
	for {
		h.asked()
		destination, response := h.send(a, scalertest.ToPreview, headers...)
		switch {
		case destination == scalertest.Served:
			return
		case destination == scalertest.ToWaker && response.StatusCode == http.StatusTemporaryRedirect:
			continue
		case destination == scalertest.ToWaker && response.StatusCode == http.StatusOK:
			if !h.waitOnPage(a, began, true) {
				return
			}
			headers = byScript
		case destination == scalertest.ToWaker:
			h.violate("a navigation was answered with %d", response.StatusCode)
			return
		default:
			headers = navigate
		}
		if h.lost(began, "a navigation") || !h.wait(afterError) {
			return
		}
	}
}

// waitOnPage is the waiting page: it polls until it would reload. It returns false when the run or the patience is over.
func (h *harness) waitOnPage(a *actor, began time.Time, person bool) bool {
	headers := askStatus
	for h.wait(2 * time.Second) {
		if person {
			h.asked()
			if h.lost(began, "a waiting page") {
				return false
			}
		}
		destination, response := h.send(a, scalertest.ToPreview, headers...)
		headers = askStatus
		switch {
		case destination == scalertest.Served:
			return true
		case destination == scalertest.Unserved:
			continue
		case response.StatusCode != http.StatusOK || response.Header("Content-Type") != requests.StatusType:
			h.violate("a status request was answered with %d %s", response.StatusCode, response.Header("Content-Type"))
			return false
		}
		var status requests.Status
		if err := json.Unmarshal([]byte(response.Body), &status); err != nil {
			h.violate("a status is not JSON: %v", err)
			return false
		}
		switch {
		case status.State == "ready":
			return h.wait(time.Second)
		case status.State == "asleep" && person:
			headers = askWake
		case !h.wait(time.Duration(status.RetryAfterSeconds) * time.Second):
			return false
		}
	}
	return false
}

// playTab is a forgotten tab. Its page is open; when its socket is lost the client pings, and reloads if that works.
func (h *harness) playTab(a *actor, t *tab) {
	if !h.wait(t.At) {
		return
	}
	for h.wait(time.Second) {
		connected := false
		h.api.Do(func(w *scalertest.Account) { connected = w.Lowered() && w.Healthy() > 0 })
		if connected {
			continue
		}
		if !t.Old {
			// Vite since 6.0 pings with a WebSocket, which goes to the ws group and never gets here.
			continue
		}
		if destination, _ := h.send(a, scalertest.ToPreview, "accept", "text/x-vite-ping"); destination == scalertest.Unserved {
			continue
		}
		destination, response := h.send(a, scalertest.ToPreview, byScript...)
		if destination == scalertest.ToWaker && response.StatusCode == http.StatusOK {
			h.waitOnPage(a, time.Now(), false)
		}
	}
}
