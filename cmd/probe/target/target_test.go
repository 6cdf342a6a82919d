package target_test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/target"
)

type wallPace struct{}

func (wallPace) Wall(d time.Duration) time.Duration { return d }

// serve starts a server whose certificate is for example.com, as httptest's is.
func serve(t testing.TB, handler http.HandlerFunc) *target.Site {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	site, err := target.New(target.Options{
		URL: "https://example.com/", HTTPS: server.Listener.Addr().String(), Roots: roots, Pace: wallPace{},
		Header: http.Header{"Cookie": {"session=1"}},
	})
	require.NoError(t, err)
	t.Cleanup(site.Close)
	return site
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "edit.example.com", "http://edit.example.com", "https://", "https://edit.example.com/preview/", "https://edit.example.com?x=1",
		"https://me@edit.example.com", "https://%zz",
	} {
		_, err := target.New(target.Options{URL: url})
		assert.ErrorContains(t, err, "URL", url)
	}
	site, err := target.New(target.Options{URL: "https://edit.example.com:8443/"})
	require.NoError(t, err)
	assert.Equal(t, "https://edit.example.com:8443", site.URL())
	assert.Equal(t, "edit.example.com", site.Host())
}

func TestWhoAnswered(t *testing.T) {
	t.Parallel()
	const state = "application/vnd.webordinary.wake+json"
	for name, c := range map[string]struct {
		header map[string]string
		status int
		body   string
		from   target.Source
		says   string
	}{
		"container":          {map[string]string{"Content-Type": "text/html"}, 200, "<p>x", target.Container, `200 from the container, text/html, "<p>x"`},
		"container's error":  {nil, 503, "booting", target.Container, `503 from the container, text/plain; charset=utf-8, "booting"`},
		"waker":              {map[string]string{"X-Webordinary-State": "asleep"}, 409, "", target.Waker, "409 from the waker"},
		"waker's status":     {map[string]string{"Content-Type": state}, 200, `{"state":"asleep"}`, target.Waker, "200 from the waker, state asleep"},
		"status with params": {map[string]string{"Content-Type": state + "; charset=utf-8"}, 200, `{"state":"ready"}`, target.Waker, "state ready"},
		"a broken status":    {map[string]string{"Content-Type": state}, 200, `{`, target.Waker, `200 from the waker, ` + state + `, "{"`},
		"failing": {
			map[string]string{"Content-Type": state},
			200, `{"state":"failing","error":{"class":"image","message":"Gone."}}`, target.Waker,
			"200 from the waker, state failing: image: Gone.",
		},
		"load balancer": {
			map[string]string{"Server": "awselb/2.0"},
			503, "<center><h1>503 Service Temporarily Unavailable</h1></center>", target.LoadBalancer,
			"503 from the load balancer",
		},
		"a redirect of its": {map[string]string{"Server": "awselb/2.0"}, 301, "", target.LoadBalancer, "301 from the load balancer"},
		"container behind a load balancer that names itself": {
			map[string]string{"Server": "awselb/2.0"}, 404, "no such file", target.Container, "404 from the container",
		},
		"container behind CloudFront that names itself": {map[string]string{"Server": "CloudFront"}, 200, "x", target.Container, "200"},
		"another server's page": {
			map[string]string{"Server": "nginx"}, 404, "<center><h1>404 Not Found</h1></center>", target.Container, "404 from the container",
		},
		"default answer": {nil, 200, "Webordinary ALB - No target configured", target.LoadBalancer, "200 from the load balancer"},
		"CloudFront": {
			map[string]string{"Server": "CloudFront"}, 403, "The request could not be satisfied.", target.CloudFront, "403 from CloudFront",
		},
		"the site": {map[string]string{"Server": "AmazonS3"}, 200, "x", target.CloudFront, "200 from CloudFront"},
		"redirect": {map[string]string{"Location": "https://x/"}, 301, "", target.Container, "301 from the container to https://x/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := serve(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "session=1", r.Header.Get("Cookie"))
				assert.Equal(t, target.Agent, r.Header.Get("User-Agent"))
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			answer, err := site.Do(t.Context(), target.Request{Method: http.MethodGet, Path: "/x"})
			require.NoError(t, err)
			assert.Equal(t, c.from, answer.From)
			assert.Contains(t, answer.String(), c.says)
			assert.Equal(t, c.from == target.Container && c.status == 200, answer.OK())
			assert.Equal(t, c.from == target.Container && c.status < 500, answer.Served())
		})
	}
}

func TestTheUsersHeadersAreNotSentInPlainText(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	t.Cleanup(server.Close)
	site, err := target.New(target.Options{
		URL: "https://example.com", HTTP: server.Listener.Addr().String(), Pace: wallPace{}, Header: http.Header{"Cookie": {"session=1"}},
	})
	require.NoError(t, err)
	t.Cleanup(site.Close)
	_, err = site.Do(t.Context(), target.Request{
		Method: http.MethodGet, Path: "/x?y=1", Plain: true, Host: "other.example.com", Header: http.Header{"X-Own": {"1"}},
	})
	require.NoError(t, err)
	request := <-got
	assert.Empty(t, request.Header.Get("Cookie"))
	assert.Equal(t, "1", request.Header.Get("X-Own"))
	assert.Equal(t, "other.example.com", request.Host)
	assert.Equal(t, "/x?y=1", request.RequestURI)
}

func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	site := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := site.Do(t.Context(), target.Request{Method: http.MethodGet, Path: "/x"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "https://", "faults name the request themselves")
}

func TestSockets(t *testing.T) {
	t.Parallel()
	site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws/hmr" {
			w.Header().Set("Server", "awselb/2.0")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("<center><h1>503 Service Temporarily Unavailable</h1></center>"))
			return
		}
		assert.Equal(t, "session=1", r.Header.Get("Cookie"))
		assert.Empty(t, r.Header.Get("Origin"), "Vite wants a token from browsers")
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"vite-hmr"}})
		if err != nil {
			return
		}
		assert.Equal(t, "vite-hmr", conn.Subprotocol())
		_ = conn.Write(r.Context(), websocket.MessageText, []byte(`{"type":"connected"}`))
		_, message, _ := conn.Read(r.Context())
		_ = message
		_ = conn.Close(websocket.StatusGoingAway, "restart")
	})
	_, err := site.Open(t.Context(), "/ws/other")
	var refused *target.Refused
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, target.LoadBalancer, refused.Answer.From)
	assert.ErrorContains(t, err, "no WebSocket: 503 from the load balancer")
	assert.ErrorContains(t, err, "Temporarily Unavailable")

	socket, err := site.Open(t.Context(), "/ws/hmr")
	require.NoError(t, err)
	require.NoError(t, socket.Ping(t.Context()))
	require.NoError(t, socket.Dropped())
	socket.Close()
	require.Error(t, socket.Dropped())
	require.Error(t, socket.Ping(t.Context()))
}

func TestADroppedSocketSaysHow(t *testing.T) {
	t.Parallel()
	site := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			_ = conn.Close(websocket.StatusGoingAway, "restart")
		}
	})
	socket, err := site.Open(t.Context(), "/ws/hmr")
	require.NoError(t, err)
	defer socket.Close()
	<-socket.Done()
	require.EqualError(t, socket.Dropped(), `closed with status 1001 "restart"`)
	require.EqualError(t, socket.Ping(t.Context()), `closed with status 1001 "restart"`)
}
