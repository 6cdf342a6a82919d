package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/relay"
)

const (
	// askPatience is for a question that a task answers from its memory.
	askPatience = 1500 * time.Millisecond
	// believedFor is how long an answer counts as a sign that a task is there.
	believedFor = time.Second
	// bodyPatience is how long a body waits for the owner to ask for it. It is longer than a dead owner's lease stands: nobody but the owner
	// gets a body, so that a request can still go to the next one.
	bodyPatience = 30 * time.Second
)

// Client asks other tasks.
type Client struct {
	token     string
	transport *http.Transport

	mu    sync.Mutex
	peers map[string]*contact
}

// contact is what is known of a task's answers.
type contact struct {
	mu    sync.Mutex // one question at a time
	asked time.Time
	alive bool
}

// NewClient returns a client whose connections begin at an address, if it isn't empty.
func NewClient(token, local string) *Client {
	dialer := &net.Dialer{Timeout: askPatience}
	if ip := net.ParseIP(local); ip != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: ip}
	}
	const idle, perPeer = time.Minute, 100
	return &Client{token: token, peers: map[string]*contact{}, transport: &http.Transport{
		DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: perPeer, IdleConnTimeout: idle,
		ExpectContinueTimeout: bodyPatience,
	}}
}

// Close closes connections that are not in use.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// question builds a request of the protocol's own.
func (c *Client) question(ctx context.Context, address, ask, user string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/", nil)
	if err != nil {
		return nil, fmt.Errorf("ask the task at %s: %w", address, err)
	}
	r.Header = http.Header{
		headerToken: {c.token}, headerVersion: {strconv.Itoa(lease.Version)}, headerAsk: {ask}, headerUser: {user},
	}
	return r, nil
}

var errWrongAnswer = errors.New("it does not answer as a task of this service")

// ask asks one question.
func (c *Client) ask(ctx context.Context, address, ask, user string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	r, err := c.question(ctx, address, ask, user)
	if err != nil {
		return 0, nil, err
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the task at %s: %w", address, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get(headerVersion) == "" {
		return 0, nil, fmt.Errorf("ask the task at %s: %w: %s", address, errWrongAnswer, response.Status)
	}
	const most = 1 << 20
	body, err = io.ReadAll(io.LimitReader(response.Body, most))
	return response.StatusCode, body, err
}

// Alive says whether a task answers, or did a moment ago.
func (c *Client) Alive(ctx context.Context, address string) bool {
	c.mu.Lock()
	p, ok := c.peers[address]
	if !ok {
		p = &contact{}
		c.peers[address] = p
	}
	c.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.asked) < believedFor {
		return p.alive
	}
	_, _, err := c.ask(ctx, address, "owner", "")
	if ctx.Err() != nil {
		return true // whoever asked has gone; nothing is known
	}
	p.asked, p.alive = time.Now(), err == nil
	return p.alive
}

// Load asks what a task has to do.
func (c *Client) Load(ctx context.Context, address string) (Load, error) {
	status, body, err := c.ask(ctx, address, "load", "")
	if err != nil {
		return Load{}, err
	}
	var load Load
	if err := json.Unmarshal(body, &load); err != nil || status != http.StatusOK {
		return Load{}, fmt.Errorf("ask the task at %s: %w: status %d", address, errWrongAnswer, status)
	}
	return load, nil
}

// Start asks a task to take a session.
func (c *Client) Start(ctx context.Context, address, user string) error {
	status, _, err := c.ask(ctx, address, "start", user)
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("ask the task at %s to take session %s: status %d", address, user, status)
	}
	return err
}

// NotOwnerError says that a task doesn't own a session.
type NotOwnerError struct {
	Owner string // address of the one that does, as far as it is known
}

func (e *NotOwnerError) Error() string { return "the task does not own the session" }

// Pass passes a request to the task that owns its session. The error is a *relay.Error; one that wraps a NotOwnerError is the owner's own.
func (c *Client) Pass(w *relay.Writer, r *http.Request, address string, passed Passed) error {
	target := relay.Target{
		Transport: c.transport, Address: address,
		Edit: func(out *http.Request) {
			if out.Header.Get("Expect") != "" {
				out.Header.Set(headerExpect, "yes")
			}
			if out.Body != nil && out.Body != http.NoBody {
				out.Header.Set("Expect", "100-continue") // the body goes to the owner only, when it has said that it is
			}
			out.Header.Set(headerToken, c.token)
			out.Header.Set(headerVersion, strconv.Itoa(lease.Version))
			out.Header.Set(headerUser, passed.User)
			out.Header.Set(headerPort, strconv.Itoa(passed.Port))
			if passed.Start {
				out.Header.Set(headerStart, "yes")
			}
		},
		Inspect: func(response *http.Response) error {
			owner, denied := response.Header[headerNotOwner]
			version := response.Header.Get(headerVersion)
			Strip(response.Header)
			switch {
			case version == "":
				return relay.NotActed(fmt.Errorf("%w: %s", errWrongAnswer, response.Status))
			case denied:
				return relay.NotActed(&NotOwnerError{Owner: owner[0]})
			default:
				return nil
			}
		},
	}
	return target.Pass(w, r)
}
