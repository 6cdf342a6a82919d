package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

// How long a test waits for another process, and how often it looks.
const (
	longEnough = time.Minute
	tick       = 20 * time.Millisecond
)

// row declares buckets one after the other.
func row(names ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var before []pulumi.Resource
		for _, name := range names {
			bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{Bucket: pulumi.String("row-" + name)},
				pulumi.DependsOn(before))
			if err != nil {
				return err
			}
			before = []pulumi.Resource{bucket}
		}
		return nil
	}
}

// gate holds the creation of one bucket until the test lets go.
type gate struct {
	provider.Account
	bucket  string
	after   bool // hold it when the account has it already
	reached chan struct{}
	release chan struct{}
}

func newGate(bucket string) *gate {
	return &gate{bucket: bucket, reached: make(chan struct{}), release: make(chan struct{})}
}

func (g *gate) between(acc provider.Account) provider.Account {
	g.Account = acc
	return g
}

func (g *gate) Create(ctx context.Context, req account.CreateRequest) (account.Resource, error) {
	name := req.Inputs["bucket"]
	if req.DryRun || !name.IsString() || name.StringValue() != g.bucket {
		return g.Account.Create(ctx, req)
	}
	if g.after {
		made, err := g.Account.Create(ctx, req)
		g.hold()
		return made, err
	}
	g.hold()
	return g.Account.Create(ctx, req)
}

func (g *gate) hold() {
	close(g.reached)
	<-g.release
}

// started is an update that has reached a gate.
type started struct {
	ended  chan error
	cancel func()
}

// start starts an update and waits until it has reached the gate.
func start(t *testing.T, gate *gate, stack *engine.Stack) started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	run := started{ended: make(chan error, 1), cancel: cancel}
	go func() {
		_, err := stack.Up(ctx, engine.RunOptions{})
		run.ended <- err
	}()
	select {
	case <-gate.reached:
	case err := <-run.ended:
		t.Fatalf("the update ended before it reached %s: %v", gate.bucket, err)
	}
	return run
}

// releaser opens a gate when the CLI says that it has got the interrupt.
type releaser struct {
	gate *gate
	once sync.Once
}

func (r *releaser) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "^C received; cancelling") {
		r.once.Do(func() { close(r.gate.release) })
	}
	return len(p), nil
}

func TestAnInterruptedRunFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("%02d", i))
	}
	gate := newGate("row-01")
	told := &releaser{gate: gate}
	sandbox, stack := openWith(t, small, engine.StackOptions{Program: row(names...), Stdout: told, Stderr: told},
		engine.Options{Intercept: gate.between})
	run := start(t, gate, stack)

	run.cancel()
	err := <-run.ended
	require.ErrorIs(t, err, engine.ErrInterrupted)
	require.Equal(t, engine.ExitInterrupted, engine.ExitCode(err))

	state, err := stack.Export()
	require.NoError(t, err)
	require.Empty(t, state.PendingOperations)
	done := bucketsIn(state)
	require.Contains(t, done, "row-01", "it was under way and is recorded")
	require.Less(t, len(done), len(names), "the rest was not begun")
	require.Len(t, sandbox.Account().List(bucketType), len(done), "state and account agree")

	again := mustUp(t, stack)
	require.Equal(t, len(names)-len(done), again.Changes[apitype.OpCreate], "only the rest is left to do")
	require.Len(t, sandbox.Account().List(bucketType), len(names))
}

// bucketsIn are the IDs of a state's buckets, in order of creation.
func bucketsIn(state *apitype.DeploymentV3) []string {
	var ids []string
	for i := range state.Resources {
		if state.Resources[i].Type == bucketType {
			ids = append(ids, string(state.Resources[i].ID))
		}
	}
	return ids
}

func TestOneRunAtATimeWorksOnAStack(t *testing.T) {
	t.Parallel()
	gate := newGate("row-a")
	_, stack := openWith(t, small, engine.StackOptions{Program: row("a")}, engine.Options{Intercept: gate.between})
	run := start(t, gate, stack)

	_, err := stack.Preview(t.Context(), engine.RunOptions{})
	require.ErrorIs(t, err, engine.ErrBusy)
	require.ErrorContains(t, err, fmt.Sprintf("test is being worked on by another run (up, process %d", os.Getpid()))
	require.Equal(t, engine.ExitUsage, engine.ExitCode(err))

	close(gate.release)
	require.NoError(t, <-run.ended)
	_, err = stack.Preview(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
}

func TestARunThatWasNeverBegun(t *testing.T) {
	t.Parallel()
	_, stack := open(t, small, shop)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := stack.Up(ctx, engine.RunOptions{})
	require.ErrorIs(t, err, engine.ErrInterrupted)
	require.NoFileExists(t, stack.StateFile())
}

func TestLocksOfAnotherMachineAreReportedAndCanBeRemoved(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	_, stack := openWith(t, small, engine.StackOptions{Program: row("a")}, engine.Options{StateDir: state})
	mustUp(t, stack)
	dir := filepath.Join(state, "state", ".pulumi", "locks", "organization", "small", "test")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	lock := filepath.Join(dir, "5f0c7d1e.json")
	require.NoError(t, os.WriteFile(lock, []byte(`{"pid":1,"username":"u","hostname":"elsewhere","timestamp":"2026-01-02T03:04:05Z"}`), 0o600))

	_, err := stack.Up(t.Context(), engine.RunOptions{})
	require.ErrorIs(t, err, engine.ErrBusy)
	require.ErrorContains(t, err, "created by u@elsewhere (pid 1)")
	require.FileExists(t, lock)

	require.NoError(t, stack.Cancel(t.Context()))
	require.NoFileExists(t, lock)
	mustUp(t, stack)
}
