package e2e

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

const (
	serviceType        = "aws:ecs/service:Service"
	listenerRuleType   = "aws:lb/listenerRule:ListenerRule"
	taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"
)

// kept are the logical names of what outlives prod, by type: the spec's registry, file system and secrets, and the
// workspace bucket (D6).
var kept = map[string]string{
	"registry-repository":       "aws:ecr/repository:Repository",
	"secrets-anthropic-api-key": "aws:secretsmanager/secret:Secret",
	"secrets-github-token":      "aws:secretsmanager/secret:Secret",
	"secrets-aws-credentials":   "aws:secretsmanager/secret:Secret",
	"workspace-file-system":     "aws:efs/fileSystem:FileSystem",
	"workspace-bucket":          "aws:s3/bucketV2:BucketV2",
}

// TestLifeOfTheStacks plays prod and dev from the first deployment to the second life of prod. The steps build on each
// other, so a failed one ends the test.
func TestLifeOfTheStacks(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	prod, dev := w.stack("prod", nil), w.stack("dev", nil)

	w.up(prod)
	w.requireNoChanges(prod)
	w.up(dev)
	w.requireNoChanges(dev)
	w.requireNoChanges(prod)

	requireDevSharesProd(t, w, prod, dev)
	requireImageTagReplacesOnlyTheTaskDefinition(t, w)
	requireDriftOfTheScalerStays(t, w, prod)
	requireDevGoesAlone(t, w, prod, dev)
	ids := requireProdGoesButForItsData(t, w, prod)
	requireProdComesBack(t, w, ids)
}

// requireDevSharesProd checks that dev's image and rules are on prod's registry and listener, and its data its own.
func requireDevSharesProd(t *testing.T, w *deployment, prod, dev *sandboxtest.Stack) {
	prodOutputs, err := prod.Outputs()
	require.NoError(t, err)
	devOutputs, err := dev.Outputs()
	require.NoError(t, err)
	for _, shared := range []string{"repositoryUrl", "albArn", "httpsListenerArn", "albSecurityGroupId"} {
		require.Equal(t, prodOutputs[shared].Value, devOutputs[shared].Value, shared)
	}
	for _, own := range []string{"fileSystemId", "anthropicApiKeyArn", "workspaceBucketName", "clusterName", "editUrl"} {
		require.NotEqual(t, prodOutputs[own].Value, devOutputs[own].Value, own)
	}
	rule := w.resource(dev, "edit-api-rule")
	require.Equal(t, prodOutputs["httpsListenerArn"].Value, rule.Inputs["listenerArn"])
	for name := range kept {
		if name == "registry-repository" {
			continue
		}
		w.resource(dev, name)
	}
}

// requireImageTagReplacesOnlyTheTaskDefinition changes the tag in prod and back.
func requireImageTagReplacesOnlyTheTaskDefinition(t *testing.T, w *deployment) {
	result := w.up(w.stack("prod", with(map[string]any{"imageTag": "v42"})))
	for _, step := range result.Steps {
		switch step.Type {
		case taskDefinitionType:
			require.Contains(t, []apitype.OpType{
				apitype.OpCreateReplacement, apitype.OpReplace, apitype.OpDeleteReplaced,
			}, step.Op, step.Name)
		case serviceType:
			require.Equal(t, apitype.OpUpdate, step.Op)
			require.Contains(t, step.Diff, "taskDefinition")
		default:
			require.Failf(t, "a new image tag changed more", "%s %s", step.Op, step.URN)
		}
	}
	require.NotEmpty(t, result.StepsOf(serviceType))
	require.NotEmpty(t, result.StepsOf(taskDefinitionType))
	w.up(w.stack("prod", nil))
}

// requireDriftOfTheScalerStays does behind Pulumi's back what the scaler does: awake, a task runs and the waker's rule is
// below the others; asleep, there is none and it is above them.
func requireDriftOfTheScalerStays(t *testing.T, w *deployment, prod *sandboxtest.Stack) {
	service, rule := w.resource(prod, "edit-service"), w.resource(prod, "scaler-waker-rule")
	for _, drift := range []struct{ desired, priority float64 }{{1, 190}, {0, 101}} {
		set(t, w, serviceType, string(service.ID), "desiredCount", drift.desired)
		set(t, w, listenerRuleType, string(rule.ID), "priority", drift.priority)
		w.requireNoChanges(prod)
		_, err := prod.Refresh(w.ctx, sandboxtest.RunOptions{})
		require.NoError(t, err)
		w.requireNoChanges(prod)
		w.up(prod)
		requireState(t, w, serviceType, string(service.ID), "desiredCount", drift.desired)
		requireState(t, w, listenerRuleType, string(rule.ID), "priority", drift.priority)
	}
}

func set(t *testing.T, w *deployment, typ, id string, key resource.PropertyKey, value float64) {
	t.Helper()
	require.NoError(t, w.sandbox.Account().Mutate(typ, id, func(state resource.PropertyMap) error {
		state[key] = resource.NewProperty(value)
		return nil
	}))
}

func requireState(t *testing.T, w *deployment, typ, id string, key resource.PropertyKey, value float64) {
	t.Helper()
	live, ok := w.sandbox.Account().Get(typ, id)
	require.True(t, ok)
	require.InDelta(t, value, live.State[key].NumberValue(), 0, "%s of %s after `pulumi up`", key, typ)
}

// requireDevGoesAlone destroys dev and checks that prod did not notice.
func requireDevGoesAlone(t *testing.T, w *deployment, prod, dev *sandboxtest.Stack) {
	_, err := dev.Destroy(w.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	w.requireNoChanges(prod)
	result, err := prod.Refresh(w.ctx, sandboxtest.RunOptions{PreviewOnly: true})
	require.NoError(t, err)
	require.True(t, result.Unchanged(), "prod after dev's destroy:\n%s", result.Stdout)
}

// requireProdGoesButForItsData destroys prod, which is refused until protection is off, and returns the IDs of what is
// left.
func requireProdGoesButForItsData(t *testing.T, w *deployment, prod *sandboxtest.Stack) map[string]string {
	ids := map[string]string{}
	for name := range kept {
		ids[name] = string(w.resource(prod, name).ID)
	}
	_, err := prod.Destroy(w.ctx, sandboxtest.RunOptions{})
	require.ErrorContains(t, err, "protect")
	w.requireNoChanges(prod)

	open := w.stack("prod", with(map[string]any{"protect": false}))
	w.up(open)
	_, err = open.Destroy(w.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	export, err := open.Export()
	require.NoError(t, err)
	require.Empty(t, export.Resources)
	for name, typ := range kept {
		_, ok := w.sandbox.Account().Get(typ, ids[name])
		require.True(t, ok, "%s is gone from the account", name)
	}
	for _, gone := range []string{serviceType, "aws:lb/loadBalancer:LoadBalancer", "aws:iam/role:Role", "aws:lambda/function:Function"} {
		require.Empty(t, w.sandbox.Account().List(gone), gone)
	}
	return ids
}

// requireProdComesBack deploys prod on what its destroy kept: without adopting it the names are taken.
func requireProdComesBack(t *testing.T, w *deployment, ids map[string]string) {
	_, err := w.stack("prod", with(map[string]any{"dedicatedVpc": true})).Up(w.ctx, sandboxtest.RunOptions{})
	require.ErrorContains(t, err, "exist")

	adopt := map[string]any{}
	for name, id := range ids {
		adopt[name] = id
	}
	// In another VPC, which a deployed stack can't move to: this is the way.
	prod := w.stack("prod", with(map[string]any{"adopt": adopt, "dedicatedVpc": true}))
	w.up(prod)
	for name, id := range ids {
		require.Equal(t, id, string(w.resource(prod, name).ID), name)
	}
	w.requireNoChanges(prod)
	w.requireNoChanges(w.stack("prod", with(map[string]any{"dedicatedVpc": true}))) // the table may go again
}
