// Package sts is AWS Security Token Service in the sandbox.
package sts

import (
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers the Security Token Service, AWS Query.
func init() {
	wire.Register(&wire.Service{
		Name:       "sts",
		Protocol:   wire.Query{Namespace: "https://sts.amazonaws.com/doc/2011-06-15/"},
		Operations: map[string]wire.Handler{"GetCallerIdentity": wire.QueryOperation(getCallerIdentity)},
	})
}

type callerIdentity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string `xml:"Account"`
}

func getCallerIdentity(*wire.Parameters) func(x *wire.Exchange) (any, error) {
	return func(x *wire.Exchange) (any, error) {
		x.AllowAnybody("sts:GetCallerIdentity")
		user := view.CallerUserID
		if !x.Caller.Admin {
			arn := x.Caller.SessionARN
			user = "AROASANDBOXROLE:" + arn[strings.LastIndexByte(arn, '/')+1:]
		}
		return callerIdentity{x.Caller.SessionARN, user, view.AccountID}, nil
	}
}
