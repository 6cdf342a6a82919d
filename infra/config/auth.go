package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Who may edit (D44).
const (
	// AuthNone lets in whoever finds the address.
	AuthNone = "none"
	// AuthCognito invites each client's editors into a user pool of the stack's.
	AuthCognito = "cognito"
	// AuthOIDC asks an issuer that exists.
	AuthOIDC = "oidc"
)

// OIDCClientSecret is the key of the load balancer's secret at the issuer.
const OIDCClientSecret = "oidcClientSecret"

// Auth says who may edit, and how it is known.
type Auth struct {
	// Mode is AuthNone, AuthCognito or AuthOIDC.
	Mode string
	// MFA says of a user pool whether it takes a second factor: off, optional or on.
	MFA string
	// SessionHours is after how long somebody signs in again, 1 to 168 (AWS allows a week).
	SessionHours int
	// OIDC is the issuer, for AuthOIDC only.
	OIDC OIDC
}

// OIDC is an issuer that exists, and the load balancer's client there; its secret is among the secrets.
type OIDC struct {
	Issuer, Authorization, Token, UserInfo, ClientID string
	// SignOut is where the issuer ends a session of its own; may be empty.
	SignOut string
	// fields are what was configured.
	fields map[string]string
}

// On says that people sign in.
func (a Auth) On() bool { return a.Mode != AuthNone }

// The fields of the key oidc; all but the last must be there.
var oidcFields = []string{"authorizationEndpoint", "clientId", "issuer", "tokenEndpoint", "userInfoEndpoint", "signOutUrl"}

func loadAuth(r *reader) Auth {
	fields := r.table("oidc", " with "+strings.Join(oidcFields, ", "))
	return Auth{
		Mode: r.text("auth", AuthNone), MFA: r.text("mfa", "on"), SessionHours: r.number("authSessionHours", 12),
		OIDC: OIDC{
			Issuer: fields["issuer"], Authorization: fields["authorizationEndpoint"], Token: fields["tokenEndpoint"],
			UserInfo: fields["userInfoEndpoint"], ClientID: fields["clientId"], SignOut: fields["signOutUrl"], fields: fields,
		},
	}
}

func (c *Config) validateAuth(v *validator) {
	a := c.Auth
	v.oneOf("auth", a.Mode, AuthNone, AuthCognito, AuthOIDC)
	v.oneOf("mfa", a.MFA, "off", "optional", "on")
	v.between("authSessionHours", a.SessionHours, 1, 168)
	_, secret := c.Secrets.Values[OIDCClientSecret]
	if a.Mode != AuthOIDC {
		v.require(len(a.OIDC.fields) == 0, "oidc", strings.Join(slices.Sorted(maps.Keys(a.OIDC.fields)), ", "), "auth oidc beside it")
		v.require(!secret, OIDCClientSecret, secretValue, "auth oidc beside it")
	} else {
		a.OIDC.validate(v)
		v.require(secret, OIDCClientSecret, "", fmt.Sprintf("the load balancer's secret at the issuer: "+
			"`pulumi config set --stack %s --secret %s`", c.Stack, OIDCClientSecret))
	}
	if !a.On() {
		return
	}
	v.require(c.Edge.DistributionID == "", "auth", a.Mode, "none beside distributionId: a distribution's visitors are on another host, for "+
		"which the load balancer's session does not count, so nobody would ever be signed in")
	for _, client := range c.Clients {
		at := "clients"
		if client.at != "" {
			at = client.at + ".editors"
		}
		v.require(len(client.Editors) > 0, at, strconv.Itoa(len(client.Editors)), fmt.Sprintf("at least one of email and user for client %s "+
			"beside auth %s: nobody could come in", client.ID, a.Mode))
	}
}

func (o OIDC) validate(v *validator) {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		v.require(slices.Contains(oidcFields, name), "oidc."+name, o.fields[name],
			"one of "+strings.Join(oidcFields, ", ")+meant(name, oidcFields))
	}
	for _, name := range oidcFields {
		value, given := o.fields[name]
		switch {
		case name == "clientId":
			v.require(value != "", "oidc."+name, value, "the load balancer's client ID at the issuer")
		case given || name != "signOutUrl":
			u, err := url.Parse(value)
			v.require(err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == "", "oidc."+name, value,
				"an address with https, from the issuer's /.well-known/openid-configuration")
		}
	}
}
