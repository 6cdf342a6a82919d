package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

const (
	// callTimeout of one attempt; all of these APIs answer within fractions of a second.
	callTimeout = 4 * time.Second
	// attempts and maxBackoff keep a throttled call's retries within seconds: the next tick tries again anyway.
	attempts   = 3
	maxBackoff = time.Second
)

// clients are the APIs the function uses.
type clients struct {
	ECS        *ecs.Client
	ELB        *elb.Client
	CloudWatch *cloudwatch.Client
	SSM        *ssm.Client
}

// newClients makes the SDK's clients for a Lambda function that is to start fast: region and credentials come from the
// environment that Lambda sets, so the SDK's config package, with its files, SSO, STS and instance metadata, stays out. That
// halves the binary and saves several milliseconds of every cold start.
// The SDK's own AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> variables are honoured.
func newClients(region string, getenv func(string) string) *clients {
	cfg := aws.Config{
		Region:      region,
		Credentials: aws.NewCredentialsCache(credentials{getenv}),
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
			// The calls of one round go out side by side, to three hosts.
			t.MaxIdleConnsPerHost = 4
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff
			})
		},
	}
	return &clients{
		ECS: ecs.NewFromConfig(cfg, func(o *ecs.Options) { o.BaseEndpoint = endpoint(getenv, ecs.ServiceID) }),
		ELB: elb.NewFromConfig(cfg, func(o *elb.Options) { o.BaseEndpoint = endpoint(getenv, elb.ServiceID) }),
		CloudWatch: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.BaseEndpoint = endpoint(getenv, cloudwatch.ServiceID)
		}),
		SSM: ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.BaseEndpoint = endpoint(getenv, ssm.ServiceID) }),
	}
}

// endpoint follows the SDKs' reference guide, "Service-specific endpoints": the service's own variable, then the common
// one, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true; nil means AWS's own.
func endpoint(getenv func(string) string, serviceID string) *string {
	if strings.EqualFold(getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return nil
	}
	own := "AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(serviceID, " ", "_"))
	for _, name := range []string{own, "AWS_ENDPOINT_URL"} {
		if url := getenv(name); url != "" {
			return &url
		}
	}
	return nil
}

// credentials are those of the function's role, which Lambda puts into the environment.
type credentials struct{ getenv func(string) string }

var errNoCredentials = errors.New("no credentials")

// Retrieve reads them.
func (c credentials) Retrieve(context.Context) (aws.Credentials, error) {
	found := aws.Credentials{
		AccessKeyID: c.getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: c.getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: c.getenv("AWS_SESSION_TOKEN"), Source: "environment",
	}
	if !found.HasKeys() {
		return aws.Credentials{}, fmt.Errorf("%w: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", errNoCredentials)
	}
	return found, nil
}
