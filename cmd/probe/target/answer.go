package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

// Request is one request to a site.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         string
	// Host replaces the host name in the request, but not where it goes.
	Host string
	// Plain asks over http:// instead.
	Plain bool
}

// String names the request in faults.
func (r *Request) String() string {
	host := ""
	if r.Host != "" {
		host = " for host " + r.Host
	}
	return r.Method + " " + r.Path + host
}

// Source is who answered.
type Source string

// The sources.
const (
	// Waker is the scaler function.
	Waker Source = "the waker"
	// Container is the service itself.
	Container Source = "the container"
	// LoadBalancer answered by itself: a fixed response, a redirect, or an error because no target answers.
	LoadBalancer Source = "the load balancer"
	// CloudFront answered by itself.
	CloudFront Source = "CloudFront"
)

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	From   Source
	// State is the waker's status document, where the answer is one.
	State *requests.Status
}

// requestLimit is how long an answer may take: the waker holds a call for up to 20 s, and CloudFront allows 30 s.
// wallMargin is for this machine and the network.
const (
	requestLimit = 35 * time.Second
	wallMargin   = 10 * time.Second
	// maxBody is how much of an answer is read.
	maxBody = 1 << 20
)

// Do sends a request and reads the answer. Redirects are answers, too.
func (s *Site) Do(ctx context.Context, r Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Pace.Wall(requestLimit)+wallMargin)
	defer cancel()
	address := s.URL() + r.Path
	if r.Plain {
		address = "http://" + s.Host() + r.Path
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, address, strings.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", &r, err)
	}
	own := s.options.Header
	if r.Plain {
		own = nil // it may hold a session's cookie, which everybody on the way could read
	}
	for _, header := range []http.Header{own, r.Header} {
		for name, values := range header {
			request.Header[name] = values
		}
	}
	request.Header.Set("User-Agent", Agent)
	request.Host = r.Host
	response, err := s.http.Do(request)
	if err != nil {
		return nil, plainError(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return newAnswer(response, body), nil
}

// plainError drops the method and address that net/http puts before an error: faults name the request themselves.
func plainError(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil || !strings.HasPrefix(fmt.Sprintf("%T", err), "*url.") {
			return err
		}
		err = next
	}
}

func newAnswer(response *http.Response, body []byte) *Answer {
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	a.From = a.source()
	if media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); media == requests.StatusType {
		var state requests.Status
		if json.Unmarshal(bytes.TrimSpace(body), &state) == nil {
			a.State = &state
		}
	}
	return a
}

// stateHeader is on the waker's answers and on nobody else's (docs/container-contract.md).
const stateHeader = "X-Webordinary-State"

// source tells who answered. Load balancer and CloudFront name themselves in Server on what they answer by themselves, but
// it is not documented whether they do so as well on answers that come without that header from behind them. So the form
// of their own pages counts, too.
func (a *Answer) source() Source {
	server := strings.ToLower(a.Header.Get("Server"))
	switch {
	case a.Header.Get(stateHeader) != "", strings.HasPrefix(a.Header.Get("Content-Type"), requests.StatusType):
		return Waker
	case strings.TrimSpace(a.Body) == report.DefaultText, strings.HasPrefix(server, "awselb/") && a.isOwnPage():
		return LoadBalancer
	case server == "cloudfront" && a.isOwnPage(), server == "amazons3":
		return CloudFront
	default:
		return Container
	}
}

// isOwnPage recognises the error pages of load balancer and CloudFront, and a redirect.
func (a *Answer) isOwnPage() bool {
	return strings.Contains(a.Body, fmt.Sprintf("<center><h1>%d", a.Status)) || strings.Contains(a.Body, "could not be satisfied") ||
		a.Status == http.StatusMovedPermanently || a.Status == http.StatusFound
}

// shown is how much of a body is quoted.
const shown = 80

// String says what came from whom, for faults.
func (a *Answer) String() string {
	return fmt.Sprintf("%d from %s%s", a.Status, a.From, a.details())
}

// Content says what came, where it cannot be known from whom.
func (a *Answer) Content() string { return fmt.Sprintf("%d%s", a.Status, a.details()) }

func (a *Answer) details() string {
	text := ""
	if location := a.Header.Get("Location"); location != "" {
		text += " to " + location
	}
	if a.State != nil {
		text += ", state " + a.State.State
		if a.State.Error != nil {
			text += ": " + a.State.Error.Class + ": " + a.State.Error.Message
		}
		return text
	}
	if kind := a.Header.Get("Content-Type"); kind != "" {
		text += ", " + kind
	}
	body := strings.Join(strings.Fields(a.Body), " ")
	if len(body) > shown {
		body = body[:shown] + "…"
	}
	if body != "" {
		text += fmt.Sprintf(", %q", body)
	}
	return text
}

// OK says whether the container answered with success.
func (a *Answer) OK() bool { return a.From == Container && a.Status >= 200 && a.Status < 300 }

// Served says whether the container answered at all, and not with a fault of its own.
func (a *Answer) Served() bool {
	return a.From == Container && a.Status < http.StatusInternalServerError
}
