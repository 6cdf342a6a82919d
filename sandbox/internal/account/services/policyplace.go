package services

import (
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
)

// policyPlace is a property with a policy that names principals, and how AWS
// refuses one that names nobody or speaks of another service.
type policyPlace struct {
	path string
	kind document.PolicyKind
	// vendor is what actions must begin with, in any case; empty where any may stand.
	vendor string
	// code and principal refuse a principal, badAction and action an action. The
	// words are those in reports of people who met them.
	code, principal   string
	badAction, action string
}

// malformedDocument is the error code of most services.
const malformedDocument = "MalformedPolicyDocumentException"

// check refuses what the policy alone shows: services that are none, and actions
// of another service.
func (p policyPlace) check(c *Checker) {
	text, ok := c.Text(p.path)
	if !ok || text == "" {
		return
	}
	policy, err := document.ParsePolicy(text, p.kind)
	if err != nil {
		return // refused already, with its place
	}
	for _, s := range policy.Statements {
		for _, service := range s.Principals["Service"] {
			if !knownService(service) {
				c.Fail(p.path, `%s: %s: "SERVICE":%q; %s`, p.code, p.principal, service, lists.Expect("iam.ServicePrincipal", service))
			}
		}
		for _, action := range slices.Concat(s.Actions, s.NotActions) {
			vendor, _, _ := strings.Cut(action, ":")
			if action != "*" && !strings.EqualFold(vendor, p.vendor) {
				c.Fail(p.path, "%s: %s: %q; this policy is about actions that begin with %s:", p.badAction, p.action, action, p.vendor)
			}
		}
	}
}

// knownService reports whether a service principal is one of AWS's, without the
// region that some may carry (logs.us-west-2.amazonaws.com).
func knownService(principal string) bool {
	parts := strings.Split(principal, ".")
	parts = slices.DeleteFunc(parts, func(part string) bool { return lists.Has("aws.Region", part) })
	return lists.Has("iam.ServicePrincipal", strings.Join(parts, "."))
}

// verify refuses principals of this account that do not exist. A preview can't
// tell: the role may be made in the same run.
func (p policyPlace) verify(c *Call) {
	if c.DryRun || !c.Touches(p.path) {
		return
	}
	policy, err := document.ParsePolicy(c.Str(p.path), p.kind)
	if c.Str(p.path) == "" || err != nil {
		return
	}
	for _, s := range policy.Statements {
		for _, who := range s.Principals["AWS"] {
			if reason := c.absent(who); reason != "" {
				c.Refuse(p.path, p.code, `%s: "AWS":%q: %s`, p.principal, who, reason)
			}
		}
	}
}

var (
	identityARN = regexp.MustCompile(`^arn:aws:(iam|sts)::(\d{12}):(\w[\w-]*)/(.+)$`)
	uniqueID    = regexp.MustCompile(`^(AIDA|AROA)\w+$`)
)

// absent says why an AWS principal is nobody; empty for one who exists, who is
// made by a service when it needs him, or of whom this account can't know.
func (c *Call) absent(who string) string {
	if uniqueID.MatchString(who) {
		if len(c.By(typeRole, "uniqueId", who)) == 0 {
			return "this account has no role with that ID; a policy shows the ID of a role that was deleted: name the role's ARN again"
		}
		return ""
	}
	m := identityARN.FindStringSubmatch(who)
	if m == nil || m[2] != AccountID {
		return ""
	}
	kind, name := m[3], m[4]
	switch {
	case kind == "role" && strings.HasPrefix(name, "aws-service-role/"):
		return ""
	case kind == "role":
		if _, ok := toRole.Find(c.View, who); !ok {
			return "the role does not exist; create it before the policy (dependsOn), or correct its name and path"
		}
	case kind == "assumed-role":
		role, _, _ := strings.Cut(name, "/")
		if _, ok := c.Get(typeRole, role); !ok {
			return "the role " + role + " does not exist; create it before the policy (dependsOn)"
		}
	default:
		return "this account has no " + kind + " of that name; name a role, or the account"
	}
	return ""
}
