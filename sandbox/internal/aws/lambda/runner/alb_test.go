package runner_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

var (
	multi  = runner.LambdaTarget{GroupARN: awstest.WakerGroup, MultiValueHeaders: true}
	single = runner.LambdaTarget{GroupARN: awstest.WakerGroup}
)

func requestEvent(t *testing.T, target runner.LambdaTarget, r *http.Request) events.ALBTargetGroupRequest {
	t.Helper()
	data, err := target.RequestEvent(r)
	require.NoError(t, err)
	var event events.ALBTargetGroupRequest
	require.NoError(t, json.Unmarshal(data, &event))
	return event
}

// TestRequestEventKeepsTheBytes: encoded slashes, backslashes and what is not ASCII arrive as the client sent them.
func TestRequestEventKeepsTheBytes(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/src%2Fpages%2Findex.astro", `/api/src\pages`, "/api/a%2fb%2Fc", `/api/"<>`, "/api/é"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		parsed, err := url.ParseRequestURI(path + `?path=src\pages`)
		require.NoError(t, err)
		r.RequestURI, r.URL = path+`?path=src\pages`, parsed // as net/http's server has it
		event := requestEvent(t, multi, r)
		assert.Equal(t, path, event.Path)
		assert.Equal(t, map[string][]string{"path": {`src\pages`}}, event.MultiValueQueryStringParameters)
	}
}

func TestRequestEvent(t *testing.T) {
	t.Parallel()
	request := func() *http.Request {
		const target = "https://edit.ameliastamps.com/api/a%2Fb/../c%20d?x=1&x=%202&empty=&flag"
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header.Add("Cookie", "a=1")
		r.Header.Add("Cookie", "b=2")
		return r
	}
	event := requestEvent(t, multi, request())
	assert.Equal(t, http.MethodPost, event.HTTPMethod)
	assert.Equal(t, "/api/a%2Fb/../c%20d", event.Path, "as the client sent it")
	assert.Equal(t, map[string][]string{"x": {"1", "%202"}, "empty": {""}, "flag": {""}}, event.MultiValueQueryStringParameters)
	assert.Equal(t, []string{"a=1", "b=2"}, event.MultiValueHeaders["cookie"])
	assert.Equal(t, []string{"edit.ameliastamps.com"}, event.MultiValueHeaders["host"])
	assert.Equal(t, []string{"192.0.2.1"}, event.MultiValueHeaders["x-forwarded-for"])
	assert.Equal(t, []string{"https"}, event.MultiValueHeaders["x-forwarded-proto"])
	assert.Regexp(t, `^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$`, event.MultiValueHeaders["x-amzn-trace-id"][0])
	assert.Equal(t, "{}", event.Body)
	assert.False(t, event.IsBase64Encoded)
	assert.Equal(t, awstest.WakerGroup, event.RequestContext.ELB.TargetGroupArn)
	assert.Nil(t, event.Headers)
	event = requestEvent(t, single, request())
	assert.Equal(t, "b=2", event.Headers["cookie"], "the last value wins")
	assert.Equal(t, map[string]string{"x": "%202", "empty": "", "flag": ""}, event.QueryStringParameters)
	assert.Nil(t, event.MultiValueHeaders)
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	for header, binary := range map[string]bool{
		"": false, "text/html": false, "application/json": false, "application/xml": false, "application/javascript": false,
		"image/png": true, "application/octet-stream": true, "nonsense;;": true,
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/x", strings.NewReader("ab"))
		r.Header.Set("Content-Type", header)
		event := requestEvent(t, multi, r)
		assert.Equal(t, binary, event.IsBase64Encoded, header)
		assert.Equal(t, map[bool]string{false: "ab", true: "YWI="}[binary], event.Body)
	}
	encoded := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("ab"))
	encoded.Header.Set("Content-Type", "application/json")
	encoded.Header.Set("Content-Encoding", "gzip")
	assert.True(t, requestEvent(t, multi, encoded).IsBase64Encoded)
	_, err := multi.RequestEvent(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 1<<20))))
	require.NoError(t, err, "1 MB is allowed")
	_, err = multi.RequestEvent(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 1<<20+1))))
	require.ErrorIs(t, err, runner.ErrBodyTooLarge)
	socket := httptest.NewRequest(http.MethodGet, "/ws", nil)
	socket.Header.Set("Upgrade", "WebSocket")
	_, err = multi.RequestEvent(socket)
	require.ErrorIs(t, err, runner.ErrWebSocket)
	forwarded := httptest.NewRequest(http.MethodGet, "/", nil)
	forwarded.Header.Set("X-Forwarded-For", "203.0.113.7")
	assert.Equal(t, []string{"203.0.113.7, 192.0.2.1"}, requestEvent(t, multi, forwarded).MultiValueHeaders["x-forwarded-for"])
}

func TestParseResponse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		target  runner.LambdaTarget
		payload string
		want    string // part of the error; empty for a good response
	}{
		{"least", multi, `{"statusCode":200}`, ""},
		{"status as text", multi, `{"statusCode":"404"}`, ""},
		{"the other form may be null", multi, `{"statusCode":200,"headers":null}`, ""},
		{"the other form may be null, single", single, `{"statusCode":200,"headers":{},"multiValueHeaders":null}`, ""},
		{"no JSON", multi, `oops`, "no response document"},
		{"no status", multi, `{"body":"x"}`, "is not an HTTP status"},
		{"odd status", multi, `{"statusCode":99}`, "is not an HTTP status"},
		{"null body", multi, `{"statusCode":200,"body":null}`, "body is null"},
		{"null description", multi, `{"statusCode":200,"statusDescription":null}`, "statusDescription is null"},
		{"null headers", single, `{"statusCode":200,"headers":null}`, "headers is null"},
		{"null multi headers", multi, `{"statusCode":200,"multiValueHeaders":null}`, "multiValueHeaders is null"},
		{"header is no text", single, `{"statusCode":200,"headers":{"a":true}}`, "headers:"},
		{"header is no list", multi, `{"statusCode":200,"multiValueHeaders":{"a":"b"}}`, "multiValueHeaders:"},
		{"body is no text", multi, `{"statusCode":200,"body":{}}`, "body:"},
		{"no Base64", multi, `{"statusCode":200,"body":"!","isBase64Encoded":true}`, "body is not Base64"},
		{"too large", multi, `{"statusCode":200,"body":"` + strings.Repeat("x", 1<<20) + `"}`, "at most 1 MB"},
	}
	for _, test := range tests {
		_, err := test.target.ParseResponse([]byte(test.payload))
		if test.want == "" {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorContains(t, err, test.want, test.name)
	}
	decoded, err := multi.ParseResponse([]byte(`{"statusCode":200,"body":"YWI=","isBase64Encoded":true,"headers":{"X":"ignored"}}`))
	require.NoError(t, err)
	assert.Equal(t, "ab", string(decoded.Body))
	assert.Empty(t, decoded.Header, "only the form that the group has set counts")
}

func TestHandler(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.permit()
	var problems []string
	front := httptest.NewServer(e.runtime.Handler(multi, "edit-scaler", func(_ *runner.Result, err error) {
		if err != nil {
			problems = append(problems, err.Error())
		}
	}))
	t.Cleanup(front.Close)
	send := func(method, path string, header http.Header, body string) answer {
		request, err := http.NewRequestWithContext(e.context(), method, front.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		return answer{response.StatusCode, response.Header, response.Close, string(text)}
	}
	got := send(http.MethodGet, "/api/x?y=%20", http.Header{}, "")
	assert.Equal(t, http.StatusCreated, got.status)
	assert.Equal(t, []string{"a=1", "b=2"}, got.header.Values("Set-Cookie"))
	assert.Empty(t, got.header.Get("X-Single"))
	assert.False(t, got.closed, "the function's Connection header is not the client's")
	assert.Contains(t, got.body, `"path":"/api/x"`)
	assert.Contains(t, got.body, `"y":["%20"]`)
	got = send(http.MethodHead, "/api/x", http.Header{}, "")
	assert.Equal(t, http.StatusCreated, got.status)
	assert.Empty(t, got.body)
	for _, path := range []string{"/null-body", "/fails"} {
		got = send(http.MethodGet, path, http.Header{}, "")
		assert.Equal(t, http.StatusBadGateway, got.status, path)
		assert.Contains(t, got.body, "502 Bad Gateway")
	}
	assert.Len(t, problems, 2)
	assert.Equal(t, http.StatusBadRequest, send(http.MethodGet, "/ws", http.Header{"Upgrade": {"websocket"}}, "").status)
	got = send(http.MethodPost, "/", http.Header{}, strings.Repeat("x", 1<<20+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	e.deploy(map[string]any{"reservedConcurrentExecutions": 0})
	got = send(http.MethodGet, "/api/x", http.Header{}, "")
	assert.Equal(t, http.StatusBadGateway, got.status, "throttled")
}

// answer is an HTTP response that has been read.
type answer struct {
	status int
	header http.Header
	closed bool // whether the server ended the connection
	body   string
}

func TestScheduledEvent(t *testing.T) {
	t.Parallel()
	data, err := runner.ScheduledEvent("arn:aws:events:us-west-2:1:rule/tick", time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC))
	require.NoError(t, err)
	var event map[string]any
	require.NoError(t, json.Unmarshal(data, &event))
	assert.NotEmpty(t, event["id"])
	delete(event, "id")
	assert.Equal(t, map[string]any{
		"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": accountID, "time": "2026-03-01T12:00:00Z",
		"region": "us-west-2", "resources": []any{"arn:aws:events:us-west-2:1:rule/tick"}, "detail": map[string]any{},
	}, event)
}
