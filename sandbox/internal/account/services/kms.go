package services

import (
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
)

// defaultKeyID is the AWS-managed key that encrypts file systems without a key of
// their own.
const defaultKeyID = "7c1d9e42-5b0a-4f38-9a6e-d2c4b8f01e75"

func init() { Register(kmsKinds()) }

func kmsKinds() map[string]*Kind {
	return map[string]*Kind{
		typeKey: {
			Check: inTurn(func(c *Checker) { checkPolicy(c, "policy", policyRule{kind: document.ResourcePolicy, max: 32768}) },
				keyPlace.check),
			Verify: keyPlace.verify,
			Create: func(c *Call) error {
				c.ID = c.UUID("key")
				c.Set("keyId", c.ID)
				c.Set("arn", ARN("kms", "key/"+c.ID))
				c.Default("multiRegion", false)
				c.Default("description", "")
				c.Default("rotationPeriodInDays", 0)
				c.Default("policy", `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",`+
					`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+AccountID+`:root"},"Action":"kms:*","Resource":"*"}]}`)
				return nil
			},
		},
		"aws:kms/alias:Alias": {
			Refs:   []Ref{{Path: "targetKeyId", To: toKey, OnDelete: Cascade}},
			Unique: []Unique{{Paths: []string{"name"}, Code: "AlreadyExistsException", Message: "An alias with the name %s already exists"}},
			Check: func(c *Checker) {
				if name, ok := c.Text("name"); ok && (!strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/")) {
					c.Fail("name", "name must begin with 'alias/' and not with 'alias/aws/', got %q", name)
				}
			},
			Create: func(c *Call) error {
				c.ID = c.Name()
				c.Set("arn", ARN("kms", c.ID))
				if key, ok := toKey.Find(c.View, c.Str("targetKeyId")); ok {
					c.Set("targetKeyArn", ARN("kms", "key/"+key.ID))
				}
				return nil
			},
		},
	}
}

var (
	toKey = Target{
		Types: []string{typeKey}, By: []string{"arn", "id"},
		Code: "NotFoundException", Message: "Key '%s' does not exist",
		Skip: func(v string) bool { return strings.HasPrefix(v, "alias/") || strings.Contains(v, ":alias/") },
	}
)

// keyPlace is a key's policy.
var keyPlace = policyPlace{
	path: "policy", kind: document.ResourcePolicy, vendor: "kms",
	code: malformedDocument, principal: "Policy contains a statement with one or more invalid principals",
	badAction: malformedDocument, action: "Policy contains a statement with an action of another service",
}
