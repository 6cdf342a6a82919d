// Command behaviors adds the live editor's origin and cache behaviors to a CloudFront distribution that another stack
// owns, keeps them there, and takes them out again.
//
// In Lambda it answers Pulumi's aws.lambda.Invocation and a schedule. On a command line it shows, and does, the same:
// see -help.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/webordinary/live-edit/functions/awslogin"
	"github.com/webordinary/live-edit/functions/behaviors/distribution"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serve(ctx)
		return
	}
	c := command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Distributions: ofAPerson}
	code := c.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// ofAPerson reaches CloudFront with the credentials of whoever runs the command, and says what to do when there are none.
func ofAPerson(ctx context.Context) (*distribution.Applier, error) {
	cfg, err := awslogin.Load(ctx)
	if err != nil {
		return nil, err
	}
	return applier(cfg), nil
}

// serve answers Lambda until the process ends.
func serve(ctx context.Context) {
	handle, err := newFunction(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.StartWithOptions(handle, lambda.WithContext(ctx))
}
