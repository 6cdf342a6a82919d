package e2e

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// operationLimit ends a hanging engine; the first run in a clone builds the CLI, which takes minutes.
const operationLimit = 15 * time.Minute

// deployment is a fresh sandbox with an account of its own.
type deployment struct {
	t       testing.TB
	sandbox *sandboxtest.Sandbox
	ctx     context.Context
}

// newDeployment opens an empty sandbox; the account and all state go with the test.
func newDeployment(t testing.TB) *deployment {
	t.Helper()
	return openDeployment(t, t.TempDir())
}

// openDeployment opens the sandbox in a directory.
func openDeployment(t testing.TB, dir string) *deployment {
	t.Helper()
	return openDeploymentWith(t, sandboxtest.Options{StateDir: dir})
}

// openDeploymentWith opens the sandbox with options of its own.
func openDeploymentWith(t testing.TB, options sandboxtest.Options) *deployment {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), operationLimit)
	t.Cleanup(cancel)
	options.Root, options.Log = root, logWriter{t}
	sandbox, err := sandboxtest.Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sandbox.Close()) })
	return &deployment{t: t, sandbox: sandbox, ctx: ctx}
}

type logWriter struct{ t testing.TB }

func (w logWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

var _ io.Writer = logWriter{}

// props are the inputs of a resource as JSON would have them.
type props = map[string]any

// foreign makes a resource that Pulumi knows nothing of, by the account's own rules.
func foreign(t testing.TB, acc *sandboxtest.Account, typ string, inputs props) sandboxtest.Resource {
	t.Helper()
	checked, err := acc.Check(sandboxtest.CheckRequest{Type: typ, NewInputs: resource.NewPropertyMapFromMap(inputs)})
	require.NoError(t, err)
	require.Empty(t, checked.Failures, typ)
	made, err := acc.Create(t.Context(), sandboxtest.CreateRequest{Type: typ, Inputs: checked.Inputs})
	require.NoError(t, err, typ)
	return made
}

// settings are configuration overrides by key.
type settings map[string]sandboxtest.ConfigValue

// with returns plain values as settings.
func with(values map[string]any) settings {
	config := settings{}
	for key, value := range values {
		config[key] = sandboxtest.ConfigValue{Value: value}
	}
	return config
}

// stack returns a stack with the repository's own stack file and some overrides.
func (w *deployment) stack(name string, config settings) *sandboxtest.Stack {
	w.t.Helper()
	stack, err := w.sandbox.Stack(sandboxtest.StackOptions{Name: name, Program: infra.Deploy, Config: config})
	require.NoError(w.t, err)
	return stack
}

// up deploys and fails the test if that fails.
func (w *deployment) up(stack *sandboxtest.Stack) sandboxtest.Result {
	w.t.Helper()
	result, err := stack.Up(w.ctx, sandboxtest.RunOptions{})
	require.NoError(w.t, err)
	return result
}

// requireNoChanges previews and fails the test if anything would change.
func (w *deployment) requireNoChanges(stack *sandboxtest.Stack) {
	w.t.Helper()
	result, err := stack.Preview(w.ctx, sandboxtest.RunOptions{Diff: true})
	require.NoError(w.t, err)
	require.True(w.t, result.Unchanged(), "preview of %s:\n%s", stack.Name(), result.Stdout)
}

// resource returns the one resource of a stack with a logical name; a component may share it.
func (w *deployment) resource(stack *sandboxtest.Stack, name string) apitype.ResourceV3 {
	w.t.Helper()
	export, err := stack.Export()
	require.NoError(w.t, err)
	for _, r := range export.Resources {
		if r.Custom && r.URN.Name() == name {
			return r
		}
	}
	require.Failf(w.t, "no such resource", "%q in stack %s", name, stack.Name())
	return apitype.ResourceV3{}
}
