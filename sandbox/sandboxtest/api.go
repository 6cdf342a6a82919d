package sandboxtest

import "github.com/webordinary/live-edit/sandbox/internal/awsapi"

// The AWS APIs of an account.
type (
	// API answers AWS's clients.
	API = awsapi.Server
	// APIOptions say which account answers, and when it is.
	APIOptions = awsapi.Options
	// APIError is a refusal as a client sees it.
	APIError = awsapi.Error
	// Call is one call that was made.
	Call = awsapi.Call
	// Fault is something that goes wrong with calls to come.
	Fault = awsapi.Fault
)

// Throttled is the kind of error of too many calls.
const Throttled = awsapi.Throttled

// StartAPI starts the APIs on a free port of this machine.
func StartAPI(o APIOptions) (*API, error) { return awsapi.Start(o) }
