package distribution

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxPayload bounds a configuration; the largest have some hundred kilobytes.
const maxPayload = 8 << 20

// maxRetries is how often the SDK repeats a call that was throttled or failed on the way, each time later: CloudFront
// allows few updates per second, and a deployment can wait rather than fail.
const maxRetries = 8

// CloudFront is the [Store] of the real service.
//
// The SDK does everything but the payloads: endpoint, signature, retries and errors are its own, and the configuration
// passes it by as bytes. Its types would drop every setting that is newer than they are.
type CloudFront struct{ client *cloudfront.Client }

// NewCloudFront uses the credentials, endpoint and HTTP client of an AWS configuration. CloudFront is global: where no
// region is configured, any will do.
func NewCloudFront(cfg aws.Config) *CloudFront {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	return &CloudFront{cloudfront.NewFromConfig(cfg, func(o *cloudfront.Options) {
		o.Retryer = retry.AddWithMaxAttempts(o.Retryer, maxRetries)
	})}
}

// Read calls GetDistributionConfig.
func (c *CloudFront) Read(ctx context.Context, id string) (Snapshot, error) {
	var payload capture
	out, err := c.client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id}, withStack(payload.tap))
	if err != nil {
		return Snapshot{}, meaning(err)
	}
	if aws.ToString(out.ETag) == "" || len(payload.body) == 0 {
		return Snapshot{}, fmt.Errorf("GetDistributionConfig answered without an ETag (%q) or a configuration (%d bytes)",
			aws.ToString(out.ETag), len(payload.body))
	}
	return Snapshot{ETag: *out.ETag, XML: payload.body}, nil
}

// Write calls UpdateDistribution.
func (c *CloudFront) Write(ctx context.Context, id string, s Snapshot) error {
	var answer capture
	_, err := c.client.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: &s.ETag},
		withStack(replacePayload(s.XML)), withStack(answer.tap))
	return meaning(err)
}

func withStack(change func(*middleware.Stack) error) func(*cloudfront.Options) {
	return func(o *cloudfront.Options) { o.APIOptions = append(o.APIOptions, change) }
}

// settingFaults are the codes of UpdateDistribution that speak of settings which are not ours, with what to look at (CloudFront
// API reference, "UpdateDistribution", errors).
var settingFaults = map[string]string{
	"InvalidWebACLId":                  "the web ACL is gone or the function may not read it",
	"InvalidLambdaFunctionAssociation": "the Lambda@Edge function is gone, has lost its role, or the function may not replicate it",
	"InvalidFunctionAssociation":       "a CloudFront function is gone or not published",
	"NoSuchCachePolicy":                "a cache policy is gone",
	"NoSuchOriginRequestPolicy":        "an origin request policy is gone",
	"NoSuchResponseHeadersPolicy":      "a response headers policy is gone",
	"NoSuchRealtimeLogConfig":          "a real-time log configuration is gone",
	"NoSuchContinuousDeploymentPolicy": "the continuous deployment policy is gone",
	"TrustedKeyGroupDoesNotExist":      "a trusted key group is gone",
	"InvalidViewerCertificate":         "the viewer certificate is gone or not valid any more",
	"InvalidOriginAccessControl":       "an origin access control is gone",
	"InvalidOriginAccessIdentity":      "an origin access identity is gone",
}

// meaning adds what an error means to the applier.
func meaning(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "NoSuchDistribution":
		return fmt.Errorf("%w: %w", ErrGone, err)
	case "PreconditionFailed", "InvalidIfMatchVersion":
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case "AccessDenied", "AccessDeniedException":
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	if cure, ok := settingFaults[api.ErrorCode()]; ok {
		return fmt.Errorf("%w, %s: %w", ErrSetting, cure, err)
	}
	if text := api.ErrorMessage(); api.ErrorCode() == "InvalidArgument" && strings.Contains(text, "CloudFront logs") {
		return fmt.Errorf("%w, the log bucket must have ACLs enabled (object ownership BucketOwnerPreferred): %w", ErrSetting, err)
	}
	return err
}

// capture keeps the payload of a successful answer from the SDK's deserializer.
type capture struct{ body []byte }

// tap puts the capture between the wire and the deserializer, which finds an empty payload and is content with it.
func (c *capture) tap(stack *middleware.Stack) error {
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("CapturePayload",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if err != nil {
				return out, metadata, err
			}
			response, ok := out.RawResponse.(*smithyhttp.Response)
			if !ok {
				return out, metadata, fmt.Errorf("unknown transport %T", out.RawResponse)
			}
			if response.StatusCode/100 == 2 {
				err = c.read(response)
			}
			return out, metadata, err
		}), "OperationDeserializer", middleware.After)
}

func (c *capture) read(response *smithyhttp.Response) error {
	defer func() { _ = response.Body.Close() }() // all of it has been read, or the error says more
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPayload+1))
	switch {
	case err != nil:
		return &smithy.DeserializationError{Err: fmt.Errorf("read the answer: %w", err)}
	case len(body) > maxPayload:
		return fmt.Errorf("the answer has more than %d bytes", maxPayload)
	}
	c.body, response.Body = body, http.NoBody
	return nil
}

// readOnly hides that a payload could also write itself. After the answer's header the SDK closes the request's body, which
// reads as its end from then on; a body with WriteTo reports io.EOF as an error there instead. To a sender that is about to
// look for the end the request has failed then: it cuts the connection that the answer is still coming from, and the SDK
// repeats a write that was made (github.com/aws/aws-sdk-go-v2/issues/2737).
type readOnly struct{ io.ReadSeeker }

// replacePayload sends bytes where the SDK's serializer, which is given no configuration, has written nothing. Should
// the bytes ever not be put in, CloudFront refuses the empty request: there is no stand-in that it could take.
func replacePayload(payload []byte) func(*middleware.Stack) error {
	send := middleware.SerializeMiddlewareFunc("RawPayload",
		func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
			middleware.SerializeOutput, middleware.Metadata, error,
		) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unknown transport %T", in.Request)
			}
			request, err := request.SetStream(readOnly{bytes.NewReader(payload)})
			if err != nil {
				return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("set the payload: %w", err)
			}
			request.Header.Set("Content-Type", "application/xml")
			in.Request = request
			return next.HandleSerialize(ctx, in)
		})
	return func(stack *middleware.Stack) error {
		if _, err := stack.Initialize.Remove("OperationInputValidation"); err != nil {
			return fmt.Errorf("take the typed validation out: %w", err)
		}
		return stack.Serialize.Insert(send, "OperationSerializer", middleware.After)
	}
}
