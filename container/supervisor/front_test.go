package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// TestPagesElsewhereAreKeptOut is the table of methods, sockets and origins.
func TestPagesElsewhereAreKeptOut(t *testing.T) {
	t.Parallel()
	s := newService(t, func(f *config.File) { f.Origins = []string{"https://www.example.com"} })
	task := s.start("PUBLIC_HOST=edit.example.com", "PUBLIC_ORIGINS=https://site.example.com,https://example.com")
	task.ready("")
	origin := func(values ...string) http.Header {
		h := http.Header{"Host": {"edit.example.com"}}
		if values != nil {
			h["Origin"] = values
		}
		return h
	}
	for _, each := range []struct {
		name    string
		origin  []string
		allowed bool
	}{
		{"none, as programs send", nil, true},
		{"the host's own", []string{"https://edit.example.com"}, true},
		{"the host's own, in capitals", []string{"https://EDIT.example.com"}, true},
		{"one that the image declares", []string{"https://www.example.com"}, true},
		{"one that the task declares", []string{"https://site.example.com"}, true},
		{"another that the task declares", []string{"https://example.com"}, true},
		{"all that the task declares as one", []string{"https://site.example.com,https://example.com"}, false},
		{"a declared one without TLS", []string{"http://www.example.com"}, false},
		{"another", []string{"https://evil.example"}, false},
		{"another that begins alike", []string{"https://edit.example.com.evil.example"}, false},
		{"another port", []string{"https://edit.example.com:8443"}, false},
		{"null, as frames in a sandbox send", []string{"null"}, false},
		{"nothing", []string{""}, false},
		{"garbage", []string{"%%%"}, false},
		{"two, one of them another", []string{"https://edit.example.com", "https://evil.example"}, false},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "QUERY"} {
			got := task.do(ask{method: method, path: "/api/request", header: origin(each.origin...)})
			assert.Equal(t, each.allowed, got.status != http.StatusForbidden, "%s by a page of %s: %d %s", method, each.name, got.status, got.body)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			assert.Equal(t, http.StatusOK, task.do(ask{method: method, path: "/api/request", header: origin(each.origin...)}).status, "%s %s", method, each.name)
		}
		header := origin(each.origin...)
		header.Del("Host")
		for port, path := range map[int]string{config.SocketPort: "/ws/hmr", config.APIPort: "/api/ws/chat"} {
			connection, response, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://%s:%d%s", task.address, port, path),
				&websocket.DialOptions{HTTPHeader: header, Host: "edit.example.com", Subprotocols: []string{"vite-hmr"}})
			if each.allowed {
				require.NoError(t, err, each.name)
				_ = connection.CloseNow()
				continue
			}
			require.Error(t, err, each.name)
			assert.Equal(t, http.StatusForbidden, response.StatusCode, each.name)
		}
	}
	assert.Equal(t, http.StatusForbidden, task.do(ask{
		method: http.MethodPut, path: "/api/session", body: `{"user":"bob"}`, header: origin("https://evil.example"),
	}).status, "nobody is made somebody else by a page elsewhere")
}

func TestWhoseSessionItIs(t *testing.T) {
	t.Parallel()
	s := newService(t)
	task := s.start()
	task.ready("")
	got := task.do(ask{path: "/api/session"})
	about := got.json(t)
	assert.Equal(t, "acme", about["client"])
	assert.Equal(t, "ada", about["user"])
	assert.Equal(t, "ready", about["state"])
	assert.Equal(t, task.instance(), about["instance"])
	since, err := time.Parse(time.RFC3339Nano, about["since"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), since, time.Minute)
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))

	chosen := task.do(ask{method: http.MethodPut, path: "/api/session", body: `{"user":"bob"}`, header: http.Header{"X-Forwarded-Proto": {"https"}}})
	require.Equal(t, http.StatusOK, chosen.status, chosen.body)
	cookies, err := http.ParseSetCookie(chosen.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.Equal(t, "bob", cookies.Value)
	assert.True(t, cookies.HttpOnly && cookies.Secure && cookies.SameSite == http.SameSiteLaxMode, chosen.header.Get("Set-Cookie"))
	name, _ := task.who(cookies.Value)
	assert.Equal(t, "bob", name)

	for _, body := range []string{``, `{}`, `{"user":""}`, `{"user":"../ada"}`, `{"user":"a/b"}`, `{"user":"Bob"}`, `{"user":7}`, `[`, `{"user":"` + strings.Repeat("a", 10000) + `"}`} {
		refused := task.do(ask{method: http.MethodPut, path: "/api/session", body: body})
		assert.Equal(t, http.StatusBadRequest, refused.status, "%.40s", body)
		assert.Empty(t, refused.header.Get("Set-Cookie"))
		assert.Less(t, len(refused.body), 500)
	}
	for _, user := range []string{"..", ".", "../bob", "bob/..", "%2e%2e", "-bob", "bob.0001", ".live-edit", strings.Repeat("b", 64), strings.Repeat("b", 10000)} {
		refused := task.do(ask{path: "/api/who", user: user})
		assert.Equal(t, http.StatusBadRequest, refused.status, "%.40s", user)
		assert.Contains(t, refused.header.Get("Set-Cookie"), "Max-Age=0", "the cookie is removed, so that the page can be loaded again")
	}
	forgotten := task.do(ask{method: http.MethodDelete, path: "/api/session"})
	assert.Equal(t, http.StatusNoContent, forgotten.status)
	assert.Contains(t, forgotten.header.Get("Set-Cookie"), "Max-Age=0")
	assert.Equal(t, http.StatusMethodNotAllowed, task.do(ask{method: http.MethodPost, path: "/api/session"}).status)
}

// TestChecks is the contract's check endpoint, asked at the owner and at another task.
func TestChecks(t *testing.T) {
	t.Parallel()
	s := newService(t)
	owner := s.start()
	owner.ready("")
	other := s.start()
	for _, path := range []string{"/api/check/one", "/api/check/memory/one"} {
		assert.Equal(t, http.StatusNotFound, other.do(ask{path: path}).status)
		assert.Equal(t, http.StatusNoContent, other.do(ask{method: http.MethodPut, path: path, body: "kept"}).status)
		assert.Equal(t, "kept", owner.do(ask{path: path}).body)
		assert.Equal(t, http.StatusNotFound, owner.do(ask{path: path, user: "bob"}).status, "bob has checks of his own")
		assert.Equal(t, http.StatusRequestEntityTooLarge, other.do(ask{method: http.MethodPut, path: path, body: strings.Repeat("x", 1025)}).status)
		assert.Equal(t, http.StatusMethodNotAllowed, other.do(ask{method: http.MethodPost, path: path}).status)
	}
	for _, path := range []string{"/api/check/", "/api/check/..%2fedits", "/api/check/a.b", "/api/check/memory/", "/api/check/" + strings.Repeat("a", 65)} {
		assert.Equal(t, http.StatusBadRequest, other.do(ask{path: path}).status, path)
	}
	assert.Equal(t, http.StatusNoContent, other.do(ask{method: http.MethodDelete, path: "/api/check/one"}).status)
	assert.Equal(t, http.StatusNotFound, owner.do(ask{path: "/api/check/one"}).status)
}
