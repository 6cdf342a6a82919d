package requests

import (
	"net/http"
	"regexp"
	"strings"
)

// isUnwanted sorts out robots. What says that it is a scanner is one. What says that it is a robot is one, unless it
// brings what somebody gave it: a credential, or a body, as a webhook does. The rest is guessed, and any evidence of a
// person is worth more than a guess.
func (c *Classifier) isUnwanted(r *Request, says wish) bool {
	agent := strings.ToLower(clipAgent(r.Header("user-agent")))
	agent = strings.ReplaceAll(agent, "cubot", "") // a maker of phones
	agent = harmless.ReplaceAllString(agent, "")
	switch {
	case scanners.MatchString(agent):
		return true
	case robot.MatchString(agent):
		return !c.hasCredential(r) && !r.hasBody
	case strings.TrimSpace(r.Header("user-agent")) == "", guessed.MatchString(agent), contact.MatchString(agent),
		isProbe(r.Path):
		return says != wakeNow && !c.isEvident(r)
	default:
		return false
	}
}

// isEvident reports evidence of a person, or of a client that one has set up for this service: a credential, a body,
// JSON, or a request that a browser has signed with Fetch Metadata.
func (c *Classifier) isEvident(r *Request) bool {
	return c.hasCredential(r) || r.hasBody || r.isJSON() || isFromBrowser(r)
}

// hasCredential finds a credential of any kind: what is configured, the usual headers, or any cookie at all, which shows
// that the client has been here before.
func (c *Classifier) hasCredential(r *Request) bool {
	if c.brings(r) || c.bringsKey(r) {
		return true
	}
	any := false
	r.eachCookie(func(string) { any = true })
	return any
}

// isJSON reports whether a request sends JSON or asks for it.
func (r *Request) isJSON() bool {
	return isJSONType(mediaType(r.Header("content-type"))) || r.acceptsAny(isJSONType)
}

// isFromBrowser reports whether a request has the two headers that every current browser sends and no script in a page
// can set. One of them alone proves nothing: Node's fetch sends Sec-Fetch-Mode, and no browser sends it alone.
func isFromBrowser(r *Request) bool {
	switch r.Header("sec-fetch-site") {
	case "same-origin", "same-site", "cross-site", "none":
	default:
		return false
	}
	switch r.Header("sec-fetch-mode") {
	case "navigate", "cors", "no-cors", "same-origin":
		return true
	default:
		return false
	}
}

// maxAgent is how much of a User-Agent is looked at.
const maxAgent = 512

func clipAgent(agent string) string { return agent[:min(len(agent), maxAgent)] }

// scanners say that they look for weaknesses.
var scanners = regexp.MustCompile(`nikto|nmap|zgrab|sqlmap|nuclei|masscan|gobuster|dirbuster|wpscan|censys|shodan|` +
	`internet-measurement|l9explore|expanse|feroxbuster|ffuf|fuzz faster|acunetix|qualys|projectdiscovery`)

// robot are names of programs that say what they are: they end in "bot", "crawler" or "spider", or are known. Monitors are
// among them: one that wakes the service each minute keeps it awake for ever.
var robot = regexp.MustCompile(`(^|[^a-z])([a-z0-9]*(bot|bots|crawler|spider)|slurp|facebookexternalhit|facebookcatalog|embedly|` +
	`ia_archiver|pingdom|elb-healthchecker|googlehc|kube-probe|feedfetcher|chrome-lighthouse|` +
	`amazon-route53-health-check-service|[a-z0-9]*synthetics|newrelicpinger|statuscake|site24x7|blackbox exporter|updown\.io|checkly|` +
	`prometheus|consul health check|envoy/hc|appinsights)([^a-z]|$)|^whatsapp/`)

// guessed are words in the User-Agent that are mostly a robot's; there are people's apps with such names, too. Libraries
// such as curl or Go's client are not among them: people's scripts use those. urllib's is, since scanners use it most.
var guessed = regexp.MustCompile(`bot|crawl|spider|scan|preview|archiver|monitor|uptime|health[-_ ]?check|lighthouse|` +
	`python-urllib|whatsapp|scrapy|httrack|feedly|pinterest/|tumblr/|^(apis|mediapartners)-google|google-|^[a-z]+-ai\b`)

// contact are the marks of programs that go round by themselves, whatever they are called: an address for complaints, and
// the "compatible" that browsers sent until Internet Explorer 10.
var contact = regexp.MustCompile(`https?://|[a-z0-9]@[a-z0-9-]+\.[a-z]|\(compatible;`)

// harmless is what looks like such a mark: libraries of people's scripts that name their own page, and that Explorer.
var harmless = regexp.MustCompile(`node-fetch/[0-9.]+ \(\+https?://[^)]*\)|got \(https?://[^)]*\)|\(compatible; msie `)

// isProbe recognises what scanners try on any host and no editor is likely to open.
func isProbe(path string) bool {
	path = strings.ToLower(path)
	return probeSuffix.MatchString(path) || probeSegment.MatchString(path) && !picture.MatchString(path)
}

var (
	probeSuffix  = regexp.MustCompile(`\.(php[0-9]?|aspx?|jsp|cgi|sql|bak|ini)$`)
	probeSegment = regexp.MustCompile(`/(\.git|\.aws|\.ssh|\.env[^/]*|cgi-bin|phpmyadmin|` +
		`wp-(admin|includes|content|json|config[^/]*))(/|$)|\.env$`)
	picture = regexp.MustCompile(`\.(jpe?g|png|gif|svg|webp|avif)$`)
)

// reads reports whether a method only reads.
func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
