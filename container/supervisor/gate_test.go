package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/identity/identitytest"
)

// people is the load balancer's key and the list of those who are invited.
type people struct {
	*identitytest.Signer
	environment []string

	mu   sync.Mutex
	list string
}

const invited = `[{"email":"amy@example.com","user":"amy"},{"email":"bob@example.com","user":"bob"}]`

func newPeople(t *testing.T) *people {
	t.Helper()
	p := &people{Signer: identitytest.New(t), list: invited}
	keys := httptest.NewServer(p.Signer)
	t.Cleanup(keys.Close)
	parameters := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name string }
		if r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" || json.NewDecoder(r.Body).Decode(&in) != nil || in.Name != "/editors" {
			http.Error(w, "unexpected", http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		writeAny(w, map[string]any{"Parameter": map[string]any{"Name": in.Name, "Value": p.list}})
	}))
	t.Cleanup(parameters.Close)
	p.environment = []string{
		"AUTH_SIGNER=" + identitytest.Trust.Signer, "AUTH_ISSUER=" + identitytest.Trust.Issuer, "AUTH_CLIENT=" + identitytest.Trust.Client,
		"AUTH_EDITORS_PARAMETER=/editors", "AUTH_KEYS_URL=" + keys.URL, "AWS_ENDPOINT_URL_SSM=" + parameters.URL,
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
	}
	return p
}

func (p *people) invite(list string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = list
}

// as are the headers that the load balancer adds for a person.
func as(token string, more ...string) http.Header {
	header := http.Header{"X-Amzn-Oidc-Data": {token}, "X-Amzn-Oidc-Accesstoken": {"secret"}, "X-Amzn-Oidc-Identity": {"1"}}
	for i := 0; i+1 < len(more); i += 2 {
		header[more[i]] = []string{more[i+1]}
	}
	return header
}

// TestWhoReachesASession is the table of identities against what is served: invited people their own session, whatever cookie they have;
// others nothing, and it is no use of the service.
func TestWhoReachesASession(t *testing.T) {
	t.Parallel()
	s, p := newService(t), newPeople(t)
	task := s.start(p.environment...)
	signed := func(change func(header, claims identitytest.Map)) string {
		header, claims := identitytest.Header(), identitytest.Map{"email": "amy@example.com", "email_verified": "true"}
		change(header, claims)
		return p.Sign(header, claims)
	}
	refused := map[string]http.Header{
		"no header":        nil,
		"another's key":    as(identitytest.New(t).For("amy@example.com")),
		"not invited":      as(p.For("eve@example.com")),
		"not verified":     as(signed(func(_, claims identitytest.Map) { claims["email_verified"] = "false" })),
		"expired":          as(signed(func(header, _ identitytest.Map) { header["exp"] = time.Now().Add(-2 * time.Minute).Unix() })),
		"another client's": as(signed(func(header, _ identitytest.Map) { header["client"] = "other" })),
		"another signer":   as(signed(func(header, _ identitytest.Map) { header["signer"] = "arn:other" })),
		"algorithm none":   as(signed(func(header, _ identitytest.Map) { header["alg"] = "none" })),
		"two headers":      {"X-Amzn-Oidc-Data": {p.For("amy@example.com"), p.For("bob@example.com")}},
		"a cookie only":    {"Cookie": {"live-edit-user=amy"}},
		"a peer's header":  {"Live-Edit-User": {"amy"}},
	}
	for name, header := range refused {
		for _, path := range []string{"/preview/", "/api/who", "/api/session"} {
			got := task.do(ask{path: path, header: header})
			assert.Equal(t, http.StatusForbidden, got.status, "%s: %s", name, path)
		}
		_, response, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://%s:%d/ws/hmr", task.address, config.SocketPort),
			&websocket.DialOptions{HTTPHeader: header})
		if assert.Error(t, err, name) {
			assert.Equal(t, http.StatusForbidden, response.StatusCode, name)
		}
	}
	_, orders := s.agent.last(task.address)
	assert.Zero(t, orders, "nobody is at work")
	got := task.do(ask{path: "/preview/", header: as(p.For("eve@example.com"), "Accept", "text/html")})
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.body, "signed in as eve@example.com")
	assert.Equal(t, http.StatusOK, task.do(ask{path: "/health"}).status, "the load balancer's own question brings no identity")

	for email, user := range map[string]string{"amy@example.com": "amy", "BOB@example.com": "bob"} {
		got := task.do(ask{path: "/api/who", user: "ada", header: as(p.For(email))})
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.Equal(t, user, got.json(t)["user"])
	}
}

// TestNothingBehindSeesTheSignIn: neither the load balancer's headers nor its session reach the processes, nor how people are known.
func TestNothingBehindSeesTheSignIn(t *testing.T) {
	t.Parallel()
	s, p := newService(t), newPeople(t)
	task := s.start(p.environment...)
	got := task.do(ask{path: "/api/request", header: as(p.For("amy@example.com"),
		"Cookie", "a=1; AWSELBAuthSessionCookie-0=secret; AWSELBAuthSessionCookie-1=secret; b=2")})
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Contains(t, got.body, "a=1; b=2")
	assert.NotContains(t, got.body, "secret")
	assert.NotContains(t, got.body, "Oidc")
	got = task.do(ask{path: "/api/environment", header: as(p.For("amy@example.com"))})
	require.Equal(t, http.StatusOK, got.status)
	assert.NotContains(t, got.body, "AUTH_")

	got = task.do(ask{method: http.MethodPut, path: "/api/session", body: `{"user":"bob"}`, header: as(p.For("amy@example.com"))})
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Empty(t, got.header["Set-Cookie"])
	got = task.do(ask{path: "/api/sign-out"})
	assert.Equal(t, identity.SignOutCookies(), got.header["Set-Cookie"])
}

// TestARemovedEditorIsOut within a minute: for new requests, and for a socket that is open.
func TestARemovedEditorIsOut(t *testing.T) {
	t.Parallel()
	s, p := newService(t), newPeople(t)
	task := s.start(append(p.environment, "LIVE_EDIT_SPEED=30")...) // a minute in 2 s
	get := func(email string) int { return task.do(ask{path: "/api/who", header: as(p.For(email))}).status }
	require.Equal(t, http.StatusOK, get("amy@example.com"))
	require.Equal(t, http.StatusOK, get("bob@example.com"))
	open := func(email string) *websocket.Conn {
		connection, _, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://%s:%d/api/ws/chat", task.address, config.APIPort),
			&websocket.DialOptions{HTTPHeader: as(p.For(email))})
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.CloseNow() })
		return connection
	}
	removed, stays := open("amy@example.com"), open("bob@example.com")
	p.invite(`[{"email":"bob@example.com","user":"bob"}]`)
	task.waitFor(func() bool { return get("amy@example.com") == http.StatusForbidden }, "she is refused")
	ended := make(chan error, 1)
	go func() {
		_, _, err := removed.Read(t.Context())
		ended <- err
	}()
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(patience):
		t.Fatal("her socket stays open")
	}
	require.Equal(t, http.StatusOK, get("bob@example.com"))
	require.NoError(t, stays.Write(t.Context(), websocket.MessageText, []byte("x")))
	_, _, err := stays.Read(t.Context())
	require.NoError(t, err, "his goes on")
}
