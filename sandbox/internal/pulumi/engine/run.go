package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/webordinary/live-edit/tools/filelock"
)

// RunOptions are the options of one operation.
type RunOptions struct {
	// Diff prints what changes in each resource, property by property.
	Diff bool
	// Refresh reads the account before an update or a destruction.
	Refresh bool
	// PreviewOnly makes a refresh or a destruction say only what it would do.
	PreviewOnly bool
	// Targets limits the operation to these URNs.
	Targets []string
	// Replace are the URNs of resources to replace in any case.
	Replace []string
	// Parallel limits how many resources are worked on at once; 0 means Pulumi's
	// own limit.
	Parallel int
}

// Preview says what Up would do.
func (s *Stack) Preview(ctx context.Context, options RunOptions) (Result, error) {
	return s.operate(ctx, "preview", func(ctx context.Context, stack *auto.Stack, to streams) error {
		// The CLI (3.274.1) makes all of the state after every step of a preview, too, and throws it away.
		if err := stack.Workspace().SetEnvVars(saveOnce()); err != nil {
			return err
		}
		_, err := stack.Preview(ctx,
			optpreview.ProgressStreams(to.stdout), optpreview.ErrorProgressStreams(to.stderr),
			optpreview.EventStreams(to.events.stream), optpreview.Color(s.options.Color),
			optpreview.Target(options.Targets), optpreview.Replace(options.Replace), optpreview.Parallel(options.Parallel),
			previewFlags(options))
		return err
	})
}

// Up makes the account what the program says.
func (s *Stack) Up(ctx context.Context, options RunOptions) (Result, error) {
	return s.operate(ctx, "up", func(ctx context.Context, stack *auto.Stack, to streams) error {
		_, err := stack.Up(ctx,
			optup.ProgressStreams(to.stdout), optup.ErrorProgressStreams(to.stderr),
			optup.EventStreams(to.events.stream), optup.Color(s.options.Color),
			optup.Target(options.Targets), optup.Replace(options.Replace), optup.Parallel(options.Parallel),
			upFlags(options))
		return err
	})
}

// Refresh makes the state what the account is.
func (s *Stack) Refresh(ctx context.Context, options RunOptions) (Result, error) {
	return s.operate(ctx, "refresh", func(ctx context.Context, stack *auto.Stack, to streams) error {
		all := []optrefresh.Option{
			optrefresh.ProgressStreams(to.stdout), optrefresh.ErrorProgressStreams(to.stderr),
			optrefresh.EventStreams(to.events.stream), optrefresh.Color(s.options.Color),
			optrefresh.Target(options.Targets), optrefresh.Parallel(options.Parallel),
			refreshFlags(options),
		}
		if options.PreviewOnly {
			_, err := stack.PreviewRefresh(ctx, all...)
			return err
		}
		_, err := stack.Refresh(ctx, all...)
		return err
	})
}

// Destroy deletes what the stack has made, but for what is kept by
// retainOnDelete. It previews first, as `pulumi destroy` does: the engine refuses
// to plan the deletion of a protected resource, but once it works without a plan
// it deletes everything else before it says so.
func (s *Stack) Destroy(ctx context.Context, options RunOptions) (Result, error) {
	if !options.PreviewOnly {
		preview := options
		preview.PreviewOnly = true
		if result, err := s.destroy(ctx, preview); err != nil {
			return result, err
		}
	}
	return s.destroy(ctx, options)
}

func (s *Stack) destroy(ctx context.Context, options RunOptions) (Result, error) {
	return s.operate(ctx, "destroy", func(ctx context.Context, stack *auto.Stack, to streams) error {
		all := []optdestroy.Option{
			optdestroy.ProgressStreams(to.stdout), optdestroy.ErrorProgressStreams(to.stderr),
			optdestroy.EventStreams(to.events.stream), optdestroy.Color(s.options.Color),
			optdestroy.Target(options.Targets), optdestroy.Parallel(options.Parallel),
			destroyFlags(options),
		}
		if options.PreviewOnly {
			_, err := stack.PreviewDestroy(ctx, all...)
			return err
		}
		_, err := stack.Destroy(ctx, all...)
		return err
	})
}

// The SDK's switches cannot be passed as values, hence these adapters.

type previewFlags RunOptions

func (f previewFlags) ApplyOption(o *optpreview.Options) { o.Diff, o.Refresh = f.Diff, f.Refresh }

type upFlags RunOptions

func (f upFlags) ApplyOption(o *optup.Options) { o.Diff, o.Refresh = f.Diff, f.Refresh }

type refreshFlags RunOptions

func (f refreshFlags) ApplyOption(o *optrefresh.Options) { o.Diff = f.Diff }

type destroyFlags RunOptions

func (f destroyFlags) ApplyOption(o *optdestroy.Options) { o.Diff, o.Refresh = f.Diff, f.Refresh }

// streams are where an operation reports to.
type streams struct {
	stdout, stderr io.Writer
	events         *recorder
}

// operate runs one operation of the engine on the stack.
func (s *Stack) operate(ctx context.Context, name string,
	run func(context.Context, *auto.Stack, streams) error,
) (result Result, err error) {
	err = s.exclusively(ctx, name, func(ctx context.Context) error {
		work := func(ctx context.Context) error {
			stack, err := s.open(ctx)
			if err != nil {
				return s.startFailure(ctx, name, err)
			}
			var stdout, stderr bytes.Buffer
			to := streams{stdout: tee(&stdout, s.options.Stdout), stderr: tee(&stderr, s.options.Stderr), events: newRecorder()}
			err = run(ctx, &stack, to)
			result = to.events.finish()
			result.Stdout = stdout.String()
			if err != nil {
				return s.runFailure(ctx, name, err, result, stderr.String())
			}
			result.Outputs, err = s.Outputs()
			return err
		}
		if name == "preview" { // it saves nothing
			return work(ctx)
		}
		return s.guarded(ctx, name, work)
	})
	if err != nil {
		if _, damaged := s.Export(); damaged != nil { // says what to do, which the CLI's own words do not
			err = usagef("%s of stack %s failed: %w", name, s.options.Name, damaged)
		}
	}
	return result, s.sandbox.dirs.explainFull(err)
}

// exclusively runs work while no other run works on the stack.
func (s *Stack) exclusively(ctx context.Context, name string, work func(context.Context) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrInterrupted, ctx.Err())
	}
	lock, err := lockStack(s.sandbox.dirs.run, s.options.Name,
		holder{PID: os.Getpid(), Operation: name, Since: time.Now()})
	if err != nil {
		return err
	}
	defer func() { _ = filelock.Release(lock) }() // its CLI has ended; nothing was written to lose
	stale, err := clearStaleLocks(s.sandbox.dirs.pulumiLocks(s.project, s.options.Name))
	if err != nil {
		return err
	}
	for _, left := range stale {
		s.logf("Stack %s was left locked by a run that was killed (process %d, started %s); the lock is removed.",
			s.options.Name, left.PID, left.Timestamp.Local().Format(time.DateTime))
	}
	if _, err := s.restore(); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	return errors.Join(work(withLock(ctx, lock)), s.closeLedger())
}

func (s *Stack) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.sandbox.options.Log, format+"\n", args...)
}

func tee(keep *bytes.Buffer, show io.Writer) io.Writer {
	if show == nil {
		return keep
	}
	return io.MultiWriter(keep, show)
}

// startFailure explains an operation that did not get as far as the engine.
func (s *Stack) startFailure(ctx context.Context, operation string, err error) error {
	var usage *UsageError
	if errors.As(err, &usage) || errors.Is(err, ErrInterrupted) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s of stack %s had not begun", ErrInterrupted, operation, s.options.Name)
	}
	return fmt.Errorf("%s of stack %s could not begin: %w", operation, s.options.Name, err)
}

// runFailure explains an operation that the engine ended with an error.
func (s *Stack) runFailure(ctx context.Context, operation string, err error, result Result, stderr string) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %s of stack %s was stopped; what was done until then is recorded, run it again to go on",
			ErrInterrupted, operation, s.options.Name)
	case auto.IsConcurrentUpdateError(err):
		return fmt.Errorf("%w: %s", ErrBusy, stderr)
	default:
		return s.failure(operation, result, stderr)
	}
}

func (s *Stack) failure(operation string, result Result, stderr string) error {
	return &FailedError{
		Operation: operation, Stack: s.options.Name,
		Diagnostics: result.Errors(), Output: stderr,
	}
}
