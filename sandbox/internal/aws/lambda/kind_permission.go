package lambda

import (
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func permissionKind() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{{Path: "function", To: ToFunction, OnDelete: kind.Cascade}},
		Unique: []kind.Unique{{
			Paths: []string{"function", "statementId"}, Code: "ResourceConflictException",
			Message: "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.",
		}},
		Check:    kind.InTurn(checkPermission, checkPrincipal),
		Verify:   verifyPrincipal,
		Create:   createPermission,
		PublicID: func(r kind.Resource) string { return props.Str(r.State, "statementId") },
		StoreID: func(id string, state props.Map) string {
			return props.Str(state, "function") + "/" + id
		},
	}
}

func checkPermission(c *kind.Checker) {
	if p, ok := c.Text("principal"); ok && strings.TrimSpace(p) == "" {
		c.Fail("principal", "ValidationException: a permission needs a principal")
	}
	if arn, ok := c.Text("sourceArn"); ok && !strings.HasPrefix(arn, "arn:") {
		c.Fail("sourceArn", "ValidationException: %q is not an ARN", arn)
	}
}

func createPermission(c *kind.Call) error {
	if c.Str("statementId") == "" {
		c.Set("statementId", c.Str("statementIdPrefix")+"terraform-"+c.Digits("time", 26))
	}
	c.ID = c.Str("function") + "/" + props.Str(c.State, "statementId")
	return nil
}

// MayInvoke reports whether a function's permissions let a service invoke it on
// behalf of source. Lambda writes a permission's source into the function's policy
// as ArnLike (Lambda developer guide, "Granting Lambda function access to AWS services": the policy that get-policy shows).
func MayInvoke(v kind.View, function kind.Resource, service, source string) bool {
	for _, name := range ToFunction.Identities(function) {
		for _, p := range v.By(view.TypePermission, "function", name) {
			action, from := props.Str(p.State, "action"), props.Str(p.State, "sourceArn")
			if props.Str(p.State, "principal") == service && policies.Match(action, "lambda:InvokeFunction") &&
				(from == "" || policies.MatchARN(from, source)) {
				return true
			}
		}
	}
	return false
}

func checkPrincipal(c *kind.Checker) {
	p, ok := c.Text("principal")
	if !ok || p == "" || p == "*" {
		return
	}
	if strings.HasSuffix(p, ".amazonaws.com") && !iam.KnownService(p) {
		c.Fail("principal", "%s: The provided principal was invalid. Please check the principal and try again: %q; %s", invalidParameter, p,
			lists.Expect("iam.ServicePrincipal", p))
	}
}

func verifyPrincipal(c *kind.Call) {
	if c.DryRun || !c.Touches("principal") {
		return
	}
	if reason := iam.Absent(c, props.Str(c.In, "principal")); reason != "" {
		c.Refuse("principal", invalidParameter, "The provided principal was invalid. Please check the principal and try again: %s", reason)
	}
}
