// Package identitytest signs identities as a load balancer does, rightly and in every wrong way.
package identitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
)

// Trust is whose word the tests take.
var Trust = identity.Trust{
	Signer: "arn:aws:elasticloadbalancing:us-west-2:942734823970:loadbalancer/app/webordinary-edit-alb/0123456789abcdef",
	Issuer: "https://issuer.example.com", Client: "client-id",
}

// Signer is a load balancer's key. It serves its public keys by HTTP.
type Signer struct {
	t   testing.TB
	mu  sync.Mutex
	ids map[string]*ecdsa.PrivateKey
	// fetched counts the requests for keys.
	fetched int
	// status, if set, is answered instead of keys.
	status int
}

// New returns a signer with the key "key-1".
func New(t testing.TB) *Signer {
	t.Helper()
	s := &Signer{t: t, ids: map[string]*ecdsa.PrivateKey{}}
	s.AddKey("key-1")
	return s
}

// AddKey makes another key.
func (s *Signer) AddKey(id string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[id] = key
}

// Withdraw takes a key from what is published.
func (s *Signer) Withdraw(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, id)
}

// Fail has every request for a key answered with a status; 0 ends that.
func (s *Signer) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Fetched counts the requests for keys so far.
func (s *Signer) Fetched() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// ServeHTTP publishes the keys.
func (s *Signer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched++
	key := s.ids[r.URL.Path[1:]]
	switch {
	case s.status != 0:
		w.WriteHeader(s.status)
	case key == nil:
		w.WriteHeader(http.StatusForbidden)
	default:
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
}

// Map is a part of a token.
type Map map[string]any

// Header is a right header that is valid for two more minutes.
func Header() Map {
	return Map{
		"typ": "JWT", "alg": "ES256", "kid": "key-1", "signer": Trust.Signer, "client": Trust.Client, "iss": Trust.Issuer,
		"exp": time.Now().Add(2 * time.Minute).Unix(),
	}
}

// Sign signs as the load balancer does, with padding.
func (s *Signer) Sign(header, claims Map) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := header["kid"].(string)
	key := s.ids[id]
	if key == nil {
		key = s.ids["key-1"]
	}
	signed := part(s.t, header) + "." + part(s.t, claims)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(s.t, err)
	const size = 32
	signature := make([]byte, 2*size)
	r.FillBytes(signature[:size])
	v.FillBytes(signature[size:])
	return signed + "." + base64.URLEncoding.EncodeToString(signature)
}

func part(t testing.TB, m Map) string {
	t.Helper()
	text, err := json.Marshal(m)
	require.NoError(t, err)
	return base64.URLEncoding.EncodeToString(text)
}

// For signs a right identity of an address.
func (s *Signer) For(email string) string {
	return s.Sign(Header(), Map{"sub": "1", "email": email, "email_verified": "true"})
}
