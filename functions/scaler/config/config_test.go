package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

const elb = "arn:aws:elasticloadbalancing:us-west-2:123456789012:"

func good() map[string]string {
	return map[string]string{
		"AWS_REGION": "us-west-2", "CLUSTER_NAME": "webordinary-edit-cluster", "SERVICE_NAME": "webordinary-edit",
		"WAKER_RULE_ARN":       elb + "listener-rule/app/edit-alb/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee",
		"API_TARGET_GROUP_ARN": elb + "targetgroup/edit-api-tg/73e2d6bc24d8a067", "PREVIEW_TARGET_GROUP_ARN": elb + "targetgroup/edit-preview-tg/83e2d6bc24d8a067",
		"RULE_PRIORITY_BASE": "200", "IDLE_MINUTES": "15",
	}
}

func load(env map[string]string) (*config.Config, error) {
	return config.Load(func(name string) string { return env[name] })
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cfg, err := load(good())
	require.NoError(t, err)
	require.Equal(t, 200, cfg.PriorityBase)
	require.Equal(t, 15*time.Minute, cfg.Idle)
	require.Empty(t, cfg.Credentials)

	env := good()
	env["WAKE_CREDENTIALS"] = "header:Authorization, cookie:session"
	cfg, err = load(env)
	require.NoError(t, err)
	require.Equal(t, []requests.Credential{{Header: "Authorization"}, {Cookie: "session"}}, cfg.Credentials)
}

// TestSignIn: the rule where people sign in and whose word counts belong together.
func TestSignIn(t *testing.T) {
	t.Parallel()
	rule := elb + "listener-rule/app/edit-alb/50dc6c495c0c9188/f2f7dc8efc522ab2/1111111111111111"
	auth := func(env map[string]string) {
		env["AUTH_SIGNER"] = elb + "loadbalancer/app/edit-alb/50dc6c495c0c9188"
		env["AUTH_ISSUER"], env["AUTH_CLIENT"] = "https://issuer.example.com", "id"
		env["AUTH_EDITORS_PARAMETER"] = "/live-edit/editors/amelia"
	}
	env := good()
	cfg, err := load(env)
	require.NoError(t, err)
	require.Nil(t, cfg.Auth)
	env["WAKER_SIGN_IN_RULE_ARN"] = rule
	_, err = load(env)
	require.ErrorContains(t, err, "nothing without AUTH_SIGNER")
	auth(env)
	cfg, err = load(env)
	require.NoError(t, err)
	require.Equal(t, rule, cfg.SignInRuleARN)
	require.Equal(t, "https://issuer.example.com", cfg.Auth.Issuer)
	delete(env, "WAKER_SIGN_IN_RULE_ARN")
	_, err = load(env)
	require.ErrorContains(t, err, "WAKER_SIGN_IN_RULE_ARN")
	delete(env, "AUTH_CLIENT")
	_, err = load(env)
	require.ErrorContains(t, err, "AUTH_CLIENT")
}

// TestEverythingMissingIsNamedAtOnce: nobody should have to deploy seven times to learn seven names.
func TestEverythingMissingIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(nil)
	require.Error(t, err)
	for name := range good() {
		require.ErrorContains(t, err, name)
	}
	require.Equal(t, len(good()), strings.Count(err.Error(), "\n")+1)
	var fault *config.Fault
	require.ErrorAs(t, err, &fault)
}

func TestEachMalformedValueIsRefused(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"AWS_REGION":               {"oregon", "us-west-2 "},
		"CLUSTER_NAME":             {"a b", "arn:aws:ecs:us-west-2:1:cluster/x", "$x"},
		"SERVICE_NAME":             {"a:b", strings.Repeat("x", 256)},
		"WAKER_RULE_ARN":           {"rule", elb + "listener/app/a/b/c", elb + "listener-rule/net/a/b/c/d", elb + "listener-rule/app/a/b/c"},
		"API_TARGET_GROUP_ARN":     {"edit-api-tg", elb + "targetgroup/x", elb + "loadbalancer/app/x/y"},
		"PREVIEW_TARGET_GROUP_ARN": {"x"},
		"RULE_PRIORITY_BASE":       {"0", "-5", "ten", "49902", "1.5"},
		"IDLE_MINUTES":             {"0", "1441", "soon"},
		"STAND_IN_URL": {
			"www.example.com", "http://www.example.com", "https://", "https://u@www.example.com", "https://www.example.com/?a", "https://x/#a", ":",
		},
		"SANDBOX_CLOCK":    {"60", "now,then,60"},
		"WAKE_CREDENTIALS": {"session", "cookie:", "header:a b", "header:x_key", "query:x", "cookie:a,,cookie:b"},
	} {
		for _, value := range values {
			env := good()
			env[name] = value
			_, err := load(env)
			var fault *config.Fault
			require.True(t, errors.As(err, &fault), "%s=%q was accepted", name, value)
			require.Equal(t, name, fault.Name)
			require.ErrorContains(t, err, value)
			require.NotContains(t, err.Error(), "\n", "one fault")
		}
	}
}
