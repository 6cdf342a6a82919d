package requests_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

// Events as AWS sends them (EventBridge user guide: "Scheduled Event"; EventBridge Scheduler: default input).
const (
	ruleTick = `{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event","source":"aws.events",
		"account":"123456789012","time":"2026-03-02T09:00:00Z","region":"us-west-2","resources":["arn:aws:events:..."],"detail":{}}`
	schedulerTick = `{"version":"0","id":"9a","detail-type":"Scheduled Event","source":"aws.scheduler","account":"123456789012",
		"time":"2026-03-02T09:00:00Z","region":"us-west-2","resources":["arn:aws:scheduler:..."],"detail":"{}"}`
)

// TestTicks takes both kinds of schedule, and fails the invocation when a tick fails.
func TestTicks(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{ruleTick, schedulerTick} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{})}}
		response, err := f.handler().Handle(t.Context(), []byte(payload))
		require.NoError(t, err)
		require.Nil(t, response)
		require.Equal(t, []decide.Intent{decide.Tick}, f.intents)
	}
	f := &fake{results: []reconcile.Result{state(decide.Plan{})}, err: errAWS}
	_, err := f.handler().Handle(t.Context(), []byte(ruleTick))
	require.ErrorIs(t, err, errAWS)
}

// TestUnknownEventsAreRefused names what was expected and what came, and does nothing.
func TestUnknownEventsAreRefused(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{
		``, `null`, `[]`, `"tick"`, `{}`, `{`, `{"source":"aws.events"}`,
		`{"source":"aws.ecs","detail-type":"ECS Task State Change"}`,
		`{"requestContext":{"http":{"method":"GET"}},"rawPath":"/api/x"}`,
		`{"requestContext":"elb"}`, `{"requestContext":{"elb":{}},"httpMethod":7}`,
		`{"requestContext":{"elb":{}},"multiValueQueryStringParameters":["a"]}`,
		`{"requestContext":{"elb":{}},"multiValueQueryStringParameters":{"a":[1]}}`,
		`{"requestContext":{"elb":{}},"queryStringParameters":{"a":{}}}`,
		`{"source":"` + strings.Repeat("x", 100000) + `"}`,
	} {
		f := &fake{results: []reconcile.Result{state(decide.Plan{})}}
		_, err := f.handler().Handle(t.Context(), []byte(payload))
		require.ErrorIs(t, err, requests.ErrUnknownEvent, payload)
		require.Less(t, len(err.Error()), 500)
		require.Empty(t, f.intents)
	}
}

// TestHugeHeaders are answered like any others.
func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 1<<20)
	f := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
	response := serve(t, f.handler(), request{method: "GET", path: "/api/x", header: map[string]string{
		"user-agent": browser + huge + "bot", "cookie": huge, "x-anything": huge,
	}})
	require.Equal(t, 503, response.StatusCode)
	require.Less(t, len(response.Body), 1000)
	require.Equal(t, []decide.Intent{decide.Ask}, f.intents)
}

// FuzzHandle throws anything at the handler. Whatever it is: no panic, a well-formed answer, no redirect but to the
// request's own path on the same host, and no wake by what must not wake.
func FuzzHandle(f *testing.F) {
	f.Add([]byte(ruleTick))
	f.Add([]byte(`{"requestContext":{"elb":{}},"httpMethod":"GET","path":"/api/x","headers":{"user-agent":"a"}}`))
	f.Add([]byte(`{"requestContext":{"elb":{}},"httpMethod":"GET","path":"//evil.host","multiValueHeaders":{"user-agent":["a"]},` +
		`"multiValueQueryStringParameters":{"a":["b"]}}`))
	f.Add([]byte(`{"requestContext":{"elb":{}},"httpMethod":"HEAD","path":"/api/%2e%2e/ws/","multiValueHeaders":{}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		fake := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
		response, err := fake.handler().Handle(t.Context(), payload)
		if err != nil || response == nil {
			return
		}
		require.GreaterOrEqual(t, response.StatusCode, 200)
		require.Less(t, response.StatusCode, 600)
		_, err = json.Marshal(response)
		require.NoError(t, err)
		var event struct {
			Method string              `json:"httpMethod"`
			Path   string              `json:"path"`
			Multi  map[string][]string `json:"multiValueHeaders"`
		}
		require.NoError(t, json.Unmarshal(payload, &event))
		if to := response.Header("Location"); to != "" {
			require.True(t, strings.HasPrefix(to, "/api/") || strings.HasPrefix(to, "/preview/"), to)
			require.NotContains(t, to, "/../")
			require.False(t, strings.ContainsAny(to, "\r\n\x00 "), "%q", to)
			require.True(t, utf8.ValidString(to))
		}
		if event.Method == "TRACE" || event.Method == "CONNECT" {
			require.Empty(t, fake.intents)
		}
	})
}

// FuzzPath throws paths and queries at the checks behind every redirect.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/api/x", "/preview/../ws/", "//evil.host/", "/api/%2e%2e/", `/api\evil`, "/api/%2f%2f"} {
		f.Add(path, "a", "b")
	}
	f.Fuzz(func(t *testing.T, path, name, value string) {
		if !utf8.ValidString(path) || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return // JSON cannot carry it
		}
		query, err := json.Marshal(map[string][]string{name: {value}})
		require.NoError(t, err)
		fake := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateReady})}}
		response := serve(t, fake.handler(), request{method: "POST", path: path, query: string(query)})
		to := response.Header("Location")
		if to == "" {
			return
		}
		for i := range len(to) {
			require.True(t, to[i] > ' ' && to[i] < 0x7f, "%q", to)
		}
		if _, err := url.Parse(to); err != nil {
			return // a broken escape: sent by clients that send it as it is, and begins with our prefix
		}
		landed := resolve(t, to)
		require.Equal(t, "edit.example.com", landed.Host, "%q", to)
		require.True(t, strings.HasPrefix(landed.EscapedPath(), "/api/") || strings.HasPrefix(landed.EscapedPath(), "/preview/"),
			"%q leads to %q", to, landed.EscapedPath())
	})
}

// FuzzCookies finds a cookie beside whatever others are, and none that is not there.
func FuzzCookies(f *testing.F) {
	for _, other := range []string{`g_state={"i_l":0}`, "a=1, 2", "session=", ";", `"`, "arr[0]=1"} {
		f.Add(other, other)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if !utf8.ValidString(before) || !utf8.ValidString(after) {
			return // JSON cannot carry it
		}
		wakes := func(cookie string) bool {
			fake := &fake{results: []reconcile.Result{state(decide.Plan{State: decide.StateAsleep})}}
			h := fake.handler()
			h.Credentials = []requests.Credential{{Cookie: "session"}}
			serve(t, h, request{method: "POST", path: "/api/edit", lines: map[string][]string{"cookie": {cookie}}})
			return len(fake.intents) > 0
		}
		require.True(t, wakes(before+";session=1;"+after))
		if others := before + ";" + after; !strings.Contains(others, "session") {
			require.False(t, wakes(others))
		}
	})
}
