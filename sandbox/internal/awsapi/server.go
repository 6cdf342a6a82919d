package awsapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/world"
)

// Options configure a Server.
type Options struct {
	// Store is the account.
	Store view.Store
	// World, when set, is stepped to the present before and after every call, so that a client sees the account as it
	// is now and its changes take effect at once.
	World *world.World
	// Now is the world's clock, by default time.Now. Signatures are judged by the wall clock instead, because clients
	// sign with theirs.
	Now func() time.Time
}

// Server is the API front of one account. It is safe for concurrent use.
type Server struct {
	options    Options
	authorizer *authz.Authorizer
	services   map[string]*service
	http       *http.Server
	url        string

	// handling serializes the calls' effects; waiting for an injected delay happens outside of it.
	handling sync.Mutex

	mu      sync.Mutex
	callers map[string]credentials // by access key ID
	calls   []Call
	faults  []*injected
}

// service is one AWS service: how it talks and what it can do.
type service struct {
	name       string // as in a signature's credential scope
	protocol   protocol
	operations map[string]handler
}

// handler carries out one operation and returns what its protocol writes as the answer.
type handler func(x *exchange) (any, error)

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
		callers: map[string]credentials{}, services: map[string]*service{},
	}
	for _, known := range []*service{
		ecsService(), elbService(), cloudWatchService(), cloudFrontService(), secretsService(), ecrService(), efsService(), iamService(),
		stsService(),
	} {
		s.services[known.name] = known
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

// exchange is one request on its way through the server.
type exchange struct {
	server    *Server
	request   *http.Request
	body      []byte
	service   *service
	operation string
	caller    credentials
	now       time.Time
	header    http.Header // of the answer
	record    Call
}

// ServeHTTP answers one API call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{server: s, request: r, now: s.options.Now(), header: http.Header{}}
	x.record = Call{At: x.now, RequestID: requestID()}
	lost, result, err := s.serve(x)
	x.finish(err)
	if lost {
		// The client sees a cut connection, and cannot know whether the call took effect.
		panic(http.ErrAbortHandler)
	}
	x.header.Set("x-amzn-RequestId", x.record.RequestID)
	for name, values := range x.header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	speak := protocol(jsonProtocol{})
	if x.service != nil {
		speak = x.service.protocol
	}
	if err != nil {
		speak.writeError(w, x, asError(err))
		return
	}
	speak.write(w, x, result)
}

// serve does everything up to the answer. Lost says that the answer must not be sent.
func (s *Server) serve(x *exchange) (lost bool, result any, err error) {
	if x.body, err = io.ReadAll(io.LimitReader(x.request.Body, maxBody)); err != nil {
		return false, nil, fmt.Errorf("read the request: %w", err)
	}
	if err := s.authenticate(x); err != nil {
		return false, nil, err
	}
	x.operation = x.service.protocol.operation(x)
	x.record.Service, x.record.Operation = x.service.name, x.operation
	handle, ok := x.service.operations[x.operation]
	if !ok {
		return false, nil, notSupported("the sandbox does not implement %s of service %s", x.operation, x.service.name)
	}
	fault := s.takeFault(x.service.name, x.operation)
	if err := fault.before(x.request.Context()); err != nil {
		return false, nil, err
	}
	result, err = s.handle(x, handle)
	return fault.losesAnswer(), result, err
}

// handle carries the call out, with the world brought to the present before and after.
func (s *Server) handle(x *exchange, handle handler) (any, error) {
	s.handling.Lock()
	defer s.handling.Unlock()
	x.now = s.options.Now()
	if err := s.step(x.now); err != nil {
		return nil, err
	}
	result, err := handle(x)
	if err == nil && x.record.Action == "" {
		err = fmt.Errorf("operation %s made no decision on authorisation", x.operation)
	}
	return result, errors.Join(err, s.step(x.now))
}

func (s *Server) step(now time.Time) error {
	if s.options.World == nil {
		return nil
	}
	return s.options.World.Step(now)
}

// allow asks IAM whether the caller may do the action on the resource. Every handler calls it before anything else.
func (x *exchange) allow(action, resource string, context authz.Context) error {
	x.record.Action, x.record.Resource = action, resource
	if x.caller.admin {
		x.record.Decision = "the deployer may do everything"
		return nil
	}
	full := authz.Context{"aws:RequestedRegion": {x.caller.region}}
	for key, values := range context {
		full[key] = values
	}
	request := authz.Request{Caller: x.caller.Caller, Action: action, Resource: resource, Context: full}
	decision, err := x.server.authorizer.Authorize(request)
	if err != nil {
		return notSupported("%v", err)
	}
	x.record.Decision = decision.Reason()
	if !decision.Allowed() {
		x.record.Refused = true
		return &Error{Kind: AccessDenied, Message: decision.Explain(request)}
	}
	return nil
}

// allowAnybody marks an operation that needs no permission.
func (x *exchange) allowAnybody(action string) {
	x.record.Action, x.record.Decision = action, "needs no permission"
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
