// Package cognito is Amazon Cognito's user pools in the sandbox. Who signs in is asked by the sandbox's own issuer.
package cognito

import (
	_ "embed"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("cognito", schemaJSON)
	kind.Register(map[string]*kind.Kind{
		view.TypeUserPool: {Create: createPool, Delete: deletePool},
		view.TypeUserPoolDomain: {
			Refs: []kind.Ref{{Path: "userPoolId", To: ToUserPool}},
			Unique: []kind.Unique{{
				Paths: []string{"domain"}, Code: "InvalidParameterException", Message: "Domain already associated with another user pool: %s",
			}, {
				Paths: []string{"userPoolId"}, Code: "InvalidParameterException", Message: "User pool already has a domain configured: %s",
			}},
			Check:  checkDomain,
			Create: createDomain,
		},
		view.TypeUserPoolClient: {
			Refs:     []kind.Ref{{Path: "userPoolId", To: ToUserPool, OnDelete: kind.Cascade}},
			Check:    checkClient,
			Create:   createClient,
			ImportID: func(_ kind.View, id string) string { return id[strings.LastIndexByte(id, '/')+1:] }, // pool/client
		},
		view.TypeUser: {
			Refs: []kind.Ref{{Path: "userPoolId", To: ToUserPool, OnDelete: kind.Cascade}},
			Unique: []kind.Unique{{
				Paths: []string{"userPoolId", "username"}, Code: "UsernameExistsException", Message: "User account already exists: %s",
			}},
			Verify: verifyUser,
			Create: createUser,
		},
	})
}

// ToUserPool is a reference to a user pool by its ID or ARN.
var ToUserPool = kind.Target{
	Types: []string{view.TypeUserPool}, By: []string{"id", "arn"}, Generated: true,
	Code: "ResourceNotFoundException", Message: "User pool %s does not exist.",
}

func createPool(c *kind.Call) error {
	c.ID = view.Region + "_" + c.Alphanumeric("pool", 9)
	c.Name()
	c.Set("creationDate", view.Timestamp(c.Now))
	c.Set("lastModifiedDate", view.Timestamp(c.Now))
	c.FillObject("adminCreateUserConfig", map[string]any{"allowAdminCreateUserOnly": false})
	c.FillObject("passwordPolicy", map[string]any{
		"minimumLength": 8, "requireLowercase": true, "requireNumbers": true, "requireSymbols": true, "requireUppercase": true,
		"temporaryPasswordValidityDays": 7,
	})
	c.FillObject("verificationMessageTemplate", map[string]any{"defaultEmailOption": "CONFIRM_WITH_CODE"})
	c.Default("userPoolTier", "ESSENTIALS")
	return nil
}

// deletePool: a pool goes after its domain, and not while it is protected.
func deletePool(c *kind.Call) {
	if props.Str(c.Old.State, "deletionProtection") == "ACTIVE" {
		c.Refuse("deletionProtection", "InvalidParameterException",
			"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	}
	if domains := c.By(view.TypeUserPoolDomain, "userPoolId", c.Old.ID); len(domains) > 0 {
		c.Refuse("", "InvalidParameterException", "User pool cannot be deleted. It has a domain configured that should be deleted first: %s",
			domains[0].ID)
	}
}

var domainPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkDomain(c *kind.Checker) {
	domain, ok := c.Text("domain")
	if !ok || c.Set("certificateArn") {
		return
	}
	if !domainPrefix.MatchString(domain) {
		c.Fail("domain", "InvalidParameterException: 1 validation error detected: Value '%s' at 'domain' failed to satisfy constraint: Member "+
			"must satisfy regular expression pattern: %s", domain, domainPrefix)
	}
	for _, word := range []string{"aws", "amazon", "cognito"} {
		if strings.Contains(domain, word) {
			c.Fail("domain", "InvalidParameterException: Domain cannot contain reserved word: %s", word)
		}
	}
}

func createDomain(c *kind.Call) error {
	c.ID = c.Str("domain")
	c.Default("managedLoginVersion", 1)
	return nil
}

func checkClient(c *kind.Checker) {
	flows := props.Strings(c.In, "allowedOauthFlows[*]")
	if len(flows) > 0 && !props.Bool(c.In, "allowedOauthFlowsUserPoolClient") {
		c.Fail("allowedOauthFlows", "InvalidOAuthFlowException: AllowedOAuthFlows take allowedOauthFlowsUserPoolClient true")
	}
	if slices.Contains(flows, "code") && !props.AnyUnknown(c.In, "callbackUrls") && len(props.Strings(c.In, "callbackUrls[*]")) == 0 {
		c.Fail("callbackUrls", "InvalidParameterException: callbackUrls can't be empty when code or implicit OAuth flows are selected.")
	}
	for _, list := range []string{"callbackUrls", "logoutUrls"} {
		for _, text := range props.Strings(c.In, props.Path(list+"[*]")) {
			u, err := url.Parse(text)
			if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && u.Hostname() != "localhost" {
				c.Fail(list, "InvalidParameterException: %s: redirect URIs are https, or http for localhost, without fragment", text)
			}
		}
	}
}

func createClient(c *kind.Call) error {
	c.ID = strings.ToLower(c.Alphanumeric("client", 26))
	c.Name()
	secret := ""
	if props.Bool(c.In, "generateSecret") {
		secret = strings.ToLower(c.Alphanumeric("secret", 32) + c.Alphanumeric("further", 19))
	}
	c.Set("clientSecret", secret)
	for name, value := range map[string]any{
		"accessTokenValidity": 0, "idTokenValidity": 0, "refreshTokenValidity": 30, "authSessionValidity": 3, "defaultRedirectUri": "",
		"allowedOauthFlowsUserPoolClient": false, "enablePropagateAdditionalUserContextData": false, "enableTokenRevocation": true,
		"preventUserExistenceErrors": "",
	} {
		c.Default(name, value)
	}
	return nil
}

// verifyUser: in a pool whose people are known by their addresses, a user's name is one.
func verifyUser(c *kind.Call) {
	pool, ok := ToUserPool.Find(c.View, c.Str("userPoolId"))
	if !ok {
		return
	}
	name := c.Str("username")
	if slices.Contains(props.Strings(pool.State, "usernameAttributes[*]"), "email") && !strings.Contains(name, "@") && name != "" {
		c.Refuse("username", "InvalidParameterException", "Username should be an email.")
	}
}

func createUser(c *kind.Call) error {
	c.ID = c.Str("userPoolId") + "/" + c.Str("username")
	c.Set("sub", c.UUID("sub"))
	c.Set("creationDate", view.Timestamp(c.Now))
	c.Set("lastModifiedDate", view.Timestamp(c.Now))
	return nil
}
