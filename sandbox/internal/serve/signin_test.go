package serve_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

const (
	preview   = "https://" + host + "/preview/"
	otherHost = "edit-acme.ameliastamps.com"
	editors   = `[{"email":"amelia@example.com","user":"amelia"},{"email":"bo@example.com","user":"bo"}]`
)

// aCall is what a script sends.
var aCall = http.Header{"User-Agent": {"curl/8"}, "Accept": {"application/json"}}

// TestSigningIn serves a stack whose people sign in, with the deployed rules, roles and functions and the supervisor in the task: a
// stranger wakes nothing, an editor works in her own workspace and is a stranger at another client's host, and somebody who is not invited
// any more is out within a minute and keeps nothing awake.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	editor := func(email, user string) map[string]any { return map[string]any{"email": email, "user": user} }
	d := deployWith(t, map[string]any{"auth": "cognito", "clients": []any{
		map[string]any{"id": "ameliastamps", "editors": []any{editor("Amelia@Example.com", "amelia"), editor("bo@example.com", "bo")}},
		map[string]any{
			"id": "acme", "host": "edit-acme", "user": "cleo", "repository": "https://github.com/acme/site.git", "rulePriority": 300,
			"editors": []any{editor("cleo@example.com", "cleo")},
		},
	}})
	s := d.serve(60)
	requireAStrangerWakesNothing(s)
	requireSomebodyElseIsKeptOut(s)
	requireAnotherClientsEditorIsKeptOut(s)
	requireAnEditorWorks(s)
	requireABrowserSignsIn(s)
	requireARemovedEditorIsOut(s)
}

// requireAStrangerWakesNothing: neither with nothing in his hands, nor with what he has made himself.
func requireAStrangerWakesNothing(s *served) {
	forged := http.Header{
		"X-Amzn-Oidc-Data": {"e30=.e30=.AAAA"}, "X-Amzn-Oidc-Identity": {"amelia"}, "Cookie": {"AWSELBAuthSessionCookie-0=forged; live-edit-user=amelia"},
	}
	for name, header := range map[string]http.Header{"nothing": nil, "a call": aCall, "forged headers": forged} {
		for _, path := range []string{"/api/who", "/preview/app.js", "/ws/hmr", "/api/sign-out", "/preview/../api/who", "/preview%2f..%2fapi/who"} {
			got := s.get("https://"+host+path, header)
			require.Contains(s.t, []int{http.StatusUnauthorized, http.StatusOK}, got.status, "%s: %s", name, path)
			if got.status == http.StatusOK {
				require.Contains(s.t, got.body, "No target configured", "%s: %s", name, path)
			}
		}
		require.Equal(s.t, http.StatusUnauthorized, s.send(http.MethodPost, "https://"+host+"/api/chat", header, "{}").status, name)
	}
	got := s.get(preview, aPage)
	require.Equal(s.t, http.StatusFound, got.status, got.body)
	require.Contains(s.t, got.header.Get("Location"), "/authorize/")
	_, response, err := websocket.Dial(s.ctx, "wss://"+host+"/ws/hmr", &websocket.DialOptions{HTTPClient: s.client})
	require.Error(s.t, err)
	require.Equal(s.t, http.StatusUnauthorized, response.StatusCode)
	require.Zero(s.t, s.desired())
	require.NotContains(s.t, s.said("request"), "edit-waker-tg", "the function was not even called")
}

// signIn goes the way of a browser to the end; the status is the issuer's answer to the address.
func (s *served) signIn(email string) (status int) { return s.signInAt(preview, email) }

func (s *served) signInAt(preview, email string) (status int) {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	s.client.Jar = jar
	address := s.get(preview, aPage).header.Get("Location")
	issuer := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := issuer.PostForm(address, url.Values{"email": {email}}) //nolint:noctx // on this machine
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	if response.StatusCode != http.StatusFound {
		return response.StatusCode
	}
	got := s.get(response.Header.Get("Location"), aPage)
	require.Equal(s.t, http.StatusFound, got.status, got.body)
	require.Equal(s.t, preview, got.header.Get("Location"))
	return http.StatusOK
}

// requireSomebodyElseIsKeptOut: the user pool knows those who are invited, and nobody else.
func requireSomebodyElseIsKeptOut(s *served) {
	require.Equal(s.t, http.StatusUnauthorized, s.signIn("eve@example.com"))
	require.Equal(s.t, http.StatusUnauthorized, s.get("https://"+host+"/api/who", aCall).status)
	require.Zero(s.t, s.desired())
}

// requireAnotherClientsEditorIsKeptOut: the issuer knows whom any client has invited, so he comes as far as the waker, which says so to a
// page and to a call, and wakes nothing. A browser sees the page as well.
func requireAnotherClientsEditorIsKeptOut(s *served) {
	const theirs = "https://" + otherHost
	require.Equal(s.t, http.StatusOK, s.signInAt(theirs+"/preview/", "bo@example.com"))
	got := s.get(theirs+"/preview/", aPage)
	require.Equal(s.t, http.StatusForbidden, got.status, got.body)
	require.Contains(s.t, got.body, "signed in as bo@example.com")
	require.Contains(s.t, got.body, "You can't edit here")
	require.Equal(s.t, http.StatusForbidden, s.get(theirs+"/api/session", aCall).status)
	require.Equal(s.t, http.StatusForbidden, s.send(http.MethodPost, theirs+"/api/chat", aCall, "{}").status)
	requireABrowserIsToldSo(s)
	require.Zero(s.t, s.desired())
	require.Empty(s.t, s.tasks())
	s.says("request", "edit-waker-tg--acme") // it was the waker that answered
	require.NotContains(s.t, s.said("rule"), "edit-waker-tg--acme", "its rule has not moved")
}

// requireAnEditorWorks: her visit wakes the service, and she is in her own workspace whatever her cookies say.
func requireAnEditorWorks(s *served) {
	require.Equal(s.t, http.StatusOK, s.signIn("AMELIA@example.com"))
	got := s.get(preview, aPage)
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	require.Equal(s.t, "waking", got.header.Get("X-Webordinary-State"), got.body)
	s.eventually("her page", func() bool { return strings.Contains(s.get(preview, aPage).body, "This is the demo") })
	s.eventually("her session", func() bool {
		got := s.get("https://"+host+"/api/session", http.Header{"Cookie": {"live-edit-user=bo"}})
		return got.status == http.StatusOK && strings.Contains(got.body, `"user":"amelia"`)
	})
	got = s.get("https://"+host+"/api/request", nil)
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	for _, hidden := range []string{"Oidc", "AWSELBAuthSession"} {
		require.NotContains(s.t, got.body, hidden, "what is behind never sees it")
	}
}

// requireARemovedEditorIsOut: as soon as a minute of the service, with the session that she still has; and a request of hers every second
// of the service's for more than ten minutes does not keep it awake, nor wakes it again.
func requireARemovedEditorIsOut(s *served) {
	require.NoError(s.t, s.account.Mutate(view.TypeParameter, "/webordinary-edit-editors", func(state resource.PropertyMap) error {
		state["value"] = resource.NewProperty(strings.ReplaceAll(editors, "amelia@", "amelie@"))
		return nil
	}))
	removed := s.Clock().Now()
	s.eventually("she is refused", func() bool { return s.get("https://"+host+"/api/session", aCall).status == http.StatusForbidden })
	require.Less(s.t, s.Clock().Now().Sub(removed), 3*time.Minute)
	require.Contains(s.t, s.get(preview, aPage).body, "signed in as amelia@example.com")
	asked := 0
	s.eventually("it sleeps although she asks", func() bool {
		asked++
		got := s.get("https://"+host+"/api/session", aCall)
		require.Contains(s.t, []int{http.StatusForbidden, http.StatusServiceUnavailable}, got.status, got.body)
		return s.desired() == 0
	})
	require.Greater(s.t, asked, 50)
	asleep := s.Clock().Now()
	for s.Clock().Now().Sub(asleep) < 3*time.Minute {
		require.Equal(s.t, http.StatusForbidden, s.get(preview, aPage).status)
		require.Zero(s.t, s.desired())
		time.Sleep(100 * time.Millisecond)
	}
}
