package alb

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Clock is the service's clock: what the load balancer's timeouts, cookies and metrics go by.
type Clock interface {
	Now() time.Time
	// Wait is how long a time of the service takes on this machine.
	Wait(d time.Duration) time.Duration
}

// Options configure a Balancer.
type Options struct {
	// Store is the account.
	Store view.Store
	// ARN is the load balancer's.
	ARN   string
	Clock Clock
	// Address says where a task's container port listens on this machine; ok is false when nothing does.
	Address func(taskARN string, port int) (address string, ok bool)
	// Function serves requests to a Lambda target group by the function, and reports a failed invocation; the Handler of
	// *runner.Runtime does.
	Function func(target runner.LambdaTarget, functionARN string, report func(*runner.Result, error)) http.Handler
	// LocalHost is the host name that a request to localhost or a loopback address is taken to be for, since a browser on
	// this machine has no DNS record to go by. A page of that address, the Origin, is taken for one of the host's, too. Empty leaves such
	// requests as they are.
	LocalHost string
	// LocalPorts says on which port of this machine a listener's port is reached: redirects of a client that came by
	// localhost lead there.
	LocalPorts map[int]string
	// Signer signs who has signed in; nil means one of its own.
	Signer *Signer
	// Issuer says where an issuer's endpoint for a client is reached on this machine; nil means at its address.
	Issuer func(endpoint Endpoint, clientID string) string
	// IssuerClient calls the issuer; nil means http.DefaultClient.
	IssuerClient *http.Client
	// Report, if set, is told about every request when it is over, and about every WebSocket when it is opened.
	Report func(Exchange)
}

// Exchange is one request as the load balancer's access log has it.
type Exchange struct {
	At                 time.Time // of its arrival, in the service's time
	Method, Host, Path string
	// Priority of the rule that applied; 0 for the listener's default action.
	Priority int
	// Group and Target are the target group's and the task's or function's ARN; empty when none was chosen.
	Group, Target string
	// Status is what the client got; 0 when the connection was closed without an answer, and 460 when the client itself
	// closed it.
	Status int
	// Socket says that a WebSocket was opened.
	Socket bool
	// Problem says what went wrong, if the load balancer itself answered because of it.
	Problem string
}

// Balancer is one load balancer. It is safe for concurrent use.
type Balancer struct {
	options Options
	seal    cipher.AEAD // of its cookies, and of what an issuer hands back
	tally   tally

	mu      sync.Mutex
	turns   map[string]int // by target group, for round robin
	flights map[*flight]bool
}

// flight is a request, or a WebSocket, that a target is serving.
type flight struct {
	target string
	end    context.CancelCauseFunc
}

// New returns a load balancer over the account's deployed state.
func New(options Options) (*Balancer, error) {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails, says its documentation
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("stickiness cookies: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("stickiness cookies: %w", err)
	}
	if options.Signer == nil {
		if options.Signer, err = NewSigner(); err != nil {
			return nil, err
		}
	}
	if options.IssuerClient == nil {
		options.IssuerClient = http.DefaultClient
	}
	if options.Report == nil {
		options.Report = func(Exchange) {}
	}
	return &Balancer{options: options, seal: seal, turns: map[string]int{}, flights: map[*flight]bool{}}, nil
}

// Handler serves what arrives at a listener's port.
func (b *Balancer) Handler(port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := b.begin(w, r)
		defer x.finish()
		if err := x.serve(port); err != nil {
			x.fail(http.StatusInternalServerError, err)
		}
	})
}

// exchange is one request on its way through the load balancer.
type exchange struct {
	balancer   *Balancer
	writer     *statusWriter
	request    *http.Request
	client     string // the Host header as the client sent it
	local      bool   // the client came by localhost
	listener   *Listener
	attributes attributes
	rule       string // ARN of the one that applies; empty for the listener's default
	record     Exchange
	told       bool
}

func (b *Balancer) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{balancer: b, writer: &statusWriter{ResponseWriter: w}, request: r.Clone(r.Context()), client: r.Host}
	if name := hostname(r.Host); b.options.LocalHost != "" && (name == "localhost" || name == "127.0.0.1" || name == "::1") {
		x.request.Host, x.local = b.options.LocalHost, true
		if scheme, host, _ := strings.Cut(r.Header.Get("Origin"), "://"); host == r.Host {
			x.request.Header.Set("Origin", scheme+"://"+b.options.LocalHost)
		}
	}
	x.record = Exchange{At: b.options.Clock.Now(), Method: r.Method, Host: x.request.Host, Path: rawPath(r)}
	return x
}

// finish writes the access log, unless the exchange was told of already.
func (x *exchange) finish() {
	if x.told {
		return
	}
	x.told = true
	if x.record.Status == 0 {
		x.record.Status = x.writer.status
	}
	x.balancer.tally.count(x)
	x.balancer.options.Report(x.record)
}

// fail answers with one of the load balancer's own pages.
func (x *exchange) fail(status int, problem error) {
	x.record.Problem = problem.Error()
	if x.writer.status == 0 {
		x.writer.own = true
		answer(x.writer, status)
	}
}

// reachable is a port as the client reaches it: another one than the listener's when it came by localhost.
func (b *Balancer) reachable(x *exchange, port string) string {
	for number, local := range b.options.LocalPorts {
		if x.local && fmt.Sprint(number) == port {
			return local
		}
	}
	return port
}

// statusWriter remembers the status, and whether the answer is the load balancer's own.
type statusWriter struct {
	http.ResponseWriter
	status int
	own    bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status != http.StatusContinue && status != http.StatusEarlyHints {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
