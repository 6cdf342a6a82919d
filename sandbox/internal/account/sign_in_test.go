package account_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// TestWrongSignIn: what AWS refuses of user pools, of actions that authenticate, and of parameters.
func TestWrongSignIn(t *testing.T) {
	t.Parallel()
	forward := func(p *program) obj { return obj{"type": "forward", "targetGroupArn": p.id("api-tg")} }
	oidc := obj{"type": "authenticate-oidc", "authenticateOidc": obj{
		"issuer": "https://i.example.com", "authorizationEndpoint": "https://i.example.com/a", "tokenEndpoint": "https://i.example.com/t",
		"userInfoEndpoint": "https://i.example.com/u", "clientId": "id", "clientSecret": "secret",
	}}
	rule := func(p *program, priority int, actions ...any) obj {
		return obj{"priority": priority, "actions": append(list{}, actions...)}
	}
	pool := func(p *program, changes obj) obj {
		settings := obj{"userPoolArn": p.out("pool", "arn"), "userPoolClientId": p.id("pool-client"), "userPoolDomain": p.id("pool-domain")}
		for name, value := range changes {
			settings[name] = value
		}
		return obj{"type": "authenticate-cognito", "authenticateCognito": settings}
	}
	runWrong(t, []wrong{
		{"authenticate last", tRule, "api-rule", func(p *program) obj { return rule(p, 901, forward(p), oidc) }, []string{"InvalidLoadBalancerAction"}},
		{"authenticate alone", tRule, "api-rule", func(p *program) obj { return rule(p, 901, oidc) }, []string{"the last action"}},
		{
			"authenticate twice", tRule, "api-rule", func(p *program) obj { return rule(p, 901, oidc, oidc, forward(p)) },
			[]string{"there can be only one"},
		},
		{
			"authenticate without TLS", tListener, "redirect", func(p *program) obj {
				return obj{"port": 8080, "defaultActions": list{oidc, forward(p)}}
			}, []string{"supported only on HTTPS listeners"},
		},
		{
			"a session of eight days", tRule, "api-rule", func(p *program) obj {
				return rule(p, 901, pool(p, obj{"sessionTimeout": 691200}), forward(p))
			}, []string{"sessionTimeout", "604800"},
		},
		{
			"no such way", tRule, "api-rule", func(p *program) obj {
				return rule(p, 901, pool(p, obj{"onUnauthenticatedRequest": "ask"}), forward(p))
			}, []string{"onUnauthenticatedRequest", "ask"},
		},
		{
			"no such pool", tRule, "api-rule", func(p *program) obj {
				return rule(p, 901, pool(p, obj{"userPoolArn": "arn:aws:cognito-idp:us-west-2:942734823970:userpool/us-west-2_none"}), forward(p))
			}, []string{"userPoolArn", "does not exist"},
		},
		{
			"no such domain", tRule, "api-rule", func(p *program) obj {
				return rule(p, 901, pool(p, obj{"userPoolDomain": "none"}), forward(p))
			}, []string{"userPoolDomain", "does not exist"},
		},
		{"a second domain", tPoolDomain, "pool-domain", set(obj{"domain": "other"}), []string{"already has a domain"}},
		{"a reserved word", tPoolDomain, "pool-domain", set(obj{"domain": "my-aws-editor"}), []string{"reserved word: aws"}},
		{"a second factor without one", tPool, "pool", set(obj{"softwareTokenMfaConfiguration": nil}), []string{"mfaConfiguration", "without a factor"}},
		{"a callback without TLS", tPoolClient, "pool-client", set(obj{"callbackUrls": list{"http://edit.example.com"}}), []string{"callbackUrls"}},
		{"flows that are off", tPoolClient, "pool-client", set(obj{"allowedOauthFlowsUserPoolClient": false}), []string{"InvalidOAuthFlowException"}},
		{"the same person", tUser, "editor", set(nil), []string{"UsernameExistsException"}},
		{"a person without an address", tUser, "editor", set(obj{"username": "amelia"}), []string{"Username should be an email"}},
		{"the same parameter", tParameter, "editors", set(nil), []string{"ParameterAlreadyExists"}},
		{"a parameter without a slash", tParameter, "editors", set(obj{"name": "a/b"}), []string{"fully qualified name"}},
		{"a reserved parameter", tParameter, "editors", set(obj{"name": "/aws/x"}), []string{"reserved parameter name"}},
		{"a parameter of 5 KB", tParameter, "editors", set(obj{"name": "/x", "value": string(make([]byte, 5<<10))}), []string{"5120 bytes"}},
		{"a parameter with references", tParameter, "editors", set(obj{"name": "/x", "value": "{{ssm:y}}"}), []string{"parameter references"}},
	})
}

// TestAParameterChanges by either of its two properties, which both show the value then.
func TestAParameterChanges(t *testing.T) {
	t.Parallel()
	p := deployAll(t)
	for i, property := range []string{"value", "value", "insecureValue"} {
		text := strings.Repeat("x", i+1)
		changes := obj{"value": nil, "insecureValue": nil}
		changes[property] = text
		_, err := p.update("editors", changes)
		require.NoError(t, err)
		for _, shown := range []resource.PropertyKey{"value", "insecureValue"} {
			kept, ok := p.acc.Get(tParameter, p.id("editors"))
			require.True(t, ok)
			require.Equal(t, resource.NewProperty(text), kept.State[shown])
		}
	}
}
