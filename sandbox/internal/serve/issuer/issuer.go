// Package issuer is who the sandbox's load balancer asks who somebody is: a local OpenID Connect issuer with a page to sign in, in place
// of every issuer that a stack names. It takes everybody's word: there are no passwords, and no second factor.
//
// The protocol is github.com/oauth2-proxy/mockoidc's.
package issuer

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/oauth2-proxy/mockoidc"
)

//go:embed page.html
var page string

// Paths below the issuer's address. Each is followed by the client's ID.
const (
	Authorize = "/authorize/"
	Token     = "/token/"
	UserInfo  = "/userinfo/"
)

// Client is a load balancer's account with an issuer.
type Client struct {
	Secret string
	// People, if not nil, are the only ones whom the issuer knows, by their addresses in small letters.
	People []string
	// Refreshes says that it gives refresh tokens. A user pool does; others mostly do for the scope offline_access only, which no rule of
	// ours has.
	Refreshes bool
}

// Lifetimes of a user pool's tokens, unless its client says otherwise (Amazon Cognito: "Managing user pool token expiration and caching").
const (
	// AccessLifetime is also that of others here.
	AccessLifetime  = time.Hour
	refreshLifetime = 30 * 24 * time.Hour
)

// Issuer answers for all clients. It is safe for concurrent use.
type Issuer struct {
	// Client finds a client by its ID.
	Client func(id string) (Client, bool)

	mu      sync.Mutex
	servers map[string]*mockoidc.MockOIDC
}

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for prefix, serve := range map[string]func(*mockoidc.MockOIDC, Client, http.ResponseWriter, *http.Request){
		Authorize: i.authorize,
		Token:     token,
		UserInfo:  func(m *mockoidc.MockOIDC, _ Client, w http.ResponseWriter, r *http.Request) { m.Userinfo(w, r) },
	} {
		id, ok := strings.CutPrefix(r.URL.Path, prefix)
		if !ok {
			continue
		}
		client, known := i.Client(id)
		if !known {
			http.Error(w, "invalid_client", http.StatusUnauthorized)
			return
		}
		server, err := i.server(id, client)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		serve(server, client, w, r)
		return
	}
	http.NotFound(w, r)
}

// server gives a client's own server, with the secret that it has now.
func (i *Issuer) server(id string, client Client) (*mockoidc.MockOIDC, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.servers == nil {
		i.servers = map[string]*mockoidc.MockOIDC{}
	}
	server := i.servers[id]
	if server == nil || server.ClientSecret != client.Secret {
		var err error
		if server, err = mockoidc.NewServer(nil); err != nil {
			return nil, fmt.Errorf("the sandbox's issuer: %w", err)
		}
		server.ClientID, server.ClientSecret = id, client.Secret
		server.AccessTTL, server.RefreshTTL = AccessLifetime, refreshLifetime
		i.servers[id] = server
	}
	return server, nil
}

// token gives tokens for a code, and for a refresh token of somebody whom the issuer still knows.
func token(m *mockoidc.MockOIDC, client Client, w http.ResponseWriter, r *http.Request) {
	renewing := r.PostFormValue("grant_type") == "refresh_token"
	if renewing && !client.renews(m, r.PostFormValue("refresh_token")) {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	said := httptest.NewRecorder()
	m.Token(said, r)
	var tokens map[string]any
	if said.Code == http.StatusOK && json.Unmarshal(said.Body.Bytes(), &tokens) == nil {
		tokens["expires_in"] = int(AccessLifetime.Seconds()) // the library says it in nanoseconds
		if renewing || !client.Refreshes {                   // a refresh token is good until its end, and given once
			delete(tokens, "refresh_token")
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(said.Code)
	if tokens == nil {
		_, _ = w.Write(said.Body.Bytes()) // the load balancer may be gone
		return
	}
	_ = json.NewEncoder(w).Encode(tokens) // as above
}

// renews says that a refresh token is one of ours, of somebody who is still known.
func (c Client) renews(m *mockoidc.MockOIDC, refresh string) bool {
	token, err := m.Keypair.VerifyJWT(refresh, m.Now)
	if err != nil {
		return false
	}
	session, err := m.SessionStore.GetSessionByToken(token)
	if err != nil {
		return false
	}
	user, ok := session.User.(*mockoidc.MockUser)
	return ok && c.Refreshes && c.knows(user.Email)
}

// authorize asks who somebody is, and believes it.
func (i *Issuer) authorize(m *mockoidc.MockOIDC, client Client, w http.ResponseWriter, r *http.Request) {
	email := r.PostFormValue("email")
	problem := ""
	if r.Method == http.MethodPost {
		if !client.knows(email) {
			problem = "Incorrect user name or password: this user pool has no " + email + "."
		} else {
			user := &mockoidc.MockUser{Subject: "sub-" + strings.ToLower(email), Email: email, EmailVerified: r.PostFormValue("unverified") == ""}
			i.mu.Lock() // the next who authorizes is the one who is queued
			defer i.mu.Unlock()
			m.QueueUser(user)
			m.Authorize(w, r)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if problem != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	_, _ = strings.NewReplacer( // the client may be gone
		"{{action}}", html.EscapeString(r.URL.RequestURI()), "{{email}}", html.EscapeString(email), "{{problem}}", html.EscapeString(problem),
	).WriteString(w, page)
}

func (c Client) knows(email string) bool {
	if c.People == nil {
		return email != ""
	}
	for _, each := range c.People {
		if strings.EqualFold(each, email) {
			return true
		}
	}
	return false
}
