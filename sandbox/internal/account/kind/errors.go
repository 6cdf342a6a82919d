package kind

import (
	"errors"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Error is a refusal by the account.
type Error struct {
	// Type and Name are the resource's type token and Pulumi name.
	Type, Name string
	// Property and Value are what is refused; empty when it is the whole resource.
	Property, Value string
	// Code is AWS's error code, such as "PriorityInUse".
	Code string
	// Message is the rule in AWS's words where it has words for it, and what to do.
	Message string
}

// ErrPasses stands beside a refusal whose reason goes away by itself.
var ErrPasses = errors.New("it passes by itself")

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q", e.Type, e.Name)
	if e.Property != "" {
		fmt.Fprintf(&b, ", property %s", e.Property)
		if e.Value != "" {
			fmt.Fprintf(&b, " = %s", e.Value)
		}
	}
	fmt.Fprintf(&b, ": %s: %s", e.Code, e.Message)
	return b.String()
}

// NameOf is the last part of a URN: the Pulumi name. Things without a URN are
// called by the fallback.
func NameOf(urn, fallback string) string {
	if urn == "" {
		return fallback
	}
	return urn[strings.LastIndex(urn, "::")+2:]
}

// Describe names a resource in a message.
func Describe(r Resource) string {
	if r.URN == "" {
		return fmt.Sprintf("%s %s", r.Type, r.ID)
	}
	return fmt.Sprintf("%s %q (%s)", r.Type, NameOf(r.URN, r.ID), r.ID)
}

// valueText renders the value at a concrete path for a message.
func valueText(m props.Map, path string) string {
	if v, ok := props.Get(m, props.Path(path)); ok {
		return props.Text(v)
	}
	return ""
}
