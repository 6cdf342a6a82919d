package merge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is added is complete: an update requires members that a creation may leave out, such as OriginReadTimeout
// (CloudFront Developer Guide, "Required API fields for creating and updating distributions").
const (
	addedOrigin = `{
	"Id": "alb-origin", "DomainName": "edit.ameliastamps.com", "OriginPath": "",
	"CustomHeaders": {"Quantity": 1, "Items": [{
		"HeaderName": "X-Webordinary-Owner", "HeaderValue": "webordinary-live-edit/prod; paths=/api/* /preview/* /ws/*"
	}]},
	"CustomOriginConfig": {
		"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only",
		"OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]}, "OriginReadTimeout": 60, "OriginKeepaliveTimeout": 5
	},
	"ConnectionAttempts": 3, "ConnectionTimeout": 10, "OriginShield": {"Enabled": false}, "OriginAccessControlId": ""
}`
	addedBehavior = `{
	"PathPattern": PATH, "TargetOriginId": "alb-origin",
	"TrustedSigners": {"Enabled": false, "Quantity": 0}, "TrustedKeyGroups": {"Enabled": false, "Quantity": 0},
	"ViewerProtocolPolicy": "redirect-to-https",
	"AllowedMethods": {METHODS, "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]}},
	"SmoothStreaming": false, "Compress": COMPRESS,
	"LambdaFunctionAssociations": {"Quantity": 0}, "FunctionAssociations": {"Quantity": 0}, "FieldLevelEncryptionId": "",
	"CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginRequestPolicyId": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
	"GrpcConfig": {"Enabled": false}
}`
)

func TestWhatIsAdded(t *testing.T) {
	t.Parallel()
	plan := ensure(t, jsonConfig(`"CacheBehaviors":{"Quantity":0},`), input())
	config := decode(t, plan.After)
	require.Equal(t, []string{
		"add origin alb-origin (edit.ameliastamps.com)",
		"add behavior /api/* at the end", "add behavior /preview/* at the end", "add behavior /ws/* at the end",
	}, plan.Changes)
	requireJSON := func(want string, got any) {
		text, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, want, string(text))
	}
	origins := mineIn(config, "Origins", "Id")
	require.Len(t, origins, 1)
	requireJSON(addedOrigin, origins[0])

	behaviors := mineIn(config, "CacheBehaviors", "TargetOriginId")
	require.Len(t, behaviors, 3)
	for i, want := range []struct{ path, compress, methods string }{
		{`"/api/*"`, "true", `"Quantity": 7, "Items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]`},
		{`"/preview/*"`, "false", `"Quantity": 2, "Items": ["GET", "HEAD"]`},
		{`"/ws/*"`, "false", `"Quantity": 3, "Items": ["GET", "HEAD", "OPTIONS"]`},
	} {
		text := strings.NewReplacer("PATH", want.path, "COMPRESS", want.compress, "METHODS", want.methods).Replace(addedBehavior)
		requireJSON(text, behaviors[i])
	}
	require.Equal(t, []string{
		"remove behavior /api/*", "remove behavior /preview/*", "remove behavior /ws/*",
		"remove origin alb-origin (edit.ameliastamps.com)",
	}, remove(t, string(plan.After)).Changes)
}
