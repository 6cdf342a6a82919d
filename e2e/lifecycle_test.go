package e2e

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/engine"
)

const (
	serviceType        = "aws:ecs/service:Service"
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
	w := newWorld(t)
	prod, dev := w.stack("prod", nil), w.stack("dev", nil)

	w.up(prod)
	w.requireNoChanges(prod)
	w.up(dev)
	w.requireNoChanges(dev)
	w.requireNoChanges(prod)

	requireDevSharesProd(t, w, prod, dev)
	requireImageTagReplacesOnlyTheTaskDefinition(t, w)
	requireDriftOfDesiredCountStays(t, w, prod)
	requireDevGoesAlone(t, w, prod, dev)
	ids := requireProdGoesButForItsData(t, w, prod)
	requireProdComesBack(t, w, ids)
}

// requireDevSharesProd checks that dev's image and rules are on prod's registry and listener, and its data its own.
func requireDevSharesProd(t *testing.T, w *world, prod, dev *engine.Stack) {
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
func requireImageTagReplacesOnlyTheTaskDefinition(t *testing.T, w *world) {
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

// requireDriftOfDesiredCountStays sets the count behind Pulumi's back, as the scaler does when it wakes the service.
func requireDriftOfDesiredCountStays(t *testing.T, w *world, prod *engine.Stack) {
	service := w.resource(prod, "edit-service")
	require.NoError(t, w.sandbox.Account().Mutate(serviceType, string(service.ID), func(state resource.PropertyMap) error {
		state["desiredCount"] = resource.NewProperty(1.0)
		return nil
	}))
	w.requireNoChanges(prod)
	_, err := prod.Refresh(w.ctx, engine.RunOptions{})
	require.NoError(t, err)
	w.requireNoChanges(prod)
	w.up(prod)
	live, ok := w.sandbox.Account().Get(serviceType, string(service.ID))
	require.True(t, ok)
	require.Equal(t, 1.0, live.State["desiredCount"].NumberValue(), "pulumi up put the running task to sleep")
	require.NoError(t, w.sandbox.Account().Mutate(serviceType, string(service.ID), func(state resource.PropertyMap) error {
		state["desiredCount"] = resource.NewProperty(0.0)
		return nil
	}))
}

// requireDevGoesAlone destroys dev and checks that prod did not notice.
func requireDevGoesAlone(t *testing.T, w *world, prod, dev *engine.Stack) {
	_, err := dev.Destroy(w.ctx, engine.RunOptions{})
	require.NoError(t, err)
	w.requireNoChanges(prod)
	result, err := prod.Refresh(w.ctx, engine.RunOptions{PreviewOnly: true})
	require.NoError(t, err)
	require.True(t, result.Unchanged(), "prod after dev's destroy:\n%s", result.Stdout)
}

// requireProdGoesButForItsData destroys prod, which is refused until protection is off, and returns the IDs of what is
// left.
func requireProdGoesButForItsData(t *testing.T, w *world, prod *engine.Stack) map[string]string {
	ids := map[string]string{}
	for name := range kept {
		ids[name] = string(w.resource(prod, name).ID)
	}
	_, err := prod.Destroy(w.ctx, engine.RunOptions{})
	require.ErrorContains(t, err, "protect")
	w.requireNoChanges(prod)

	open := w.stack("prod", with(map[string]any{"protect": false}))
	w.up(open)
	_, err = open.Destroy(w.ctx, engine.RunOptions{})
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
func requireProdComesBack(t *testing.T, w *world, ids map[string]string) {
	_, err := w.stack("prod", nil).Up(w.ctx, engine.RunOptions{})
	require.ErrorContains(t, err, "exist")

	adopt := map[string]any{}
	for name, id := range ids {
		adopt[name] = id
	}
	prod := w.stack("prod", with(map[string]any{"adopt": adopt}))
	w.up(prod)
	for name, id := range ids {
		require.Equal(t, id, string(w.resource(prod, name).ID), name)
	}
	w.requireNoChanges(prod)
	w.requireNoChanges(w.stack("prod", nil)) // the table may go again
}
