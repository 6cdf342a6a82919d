package web

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
	// KindQuiet is answered without looking at anything: HEAD, OPTIONS, prefetch, favicons, Vite's pings.
	KindQuiet
	// KindUnwanted is a crawler, a scanner, or a client that says it does not want to wake anything.
	KindUnwanted
	// KindPage is somebody opening a page.
	KindPage
	// KindReload is a page of ours navigating by itself: it gets the waiting page, and wakes nothing.
	KindReload
	// KindCall is an API call.
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

// wakeHeader says what a client means: "now" to wake with a status request, "never" on requests made in the background.
const wakeHeader = "x-webordinary-wake"

// classify sorts a request whose path and query have been checked.
func (c *Classifier) classify(r *Request) Kind {
	switch {
	case !knownMethod(r.Method), isUpgrade(r):
		return KindRefused
	case isQuiet(r):
		return KindQuiet
	case isRobot(r.Header("user-agent")), strings.EqualFold(r.Header(wakeHeader), "never"):
		return KindUnwanted
	case strings.Contains(r.Header("accept"), StatusType) && r.Method == http.MethodGet:
		if strings.EqualFold(r.Header(wakeHeader), "now") {
			return KindWakeStatus
		}
		return KindStatus
	case isProbe(r.Path):
		return KindUnwanted
	case isNavigation(r):
		if isScripted(r) || !c.credible(r) {
			return KindReload
		}
		return KindPage
	case strings.HasPrefix(r.Path, apiPrefix):
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

func (c *Classifier) credible(r *Request) bool {
	if len(c.Credentials) == 0 {
		return true
	}
	for _, credential := range c.Credentials {
		if credential.Header != "" && r.Header(strings.ToLower(credential.Header)) != "" {
			return true
		}
		if credential.Cookie != "" && hasCookie(r.Header("cookie"), credential.Cookie) {
			return true
		}
	}
	return false
}

func hasCookie(header, name string) bool {
	cookies, err := http.ParseCookie(strings.ReplaceAll(header, ", ", "; "))
	if err != nil {
		return false
	}
	for _, cookie := range cookies {
		if cookie.Name == name && cookie.Value != "" {
			return true
		}
	}
	return false
}

func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions,
		http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	default:
		return false
	}
}

// isUpgrade finds WebSocket handshakes. The load balancer answers them itself with 400 before they get here.
func isUpgrade(r *Request) bool {
	return r.Header("upgrade") != "" || strings.Contains(strings.ToLower(r.Header("connection")), "upgrade")
}

// vitePing is what Vite before 6.0 sends every second once it has lost its socket.
const vitePing = "text/x-vite-ping"

func isQuiet(r *Request) bool {
	if r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return true
	}
	if strings.Contains(r.Header("accept"), vitePing) || isFavicon(r.Path) {
		return true
	}
	for _, header := range []string{"sec-purpose", "purpose", "x-moz", "x-purpose"} {
		if value := strings.ToLower(r.Header(header)); strings.Contains(value, "prefetch") || strings.Contains(value, "preview") {
			return true
		}
	}
	return false
}

func isFavicon(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasPrefix(name, "favicon") || strings.HasPrefix(name, "apple-touch-icon")
}

// robots are parts of the User-Agent of what is not a person's browser or an editor's client. Libraries such as curl or
// Go's client are not among them: people's scripts use those.
var robots = []string{
	"bot", "crawl", "spider", "slurp", "scan", "facebookexternalhit", "embedly", "whatsapp", "preview", "archiver",
	"monitor", "uptime", "pingdom", "healthcheck", "nikto", "nmap", "zgrab", "sqlmap", "nuclei", "censys", "shodan",
	"expanse", "internet-measurement", "lighthouse", "python-urllib", "l9explore", "feedfetcher",
}

// maxAgent is how much of a User-Agent is looked at.
const maxAgent = 512

// isRobot recognises automatic clients that say so, and those that say nothing: every browser and library names itself.
func isRobot(agent string) bool {
	agent = strings.ToLower(agent[:min(len(agent), maxAgent)])
	if strings.TrimSpace(agent) == "" {
		return true
	}
	// A maker of phones.
	agent = strings.ReplaceAll(agent, "cubot", "")
	for _, robot := range robots {
		if strings.Contains(agent, robot) {
			return true
		}
	}
	return false
}

// isProbe recognises what scanners try on any host and no editor ever opens.
func isProbe(path string) bool {
	path = strings.ToLower(path)
	for _, suffix := range []string{".php", ".asp", ".aspx", ".jsp", ".cgi", ".sql", ".bak", ".env", ".ini"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == ".git", segment == ".aws", segment == ".ssh", segment == "cgi-bin", segment == "phpmyadmin":
			return true
		case strings.HasPrefix(segment, ".env"), strings.HasPrefix(segment, "wp-"):
			return true
		}
	}
	return false
}

// isNavigation recognises a browser opening a page, by Fetch Metadata where the browser has it (all current ones do),
// else by what it accepts.
func isNavigation(r *Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	if mode := r.Header("sec-fetch-mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header("accept"), "text/html")
}

// isScripted recognises a page that navigates by itself: same origin, and no key or click behind it. Vite before 6.0
// reloads a forgotten tab once its ping is answered, with whatever status (vitejs/vite issue 13125), and would wake the
// service again each time it fell asleep. Frames are let through: their first load has nobody's click behind it either.
func isScripted(r *Request) bool {
	return r.Header("sec-fetch-site") == "same-origin" && r.Header("sec-fetch-dest") == "document" &&
		r.Header("sec-fetch-user") == ""
}
