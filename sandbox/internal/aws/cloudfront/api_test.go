package cloudfront_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	sandbox "github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const (
	distributionID  = "E1ABCDEFGHIJKL"
	distributionARN = "arn:aws:cloudfront::942734823970:distribution/" + distributionID
)

// siteConfig is a site on S3 with an element that no client of today knows.
const siteConfig = `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>site-1</CallerReference>` +
	`<Aliases><Quantity>1</Quantity><Items><CNAME>ameliastamps.com</CNAME></Items></Aliases>` +
	`<DefaultRootObject>index.html</DefaultRootObject>` +
	`<Origins><Quantity>1</Quantity><Items><Origin><Id>s3</Id><DomainName>b.s3.amazonaws.com</DomainName><FutureSetting a="1">x &amp; y` +
	`</FutureSetting></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>s3</TargetOriginId><ViewerProtocolPolicy>` +
	`redirect-to-https</ViewerProtocolPolicy><CachePolicyId>658327ea-f89d-4fab-a63d-7e88639e58f6</CachePolicyId></DefaultCacheBehavior>` +
	`<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors><Comment>site</Comment><Enabled>true</Enabled></DistributionConfig>`

func newDistribution(t *testing.T) (*awstest.Env, *cloudfront.Client) {
	t.Helper()
	e := awstest.New(t)
	_, err := sandbox.PutDistribution(e.Store, distributionID, siteConfig, awstest.Epoch.Add(-time.Hour))
	require.NoError(t, err)
	return e, cloudfront.NewFromConfig(e.As("cloudfront:* " + distributionARN))
}

func fetchConfig(e *awstest.Env, client *cloudfront.Client) *cloudfront.GetDistributionConfigOutput {
	out, err := client.GetDistributionConfig(e.Context(), &cloudfront.GetDistributionConfigInput{Id: aws.String(distributionID)})
	require.NoError(e.T, err)
	return out
}

func behavior(path, origin string) types.CacheBehavior {
	return types.CacheBehavior{
		PathPattern: &path, TargetOriginId: &origin, ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
		CachePolicyId: aws.String("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
	}
}

func addBehavior(config *types.DistributionConfig, added ...types.CacheBehavior) {
	items := append(config.CacheBehaviors.Items, added...)
	config.CacheBehaviors = &types.CacheBehaviors{Quantity: aws.Int32(int32(len(items))), Items: items}
}

func TestDistributionRoundTrip(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	got := fetchConfig(e, client)
	assert.Equal(t, "site-1", *got.DistributionConfig.CallerReference)
	assert.Equal(t, []string{"ameliastamps.com"}, got.DistributionConfig.Aliases.Items)
	addBehavior(got.DistributionConfig, behavior("/api/*", "s3"))
	updated, err := client.UpdateDistribution(e.Context(), &cloudfront.UpdateDistributionInput{
		Id: aws.String(distributionID), IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
	})
	require.NoError(t, err)
	assert.NotEqual(t, *got.ETag, *updated.ETag)
	assert.Equal(t, "InProgress", *updated.Distribution.Status)
	assert.Equal(t, "/api/*", *updated.Distribution.DistributionConfig.CacheBehaviors.Items[0].PathPattern)
	again := fetchConfig(e, client)
	assert.Equal(t, *updated.ETag, *again.ETag)
	assert.Len(t, again.DistributionConfig.CacheBehaviors.Items, 1)
	e.At(200)
	whole, err := client.GetDistribution(e.Context(), &cloudfront.GetDistributionInput{Id: aws.String(distributionID)})
	require.NoError(t, err)
	assert.Equal(t, "Deployed", *whole.Distribution.Status)
	assert.Equal(t, distributionARN, *whole.Distribution.ARN)
	assert.Equal(t, awstest.Epoch, whole.Distribution.LastModifiedTime.UTC())
	assert.Equal(t, *again.ETag, *whole.ETag)
	assert.True(t, strings.HasSuffix(*whole.Distribution.DomainName, ".cloudfront.net"))
}

// TestServerKeepsTheDocumentItWasSent shows that elements which the client does not know are served and stored; it is the
// client that loses them when it writes what it has decoded.
func TestServerKeepsTheDocumentItWasSent(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	config := func() string {
		found, _, err := sandbox.FindDistribution(e.Store, distributionID)
		require.NoError(t, err)
		return found.Config
	}
	require.NoError(t, sandbox.EditDistribution(e.Store, distributionID, awstest.Epoch, func(config string) string {
		return strings.Replace(config, "<Comment>site", "<Comment>edited", 1)
	}))
	assert.Contains(t, config(), `<FutureSetting a="1">x &amp; y</FutureSetting>`)
	got := fetchConfig(e, client)
	assert.Equal(t, "edited", *got.DistributionConfig.Comment)
	_, err := client.UpdateDistribution(e.Context(), &cloudfront.UpdateDistributionInput{
		Id: aws.String(distributionID), IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
	})
	require.NoError(t, err)
	assert.NotContains(t, config(), "FutureSetting")
	assert.NoError(t, xml.Unmarshal([]byte(config()), new(struct{})))
}

func TestUpdateDistributionRefusals(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	tests := map[string]func(in *cloudfront.UpdateDistributionInput){
		"InvalidIfMatchVersion": func(in *cloudfront.UpdateDistributionInput) { in.IfMatch = nil },
		"PreconditionFailed":    func(in *cloudfront.UpdateDistributionInput) { in.IfMatch = aws.String("E000") },
		"NoSuchDistribution":    func(in *cloudfront.UpdateDistributionInput) { in.Id = aws.String("E0GONE") },
		"IllegalUpdate": func(in *cloudfront.UpdateDistributionInput) {
			in.DistributionConfig.CallerReference = aws.String("other")
		},
		"InconsistentQuantities": func(in *cloudfront.UpdateDistributionInput) {
			in.DistributionConfig.CacheBehaviors = &types.CacheBehaviors{
				Quantity: aws.Int32(2), Items: []types.CacheBehavior{behavior("/a", "s3")},
			}
		},
		"NoSuchOrigin": func(in *cloudfront.UpdateDistributionInput) {
			addBehavior(in.DistributionConfig, behavior("/api/*", "alb-origin"))
		},
		"TooManyCacheBehaviors": func(in *cloudfront.UpdateDistributionInput) {
			for i := range 26 {
				addBehavior(in.DistributionConfig, behavior(fmt.Sprint("/", i), "s3"))
			}
		},
		"TooManyOrigins": func(in *cloudfront.UpdateDistributionInput) {
			origins := in.DistributionConfig.Origins
			for i := range 25 {
				origins.Items = append(origins.Items, types.Origin{Id: aws.String(fmt.Sprint(i)), DomainName: aws.String("x.example.com")})
			}
			origins.Quantity = aws.Int32(int32(len(origins.Items)))
		},
		"InvalidArgument: path twice": func(in *cloudfront.UpdateDistributionInput) {
			addBehavior(in.DistributionConfig, behavior("/a", "s3"), behavior("/a", "s3"))
		},
		"InvalidArgument: path text": func(in *cloudfront.UpdateDistributionInput) {
			addBehavior(in.DistributionConfig, behavior("/a b", "s3"))
		},
		"InvalidArgument: methods": func(in *cloudfront.UpdateDistributionInput) {
			odd := behavior("/a", "s3")
			odd.AllowedMethods = &types.AllowedMethods{Quantity: aws.Int32(2), Items: []types.Method{"GET", "POST"}}
			addBehavior(in.DistributionConfig, odd)
		},
		"InvalidArgument: policy": func(in *cloudfront.UpdateDistributionInput) {
			odd := behavior("/a", "s3")
			odd.CachePolicyId = nil
			addBehavior(in.DistributionConfig, odd)
		},
		"InvalidArgument: origin twice": func(in *cloudfront.UpdateDistributionInput) {
			origins := in.DistributionConfig.Origins
			origins.Items, origins.Quantity = append(origins.Items, origins.Items[0]), aws.Int32(2)
		},
	}
	before := fetchConfig(e, client)
	for name, spoil := range tests {
		in := &cloudfront.UpdateDistributionInput{
			Id: aws.String(distributionID), IfMatch: before.ETag, DistributionConfig: fetchConfig(e, client).DistributionConfig,
		}
		spoil(in)
		local := cloudfront.NewFromConfig(e.As("cloudfront:* *"))
		_, err := local.UpdateDistribution(e.Context(), in)
		code, _, _ := strings.Cut(name, ":")
		awstest.RequireCode(t, err, code, "")
	}
	assert.Equal(t, *before.ETag, *fetchConfig(e, client).ETag, "refusals change nothing")
}

func TestUpdateDistributionAcceptsWhatTheEditorAdds(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	got := fetchConfig(e, client)
	all := behavior("/api/*", "s3")
	all.AllowedMethods = &types.AllowedMethods{
		Quantity: aws.Int32(7), Items: []types.Method{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"},
		CachedMethods: &types.CachedMethods{Quantity: aws.Int32(2), Items: []types.Method{"GET", "HEAD"}},
	}
	addBehavior(got.DistributionConfig, all, behavior("/preview/*", "s3"))
	_, err := client.UpdateDistribution(e.Context(), &cloudfront.UpdateDistributionInput{
		Id: aws.String(distributionID), IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
	})
	require.NoError(t, err)
}

// TestLostRace lets another writer in between a read and the write that follows it.
func TestLostRace(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	remove := e.API.Inject(wire.Fault{Service: "cloudfront", Operation: "UpdateDistribution", Times: 1, Before: func() {
		assert.NoError(t, sandbox.EditDistribution(e.Store, distributionID, awstest.Epoch, func(c string) string { return c }))
	}})
	defer remove()
	update := func() error {
		got := fetchConfig(e, client)
		_, err := client.UpdateDistribution(e.Context(), &cloudfront.UpdateDistributionInput{
			Id: aws.String(distributionID), IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
		})
		return err
	}
	awstest.As[*types.PreconditionFailed](t, update())
	require.NoError(t, update())
}

func TestEachPermissionOfCloudFront(t *testing.T) {
	t.Parallel()
	e, client := newDistribution(t)
	got := fetchConfig(e, client)
	calls := map[string]func(*cloudfront.Client) error{
		"cloudfront:GetDistribution": func(c *cloudfront.Client) error {
			_, err := c.GetDistribution(e.Context(), &cloudfront.GetDistributionInput{Id: aws.String(distributionID)})
			return err
		},
		"cloudfront:GetDistributionConfig": func(c *cloudfront.Client) error {
			_, err := c.GetDistributionConfig(e.Context(), &cloudfront.GetDistributionConfigInput{Id: aws.String(distributionID)})
			return err
		},
		"cloudfront:UpdateDistribution": func(c *cloudfront.Client) error {
			_, err := c.UpdateDistribution(e.Context(), &cloudfront.UpdateDistributionInput{
				Id: aws.String(distributionID), IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
			})
			return err
		},
	}
	for action, call := range calls {
		awstest.Refused(t, call(cloudfront.NewFromConfig(e.As())), "AccessDenied", action)
		awstest.Refused(t, call(cloudfront.NewFromConfig(e.As(action+" "+distributionARN+"X"))), "AccessDenied", action)
		require.NoError(t, call(cloudfront.NewFromConfig(e.As(action+" "+distributionARN))), action)
	}
}
