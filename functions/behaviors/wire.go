package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// answerMargin is left of the function's time to say what went wrong, instead of being cut off.
const answerMargin = 2 * time.Second

// newFunction connects the handler with Lambda's environment and CloudFront.
func newFunction(ctx context.Context) (func(context.Context, json.RawMessage) (invocation.Result, error), error) {
	distributions, err := live(ctx)
	if err != nil {
		return nil, err
	}
	// A broken environment is reported by the re-merge, which needs it. A delete brings its own input, and must work.
	env, envErr := invocation.LoadEnvironment(os.Getenv)
	h := &invocation.Handler{
		Distributions: distributions,
		Standing:      func() (spec.Input, error) { return env.Input, envErr },
		Function:      env.Function,
		Metrics:       os.Stdout,
		Log:           slog.New(slog.NewJSONHandler(os.Stdout, nil)),
		Now:           time.Now,
		Sleep:         sleep,
	}
	if envErr != nil {
		h.Log.Error("a re-merge will fail", "error", envErr)
	}
	return func(ctx context.Context, payload json.RawMessage) (invocation.Result, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerMargin))
			defer cancel()
		}
		return h.Handle(ctx, payload)
	}, nil
}

// live reaches CloudFront with the AWS SDK's own configuration: environment, profile or role.
func live(ctx context.Context) (*distribution.Applier, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return applier(cfg), nil
}

func applier(cfg aws.Config) *distribution.Applier {
	return &distribution.Applier{Store: distribution.NewCloudFront(cfg), Sleep: sleep, Jitter: jitter}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// jitter spreads competing writers; nobody has to be unable to guess it.
func jitter(below time.Duration) time.Duration {
	return rand.N(below) //nolint:gosec // not a secret
}
