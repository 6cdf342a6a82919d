package lambda

import (
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/quotas"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers AWS Lambda, REST-JSON.
func init() {
	speak := wire.RESTJSON{Routes: wire.Routes{
		"GET /2016-08-19/account-settings":              "GetAccountSettings",
		"POST /2015-03-31/functions/{name}/invocations": operationInvoke,
	}}
	wire.Register(&wire.Service{Name: "lambda", Protocol: speak, Operations: map[string]wire.Handler{
		"GetAccountSettings": getAccountSettings,
		operationInvoke:      invokeFunction,
	}, CallsBack: map[string]bool{operationInvoke: true}})
}

const operationInvoke = "Invoke"

// getAccountSettings gives the limits of Lambda; those that are no quota of the account are AWS's (Lambda quotas).
func getAccountSettings(x *wire.Exchange) (any, error) {
	if err := x.Allow("lambda:GetAccountSettings", "*", nil); err != nil {
		return nil, err
	}
	const codeSize, zipped, unzipped = 80530636800, 52428800, 262144000
	concurrency := quotas.Value(x, quotas.QuotaConcurrency)
	reserved, functions := 0.0, x.Store.List("aws:lambda/function:Function")
	for _, f := range functions {
		if n := f.State["reservedConcurrentExecutions"]; n.IsNumber() && n.NumberValue() > 0 {
			reserved += n.NumberValue()
		}
	}
	return map[string]any{
		"AccountLimit": map[string]any{
			"TotalCodeSize": codeSize, "CodeSizeZipped": zipped, "CodeSizeUnzipped": unzipped,
			"ConcurrentExecutions": int(concurrency), "UnreservedConcurrentExecutions": int(concurrency - reserved),
		},
		"AccountUsage": map[string]any{"FunctionCount": len(functions)},
	}, nil
}

// invokeFunction waits for the function, which calls this server meanwhile.
func invokeFunction(x *wire.Exchange) (any, error) {
	name := x.Path("name")
	arn := name
	if !strings.HasPrefix(name, "arn:") {
		arn = "arn:" + view.Partition + ":lambda:" + view.Region + ":" + view.AccountID + ":function:" + name
	}
	if err := x.Allow("lambda:InvokeFunction", arn, nil); err != nil {
		return nil, err
	}
	if kind := x.Request.Header.Get("X-Amz-Invocation-Type"); kind != "" && kind != "RequestResponse" {
		return nil, wire.NotSupported("the sandbox does not implement invocations of type %s", kind)
	}
	invoke := x.Invoker()
	if invoke == nil {
		return nil, wire.NotSupported("functions run while a stack is served, and not here")
	}
	answer, failure, err := invoke(x.Request.Context(), name, x.Body)
	if err != nil {
		return nil, err
	}
	if failure != "" {
		x.Header.Set("X-Amz-Function-Error", failure)
	}
	return answer, nil
}
