package requests_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

// nothing marks a request after which nothing was looked at.
const nothing = decide.Intent(99)

// TestWhoWakes is the contract of who wakes the service, who is only told, and who costs nothing, with the answers of a
// service that is asleep.
func TestWhoWakes(t *testing.T) {
	t.Parallel()
	get := func(path string, header map[string]string) request {
		return request{method: "GET", path: path, header: header}
	}
	json := map[string]string{"accept": "application/json", "sec-fetch-mode": "cors"}
	probing := map[string]string{"accept": "*/*"}
	for name, c := range map[string]struct {
		request request
		intent  decide.Intent
		status  int
	}{
		"opening a page":             {get("/preview/", opening), decide.Ask, 200},
		"opening a page under /api":  {get("/api/docs", opening), decide.Ask, 200},
		"an old browser":             {get("/preview/", map[string]string{"accept": "text/html"}), decide.Ask, 200},
		"following a link of ours":   {get("/preview/a", with(reloading, "sec-fetch-user", "?1")), decide.Ask, 200},
		"arriving from another site": {get("/preview/", with(reloading, "sec-fetch-site", "cross-site")), decide.Ask, 200},
		"loading a frame":            {get("/preview/", with(reloading, "sec-fetch-dest", "iframe")), decide.Ask, 200},
		"a Cubot phone":              {get("/preview/", with(opening, "user-agent", "Mozilla/5.0 (Android; CUBOT X19)")), decide.Ask, 200},
		"API GET":                    {get("/api/sessions", json), decide.Ask, 503},
		"API POST":                   {request{method: "POST", path: "/api/edit", header: json}, decide.Ask, 503},
		"API PUT":                    {request{method: "PUT", path: "/api/edit"}, decide.Ask, 503},
		"API PATCH":                  {request{method: "PATCH", path: "/api/edit"}, decide.Ask, 503},
		"API DELETE":                 {request{method: "DELETE", path: "/api/edit"}, decide.Ask, 503},
		"a script's API call":        {get("/api/sessions", map[string]string{"accept": "*/*", "user-agent": "curl/8.5.0"}), decide.Ask, 503},
		"status with a wake":         {get("/preview/", with(asking, "x-webordinary-wake", "now")), decide.Ask, 200},
		"status":                     {get("/preview/", asking), decide.Query, 200},
		"status under /api":          {get("/api/x", asking), decide.Query, 200},
		"a page reloading itself":    {get("/preview/", reloading), decide.Query, 200},
		"a stylesheet":               {get("/preview/a.css", map[string]string{"accept": "text/css", "sec-fetch-mode": "no-cors"}), decide.Touch, 409},
		"a module of a stale tab":    {get("/preview/src/a.ts", map[string]string{"accept": "*/*"}), decide.Touch, 409},
		"a form of the previewed site": {
			request{method: "POST", path: "/preview/form", header: with(opening, "sec-fetch-site", "same-origin")}, decide.Ask, 200,
		},
		"a file sent by a form": {
			request{method: "POST", path: "/preview/upload", body: "x", header: with(opening, "content-type", "multipart/form-data; boundary=x")}, decide.Ask, 200,
		},
		"a form in a frame": {
			request{method: "POST", path: "/preview/pay", body: "a=b", header: with(opening, "sec-fetch-dest", "iframe", "sec-fetch-site", "cross-site")}, decide.Ask, 200,
		},
		"Turbo's form": {
			request{method: "POST", path: "/preview/contact", body: "a=b", header: with(json, "accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml",
				"content-type", "application/x-www-form-urlencoded;charset=UTF-8")}, decide.Ask, 503,
		},
		"a page with a semicolon":    {get("/preview/a;v=1/b,c:d@e", opening), decide.Ask, 200},
		"gRPC-Web":                   {request{method: "POST", path: "/api/x.Y/Z", body: "x", header: map[string]string{"content-type": "application/grpc-web+proto"}}, decide.Ask, 503},
		"a stream by XMLHttpRequest": {get("/api/x", map[string]string{"accept": "text/event-stream", "x-requested-with": "XMLHttpRequest"}), nothing, 204},
		"a feed reader":              {get("/preview/rss.xml", map[string]string{"accept": "application/rss+xml, */*"}), decide.Touch, 409},
		"Vite's ping":                {get("/preview/", map[string]string{"accept": "text/x-vite-ping"}), nothing, 204},
		"HEAD":                       {request{method: "HEAD", path: "/preview/", header: opening}, nothing, 200},
		"HEAD of the API":            {request{method: "HEAD", path: "/api/x"}, nothing, 200},
		"OPTIONS":                    {request{method: "OPTIONS", path: "/api/x"}, nothing, 204},
		"prerender":                  {get("/preview/", with(opening, "sec-purpose", "prefetch;prerender")), nothing, 403},
		"prefetch":                   {get("/preview/", with(opening, "sec-purpose", "prefetch")), nothing, 403},
		"old prefetch":               {get("/preview/", with(opening, "purpose", "prefetch")), nothing, 204},
		"Firefox's prefetch":         {get("/preview/", with(opening, "x-moz", "prefetch")), nothing, 204},
		"Safari's preview":           {get("/preview/", with(opening, "x-purpose", "preview")), nothing, 204},
		"favicon":                    {get("/preview/favicon.ico", map[string]string{"accept": "image/*"}), nothing, 204},
		"touch icon":                 {get("/preview/apple-touch-icon-120x120.png", nil), nothing, 204},
		"crawler":                    {get("/preview/", with(opening, "user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")), nothing, 403},
		"crawler on the API":         {get("/api/x", map[string]string{"user-agent": "AhrefsBot/7.0"}), nothing, 403},
		"scanner":                    {get("/api/x", map[string]string{"user-agent": "Nuclei - Open-source project"}), nothing, 403},
		"nameless client":            {get("/api/x", map[string]string{"user-agent": ""}), nothing, 403},
		"crawler asking a status":    {get("/api/x", with(asking, "user-agent", "bingbot")), nothing, 403},
		"health checker":             {get("/api/x", map[string]string{"user-agent": "ELB-HealthChecker/2.0"}), nothing, 403},
		"probing for PHP":            {get("/api/index.php", probing), nothing, 403},
		"probing for secrets":        {get("/api/.env.local", probing), nothing, 403},
		"probing for git":            {get("/preview/.git/config", probing), nothing, 403},
		"probing for WordPress":      {get("/preview/wp-includes/wlwmanifest.xml", probing), nothing, 403},
		"somebody's PHP":             {get("/api/index.php", opening), decide.Ask, 200},
		"somebody's article":         {get("/preview/blog/wp-to-astro-migration/", opening), decide.Ask, 200},
		"a picture of WordPress":     {get("/api/files/wp-content/uploads/a.jpg", probing), decide.Ask, 503},
		"uploading a favicon":        {request{method: "PUT", path: "/api/files/favicon.ico", body: "x"}, decide.Ask, 503},
		"an article on favicons":     {get("/preview/favicon-guide.png", opening), decide.Ask, 200},
		"an old browser's icon page": {get("/preview/favicon.png", map[string]string{"accept": "text/html"}), decide.Ask, 200},
		"a client's favicon":         {get("/api/files/favicon.svg", map[string]string{"accept": "application/json"}), decide.Ask, 503},
		"JSON or a stream":           {get("/api/mcp", map[string]string{"accept": "application/json, text/event-stream"}), decide.Ask, 503},
		"a refused stream":           {get("/api/x", map[string]string{"accept": "*/*, text/event-stream;q=0"}), decide.Ask, 503},
		"fetching a favicon":         {get("/api/files/favicon.svg", with(json, "sec-fetch-site", "same-origin")), decide.Ask, 503},
		"a call in the background": {
			get("/api/poll", with(json, "x-webordinary-wake", "never")), nothing, 403,
		},
		"HTTP/2":        {get("/api/x", map[string]string{"upgrade": "h2c", "connection": "Upgrade, HTTP2-Settings"}), decide.Ask, 503},
		"WebDAV":        {request{method: "PROPFIND", path: "/api/x"}, decide.Ask, 503},
		"fetch's patch": {request{method: "patch", path: "/api/x", body: "x"}, decide.Ask, 503},
		"posting below": {request{method: "POST", path: "/preview/_actions/send", header: json, body: "{}"}, decide.Ask, 503},
		"WebSocket":     {get("/preview/", map[string]string{"upgrade": "websocket", "connection": "Upgrade"}), nothing, 400},
		"TRACE":         {request{method: "TRACE", path: "/api/x"}, nothing, 405},
		"CONNECT":       {request{method: "CONNECT", path: "/api/x"}, nothing, 405},
	} {
		for _, single := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
				request := c.request
				request.single = single
				response := serve(t, f.handler(), request)
				require.Equal(t, c.status, response.StatusCode)
				if c.intent == nothing {
					require.Empty(t, f.intents, "must cost nothing")
				} else {
					require.Equal(t, []decide.Intent{c.intent}, f.intents)
				}
				checkForm(t, &request, response)
			})
		}
	}
}

// checkForm holds for every answer.
func checkForm(t *testing.T, r *request, response *requests.Response) {
	t.Helper()
	require.Equal(t, r.single, response.MultiValueHeaders == nil, "the answer has the form of the event")
	require.Equal(t, r.single, response.Headers != nil)
	require.Equal(t, "no-store", response.Header("Cache-Control"))
	require.Equal(t, "nosniff", response.Header("X-Content-Type-Options"))
	require.Regexp(t, `^\d{3} [A-Z]`, response.StatusDescription)
	if r.method == "HEAD" || response.StatusCode == 204 {
		require.Empty(t, response.Body)
	}
	// CloudFront keeps these for ten seconds: nothing a page is opened under may be answered so.
	if r.method == "GET" && len(r.path) > 8 && r.path[:9] == "/preview/" {
		require.NotContains(t, []int{404, 414, 500, 501, 502, 503, 504}, response.StatusCode)
	}
}

// TestPathTricks sends paths and queries that cannot be sent back as they came, or mean another address to a client.
func TestPathTricks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, query string
		status      int
	}{
		{path: "/api/../ws/", status: 400},
		{path: "/api/%2e%2e/ws/", status: 400},
		{path: "/api/%2E./ws/", status: 400},
		{path: "/api/./x", status: 400},
		{path: "/preview/..", status: 400},
		{path: `/api/..\ws`, status: 400},
		{path: `/api/a\%2e%2e\ws`, status: 400},
		{path: "/api/\r\nSet-Cookie: a=b", status: 400},
		{path: "/api/x\x00", status: 400},
		{path: "/api/x\x7f", status: 400},
		{path: "/api/x?y", status: 400},
		{path: "/api/x#y", status: 400},
		{path: "//evil.host/api/", status: 404},
		{path: "https://evil.host/api/", status: 404},
		{path: `\\evil.host/api/`, status: 404},
		{path: "/", status: 404},
		{path: "", status: 404},
		{path: "/apiary/x", status: 404},
		{path: "/ws/", status: 404},
		{path: "/api/x", query: `{"a":["\r\nX: y"]}`, status: 400},
		{path: "/api/x", query: `{"a":["b c"]}`, status: 400},
		{path: "/api/x", query: `{"a#":["b"]}`, status: 400},
		{path: "/api/" + strings.Repeat("x", 16<<10), status: 414},
	} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
		response := serve(t, f.handler(), request{method: "GET", path: c.path, query: c.query})
		require.Equal(t, c.status, response.StatusCode, "%q", c.path)
		require.Empty(t, f.intents, "%q must not wake", c.path)
	}
}

// TestWhatIsServedAwakeIsHeldAsleep sends back, byte for byte, whatever a load balancer would pass on.
func TestWhatIsServedAwakeIsHeldAsleep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, query, want string }{
		{path: "/api/files/src%2Fpages%2Findex.astro"},
		{path: "/api/files/src%5cpages%5cindex.astro"},
		{path: "/api/..%2f..%2fetc"},
		{path: "/api/%2fevil.host"},
		{path: `/api/\evil.host`},
		{path: "/api//evil.host"},
		{path: "/api/...//a..b/.c"},
		{path: "/api/%0d%0aSet-Cookie:%20a=b"},
		{path: "/api/%00"},
		{path: "/api/100%"},
		{path: "/api/%zz/%e"},
		{path: `/api/"<>^{|}[]` + "`"},
		{path: "/api/é", want: "/api/%C3%A9"},
		{
			path: "/api/a%20b/c+d/@id/[x]", query: `{"next":["//evil.host"],"u":["https%3A%2F%2Fevil"]}`,
			want: "/api/a%20b/c+d/@id/[x]?next=//evil.host&u=https%3A%2F%2Fevil",
		},
		{path: "/api/x", query: `{"path":["src\\pages"]}`, want: `/api/x?path=src\pages`},
		{path: "/api/x", query: `{"q":["ü%zz%","../.."]}`, want: "/api/x?q=%C3%BC%zz%&q=../.."},
		{path: "/api/x", query: `{"a":[null],"b":null,"c":["1"]}`, want: "/api/x?a&b&c=1"},
		{path: "/api/" + strings.Repeat("x", 15<<10)},
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY", "MKCOL", "X-CUSTOM"} {
			f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
			response := serve(t, f.handler(), request{method: method, path: c.path, query: c.query})
			require.Equal(t, 307, response.StatusCode, "%s %q", method, c.path)
			want := c.want
			if want == "" {
				want = c.path
			}
			require.Equal(t, want, response.Header("Location"), method)
			require.Equal(t, []decide.Intent{decide.Ask}, f.intents)
		}
	}
}

// TestTargetsComeBackAsTheyCame draws addresses from everything that a request line may hold.
func TestTargetsComeBackAsTheyCame(t *testing.T) {
	t.Parallel()
	const path, query = `[!"$-.0->@-\[\]-~\\]`, `[!"$%'-~\\]`
	rapid.Check(t, func(draw *rapid.T) {
		target := rapid.SampledFrom([]string{"/api/", "/preview/"}).Draw(draw, "prefix") +
			rapid.StringMatching(path+`{1,12}(/(%[0-9A-Fa-f]{2}|`+path+`){1,5}){0,3}`).Draw(draw, "path")
		for segment := range strings.SplitSeq(strings.ReplaceAll(target, `\`, "/"), "/") {
			if plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", "."); plain == "." || plain == ".." {
				draw.Skip("resolved away by the client before it sends it")
			}
		}
		value := rapid.StringMatching(query+`{1,12}`).Draw(draw, "query")
		parameters, err := json.Marshal(map[string][]string{"q": {value}})
		require.NoError(t, err)
		method := rapid.SampledFrom([]string{"POST", "PUT", "DELETE", "REPORT"}).Draw(draw, "method")
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
		response := serve(t, f.handler(), request{method: method, path: target, query: string(parameters)})
		require.Equal(t, target+"?q="+value, response.Header("Location"))
		require.Equal(t, 307, response.StatusCode)
	})
}

// TestLocationIsTheRequest sends a client back to the very address it asked for.
func TestLocationIsTheRequest(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                              "/api/a%20b",
		`{"z":["1"],"a":["2"]}`:         "/api/a%20b?z=1&a=2",
		`{"a":["1","2"],"b":[""]}`:      "/api/a%20b?a=1&a=2&b",
		`{"q":["x%26y"],"import":[""]}`: "/api/a%20b?q=x%26y&import",
	} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
		response := serve(t, f.handler(), request{method: "POST", path: "/api/a%20b", query: query})
		require.Equal(t, 307, response.StatusCode)
		require.Equal(t, want, response.Header("Location"))
	}
	f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
	single := serve(t, f.handler(), request{method: "GET", path: "/api/x", query: `{"z":"1","a":""}`, single: true})
	require.Equal(t, "/api/x?z=1&a", single.Header("Location"))
}

// TestStatusContract is what the waiting page and API clients rely on.
func TestStatusContract(t *testing.T) {
	t.Parallel()
	for want, plan := range map[string]decide.Plan{
		`{"state":"asleep","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":15}`: {State: decide.StateAsleep},
		`{"state":"waking","stage":"pulling","elapsedSeconds":12,"typicalSeconds":50,"retryAfterSeconds":3}`: waking(
			morning.Add(-12 * time.Second)),
		`{"state":"waking","stage":"checking","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":2}`: {
			State: decide.StateWaking, Stage: decide.StageChecking, WokenAt: morning.Add(time.Second),
		},
		`{"state":"ready","stage":"ready","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":1}`: {State: decide.StateReady},
		`{"state":"unknown","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":5}`:               {},
		`{"state":"failing","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":120,"error":{"class":"secret",` +
			`"message":"A secret that the editor needs is missing or cannot be read."}}`: {
			State: decide.StateFailing, Class: decide.ClassSecret, RetryAt: morning.Add(2 * time.Minute),
		},
		`{"state":"failing","elapsedSeconds":0,"typicalSeconds":50,"retryAfterSeconds":5,"error":{"class":"new",` +
			`"message":"The editor could not be started."}}`: {State: decide.StateFailing, Class: "new", RetryAt: morning},
	} {
		f := &fake{results: []reconcile.Result{state(plan)}}
		response := serve(t, f.handler(), request{method: "GET", path: "/preview/", header: asking})
		require.Equal(t, 200, response.StatusCode)
		require.Equal(t, requests.StatusType, response.Header("Content-Type"))
		require.Equal(t, plan.State.String(), response.Header("X-Webordinary-State"))
		require.JSONEq(t, want, response.Body)
	}
}

// TestEveryClassHasAMessage keeps visitors from seeing an empty box.
func TestEveryClassHasAMessage(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, class := range []decide.Class{
		decide.ClassImage, decide.ClassSecret, decide.ClassFileSystem, decide.ClassNetwork, decide.ClassCapacity,
		decide.ClassMemory, decide.ClassHealth, decide.ClassExit, decide.ClassLogs, decide.ClassTimeout, decide.ClassOther,
	} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateFailing, Class: class})}}
		response := serve(t, f.handler(), request{method: "GET", path: "/api/x"})
		require.Equal(t, 503, response.StatusCode)
		var status requests.Status
		require.NoError(t, json.Unmarshal([]byte(response.Body), &status))
		require.Equal(t, string(class), status.Error.Class)
		require.False(t, seen[status.Error.Message], "%s has a message of its own", class)
		seen[status.Error.Message] = true
	}
}

// TestOneBadNeighbourHidesNothing finds the one cookie or header among whatever others write.
func TestOneBadNeighbourHidesNothing(t *testing.T) {
	t.Parallel()
	for _, neighbour := range []string{
		`g_state={"i_l":0}`, "foo", "a=1, 2", "stadt=Köln", "arr[0]=1", `consent={"ad":true,"on":[1,2]}`, "pct=%ZZ%", "J!D|x=~\u007f", `quoted="a b"`, "=nameless", "a==b", "a b=c", ";", ";;", `"`, `x="`,
		"a=\x01\x7f", "@=1", "session", "session=", `session=""`, "Session=1", "a=b=c", strings.Repeat("x", 5000), "é=1", "a={,}", `\`,
	} {
		for name, r := range map[string]request{
			"after":           {lines: map[string][]string{"cookie": {neighbour + "; session=1"}}},
			"before":          {lines: map[string][]string{"cookie": {"session=1; " + neighbour}}},
			"close":           {lines: map[string][]string{"cookie": {neighbour + ";session=1;" + neighbour}}},
			"on its own line": {lines: map[string][]string{"cookie": {neighbour, "session=1", neighbour}}},
			"folded":          {header: map[string]string{"cookie": neighbour + ", session=1"}, single: true},
		} {
			f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
			h := f.handler()
			h.Credentials = []requests.Credential{{Header: "X-Key"}, {Cookie: "session"}}
			r.method, r.path = "POST", "/api/edit"
			require.Equal(t, 503, serve(t, h, r).StatusCode, "%q, %s", neighbour, name)
			require.Equal(t, []decide.Intent{decide.Ask}, f.intents)
			r.lines, r.header = map[string][]string{"cookie": {neighbour}}, map[string]string{"cookie": neighbour}
			require.Equal(t, 403, serve(t, h, r).StatusCode, "%q alone is no credential", neighbour)
			r.lines["x-key"], r.header["x-key"] = []string{"", "1"}, "1"
			require.Equal(t, 503, serve(t, h, r).StatusCode, "%q hides no header", neighbour)
		}
	}
}

// TestOddHeadersHideNothing: whatever stands beside it in a header, the entry that counts is found.
func TestOddHeadersHideNothing(t *testing.T) {
	t.Parallel()
	odd := []string{"", ",", ";;q=", "text/html;q=0.000", "*", `a/b;c="d,e`, "é", "\x00"}
	for _, one := range odd {
		for kind, want := range map[string]int{requests.StatusType: 200, "Text/Event-Stream": 204, "text/x-vite-ping": 204} {
			for _, accept := range [][]string{{one + "," + kind}, {kind + " ;q=0.1 ," + one}, {one, kind, one}} {
				f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
				r := request{method: "GET", path: "/api/x", lines: map[string][]string{"accept": accept}}
				require.Equal(t, want, serve(t, f.handler(), r).StatusCode, "%q", accept)
			}
		}
	}
}

// TestForms holds a form like a call, so that its body arrives, and ends with a page, since a browser waits for one.
func TestForms(t *testing.T) {
	t.Parallel()
	form := request{method: "POST", path: "/preview/contact", query: `{"a":["b"]}`, body: "name=x", header: with(opening,
		"sec-fetch-site", "same-origin", "content-type", "application/x-www-form-urlencoded")}
	f := &fake{results: []reconcile.Result{state(waking(morning)), moved(decide.Plan{State: decide.StateReady})}, healthy: morning}
	response := serve(t, f.handler(), form)
	require.Equal(t, 307, response.StatusCode)
	require.Equal(t, "/preview/contact?a=b", response.Header("Location"))
	f = &fake{results: []reconcile.Result{state(waking(morning))}}
	require.Equal(t, 307, serve(t, f.handler(), form).StatusCode, "held again while the wake is young")
	for _, plan := range []decide.Plan{
		waking(morning.Add(-2 * time.Minute)), {State: decide.StateFailing, Class: decide.ClassImage, RetryAt: morning}, {},
	} {
		f := &fake{results: []reconcile.Result{state(plan)}}
		response := serve(t, f.handler(), form)
		require.Equal(t, 200, response.StatusCode)
		require.Contains(t, response.Body, `data-purpose="ask"`)
	}
	h := (&fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}).handler()
	h.Credentials = []requests.Credential{{Cookie: "session"}}
	response = serve(t, h, form)
	require.Equal(t, 200, response.StatusCode)
	require.Contains(t, response.Body, `data-purpose="look"`, "without what is demanded, the page and its button")
}

// TestCredentials lets only requests with one of the configured headers or cookies wake the service. Others still see the
// page, whose button wakes.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header map[string]string
		intent decide.Intent
		status int
	}{
		"call with the header":       {map[string]string{"authorization": "Bearer x"}, decide.Ask, 503},
		"call with the cookie":       {map[string]string{"cookie": "theme=dark; session=1"}, decide.Ask, 503},
		"call with two cookie lines": {map[string]string{"cookie": "theme=dark, session=1"}, decide.Ask, 503},
		"call with an empty cookie":  {map[string]string{"cookie": "session="}, nothing, 403},
		"call with another cookie":   {map[string]string{"cookie": "xsession=1"}, nothing, 403},
		"call with neither":          {nil, nothing, 403},
		"page with neither":          {opening, decide.Query, 200},
		"page with the cookie":       {with(opening, "cookie", "session=1"), decide.Ask, 200},
		"the page's button":          {with(asking, "x-webordinary-wake", "now"), decide.Ask, 200},
	} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
		h := f.handler()
		h.Credentials = []requests.Credential{{Header: "Authorization"}, {Cookie: "session"}}
		response := serve(t, h, request{method: "GET", path: "/api/x", header: c.header})
		require.Equal(t, c.status, response.StatusCode, name)
		if c.intent == nothing {
			require.Empty(t, f.intents, name)
		} else {
			require.Equal(t, []decide.Intent{c.intent}, f.intents, name)
		}
	}
}
