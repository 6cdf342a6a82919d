package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Credentials is the part of the API front that the functions' processes need; *wire.Server has it.
type Credentials interface {
	CredentialsFor(roleARN, session string) aws.Credentials
	Environment(c aws.Credentials) map[string]string
}

// Options configure a Runtime.
type Options struct {
	// Store is the account.
	Store view.Store
	// API is the account's API front.
	API Credentials
	// Builder builds the functions.
	Builder *Builder
	// Package says which Go package a function is built from; nil means PackageOf.
	Package func(*Function) (string, error)
	// Mounts maps the ARN of an EFS access point to a directory of this machine. Environment variables that name the
	// function's mount path, or a path below it, are rewritten to the directory.
	Mounts map[string]string
	// AccountConcurrency limits the instances of a function without reserved concurrency. Default 10, the quota that a
	// new account may have.
	AccountConcurrency int
	// ExtraEnv is added to every process, for instance GOCOVERDIR.
	ExtraEnv map[string]string
	// Log, if set, is told what each invocation has written, as CloudWatch Logs would have it.
	Log func(function, text string)
}

// Runtime runs functions. It is safe for concurrent use; Close ends all their processes.
type Runtime struct {
	options    Options
	authorizer *authz.Authorizer

	mu     sync.Mutex
	pools  map[string]*pool
	logs   map[string]*logGroup
	closed bool
}

// New returns a Runtime for the account's functions.
func New(options Options) *Runtime {
	if options.Package == nil {
		options.Package = PackageOf
	}
	if options.AccountConcurrency == 0 {
		options.AccountConcurrency = 10
	}
	return &Runtime{options: options, authorizer: authz.New(options.Store), pools: map[string]*pool{}, logs: map[string]*logGroup{}}
}

// Invocation is a request to run a function.
type Invocation struct {
	Function string // name or ARN
	Payload  []byte
	// Service is the AWS service that invokes the function, e.g. "elasticloadbalancing.amazonaws.com", on behalf of
	// SourceARN; both are checked against the function's permissions. Empty means its owner, who may.
	Service, SourceARN string
}

// maxPayload is the limit of a synchronous request and of its answer (Lambda quotas: 6 MB).
const maxPayload = 6_291_556

// Invoke runs a function and waits for its result. A function that fails gives a result with FunctionError; an error
// means that it did not run: *Error when Lambda would refuse, another one when it cannot be built or started here. When
// ctx ends the caller stops waiting, while the function runs on to its end, as in Lambda.
func (r *Runtime) Invoke(ctx context.Context, call Invocation) (*Result, error) {
	function, err := findFunction(r.options.Store, call.Function)
	if err != nil {
		if errors.Is(err, errNoFunction) {
			return nil, refuse("ResourceNotFoundException", "Function not found: %s", call.Function)
		}
		return nil, err
	}
	if err := r.permit(function, call); err != nil {
		return nil, err
	}
	if len(call.Payload) > maxPayload {
		return nil, refuse("RequestEntityTooLargeException", "Request must be smaller than %d bytes for the InvokeFunction operation", maxPayload)
	}
	process, err := r.acquire(ctx, function)
	if err != nil {
		return nil, err
	}
	done := make(chan *Result, 1)
	go func() { done <- r.run(process, call.Payload) }()
	select {
	case result := <-done:
		return result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", function.Name, ctx.Err())
	}
}

// permit checks that the caller may invoke the function and Lambda may assume its role.
func (r *Runtime) permit(f *Function, call Invocation) error {
	if call.Service != "" {
		request := authz.Request{
			Caller: authz.Caller{Service: call.Service}, Action: "lambda:InvokeFunction", Resource: f.ARN,
			Context: authz.Context{"aws:SourceArn": {call.SourceARN}},
		}
		decision, err := r.authorizer.Authorize(request)
		if err != nil {
			return err
		}
		if !decision.Allowed() {
			return refuse("AccessDeniedException", "%s on behalf of %s may not invoke function %s: %s", call.Service, call.SourceARN,
				f.Name, decision.Reason())
		}
	}
	decision, err := r.authorizer.MayAssume(f.RoleARN, "lambda.amazonaws.com")
	if err != nil {
		return err
	}
	if !decision.Allowed() {
		return refuse("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda. Role: %s", f.RoleARN)
	}
	return nil
}

// Close ends all processes.
func (r *Runtime) Close() error {
	r.mu.Lock()
	r.closed = true
	pools := r.pools
	r.pools = map[string]*pool{}
	r.mu.Unlock()
	for _, p := range pools {
		p.close()
	}
	return nil
}
