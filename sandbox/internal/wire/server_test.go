package wire_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	sandbox "github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const distributionID = "E1ABCDEFGHIJKL"

var (
	cluster = aws.String("edit-cluster")
	service = aws.String("edit")
)

// perProtocol makes one call of each protocol with a configuration.
var perProtocol = map[string]func(context.Context, aws.Config) error{
	"json": func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).ListTasks(ctx, &ecs.ListTasksInput{Cluster: cluster})
		return err
	},
	"query": func(ctx context.Context, c aws.Config) error {
		_, err := elb.NewFromConfig(c).DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{})
		return err
	},
	"cbor": func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatch.NewFromConfig(c).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("x")})
		return err
	},
	"restxml": func(ctx context.Context, c aws.Config) error {
		_, err := cloudfront.NewFromConfig(c).GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(distributionID)})
		return err
	},
}

func TestWrongCredentialsPerProtocol(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	good := e.API.CredentialsFor(awstest.ScalerRole, "s")
	badSecret, badToken, unknown := good, good, good
	badSecret.SecretAccessKey = strings.Repeat("x", 40)
	badToken.SessionToken += "x"
	unknown.AccessKeyID = "ASIAUNKNOWN"
	for protocol, codes := range map[string][3]string{
		"json":    {"InvalidSignatureException", "UnrecognizedClientException", "AccessDeniedException"},
		"query":   {"SignatureDoesNotMatch", "InvalidClientTokenId", "AccessDenied"},
		"cbor":    {"SignatureDoesNotMatch", "InvalidClientTokenId", "AccessDenied"},
		"restxml": {"SignatureDoesNotMatch", "InvalidClientTokenId", "AccessDenied"},
	} {
		for _, attempt := range []struct {
			credentials aws.Credentials
			code        string
		}{{badSecret, codes[0]}, {badToken, codes[1]}, {unknown, codes[1]}, {good, codes[2]}} {
			config := e.API.Config(attempt.credentials)
			config.RetryMaxAttempts = 1
			awstest.RequireCode(t, perProtocol[protocol](e.Context(), config), attempt.code, "")
		}
	}
}

// newDistribution is a stack with a distribution, for the protocol that only CloudFront speaks.
func newDistribution(t *testing.T) *awstest.Env {
	t.Helper()
	e := awstest.New(t)
	_, err := sandbox.PutDistribution(e.Store, distributionID, "<DistributionConfig/>", awstest.Epoch.Add(-time.Hour))
	require.NoError(t, err)
	return e
}

func TestInjectedErrorsPerProtocol(t *testing.T) {
	t.Parallel()
	for protocol, codes := range map[string][2]string{
		"json": {"ThrottlingException", "InternalFailure"}, "query": {"Throttling", "InternalFailure"},
		"cbor": {"Throttling", "InternalFailure"}, "restxml": {"Throttling", "InternalFailure"},
	} {
		e := newDistribution(t)
		for i, kind := range []wire.Kind{wire.Throttled, wire.Internal} {
			remove := e.API.Inject(wire.Fault{Error: &wire.Error{Kind: kind}})
			err := perProtocol[protocol](e.Context(), e.Deployer())
			awstest.RequireCode(t, err, codes[i], "")
			assert.Equal(t, kind == wire.Throttled, retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool(), "%v", err)
			assert.True(t, retry.NewStandard().IsErrorRetryable(err), "%v", err)
			remove()
			require.NoError(t, perProtocol[protocol](e.Context(), e.Deployer()), protocol)
		}
	}
}

func TestTheClientRetriesWhatPasses(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]wire.Fault{
		"throttled":    {Times: 2, Error: &wire.Error{Kind: wire.Throttled}},
		"failing":      {Times: 1, Error: &wire.Error{Kind: wire.Internal}},
		"lost answers": {Times: 1, LoseAnswer: true},
	} {
		e := awstest.New(t)
		e.API.Inject(fault)
		config := e.Deployer()
		config.RetryMaxAttempts = 3
		config.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		}
		client := ecs.NewFromConfig(config)
		_, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
		require.NoError(t, err, name)
		assert.Len(t, e.API.Calls(), fault.Times+1, name)
	}
}

func TestALostAnswerHasTakenEffect(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	e.API.Inject(wire.Fault{Service: "ecs", Operation: "UpdateService", LoseAnswer: true})
	client := ecs.NewFromConfig(e.As("ecs:* *"))
	_, err := client.UpdateService(e.Context(), &ecs.UpdateServiceInput{Cluster: cluster, Service: service, DesiredCount: aws.Int32(1)})
	require.Error(t, err)
	deployed, _ := e.Store.Get("aws:ecs/service:Service", awstest.ServiceARN)
	assert.InDelta(t, 1, deployed.State["desiredCount"].NumberValue(), 0)
	e.API.Inject(wire.Fault{Operation: "ListTasks", LoseAnswer: true, Error: &wire.Error{Kind: wire.Internal}})
}

func TestFaultsSelectTheirCalls(t *testing.T) {
	t.Parallel()
	e := newDistribution(t)
	e.API.Inject(wire.Fault{
		Service: "ecs", Operation: "ListTasks", Skip: 1, Times: 1, Error: &wire.Error{Code: "ServerException", Message: "odd", Status: 500},
	})
	call := func(protocol string) error { return perProtocol[protocol](e.Context(), e.Deployer()) }
	require.NoError(t, call("query"))
	require.NoError(t, call("json"), "the first one passes")
	awstest.RequireCode(t, call("json"), "ServerException", "odd")
	require.NoError(t, call("json"), "only once")
}

func TestAGateHoldsACallBack(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	gate, arrived := make(chan struct{}), make(chan struct{})
	e.API.Inject(wire.Fault{Operation: "ListTasks", Delay: time.Microsecond, Gate: gate, Times: 1})
	done := make(chan error, 1)
	go func() {
		close(arrived)
		done <- perProtocol["json"](e.Context(), e.Deployer())
	}()
	<-arrived
	require.NoError(t, perProtocol["query"](e.Context(), e.Deployer()), "others pass meanwhile")
	select {
	case err := <-done:
		t.Fatalf("answered before the gate was opened: %v", err)
	default:
	}
	close(gate)
	require.NoError(t, <-done)
}

func TestTheLog(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	_ = perProtocol["json"](e.Context(), e.As("ecs:ListTasks *"))
	call := e.Last()
	assert.NotEmpty(t, call.RequestID)
	call.RequestID = ""
	assert.Equal(t, wire.Call{
		At: awstest.Epoch, Caller: awstest.ScalerRole, Session: "arn:aws:sts::942734823970:assumed-role/scaler/edit-scaler",
		Service: "ecs", Operation: "ListTasks", Action: "ecs:ListTasks", Resource: "*",
		Decision: `allowed by statement 1 of inline policy "main" of role scaler`, Status: 200,
	}, call)
	_ = perProtocol["query"](e.Context(), e.As())
	call = e.Last()
	assert.True(t, call.Refused)
	assert.Equal(t, "no statement allows it", call.Decision)
	assert.Equal(t, []any{403, "AccessDenied"}, []any{call.Status, call.Code})
	e.API.ResetCalls()
	assert.Empty(t, e.API.Calls())
}

func TestPoliciesThatCannotBeEvaluatedAreTold(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	config := e.As()
	awstest.Set(e.Store, "aws:iam/rolePolicy:RolePolicy", "scaler:main", "policy", `{"Version":"2012-10-17"}`)
	awstest.RequireCode(t, perProtocol["json"](e.Context(), config), "SandboxNotSupported",
		`inline policy "main" of role scaler: malformed policy document: Syntax errors in policy: Missing required field Statement`)
}

// signed sends a request of the test's own making and returns the answer's status and request ID.
func signed(e *awstest.Env, change func(*http.Request), at time.Time, region string) (int, string) {
	request, err := http.NewRequestWithContext(e.Context(), http.MethodPost, e.API.URL()+"/", strings.NewReader("{}"))
	require.NoError(e.T, err)
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RunTask")
	const emptyObject = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // SHA-256 of {}
	err = v4.NewSigner().SignHTTP(e.Context(), e.API.DeployerCredentials(), request, emptyObject, "ecs", region, at)
	require.NoError(e.T, err)
	change(request)
	response, err := http.DefaultClient.Do(request)
	require.NoError(e.T, err)
	require.NoError(e.T, response.Body.Close())
	return response.StatusCode, response.Header.Get("X-Amzn-Requestid")
}

func TestHandmadeRequests(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	const badSignature, noToken = "InvalidSignatureException", "MissingAuthenticationTokenException"
	nothing := func(*http.Request) {}
	tests := map[string]struct {
		change func(*http.Request)
		at     time.Time
		region string
		code   string
	}{
		"unknown operation":  {nothing, time.Now(), "us-west-2", "SandboxNotSupported"},
		"global region":      {nothing, time.Now(), "us-east-1", "SandboxNotSupported"},
		"other region":       {nothing, time.Now(), "eu-west-1", badSignature},
		"too old":            {nothing, time.Now().Add(-time.Hour), "us-west-2", badSignature},
		"from the future":    {nothing, time.Now().Add(time.Hour), "us-west-2", badSignature},
		"not signed":         {func(r *http.Request) { r.Header.Del("Authorization") }, time.Now(), "us-west-2", noToken},
		"basic":              {func(r *http.Request) { r.SetBasicAuth("a", "b") }, time.Now(), "us-west-2", noToken},
		"signed header":      {func(r *http.Request) { r.Header.Set("X-Amz-Target", "x.ListTasks") }, time.Now(), "us-west-2", badSignature},
		"another path":       {func(r *http.Request) { r.URL.Path = "/x" }, time.Now(), "us-west-2", badSignature},
		"another query":      {func(r *http.Request) { r.URL.RawQuery = "a=b" }, time.Now(), "us-west-2", badSignature},
		"malformed date":     {func(r *http.Request) { r.Header.Set("X-Amz-Date", "now") }, time.Now(), "us-west-2", badSignature},
		"service of no kind": {func(r *http.Request) { replaceScope(r, "/ecs/", "/rds/") }, time.Now(), "us-west-2", "SandboxNotSupported"},
	}
	for name, test := range tests {
		status, id := signed(e, test.change, test.at, test.region)
		assert.Equal(t, test.code, e.Last().Code, name)
		assert.NotEqual(t, http.StatusOK, status, name)
		assert.NotEmpty(t, id, name)
	}
}

func replaceScope(r *http.Request, old, updated string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, updated, 1))
}

func TestEnvironmentNamesEverythingTheSDKNeeds(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	environment := e.API.Environment(e.API.CredentialsFor(awstest.ScalerRole, "edit-scaler"))
	assert.Equal(t, e.API.URL(), environment["AWS_ENDPOINT_URL"])
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		assert.NotEmpty(t, environment[name], name)
	}
}
