package awsapi_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awsapi"
	"github.com/webordinary/live-edit/sandbox/internal/world"
	"github.com/webordinary/live-edit/sandbox/internal/world/worldtest"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// env is a deployed stack, its world and the API front of its account, at a time that the test sets.
type env struct {
	t      *testing.T
	store  *view.Memory
	world  *world.World
	server *awsapi.Server

	mu  sync.Mutex
	now time.Time
}

func newEnv(t *testing.T) *env {
	t.Helper()
	return newEnvWith(t, world.Options{})
}

func newEnvWith(t *testing.T, options world.Options) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}, now: epoch}
	worldtest.Deploy(e.store)
	e.world = world.New(e.store, options)
	server, err := awsapi.Start(awsapi.Options{Store: e.store, World: e.world, Now: e.clock})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	e.server = server
	return e
}

func (e *env) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// at sets the time, in seconds after the epoch.
func (e *env) at(seconds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = epoch.Add(time.Duration(seconds) * time.Second)
}

// as configures the SDK for the scaler's role with exactly these permissions, without retries.
func (e *env) as(permissions ...string) aws.Config {
	worldtest.SetPolicy(e.store, worldtest.ScalerRole, permissions...)
	config := e.server.Config(e.server.CredentialsFor(worldtest.ScalerRole, "edit-scaler"))
	config.RetryMaxAttempts = 1
	return config
}

// deployer configures the SDK for the user who deploys.
func (e *env) deployer() aws.Config {
	config := e.server.Config(e.server.DeployerCredentials())
	config.RetryMaxAttempts = 1
	return config
}

func (e *env) context() context.Context { return e.t.Context() }

// last is the latest call in the server's log.
func (e *env) last() awsapi.Call {
	calls := e.server.Calls()
	require.NotEmpty(e.t, calls)
	return calls[len(calls)-1]
}

// requireCode checks an AWS error by its code and part of its message.
func requireCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, code, api.ErrorCode(), "%v", err)
	assert.Contains(t, api.ErrorMessage(), message)
}

// refused checks that a call without permission is refused in the way of its protocol, with AWS's own text.
func refused(t *testing.T, err error, code, action string) {
	t.Helper()
	requireCode(t, err, code, "User: arn:aws:sts::942734823970:assumed-role/scaler/edit-scaler is not authorized to perform: "+action)
	assert.ErrorContains(t, err, "because no identity-based policy allows the "+action+" action")
}

// as checks that an error is a modeled error of that type.
func as[T error](t *testing.T, err error) {
	t.Helper()
	var target T
	require.Truef(t, errors.As(err, &target), "%T is not among %v", target, err)
}

// after cuts the text between two markers.
func after(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	rest, _, _ = strings.Cut(rest, to)
	return rest
}
