// Package iam is AWS IAM in the sandbox: roles and policies, and what a policy inside another service's resource must be.
// What a caller may do is decided in its folder authz.
package iam

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Size limits of policies in characters without white space (IAM user guide,
// "IAM and AWS STS quotas").
const (
	maxManagedPolicy = 6144
	maxInlinePolicy  = 10240 // of all inline policies of a role together
	maxTrustPolicy   = 2048
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("iam", schemaJSON)
	kind.Register(iamKinds())
}

func iamKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeRole: {
			Refs: []kind.Ref{
				{Path: "managedPolicyArns[*]", To: toPolicy, OnDelete: kind.Block},
				{Path: "permissionsBoundary", To: toPolicy},
			},
			Unique: []kind.Unique{{Paths: []string{"name"}, Code: "EntityAlreadyExists", Message: "Role with name %s already exists."}},
			Check:  kind.InTurn(checkRole, checkRoleLimits, trustPlace.Check),
			Verify: trustPlace.Verify,
			Create: createRole,
			Delete: deleteRole,
		},
		view.TypeRolePolicy: {
			Refs: []kind.Ref{{Path: "role", To: toRoleName, OnDelete: kind.Block}},
			Unique: []kind.Unique{{
				// PutRolePolicy would replace the other one's document silently.
				Paths: []string{"role", "name"}, Code: "EntityAlreadyExists", Message: "The role already has an inline policy named %s",
			}},
			Check: func(c *kind.Checker) {
				checkIAMName(c, 128)
				CheckPolicy(c, "policy", PolicyRule{Kind: policies.Identity, Max: maxInlinePolicy})
			},
			Verify: verifyInlineSize,
			Create: func(c *kind.Call) error {
				name := c.Name()
				c.ID = c.Str("role") + ":" + name
				return nil
			},
		},
		view.TypeAttachment: {
			Refs: []kind.Ref{
				{Path: "role", To: toRoleName, OnDelete: kind.Block},
				{Path: "policyArn", To: toPolicy, OnDelete: kind.Block},
			},
			Verify:   verifyAttachments,
			Create:   func(c *kind.Call) error { c.ID = c.Str("role") + "-" + c.Digits("time", 26); return nil },
			ImportID: importAttachment,
		},
		view.TypePolicy: {
			Unique: []kind.Unique{{Paths: []string{"name"}, Code: "EntityAlreadyExists", Message: "A policy called %s already exists."}},
			Check: func(c *kind.Checker) {
				checkIAMName(c, 128)
				CheckPolicy(c, "policy", PolicyRule{Kind: policies.Identity, Max: maxManagedPolicy})
			},
			Create: createPolicy,
		},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
			Unique: []kind.Unique{{
				Paths: []string{"url"}, Code: "EntityAlreadyExists", Message: "Provider with url %s already exists.",
				Adopt: "an account has one provider per issuer: import it with ID, or leave it to the stack that has it",
			}},
			Check:  checkOIDC,
			Create: createOIDC,
		},
	}
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

func checkIAMName(c *kind.Checker, longest int) {
	name, ok := c.Text("name")
	if !ok {
		return
	}
	if len(name) > longest {
		c.Fail("name", "expected length of name to be in the range (1 - %d), got %q with %d", longest, name, len(name))
	}
	if !iamName.MatchString(name) {
		c.Fail("name", "invalid value for name: %q must match [\\w+=,.@-]", name)
	}
}

// PolicyRule says what a policy property must be.
type PolicyRule struct {
	Kind policies.Kind
	Max  int
}

// CheckPolicy parses a policy document strictly.
func CheckPolicy(c *kind.Checker, path string, rule PolicyRule) {
	text, ok := c.Text(path)
	if !ok {
		return
	}
	if _, err := policies.Parse(text, rule.Kind); err != nil {
		c.Fail(path, "MalformedPolicyDocument: %v", err)
	}
	if size := len(jsontext.Compact(text)); rule.Max > 0 && size > rule.Max {
		c.Fail(path, "LimitExceeded: Maximum policy size of %d bytes exceeded: it has %d", rule.Max, size)
	}
}

func checkRole(c *kind.Checker) {
	checkIAMName(c, 64)
	CheckPolicy(c, "assumeRolePolicy", PolicyRule{Kind: policies.Trust, Max: maxTrustPolicy})
	if path, ok := c.Text("path"); ok && (!strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/")) {
		c.Fail("path", "ValidationError: path %q must begin and end with /", path)
	}
	for _, f := range props.All(c.In, "inlinePolicies[*].policy") {
		CheckPolicy(c, f.Path, PolicyRule{Kind: policies.Identity, Max: maxInlinePolicy})
	}
}

func createRole(c *kind.Call) error {
	c.ID = c.Name()
	path := c.Str("path")
	if path == "" {
		path = "/"
	}
	c.Set("arn", view.GlobalARN("iam", "role"+path+c.ID))
	c.Set("uniqueId", "AROA"+strings.ToUpper(c.Hex("unique", 17)))
	c.Set("createDate", view.Timestamp(c.Now))
	c.Default("managedPolicyArns", []string{})
	c.Default("inlinePolicies", []any{})
	return nil
}

// deleteRole: with forceDetachPolicies the provider removes what would block.
func deleteRole(c *kind.Call) {
	if !props.Bool(c.Old.State, "forceDetachPolicies") {
		return
	}
	c.Forgive()
	for _, typ := range []string{view.TypeRolePolicy, view.TypeAttachment} {
		for _, r := range c.By(typ, "role", c.Old.ID) {
			c.Tx.Remove(r.Type, r.ID)
		}
	}
}

func verifyInlineSize(c *kind.Call) {
	text := c.Str("policy")
	if text == "" {
		return
	}
	total := len(jsontext.Compact(text))
	for _, r := range c.By(view.TypeRolePolicy, "role", c.Str("role")) {
		if r.ID != c.Old.ID {
			total += len(jsontext.Compact(props.Str(r.State, "policy")))
		}
	}
	if total > maxInlinePolicy {
		c.Refuse("policy", "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s: its inline policies add up to %d",
			maxInlinePolicy, c.Str("role"), total)
	}
}

func createPolicy(c *kind.Call) error {
	path := c.Str("path")
	if path == "" {
		path = "/"
	}
	c.ID = view.GlobalARN("iam", "policy"+path+c.Name())
	c.Set("policyId", "ANPA"+strings.ToUpper(c.Hex("unique", 17)))
	return nil
}

// importAttachment: an attachment is imported as role/policy ARN.
func importAttachment(v kind.View, id string) string {
	role, arn, _ := strings.Cut(id, "/")
	for _, r := range v.By(view.TypeAttachment, "policyArn", arn) {
		if props.Str(r.State, "role") == role {
			return r.ID
		}
	}
	return id
}

func createOIDC(c *kind.Call) error {
	c.ID = view.GlobalARN("iam", "oidc-provider/"+strings.TrimPrefix(c.Str("url"), "https://"))
	c.Default("thumbprintLists", []string{c.Hex("thumbprint", 40)})
	return nil
}

func checkOIDC(c *kind.Checker) {
	if url, ok := c.Text("url"); ok && (!strings.HasPrefix(url, "https://") || strings.ContainsAny(url, "?#")) {
		c.Fail("url", "InvalidInput: %q must begin with https:// and have no query", url)
	}
	for _, f := range props.All(c.In, "clientIdLists[*]") {
		if s := kind.TextOf(f.Value); f.Value.IsString() && (s == "" || len(s) > 255) {
			c.Fail(f.Path, "InvalidInput: a client ID has 1 to 255 characters, got %d", len(s))
		}
	}
}

// policiesOf are the parsed identity policies of a role, inline and attached.
// Documents were checked when they were created, so one that doesn't parse is a
// foreign one and is left out.
func policiesOf(v kind.View, role kind.Resource) []*policies.Policy {
	var texts []string
	for _, r := range v.By(view.TypeRolePolicy, "role", role.ID) {
		texts = append(texts, props.Str(r.State, "policy"))
	}
	texts = append(texts, props.Strings(role.State, "inlinePolicies[*].policy")...)
	arns := props.Strings(role.State, "managedPolicyArns[*]")
	for _, r := range v.By(view.TypeAttachment, "role", role.ID) {
		arns = append(arns, props.Str(r.State, "policyArn"))
	}
	for _, arn := range arns {
		if p, ok := toPolicy.Find(v, arn); ok {
			texts = append(texts, props.Str(p.State, "policy"))
		}
	}
	var out []*policies.Policy
	for _, t := range texts {
		if p, err := policies.Parse(t, policies.Identity); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// RoleAllows reports whether a role's policies cover an action on a resource.
func RoleAllows(v kind.View, role kind.Resource, action, resource string) bool {
	for _, p := range policiesOf(v, role) {
		if p.Allows(action, resource) {
			return true
		}
	}
	return false
}

// VerifyAssumable refuses a role whose trust policy does not name the service.
func VerifyAssumable(c *kind.Call, path, service, code, message string) (kind.Resource, bool) {
	role, ok := ToRole.Find(c.View, c.Str(path))
	if !ok {
		return kind.Resource{}, false
	}
	trust, err := policies.Parse(props.Str(role.State, "assumeRolePolicy"), policies.Trust)
	if err != nil || !trust.TrustsService(service) {
		c.Refuse(path, code, "%s; its trust policy does not let %s assume it", strings.TrimSuffix(message, "."), service)
		return role, false
	}
	return role, true
}

var (
	toRoleName = kind.Target{
		Types: []string{view.TypeRole}, By: []string{"id"},
		Code: "NoSuchEntity", Message: "The role with name %s cannot be found.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete entity, must delete policies of role %s first",
	}
	// ToRole is a reference to a role by its ARN.
	ToRole = kind.Target{
		Types: []string{view.TypeRole}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "The role %s does not exist in the account.",
	}
	toPolicy = kind.Target{
		Types: []string{view.TypePolicy}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "Policy %s does not exist or is not attachable.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete a policy attached to entities: %s",
	}
)

const maxPoliciesPerRole = 10 // IAM and STS quotas

func checkRoleLimits(c *kind.Checker) {
	if n := len(props.All(c.In, "managedPolicyArns[*]")); n > maxPoliciesPerRole {
		c.Fail("managedPolicyArns", "LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d; this role has %d", maxPoliciesPerRole, n)
	}
}

func verifyAttachments(c *kind.Call) {
	if !c.Creating() || c.Str("role") == "" {
		return
	}
	others := 0
	for _, r := range c.By(view.TypeAttachment, "role", c.Str("role")) {
		if !c.DryRun || r.URN != c.URN {
			others++
		}
	}
	if others >= maxPoliciesPerRole {
		c.Refuse("policyArn", "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d; role %s has %d policies already", maxPoliciesPerRole,
			c.Str("role"), others)
	}
}

// trustPlace is a role's trust policy.
var trustPlace = PolicyPlace{
	Path: "assumeRolePolicy", Kind: policies.Trust, Vendor: "sts",
	Code: "MalformedPolicyDocument", Principal: "Invalid principal in policy",
	BadAction: "MalformedPolicyDocument", Action: "AssumeRole policy may only specify STS AssumeRole actions",
}
