package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// withEditor has somebody who can come in.
func withEditor(more ...string) infratest.Settings {
	settings := infratest.Settings{"clients": `[{"id":"ameliastamps","editors":[{"email":"Amelia@Example.com","user":"amelia"}]}]`}
	for i := 0; i+1 < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return settings
}

const issuer = `{"issuer":"https://i.example.com","authorizationEndpoint":"https://i.example.com/a","tokenEndpoint":"https://i.example.com/t",` +
	`"userInfoEndpoint":"https://i.example.com/u","clientId":"id"`

var issuerSecret = infratest.Settings{OIDCClientSecret: "s"}

func TestAuth(t *testing.T) {
	t.Parallel()
	assert.Equal(t, AuthNone, mustLoad(t, nil, nil).Auth.Mode)
	assert.Equal(t, 4, mustLoad(t, nil, nil).RulesPerClient())
	cfg := mustLoad(t, withEditor("auth", "oidc", "oidc", issuer+`,"signOutUrl":"https://i.example.com/out"}`), issuerSecret)
	assert.True(t, cfg.Auth.On())
	assert.Equal(t, "https://i.example.com/t", cfg.Auth.OIDC.Token)
	assert.Equal(t, "https://i.example.com/out", cfg.Auth.OIDC.SignOut)
	assert.Equal(t, "s", cfg.Secrets.Values[OIDCClientSecret])
	assert.Equal(t, 6, cfg.RulesPerClient())
	assert.Equal(t, 12, cfg.Auth.SessionHours)
}

func TestWrongAuth(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plain, secret infratest.Settings
		key, expected string
	}{
		"no such way":             {withEditor("auth", "saml"), nil, "auth", "none, cognito, oidc"},
		"no such factor":          {infratest.Settings{"mfa": "yes"}, nil, "mfa", "off, optional, on"},
		"a session of eight days": {infratest.Settings{"authSessionHours": "192"}, nil, "authSessionHours", "168"},
		"nobody invited":          {infratest.Settings{"auth": "cognito"}, nil, "clients", "nobody could come in"},
		"an entry without editors": {
			infratest.Settings{"auth": "cognito", "clients": `[{"id":"ameliastamps"}]`}, nil, "clients[0].editors", "nobody could come in",
		},
		"beside a distribution": {withEditor("auth", "cognito", "distributionId", "E2QWRUHAPOMQZL"), nil, "auth", "another host"},
		"an issuer for none":    {infratest.Settings{"oidc": issuer + "}"}, nil, "oidc", "auth oidc beside it"},
		"a secret for cognito":  {withEditor("auth", "cognito"), issuerSecret, OIDCClientSecret, "auth oidc beside it"},
		"no issuer":             {withEditor("auth", "oidc"), issuerSecret, "oidc.issuer", "an address with https"},
		"no client":             {withEditor("auth", "oidc"), issuerSecret, "oidc.clientId", "client ID"},
		"no secret":             {withEditor("auth", "oidc", "oidc", issuer+"}"), nil, OIDCClientSecret, "pulumi config set --stack test --secret"},
		"a secret in plain text": {
			withEditor("auth", "oidc", "oidc", issuer+"}", OIDCClientSecret, "s"), nil, OIDCClientSecret, "a secret",
		},
		"without TLS":       {withEditor("auth", "oidc", "oidc", issuer+`,"signOutUrl":"http://i.example.com"}`), issuerSecret, "oidc.signOutUrl", "https"},
		"a misspelt field":  {withEditor("auth", "oidc", "oidc", issuer+`,"userInfo":"https://i.example.com"}`), issuerSecret, "oidc.userInfo", "userInfoEndpoint"},
		"seventeen clients": {seventeen(), nil, "clients", "at most 16 clients"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, test.plain, test.secret)
			found := false
			for _, f := range faults {
				if f.Key == test.key {
					found = true
					require.Contains(t, f.Expected, test.expected)
				}
			}
			require.True(t, found, "%v", faults)
		})
	}
}

// seventeen clients where people sign in are more rules than a load balancer has.
func seventeen() infratest.Settings {
	list := `[{"id":"ameliastamps","editors":[{"email":"a@example.com","user":"a"}]}`
	for i := range 16 {
		letter := string(rune('a' + i))
		list += `,{"id":"c` + letter + `","host":"edit-` + letter + `","user":"u","repository":"https://github.com/a/b.git","rulePriority":` +
			[]string{"1", "2", "3", "4"}[i/4] + string(rune('0'+i%4*2)) + `000,"editors":[{"email":"a@example.com","user":"a"}]}`
	}
	return infratest.Settings{"auth": "cognito", "clients": list + "]"}
}
