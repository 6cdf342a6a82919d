// Command scaler is the Lambda function that wakes the live editor when somebody comes and puts it to sleep when nobody
// is there. The load balancer sends it requests while the editor sleeps; a schedule calls it every minute.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/awsapi"
	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/telemetry"
	"github.com/webordinary/live-edit/functions/scaler/web"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.Load(os.Getenv)
	if err != nil {
		slog.Error("the function is not configured", "error", err)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	handler := newHandler(cfg, awsapi.New(cfg.Region, os.Getenv))
	lambda.Start(func(ctx context.Context, payload json.RawMessage) (*web.Response, error) {
		return handler.Handle(ctx, payload)
	})
}

// newHandler joins the layers.
func newHandler(cfg *config.Config, clients *awsapi.Clients) *web.Handler {
	policy := decide.NewPolicy(cfg.Idle)
	layout := decide.Layout{Base: cfg.PriorityBase}
	observer := &observe.Observer{
		Subject: observe.Subject{
			Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, APIGroupARN: cfg.APIGroupARN,
			PreviewGroupARN: cfg.PreviewGroupARN, Layout: layout, Window: policy.Window(),
		},
		ECS: clients.ECS, ELB: clients.ELB, CloudWatch: clients.CloudWatch,
	}
	return &web.Handler{
		Classifier: web.Classifier{Credentials: cfg.Credentials},
		Runner: &reconcile.Reconciler{
			Policy: policy,
			Begin:  func() reconcile.Look { return observer.Begin() },
			Actor: &act.Actor{
				Subject: act.Subject{Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, Layout: layout},
				ECS:     clients.ECS, ELB: clients.ELB, Now: time.Now,
			},
			Now: time.Now,
		},
		Recorder:    &telemetry.Recorder{Service: cfg.Service, Log: slog.Default(), Metrics: os.Stdout, Now: time.Now},
		Glance:      observer.Glance,
		Holds:       web.NewHolds(cfg.MaxHolds),
		TypicalWake: cfg.TypicalWake,
		Now:         time.Now,
		Sleep:       sleep,
	}
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	}
}
