package awstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/webordinary/live-edit/sandbox/internal/aws/all" // the APIs of all services

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// Epoch is when a test begins.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Env is a deployed stack, its scheduler and the API front of its account, at a time that the test sets.
type Env struct {
	T         *testing.T
	Store     *view.Memory
	Scheduler *scheduler.Scheduler
	API       *wire.Server

	mu  sync.Mutex
	now time.Time
}

// New deploys the stack.
func New(t *testing.T) *Env {
	t.Helper()
	return NewWith(t, scheduler.Options{})
}

// NewWith deploys the stack in an account with a scheduler of its own kind.
func NewWith(t *testing.T, options scheduler.Options) *Env {
	t.Helper()
	e := &Env{T: t, Store: &view.Memory{}, now: Epoch}
	Deploy(e.Store)
	e.Scheduler = scheduler.New(e.Store, options)
	server, err := wire.Start(wire.Options{Store: e.Store, Scheduler: e.Scheduler, Now: e.Clock})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	e.API = server
	return e
}

// Clock is the time that the test has set.
func (e *Env) Clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// At sets the time, in seconds after the Epoch.
func (e *Env) At(seconds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = Epoch.Add(time.Duration(seconds) * time.Second)
}

// As configures the SDK for the scaler's role with exactly these permissions, without retries.
func (e *Env) As(permissions ...string) aws.Config {
	SetPolicy(e.Store, ScalerRole, permissions...)
	config := e.API.Config(e.API.CredentialsFor(ScalerRole, "edit-scaler"))
	config.RetryMaxAttempts = 1
	return config
}

// Deployer configures the SDK for the user who deploys.
func (e *Env) Deployer() aws.Config {
	config := e.API.Config(e.API.DeployerCredentials())
	config.RetryMaxAttempts = 1
	return config
}

// Context ends with the test.
func (e *Env) Context() context.Context { return e.T.Context() }

// Last is the latest call in the server's log.
func (e *Env) Last() wire.Call {
	calls := e.API.Calls()
	require.NotEmpty(e.T, calls)
	return calls[len(calls)-1]
}

// RequireCode checks an AWS error by its code and part of its message.
func RequireCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, code, api.ErrorCode(), "%v", err)
	assert.Contains(t, api.ErrorMessage(), message)
}

// Refused checks that a call without permission is refused in the way of its protocol, with AWS's own text.
func Refused(t *testing.T, err error, code, action string) {
	t.Helper()
	RequireCode(t, err, code, "User: arn:aws:sts::942734823970:assumed-role/scaler/edit-scaler is not authorized to perform: "+action)
	assert.ErrorContains(t, err, "because no identity-based policy allows the "+action+" action")
}

// As checks that an error is a modeled error of that type.
func As[T error](t *testing.T, err error) {
	t.Helper()
	var target T
	require.Truef(t, errors.As(err, &target), "%T is not among %v", target, err)
}

// After cuts the text between two markers.
func After(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	rest, _, _ = strings.Cut(rest, to)
	return rest
}
