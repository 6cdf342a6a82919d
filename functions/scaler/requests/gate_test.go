package requests_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/identity/identitytest"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// gate lets in whom a signer names and who is called amy.
func gate(t *testing.T, signer *identitytest.Signer) *identity.Gate {
	t.Helper()
	server := httptest.NewServer(signer)
	t.Cleanup(server.Close)
	return &identity.Gate{
		Verifier: identity.NewVerifier(identitytest.Trust, identity.NewPublishedKeys(server.URL, server.Client(), time.Now), time.Now),
		List: identity.NewList(func(context.Context) (string, error) {
			return `[{"email":"amy@example.com","user":"amy"}]`, nil
		}, time.Now),
	}
}

// TestWhoIsLetIn is the table of identities against what is done: whoever is not let in has nothing looked at, whatever is
// asked for and however often.
func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	signer := identitytest.New(t)
	other := identitytest.New(t)
	expired := identitytest.Header()
	expired["exp"] = time.Now().Add(-time.Hour).Unix()
	client := identitytest.Header()
	client["client"] = "another"
	amy := identitytest.Map{"email": "amy@example.com", "email_verified": "true"}
	f := &fake{results: []reconcile.Result{state(waking(morning))}}
	h := f.handler()
	h.Gate = gate(t, signer)
	tokens := map[string]string{
		"no header": "", "another signer": other.For("amy@example.com"), "expired": signer.Sign(expired, amy),
		"another client's": signer.Sign(client, amy), "not invited": signer.For("bob@example.com"),
	}
	for name, token := range tokens {
		for _, r := range []request{
			{method: http.MethodGet, path: "/preview/", header: with(opening, identity.Header, token)},
			{method: http.MethodPost, path: "/api/chat", header: map[string]string{identity.Header: token}, body: "{}"},
			{method: http.MethodGet, path: "/preview/", header: with(asking, identity.Header, token, "x-webordinary-wake", "now")},
			{method: http.MethodGet, path: "/preview/app.js", header: map[string]string{identity.Header: token}},
			{method: http.MethodGet, path: "/preview/", header: with(opening, identity.Header, token), single: true},
		} {
			got := serve(t, h, r)
			require.Equal(t, http.StatusForbidden, got.StatusCode, "%s: %s %s", name, r.method, r.path)
			require.Empty(t, got.Header("X-Webordinary-State"), "not even the state is told")
		}
	}
	require.Empty(t, f.intents)
	require.Zero(t, f.glances)

	got := serve(t, h, request{
		method: http.MethodGet, path: "/preview/", lines: map[string][]string{identity.Header: {signer.For("amy@example.com"), "x"}},
	})
	require.Equal(t, http.StatusForbidden, got.StatusCode)
	got = serve(t, h, request{method: http.MethodGet, path: "/preview/", header: with(opening, identity.Header, signer.For("bob@example.com"))})
	require.Contains(t, got.Body, "signed in as bob@example.com")
	require.Equal(t, identity.Policy, got.Header("Content-Security-Policy"))

	got = serve(t, h, request{method: http.MethodGet, path: "/preview/", header: with(opening, identity.Header, signer.For("Amy@example.com"))})
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, []decide.Intent{decide.Ask}, f.intents)
}

func TestNobodyIsLetInWithoutKeys(t *testing.T) {
	t.Parallel()
	signer := identitytest.New(t)
	signer.Fail(http.StatusInternalServerError)
	f := &fake{}
	h := f.handler()
	h.Gate = gate(t, signer)
	got := serve(t, h, request{method: http.MethodGet, path: "/preview/", header: with(opening, identity.Header, signer.For("amy@example.com"))})
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Empty(t, f.intents)
}

// TestSigningOut ends the session at the load balancer, also for those who are not invited, and wakes nothing.
func TestSigningOut(t *testing.T) {
	t.Parallel()
	f := &fake{}
	h := f.handler()
	g := gate(t, identitytest.New(t))
	h.Gate = g
	got := serve(t, h, request{method: http.MethodGet, path: "/api/sign-out", header: opening})
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, identity.SignOutCookies(), got.MultiValueHeaders["Set-Cookie"])
	g.SignOut = "https://issuer.example.com/logout"
	got = serve(t, h, request{method: http.MethodGet, path: "/api/sign-out", header: opening, single: true})
	require.Equal(t, http.StatusFound, got.StatusCode)
	require.Equal(t, g.SignOut, got.Header("Location"))
	require.NotEmpty(t, got.Header("Set-Cookie"))
	require.Empty(t, f.intents)
}
