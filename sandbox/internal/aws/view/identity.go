// Package view says how everything in the account is named: the account itself, its ARNs, and the type tokens of what it holds.
// It imports nothing of the sandbox but what keeps the account.
package view

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// The account's identity, as in the specification.
const (
	// AccountID is the account number.
	AccountID = "942734823970"
	// Region is the only region that the account knows.
	Region = "us-west-2"
	// Partition is the ARN partition.
	Partition = "aws"
	// CallerARN is who deploys: the answer of getCallerIdentity.
	CallerARN = "arn:aws:iam::942734823970:user/deployer"
	// CallerUserID is the caller's unique ID.
	CallerUserID = "AIDA5WLTTXLRJSANDBOX1"
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

// RandomUUID is what AWS calls a request, an event or a key.
func RandomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ShortID derives an identifier from what it names, so that the same history gives the same account.
func ShortID(parts ...any) string {
	sum := sha256.Sum256(fmt.Append(nil, parts...))
	return hex.EncodeToString(sum[:16])
}
