package requests

import (
	"net/http"
	"strings"
)

// Kind is what a request is to the waker.
type Kind uint8

// The kinds.
const (
	// KindRefused is wrong in itself.
	KindRefused Kind = iota
	// KindQuiet is answered without looking at anything: what clients send in the background, HEAD, OPTIONS, favicons.
	KindQuiet
	// KindUnwanted is a crawler, a scanner, a speculation, or a client that says it does not want to wake anything.
	KindUnwanted
	// KindPage is somebody opening a page.
	KindPage
	// KindReload is a page of ours navigating by itself: it gets the waiting page, and wakes nothing.
	KindReload
	// KindForm is somebody sending a form: held like a call, so that its body is kept, and answered with a page.
	KindForm
	// KindCall is an API call, or anything else under our paths that changes something.
	KindCall
	// KindStatus asks for the status.
	KindStatus
	// KindWakeStatus asks for the service, and for the status.
	KindWakeStatus
	// KindFile is anything else that belongs to a page.
	KindFile
)

// StatusType is the media type of the status: whoever accepts it asks for the status, under any path.
const StatusType = "application/vnd.webordinary.wake+json"

// classify sorts a request whose path and query have been checked. What a request *is* comes first (a beacon stays one,
// whoever sends it), then what a robot says of itself, and guesses last: any evidence of a person outranks them (D28).
func (c *Classifier) classify(r *Request) Kind {
	says := r.wish()
	switch {
	case isUnservable(r):
		return KindRefused
	case isSpeculation(r):
		return KindUnwanted
	case says != wakeNow && c.isBackground(r):
		return KindQuiet
	case says == wakeNever, c.isUnwanted(r, says):
		return KindUnwanted
	case r.Method == http.MethodGet && r.accepts(StatusType):
		if says == wakeNow {
			return KindWakeStatus
		}
		return KindStatus
	default:
		return c.classifyWanted(r, says)
	}
}

// classifyWanted sorts what may wake the service, if it brings what is demanded.
func (c *Classifier) classifyWanted(r *Request, says wish) Kind {
	switch {
	case isNavigation(r):
		switch {
		case !c.credible(r), reads(r.Method) && says != wakeNow && (isScripted(r) || isFramedElsewhere(r)):
			return KindReload
		case reads(r.Method):
			return KindPage
		}
		return KindForm
	case isEmbedded(r):
		return KindFile
	case strings.HasPrefix(r.Path, apiPrefix), !reads(r.Method):
		if !c.credible(r) {
			return KindUnwanted
		}
		return KindCall
	default:
		return KindFile
	}
}

// Classifier holds what may be configured about who wakes the service.
type Classifier struct {
	// Credentials, if any, are what a request must bring one of to wake the service.
	Credentials []Credential
}

// Credential is a header, or a cookie, by its name. Its value is not checked: that is the container's part. It keeps
// scanners from costing money, it keeps nobody out.
type Credential struct {
	Header, Cookie string
}

// credible reports whether a request brings what is demanded, if anything is.
func (c *Classifier) credible(r *Request) bool {
	return len(c.Credentials) == 0 || c.brings(r)
}

// brings reports whether a request has one of the configured credentials.
func (c *Classifier) brings(r *Request) bool {
	for _, credential := range c.Credentials {
		if credential.Header != "" && r.Header(strings.ToLower(credential.Header)) != "" {
			return true
		}
		if credential.Cookie != "" && r.hasCookie(credential.Cookie) {
			return true
		}
	}
	return false
}

// isUnservable finds what the load balancer does not pass to anybody: TRACE (405) and CONNECT, and WebSocket handshakes
// (400 for a function). Offers of other protocols, such as the h2c of curl --http2, are no more than offers.
func isUnservable(r *Request) bool {
	if r.Method == "" || r.Method == http.MethodTrace || r.Method == http.MethodConnect {
		return true
	}
	return r.lists("upgrade", "websocket")
}

// isNavigation recognises a browser opening a page or sending a form, by Fetch Metadata where the browser has it (all
// current ones do), else by what it accepts. A mode that no browser sends says nothing.
func isNavigation(r *Request) bool {
	switch r.Header("sec-fetch-mode") {
	case "navigate":
		return true
	case "same-origin":
		// What Firefox sends for a page when a service worker passes the request on.
		return r.Method == http.MethodGet && r.Header("sec-fetch-dest") == "empty" && r.accepts("text/html")
	case "cors", "no-cors", "websocket":
		return false
	}
	if strings.EqualFold(r.Header("x-requested-with"), "XMLHttpRequest") || !r.accepts("text/html") {
		return false
	}
	return r.Method == http.MethodGet || isFormType(r.Header("content-type"))
}

// isEmbedded recognises a picture, a style, a script or a font that another site's page takes from us: the published site
// behind the waiting page must not wake what it stands in for, and nobody else's page either.
func isEmbedded(r *Request) bool {
	if r.Header("sec-fetch-site") != "cross-site" || r.Header("sec-fetch-mode") != "no-cors" {
		return false
	}
	switch r.Header("sec-fetch-dest") {
	case "", "empty", "document", "iframe", "frame":
		return false
	default:
		return true
	}
}

// isFramedElsewhere recognises a frame's page that another site's page loads, be it the published site behind the waiting page,
// whose frames run in nobody's name: no click of a visitor of that page says that the editor is wanted. The button is there, and
// an address can say what it means. Frames of our own site are let through: their first load has nobody's click behind it either.
func isFramedElsewhere(r *Request) bool {
	dest := r.Header("sec-fetch-dest")
	return r.Header("sec-fetch-site") == "cross-site" && (dest == "iframe" || dest == "frame")
}

// isFormType recognises the three types that a form without a script can have.
func isFormType(contentType string) bool {
	switch mediaType(contentType) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	default:
		return false
	}
}

// isScripted recognises a page that navigates by itself: within the site, and no key or click behind it. Vite before 6.0
// reloads a forgotten tab once its ping is answered, with whatever status (vitejs/vite issue 13125), and would wake the
// service again each time it fell asleep. Frames are let through: their first load has nobody's click behind it either.
//
// Sec-Fetch-User says that there was a key or a click, and its absence that there was none, but only from a browser that
// sends it at all: Chromium and Firefox do, no Safari does (mdn/browser-compat-data issue 27928). What each sends is
// recorded in testdata/shapes.json.
func isScripted(r *Request) bool {
	site, reloads := r.Header("sec-fetch-site"), r.lists("cache-control", "max-age=0")
	if r.Header("sec-fetch-user") == "?1" || site != "same-origin" && site != "none" {
		return false
	}
	switch r.Header("sec-fetch-dest") {
	case "document":
		switch agent := r.Header("user-agent"); {
		case strings.Contains(agent, "Firefox/"): // a reload by script keeps the "none" of a typed address
			return true
		case strings.Contains(agent, "Chrome/"), strings.Contains(agent, "Chromium/"):
			return site == "same-origin"
		}
	case "empty": // passed on by a service worker, which loses whether somebody clicked
	default:
		return false
	}
	// A link has no Cache-Control, and WebKit's own reload comes from "none".
	return site == "same-origin" && reloads
}
