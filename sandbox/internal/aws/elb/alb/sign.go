package alb

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// wordFor is how long the load balancer's word counts; it signs each request anew.
const wordFor = 2 * time.Minute

// Signer is the key with which load balancers of the region sign who somebody is. It serves the public keys as AWS does: the text of
// the key whose ID is the path (public-keys.auth.elb.REGION.amazonaws.com/ID). It is safe for concurrent use.
type Signer struct {
	mu   sync.Mutex
	id   string
	key  *ecdsa.PrivateKey
	keys map[string][]byte
}

// NewSigner returns a signer with a key.
func NewSigner() (*Signer, error) {
	s := &Signer{keys: map[string][]byte{}}
	return s, s.Rotate()
}

// Rotate begins to sign with another key. The former stays published.
func (s *Signer) Rotate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("a key to sign identities: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("a key to sign identities: %w", err)
	}
	id := view.RandomUUID()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, s.key = id, key
	s.keys[id] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return nil
}

// ServeHTTP publishes the keys.
func (s *Signer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	key, ok := s.keys[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok {
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return
	}
	_, _ = w.Write(key) // the client may be gone
}

// sign writes the token as AWS does: what the load balancer vouches for is in the header, and all three parts keep their padding. It is
// dated by the machine's clock, by which verifiers go.
func (s *Signer) sign(signer, issuer, client string, claims map[string]any) (string, error) {
	s.mu.Lock()
	id, key := s.id, s.key
	s.mu.Unlock()
	expires := time.Now().Add(wordFor).Unix()
	body := map[string]any{}
	for name, value := range claims {
		body[name] = value
	}
	body["exp"], body["iss"] = expires, issuer
	header, err := json.Marshal(struct {
		Type    string `json:"typ"`
		KeyID   string `json:"kid"`
		Alg     string `json:"alg"`
		Issuer  string `json:"iss"`
		Client  string `json:"client"`
		Signer  string `json:"signer"`
		Expires int64  `json:"exp"`
	}{"JWT", id, "ES256", issuer, client, signer, expires})
	if err != nil {
		return "", fmt.Errorf("sign an identity: %w", err)
	}
	payload, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("sign an identity: %w", err)
	}
	signed := base64.URLEncoding.EncodeToString(header) + "." + base64.URLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign an identity: %w", err)
	}
	const size = 32
	var signature [2 * size]byte
	r.FillBytes(signature[:size])
	v.FillBytes(signature[size:])
	return signed + "." + base64.URLEncoding.EncodeToString(signature[:]), nil
}

// sealed encrypts something for a purpose, as the load balancer does with its sessions.
func (b *Balancer) sealed(purpose string, value any) string {
	plain, err := json.Marshal(value)
	if err != nil {
		return "" // opens nothing
	}
	return base64.RawURLEncoding.EncodeToString(b.encrypt(purpose, plain))
}

func (b *Balancer) unseal(purpose, text string, into any) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	plain, ok := b.decrypt(purpose, sealed)
	return ok && json.Unmarshal(plain, into) == nil
}

// encrypt seals for a purpose, and begins with the nonce.
func (b *Balancer) encrypt(purpose string, plain []byte) []byte {
	nonce := make([]byte, b.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails, says its documentation
	return b.seal.Seal(nonce, nonce, plain, []byte(purpose))
}

// decrypt opens what encrypt has sealed for the same purpose.
func (b *Balancer) decrypt(purpose string, sealed []byte) (plain []byte, ok bool) {
	if len(sealed) < b.seal.NonceSize() {
		return nil, false
	}
	plain, err := b.seal.Open(nil, sealed[:b.seal.NonceSize()], sealed[b.seal.NonceSize():], []byte(purpose))
	return plain, err == nil
}
