package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind is a class of failures that every service has, each under a name of its protocol.
type Kind int

// The kinds of errors. Modeled errors have a code of their own.
const (
	Modeled Kind = iota
	AccessDenied
	// Throttled is the answer to too many calls; the SDK backs off and retries.
	Throttled
	// Internal is a failure on AWS's side; the SDK retries it.
	Internal
	InvalidSignature
	UnknownToken
	MissingToken
)

// Error is a refusal or failure as a client sees it.
type Error struct {
	Kind    Kind
	Code    string // for Modeled errors, e.g. "ServiceNotFoundException"
	Message string
	Status  int // HTTP status of a Modeled error; 0 means 400
}

func (e *Error) Error() string {
	if e.Kind == Modeled {
		return e.Code + ": " + e.Message
	}
	return e.Message
}

// Refuse makes a modeled client error.
func Refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// codeNotSupported marks a gap of the sandbox rather than a refusal of AWS. Status 501 is not retried by the SDK.
const codeNotSupported = "SandboxNotSupported"

// NotSupported is a gap of the sandbox: what AWS does there is not known to it.
func NotSupported(format string, args ...any) *Error {
	return &Error{Code: codeNotSupported, Message: fmt.Sprintf(format, args...), Status: http.StatusNotImplemented}
}

// AsError finds the client's error in err; anything else is a fault of the sandbox.
func AsError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return NotSupported("%v", err)
}

// Rendered is an error in the terms of one protocol.
type Rendered struct {
	Code    string
	Message string
	Status  int
}

// ErrorNames are a protocol's names for the kinds that all services share ("Common errors" in each API reference).
type ErrorNames map[Kind]Rendered

// Of puts an error in the terms of the protocol.
func (n ErrorNames) Of(e *Error) Rendered {
	if e.Kind == Modeled {
		out := Rendered{Code: e.Code, Message: e.Message, Status: e.Status}
		if out.Status == 0 {
			out.Status = http.StatusBadRequest
		}
		return out
	}
	out := n[e.Kind]
	if e.Message != "" {
		out.Message = e.Message
	}
	return out
}

func (w Rendered) fault() string {
	if w.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
