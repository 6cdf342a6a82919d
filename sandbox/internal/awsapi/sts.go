package awsapi

import (
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// stsService answers the Security Token Service, AWS Query.
func stsService() *service {
	return &service{
		name:       "sts",
		protocol:   queryProtocol{"https://sts.amazonaws.com/doc/2011-06-15/"},
		operations: map[string]handler{"GetCallerIdentity": queryOperation(getCallerIdentity)},
	}
}

type callerIdentity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string `xml:"Account"`
}

func getCallerIdentity(*parameters) func(x *exchange) (any, error) {
	return func(x *exchange) (any, error) {
		x.allowAnybody("sts:GetCallerIdentity")
		user := view.CallerUserID
		if !x.caller.admin {
			arn := x.caller.SessionARN
			user = "AROASANDBOXROLE:" + arn[strings.LastIndexByte(arn, '/')+1:]
		}
		return callerIdentity{x.caller.SessionARN, user, view.AccountID}, nil
	}
}
