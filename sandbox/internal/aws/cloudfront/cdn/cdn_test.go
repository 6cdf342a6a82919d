package cdn_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront/cdn"
)

func TestWhichDistribution(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	edge := cdn.New(cdn.Options{Store: e.store, Clock: e.clock})
	d, ok, err := cloudfront.FindDistribution(e.store, id)
	require.NoError(t, err)
	require.True(t, ok)
	for host, want := range map[string]bool{
		site: true, "WWW.ameliastamps.COM:443": true, "ameliastamps.com": true, "a.stamps.example": true, d.DomainName: true,
		"stamps.example": false, ".stamps.example": false, "a.b.stamps.example": false, originHost: false, "localhost": false, "": false,
	} {
		serves, err := edge.Serves(host)
		require.NoError(t, err)
		require.Equal(t, want, serves, host)
		names, err := edge.Names(host)
		require.NoError(t, err)
		require.Equal(t, want, len(names) == 4, "%v", names)
	}
	host, err := edge.HostOf(originHost)
	require.NoError(t, err)
	require.Equal(t, "ameliastamps.com", host)
	host, err = edge.HostOf("elsewhere.example")
	require.NoError(t, err)
	require.Empty(t, host)
}

func TestBehaviorsInOrder(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for path, want := range map[string]string{
		"/api/x": "the editor", "/preview/": "the editor", "/ws/x": "the editor", "/": "Here would be /index.html of origin S3-site",
		"/index.html": "Here would be /index.html", "/apiary": "AccessDenied", "/preview": "AccessDenied", "/API/x": "AccessDenied",
	} {
		got := e.get(path)
		require.Contains(t, got.body, want, path)
		require.NotEmpty(t, got.header.Get("X-Amz-Cf-Id"))
	}
	require.Equal(t, "Miss from cloudfront", e.get("/api/x").header.Get("X-Cache"))
	require.Equal(t, "alb-origin", e.last().Origin)
	require.Equal(t, http.StatusForbidden, e.send(e.front, http.MethodGet, "/", http.Header{"Host": {"nobody.example"}}).status)
}

func TestViewers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	got := e.send(e.plain, http.MethodGet, "/api/x?y=%20", http.Header{"Host": {site + ":8080"}})
	require.Equal(t, http.StatusMovedPermanently, got.status)
	require.Equal(t, "https://"+site+"/api/x?y=%20", got.header.Get("Location"))
	require.Equal(t, "Redirect from cloudfront", got.header.Get("X-Cache"))
	require.Equal(t, http.StatusOK, e.send(e.plain, http.MethodGet, "/", nil).status, "the default behavior allows both")
	for method, status := range map[string]int{http.MethodPost: 200, http.MethodDelete: 200, http.MethodGet: 200} {
		require.Equal(t, status, e.send(e.front, method, "/api/x", nil).status, method)
	}
	require.Equal(t, http.StatusForbidden, e.send(e.front, http.MethodPost, "/preview/x", nil).status)
	require.Contains(t, e.last().Problem, "does not allow the HTTP request method POST")
	e.configure(config{viewers: "https-only"})
	require.Equal(t, http.StatusForbidden, e.send(e.plain, http.MethodGet, "/api/x", nil).status)
	e.configure(config{viewers: "allow-all"})
	require.Equal(t, http.StatusOK, e.send(e.plain, http.MethodGet, "/api/x", nil).status)
	e.configure(config{disabled: true})
	require.Equal(t, http.StatusForbidden, e.get("/api/x").status)
}

func TestWhatTheOriginGets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.origin = func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
		_ = r.Header.Write(w)
	}
	sent := http.Header{
		"Cookie": {"a=1"}, "Accept": {"text/html"}, "User-Agent": {"Mozilla"}, "Sec-Fetch-Mode": {"navigate"}, "X-Forwarded-For": {"203.0.113.7"},
	}
	got := e.send(e.front, http.MethodGet, "/api//a%2Fb?x=%20&y", sent)
	for _, want := range []string{
		"GET /api//a%2Fb?x=%20&y\n", "Host: " + originHost + "\n", "Cookie: a=1", "Accept: text/html", "User-Agent: Mozilla", "X-From: cdn",
		"Sec-Fetch-Mode: navigate", "X-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n", "Via: 1.1 ",
	} {
		require.Contains(t, got.body, want)
	}
	e.configure(config{requestPolicy: "acba4595-bd28-49b8-b9fe-13317c0390fa"}) // UserAgentRefererHeaders
	got = e.send(e.front, http.MethodGet, "/api/x?y=1", sent)
	for _, gone := range []string{"Cookie", "y=1", "navigate", "Mozilla"} {
		require.NotContains(t, got.body, gone, "only a policy passes it on")
	}
	require.Contains(t, got.body, "User-Agent: Amazon CloudFront")
}

func TestErrorsAreCached(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status  int
		header  string // Cache-Control
		pages   string
		method  string
		seconds int // how long the error is cached
	}{
		"503":                          {503, "no-store", "", "GET", 10},
		"404":                          {404, "", "", "GET", 10},
		"502":                          {502, "", "", "GET", 10},
		"403":                          {403, "", "", "GET", 0},
		"429":                          {429, "", "", "GET", 0},
		"403 that asks for it":         {403, "max-age=60", "", "GET", 60},
		"503 that asks for more":       {503, "s-maxage=60, max-age=5", "", "GET", 60},
		"503 that asks for less":       {503, "max-age=5", "", "GET", 10},
		"by the distribution":          {503, "", errorPage(503, "", 300), "GET", 300},
		"not by the distribution":      {503, "", errorPage(503, "", 0), "GET", 0},
		"by default of a setting":      {403, "", errorPage(403, "", -1), "GET", 10},
		"another code's setting":       {503, "", errorPage(504, "", 300), "GET", 10},
		"what is no GET is not cached": {503, "", "", "POST", 0},
		"success is not cached":        {200, "max-age=60", "", "GET", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.configure(config{errorPages: test.pages})
			e.origin = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", test.header)
				w.WriteHeader(test.status)
				if r.Method == http.MethodGet {
					_, _ = fmt.Fprintf(w, "number %d", e.asked)
				}
			}
			first := e.send(e.front, test.method, "/api/x?a=1", nil)
			require.Equal(t, test.status, first.status)
			ask := func(after int) (reached bool) {
				e.clock.pass(time.Duration(after) * time.Second)
				before := e.asked
				got := e.send(e.front, test.method, "/api/x?b=2", nil)
				require.Equal(t, test.status, got.status)
				if before == e.asked {
					require.Equal(t, first.body, got.body)
					require.Equal(t, "Error from cloudfront", got.header.Get("X-Cache"))
					require.Equal(t, fmt.Sprint(after), got.header.Get("Age"))
				}
				return before != e.asked
			}
			if test.seconds > 0 {
				require.False(t, ask(test.seconds-1), "the query is not in the cache key")
				e.clock.pass(time.Second)
			}
			require.True(t, ask(0))
		})
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.origin = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	e.configure(config{errorPages: errorPage(404, "/index.html", 10) + errorPage(403, "/gone.html", 10) + errorPage(502, "/api/broken", 0)})
	got := e.get("/api/x")
	require.Equal(t, http.StatusOK, got.status, "what the API said is hidden")
	require.Contains(t, got.body, "Here would be /index.html")
	require.Contains(t, e.last().Problem, "404 of the origin replaced by /index.html")
	require.Contains(t, e.get("/nothing").body, "Here would be /gone.html of origin S3-site")
	e.origin = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	require.Equal(t, http.StatusBadGateway, e.get("/api/y").status, "a page that cannot be had leaves the error")
}

func TestOriginsThatFail(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.origin = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	e.configure(config{readTimeout: -1}) // CloudFront's default is 30 s
	require.Equal(t, http.StatusGatewayTimeout, e.get("/api/silent").status)
	e.configure(config{readTimeout: 1})
	got := e.get("/api/as-silent")
	require.Equal(t, http.StatusGatewayTimeout, got.status)
	require.Equal(t, "CloudFront", got.header.Get("Server"))
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	e.secure(other, "other.example")
	e.at = other.Listener.Addr().String()
	got = e.get("/api/certificate")
	require.Equal(t, http.StatusBadGateway, got.status)
	require.Contains(t, e.last().Problem, "certificate")
	e.at = ""
	require.Equal(t, http.StatusBadGateway, e.get("/api/name").status)
	require.Contains(t, e.last().Problem, "does not lead to the stack's load balancer")
}

// TestAFastClockLeavesOriginsTimeToWork: a page that takes a second here is there, although 50 s are half a second.
func TestAFastClockLeavesOriginsTimeToWork(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.origin = func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, "compiled")
	}
	e.configure(config{readTimeout: 50})
	got := e.get("/api/slow")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "compiled", got.body)
}

func TestWebSocketsPass(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.origin = func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		_, data, err := conn.Read(r.Context())
		if err == nil {
			_ = conn.Write(r.Context(), websocket.MessageText, data)
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
	conn, response, err := websocket.Dial(t.Context(), e.front.URL+"/ws/hmr", &websocket.DialOptions{HTTPClient: e.front.Client(), Host: site})
	require.NoError(t, err)
	if response.Body != nil {
		_, _ = io.Copy(io.Discard, response.Body)
	}
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("hello")))
	_, data, err := conn.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "hello", string(data))
}
