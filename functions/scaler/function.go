package main

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/webordinary/live-edit/functions/identity/parameter"
	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/observe"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/standin"
	"github.com/webordinary/live-edit/functions/scaler/usual"
)

// ecsAPI is all the function does with Amazon ECS.
type ecsAPI interface {
	observe.ECS
	act.ECS
}

// elbAPI is all the function does with Elastic Load Balancing.
type elbAPI interface {
	observe.ELB
	act.ELB
}

// surroundings are what the function lives in.
type surroundings struct {
	ECS        ecsAPI
	ELB        elbAPI
	CloudWatch observe.CloudWatch
	SSM        parameter.API
	Log        *slog.Logger
	// Metrics receives lines in CloudWatch's embedded metric format.
	Metrics io.Writer
}

// newHandler joins the layers (observe, decide, act) behind the web front, which calls them for every event of the function.
func newHandler(cfg *config.Config, around *surroundings) *requests.Handler {
	policy := decide.NewPolicy(cfg.Idle)
	layout := decide.Layout{Base: cfg.PriorityBase}
	observer := &observe.Observer{
		Subject: observe.Subject{
			Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, SignInRuleARN: cfg.SignInRuleARN,
			APIGroupARN: cfg.APIGroupARN, PreviewGroupARN: cfg.PreviewGroupARN, Layout: layout, Window: policy.Window(),
		},
		ECS: around.ECS, ELB: around.ELB, CloudWatch: around.CloudWatch,
	}
	handler := &requests.Handler{
		Classifier: requests.Classifier{Credentials: cfg.Credentials},
		Runner: &reconcile.Reconciler{
			Policy: policy,
			Begin:  func() reconcile.Observation { return observer.Begin() },
			Actor: &act.Actor{
				Subject: act.Subject{
					Cluster: cfg.Cluster, Service: cfg.Service, RuleARN: cfg.RuleARN, SignInRuleARN: cfg.SignInRuleARN, Layout: layout,
				},
				ECS: around.ECS, ELB: around.ELB, Now: cfg.Clock.Now,
			},
			Now: cfg.Clock.Now,
		},
		Recorder: &reconcile.Recorder{Service: cfg.Service, Log: around.Log, Metrics: around.Metrics, Now: cfg.Clock.Now},
		Glance:   observer.Glance,
		Log:      around.Log,
		Now:      cfg.Clock.Now,
		Sleep:    cfg.Clock.Sleep,
	}
	handler.Typical = usual.New(usual.Wakes{
		CloudWatch: around.CloudWatch, Service: cfg.Service, Client: cfg.Client, BuiltIn: requests.TypicalWake, Now: cfg.Clock.Now,
		Log: around.Log,
	}).Typical
	if cfg.StandIn != nil {
		handler.StandIn = &standin.Site{Base: cfg.StandIn, Now: cfg.Clock.Now}
	}
	if cfg.Auth != nil {
		handler.Gate = cfg.Auth.Gate(&http.Client{Timeout: keyTimeout}, parameter.Reader(around.SSM, cfg.Auth.Parameter), cfg.Clock.Now)
	}
	return handler
}

// keyTimeout of asking for the load balancer's public key.
const keyTimeout = 3 * time.Second
