// Package parameter reads a client's invited people from Systems Manager's Parameter Store.
package parameter

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// API is what is used of Systems Manager.
type API interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var errEmpty = errors.New("the answer has no value")

// Reader returns a function that reads the parameter of a name.
func Reader(api API, name string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
		if err != nil {
			return "", fmt.Errorf("get parameter %s: %w", name, err)
		}
		if out.Parameter == nil || out.Parameter.Value == nil {
			return "", fmt.Errorf("get parameter %s: %w", name, errEmpty)
		}
		return aws.ToString(out.Parameter.Value), nil
	}
}
