package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

// Caller is who makes a request: the role, and the session in which it acts.
type Caller struct {
	RoleARN    string // arn:aws:iam::123456789012:role/name
	SessionARN string // arn:aws:sts::123456789012:assumed-role/name/session
	// Service is set instead of the role when an AWS service itself acts, e.g. "elasticloadbalancing.amazonaws.com".
	Service string
}

// Request is one question to IAM.
type Request struct {
	Caller   Caller
	Action   string // e.g. "ecs:UpdateService"
	Resource string // the resource's ARN, or "*" for an action without resource-level permissions
	Context  Context
}

// Outcome is why a request was allowed or refused.
type Outcome int

// The outcomes. The zero value refuses.
const (
	// NoAllow means that no policy allows the action: an implicit deny.
	NoAllow Outcome = iota
	// DeniedByIdentity means an explicit Deny in a policy of the role.
	DeniedByIdentity
	// DeniedByResource means an explicit Deny in the resource's policy.
	DeniedByResource
	// AllowedByIdentity means that a policy of the role allows it.
	AllowedByIdentity
	// AllowedByResource means that the resource's policy allows it.
	AllowedByResource
)

// Decision is IAM's answer.
type Decision struct {
	Outcome Outcome
	// Statement names the statement that decided, e.g. `statement "Wake" of inline policy "ecs" of role scaler`; it is
	// empty when no statement allows.
	Statement string
}

// Allowed says whether the request may go ahead.
func (d Decision) Allowed() bool {
	return d.Outcome == AllowedByIdentity || d.Outcome == AllowedByResource
}

// Reason says in a clause which statement decided.
func (d Decision) Reason() string {
	switch d.Outcome {
	case AllowedByIdentity, AllowedByResource:
		return "allowed by " + d.Statement
	case DeniedByIdentity, DeniedByResource:
		return "denied by " + d.Statement
	default:
		return "no statement allows it"
	}
}

// Explain gives the text of AWS's own refusal ("Troubleshoot access denied error messages" in the IAM User Guide).
func (d Decision) Explain(r Request) string {
	user := r.Caller.SessionARN
	if user == "" {
		user = r.Caller.RoleARN
	}
	if user == "" {
		user = r.Caller.Service
	}
	message := fmt.Sprintf("User: %s is not authorized to perform: %s", user, r.Action)
	if r.Resource != "*" && r.Resource != "" {
		message += " on resource: " + r.Resource
	}
	switch d.Outcome {
	case DeniedByIdentity:
		return message + " with an explicit deny in an identity-based policy"
	case DeniedByResource:
		return message + " with an explicit deny in a resource-based policy"
	default:
		return message + fmt.Sprintf(" because no identity-based policy allows the %s action", r.Action)
	}
}

// Evaluate decides a request within one account: identity are the role's policies, resource those of the resource that
// is asked for. A statement that cannot be evaluated (a condition key with several values under a single-value
// operator) is an error, because no decision would be safe.
func Evaluate(r Request, identity, resource []*Policy) (Decision, error) {
	fromIdentity, err := evaluateAll(r, identity)
	if err != nil {
		return Decision{}, err
	}
	fromResource, err := evaluateAll(r, resource)
	if err != nil {
		return Decision{}, err
	}
	switch {
	case fromIdentity.denied != "":
		return Decision{DeniedByIdentity, fromIdentity.denied}, nil
	case fromResource.denied != "":
		return Decision{DeniedByResource, fromResource.denied}, nil
	case fromIdentity.allowed != "":
		return Decision{AllowedByIdentity, fromIdentity.allowed}, nil
	case fromResource.allowed != "":
		return Decision{AllowedByResource, fromResource.allowed}, nil
	}
	return Decision{}, nil
}

// verdict holds the first statement that denies and the first that allows.
type verdict struct {
	denied, allowed string
}

func evaluateAll(r Request, held []*Policy) (verdict, error) {
	var out verdict
	var faults []error
	for _, policy := range held {
		for i := range policy.statements {
			statement := &policy.statements[i]
			applies, err := statement.applies(r, policy.kind)
			name := statement.label + " of " + policy.source
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
				continue
			}
			switch {
			case applies && statement.deny() && out.denied == "":
				out.denied = name
			case applies && !statement.deny() && out.allowed == "":
				out.allowed = name
			}
		}
	}
	return out, errors.Join(faults...)
}

func (s *statement) deny() bool { return s.Effect == "Deny" }

func (s *statement) applies(r Request, kind policies.Kind) (bool, error) {
	if !s.CoversAction(r.Action) || kind.NamesResources() && !s.CoversResource(r.Resource) {
		return false, nil
	}
	if kind != policies.Identity && !s.coversCaller(r.Caller) {
		return false, nil
	}
	for _, c := range s.conditions {
		holds, err := c.holds(r.Context)
		if err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

// coversCaller compares the statement's principals with the caller. The account's own principal (its root ARN or bare
// number) stands for everybody in the account in a Deny; in an Allow it only delegates to the identity-based policies,
// which decide anyway, so it allows nothing by itself.
func (s *statement) coversCaller(caller Caller) bool {
	if caller.Service != "" && slices.Contains(s.Principals["Service"], caller.Service) {
		return true
	}
	return slices.ContainsFunc(s.Principals["AWS"], func(principal string) bool {
		return principal == "*" ||
			caller.RoleARN != "" && (principal == caller.RoleARN || principal == caller.SessionARN) ||
			s.deny() && isAccountOf(principal, caller.RoleARN)
	})
}

func isAccountOf(principal, roleARN string) bool {
	parts := strings.SplitN(roleARN, ":", policies.ARNParts)
	if len(parts) < policies.ARNParts {
		return false
	}
	account := parts[4]
	return principal == account || principal == fmt.Sprintf("arn:%s:iam::%s:root", parts[1], account)
}
