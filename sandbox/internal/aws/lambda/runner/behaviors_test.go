package runner_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const siteConfig = `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>site</CallerReference>` +
	`<Origins><Quantity>1</Quantity><Items><Origin><Id>s3</Id><DomainName>b.s3.amazonaws.com</DomainName><OriginPath></OriginPath>` +
	`<CustomHeaders><Quantity>0</Quantity></CustomHeaders><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig>` +
	`</Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>s3</TargetOriginId><ViewerProtocolPolicy>redirect-to-https` +
	`</ViewerProtocolPolicy><CachePolicyId>658327ea-f89d-4fab-a63d-7e88639e58f6</CachePolicyId></DefaultCacheBehavior>` +
	`<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors><Comment>site</Comment><Enabled>true</Enabled></DistributionConfig>`

// TestTheRealBehaviorsFunctionAddsAndRemoves deploys and destroys the behaviours through the account's Invoker: the real
// binary reads and writes the distribution over the wire, with the permissions of its role only.
func TestTheRealBehaviorsFunctionAddsAndRemoves(t *testing.T) {
	t.Parallel()
	const id, name = "E2QWRUHAPOMQZL", "webordinary-edit-behaviors"
	store := &view.Memory{}
	awstest.Deploy(store)
	before, err := cloudfront.PutDistribution(store, id, siteConfig, time.Now())
	require.NoError(t, err)
	input, err := spec.LiveEdit(id, "live-edit/prod", spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"}).JSON()
	require.NoError(t, err)
	awstest.SetPolicy(store, awstest.ScalerRole,
		"cloudfront:GetDistributionConfig "+before.ARN, "cloudfront:UpdateDistribution "+before.ARN)
	awstest.Put(store, "aws:lambda/function:Function", name, map[string]any{
		"name": name, "arn": awstest.FunctionARN, "role": awstest.ScalerRole, "handler": "bootstrap", "timeout": 60, "memorySize": 128,
		"environment": map[string]any{"variables": map[string]any{spec.InputVariable: input}},
	})
	server, err := wire.Start(wire.Options{Store: store})
	require.NoError(t, err)
	runtime := runner.New(runner.Options{Store: store, API: server, Builder: builder})
	t.Cleanup(func() {
		assert.NoError(t, runtime.Close())
		assert.NoError(t, server.Close())
	})
	run := func(action string) string {
		var payload map[string]any
		require.NoError(t, json.Unmarshal([]byte(input), &payload))
		payload["tf"] = map[string]any{"action": action, "prev_input": nil}
		data, err := json.Marshal(payload)
		require.NoError(t, err)
		deployed, _ := store.Get("aws:lambda/function:Function", name)
		_, err = runner.Invoker{Runtime: runtime}.Invoke(t.Context(), deployed, data)
		require.NoError(t, err)
		found, _, err := cloudfront.FindDistribution(store, id)
		require.NoError(t, err)
		return found.Config
	}
	config := run("create")
	for _, want := range []string{"<Id>alb-origin</Id>", "<PathPattern>/api/*</PathPattern>", "<PathPattern>/ws/*</PathPattern>"} {
		assert.Contains(t, config, want)
	}
	config = run("delete")
	assert.NotContains(t, config, "alb-origin")
	assert.NotContains(t, config, "PathPattern")
	assert.Contains(t, config, "<Id>s3</Id>")
}
