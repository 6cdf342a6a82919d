package account_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// rawClient calls services of whose SDK the repository has no other use.
type rawClient struct {
	t       *testing.T
	server  *wire.Server
	account *account.Account
}

func newRawClient(t *testing.T) *rawClient {
	t.Helper()
	acc, err := account.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, acc.Close()) })
	server, err := wire.Start(wire.Options{Store: acc})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return &rawClient{t: t, server: server, account: acc}
}

// call signs a request as an SDK does, and returns the status and the body of the answer.
func (c *rawClient) call(service, line, body string, headers ...string) (status int, answer string) {
	c.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL()+path, bytes.NewReader([]byte(body)))
	require.NoError(c.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	hash := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(c.t.Context(), c.server.DeployerCredentials(), request, hex.EncodeToString(hash[:]), service,
		view.Region, time.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	require.NoError(c.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer func() { assert.NoError(c.t, response.Body.Close()) }()
	data, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return response.StatusCode, string(data)
}

// target calls a JSON service, and decodes the answer.
func (c *rawClient) target(service, operation, body string) (status int, answer map[string]any) {
	c.t.Helper()
	status, text := c.call(service, "POST /", body, "X-Amz-Target", "Service."+operation, "Content-Type", "application/x-amz-json-1.1")
	require.NoError(c.t, json.Unmarshal([]byte(text), &answer), text)
	return status, answer
}

// TestObjects: a bucket keeps objects, and their older versions once it is told to.
func TestObjects(t *testing.T) {
	t.Parallel()
	c := newRawClient(t)
	status, answer := c.call("s3", "PUT /state", "")
	require.Equal(t, 400, status)
	require.Contains(t, answer, "IllegalLocationConstraintException")
	here := "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>"
	for line, want := range map[string]int{"PUT /State": 400, "GET /state/none": 404, "GET /state?list-type=2": 404} {
		status, answer = c.call("s3", line, here)
		require.Equal(t, want, status, "%s: %s", line, answer)
	}
	status, answer = c.call("s3", "PUT /state", here)
	require.Equal(t, 200, status, answer)
	status, answer = c.call("s3", "PUT /state", here)
	require.Equal(t, 409, status)
	require.Contains(t, answer, "<Code>BucketAlreadyOwnedByYou</Code>")

	key := "/state/.pulumi/a%20b/%2Bc.json"
	for _, body := range []string{"one", "two"} {
		status, answer = c.call("s3", "PUT "+key, body)
		require.Equal(t, 200, status, answer)
	}
	_, answer = c.call("s3", "GET /state?versions=", "")
	require.Equal(t, 1, strings.Count(answer, "<Version>"), "overwritten: %s", answer)
	status, answer = c.call("s3", "PUT /state?versioning=", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
	require.Equal(t, 200, status, answer)
	_, _ = c.call("s3", "PUT "+key, "three")
	_, answer = c.call("s3", "GET "+key, "")
	require.Equal(t, "three", answer)
	status, answer = c.call("s3", "PUT /state/copy", "", "X-Amz-Copy-Source", "state/.pulumi/a%20b/%2Bc.json")
	require.Equal(t, 200, status, answer)
	_, answer = c.call("s3", "GET /state?list-type=2&delimiter=%2F", "")
	require.Contains(t, answer, "<CommonPrefixes><Prefix>.pulumi/</Prefix></CommonPrefixes>")
	require.Contains(t, answer, "<Key>copy</Key>")
	require.NotContains(t, answer, "a b")

	status, _ = c.call("s3", "DELETE "+key, "")
	require.Equal(t, 204, status)
	status, _ = c.call("s3", "HEAD "+key, "")
	require.Equal(t, 404, status)
	_, answer = c.call("s3", "GET /state?versions=&prefix=.pulumi", "")
	require.Equal(t, []int{1, 2}, []int{strings.Count(answer, "<DeleteMarker>"), strings.Count(answer, "<Version>")}, answer)
	status, answer = c.call("s3", "GET /state?acl=", "")
	require.Equal(t, 501, status, answer)
}

// TestKeys: what a key sealed, that key opens, by its ID, its ARN or an alias, and no other does.
func TestKeys(t *testing.T) {
	t.Parallel()
	c := newRawClient(t)
	make := func() string {
		status, answer := c.target("kms", "CreateKey", `{"Description":"state"}`)
		require.Equal(t, 200, status, answer)
		return answer["KeyMetadata"].(map[string]any)["Arn"].(string)
	}
	one, other := make(), make()
	status, answer := c.target("kms", "CreateAlias", `{"AliasName":"pulumi","TargetKeyId":"`+one+`"}`)
	require.Equal(t, 400, status, answer)
	status, answer = c.target("kms", "CreateAlias", `{"AliasName":"alias/pulumi","TargetKeyId":"`+one+`"}`)
	require.Equal(t, 200, status, answer)
	status, answer = c.target("kms", "CreateAlias", `{"AliasName":"alias/pulumi","TargetKeyId":"`+other+`"}`)
	require.Equal(t, []any{400, "AlreadyExistsException"}, []any{status, answer["__type"]}, answer)

	status, answer = c.target("kms", "Encrypt", `{"KeyId":"alias/pulumi","Plaintext":"c2VjcmV0"}`)
	require.Equal(t, 200, status, answer)
	blob := answer["CiphertextBlob"].(string)
	require.NotContains(t, blob, "c2VjcmV0")
	for _, key := range []string{"", "alias/pulumi", one, "arn:aws:kms:us-west-2:" + view.AccountID + ":alias/pulumi"} {
		status, answer = c.target("kms", "Decrypt", `{"KeyId":"`+key+`","CiphertextBlob":"`+blob+`"}`)
		require.Equal(t, []any{200, "c2VjcmV0", one}, []any{status, answer["Plaintext"], answer["KeyId"]}, key)
	}
	_, answer = c.target("kms", "Decrypt", `{"KeyId":"`+other+`","CiphertextBlob":"`+blob+`"}`)
	require.Equal(t, "IncorrectKeyException", answer["__type"])
	_, answer = c.target("kms", "Decrypt", `{"CiphertextBlob":"`+blob[:len(blob)-8]+`AAAAAAA="}`)
	require.Equal(t, "InvalidCiphertextException", answer["__type"])
	_, answer = c.target("kms", "Encrypt", `{"KeyId":"alias/none","Plaintext":""}`)
	require.Equal(t, "NotFoundException", answer["__type"])
}

// TestQuotaRequests: one at a time, and only for more.
func TestQuotaRequests(t *testing.T) {
	t.Parallel()
	c := newRawClient(t)
	for _, step := range []struct{ operation, body, answer string }{
		{"GetServiceQuota", `{"ServiceCode":"fargate","QuotaCode":"L-0"}`, "NoSuchResourceException"},
		{"RequestServiceQuotaIncrease", `{"ServiceCode":"fargate","QuotaCode":"L-3032A538","DesiredValue":64}`, "IllegalArgumentException"},
		{"RequestServiceQuotaIncrease", `{"ServiceCode":"fargate","QuotaCode":"L-3032A538","DesiredValue":65}`, ""},
		{"RequestServiceQuotaIncrease", `{"ServiceCode":"fargate","QuotaCode":"L-3032A538","DesiredValue":99}`, "ResourceAlreadyExistsException"},
		{"GetServiceQuota", `{"ServiceCode":"fargate","QuotaCode":"L-3032A538"}`, ""},
	} {
		_, answer := c.target("servicequotas", step.operation, step.body)
		if step.answer == "" {
			require.NotContains(t, answer, "__type")
		} else {
			require.Equal(t, step.answer, answer["__type"], step.body)
		}
	}
}

// TestInvocations: a function's own failure is an answer, with the header that says so.
func TestInvocations(t *testing.T) {
	t.Parallel()
	c := newRawClient(t)
	line := "POST /2015-03-31/functions/cleanup/invocations"
	status, answer := c.call("lambda", line, "{}")
	require.Equal(t, 501, status, answer)
	c.server.Invokes(func(_ context.Context, function string, payload []byte) ([]byte, string, error) {
		inner, text := c.call("lambda", "GET /2016-08-19/account-settings", "") // as functions call their account
		require.Equal(c.t, 200, inner, text)
		return append([]byte(function+" "), payload...), "", nil
	})
	status, answer = c.call("lambda", line, `{"dryRun":true}`)
	require.Equal(t, 200, status)
	require.Equal(t, `cleanup {"dryRun":true}`, answer)
	status, _ = c.call("lambda", line, "{}", "X-Amz-Invocation-Type", "Event")
	require.Equal(t, 501, status)
}
