// Command scaler is the Lambda function that wakes the live editor when somebody comes and puts it to sleep when nobody
// is there. The load balancer sends it requests while the editor sleeps; a schedule calls it every minute.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	cfg, err := config.Load(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	api := newClients(cfg.Region, os.Getenv)
	handler := newHandler(cfg, &surroundings{
		ECS: api.ECS, ELB: api.ELB, CloudWatch: api.CloudWatch, SSM: api.SSM, Log: log, Metrics: os.Stdout,
	})
	lambda.Start(func(ctx context.Context, payload json.RawMessage) (*requests.Response, error) {
		return handler.Handle(cfg.Clock.Context(ctx), payload)
	})
}
