package invocation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

func env(values map[string]string) func(string) string {
	return func(key string) string { return values[key] }
}

func TestLoad(t *testing.T) {
	t.Parallel()
	in := spec.LiveEdit("E2QWRUHAPOMQZL", "p/s", spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"})
	text, err := in.JSON()
	require.NoError(t, err)
	c, err := invocation.LoadEnvironment(env(map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "f", "BEHAVIORS_INPUT": text}))
	require.NoError(t, err)
	require.Equal(t, invocation.Environment{Function: "f", Input: in.WithDefaults()}, c)
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	_, err := invocation.LoadEnvironment(env(nil))
	require.ErrorContains(t, err, "AWS_LAMBDA_FUNCTION_NAME: is not set")
	require.ErrorContains(t, err, "BEHAVIORS_INPUT: is not set")
	_, err = invocation.LoadEnvironment(env(map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "f", "BEHAVIORS_INPUT": `{"owner":" "}`}))
	require.ErrorContains(t, err, "BEHAVIORS_INPUT: distributionId")
	require.ErrorContains(t, err, `owner: " "`)
}
