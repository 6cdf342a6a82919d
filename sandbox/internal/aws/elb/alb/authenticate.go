package alb

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Of "Authenticate users using an Application Load Balancer" in the guide: the path at which the issuer hands a visitor back, how
// long somebody may take to sign in (15 minutes, else 401), and the cookies' names and size.
const (
	callbackPath  = "/oauth2/idpresponse"
	signInTimeout = 15 * time.Minute
	nonceCookie   = "AWSALBAuthNonce"
	shardBytes    = 4096 - 200 // a cookie has 4 KB with its name and attributes
	maxShards     = 4
	oidcPrefix    = "X-Amzn-Oidc-"

	// statusIssuerFailed answers where the issuer reports an error ("HTTP 561: Unauthorized" in the troubleshooting page).
	statusIssuerFailed = 561
)

// authentication is an authenticate action, of either type.
type authentication struct {
	Issuer        string            `json:"issuer"`
	Authorization string            `json:"authorizationEndpoint"`
	Token         string            `json:"tokenEndpoint"`
	UserInfo      string            `json:"userInfoEndpoint"`
	ClientID      string            `json:"clientId"`
	ClientSecret  string            `json:"clientSecret"`
	Scope         string            `json:"scope"`
	Cookie        string            `json:"sessionCookieName"`
	Timeout       int               `json:"sessionTimeout"` // seconds
	Otherwise     string            `json:"onUnauthenticatedRequest"`
	Extra         map[string]string `json:"authenticationRequestExtraParams"`

	UserPoolARN    string `json:"userPoolArn"`
	UserPoolClient string `json:"userPoolClientId"`
	UserPoolDomain string `json:"userPoolDomain"`
}

// authenticationOf gives an action's settings, with the endpoints of a user pool filled in.
func (b *Balancer) authenticationOf(a *action) (*authentication, error) {
	found := a.OIDC
	if a.Type == "authenticate-cognito" {
		found = a.Cognito
	}
	if found == nil {
		return nil, fmt.Errorf("the %s action has no settings", a.Type)
	}
	out := *found
	if a.Type == "authenticate-cognito" {
		_, pool, _ := strings.Cut(out.UserPoolARN, "userpool/")
		client, ok := b.options.Store.Get(view.TypeUserPoolClient, out.UserPoolClient)
		if !ok {
			return nil, fmt.Errorf("the user pool's client %s is not in the account", out.UserPoolClient)
		}
		site := "https://" + out.UserPoolDomain + ".auth." + view.Region + ".amazoncognito.com/oauth2/"
		out.Issuer = "https://cognito-idp." + view.Region + ".amazonaws.com/" + pool
		out.Authorization, out.Token, out.UserInfo = site+"authorize", site+"token", site+"userInfo"
		out.ClientID, out.ClientSecret = out.UserPoolClient, view.Text(client, "clientSecret")
	}
	if out.Otherwise == "" {
		out.Otherwise = "authenticate"
	}
	return &out, nil
}

// session is what the cookies hold, sealed: who somebody is, by the word of the issuer.
type session struct {
	Issuer, Client string
	Until          int64 // seconds of the service's clock
	Token          string
	Claims         map[string]any
	// Refresh is the issuer's refresh token, and Fresh how long the access token is good, in seconds of the service's clock. Without either
	// the session is kept to its end.
	Refresh string `json:",omitempty"`
	Fresh   int64  `json:",omitempty"`
}

// authenticate carries out an authenticate action; passed says that the next action's turn has come. Headers of this kind that the
// client has sent never pass.
func (x *exchange) authenticate(a *action) (passed bool, err error) {
	for name := range x.request.Header {
		if strings.HasPrefix(http.CanonicalHeaderKey(name), oidcPrefix) {
			delete(x.request.Header, name)
		}
	}
	auth, err := x.balancer.authenticationOf(a)
	if err != nil {
		return false, err
	}
	if s := x.session(auth); s != nil && x.refresh(auth, s) {
		return true, x.identify(auth, s)
	}
	switch auth.Otherwise {
	case "allow":
		return true, nil
	case "deny":
		x.fail(http.StatusUnauthorized, errors.New("nobody has signed in"))
		return false, nil
	}
	x.sendToSignIn(auth)
	return false, nil
}

// session opens the client's session, if it has one that is valid for the action's issuer and client.
func (x *exchange) session(auth *authentication) *session {
	var sealed strings.Builder
	for i := range maxShards {
		cookie, err := x.request.Cookie(fmt.Sprintf("%s-%d", auth.Cookie, i))
		if err != nil {
			break
		}
		sealed.WriteString(cookie.Value)
	}
	s := &session{}
	if !x.balancer.unseal("session", sealed.String(), s) || s.Issuer != auth.Issuer || s.Client != auth.ClientID ||
		x.record.At.Unix() >= s.Until {
		return nil
	}
	return s
}

// refresh has the issuer say again who the visitor is, once the access token has expired. Without a refresh token the load balancer keeps
// the session until it times out; with one it has the visitor sign in again when it times out or the issuer refuses ("Session timeout" in
// the guide). That it asks for the claims anew, and that the session's own end stays, the guide does not say.
func (x *exchange) refresh(auth *authentication, s *session) bool {
	if s.Refresh == "" || s.Fresh == 0 || x.record.At.Unix() < s.Fresh {
		return true
	}
	renewed, err := x.grant(auth, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.Refresh}})
	if err != nil {
		x.record.Problem = "the session could not be refreshed: " + err.Error()
		return false
	}
	renewed.Until = s.Until
	if renewed.Refresh == "" { // the old one goes on (RFC 6749, 6)
		renewed.Refresh = s.Refresh
	}
	*s = *renewed
	return x.keepSession(auth, s)
}

// identify adds what the load balancer says of the visitor.
func (x *exchange) identify(auth *authentication, s *session) error {
	token, err := x.balancer.options.Signer.sign(x.balancer.options.ARN, auth.Issuer, auth.ClientID, s.Claims)
	if err != nil {
		return err
	}
	subject, _ := s.Claims["sub"].(string)
	x.request.Header.Set(oidcPrefix+"Accesstoken", s.Token)
	x.request.Header.Set(oidcPrefix+"Identity", subject)
	x.request.Header.Set(oidcPrefix+"Data", token)
	return nil
}

// state goes to the issuer and comes back: what was wanted, and which of the client's attempts this is.
type state struct {
	Nonce, URL, Rule string
	Until            int64
}

// origin is how the client addresses the load balancer.
func (x *exchange) origin() string { return strings.ToLower(x.listener.Protocol) + "://" + x.client }

// sendToSignIn redirects to the issuer.
func (x *exchange) sendToSignIn(auth *authentication) {
	nonce := rand.Text()
	want := x.request.URL.EscapedPath()
	if x.request.URL.RawQuery != "" {
		want += "?" + x.request.URL.RawQuery
	}
	query := url.Values{
		"client_id": {auth.ClientID}, "redirect_uri": {x.origin() + callbackPath}, "response_type": {"code"}, "scope": {auth.Scope},
		"state": {x.balancer.sealed("state", state{nonce, want, x.rule, x.record.At.Add(signInTimeout).Unix()})},
	}
	for name, value := range auth.Extra {
		query.Set(name, value)
	}
	x.setCookie(nonceCookie, nonce, signInTimeout)
	x.sendTo(x.balancer.endpoint(EndpointAuthorization, auth) + "?" + query.Encode())
}

// setCookie sets one of the load balancer's cookies; no lifetime takes it away.
func (x *exchange) setCookie(name, value string, lifetime time.Duration) {
	expires := time.Unix(0, 0).UTC().Format(http.TimeFormat)
	if lifetime > 0 {
		expires = x.balancer.expiry(lifetime)
	}
	x.writer.Header().Add("Set-Cookie", fmt.Sprintf("%s=%s; Expires=%s; Path=/; Secure; HttpOnly; SameSite=None", name, value, expires))
}

// cookieSlack is what a browser keeps a cookie for beyond its end. It judges by the machine's clock and by whole seconds, which may be
// minutes of the service's; what ends a cookie's validity is the time that is sealed in it.
const cookieSlack = 5 * time.Second

// expiry is when a browser may forget a cookie that is valid for so long from now on.
func (b *Balancer) expiry(lifetime time.Duration) string {
	return time.Now().Add(b.options.Clock.Wait(lifetime) + cookieSlack).UTC().Format(http.TimeFormat)
}

// sendTo redirects the client, as the load balancer's own answer.
func (x *exchange) sendTo(location string) {
	x.writer.Header().Set("Location", location)
	x.writer.own = true
	answer(x.writer, http.StatusFound)
}

var errState = errors.New("the sign-in was not begun here, or took too long")

// comeBack answers the visitor whom the issuer has handed back.
func (x *exchange) comeBack(rules []*rule) error {
	query := x.request.URL.Query()
	var s state
	begun := slices.ContainsFunc(x.request.CookiesNamed(nonceCookie), func(cookie *http.Cookie) bool {
		return x.balancer.unseal("state", query.Get("state"), &s) && s.Nonce == cookie.Value && x.record.At.Unix() < s.Until
	})
	if !begun {
		x.fail(http.StatusUnauthorized, errState)
		return nil
	}
	at := slices.IndexFunc(rules, func(r *rule) bool { return r.ARN == s.Rule })
	if at < 0 || rules[at].authenticates() == nil {
		x.fail(http.StatusUnauthorized, errState)
		return nil
	}
	auth, err := x.balancer.authenticationOf(rules[at].authenticates())
	if err != nil {
		return err
	}
	if query.Get("error") != "" {
		x.fail(statusIssuerFailed, fmt.Errorf("the issuer says %s", query.Get("error")))
		return nil
	}
	given, err := x.grant(auth, url.Values{
		"grant_type": {"authorization_code"}, "code": {query.Get("code")}, "redirect_uri": {x.origin() + callbackPath},
	})
	if err != nil {
		x.fail(statusIssuerFailed, err)
		return nil
	}
	given.Until = x.record.At.Add(time.Duration(auth.Timeout) * time.Second).Unix()
	if !x.keepSession(auth, given) {
		x.fail(http.StatusInternalServerError, fmt.Errorf("the session does not fit into cookies, which hold %d bytes", shardBytes*maxShards))
		return nil
	}
	x.setCookie(nonceCookie, "", 0)
	x.sendTo(x.origin() + s.URL)
	return nil
}

// keepSession gives the visitor the session's cookies, if it fits into them.
func (x *exchange) keepSession(auth *authentication, s *session) bool {
	text := x.balancer.sealed("session", *s)
	if len(text) > shardBytes*maxShards {
		return false
	}
	lifetime := time.Unix(s.Until, 0).Sub(x.record.At)
	i := 0
	for shard := range slices.Chunk([]byte(text), shardBytes) {
		x.setCookie(fmt.Sprintf("%s-%d", auth.Cookie, i), string(shard), lifetime)
		i++
	}
	return true
}

// authenticates gives a rule's authenticate action.
func (r *rule) authenticates() *action {
	for i := range r.Actions {
		if strings.HasPrefix(r.Actions[i].Type, "authenticate-") {
			return &r.Actions[i]
		}
	}
	return nil
}

// grant has the issuer say who somebody is who came with a code, or whose refresh token the load balancer has. The session that it returns
// has no end yet.
func (x *exchange) grant(auth *authentication, form url.Values) (*session, error) {
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"` // seconds
	}
	form.Set("client_id", auth.ClientID)
	form.Set("client_secret", auth.ClientSecret)
	//nolint:gosec // the issuer that the rule names, or the sandbox's own
	request, err := http.NewRequestWithContext(x.request.Context(), http.MethodPost, x.balancer.endpoint(EndpointToken, auth),
		strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := x.fetch(request, &tokens); err != nil {
		return nil, fmt.Errorf("the issuer's tokens: %w", err)
	}
	given := &session{Issuer: auth.Issuer, Client: auth.ClientID, Token: tokens.Access, Refresh: tokens.Refresh}
	if tokens.Expires > 0 {
		given.Fresh = x.record.At.Unix() + tokens.Expires
	}
	//nolint:gosec // as above
	request, err = http.NewRequestWithContext(x.request.Context(), http.MethodGet, x.balancer.endpoint(EndpointUserInfo, auth), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+tokens.Access)
	if err := x.fetch(request, &given.Claims); err != nil {
		return nil, fmt.Errorf("what the issuer knows of the visitor: %w", err)
	}
	return given, nil
}

func (x *exchange) fetch(request *http.Request, into any) error {
	response, err := x.balancer.options.IssuerClient.Do(request) //nolint:gosec // as in grant
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", request.URL.Path, response.StatusCode)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// Endpoint is one of an issuer's.
type Endpoint int

// The endpoints.
const (
	EndpointAuthorization Endpoint = iota
	EndpointToken
	EndpointUserInfo
)

// endpoint is where an issuer's endpoint is reached.
func (b *Balancer) endpoint(endpoint Endpoint, auth *authentication) string {
	if b.options.Issuer != nil {
		return b.options.Issuer(endpoint, auth.ClientID)
	}
	return [...]string{auth.Authorization, auth.Token, auth.UserInfo}[endpoint]
}

// ClientSecret finds the secret of a client that an authenticate-oidc action of the account names.
func ClientSecret(store view.Store, client string) (secret string, ok bool) {
	for _, r := range store.List(view.TypeListenerRule) {
		found := &rule{}
		if view.Decode(r.State, found) != nil {
			continue
		}
		if a := found.authenticates(); a != nil && a.OIDC != nil && a.OIDC.ClientID == client {
			return a.OIDC.ClientSecret, true
		}
	}
	return "", false
}
