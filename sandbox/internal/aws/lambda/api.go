package lambda

import (
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/quotas"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers AWS Lambda, REST-JSON.
func init() {
	wire.Register(&wire.Service{Name: "lambda", Protocol: lambdaProtocol{}, Operations: map[string]wire.Handler{
		"GetAccountSettings": getAccountSettings,
		operationInvoke:      invokeFunction,
	}, CallsBack: map[string]bool{operationInvoke: true}})
}

const operationInvoke = "Invoke"

// lambdaProtocol is REST-JSON: method and path name the operation, and an error's code is in a header.
type lambdaProtocol struct{ wire.JSON }

func (lambdaProtocol) Operation(x *wire.Exchange) string {
	path := strings.TrimSuffix(x.Request.URL.Path, "/")
	if x.Request.Method == http.MethodGet && path == "/2016-08-19/account-settings" {
		return "GetAccountSettings"
	}
	if _, ok := invokedFunction(x); ok {
		return operationInvoke
	}
	return x.Request.Method + " " + path
}

// invokedFunction is the function that POST /2015-03-31/functions/NAME/invocations names.
func invokedFunction(x *wire.Exchange) (name string, ok bool) {
	name, isFunction := strings.CutPrefix(x.Request.URL.Path, "/2015-03-31/functions/")
	name, isInvocation := strings.CutSuffix(name, "/invocations")
	return name, isFunction && isInvocation && x.Request.Method == http.MethodPost
}

func (lambdaProtocol) Write(w http.ResponseWriter, _ *wire.Exchange, result any) {
	if answer, ok := result.(invocationAnswer); ok {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer) // the client may be gone
		return
	}
	wire.WriteJSON(w, http.StatusOK, result)
}

func (p lambdaProtocol) WriteError(w http.ResponseWriter, _ *wire.Exchange, e *wire.Error) {
	rendered := p.Names().Of(e)
	w.Header().Set("X-Amzn-Errortype", rendered.Code)
	wire.WriteJSON(w, rendered.Status, map[string]string{"Type": "User", "Message": rendered.Message})
}

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

// invocationAnswer is what a function returned, as it is.
type invocationAnswer []byte

// invokeFunction waits for the function, which calls this server meanwhile.
func invokeFunction(x *wire.Exchange) (any, error) {
	name, _ := invokedFunction(x)
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
	return invocationAnswer(answer), nil
}
