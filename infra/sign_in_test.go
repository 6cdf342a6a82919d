package infra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/infra/infratest"
)

const twoClients = `[
	{"id":"ameliastamps","editors":[{"email":"Amelia@Example.com","user":"amelia"},{"email":"bo@example.com","user":"bo"}]},
	{"id":"acme","host":"edit-acme","user":"jane","repository":"https://github.com/acme/site.git","rulePriority":300,
	 "editors":[{"email":"jane@acme.example","user":"jane"},{"email":"bo@example.com","user":"bo"}]}]`

const anIssuer = `{"issuer":"https://i.example.com","authorizationEndpoint":"https://i.example.com/a","tokenEndpoint":"https://i.example.com/t",` +
	`"userInfoEndpoint":"https://i.example.com/u","clientId":"id","signOutUrl":"https://i.example.com/out"}`

// signedIn are stacks of two clients whose people sign in, in both ways.
func signedIn(t *testing.T) map[string]*infratest.Deployment {
	t.Helper()
	return map[string]*infratest.Deployment{
		"cognito": variation{Config: map[string]string{"auth": "cognito", "clients": twoClients}}.deploy(t),
		"oidc": variation{
			Config: map[string]string{"auth": "oidc", "clients": twoClients, "oidc": anIssuer, "authSessionHours": "8"},
			Secret: map[string]string{"oidcClientSecret": "s"},
		}.deploy(t),
	}
}

// TestNoPathPassesWithoutSignIn scans every rule of the listener: each asks who it is for, before it forwards; only one that takes
// nothing but pages being opened sends to sign in, the others deny. So whatever matches no such rule meets the listener's own answer.
func TestNoPathPassesWithoutSignIn(t *testing.T) {
	t.Parallel()
	for way, d := range signedIn(t) {
		rules := d.OfType("aws:lb/listenerRule:ListenerRule")
		require.Len(t, rules, 12, "six of each client")
		for _, rule := range rules {
			actions, ok := rule.Get("actions").([]any)
			require.True(t, ok)
			require.Len(t, actions, 2, rule.Name)
			kind := rule.Text("actions.0.type")
			require.Equal(t, "authenticate-"+way, kind, rule.Name)
			require.Equal(t, "forward", rule.Text("actions.1.type"), rule.Name)
			settings := map[string]string{"authenticate-cognito": "authenticateCognito", "authenticate-oidc": "authenticateOidc"}[kind]
			at := "actions.0." + settings + "."
			assert.Equal(t, "openid email", rule.Text(at+"scope"))
			conditions := fmt.Sprint(rule.Get("conditions"))
			opens := strings.Contains(conditions, "*text/html*")
			want := map[bool]string{true: "authenticate", false: "deny"}[opens]
			assert.Equal(t, want, rule.Text(at+"onUnauthenticatedRequest"), rule.Name)
			assert.Equal(t, opens, strings.HasSuffix(rule.Name, "sign-in-rule"))
			assert.Equal(t, opens, strings.Contains(conditions, "GET"), "a form is denied rather than lost")
			if opens {
				assert.NotContains(t, conditions, "/api/")
			}
		}
		listener := d.One(t, "load-balancer-https-listener")
		assert.Equal(t, "fixed-response", listener.Text("defaultActions.0.type"), "what no rule takes reaches nothing")
		hosts := map[any]int{}
		for _, rule := range rules {
			hosts[fmt.Sprint(rule.Get("conditions.0.hostHeader.values"))]++
		}
		assert.Equal(t, map[any]int{"[edit.ameliastamps.com]": 6, "[edit-acme.ameliastamps.com]": 6}, hosts)
		assert.True(t, d.Has("load-balancer-issuer-egress"), "the load balancer itself calls the issuer")
	}
}

// TestWhereTheRulesOfSignInStand: the waker's other rule is first of all, and the page's before the rest of the preview.
func TestWhereTheRulesOfSignInStand(t *testing.T) {
	t.Parallel()
	d := signedIn(t)["cognito"]
	for name, place := range map[string]float64{
		"scaler-waker-sign-in-rule": 100, "scaler-waker-rule": 101, "edit-ws-rule": 110, "edit-api-rule": 120,
		"edit-preview-sign-in-rule": 129, "edit-preview-rule": 130, "scaler--acme-waker-sign-in-rule": 300, "scaler--acme-waker-rule": 301,
	} {
		assert.InDelta(t, place, d.One(t, name).Get("priority"), 0, name)
	}
	for _, name := range []string{"scaler-waker-sign-in-rule", "scaler-waker-rule"} {
		assert.Equal(t, []string{"priority"}, d.One(t, name).Request.GetIgnoreChanges(), name)
	}
	policy := d.One(t, "scaler-function-policy").Policy(t, "policy")
	assert.Len(t, policy.By(t, "MoveTheWaker").Resource, 2, "both at once")
}

// TestWhoIsInvitedIsTold: to each client's waker and tasks, who may read no other client's list.
func TestWhoIsInvitedIsTold(t *testing.T) {
	t.Parallel()
	for way, d := range signedIn(t) {
		for suffix, list := range map[string]string{
			"":       `[{"email":"amelia@example.com","user":"amelia"},{"email":"bo@example.com","user":"bo"}]`,
			"--acme": `[{"email":"jane@acme.example","user":"jane"},{"email":"bo@example.com","user":"bo"}]`,
		} {
			parameter := d.One(t, "editors"+suffix)
			assert.JSONEq(t, list, parameter.Text("value"))
			name := "/webordinary-edit-editors" + suffix
			assert.Equal(t, name, parameter.Text("name"))
			variables, ok := d.One(t, "scaler"+suffix+"-function").Get("environment.variables").(map[string]any)
			require.True(t, ok)
			cfg, err := config.Load(func(key string) string {
				if key == "AWS_REGION" {
					return "us-west-2"
				}
				text, _ := variables[key].(string)
				return plausible(text)
			})
			require.NoError(t, err, "%v", variables)
			require.NotNil(t, cfg.Auth)
			assert.Equal(t, name, cfg.Auth.Parameter)
			var definitions []container
			d.One(t, "edit"+suffix+"-task-definition").JSON(t, "containerDefinitions", &definitions)
			told := map[string]string{}
			for _, variable := range definitions[0].Environment {
				told[variable.Name] = variable.Value
			}
			for key, value := range variables {
				if strings.HasPrefix(key, "AUTH_") {
					assert.Equal(t, value, told[key], "%s: task and waker are told the same", way)
				}
			}
			assert.Equal(t, name, told["AUTH_EDITORS_PARAMETER"])
			for _, policy := range []string{"scaler" + suffix + "-function-policy", "edit" + suffix + "-task-policy"} {
				statement := d.One(t, policy).Policy(t, "policy").By(t, "SeeWhoMayEdit")
				assert.Equal(t, []string{"ssm:GetParameter"}, statement.Action)
				assert.Len(t, statement.Resource, 1)
				assert.True(t, strings.HasSuffix(statement.Resource[0], "editors"+suffix), statement.Resource)
			}
		}
	}
}

// plausible gives the mocks' short ARNs of rules and groups the form of AWS's.
func plausible(value string) string {
	if strings.Contains(value, ":listener-rule/app/") {
		return value[:strings.Index(value, "/app/")] + "/app/a/b/c/d"
	}
	return value
}

// TestTheUserPoolLetsNobodyRegister, takes a second factor, and has one account for each person, whoever invites her.
func TestTheUserPoolLetsNobodyRegister(t *testing.T) {
	t.Parallel()
	d := signedIn(t)["cognito"]
	pool := d.One(t, "sign-in-pool")
	assert.Equal(t, true, pool.Get("adminCreateUserConfig.allowAdminCreateUserOnly"))
	assert.Equal(t, "ON", pool.Text("mfaConfiguration"))
	assert.Equal(t, true, pool.Get("softwareTokenMfaConfiguration.enabled"))
	assert.Equal(t, false, pool.Get("usernameConfiguration.caseSensitive"))
	assert.Equal(t, "ACTIVE", pool.Text("deletionProtection"), "prod protects")
	assert.True(t, pool.Request.GetProtect())
	var people []string
	for _, user := range d.OfType("aws:cognito/user:User") {
		people = append(people, user.Text("username"))
		assert.Equal(t, "true", user.Text("attributes.email_verified"))
	}
	slices.Sort(people)
	assert.Equal(t, []string{"amelia@example.com", "bo@example.com", "jane@acme.example"}, people)
	client := d.One(t, "sign-in-client")
	assert.Equal(t, []any{
		"https://edit.ameliastamps.com/oauth2/idpresponse", "https://edit-acme.ameliastamps.com/oauth2/idpresponse",
	}, client.Get("callbackUrls"))
	assert.Equal(t, "ENABLED", client.Text("preventUserExistenceErrors"))
	assert.Equal(t, "webordinary-edit-"+account, d.One(t, "sign-in-domain").Text("domain"))
}

// TestTheSecondFactorIsConfigured: none, hers to choose, or for everybody, which is the default.
func TestTheSecondFactorIsConfigured(t *testing.T) {
	t.Parallel()
	for mfa, want := range map[string]string{"off": "OFF", "optional": "OPTIONAL", "on": "ON"} {
		d := variation{Config: map[string]string{"auth": "cognito", "clients": twoClients, "mfa": mfa}}.deploy(t)
		pool := d.One(t, "sign-in-pool")
		assert.Equal(t, want, pool.Text("mfaConfiguration"))
		factor, _ := pool.Get("softwareTokenMfaConfiguration.enabled").(bool)
		assert.Equal(t, mfa != "off", factor, "an authenticator app, where there is a second factor")
		assert.Equal(t, "cognito", d.Outputs["auth"])
	}
}

// TestTheIssuersSecretStaysOne in every rule that has it.
func TestTheIssuersSecretStaysOne(t *testing.T) {
	t.Parallel()
	d := signedIn(t)["oidc"]
	for _, rule := range d.OfType("aws:lb/listenerRule:ListenerRule") {
		assert.True(t, rule.Inputs["actions"].ContainsSecrets(), rule.Name)
		assert.InDelta(t, 8*3600, rule.Get("actions.0.authenticateOidc.sessionTimeout"), 0)
	}
	assert.False(t, d.Has("sign-in-pool"))
}

// TestNobodyIsAskedByDefault: without auth there is nothing of it, and every preview says what that means.
func TestNobodyIsAskedByDefault(t *testing.T) {
	t.Parallel()
	for _, s := range stacks(t) {
		for _, r := range s.Resources {
			assert.NotContains(t, r.Type, "cognito")
			assert.NotContains(t, r.Type, "ssm")
			assert.NotContains(t, r.Name, "sign-in")
			assert.NotContains(t, r.Name, "issuer-egress")
		}
	}
}
