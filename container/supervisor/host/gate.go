package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/identity/parameter"
)

// gate lets the client's invited people in.
type gate struct {
	*identity.Gate
	every time.Duration // that who is being served is looked up again
}

// keyPatience is how long the load balancer's public key may take.
const keyPatience = 3 * time.Second

func openGate(settings *config.Settings) (*gate, error) {
	provider, err := taskCredentials(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("who is invited can't be read: %w", err)
	}
	client := ssm.New(ssm.Options{
		Region: settings.Auth.Region, Credentials: aws.NewCredentialsCache(provider), HTTPClient: &http.Client{Timeout: keyPatience},
		BaseEndpoint: endpoint(os.Getenv),
	})
	began := time.Now()
	now := func() time.Time { // the service's clock
		return began.Add(time.Duration(float64(time.Since(began)) * settings.Speed))
	}
	editors := parameter.Reader(client, settings.Auth.Parameter)
	return &gate{
		Gate:  settings.Auth.Gate(&http.Client{Timeout: keyPatience}, editors, now),
		every: settings.Wall(time.Minute),
	}, nil
}

var errNoCredentials = errors.New("this task has no credentials: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set, which ECS sets for a " +
	"task with a role")

// taskCredentials are the task role's, which the agent gives ("Task IAM role" in the ECS guide), or those of the environment. The SDK's
// config package, with its files, SSO and instance metadata, would double the binary, which is loaded at each wake.
func taskCredentials(getenv func(string) string) (aws.CredentialsProvider, error) {
	const agent = "http://169.254.170.2"
	if key := getenv("AWS_ACCESS_KEY_ID"); key != "" {
		return credentials.NewStaticCredentialsProvider(key, getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")), nil
	}
	if path := getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return endpointcreds.New(agent + path), nil
	}
	return nil, errNoCredentials
}

// endpoint is where the service is, if not where AWS has it (SDKs' reference guide, "Service-specific endpoints").
func endpoint(getenv func(string) string) *string {
	for _, name := range []string{"AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"} {
		if url := getenv(name); url != "" {
			return &url
		}
	}
	return nil
}

// admit says who an invited person is, and answers everybody else. Where nobody is asked, everybody is let in and the person has no name.
// It comes before all that counts as use, so whoever is refused keeps nothing awake.
func (h *Host) admit(w http.ResponseWriter, r *http.Request) (person identity.Person, invited bool) {
	if h.gate == nil {
		return identity.Person{}, true
	}
	if r.URL.Path == identity.SignOutPath {
		h.gate.signOut(w)
		return identity.Person{}, false
	}
	person, err := h.gate.Admit(r.Context(), r.Header.Values(identity.Header))
	if err == nil {
		return person, true
	}
	if errors.Is(err, identity.ErrUnavailable) {
		h.record.Log.Error("nobody can be let in", "error", err)
	} else {
		h.record.Log.Info("somebody was not let in", "reason", err.Error())
	}
	refusal := h.gate.Refuse(person, err)
	if kindOf(r) != page {
		fail(w, refusal.Status, refusal.Text)
		return person, false
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", identity.Policy)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(refusal.Status)
	_, _ = io.WriteString(w, refusal.Page) // the client may be gone
	return person, false
}

// signOut ends the session at the load balancer, and sends the browser on to end the one at the issuer.
func (g *gate) signOut(w http.ResponseWriter) {
	for _, cookie := range identity.SignOutCookies() {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.Header().Set("Cache-Control", "no-store")
	if url := g.SignOutURL(); url != "" {
		w.Header().Set("Location", url)
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, identity.SignedOut) // the client may be gone
}

var errRemoved = errors.New("this person is not invited any more")

// whileInvited gives a context that ends when somebody who is being served is not invited any more: a socket may stay open for days. Where
// it can't be found out, whoever is in stays in.
func (h *Host) whileInvited(r *http.Request, email string) (context.Context, func()) {
	if h.gate == nil {
		return r.Context(), func() {}
	}
	ctx, end := context.WithCancelCause(r.Context())
	var timer *time.Timer
	timer = time.AfterFunc(h.gate.every, func() {
		_, ok, err := h.gate.List.User(ctx, email)
		if err == nil && !ok {
			h.record.Log.Info("somebody who is not invited any more is cut off", "who", email)
			end(errRemoved)
			return
		}
		if ctx.Err() == nil {
			timer.Reset(h.gate.every)
		}
	})
	return ctx, func() {
		end(nil)
		timer.Stop()
	}
}
