package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	maxKeys      = 8              // AWS gives no number; a load balancer signs with one at a time
	keyLifetime  = 12 * time.Hour // then it is asked for again, so that a key that was withdrawn ends
	maxUnknown   = 64
	unknownFor   = 30 * time.Second // how long an ID without a key is not asked for again
	fetchTimeout = 2 * time.Second
	maxKeyBytes  = 4 << 10
)

// keyID are the IDs that AWS gives, UUIDs, with some room. None leads out of the key server's directory.
var keyID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// PublishedAt is where AWS publishes the public keys of a region's load balancers (ELB: "Authenticate users using an Application Load
// Balancer").
func PublishedAt(region string) string {
	if strings.HasPrefix(region, "us-gov-") {
		return "https://s3-" + region + ".amazonaws.com/aws-elb-public-keys-prod-" + region
	}
	return "https://public-keys.auth.elb." + region + ".amazonaws.com"
}

// PublishedKeys fetches public keys and keeps them: at most eight, and as many IDs as 64 that have none. One ID is fetched once however
// many wait for it. It is safe for concurrent use.
type PublishedKeys struct {
	base   string
	client *http.Client
	now    func() time.Time
	flight singleflight.Group

	mu      sync.Mutex
	known   map[string]knownKey
	unknown map[string]time.Time // until when it is not asked for again
}

type knownKey struct {
	key *ecdsa.PublicKey
	at  time.Time
}

// NewPublishedKeys returns keys below an address, such as PublishedAt gives.
func NewPublishedKeys(base string, client *http.Client, now func() time.Time) *PublishedKeys {
	return &PublishedKeys{
		base: strings.TrimSuffix(base, "/"), client: client, now: now, known: map[string]knownKey{}, unknown: map[string]time.Time{},
	}
}

// Key implements Keys.
func (p *PublishedKeys) Key(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	if !keyID.MatchString(id) {
		return nil, fmt.Errorf("%w: no key can have the ID %.70q", ErrForged, id)
	}
	kept, fresh, err := p.look(id)
	if fresh || err != nil {
		return kept, err
	}
	// The first who comes fetches for all, so his going away must not fail the others.
	done := p.flight.DoChan(id, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return p.fetch(ctx, id)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case result := <-done:
		if result.Err != nil {
			if kept != nil && errors.Is(result.Err, ErrUnavailable) {
				return kept, nil // an old key is better than nobody being let in
			}
			return nil, result.Err
		}
		key, _ := result.Val.(*ecdsa.PublicKey)
		return key, nil
	}
}

// look gives what is kept of an ID; an error says that it has no key.
func (p *PublishedKeys) look(id string) (key *ecdsa.PublicKey, fresh bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until, ok := p.unknown[id]; ok && p.now().Before(until) {
		return nil, false, fmt.Errorf("%w: the key %s is not published", ErrForged, id)
	}
	kept := p.known[id]
	return kept.key, kept.key != nil && p.now().Sub(kept.at) < keyLifetime, nil
}

func (p *PublishedKeys) fetch(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/"+id, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: fetch the load balancer's key %s: %w", ErrUnavailable, id, err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusForbidden: // as a bucket answers, with and without the right to list
		p.forget(id)
		return nil, fmt.Errorf("%w: the key %s is not published at %s", ErrForged, id, p.base)
	default:
		return nil, fmt.Errorf("%w: fetch the load balancer's key %s: status %d", ErrUnavailable, id, response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeyBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: fetch the load balancer's key %s: %w", ErrUnavailable, id, err)
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the load balancer's key %s: %w", ErrUnavailable, id, err)
	}
	p.keep(id, key)
	return key, nil
}

var errNoKey = errors.New("expected a public key of the curve P-256 in PEM")

func parseKey(text []byte) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errNoKey
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoKey, err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errNoKey
	}
	return key, nil
}

func (p *PublishedKeys) keep(id string, key *ecdsa.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[id] = knownKey{key, p.now()}
	delete(p.unknown, id)
	for len(p.known) > maxKeys {
		oldest := id
		for each, kept := range p.known {
			if kept.at.Before(p.known[oldest].at) || oldest == id {
				oldest = each
			}
		}
		delete(p.known, oldest)
	}
}

// forget notes that an ID has no key, now or any more.
func (p *PublishedKeys) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, id)
	now := p.now()
	for each, until := range p.unknown {
		if len(p.unknown) < maxUnknown && now.Before(until) {
			continue
		}
		delete(p.unknown, each)
	}
	p.unknown[id] = now.Add(unknownFor)
}
