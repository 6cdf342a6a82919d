package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/webordinary/live-edit/cmd/probe/foundation"
	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/functions/awslogin"
)

// newFoundation connects the checks of the foundation to the stack's account.
func newFoundation(ctx context.Context, o *options, p *place, book *report.Book) (func(context.Context), error) {
	outputs, err := readOutputs(o, p)
	if err != nil {
		return nil, err
	}
	cfg, err := p.aws(ctx, foundation.Region(outputs))
	if err != nil {
		return nil, err
	}
	checker := &foundation.Checker{
		Registry: ecr.NewFromConfig(cfg), Tasks: ecs.NewFromConfig(cfg), Secrets: secretsmanager.NewFromConfig(cfg),
		Roles: iam.NewFromConfig(cfg), Files: efs.NewFromConfig(cfg), Caller: sts.NewFromConfig(cfg),
		Outputs: outputs, Readers: o.readers, Values: o.values, Book: book,
	}
	return checker.Run, nil
}

// aws finds credentials as the AWS CLI does; a sandbox brings its own.
func (p *place) aws(ctx context.Context, region string) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if s := p.served; s != nil {
		options = append(options, config.WithBaseEndpoint(s.AWS["AWS_ENDPOINT_URL"]), config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(s.AWS["AWS_ACCESS_KEY_ID"], s.AWS["AWS_SECRET_ACCESS_KEY"], s.AWS["AWS_SESSION_TOKEN"])))
	}
	return awslogin.Load(ctx, options...)
}

// readOutputs reads the stack's outputs from the file that was given, or takes the sandbox's.
func readOutputs(o *options, p *place) (map[string]any, error) {
	if o.outputs == "" {
		return p.served.Outputs, nil
	}
	read := func() ([]byte, error) { return os.ReadFile(o.outputs) } //nolint:gosec // the user names the file
	if o.outputs == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	data, err := read()
	if err != nil {
		return nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	var outputs map[string]any
	if err := json.Unmarshal(data, &outputs); err != nil {
		return nil, fmt.Errorf("-outputs %s: expected the JSON object that `pulumi stack output --json` prints: %w", o.outputs, err)
	}
	return outputs, nil
}
