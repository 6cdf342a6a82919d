package runner

import (
	"encoding/json"
	"fmt"
	"time"
)

// Result is one finished invocation.
type Result struct {
	RequestID string
	// Payload is the function's answer, or the error document if FunctionError is set.
	Payload []byte
	// FunctionError is "Unhandled" when the function failed, as in the X-Amz-Function-Error header.
	FunctionError string
	// Cold says that a new instance had to be started, which took InitDuration until it asked for its first event.
	Cold         bool
	InitDuration time.Duration
	// Duration is the time of the invocation itself.
	Duration time.Duration
	// MaxMemory is the process's largest resident set so far, in bytes; 0 where the machine cannot tell.
	MaxMemory int64
	// Log is what the function wrote during this invocation, and during the start if it was cold, with Lambda's START,
	// END and REPORT lines.
	Log string
	// LogLost says why the log would not be in CloudWatch; empty when the role may write it.
	LogLost string
}

// FunctionError is the document of a failed function.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Err gives a failed function's error, nil for a success.
func (r *Result) Err() error {
	if r.FunctionError == "" {
		return nil
	}
	document := &FunctionError{}
	if err := json.Unmarshal(r.Payload, document); err != nil || document.Message == "" {
		return &FunctionError{Type: r.FunctionError, Message: string(r.Payload)}
	}
	return document
}

// Error is a refusal by Lambda itself: the function did not run.
type Error struct {
	Code    string // e.g. "TooManyRequestsException"
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeTooManyRequests is the code of a throttled invocation.
const CodeTooManyRequests = "TooManyRequestsException"

func errorDocument(kind, format string, args ...any) []byte {
	data, err := json.Marshal(FunctionError{Type: kind, Message: fmt.Sprintf(format, args...)})
	if err != nil {
		return []byte(`{"errorType":"Runtime.Unknown"}`)
	}
	return data
}
