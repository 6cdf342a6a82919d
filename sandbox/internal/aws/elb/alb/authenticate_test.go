package alb_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/issuer"
)

// door is a load balancer whose preview rule sends people to sign in and whose api rule denies, before a real issuer.
type door struct {
	*env
	signer *alb.Signer
	client *http.Client
	// got are the headers of the last request that reached the preview's or the API's target.
	got http.Header
	// refreshes says whether the issuer gives refresh tokens, forgets whether it has forgotten everybody.
	refreshes, forgets atomic.Bool
	clock              *movingClock
}

// movingClock stands still until it is moved.
type movingClock struct{ passed atomic.Int64 }

func (c *movingClock) Now() time.Time                   { return noon.Add(time.Duration(c.passed.Load())) }
func (*movingClock) Wait(d time.Duration) time.Duration { return d }
func (c *movingClock) pass(d time.Duration)             { c.passed.Add(int64(d)) }

const doorIssuer = "https://issuer.example.com"

func oidcAction(otherwise string) map[string]any {
	return map[string]any{"type": "authenticate-oidc", "order": 1, "authenticateOidc": map[string]any{
		"issuer": doorIssuer, "authorizationEndpoint": doorIssuer + "/auth", "tokenEndpoint": doorIssuer + "/token",
		"userInfoEndpoint": doorIssuer + "/me", "clientId": "balancer", "clientSecret": "secret", "scope": "openid email",
		"sessionCookieName": "AWSELBAuthSessionCookie", "sessionTimeout": 4 * 3600, "onUnauthenticatedRequest": otherwise,
	}}
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{clock: &movingClock{}}
	local := httptest.NewServer(&issuer.Issuer{Client: func(id string) (issuer.Client, bool) {
		client := issuer.Client{Secret: "secret", Refreshes: d.refreshes.Load()}
		if d.forgets.Load() {
			client.People = []string{}
		}
		return client, id == "balancer"
	}})
	t.Cleanup(local.Close)
	var err error
	d.signer, err = alb.NewSigner()
	require.NoError(t, err)
	d.env = newEnvWith(t, func(o *alb.Options) {
		o.Signer, o.Clock = d.signer, d.clock
		o.Issuer = func(endpoint alb.Endpoint, client string) string {
			return local.URL + []string{issuer.Authorize, issuer.Token, issuer.UserInfo}[endpoint] + client
		}
	})
	d.wake()
	keep := func(w http.ResponseWriter, r *http.Request) { d.got = r.Header.Clone() }
	d.target(awstest.PreviewGroup, "task/1", elb.TargetHealthy, keep)
	d.target(awstest.APIGroup, "task/1", elb.TargetHealthy, keep)
	for name, otherwise := range map[string]string{"preview": "authenticate", "api": "deny"} {
		group := map[string]string{"preview": awstest.PreviewGroup, "api": awstest.APIGroup}[name]
		awstest.Set(d.store, typeRule, awstest.RuleARN(name), "actions", []any{
			oidcAction(otherwise), map[string]any{"type": "forward", "order": 2, "targetGroupArn": group},
		})
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	d.client = &http.Client{Jar: secureJar{jar}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return d
}

// secureJar keeps secure cookies although the tests' load balancer is reached without TLS.
type secureJar struct{ *cookiejar.Jar }

func (j secureJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, cookie := range cookies {
		cookie.Secure = false
	}
	j.Jar.SetCookies(u, cookies)
}

func (d *door) open(address string, more ...string) *http.Response {
	d.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = d.front.URL + address
	}
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, strings.Replace(address, "https://127", "http://127", 1), nil)
	require.NoError(d.t, err)
	for i := 0; i+1 < len(more); i += 2 {
		request.Header.Add(more[i], more[i+1])
	}
	response, err := d.client.Do(request)
	require.NoError(d.t, err)
	require.NoError(d.t, response.Body.Close())
	return response
}

// signIn goes the whole way as a browser does, and returns where it ends.
func (d *door) signIn(path, email string) *http.Response {
	d.t.Helper()
	response := d.open(path)
	require.Equal(d.t, http.StatusFound, response.StatusCode)
	form := url.Values{"email": {email}}
	posted, err := d.client.PostForm(response.Header.Get("Location"), form)
	require.NoError(d.t, err)
	require.NoError(d.t, posted.Body.Close())
	require.Equal(d.t, http.StatusFound, posted.StatusCode)
	response = d.open(posted.Header.Get("Location"))
	return response
}

// TestSigningInAndComingBack: to the page that was wanted, with a session that the load balancer vouches for as AWS does, so that a
// verifier written against AWS's documentation takes its word.
func TestSigningInAndComingBack(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	require.Equal(t, http.StatusUnauthorized, d.open("/api/x").StatusCode)
	response := d.open("/preview/a?b=c")
	location, err := url.Parse(response.Header.Get("Location"))
	require.NoError(t, err)
	query := location.Query()
	require.Equal(t, []string{"balancer", "code", "openid email"}, []string{query.Get("client_id"), query.Get("response_type"), query.Get("scope")})
	require.True(t, strings.HasSuffix(query.Get("redirect_uri"), "/oauth2/idpresponse"))

	response = d.signIn("/preview/a?b=c", "Amy@example.com")
	require.Equal(t, http.StatusFound, response.StatusCode)
	require.True(t, strings.HasSuffix(response.Header.Get("Location"), "/preview/a?b=c"), response.Header.Get("Location"))
	cookie := response.Header["Set-Cookie"]
	require.Contains(t, strings.Join(cookie, "\n"), "AWSELBAuthSessionCookie-0=")
	for _, each := range cookie {
		require.Contains(t, each, "; Path=/; Secure; HttpOnly")
	}
	require.Nil(t, d.got, "nothing has reached a target")
	require.Equal(t, http.StatusOK, d.open(response.Header.Get("Location"), "x-amzn-oidc-data", "forged", "X-Amzn-Oidc-Identity", "root").StatusCode)
	require.Len(t, d.got["X-Amzn-Oidc-Data"], 1)
	require.Equal(t, "sub-amy@example.com", d.got.Get("X-Amzn-Oidc-Identity"))
	require.NotEmpty(t, d.got.Get("X-Amzn-Oidc-Accesstoken"))
	for part := range strings.SplitSeq(d.got.Get("X-Amzn-Oidc-Data"), ".") {
		require.Zero(t, len(part)%4, "padded")
	}
	require.Equal(t, http.StatusOK, d.open("/api/x").StatusCode)

	keys := httptest.NewServer(d.signer)
	t.Cleanup(keys.Close)
	verifier := identity.NewVerifier(identity.Trust{Signer: awstest.BalancerARN, Issuer: doorIssuer, Client: "balancer"},
		identity.NewPublishedKeys(keys.URL, keys.Client(), time.Now), time.Now)
	claims, err := verifier.Verify(t.Context(), d.got.Get("X-Amzn-Oidc-Data"))
	require.NoError(t, err)
	require.Equal(t, "amy@example.com", claims.Email)
	require.NoError(t, d.signer.Rotate())
	d.open("/api/x")
	_, err = verifier.Verify(t.Context(), d.got.Get("X-Amzn-Oidc-Data"))
	require.NoError(t, err, "after the key was rotated")
}

// TestWhoIsNotSignedIn: cookies and answers that were not made for this client, this issuer, this attempt, or now.
func TestWhoIsNotSignedIn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	response := d.open("/preview/")
	posted, err := d.client.PostForm(response.Header.Get("Location"), url.Values{"email": {"amy@example.com"}})
	require.NoError(t, err)
	require.NoError(t, posted.Body.Close())
	back := posted.Header.Get("Location")
	jar := d.client.Jar
	d.client.Jar = nil
	require.Equal(t, http.StatusUnauthorized, d.open(back).StatusCode, "another browser's attempt")
	other, err := cookiejar.New(nil)
	require.NoError(t, err)
	d.client.Jar = secureJar{other}
	require.Equal(t, http.StatusFound, d.open("/preview/").StatusCode)
	require.Equal(t, http.StatusUnauthorized, d.open(back).StatusCode, "another browser's attempt, which has one of its own")
	d.client.Jar = jar
	at := strings.Index(back, "state=")
	require.Equal(t, http.StatusUnauthorized, d.open(back[:at]+"state=x").StatusCode)
	wrong := strings.Replace(back, "code=", "code=x", 1)
	require.Equal(t, 561, d.open(wrong).StatusCode, "the issuer does not know the code")
	require.Equal(t, http.StatusFound, d.open(back).StatusCode)
	require.Equal(t, http.StatusUnauthorized, d.open(back).StatusCode, "played a second time")
	require.Equal(t, http.StatusOK, d.open("/api/x").StatusCode)

	for name, change := range map[string]func(auth map[string]any){
		"another client":        func(auth map[string]any) { auth["clientId"] = "other" },
		"another issuer":        func(auth map[string]any) { auth["issuer"] = "https://other.example.com" },
		"another cookie's name": func(auth map[string]any) { auth["sessionCookieName"] = "Other" },
	} {
		action := oidcAction("deny")
		auth, _ := action["authenticateOidc"].(map[string]any)
		change(auth)
		awstest.Set(d.store, typeRule, awstest.RuleARN("api"), "actions", []any{
			action, map[string]any{"type": "forward", "order": 2, "targetGroupArn": awstest.APIGroup},
		})
		require.Equal(t, http.StatusUnauthorized, d.open("/api/x").StatusCode, name)
	}
	awstest.Set(d.store, typeRule, awstest.RuleARN("api"), "actions", []any{
		oidcAction("allow"), map[string]any{"type": "forward", "order": 2, "targetGroupArn": awstest.APIGroup},
	})
	d.client.Jar = nil
	d.got = nil
	require.Equal(t, http.StatusOK, d.open("/api/x", "X-Amzn-Oidc-Data", "forged", "Cookie", "AWSELBAuthSessionCookie-0=forged").StatusCode)
	require.Empty(t, d.got["X-Amzn-Oidc-Data"], "allow lets a stranger in without a word for him")
}

// TestASessionIsRefreshedAtTheIssuer: once the access token has expired, whatever the rule is that the visitor's request meets, and he notices
// nothing of it. Whom the issuer does not know any more, or whose session has come to its end, signs in again.
func TestASessionIsRefreshedAtTheIssuer(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.refreshes.Store(true)
	d.signIn("/preview/", "amy@example.com")
	first := d.open("/api/x")
	require.Equal(t, http.StatusOK, first.StatusCode)
	require.Empty(t, first.Header["Set-Cookie"], "the access token is good")
	d.clock.pass(issuer.AccessLifetime - time.Second)
	require.Empty(t, d.open("/api/x").Header["Set-Cookie"], "and it is to its last second")
	for range 3 { // and its successors are as well
		d.clock.pass(issuer.AccessLifetime)
		renewed := d.open("/api/x")
		require.Equal(t, http.StatusOK, renewed.StatusCode)
		require.Contains(t, strings.Join(renewed.Header["Set-Cookie"], "\n"), "AWSELBAuthSessionCookie-0=")
		require.Equal(t, "sub-amy@example.com", d.got.Get("X-Amzn-Oidc-Identity"))
		require.Empty(t, d.open("/preview/").Header["Set-Cookie"], "once")
	}
	d.clock.pass(time.Second)
	require.Equal(t, http.StatusUnauthorized, d.open("/api/x").StatusCode, "refreshing makes a session no longer than it was to be")
	require.Equal(t, http.StatusFound, d.open("/preview/").StatusCode)

	d.signIn("/preview/", "amy@example.com")
	d.forgets.Store(true)
	require.Equal(t, http.StatusOK, d.open("/api/x").StatusCode, "the issuer is not asked before it is time")
	d.clock.pass(issuer.AccessLifetime)
	require.Equal(t, http.StatusUnauthorized, d.open("/api/x").StatusCode)
	require.Equal(t, http.StatusFound, d.open("/preview/").StatusCode, "to sign in")
}

// TestASessionWithoutARefreshTokenIsKeptToItsEnd: the load balancer has nothing to ask with, whoever the issuer has forgotten meanwhile.
func TestASessionWithoutARefreshTokenIsKeptToItsEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.signIn("/preview/", "amy@example.com")
	d.forgets.Store(true)
	d.clock.pass(4*time.Hour - time.Second)
	response := d.open("/api/x")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Empty(t, response.Header["Set-Cookie"])
	d.clock.pass(time.Second)
	require.Equal(t, http.StatusUnauthorized, d.open("/api/x").StatusCode)
}
