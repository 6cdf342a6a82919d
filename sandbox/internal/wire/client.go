package wire

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Config is an SDK configuration that reaches this server with the given credentials, as AWS_ENDPOINT_URL, AWS_REGION
// and the credentials' variables do for a process.
func (s *Server) Config(c aws.Credentials) aws.Config {
	return aws.Config{
		Region: view.Region, BaseEndpoint: aws.String(s.url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }),
	}
}

// Environment is the same as environment variables, for a process of its own.
func (s *Server) Environment(c aws.Credentials) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":      s.url,
		"AWS_REGION":            view.Region,
		"AWS_DEFAULT_REGION":    view.Region,
		"AWS_ACCESS_KEY_ID":     c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": c.SecretAccessKey,
		"AWS_SESSION_TOKEN":     c.SessionToken,
	}
}
