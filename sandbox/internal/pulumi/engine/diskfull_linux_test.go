package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
	"github.com/webordinary/live-edit/tools/mounttest"
)

// TestFullDisk works on a small disk of its own, mounted in a user and mount
// namespace, and fills it before a run and at every write of the account in turn.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the disk was full", onSmallDisk)
}

// disk is a small one with a file that fills it.
type disk struct {
	t    *testing.T
	root string
}

func (d disk) ballast() string { return filepath.Join(d.root, "ballast") }

// fill leaves that many bytes; more than once it takes what came free meanwhile.
func (d disk) fill(left int64) {
	var stat unix.Statfs_t
	if err := unix.Statfs(d.root, &stat); err != nil {
		d.t.Error(err)
		return
	}
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Error(err)
		return
	}
	info, err := f.Stat()
	if size := int64(stat.Bavail)*stat.Bsize - left; err == nil && size > 0 {
		_ = unix.Fallocate(int(f.Fd()), 0, info.Size(), size) // somebody else may have been faster
	}
	if err := f.Close(); err != nil {
		d.t.Error(err)
	}
}

func (d disk) free() { require.NoError(d.t, os.RemoveAll(d.ballast())) }

func (d disk) state() string { return filepath.Join(d.root, "sandbox") }

// filler fills the disk at one operation of the account.
type filler struct {
	provider.Account
	fill   func()
	at     int64
	before bool
	left   int64
	count  *atomic.Int64
}

func (f filler) Create(ctx context.Context, req account.CreateRequest) (account.Resource, error) {
	here := !req.DryRun && f.count.Add(1) == f.at
	if here && f.before {
		f.fill()
	}
	made, err := f.Account.Create(ctx, req)
	if here && !f.before {
		f.fill()
	}
	return made, err
}

func onSmallDisk(t *testing.T, root string) {
	t.Helper()
	mounttest.Tmpfs(t, root, "size=24m")
	d := disk{t, root}
	tooSmallToOpen(t, d)
	fullBeforeARun(t, d)
	const page = 4096
	for _, f := range []filler{
		{at: 1, before: true},
		{at: 1},
		{at: 1, before: true, left: page}, // room for the account's change, and not for the note of it
		{at: 2, before: true, left: 2 * page},
		{at: 3},
	} {
		f.fill = func() { d.fill(f.left) }
		fullDuringARun(t, d, f)
	}
	fullForGood(t, d)
}

// tooSmallToOpen: nothing half-made stays behind.
func tooSmallToOpen(t *testing.T, d disk) {
	t.Helper()
	opened := 0
	for left := int64(0); opened == 0; left += 4096 {
		d.fill(left)
		sandbox, err := engine.Open(options(t, d, nil))
		if err == nil {
			opened++
			require.NoError(t, sandbox.Close())
		} else {
			require.ErrorContains(t, err, "--state DIR", "with %d bytes left", left)
			require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
		}
		d.free()
	}
	_, stack := reopen(t, d, nil)
	mustUpOn(t, stack)
}

func options(t *testing.T, d disk, f *filler) engine.Options {
	t.Helper()
	o := enginetest.Fill(t, engine.Options{
		Root: enginetest.Project(t, map[string]string{"test": small}), StateDir: d.state(),
	})
	if f != nil {
		f.count = &atomic.Int64{}
		o.Intercept = func(a provider.Account) provider.Account { f.Account = a; return *f }
	}
	return o
}

func reopen(t *testing.T, d disk, f *filler) (*engine.Sandbox, *engine.Stack) {
	t.Helper()
	sandbox, err := engine.Open(options(t, d, f))
	require.NoError(t, err)
	t.Cleanup(func() { _ = sandbox.Close() })
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: row("a", "b", "c")})
	require.NoError(t, err)
	return sandbox, stack
}

func mustUpOn(t *testing.T, stack *engine.Stack) {
	t.Helper()
	mustUp(t, stack)
	requireStable(t, stack)
}

// fullBeforeARun: whatever is left, the run is refused at once and nothing has
// changed, or it does all it should.
func fullBeforeARun(t *testing.T, d disk) {
	t.Helper()
	sandbox, stack := reopen(t, d, nil)
	want, err := os.ReadFile(stack.StateFile())
	require.NoError(t, err)
	for _, left := range []int64{0, 4 << 10, 12 << 10, 64 << 10, 1 << 20, 4 << 20} {
		d.fill(left)
		begin := time.Now()
		_, err := stack.Destroy(t.Context(), engine.RunOptions{})
		t.Logf("refused with %d bytes left in %v: %v", left, time.Since(begin).Round(time.Millisecond), err)
		require.ErrorContains(t, err, "--state DIR")
		require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
		state, err := os.ReadFile(stack.StateFile())
		require.NoError(t, err)
		require.Equal(t, string(want), string(state))
		require.Len(t, sandbox.Account().List(bucketType), 3)
		d.free()
	}
	_, err = stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Empty(t, sandbox.Account().List(bucketType))
	require.NoError(t, sandbox.Close())
}

// fullDuringARun: the run stops, its state can be read, and the next run finds
// account and state in agreement.
func fullDuringARun(t *testing.T, d disk, f filler) {
	t.Helper()
	name := fmt.Sprintf("%d bytes left at creation %d (before it: %t)", f.left, f.at, f.before)
	sandbox, stack := reopen(t, d, &f)
	begin := time.Now()
	_, err := stack.Up(t.Context(), engine.RunOptions{})
	t.Logf("%s: stopped after %v: %v", name, time.Since(begin).Round(time.Millisecond), err)
	requireStopped(t, stack, err, name)
	d.free()
	mustUp(t, stack)
	require.Len(t, sandbox.Account().List(bucketType), 3, name)
	_, err = stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Empty(t, sandbox.Account().List(bucketType), "%s: nobody knew of it", name)
	require.NoError(t, sandbox.Close())
}

func requireStopped(t *testing.T, stack *engine.Stack, err error, name string) {
	t.Helper()
	require.ErrorIs(t, err, engine.ErrDiskFull, name)
	require.ErrorContains(t, err, "--state DIR", name)
	require.Equal(t, engine.ExitFailed, engine.ExitCode(err), name)
	_, err = stack.Export()
	require.NoError(t, err, name)
}

// fullForGood: somebody takes the reserve, too, as soon as it is given back.
func fullForGood(t *testing.T, d disk) {
	t.Helper()
	done := make(chan struct{})
	var taking sync.WaitGroup
	f := filler{at: 2, before: false, fill: func() {
		d.fill(0)
		taking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					d.fill(0)
				}
			}
		})
	}}
	sandbox, stack := reopen(t, d, &f)
	begin := time.Now()
	_, err := stack.Up(t.Context(), engine.RunOptions{})
	t.Logf("full for good: stopped after %v: %v", time.Since(begin).Round(time.Millisecond), err)
	close(done)
	taking.Wait()
	requireStopped(t, stack, err, "full for good")
	d.free()
	mustUpOn(t, stack)
	_, err = stack.Destroy(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	require.Empty(t, sandbox.Account().List(bucketType))
}
