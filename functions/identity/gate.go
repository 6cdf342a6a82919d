package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/identity/spec"
)

// Person is an invited visitor.
type Person struct {
	Email string
	// User is the name of the person's workspace.
	User string
}

// Gate lets invited people in.
type Gate struct {
	Verifier *Verifier
	List     *List
	// SignOut is where the issuer forgets who somebody is; empty where it is not known.
	SignOut string
}

// SignOutURL is where the issuer forgets who somebody is; empty where it is not known.
func (g *Gate) SignOutURL() string { return g.SignOut }

// Admit says who is behind the values of the header x-amzn-oidc-data. Its errors wrap those of this package; the person is set as far as
// it is known, so that the refusal can name it.
func (g *Gate) Admit(ctx context.Context, header []string) (Person, error) {
	if len(header) > 1 { // the load balancer replaces what clients send by one
		return Person{}, fmt.Errorf("%w: there are %d of them", ErrForged, len(header))
	}
	token := ""
	if len(header) == 1 {
		token = header[0]
	}
	claims, err := g.Verifier.Verify(ctx, token)
	if err != nil {
		return Person{}, err
	}
	user, ok, err := g.List.User(ctx, claims.Email)
	switch {
	case err != nil:
		return Person{Email: claims.Email}, err
	case !ok:
		return Person{Email: claims.Email}, fmt.Errorf("%w: %s", ErrUninvited, claims.Email)
	}
	return Person{Email: claims.Email, User: user}, nil
}

// Settings are what the environment says of sign-in.
type Settings struct {
	Trust
	// Parameter is the name of the parameter with the invited people.
	Parameter string
	// Region is the load balancer's, where the parameter is, too; KeysURL is where the load balancer's public keys are.
	Region, KeysURL string
	SignOut         string
}

var (
	balancerARN   = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/app/[A-Za-z0-9-]+/[A-Za-z0-9]+$`)
	parameterName = regexp.MustCompile(`^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// Read reads the environment; nil without AUTH_SIGNER, where nobody is asked who he is.
func Read(getenv func(string) string) (*Settings, error) {
	if getenv(spec.Signer) == "" {
		return nil, nil
	}
	s := &Settings{
		Trust:     Trust{Signer: getenv(spec.Signer), Issuer: getenv(spec.Issuer), Client: getenv(spec.Client)},
		Parameter: getenv(spec.Editors), KeysURL: getenv(spec.Keys), SignOut: getenv(spec.SignOut),
	}
	var faults []error
	expect := func(name string, ok bool, what string) {
		if !ok {
			faults = append(faults, fmt.Errorf("environment variable %s is %.100q: expected %s", name, getenv(name), what))
		}
	}
	expect(spec.Signer, balancerARN.MatchString(s.Signer), "the ARN of an application load balancer")
	expect(spec.Issuer, isAddress(s.Issuer), "the issuer's identifier, an address with https")
	expect(spec.Client, s.Client != "", "the load balancer's client ID at the issuer")
	expect(spec.Editors, parameterName.MatchString(s.Parameter), "the name of a parameter, such as /live-edit/editors/client")
	expect(spec.SignOut, s.SignOut == "" || isAddress(s.SignOut), "nothing, or an address with https")
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	s.Region = strings.Split(s.Signer, ":")[3]
	if s.KeysURL == "" {
		s.KeysURL = PublishedAt(s.Region)
	}
	return s, nil
}

// isAddress takes plain http of this machine only, where the sandbox's issuer is: a name that merely begins so is somebody else's.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost")
}

// Gate returns the gate of the settings. editors reads the parameter; now is the service's clock, by which the list ages.
func (s *Settings) Gate(client *http.Client, editors func(context.Context) (string, error), now func() time.Time) *Gate {
	return &Gate{
		// The machine's clock: the sandbox's service may live in another time, its load balancer signs by this one.
		Verifier: NewVerifier(s.Trust, NewPublishedKeys(s.KeysURL, client, time.Now), time.Now),
		List:     NewList(editors, now),
		SignOut:  s.SignOut,
	}
}
