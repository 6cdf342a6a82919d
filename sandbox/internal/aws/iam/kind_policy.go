package iam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// PolicyPlace is a property with a policy that names principals, and how AWS
// refuses one that names nobody or speaks of another service.
type PolicyPlace struct {
	Path string
	Kind policies.Kind
	// Vendor is what actions must begin with, in any case; empty where any may stand.
	Vendor string
	// Code and principal refuse a principal, badAction and action an action. The
	// words are those in reports of people who met them.
	Code, Principal   string
	BadAction, Action string
}

// MalformedDocument is the error code of most services.
const MalformedDocument = "MalformedPolicyDocumentException"

// Check refuses what the policy alone shows: services that are none, and actions
// of another service.
func (p PolicyPlace) Check(c *kind.Checker) {
	text, ok := c.Text(p.Path)
	if !ok || text == "" {
		return
	}
	policy, err := policies.Parse(text, p.Kind)
	if err != nil {
		return // refused already, with its place
	}
	for _, s := range policy.Statements {
		for _, service := range s.Principals["Service"] {
			if !KnownService(service) {
				c.Fail(p.Path, `%s: %s: "SERVICE":%q; %s`, p.Code, p.Principal, service, lists.Expect("iam.ServicePrincipal", service))
			}
		}
		for _, action := range slices.Concat(s.Actions, s.NotActions) {
			vendor, _, _ := strings.Cut(action, ":")
			if action != "*" && !strings.EqualFold(vendor, p.Vendor) {
				c.Fail(p.Path, "%s: %s: %q; this policy is about actions that begin with %s:", p.BadAction, p.Action, action, p.Vendor)
			}
		}
	}
}

// KnownService reports whether a service principal is one of AWS's, without the
// region that some may carry (logs.us-west-2.amazonaws.com).
func KnownService(principal string) bool {
	parts := strings.Split(principal, ".")
	parts = slices.DeleteFunc(parts, func(part string) bool { return lists.Has("aws.Region", part) })
	return lists.Has("iam.ServicePrincipal", strings.Join(parts, "."))
}

// Verify refuses principals of this account that do not exist. A preview can't
// tell: the role may be made in the same run.
func (p PolicyPlace) Verify(c *kind.Call) {
	if c.DryRun || !c.Touches(p.Path) {
		return
	}
	policy, err := policies.Parse(c.Str(p.Path), p.Kind)
	if c.Str(p.Path) == "" || err != nil {
		return
	}
	for _, s := range policy.Statements {
		for _, who := range s.Principals["AWS"] {
			if reason := Absent(c, who); reason != "" {
				c.Refuse(p.Path, p.Code, `%s: "AWS":%q: %s`, p.Principal, who, reason)
			}
		}
	}
}

var (
	identityARN = regexp.MustCompile(`^arn:aws:(iam|sts)::(\d{12}):(\w[\w-]*)/(.+)$`)
	uniqueID    = regexp.MustCompile(`^(AIDA|AROA)\w+$`)
)

// Absent says why an AWS principal is nobody; empty for one who exists, who is
// made by a service when it needs him, or of whom this account can't know.
func Absent(c *kind.Call, who string) string {
	if uniqueID.MatchString(who) {
		if len(c.By(view.TypeRole, "uniqueId", who)) == 0 {
			return "this account has no role with that ID; a policy shows the ID of a role that was deleted: name the role's ARN again"
		}
		return ""
	}
	m := identityARN.FindStringSubmatch(who)
	if m == nil || m[2] != view.AccountID {
		return ""
	}
	kind, name := m[3], m[4]
	switch {
	case kind == "role" && strings.HasPrefix(name, "aws-service-role/"):
		return ""
	case kind == "role":
		if _, ok := ToRole.Find(c.View, who); !ok {
			return "the role does not exist; create it before the policy (dependsOn), or correct its name and path"
		}
	case kind == "assumed-role":
		role, _, _ := strings.Cut(name, "/")
		if _, ok := c.Get(view.TypeRole, role); !ok {
			return "the role " + role + " does not exist; create it before the policy (dependsOn)"
		}
	default:
		return "this account has no " + kind + " of that name; name a role, or the account"
	}
	return ""
}
