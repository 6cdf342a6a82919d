package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// builder is shared by all tests of the package, so that the specimen is built once.
var builder *runner.Builder

const specimen = "./sandbox/internal/aws/lambda/runner/testdata/specimen"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runner-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	module, err := runner.ModuleDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	builder = runner.NewBuilder(module, dir)
	return m.Run()
}

// env is an account with a deployed function, its API front and the runtime.
type env struct {
	t       *testing.T
	store   *view.Memory
	server  *wire.Server
	runtime *runner.Runtime
}

func newEnv(t *testing.T, change func(*runner.Options)) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}}
	awstest.Deploy(e.store)
	awstest.SetPolicy(e.store, awstest.ScalerRole, "logs:* *")
	e.deploy(nil)
	awstest.Put(e.store, "aws:cloudwatch/logGroup:LogGroup", "/aws/lambda/edit-scaler", map[string]any{"name": "/aws/lambda/edit-scaler"})
	var err error
	e.server, err = wire.Start(wire.Options{Store: e.store})
	require.NoError(t, err)
	options := runner.Options{
		Store: e.store, API: e.server, Builder: builder, Package: func(*runner.Function) (string, error) { return specimen, nil },
	}
	if change != nil {
		change(&options)
	}
	e.runtime = runner.New(options)
	t.Cleanup(func() {
		assert.NoError(t, e.runtime.Close())
		assert.NoError(t, e.server.Close())
	})
	return e
}

// deploy puts the function into the account, with some properties of its own.
func (e *env) deploy(properties map[string]any) {
	state := map[string]any{
		"name": "edit-scaler", "arn": awstest.FunctionARN, "role": awstest.ScalerRole, "handler": "bootstrap", "runtime": "provided.al2023",
		"timeout": 30, "memorySize": 256, "reservedConcurrentExecutions": -1, "architectures": []any{"arm64"},
		"environment": map[string]any{"variables": map[string]any{"CLUSTER": "edit-cluster"}},
	}
	for name, value := range properties {
		state[name] = value
	}
	awstest.Put(e.store, "aws:lambda/function:Function", "edit-scaler", state)
}

func (e *env) context() context.Context { return e.t.Context() }

// do runs the function with an order.
func (e *env) do(order map[string]any) (*runner.Result, error) {
	payload, err := json.Marshal(order)
	require.NoError(e.t, err)
	return e.runtime.Invoke(e.context(), runner.Invocation{Function: "edit-scaler", Payload: payload})
}

// must runs the function and decodes its answer.
func must[T any](e *env, order map[string]any) (T, *runner.Result) {
	var out T
	result, err := e.do(order)
	require.NoError(e.t, err)
	require.NoError(e.t, result.Err(), result.Log)
	require.NoError(e.t, json.Unmarshal(result.Payload, &out), "%s", result.Payload)
	return out, result
}

const accountID = view.AccountID
