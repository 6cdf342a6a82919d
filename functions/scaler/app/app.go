// Package app joins the scaler's layers: observe, decide, act, and the web front that calls them.
package app

import (
	"io"
	"log/slog"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/telemetry"
	"github.com/webordinary/live-edit/functions/scaler/web"
)

// ECS is all the function does with Amazon ECS.
type ECS interface {
	observe.ECS
	act.ECS
}

// ELB is all the function does with Elastic Load Balancing.
type ELB interface {
	observe.ELB
	act.ELB
}

// Surroundings are what the function lives in.
type Surroundings struct {
	ECS        ECS
	ELB        ELB
	CloudWatch observe.CloudWatch
	Log        *slog.Logger
	// Metrics receives lines in CloudWatch's embedded metric format.
	Metrics io.Writer
}

// New makes the handler of the function's events.
func New(cfg *config.Config, around *Surroundings) *web.Handler {
	policy := decide.NewPolicy(cfg.Idle)
	layout := decide.Layout{Base: cfg.PriorityBase}
	observer := &observe.Observer{
		Subject: observe.Subject{
			Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, APIGroupARN: cfg.APIGroupARN,
			PreviewGroupARN: cfg.PreviewGroupARN, Layout: layout, Window: policy.Window(),
		},
		ECS: around.ECS, ELB: around.ELB, CloudWatch: around.CloudWatch,
	}
	return &web.Handler{
		Classifier: web.Classifier{Credentials: cfg.Credentials},
		Runner: &reconcile.Reconciler{
			Policy: policy,
			Begin:  func() reconcile.Look { return observer.Begin() },
			Actor: &act.Actor{
				Subject: act.Subject{Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, Layout: layout},
				ECS:     around.ECS, ELB: around.ELB, Now: cfg.Clock.Now,
			},
			Now: cfg.Clock.Now,
		},
		Recorder: &telemetry.Recorder{Service: cfg.Service, Log: around.Log, Metrics: around.Metrics, Now: cfg.Clock.Now},
		Glance:   observer.Glance,
		Log:      around.Log,
		Now:      cfg.Clock.Now,
		Sleep:    cfg.Clock.Sleep,
	}
}
