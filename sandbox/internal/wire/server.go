package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Options configure a Server.
type Options struct {
	// Store is the account.
	Store view.Store
	// Scheduler, when set, is stepped to the present before and after every call, so that a client sees the account as it
	// is now and its changes take effect at once.
	Scheduler Stepper
	// Now is the scheduler's clock, by default time.Now. Signatures are judged by the wall clock instead, because clients
	// sign with theirs.
	Now func() time.Time
}

// Stepper lets what happens by itself happen up to a time.
type Stepper interface {
	Step(now time.Time) error
}

// Server is the API front of one account. It is safe for concurrent use.
type Server struct {
	options    Options
	authorizer *authz.Authorizer
	services   map[string]*Service
	http       *http.Server
	url        string

	// handling serializes the calls' effects; waiting for an injected delay happens outside of it.
	handling sync.Mutex

	mu      sync.Mutex
	callers map[string]credentials // by access key ID
	calls   []Call
	faults  []*injected
	invoke  Invoke
}

// Service is one AWS service: how it talks and what it can do.
type Service struct {
	Name       string // as in a signature's credential scope
	Protocol   Protocol
	Operations map[string]Handler
	// CallsBack names operations that wait for something which calls this server itself.
	CallsBack map[string]bool
}

var registered []*Service

// Register adds a service; each does so when the program starts.
func Register(s *Service) { registered = append(registered, s) }

// Handler carries out one operation and returns what its protocol writes as the answer.
type Handler func(x *Exchange) (any, error)

// maxBody is more than any request that this project makes: CloudFront's configurations stay below 1 MB.
const maxBody = 8 << 20

// Start opens the server on a free port of the loopback interface.
func Start(options Options) (*Server, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the AWS API server: %w", err)
	}
	s := &Server{
		options: options, authorizer: authz.New(options.Store), url: "http://" + listener.Addr().String(),
		callers: map[string]credentials{}, services: map[string]*Service{},
	}
	for _, known := range registered {
		s.services[known.Name] = known
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }() // ends with Close
	return s, nil
}

// URL is the server's address, for AWS_ENDPOINT_URL.
func (s *Server) URL() string { return s.url }

// Close stops the server and cuts what is still under way.
func (s *Server) Close() error {
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("stop the AWS API server: %w", err)
	}
	return nil
}

// Exchange is one request on its way through the server.
type Exchange struct {
	server     *Server
	Store      view.Store
	Scheduler  Stepper // nil where nothing happens by itself
	Authorizer *authz.Authorizer
	Request    *http.Request
	Body       []byte
	service    *Service
	Operation  string
	Caller     credentials
	Now        time.Time
	Header     http.Header // of the answer
	record     Call
	path       map[string]string // by the names of a REST service's route
}

// RequestID is the request's own, which the answer names, too.
func (x *Exchange) RequestID() string { return x.record.RequestID }

// Invoke runs a function by its name or ARN. A function that fails answers with a document and the kind of its failure.
type Invoke func(ctx context.Context, function string, payload []byte) (answer []byte, failure string, err error)

// Invokes lets the server run functions. Without it there are none to run.
func (s *Server) Invokes(invoke Invoke) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invoke = invoke
}

// Invoker is what runs functions, or nil.
func (x *Exchange) Invoker() Invoke {
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	return x.server.invoke
}

// ServeHTTP answers one API call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &Exchange{
		server: s, Store: s.options.Store, Scheduler: s.options.Scheduler, Authorizer: s.authorizer, Request: r,
		Now: s.options.Now(), Header: http.Header{},
	}
	x.record = Call{At: x.Now, RequestID: view.RandomUUID()}
	lost, result, err := s.serve(x)
	x.finish(err)
	if lost {
		// The client sees a cut connection, and cannot know whether the call took effect.
		panic(http.ErrAbortHandler)
	}
	x.Header.Set("x-amzn-RequestId", x.record.RequestID)
	for name, values := range x.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	speak := Protocol(JSON{})
	if x.service != nil {
		speak = x.service.Protocol
	}
	if err != nil {
		speak.WriteError(w, x, AsError(err))
		return
	}
	speak.Write(w, x, result)
}

// serve does everything up to the answer. Lost says that the answer must not be sent.
func (s *Server) serve(x *Exchange) (lost bool, result any, err error) {
	if x.Body, err = io.ReadAll(io.LimitReader(x.Request.Body, maxBody)); err != nil {
		return false, nil, fmt.Errorf("read the request: %w", err)
	}
	if err := s.authenticate(x); err != nil {
		return false, nil, err
	}
	x.Operation = x.service.Protocol.Operation(x)
	x.record.Service, x.record.Operation = x.service.Name, x.Operation
	handle, ok := x.service.Operations[x.Operation]
	if !ok {
		return false, nil, NotSupported("the sandbox does not implement %s of service %s", x.Operation, x.service.Name)
	}
	fault := s.takeFault(x.service.Name, x.Operation)
	if err := fault.before(x.Request.Context()); err != nil {
		return false, nil, err
	}
	if x.service.CallsBack[x.Operation] {
		result, err = handle(x)
	} else {
		result, err = s.handle(x, handle)
	}
	return fault.losesAnswer(), result, err
}

// handle carries the call out, with the scheduler brought to the present before and after.
func (s *Server) handle(x *Exchange, handle Handler) (any, error) {
	s.handling.Lock()
	defer s.handling.Unlock()
	x.Now = s.options.Now()
	if err := s.step(x.Now); err != nil {
		return nil, err
	}
	result, err := handle(x)
	if err == nil && x.record.Action == "" {
		err = fmt.Errorf("operation %s made no decision on authorisation", x.Operation)
	}
	return result, errors.Join(err, s.step(x.Now))
}

func (s *Server) step(now time.Time) error {
	if s.options.Scheduler == nil {
		return nil
	}
	return s.options.Scheduler.Step(now)
}

// Step lets a change take effect at once, so that the answer shows it.
func (x *Exchange) Step() error { return x.server.step(x.Now) }

// Allow asks IAM whether the caller may do the action on the resource. Every handler calls it before anything else.
func (x *Exchange) Allow(action, resource string, context authz.Context) error {
	x.record.Action, x.record.Resource = action, resource
	if x.Caller.Admin {
		x.record.Decision = "the deployer may do everything"
		return nil
	}
	full := authz.Context{"aws:RequestedRegion": {x.Caller.region}}
	for key, values := range context {
		full[key] = values
	}
	request := authz.Request{Caller: x.Caller.Caller, Action: action, Resource: resource, Context: full}
	decision, err := x.server.authorizer.Authorize(request)
	if err != nil {
		return NotSupported("%v", err)
	}
	x.record.Decision = decision.Reason()
	if !decision.Allowed() {
		x.record.Refused = true
		return &Error{Kind: AccessDenied, Message: decision.Explain(request)}
	}
	return nil
}

// AllowAnybody marks an operation that needs no permission.
func (x *Exchange) AllowAnybody(action string) {
	x.record.Action, x.record.Decision = action, "needs no permission"
}
