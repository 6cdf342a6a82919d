// Command specimen is a Lambda function that does what its event says, for the tests of runner.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

type order struct {
	Do    string            `json:"do"`
	Text  string            `json:"text"`
	Count int               `json:"count"`
	Path  string            `json:"path"` // of a load balancer's event
	Multi map[string][]any  `json:"multiValueHeaders"`
	Query map[string]string `json:"queryStringParameters"`
}

var served int

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		fmt.Fprintln(os.Stderr, "INIT is exit: missing configuration")
		os.Exit(3)
	case "slow":
		time.Sleep(time.Hour)
	}
	fmt.Println("started")
	lambda.Start(handle)
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	served++
	var o order
	if err := json.Unmarshal(event, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case "echo":
		fmt.Println("echoing", o.Text)
		return o.Text, nil
	case "count":
		return served, nil
	case "sleep":
		time.Sleep(time.Duration(o.Count) * time.Millisecond)
		return "slept", nil
	case "wait": // until the file that Text names exists
		for _, err := os.Stat(o.Text); err != nil; _, err = os.Stat(o.Text) {
			time.Sleep(time.Millisecond)
		}
		return "waited", nil
	case "error":
		return nil, errors.New("it went wrong: " + o.Text)
	case "panic":
		panic(o.Text)
	case "exit":
		os.Exit(o.Count)
	case "environment":
		return environment(), nil
	case "context":
		deadline, _ := ctx.Deadline()
		lc, _ := lambdacontext.FromContext(ctx)
		return map[string]any{
			"left": time.Until(deadline).Milliseconds(), "request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"name": lambdacontext.FunctionName, "memory": lambdacontext.MemoryLimitInMB,
		}, nil
	case "large":
		return strings.Repeat("x", o.Count), nil
	case "stray": // an answer to an invocation that there is not
		response, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/invocation/none/response", "", nil)
		if err != nil {
			return nil, err
		}
		return response.StatusCode, response.Body.Close()
	case "list":
		return listTasks(ctx)
	}
	return albResponse(o, event), nil
}

func environment() map[string]string {
	out := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		out[name] = value
	}
	return out
}

// listTasks calls AWS with nothing but the environment's configuration.
func listTasks(ctx context.Context) (any, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return nil, err
	}
	cluster := "edit-cluster"
	out, err := ecs.NewFromConfig(settings).ListTasks(ctx, &ecs.ListTasksInput{Cluster: &cluster})
	if err != nil {
		return nil, err
	}
	return out.TaskArns, nil
}

// albResponse answers a load balancer's event by its path.
func albResponse(o order, event json.RawMessage) any {
	switch o.Path {
	case "/null-body":
		return map[string]any{"statusCode": 200, "body": nil}
	case "/fails":
		panic("no answer")
	}
	return map[string]any{
		"statusCode": 201, "statusDescription": "201 Created", "body": string(event),
		"multiValueHeaders": map[string][]string{"Set-Cookie": {"a=1", "b=2"}, "Content-Type": {"application/json"}, "Connection": {"close"}},
		"headers":           map[string]string{"X-Single": "yes", "Content-Type": "text/plain"},
	}
}
