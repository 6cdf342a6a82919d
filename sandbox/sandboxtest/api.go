package sandboxtest

import (
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The AWS APIs of an account.
type (
	// API answers AWS's clients.
	API = wire.Server
	// APIOptions say which account answers, and when it is.
	APIOptions = wire.Options
	// APIError is a refusal as a client sees it.
	APIError = wire.Error
	// Call is one call that was made.
	Call = wire.Call
	// Fault is something that goes wrong with calls to come.
	Fault = wire.Fault
)

// Throttled is the kind of error of too many calls.
const Throttled = wire.Throttled

// StartAPI starts the APIs on a free port of this machine.
func StartAPI(o APIOptions) (*API, error) { return wire.Start(o) }
