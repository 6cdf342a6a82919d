package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
)

func TestEditorsAreChecked(t *testing.T) {
	t.Parallel()
	for want, editors := range map[string][]identity.Editor{
		"invited already":                    {{Email: "a@b.example", User: "a"}, {Email: "A@B.example", User: "b"}},
		"another editor's workspace already": {{Email: "a@b.example", User: "a"}, {Email: "c@b.example", User: "a"}},
		"no e-mail address":                  {{Email: "amy", User: "a"}},
		"character other than ASCII":         {{Email: "amy@b\u00e9.example", User: "a"}},
		"1 to 63 small letters":              {{Email: "a@b.example", User: "../b"}},
		`user ".live-edit"`:                  {{Email: "a@b.example", User: ".live-edit"}},
	} {
		require.ErrorContains(t, identity.CheckEditors(editors), want)
		_, err := identity.FormatEditors(editors)
		require.ErrorContains(t, err, want)
	}
	text, err := identity.FormatEditors([]identity.Editor{{Email: "Amy@B.example", User: "amy"}})
	require.NoError(t, err)
	require.JSONEq(t, `[{"email":"amy@b.example","user":"amy"}]`, text)
	text, err = identity.FormatEditors(nil)
	require.NoError(t, err)
	require.Equal(t, "[]", text)
	var many []identity.Editor
	for i := range 200 {
		many = append(many, identity.Editor{Email: fmt.Sprintf("a%d@b.example", i), User: fmt.Sprint("a", i)})
	}
	_, err = identity.FormatEditors(many)
	require.ErrorContains(t, err, "a parameter takes 4096")
}

// TestInvitingAndRemoving takes effect after a minute, whatever the parameter holds meanwhile.
func TestInvitingAndRemoving(t *testing.T) {
	t.Parallel()
	now, reads := time.Now(), 0
	text, problem := `[{"email":"amy@b.example","user":"amy"}]`, error(nil)
	list := identity.NewList(func(context.Context) (string, error) { reads++; return text, problem }, func() time.Time { return now })
	is := func(email, want string) {
		t.Helper()
		user, ok, err := list.User(t.Context(), email)
		require.NoError(t, err)
		require.Equal(t, want, user)
		require.Equal(t, want != "", ok)
	}
	is("amy@b.example", "amy")
	is("bob@b.example", "")
	text = `[{"email":"bob@b.example","user":"bob"}]`
	is("amy@b.example", "amy")
	require.Equal(t, 1, reads)
	now = now.Add(time.Minute)
	is("amy@b.example", "")
	is("bob@b.example", "bob")
	require.Equal(t, 2, reads)

	for _, broken := range []string{"", "{}", `[{"email":"x"}]`, `[] []`, `[{"email":"a@b.c","user":"a","admin":true}]`} {
		text = broken
		now = now.Add(time.Minute)
		is("bob@b.example", "bob")
	}
	reads = 0
	problem = errors.New("throttled")
	now = now.Add(4*time.Minute + 59*time.Second)
	is("bob@b.example", "bob")
	is("bob@b.example", "bob")
	require.Equal(t, 1, reads, "what could not be read is not asked for again at once")
	now = now.Add(5 * time.Second)
	_, ok, err := list.User(t.Context(), "bob@b.example")
	require.ErrorIs(t, err, identity.ErrUnavailable)
	require.ErrorContains(t, err, "throttled")
	require.False(t, ok, "ten minutes after the last list nobody is let in")
	problem, text = nil, `[]`
	now = now.Add(5 * time.Second)
	is("bob@b.example", "")
}

func TestAnUnreadableListIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.list = "nonsense"
	person, err := r.admit(r.For("amy@example.com"))
	require.ErrorIs(t, err, identity.ErrUnavailable)
	require.Equal(t, http.StatusServiceUnavailable, r.gate.Refuse(person, err).Status)
}

func TestRefusalsAreEscaped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.gate.SignOut = "https://issuer.example.com/logout"
	person, err := r.admit(r.For("o'neil&sons@example.com"))
	require.ErrorIs(t, err, identity.ErrUninvited)
	refusal := r.gate.Refuse(person, err)
	require.Contains(t, refusal.Text, "o'neil&sons@example.com")
	require.Contains(t, refusal.Page, "o&#39;neil&amp;sons@example.com")
	require.Contains(t, refusal.Page, identity.SignOutPath)
}

func TestStrip(t *testing.T) {
	t.Parallel()
	for cookie, want := range map[string]string{
		"a=1; AWSELBAuthSessionCookie-0=x; b=2":                    "a=1; b=2",
		"AWSELBAuthSessionCookie-0=x; AWSELBAuthSessionCookie-1=y": "",
		"AWSALBAuthNonce=x;a=\"1\"":                                `a="1"`,
		"AWSALB=sticky; a=1":                                       "AWSALB=sticky; a=1",
		"a=1;  odd;b=AWSELBAuthSessionCookie-0=x":                  "a=1; odd; b=AWSELBAuthSessionCookie-0=x",
	} {
		header := http.Header{
			"Cookie": {cookie}, "X-Amzn-Oidc-Data": {"x"}, "X-Amzn-Oidc-Accesstoken": {"x"}, "X-Amzn-Oidc-Identity": {"x"}, "X-Amzn-Trace-Id": {"t"},
		}
		identity.Strip(header)
		require.Equal(t, want, header.Get("Cookie"))
		require.Equal(t, want != "", len(header["Cookie"]) > 0)
		require.Equal(t, "t", header.Get("X-Amzn-Trace-Id"))
		require.NotContains(t, fmt.Sprint(header), "X-Amzn-Oidc")
	}
	require.Len(t, identity.SignOutCookies(), 4)
	require.True(t, strings.HasPrefix(identity.SignOutCookies()[3], "AWSELBAuthSessionCookie-3=;"))
}

func TestRead(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"AUTH_SIGNER": "arn:aws:elasticloadbalancing:us-west-2:942734823970:loadbalancer/app/x/0123456789abcdef",
		"AUTH_ISSUER": "https://issuer.example.com", "AUTH_CLIENT": "id", "AUTH_EDITORS_PARAMETER": "/live-edit/editors/a",
	}
	read := func(name, value string) (*identity.Settings, error) {
		return identity.Read(func(asked string) string {
			if asked == name {
				return value
			}
			return good[asked]
		})
	}
	settings, err := read("", "")
	require.NoError(t, err)
	require.Equal(t, "https://public-keys.auth.elb.us-west-2.amazonaws.com", settings.KeysURL)
	require.Equal(t, "us-west-2", settings.Region)
	settings, err = read("AUTH_SIGNER", "")
	require.NoError(t, err)
	require.Nil(t, settings, "nobody is asked")
	for name, value := range map[string]string{
		"AUTH_SIGNER": "x", "AUTH_ISSUER": "http://issuer.example.com", "AUTH_CLIENT": "", "AUTH_EDITORS_PARAMETER": "a b",
		"AUTH_SIGN_OUT_URL": "javascript:alert(1)",
	} {
		_, err := read(name, value)
		require.ErrorContains(t, err, name)
	}
	for address, ok := range map[string]bool{
		"http://localhost:8080": true, "http://localhost": true, "http://localhost.example.com": false, "http://localhost-a.example": false,
		"http://localhost@example.com": false, "https://": false, "https://:443": false,
	} {
		_, err := read("AUTH_ISSUER", address)
		require.Equal(t, ok, err == nil, "%s: %v", address, err)
	}
}
