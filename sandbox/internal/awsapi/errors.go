package awsapi

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

// refuse makes a modeled client error.
func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// codeNotSupported marks a gap of the sandbox rather than a refusal of AWS. Status 501 is not retried by the SDK.
const codeNotSupported = "SandboxNotSupported"

func notSupported(format string, args ...any) *Error {
	return &Error{Code: codeNotSupported, Message: fmt.Sprintf(format, args...), Status: http.StatusNotImplemented}
}

// asError finds the client's error in err; anything else is a fault of the sandbox.
func asError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return notSupported("%v", err)
}

// wire is an error in the terms of one protocol.
type wire struct {
	code    string
	message string
	status  int
}

// names are a protocol's names for the kinds that all services share ("Common errors" in each API reference).
type names map[Kind]wire

func (n names) of(e *Error) wire {
	if e.Kind == Modeled {
		out := wire{code: e.Code, message: e.Message, status: e.Status}
		if out.status == 0 {
			out.status = http.StatusBadRequest
		}
		return out
	}
	out := n[e.Kind]
	if e.Message != "" {
		out.message = e.Message
	}
	return out
}

func (w wire) fault() string {
	if w.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
