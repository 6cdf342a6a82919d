package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/report"
	"github.com/webordinary/live-edit/functions/cleanup/spec"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// serve runs in Lambda. A configuration that makes no sense ends the function
// at init, with everything that is wrong with it in the log.
func serve() int {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	cfg, err := settingsFrom(os.LookupEnv)
	if err != nil {
		log.Error("the function can't start", "error", err)
		return 1
	}
	h := handler{cfg: cfg, log: log, metrics: os.Stdout, function: os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), clock: systemClock{}}
	lambda.Start(h.handle)
	return 0
}

// handler answers one invocation with one run.
type handler struct {
	cfg      settings
	log      *slog.Logger
	metrics  io.Writer
	function string
	clock    sweep.Clock
}

// request is what an invocation may ask for. The schedule's own event has none
// of it, which means a run as configured.
type request struct {
	DryRun bool `json:"dryRun"`
}

// errFailures makes the invocation fail, so that the alarm on errors tells.
var errFailures = errors.New("the file system failed")

func (h handler) handle(ctx context.Context, event json.RawMessage) (report.Summary, error) {
	var req request
	if err := json.Unmarshal(event, &req); err != nil {
		return report.Summary{}, fmt.Errorf(`event: expected a JSON object, such as {"dryRun": true}: %w`, err)
	}
	ctx, cancel := h.untilDeadline(ctx)
	defer cancel()
	summary, err := h.run(ctx, req)
	if errors.Is(err, sweep.ErrBusy) {
		h.log.Warn("nothing done", "reason", err)
		return summary, nil // its work is being done; a retry would find the same
	}
	if err != nil {
		return summary, err
	}
	if err := summary.EMF(h.metrics, h.function, h.clock.Now()); err != nil {
		return summary, err
	}
	if n := summary.Failed(); n > 0 {
		return summary, fmt.Errorf("%d operations in %s: %w; the log has the first of each kind", n, h.cfg.Root, errFailures)
	}
	return summary, nil
}

// untilDeadline ends the run early enough for its report.
func (h handler) untilDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, deadline.Add(-h.cfg.Margin), errDeadline)
}

var errDeadline = errors.New("the function's deadline is near")

func (h handler) run(ctx context.Context, req request) (report.Summary, error) {
	root, err := fsx.Open(h.cfg.Root)
	if err != nil {
		return report.Summary{}, fmt.Errorf("%s: %w; is the access point mounted there?", spec.Root, err)
	}
	cfg := h.cfg.Sweep
	cfg.DryRun = cfg.DryRun || req.DryRun
	summary, err := sweep.Run(ctx, sweep.Options{Config: cfg, Root: root, Clock: h.clock, Log: h.log})
	return summary, errors.Join(err, root.Close())
}

// systemClock is the real time.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
