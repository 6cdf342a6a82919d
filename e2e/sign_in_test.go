package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// withEditors is prod's first client with people who may come in.
func withEditors(people ...string) []any {
	var editors []any
	for _, name := range people {
		editors = append(editors, map[string]any{"email": name + "@example.com", "user": name})
	}
	return []any{map[string]any{"id": "ameliastamps", "editors": editors}}
}

// TestSignInComesAndGoes turns sign-in on for a stack that was deployed without, invites and removes somebody, asks another issuer, rotates
// its secret, and leaves again. Nothing that holds data moves, and inviting touches no task.
func TestSignInComesAndGoes(t *testing.T) {
	t.Parallel()
	w := openDeploymentWith(t, sandboxtest.Options{StateDir: t.TempDir(), SaveOnce: true})
	base := map[string]any{"protect": false}
	without := w.stack("prod", with(base))
	w.up(without)

	cognito := func(people ...string) *sandboxtest.Stack {
		return w.stack("prod", with(map[string]any{"protect": false, "auth": "cognito", "clients": withEditors(people...)}))
	}
	requireDataStays(t, w.up(cognito("amelia")))
	w.requireNoChanges(cognito("amelia"))

	changed := changedBy(w.up(cognito("amelia", "bo")))
	require.Equal(t, []string{"editors", "sign-in-bo@example.com"}, changed, "inviting somebody touches the list and the pool only")
	changed = changedBy(w.up(cognito("bo")))
	require.Equal(t, []string{"editors", "sign-in-amelia@example.com"}, changed)

	oidc := func(secret string) *sandboxtest.Stack {
		config := with(map[string]any{"protect": false, "auth": "oidc", "clients": withEditors("bo"), "oidc": map[string]any{
			"issuer": "https://i.example.com", "authorizationEndpoint": "https://i.example.com/a", "tokenEndpoint": "https://i.example.com/t",
			"userInfoEndpoint": "https://i.example.com/u", "clientId": "balancer",
		}})
		config["oidcClientSecret"] = sandboxtest.ConfigValue{Value: secret, Secret: true}
		return w.stack("prod", config)
	}
	requireDataStays(t, w.up(oidc("first")))
	w.requireNoChanges(oidc("first"))
	changed = changedBy(w.up(oidc("second")))
	require.Equal(t, []string{
		"edit-api-rule", "edit-preview-rule", "edit-preview-sign-in-rule", "edit-ws-rule", "scaler-waker-rule", "scaler-waker-sign-in-rule",
	}, changed, "a new secret touches the rules only")

	requireDataStays(t, w.up(without))
	w.requireNoChanges(without)
}

// BenchmarkWarmPreview previews a deployed prod without changes, as anybody may edit and as people sign in.
func BenchmarkWarmPreview(b *testing.B) {
	for name, config := range map[string]settings{
		"none": with(nil), "cognito": with(map[string]any{"auth": "cognito", "clients": withEditors("amelia", "bo")}),
	} {
		b.Run(name, func(b *testing.B) {
			w := openDeploymentWith(b, sandboxtest.Options{StateDir: b.TempDir(), SaveOnce: true})
			prod := w.stack("prod", config)
			w.up(prod)
			for b.Loop() {
				planned, err := prod.Preview(w.ctx, sandboxtest.RunOptions{})
				require.NoError(b, err)
				b.ReportMetric(float64(len(planned.Steps)), "resources")
			}
		})
	}
}

// changedBy are the resources that an update changed in any way, by name.
func changedBy(result sandboxtest.Result) []string {
	var names []string
	for _, step := range result.Steps {
		if step.Op != apitype.OpSame && step.Op != apitype.OpRead && !strings.HasPrefix(step.Type, "pulumi:") && !slices.Contains(names, step.Name) {
			names = append(names, step.Name)
		}
	}
	slices.Sort(names)
	return names
}
