package iam

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers AWS Identity and Access Management, AWS Query.
func init() {
	wire.Register(&wire.Service{
		Name:     "iam",
		Protocol: wire.Query{Namespace: "https://iam.amazonaws.com/doc/2010-05-08/"},
		Operations: map[string]wire.Handler{
			"SimulatePrincipalPolicy": wire.QueryOperation(simulatePrincipalPolicy),
			"ListRoles":               wire.QueryOperation(listRoles),
			"ListPolicies":            wire.QueryOperation(listPolicies),
		},
	})
}

type rolesPage struct {
	Roles       []roleView `xml:"Roles>member"`
	IsTruncated bool       `xml:"IsTruncated"`
}

type roleView struct {
	Path  string `xml:"Path"`
	Name  string `xml:"RoleName"`
	ID    string `xml:"RoleId"`
	ARN   string `xml:"Arn"`
	Trust string `xml:"AssumeRolePolicyDocument"`
}

// listRoles lists all roles on one page; AWS gives at most 1,000 at a time, by default 100.
func listRoles(*wire.Parameters) func(x *wire.Exchange) (any, error) {
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("iam:ListRoles", "arn:"+view.Partition+":iam::"+view.AccountID+":role/", nil); err != nil {
			return nil, err
		}
		var out rolesPage
		for _, r := range x.Store.List(view.TypeRole) {
			path := view.Text(r, "path")
			if path == "" {
				path = "/"
			}
			out.Roles = append(out.Roles, roleView{
				Path: path, Name: view.Text(r, "name"), ID: view.Text(r, "uniqueId"), ARN: view.Text(r, "arn"),
				Trust: url.QueryEscape(view.Text(r, "assumeRolePolicy")),
			})
		}
		return out, nil
	}
}

type policiesPage struct {
	Policies    []policyView `xml:"Policies>member"`
	IsTruncated bool         `xml:"IsTruncated"`
}

type policyView struct {
	Name string `xml:"PolicyName"`
	ARN  string `xml:"Arn"`
	Path string `xml:"Path"`
}

// listPolicies lists managed policies, on one page: with scope Local the account's own, with AWS those of AWS.
func listPolicies(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	scope := p.Text("Scope")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("iam:ListPolicies", "*", nil); err != nil {
			return nil, err
		}
		var out policiesPage
		for _, r := range x.Store.List(view.TypePolicy) {
			ofAWS := strings.HasPrefix(view.Text(r, "arn"), "arn:"+view.Partition+":iam::aws:")
			if scope == "Local" && ofAWS || scope == "AWS" && !ofAWS {
				continue
			}
			out.Policies = append(out.Policies, policyView{Name: view.Text(r, "name"), ARN: view.Text(r, "arn"), Path: view.Text(r, "path")})
		}
		return out, nil
	}
}

type simulateResult struct {
	Results     []evaluationResult `xml:"EvaluationResults>member"`
	IsTruncated bool               `xml:"IsTruncated"`
}

type evaluationResult struct {
	Action   string             `xml:"EvalActionName"`
	Resource string             `xml:"EvalResourceName"`
	Decision string             `xml:"EvalDecision"`
	Matched  []matchedStatement `xml:"MatchedStatements>member"`
	Missing  []string           `xml:"MissingContextValues>member"`
}

type matchedStatement struct {
	SourcePolicyID string `xml:"SourcePolicyId"`
}

// simulatePrincipalPolicy evaluates the policies of a role for actions and resources. AWS's own simulator looks at the
// identity-based policies, and at a resource-based one only if it is passed in; so does this.
func simulatePrincipalPolicy(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	source := p.Text("PolicySourceArn")
	actions, resources := p.List("ActionNames"), p.List("ResourceArns")
	context, err := contextEntries(p)
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("iam:SimulatePrincipalPolicy", source, nil); err != nil {
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		if len(actions) == 0 {
			return nil, wire.Missing("ActionNames")
		}
		if len(resources) == 0 {
			resources = []string{"*"}
		}
		var out simulateResult
		for _, action := range actions {
			for _, resource := range resources {
				request := authz.Request{Caller: authz.Caller{RoleARN: source}, Action: action, Resource: resource, Context: context}
				decision, err := x.Authorizer.AuthorizeIdentity(request)
				if err != nil {
					return nil, wire.Refuse("NoSuchEntity", "%v", err)
				}
				out.Results = append(out.Results, viewDecision(request, decision))
			}
		}
		return out, nil
	}
}

func viewDecision(r authz.Request, d authz.Decision) evaluationResult {
	out := evaluationResult{Action: r.Action, Resource: r.Resource, Decision: "implicitDeny"}
	switch d.Outcome {
	case authz.AllowedByIdentity:
		out.Decision = "allowed"
	case authz.DeniedByIdentity:
		out.Decision = "explicitDeny"
	}
	if d.Statement != "" {
		out.Matched = []matchedStatement{{d.Statement}}
	}
	return out
}

// contextEntries reads ContextEntries.member.N: a key, a type and a list of values.
func contextEntries(p *wire.Parameters) (authz.Context, error) {
	out := authz.Context{}
	for i := 1; ; i++ {
		prefix := "ContextEntries.member." + strconv.Itoa(i)
		key, kind := p.Text(prefix+".ContextKeyName"), p.Text(prefix+".ContextKeyType")
		if key == "" {
			return out, nil
		}
		out[key] = p.List(prefix + ".ContextKeyValues")
		if !strings.HasSuffix(kind, "List") && len(out[key]) != 1 {
			return nil, wire.Refuse("InvalidInput", "Context key %s of type %s takes one value", key, kind)
		}
	}
}
