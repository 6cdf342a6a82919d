package identity

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Header carries the signed identity; its name is in lower case, as a load balancer gives it to a function.
const Header = "x-amzn-oidc-data"

const (
	// tolerance is how far the clocks of the load balancer and this machine may be apart. The load balancer signs each request anew, for
	// some minutes.
	tolerance = time.Minute
	// maxToken is longer than what a load balancer sends: it refuses claims of more than 11 KB (ELB: "Troubleshoot", HTTP 500), and
	// headers of more than 16 KB.
	maxToken = 16 << 10
)

// Why a request is refused. What wraps ErrUnavailable may be tried again; the others stay as they are.
var (
	ErrAnonymous   = errors.New("the request brings no identity")
	ErrForged      = errors.New("the request's identity is not the load balancer's word")
	ErrExpired     = errors.New("the request's identity has expired")
	ErrUnverified  = errors.New("the issuer has not verified the visitor's address")
	ErrUninvited   = errors.New("the visitor is not invited")
	ErrUnavailable = errors.New("it cannot be found out now who the visitor is")
)

// Trust is whose word counts, about whom.
type Trust struct {
	// Signer is the ARN of the load balancer.
	Signer string
	// Issuer and Client are the issuer's identifier and the load balancer's client ID there.
	Issuer, Client string
}

// Keys gives the public key of an ID. An error that wraps ErrUnavailable says that it could not be asked for.
type Keys interface {
	Key(ctx context.Context, id string) (*ecdsa.PublicKey, error)
}

// Verifier reads the load balancer's word. It is safe for concurrent use.
type Verifier struct {
	trust  Trust
	keys   Keys
	now    func() time.Time
	parser *jwt.Parser
}

// NewVerifier returns a verifier by a clock.
func NewVerifier(trust Trust, keys Keys, now func() time.Time) *Verifier {
	return &Verifier{trust: trust, keys: keys, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
		jwt.WithPaddingAllowed(),      // AWS pads
		jwt.WithStrictDecoding(),      // no spare bits that nobody has signed
		jwt.WithoutClaimsValidation(), // the claims are the issuer's; what the load balancer vouches for is in the header
	)}
}

// Claims are what the issuer told the load balancer about the visitor.
type Claims struct {
	// Email is folded (see Fold).
	Email string
}

// Verify gives the claims of a token that the trusted load balancer has signed. Its errors wrap those above.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	switch {
	case token == "":
		return Claims{}, ErrAnonymous
	case len(token) > maxToken:
		return Claims{}, fmt.Errorf("%w: it has %d bytes, at most %d are expected", ErrForged, len(token), maxToken)
	}
	claims := jwt.MapClaims{} // exact names: a struct would take "Email" for "email"
	_, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		if err := v.checkHeader(t.Header); err != nil {
			return nil, err // before anything is fetched on its word
		}
		id, _ := t.Header["kid"].(string)
		return v.keys.Key(ctx, id)
	})
	if err != nil {
		for _, known := range []error{ErrExpired, ErrUnavailable, ErrForged} {
			if errors.Is(err, known) {
				return Claims{}, err
			}
		}
		return Claims{}, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return claimsOf(claims)
}

// checkHeader checks what the load balancer says of its word, before its signature is.
func (v *Verifier) checkHeader(header map[string]any) error {
	for name, want := range map[string]string{"signer": v.trust.Signer, "client": v.trust.Client, "iss": v.trust.Issuer} {
		if got, _ := header[name].(string); got != want || want == "" {
			return fmt.Errorf("%w: its %s is %.200q, expected %q", ErrForged, name, got, want)
		}
	}
	exp, ok := header["exp"].(float64)
	if !ok {
		return fmt.Errorf("%w: it does not say when it expires", ErrForged)
	}
	if now := v.now().Add(-tolerance).Unix(); exp <= float64(now) {
		return fmt.Errorf("%w: %d seconds ago, tolerance included", ErrExpired, now-int64(exp))
	}
	return nil
}

// claimsOf takes the address if the issuer vouches for it, or says nothing about that: issuers of a company's own people often leave
// email_verified out. Cognito writes it as a text.
func claimsOf(claims jwt.MapClaims) (Claims, error) {
	written, _ := claims["email"].(string)
	email, err := Fold(written)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrUnverified, err)
	}
	switch verified := claims["email_verified"].(type) {
	case nil:
	case bool:
		if !verified {
			return Claims{}, fmt.Errorf("%w: email_verified of %s is false", ErrUnverified, email)
		}
	case string:
		if !strings.EqualFold(verified, "true") {
			return Claims{}, fmt.Errorf("%w: email_verified of %s is %.20q", ErrUnverified, email, verified)
		}
	default:
		return Claims{}, fmt.Errorf("%w: email_verified of %s is neither true nor false", ErrUnverified, email)
	}
	return Claims{Email: email}, nil
}

// Fold gives the one spelling of an address that is compared: in small letters. Addresses with other characters than ASCII are refused,
// because there are letters that become an ASCII letter when they are made small (the Kelvin sign), and letters that only look like one.
func Fold(email string) (string, error) {
	const most = 254 // RFC 5321, section 4.5.3.1.3
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || domain == "" || strings.Contains(domain, "@") || len(email) > most {
		return "", fmt.Errorf("%.70q is no e-mail address", email)
	}
	for i := range len(email) {
		if c := email[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),:;<>[\]`, c) >= 0 {
			return "", fmt.Errorf("e-mail address %.70q has a character other than ASCII letters, digits and signs", email)
		}
	}
	return strings.ToLower(email), nil
}
