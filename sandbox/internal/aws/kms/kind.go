// Package kms is AWS KMS in the sandbox.
package kms

import (
	_ "embed"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// DefaultKeyID is the AWS-managed key that encrypts file systems without a key of
// their own.
const DefaultKeyID = "7c1d9e42-5b0a-4f38-9a6e-d2c4b8f01e75"

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("kms", schemaJSON)
	kind.Register(kmsKinds())
}

func kmsKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeKey: {
			Check: kind.InTurn(func(c *kind.Checker) {
				iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource, Max: 32768})
			},
				keyPlace.Check),
			Verify: keyPlace.Verify,
			Create: func(c *kind.Call) error {
				c.ID = c.UUID("key")
				c.Default("multiRegion", false)
				c.Default("description", "")
				c.Default("rotationPeriodInDays", 0)
				c.Default("policy", `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",`+
					`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+view.AccountID+`:root"},"Action":"kms:*","Resource":"*"}]}`)
				return nil
			},
		},
		"aws:kms/alias:Alias": {
			Refs:   []kind.Ref{{Path: "targetKeyId", To: ToKey, OnDelete: kind.Cascade}},
			Unique: []kind.Unique{{Paths: []string{"name"}, Code: "AlreadyExistsException", Message: "An alias with the name %s already exists"}},
			Check: func(c *kind.Checker) {
				if name, ok := c.Text("name"); ok && (!strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/")) {
					c.Fail("name", "name must begin with 'alias/' and not with 'alias/aws/', got %q", name)
				}
			},
			Create: func(c *kind.Call) error {
				c.ID = c.Name()
				if key, ok := ToKey.Find(c.View, c.Str("targetKeyId")); ok {
					c.Set("targetKeyArn", view.ARN("kms", "key/"+key.ID))
				}
				return nil
			},
		},
	}
}

// ToKey is a reference to a key by its ARN or ID.
var ToKey = kind.Target{
	Types: []string{view.TypeKey}, By: []string{"arn", "id"},
	Code: "NotFoundException", Message: "Key '%s' does not exist",
	Skip: func(v string) bool { return strings.HasPrefix(v, "alias/") || strings.Contains(v, ":alias/") },
}

// keyPlace is a key's policy.
var keyPlace = iam.PolicyPlace{
	Path: "policy", Kind: policies.Resource, Vendor: "kms",
	Code: iam.MalformedDocument, Principal: "Policy contains a statement with one or more invalid principals",
	BadAction: iam.MalformedDocument, Action: "Policy contains a statement with an action of another service",
}
