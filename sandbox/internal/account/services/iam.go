package services

import (
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Size limits of policies in characters without white space (IAM user guide,
// "IAM and AWS STS quotas").
const (
	maxManagedPolicy = 6144
	maxInlinePolicy  = 10240 // of all inline policies of a role together
	maxTrustPolicy   = 2048
)

func init() { Register(iamKinds()) }

func iamKinds() map[string]*Kind {
	return map[string]*Kind{
		typeRole: {
			Refs: []Ref{
				{Path: "managedPolicyArns[*]", To: toPolicy, OnDelete: Block},
				{Path: "permissionsBoundary", To: toPolicy},
			},
			Unique: []Unique{{Paths: []string{"name"}, Code: "EntityAlreadyExists", Message: "Role with name %s already exists."}},
			Check:  inTurn(checkRole, checkRoleLimits, trustPlace.check),
			Verify: trustPlace.verify,
			Create: createRole,
			Delete: deleteRole,
		},
		typeRolePolicy: {
			Refs: []Ref{{Path: "role", To: toRoleName, OnDelete: Block}},
			Unique: []Unique{{
				// PutRolePolicy would replace the other one's document silently.
				Paths: []string{"role", "name"}, Code: "EntityAlreadyExists", Message: "The role already has an inline policy named %s",
			}},
			Check: func(c *Checker) {
				checkIAMName(c, 128)
				checkPolicy(c, "policy", policyRule{kind: document.IdentityPolicy, max: maxInlinePolicy})
			},
			Verify: verifyInlineSize,
			Create: func(c *Call) error {
				name := c.Name()
				c.ID = c.Str("role") + ":" + name
				return nil
			},
		},
		typeAttachment: {
			Refs: []Ref{
				{Path: "role", To: toRoleName, OnDelete: Block},
				{Path: "policyArn", To: toPolicy, OnDelete: Block},
			},
			Verify:   verifyAttachments,
			Create:   func(c *Call) error { c.ID = c.Str("role") + "-" + c.Digits("time", 26); return nil },
			ImportID: importAttachment,
		},
		typePolicy: {
			Unique: []Unique{{Paths: []string{"name"}, Code: "EntityAlreadyExists", Message: "A policy called %s already exists."}},
			Check: func(c *Checker) {
				checkIAMName(c, 128)
				checkPolicy(c, "policy", policyRule{kind: document.IdentityPolicy, max: maxManagedPolicy})
			},
			Create: createPolicy,
		},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
			Unique: []Unique{{
				Paths: []string{"url"}, Code: "EntityAlreadyExists", Message: "Provider with url %s already exists.",
				Adopt: "an account has one provider per issuer: import it with ID, or leave it to the stack that has it",
			}},
			Check:  checkOIDC,
			Create: createOIDC,
		},
	}
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

func checkIAMName(c *Checker, longest int) {
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

// policyRule says what a policy property must be.
type policyRule struct {
	kind document.PolicyKind
	max  int
}

// checkPolicy parses a policy document strictly.
func checkPolicy(c *Checker, path string, rule policyRule) {
	text, ok := c.Text(path)
	if !ok {
		return
	}
	if _, err := document.ParsePolicy(text, rule.kind); err != nil {
		c.Fail(path, "MalformedPolicyDocument: %v", err)
	}
	if size := len(document.Compact(text)); rule.max > 0 && size > rule.max {
		c.Fail(path, "LimitExceeded: Maximum policy size of %d bytes exceeded: it has %d", rule.max, size)
	}
}

func checkRole(c *Checker) {
	checkIAMName(c, 64)
	checkPolicy(c, "assumeRolePolicy", policyRule{kind: document.TrustPolicy, max: maxTrustPolicy})
	if path, ok := c.Text("path"); ok && (!strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/")) {
		c.Fail("path", "ValidationError: path %q must begin and end with /", path)
	}
	for _, f := range props.All(c.In, "inlinePolicies[*].policy") {
		checkPolicy(c, f.Path, policyRule{kind: document.IdentityPolicy, max: maxInlinePolicy})
	}
}

func createRole(c *Call) error {
	c.ID = c.Name()
	path := c.Str("path")
	if path == "" {
		path = "/"
	}
	c.Set("arn", GlobalARN("iam", "role"+path+c.ID))
	c.Set("uniqueId", "AROA"+strings.ToUpper(c.Hex("unique", 17)))
	c.Set("createDate", Timestamp(c.Now))
	c.Default("managedPolicyArns", []string{})
	c.Default("inlinePolicies", []any{})
	return nil
}

// deleteRole: with forceDetachPolicies the provider removes what would block.
func deleteRole(c *Call) {
	if !props.Bool(c.Old.State, "forceDetachPolicies") {
		return
	}
	c.Forgive()
	for _, typ := range []string{typeRolePolicy, typeAttachment} {
		for _, r := range c.By(typ, "role", c.Old.ID) {
			c.Tx.Remove(r.Type, r.ID)
		}
	}
}

func verifyInlineSize(c *Call) {
	text := c.Str("policy")
	if text == "" {
		return
	}
	total := len(document.Compact(text))
	for _, r := range c.By(typeRolePolicy, "role", c.Str("role")) {
		if r.ID != c.Old.ID {
			total += len(document.Compact(props.Str(r.State, "policy")))
		}
	}
	if total > maxInlinePolicy {
		c.Refuse("policy", "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s: its inline policies add up to %d",
			maxInlinePolicy, c.Str("role"), total)
	}
}

func createPolicy(c *Call) error {
	path := c.Str("path")
	if path == "" {
		path = "/"
	}
	c.ID = GlobalARN("iam", "policy"+path+c.Name())
	c.Set("arn", c.ID)
	c.Set("policyId", "ANPA"+strings.ToUpper(c.Hex("unique", 17)))
	c.Set("attachmentCount", 0)
	return nil
}

// importAttachment: an attachment is imported as role/policy ARN.
func importAttachment(v View, id string) string {
	role, arn, _ := strings.Cut(id, "/")
	for _, r := range v.By(typeAttachment, "policyArn", arn) {
		if props.Str(r.State, "role") == role {
			return r.ID
		}
	}
	return id
}

func createOIDC(c *Call) error {
	c.ID = GlobalARN("iam", "oidc-provider/"+strings.TrimPrefix(c.Str("url"), "https://"))
	c.Set("arn", c.ID)
	c.Default("thumbprintLists", []string{c.Hex("thumbprint", 40)})
	return nil
}

var thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

func checkOIDC(c *Checker) {
	if url, ok := c.Text("url"); ok && (!strings.HasPrefix(url, "https://") || strings.ContainsAny(url, "?#")) {
		c.Fail("url", "InvalidInput: %q must begin with https:// and have no query", url)
	}
	for _, f := range props.All(c.In, "clientIdLists[*]") {
		if s := textOf(f.Value); f.Value.IsString() && (s == "" || len(s) > 255) {
			c.Fail(f.Path, "InvalidInput: a client ID has 1 to 255 characters, got %d", len(s))
		}
	}
	for _, f := range props.All(c.In, "thumbprintLists[*]") {
		if s := textOf(f.Value); f.Value.IsString() && !thumbprint.MatchString(s) {
			c.Fail(f.Path, "InvalidInput: thumbprint %q must be 40 hexadecimal digits", s)
		}
	}
}

// policiesOf are the parsed identity policies of a role, inline and attached.
// Documents were checked when they were created, so one that doesn't parse is a
// foreign one and is left out.
func policiesOf(v View, role Resource) []*document.Policy {
	var texts []string
	for _, r := range v.By(typeRolePolicy, "role", role.ID) {
		texts = append(texts, props.Str(r.State, "policy"))
	}
	texts = append(texts, props.Strings(role.State, "inlinePolicies[*].policy")...)
	arns := props.Strings(role.State, "managedPolicyArns[*]")
	for _, r := range v.By(typeAttachment, "role", role.ID) {
		arns = append(arns, props.Str(r.State, "policyArn"))
	}
	for _, arn := range arns {
		if p, ok := toPolicy.Find(v, arn); ok {
			texts = append(texts, props.Str(p.State, "policy"))
		}
	}
	var out []*document.Policy
	for _, t := range texts {
		if p, err := document.ParsePolicy(t, document.IdentityPolicy); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// roleAllows reports whether a role's policies cover an action on a resource.
func roleAllows(v View, role Resource, action, resource string) bool {
	for _, p := range policiesOf(v, role) {
		if p.Allows(action, resource) {
			return true
		}
	}
	return false
}

// verifyAssumable refuses a role whose trust policy does not name the service.
func (c *Call) verifyAssumable(path, service, code, message string) (Resource, bool) {
	role, ok := toRole.Find(c.View, c.Str(path))
	if !ok {
		return Resource{}, false
	}
	trust, err := document.ParsePolicy(props.Str(role.State, "assumeRolePolicy"), document.TrustPolicy)
	if err != nil || !trust.TrustsService(service) {
		c.Refuse(path, code, "%s; its trust policy does not let %s assume it", strings.TrimSuffix(message, "."), service)
		return role, false
	}
	return role, true
}

var (
	toRoleName = Target{
		Types: []string{typeRole}, By: []string{"id"},
		Code: "NoSuchEntity", Message: "The role with name %s cannot be found.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete entity, must delete policies of role %s first",
	}
	toRole = Target{
		Types: []string{typeRole}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "The role %s does not exist in the account.",
	}
	toPolicy = Target{
		Types: []string{typePolicy}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "Policy %s does not exist or is not attachable.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete a policy attached to entities: %s",
	}
)

const maxPoliciesPerRole = 10 // IAM and STS quotas

func checkRoleLimits(c *Checker) {
	if n := len(props.All(c.In, "managedPolicyArns[*]")); n > maxPoliciesPerRole {
		c.Fail("managedPolicyArns", "LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d; this role has %d", maxPoliciesPerRole, n)
	}
}

func verifyAttachments(c *Call) {
	if !c.Creating() || c.Str("role") == "" {
		return
	}
	others := 0
	for _, r := range c.By(typeAttachment, "role", c.Str("role")) {
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
var trustPlace = policyPlace{
	path: "assumeRolePolicy", kind: document.TrustPolicy, vendor: "sts",
	code: "MalformedPolicyDocument", principal: "Invalid principal in policy",
	badAction: "MalformedPolicyDocument", action: "AssumeRole policy may only specify STS AssumeRole actions",
}
