package identity_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/identity/identitytest"
)

// rig is a gate that takes a signer's word; amy@example.com is invited as amy.
type rig struct {
	*identitytest.Signer
	gate  *identity.Gate
	keys  *identity.PublishedKeys
	clock time.Time
	list  string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{Signer: identitytest.New(t), clock: time.Now(), list: `[{"email":"Amy@example.com","user":"amy"}]`}
	server := httptest.NewServer(r.Signer)
	t.Cleanup(server.Close)
	now := func() time.Time { return r.clock }
	r.keys = identity.NewPublishedKeys(server.URL, server.Client(), now)
	r.gate = &identity.Gate{
		Verifier: identity.NewVerifier(identitytest.Trust, r.keys, now),
		List:     identity.NewList(func(context.Context) (string, error) { return r.list, nil }, now),
	}
	return r
}

func (r *rig) admit(tokens ...string) (identity.Person, error) {
	return r.gate.Admit(context.Background(), tokens)
}

// with changes a right header.
func with(change func(identitytest.Map)) identitytest.Map {
	header := identitytest.Header()
	change(header)
	return header
}

func set(name string, value any) identitytest.Map {
	return with(func(m identitytest.Map) { m[name] = value })
}

func without(name string) identitytest.Map {
	return with(func(m identitytest.Map) { delete(m, name) })
}

var amy = identitytest.Map{"sub": "1", "email": "amy@example.com", "email_verified": true}

// TestAdmit is the table of identities: who is let in, and why others are not.
func TestAdmit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := identitytest.New(t) // has a key of the same ID
	right := r.For("amy@example.com")
	parts := strings.Split(right, ".")
	soon := func(d time.Duration) identitytest.Map { return set("exp", time.Now().Add(d).Unix()) }
	for name, test := range map[string]struct {
		tokens []string
		want   error
	}{
		"invited":                          {[]string{right}, nil},
		"invited, signature not padded":    {[]string{strings.TrimRight(right, "=")}, nil},
		"invited, another spelling":        {[]string{r.For("AMY@Example.COM")}, nil},
		"email_verified left out":          {[]string{r.Sign(identitytest.Header(), identitytest.Map{"email": "amy@example.com"})}, nil},
		"expired, within the tolerance":    {[]string{r.Sign(soon(-50*time.Second), amy)}, nil},
		"no header":                        {nil, identity.ErrAnonymous},
		"empty":                            {[]string{""}, identity.ErrAnonymous},
		"two headers":                      {[]string{right, right}, identity.ErrForged},
		"no token":                         {[]string{"amy@example.com"}, identity.ErrForged},
		"too long":                         {[]string{strings.Repeat("a", 17<<10)}, identity.ErrForged},
		"expired":                          {[]string{r.Sign(soon(-61*time.Second), amy)}, identity.ErrExpired},
		"signed parts not padded":          {[]string{strings.TrimRight(parts[0], "=") + "." + parts[1][:len(parts[1])-1] + "x." + parts[2]}, identity.ErrForged},
		"no expiry":                        {[]string{r.Sign(without("exp"), amy)}, identity.ErrForged},
		"expiry as a text":                 {[]string{r.Sign(set("exp", "9999999999"), amy)}, identity.ErrForged},
		"expiry among the claims only":     {[]string{r.Sign(without("exp"), identitytest.Map{"email": "amy@example.com", "exp": 9999999999})}, identity.ErrForged},
		"another load balancer's key":      {[]string{other.For("amy@example.com")}, identity.ErrForged},
		"another load balancer":            {[]string{r.Sign(set("signer", strings.Replace(identitytest.Trust.Signer, "9427", "1111", 1)), amy)}, identity.ErrForged},
		"no signer":                        {[]string{r.Sign(without("signer"), amy)}, identity.ErrForged},
		"signer among the claims only":     {[]string{r.Sign(without("signer"), identitytest.Map{"email": "amy@example.com", "signer": identitytest.Trust.Signer})}, identity.ErrForged},
		"another client":                   {[]string{r.Sign(set("client", "client-id-2"), amy)}, identity.ErrForged},
		"another issuer":                   {[]string{r.Sign(set("iss", "https://issuer.example.com.evil.example"), amy)}, identity.ErrForged},
		"a key that is not published":      {[]string{r.Sign(set("kid", "key-9"), amy)}, identity.ErrForged},
		"a key's ID that leads elsewhere":  {[]string{r.Sign(set("kid", "../../key-1"), amy)}, identity.ErrForged},
		"no key's ID":                      {[]string{r.Sign(without("kid"), amy)}, identity.ErrForged},
		"other claims under the signature": {[]string{parts[0] + "." + encoded(`{"email":"bob@example.com"}`) + "." + parts[2]}, identity.ErrForged},
		"other header over the signature":  {[]string{encoded(`{"alg":"ES256","kid":"key-1"}`) + "." + parts[1] + "." + parts[2]}, identity.ErrForged},
		"without signature":                {[]string{parts[0] + "." + parts[1] + "."}, identity.ErrForged},
		"algorithm none":                   {[]string{r.Sign(set("alg", "none"), amy)}, identity.ErrForged},
		"algorithm none, no signature":     {[]string{headerOf(t, set("alg", "none")) + "." + parts[1] + "."}, identity.ErrForged},
		"algorithm HS256 with the key":     {[]string{hmacSigned(t)}, identity.ErrForged},
		"algorithm ES384":                  {[]string{r.Sign(set("alg", "ES384"), amy)}, identity.ErrForged},
		"address not verified":             {[]string{r.Sign(identitytest.Header(), identitytest.Map{"email": "amy@example.com", "email_verified": false})}, identity.ErrUnverified},
		"address not verified, as a text":  {[]string{r.Sign(identitytest.Header(), identitytest.Map{"email": "amy@example.com", "email_verified": "false"})}, identity.ErrUnverified},
		"verified as a number":             {[]string{r.Sign(identitytest.Header(), identitytest.Map{"email": "amy@example.com", "email_verified": 1})}, identity.ErrUnverified},
		"no address":                       {[]string{r.Sign(identitytest.Header(), identitytest.Map{"sub": "amy@example.com"})}, identity.ErrUnverified},
		"a claim that is almost the name":  {[]string{r.Sign(identitytest.Header(), identitytest.Map{"Email": "amy@example.com"})}, identity.ErrUnverified},
		"an address that folds to another": {[]string{r.For("amy@example.\u212aom")}, identity.ErrUnverified},
		"not invited":                      {[]string{r.For("bob@example.com")}, identity.ErrUninvited},
		"an address within an address":     {[]string{r.For("amy@example.com@evil.example")}, identity.ErrUnverified},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, err := r.admit(test.tokens...)
			if test.want == nil {
				require.NoError(t, err)
				require.Equal(t, identity.Person{Email: "amy@example.com", User: "amy"}, person)
				return
			}
			require.ErrorIs(t, err, test.want)
			require.Empty(t, person.User)
			refusal := r.gate.Refuse(person, err)
			require.Equal(t, http.StatusForbidden, refusal.Status)
			require.Contains(t, refusal.Page, "edit here")
		})
	}
}

func encoded(text string) string { return base64.URLEncoding.EncodeToString([]byte(text)) }

func headerOf(t *testing.T, header identitytest.Map) string {
	t.Helper()
	head, _, _ := strings.Cut(identitytest.New(t).Sign(header, amy), ".")
	return head
}

// hmacSigned is a token whose secret is something that everybody knows, as a verifier that takes any algorithm would accept.
func hmacSigned(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(amy))
	for name, value := range identitytest.Header() {
		if name != "alg" {
			token.Header[name] = value
		}
	}
	signed, err := token.SignedString([]byte("public"))
	require.NoError(t, err)
	return signed
}

// TestNothingIsFetchedForOthers: the word of another load balancer, or an ID that is none, costs no request.
func TestNothingIsFetchedForOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, header := range []identitytest.Map{set("signer", "arn:other"), set("kid", "a/b"), set("exp", 1), set("alg", "none")} {
		_, err := r.admit(r.Sign(header, amy))
		require.Error(t, err)
	}
	require.Zero(t, r.Fetched())
}

func FuzzVerify(f *testing.F) {
	r := newRig(f)
	right := r.For("amy@example.com")
	for _, seed := range []string{right, "", "a.b.c", strings.ReplaceAll(right, "=", ""), r.Sign(set("alg", "none"), amy), right + "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		person, err := r.admit(token)
		if err == nil { // the only freedom is the padding of the signature, which nothing signs
			require.Equal(t, strings.TrimRight(right, "="), strings.TrimRight(token, "="))
		}
		if err != nil {
			require.Empty(t, person.User)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	r := newRig(b)
	token := []string{r.For("amy@example.com")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.gate.Admit(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocationsDoNotGrow: what a request costs in memory does not depend on how many there were.
func TestAllocationsDoNotGrow(t *testing.T) {
	r := newRig(t)
	token := []string{r.For("amy@example.com")}
	count := func() float64 {
		return testing.AllocsPerRun(50, func() { _, _ = r.gate.Admit(t.Context(), token) })
	}
	first := count()
	for range 200 {
		_, _ = r.admit(r.For("bob@example.com"))
		_, _ = r.admit(r.Sign(set("kid", "unknown"), amy))
	}
	require.InDelta(t, first, count(), 2)
}
