package authz

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resources is the part of the account that authorisation reads.
type Resources interface {
	List(typ string) []view.Resource
}

// Authorizer answers requests with the policies that the account holds at that moment. It is safe for concurrent use.
type Authorizer struct {
	resources Resources
	parsed    sync.Map // parseKey -> parseResult; a document is parsed once, as policies rarely change
}

type parseKey struct {
	source, document string
	kind             policies.Kind
}

type parseResult struct {
	policy *Policy
	err    error
}

// New returns an Authorizer over the account's resources.
func New(resources Resources) *Authorizer { return &Authorizer{resources: resources} }

// errNoRole means that a caller names a role which the account does not have.
var errNoRole = errors.New("no such role in the account")

// Authorize decides a request by the caller's deployed role and the resource's own policy. The global keys that follow
// from the caller (aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:SecureTransport) are supplied here
// where the request's context has none; everything else is the caller's duty. An error means that the account's
// policies cannot be evaluated, which is a fault of the program or a gap of the sandbox, not a refusal.
func (a *Authorizer) Authorize(r Request) (Decision, error) {
	onResource, err := a.resourcePolicies(r.Resource)
	if err != nil {
		return Decision{}, fmt.Errorf("authorize %s: %w", r.Action, err)
	}
	return a.decide(r, onResource)
}

// AuthorizeIdentity is Authorize without the resource's own policy, as IAM's policy simulator sees a role.
func (a *Authorizer) AuthorizeIdentity(r Request) (Decision, error) { return a.decide(r, nil) }

func (a *Authorizer) decide(r Request, onResource []*Policy) (Decision, error) {
	var identity []*Policy
	if r.Caller.Service == "" {
		var err error
		if identity, err = a.identityPolicies(r.Caller.RoleARN); err != nil {
			return Decision{}, fmt.Errorf("authorize %s: %w", r.Action, err)
		}
	}
	r.Context = withGlobalKeys(r)
	decision, err := Evaluate(r, identity, onResource)
	if err != nil {
		return Decision{}, fmt.Errorf("authorize %s: %w", r.Action, err)
	}
	return decision, nil
}

// MayAssume decides whether an AWS service (e.g. "lambda.amazonaws.com") may assume the role, by its trust policy.
func (a *Authorizer) MayAssume(roleARN, service string) (Decision, error) {
	role, err := a.role(roleARN)
	if err != nil {
		return Decision{}, err
	}
	trust, err := a.parse("the trust policy of role "+text(role.State, "name"), text(role.State, "assumeRolePolicy"), policies.Trust)
	if err != nil {
		return Decision{}, err
	}
	request := Request{Caller: Caller{Service: service}, Action: "sts:AssumeRole", Resource: roleARN}
	request.Context = withGlobalKeys(request)
	return Evaluate(request, nil, []*Policy{trust})
}

func withGlobalKeys(r Request) Context {
	out := Context{"aws:SecureTransport": {"true"}}
	if parts := strings.SplitN(r.Caller.RoleARN, ":", policies.ARNParts); len(parts) == policies.ARNParts {
		out["aws:PrincipalArn"] = []string{r.Caller.RoleARN}
		out["aws:PrincipalAccount"] = []string{parts[4]}
		out["aws:PrincipalType"] = []string{"AssumedRole"}
		out["aws:PrincipalIsAWSService"] = []string{"false"}
	}
	if r.Caller.Service != "" {
		out["aws:PrincipalIsAWSService"] = []string{"true"}
	}
	for key, values := range r.Context {
		for name := range out {
			if strings.EqualFold(name, key) {
				delete(out, name)
			}
		}
		out[key] = values
	}
	return out
}

func (a *Authorizer) parse(source, document string, kind policies.Kind) (*Policy, error) {
	key := parseKey{source, document, kind}
	if hit, ok := a.parsed.Load(key); ok {
		result := hit.(parseResult) //nolint:forcetypeassert // only parse stores here
		return result.policy, result.err
	}
	policy, err := Parse(source, document, kind)
	a.parsed.Store(key, parseResult{policy, err})
	return policy, err
}

// text reads a string property; anything else reads as "".
func text(state resource.PropertyMap, key string) string {
	if value := state[resource.PropertyKey(key)]; value.IsString() {
		return value.StringValue()
	}
	return ""
}

// items reads a list property; anything else reads as empty.
func items(state resource.PropertyMap, key string) []resource.PropertyValue {
	if value := state[resource.PropertyKey(key)]; value.IsArray() {
		return value.ArrayValue()
	}
	return nil
}
