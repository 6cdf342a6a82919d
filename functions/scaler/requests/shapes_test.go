package requests_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// shape is a row of testdata/shapes.json: what a client sends when somebody, or nobody, does something. The rows "recorded"
// were sent to a server on localhost by the program itself, driven by its own automation or by keys; Host, Connection and
// what says languages and encodings are left out. WebKitGTK stands for Safari, whose engine it shares.
type shape struct {
	Client, Action, Source string
	Method, Path           string
	Headers                map[string]string
	Body                   bool
	Verdict                string
}

func shapes(t *testing.T) []shape {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "shapes.json"))
	require.NoError(t, err)
	var rows []shape
	require.NoError(t, json.Unmarshal(data, &rows))
	return rows
}

// request is the row as an event; a client that sends no User-Agent has none.
func (s *shape) request() request {
	headers := with(map[string]string{"user-agent": ""}, pairs(s.Headers)...)
	r := request{method: s.Method, path: s.Path, header: headers}
	if s.Body {
		r.body = "x"
	}
	return r
}

func pairs(headers map[string]string) []string {
	var all []string
	for name, value := range headers {
		all = append(all, name, value)
	}
	return all
}

// verdicts are what a row's verdict means while the service is asleep: what is asked of it, and the answer's status.
var verdicts = map[string]struct {
	intent decide.Intent
	status int
	html   bool
}{
	"page":     {decide.Ask, 200, true},
	"form":     {decide.Ask, 200, true},
	"call":     {decide.Ask, 503, false},
	"button":   {decide.Query, 200, true},
	"file":     {decide.Touch, 409, false},
	"quiet":    {nothing, 204, false},
	"unwanted": {nothing, 403, false},
}

// TestShapes holds the verdict on every request shape.
func TestShapes(t *testing.T) {
	t.Parallel()
	for _, row := range shapes(t) {
		name := row.Client + ": " + row.Action
		want, ok := verdicts[row.Verdict]
		require.True(t, ok, "%s: unknown verdict %q", name, row.Verdict)
		require.NotEmpty(t, row.Source, name)
		if row.Method == "HEAD" {
			want.status = 200
		}
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
		r := row.request()
		response := serve(t, f.handler(), r)
		require.Equal(t, want.status, response.StatusCode, "%s (%s) is %q", name, row.Source, row.Verdict)
		require.Equal(t, want.html, strings.HasPrefix(response.Header("Content-Type"), "text/html"), name)
		if want.intent == nothing {
			require.Empty(t, f.intents, "%s: must cost nothing", name)
		} else {
			require.Equal(t, []decide.Intent{want.intent}, f.intents, name)
		}
		checkForm(t, &r, response)
	}
}

// TestShapesAreComplete: for each engine and each action that the contract speaks of there is a row that was recorded.
func TestShapesAreComplete(t *testing.T) {
	t.Parallel()
	recorded := map[string]bool{}
	for _, row := range shapes(t) {
		if strings.HasPrefix(row.Source, "recorded") {
			client, _, _ := strings.Cut(row.Client, " ")
			recorded[client+": "+row.Action] = true
		}
	}
	for _, engine := range []string{"Chromium", "Firefox", "WebKitGTK"} {
		for _, action := range []string{
			"typed address", "link", "form posted", "form got", "page that reloads itself", "page that refreshes itself", "frame",
			"XHR", "fetch", "fetch, POST of JSON", "event source", "beacon", "beacon of JSON", "worker script", "worker fetch",
			"service worker script", "service worker fetch", "link, through a service worker", "CSP report", "favicon",
			"fetch, no-cors, from another site", "arriving from another site",
		} {
			require.True(t, recorded[engine+": "+action], "%s: %s", engine, action)
		}
	}
	for _, one := range []string{
		"Chromium: back", "Chromium: speculation rules, prefetch", "Chromium: speculation rules, prerender", "Chromium: link prefetch",
		"Chromium: reload of a page that a link led to", "Firefox: back, by key", "Firefox: F5 on a page that a link led to",
		"Firefox: link prefetch", "WebKitGTK: reload of a page that a link led to", "Node.js: fetch", "Node.js: GET", "axios: GET",
		"axios: POST of JSON", "curl: GET", "curl: GET asking for HTTP/2", "requests: GET", "urllib: GET", "urllib: GET of JSON", "Go: GET",
	} {
		require.True(t, recorded[one], one)
	}
}

// TestEvidenceOutranksGuesses takes everything that waker guesses a robot by, and adds one piece of evidence at a time.
func TestEvidenceOutranksGuesses(t *testing.T) {
	t.Parallel()
	none := request{method: "GET", header: map[string]string{"accept": "*/*"}}
	guesses := map[string]func(r request) request{
		"no name":             func(r request) request { r.header = with(r.header, "user-agent", ""); return r },
		"a library's name":    func(r request) request { r.header = with(r.header, "user-agent", "Python-urllib/3.13"); return r },
		"a name with a scan":  func(r request) request { r.header = with(r.header, "user-agent", "Mozilla/5.0 QRScanner/3"); return r },
		"a name with preview": func(r request) request { r.header = with(r.header, "user-agent", "LinkPreviewKit/1"); return r },
		"a complaints address": func(r request) request {
			r.header = with(r.header, "user-agent", "WebThing/1.0 (+https://thing.example/about)")
			return r
		},
		"a mail address": func(r request) request { r.header = with(r.header, "user-agent", "Reader; me@thing.example"); return r },
		"compatible": func(r request) request {
			r.header = with(r.header, "user-agent", "Mozilla/5.0 (compatible; GoogleOther)")
			return r
		},
		"a name with a check": func(r request) request { r.header = with(r.header, "user-agent", "Health-Check of ours"); return r },
		"a name with monitor": func(r request) request { r.header = with(r.header, "user-agent", "PowerMonitor/2"); return r },
		"a secret's path":     func(r request) request { r.path = "/api/files/.env.example"; return r },
		"a WordPress path":    func(r request) request { r.path = "/api/files/wp-content/readme.txt"; return r },
		"a repository's path": func(r request) request { r.path = "/api/files/.git/config"; return r },
		"a PHP file":          func(r request) request { r.path = "/api/files/old/index.php"; return r },
		"a database":          func(r request) request { r.path = "/api/files/db/schema.sql"; return r },
	}
	evidence := map[string]func(r request) request{
		"Fetch Metadata": func(r request) request {
			r.header = with(r.header, "sec-fetch-site", "same-origin", "sec-fetch-mode", "cors", "sec-fetch-dest", "empty")
			return r
		},
		"asking for JSON": func(r request) request {
			r.header = with(r.header, "accept", "application/problem+json;q=0.9, */*")
			return r
		},
		"a token":           func(r request) request { r.header = with(r.header, "authorization", "Bearer x"); return r },
		"an API key":        func(r request) request { r.header = with(r.header, "x-api-key", "x"); return r },
		"a cookie":          func(r request) request { r.header = with(r.header, "cookie", `g_state={"i_l":0}; session=1`); return r },
		"a body":            func(r request) request { r.method, r.body = "POST", "a=b"; return r },
		"saying it by name": func(r request) request { r.header = with(r.header, "x-webordinary-wake", "now"); return r },
	}
	for guess, suspect := range guesses {
		r := suspect(none)
		if r.path == "" {
			r.path = "/api/sessions"
		}
		require.Empty(t, intents(t, r), "%s alone wakes nothing", guess)
		for found, prove := range evidence {
			require.Equal(t, []decide.Intent{decide.Ask}, intents(t, prove(r)), "%s, but %s", guess, found)
		}
		r = prove(r, opening)
		require.Equal(t, []decide.Intent{decide.Ask}, intents(t, r), "%s, but somebody opens it in a browser", guess)
	}
}

// TestProgramsThatGoRoundByThemselves wake nothing, though they ask for HTML or send every header of a browser: a monitor
// that comes each minute would keep the service awake for ever. Libraries of people's scripts, and old browsers, are none.
func TestProgramsThatGoRoundByThemselves(t *testing.T) {
	t.Parallel()
	html := map[string]string{"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
	for agent, woken := range map[string]int{
		"Amazon-Route53-Health-Check-Service (ref 1a; report http://amzn.to/1vsZADi)": 0,
		"Blackbox Exporter/0.25.0": 0,
		"Checkly/1.0":              0,
		"Consul Health Check":      0,
		"Datadog/Synthetics":       0,
		"Feedly/1.0":               0,
		"NewRelicPinger/1.0 (1)":   0,
		"Site24x7":                 0,
		"StatusCake":               0,
		"updown.io daemon 2.11":    0,
		"Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)":                                                   0,
		"Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)":                                    0,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +a-user@thing.example)": 0,
		"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)":              0,
		"Scrapy/2.11 (+https://scrapy.org)":                                                                      0,
		"anthropic-ai":                                                                                           0,
		"feroxbuster/2.10.1":                                                                                     0,
		"got (https://github.com/sindresorhus/got)":                                                              1,
		"node-fetch/1.0 (+https://github.com/bitinn/node-fetch)":                                                 1,
		"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)":                                       1,
		"curl/8.5.0":            1,
		"synthetic-hair-shop/2": 1,
	} {
		for _, path := range []string{"/preview/", "/api/health"} {
			got := intents(t, request{method: "GET", path: path, header: with(html, "user-agent", agent)})
			require.Len(t, got, woken, "%s %s", agent, path)
		}
	}
	for _, agent := range []string{"Mozilla/5.0 Chrome/156.0.0.0 Safari/537.36 DatadogSynthetics", "CloudWatchSynthetics/arn:aws:synthetics:x"} {
		require.Empty(t, intents(t, request{method: "GET", path: "/preview/", header: with(opening, "user-agent", agent)}), agent)
	}
}

func prove(r request, header map[string]string) request {
	agent, named := r.header["user-agent"]
	r.header = with(header)
	if named {
		r.header["user-agent"] = agent
	}
	return r
}

// intents is what one request to a sleeping service makes the handler do.
func intents(t *testing.T, r request) []decide.Intent {
	t.Helper()
	f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
	serve(t, f.handler(), r)
	return f.intents
}

// TestNothingProvesNothing: headers that no browser sends, or in a form that none sends, change no verdict.
func TestNothingProvesNothing(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{
		"an offer of HTTP/2":                {"upgrade", "h2c", "connection", "Upgrade, HTTP2-Settings"},
		"a mode that there is not":          {"sec-fetch-mode", "teleport"},
		"Node's lone mode":                  {"sec-fetch-mode", "cors", "sec-fetch-site", ""},
		"a preview's purpose, but of a kit": {"purpose", "nonprefetch", "x-purpose", "previewer"},
		"a speculation that there is not":   {"sec-purpose", "prefetching"},
		"an empty wish":                     {"x-webordinary-wake", ""},
		"a wish that there is not":          {"x-webordinary-wake", "maybe"},
	} {
		require.Equal(t, []decide.Intent{decide.Ask}, intents(t, request{
			method: "GET", path: "/api/sessions", header: with(map[string]string{"accept": "*/*"}, more...),
		}), name)
	}
	// Purpose and its kin speak of loading ahead; nothing that changes something is loaded ahead.
	for _, header := range []string{"purpose", "x-purpose", "x-moz", "sec-purpose"} {
		require.Equal(t, []decide.Intent{decide.Ask}, intents(t, request{
			method: "POST", path: "/api/edit", body: "{}", header: map[string]string{header: "prefetch"},
		}), header)
	}
	// A lone Fetch Metadata header is Node's, not a browser's, and no evidence.
	require.Empty(t, intents(t, request{
		method: "GET", path: "/api/.env", header: map[string]string{"sec-fetch-mode": "cors", "accept": "*/*"},
	}))
}

// TestBackgroundSaysSoOrNot: what a client says outranks what its request looks like, in a header or in the address.
func TestBackgroundSaysSoOrNot(t *testing.T) {
	t.Parallel()
	stream := map[string]string{"accept": "text/event-stream", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
	for _, c := range []struct {
		name, query string
		header      map[string]string
		wakes       bool
	}{
		{"a stream", "", stream, false},
		{"a stream in capitals", "", with(stream, "accept", "Text/Event-Stream"), false},
		{"a stream that says now", "", with(stream, "x-webordinary-wake", "now"), true},
		{"a stream that says now in its address", `{"webordinary-wake":["now"]}`, stream, true},
		{"among parameters that do not parse", `{"100%":[""],"a":["%zz",";"],"webordinary%2Dwake":["n%6Fw"],"%":["=&"]}`, stream, true},
		{"a stream that says both", `{"webordinary-wake":["now","never"]}`, stream, false},
		{"a poll that says never in its address", `{"webordinary-wake":["never"]}`, map[string]string{"accept": "*/*"}, false},
		{"a poll that says never beside others", "", map[string]string{"x-webordinary-wake": "x, Never"}, false},
		{"a poll", `{"webordinary-wakes":["never"]}`, map[string]string{"accept": "*/*"}, true},
	} {
		got := intents(t, request{method: "GET", path: "/api/events", query: c.query, header: c.header})
		require.Equal(t, c.wakes, len(got) == 1 && got[0] == decide.Ask, "%s: %v", c.name, got)
	}
}

// TestHeadAndOptions wake nothing, unless somebody who was given a key asks the API.
func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	key := map[string]string{"authorization": "Bearer x"}
	for _, c := range []struct {
		method, path string
		header       map[string]string
		wakes        bool
	}{
		{"HEAD", "/api/files/a", nil, false},
		{"HEAD", "/api/files/a", map[string]string{"cookie": "session=1"}, false},
		{"HEAD", "/api/files/a", key, true},
		{"HEAD", "/preview/", key, false},
		{"OPTIONS", "/api/files/", key, true},
		{"OPTIONS", "/api/files/", with(key, "access-control-request-method", "PUT"), false},
	} {
		got := intents(t, request{method: c.method, path: c.path, header: c.header})
		require.Equal(t, c.wakes, len(got) == 1, "%s %s %v", c.method, c.path, c.header)
	}
}
