// Package issuer is who the sandbox's load balancer asks who somebody is: a local OpenID Connect issuer with a page to sign in, in place
// of every issuer that a stack names. It takes everybody's word: there are no passwords, and no second factor.
//
// The protocol is github.com/oauth2-proxy/mockoidc's.
package issuer

import (
	_ "embed"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"

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
}

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
		Token:     func(m *mockoidc.MockOIDC, _ Client, w http.ResponseWriter, r *http.Request) { m.Token(w, r) },
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
		i.servers[id] = server
	}
	return server, nil
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
