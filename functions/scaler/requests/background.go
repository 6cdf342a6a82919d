package requests

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// vitePing is what Vite before 6.0 sends every second once it has lost its socket.
const vitePing = "text/x-vite-ping"

// isBackground recognises what standard clients send with nobody waiting for it. testdata/shapes.json has what each
// browser sends; beacons of JSON and keepalive fetches look like any call, and count as one.
func (c *Classifier) isBackground(r *Request) bool {
	switch r.Method {
	case http.MethodHead, http.MethodOptions:
		// Somebody who was given a key asks about something; everybody else's question is not worth a wake.
		return !strings.HasPrefix(r.Path, apiPrefix) || isPreflight(r) || !c.bringsKey(r)
	case http.MethodGet:
		return r.accepts(vitePing) || isFavicon(r) || isPrefetch(r) || isStream(r) || isWorkers(r)
	case http.MethodPost:
		return isBeacon(r)
	default:
		return false
	}
}

// isSpeculation recognises a page that a browser loads in case somebody opens it: Sec-Purpose on a navigation. It is told
// so with an error, and never with 204: Chromium keeps every 2xx answer and serves the click with it, which then does
// nothing (seen in Chromium 156; WICG/nav-speculation issue 330). After an error it asks again.
func isSpeculation(r *Request) bool {
	return r.Method == http.MethodGet && r.Header("sec-fetch-mode") == "navigate" && hasToken(r, "sec-purpose", "prefetch")
}

// isPrefetch recognises files that are loaded ahead, and the headers that browsers had before Sec-Purpose: Purpose (Chrome,
// Safari), X-Moz (Firefox), X-Purpose (Safari's previews, Facebook's app).
func isPrefetch(r *Request) bool {
	for _, header := range [...]string{"sec-purpose", "purpose", "x-moz", "x-purpose"} {
		if hasToken(r, header, "prefetch") || hasToken(r, header, "preview") {
			return true
		}
	}
	return false
}

// hasToken finds a token before the parameters of a header such as "prefetch;prerender".
func hasToken(r *Request, header, token string) bool {
	for _, line := range r.header[header] {
		for each := range strings.SplitSeq(line, ",") {
			if mediaType(each) == token {
				return true
			}
		}
	}
	return false
}

var favicon = regexp.MustCompile(`^(favicon|apple-touch-icon)[-_.a-z0-9]*\.(ico|png|svg|gif|jpe?g|webp)$`)

// isFavicon recognises the icon that a browser looks for by itself. A page or a call about such a file is something else.
func isFavicon(r *Request) bool {
	if !favicon.MatchString(strings.ToLower(path.Base(r.Path))) || isNavigation(r) || r.isJSON() {
		return false
	}
	return r.Header("sec-fetch-mode") == "" || r.Header("sec-fetch-dest") == "image"
}

// isStream recognises an EventSource, which comes back for ever with nobody at the screen and cannot set a header; 204 is
// what tells it to stop (HTML standard, 9.2). A call that would also take JSON is a call.
func isStream(r *Request) bool {
	return r.accepts("text/event-stream") && !r.isJSON() && !r.accepts("text/html")
}

// serviceWorker is how the script of a service worker is called, by custom and by the tools that make one.
var serviceWorker = regexp.MustCompile(`^(([-_.a-z0-9]*[-_.])?(sw|service[-_]?worker)|ngsw-worker)` +
	`([-_.][-_.a-z0-9]*)?\.[cm]?[jt]s$`)

// isWorkers recognises a service worker's script, which browsers look for by themselves at least once a day, what such a
// worker fetches on its own account, which names its script as the referrer, and other things browsers fetch for
// themselves. What it passes on for a page has the page's referrer.
func isWorkers(r *Request) bool {
	switch r.Header("sec-fetch-dest") {
	case "serviceworker", "report", "speculationrules", "webidentity":
		return true
	}
	if strings.EqualFold(r.Header("service-worker"), "script") {
		return true
	}
	referrer, err := url.Parse(r.Header("referer"))
	return err == nil && !isNavigation(r) && serviceWorker.MatchString(strings.ToLower(path.Base(referrer.Path)))
}

// isBeacon recognises sendBeacon, hyperlink auditing, and browsers' own reports. A script that posts with no-cors, and so
// never learns an answer, looks the same and is treated the same.
func isBeacon(r *Request) bool {
	switch mediaType(r.Header("content-type")) {
	case "text/ping", "application/csp-report", "application/reports+json":
		return true
	}
	dest := r.Header("sec-fetch-dest")
	return dest == "report" || r.Header("sec-fetch-mode") == "no-cors" && (dest == "empty" || dest == "")
}
