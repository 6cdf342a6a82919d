package sandboxtest

import (
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

// What a role may do.
type (
	// Authorizer decides by the policies in an account.
	Authorizer = authz.Authorizer
	// AuthorizationRequest is one question.
	AuthorizationRequest = authz.Request
	// Caller is who asks.
	Caller = authz.Caller
	// ConditionKeys are the request's condition keys with their values.
	ConditionKeys = authz.Context
	// Policy is a parsed policy document.
	Policy = authz.Policy
	// Decision is the answer, and why.
	Decision = authz.Decision
)

// NewAuthorizer decides by an account's policies.
func NewAuthorizer(a authz.Resources) *Authorizer { return authz.New(a) }

// ParseIdentityPolicy reads a policy of a role; source names it in errors and decisions.
func ParseIdentityPolicy(source, document string) (*Policy, error) {
	return authz.Parse(source, document, policies.Identity)
}

// EvaluatePolicies decides by the given identity policies alone.
func EvaluatePolicies(r AuthorizationRequest, identity []*Policy) (Decision, error) {
	return authz.Evaluate(r, identity, nil)
}
