// Package view says how everything in the account is named: the account itself, its ARNs, and the type tokens of what it holds.
// It imports nothing of the sandbox.
package view

import "time"

// Identity of the account; the account package documents and exports these.
const (
	AccountID = "942734823970"
	Region    = "us-west-2"
)

// ARN is an ARN in this account and region.
func ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + Region + ":" + AccountID + ":" + resource
}

// GlobalARN is an ARN of a service without regions.
func GlobalARN(service, resource string) string {
	return "arn:aws:" + service + "::" + AccountID + ":" + resource
}

// Timestamp is the time format of most AWS outputs.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
