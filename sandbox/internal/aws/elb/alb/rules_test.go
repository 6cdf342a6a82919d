package alb_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// rule puts a rule in front of all others; it answers "matched".
func (e *env) rule(conditions ...map[string]any) {
	list := make([]any, 0, len(conditions))
	for _, condition := range conditions {
		list = append(list, condition)
	}
	awstest.Put(e.store, typeRule, awstest.RuleARN("test"), map[string]any{
		"arn": awstest.RuleARN("test"), "listenerArn": awstest.ListenerARN, "priority": 1, "conditions": list,
		"actions": []any{map[string]any{"type": "fixed-response", "order": 1, "fixedResponse": map[string]any{
			"statusCode": "299", "contentType": "text/plain", "messageBody": "matched",
		}}},
	})
}

func listOf(kind string, values ...any) map[string]any {
	return map[string]any{kind: map[string]any{"values": values}}
}

func header(name string, values ...any) map[string]any {
	return map[string]any{"httpHeader": map[string]any{"httpHeaderName": name, "values": values}}
}

func query(pairs ...string) map[string]any {
	var list []any
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		entry := map[string]any{"value": value}
		if key != "" {
			entry["key"] = key
		}
		list = append(list, entry)
	}
	return map[string]any{"queryStrings": list}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		conditions []map[string]any
		request    string // "METHOD target [Header: value]"
		matches    bool
	}{
		{"host", []map[string]any{listOf("hostHeader", host)}, "GET / ", true},
		{"host without regard to case", []map[string]any{listOf("hostHeader", "EDIT.AmeliaStamps.com")}, "GET / ", true},
		{"host with a port", []map[string]any{listOf("hostHeader", host)}, "GET / Host: " + host + ":443", true},
		{"host by wildcard", []map[string]any{listOf("hostHeader", "*.ameliastamps.com")}, "GET / ", true},
		{"wildcard needs its dot", []map[string]any{listOf("hostHeader", "*.ameliastamps.com")}, "GET / Host: ameliastamps.com", false},
		{"one character", []map[string]any{listOf("hostHeader", "edi?.ameliastamps.com")}, "GET / ", true},
		{"dot is no wildcard", []map[string]any{listOf("hostHeader", "edit.amelia.tamps.com")}, "GET / ", false},
		{"another host", []map[string]any{listOf("hostHeader", "edit-dev.ameliastamps.com")}, "GET / ", false},
		{"path", []map[string]any{listOf("pathPattern", "/img/*")}, "GET /img/a/b?x=1 ", true},
		{"path with regard to case", []map[string]any{listOf("pathPattern", "/img/*")}, "GET /IMG/a ", false},
		{"path needs its slash", []map[string]any{listOf("pathPattern", "/img/*")}, "GET /img ", false},
		{"path is not the query", []map[string]any{listOf("pathPattern", "*.png")}, "GET /a?b=.png ", false},
		{"path in the middle", []map[string]any{listOf("pathPattern", "/img/*/pics")}, "GET /img/x/y/pics ", true},
		{"path from its beginning", []map[string]any{listOf("pathPattern", "/api/*")}, "GET /x/api/y ", false},
		{"one of several values", []map[string]any{listOf("pathPattern", "/a", "/b")}, "GET /b ", true},
		{"method", []map[string]any{listOf("httpRequestMethod", "POST", "PUT")}, "PUT / ", true},
		{"method with regard to case", []map[string]any{listOf("httpRequestMethod", "get")}, "GET / ", false},
		{"HEAD is not GET", []map[string]any{listOf("httpRequestMethod", "GET")}, "HEAD / ", false},
		{"header", []map[string]any{header("user-agent", "*Chrome*")}, "GET / User-Agent: a chrome b", true},
		{"header without it", []map[string]any{header("X-Missing", "*")}, "GET / ", false},
		{"source", []map[string]any{listOf("sourceIp", "10.0.0.0/8", "127.0.0.0/8")}, "GET / ", true},
		{"another source", []map[string]any{listOf("sourceIp", "10.0.0.0/8")}, "GET / ", false},
		{"query", []map[string]any{query("version=v1")}, "GET /?a=b&Version=V1 ", true},
		{"query of another value", []map[string]any{query("version=v1")}, "GET /?version=v2 ", false},
		{"query without a key", []map[string]any{query("=*example*")}, "GET /?x=an-example ", true},
		{"query escaped", []map[string]any{query(`x=\*`)}, "GET /?x=y ", false},
		{"query literally", []map[string]any{query(`x=\*`)}, "GET /?x=* ", true},
		{"no query", []map[string]any{query("=*")}, "GET / ", false},
		{"all conditions", []map[string]any{listOf("pathPattern", "/a"), listOf("httpRequestMethod", "GET")}, "GET /a ", true},
		{"one of two conditions", []map[string]any{listOf("pathPattern", "/a"), listOf("httpRequestMethod", "POST")}, "GET /a ", false},
		{"no condition", nil, "GET / ", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.rule(test.conditions...)
			method, rest, _ := strings.Cut(test.request, " ")
			target, head, _ := strings.Cut(rest, " ")
			sent := http.Header{}
			if name, value, ok := strings.Cut(head, ": "); ok {
				sent.Set(name, value)
			}
			got := e.send(method, target, sent)
			require.Equal(t, test.matches, got.status == 299, "%d", got.status)
		})
	}
}

// TestRulesByPriority: a move of a rule takes effect with the next request.
func TestRulesByPriority(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, says("the api"))
	require.Equal(t, "the waker", e.get("/api/x").body)
	require.Equal(t, 101, e.last(1).Priority)
	require.Equal(t, awstest.WakerGroup, e.last(1).Group)
	e.wake()
	require.Equal(t, "the api", e.get("/api/x").body)
	require.Equal(t, 120, e.last(2).Priority)
	require.Equal(t, "task/1", e.last(2).Target)
	got := e.get("/nothing")
	require.Equal(t, "nothing here", got.body)
	require.Zero(t, e.last(3).Priority)
	require.Equal(t, http.StatusOK, e.last(3).Status)
	require.Equal(t, "nothing here", e.send(http.MethodGet, "/api/x", http.Header{"Host": {"other.ameliastamps.com"}}).body)
}

func TestFixedResponse(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	got := e.get("/")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "nothing here", got.body)
	require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, "awselb/2.0", got.header.Get("Server"))
	head := e.send(http.MethodHead, "/", http.Header{})
	require.Empty(t, head.body)
	require.Equal(t, "12", head.header.Get("Content-Length"))
}

func (e *env) setDefault(action map[string]any) {
	action["order"] = 1
	awstest.Set(e.store, typeListener, awstest.ListenerARN, "defaultActions", []any{action})
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		redirect map[string]any
		host     string
		want     string
	}{
		{"defaults", map[string]any{"statusCode": "HTTP_301"}, host, "https://" + host + ":443/a%20b/c?x=1&y=%20"},
		{"as deployed", map[string]any{
			"statusCode": "HTTP_302", "protocol": "HTTPS", "port": "443", "host": "#{host}", "path": "/#{path}", "query": "#{query}",
		}, host + ":80", "https://" + host + ":443/a%20b/c?x=1&y=%20"},
		{"everything else", map[string]any{
			"statusCode": "HTTP_301", "protocol": "#{protocol}", "port": "#{port}", "host": "www.#{host}", "path": "/new/#{path}", "query": "z=2&#{query}",
		}, host, "https://www." + host + ":443/new/a%20b/c?z=2&x=1&y=%20"},
		{"by localhost", map[string]any{"statusCode": "HTTP_301", "port": "443"}, "localhost:8080", "https://localhost:8443/a%20b/c?x=1&y=%20"},
		{"by localhost to elsewhere", map[string]any{"statusCode": "HTTP_301", "port": "8000"}, "127.0.0.1", "https://127.0.0.1:8000/a%20b/c?x=1&y=%20"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.setDefault(map[string]any{"type": "redirect", "redirect": test.redirect})
			got := e.send(http.MethodGet, "/a%20b/c?x=1&y=%20", http.Header{"Host": {test.host}})
			want := map[string]int{"HTTP_301": http.StatusMovedPermanently, "HTTP_302": http.StatusFound}[test.redirect["statusCode"].(string)]
			require.Equal(t, want, got.status)
			require.Equal(t, test.want, got.header.Get("Location"))
		})
	}
	e := newEnv(t)
	e.setDefault(map[string]any{"type": "redirect", "redirect": map[string]any{"statusCode": "HTTP_301"}})
	require.Equal(t, "https://"+host+":443/", e.get("/").header.Get("Location"), "no empty query")
}

func TestWhatIsNotImplemented(t *testing.T) {
	t.Parallel()
	for want, action := range map[string]map[string]any{
		"authenticate-oidc action has no settings": {"type": "authenticate-oidc"},
		"does not implement teleport actions":      {"type": "teleport"},
		"names no target group":                    {"type": "forward"},
		"is not in the account":                    {"type": "forward", "targetGroupArn": "arn:gone"},
		`status code "odd"`:                        {"type": "fixed-response", "fixedResponse": map[string]any{"statusCode": "odd"}},
		`status code "HTTP_307"`:                   {"type": "redirect", "redirect": map[string]any{"statusCode": "HTTP_307"}},
	} {
		e := newEnv(t)
		e.setDefault(action)
		require.Equal(t, http.StatusInternalServerError, e.get("/").status, want)
		require.Contains(t, e.last(1).Problem, want)
	}
}

func TestNoListener(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	require.NoError(t, e.store.Remove(typeListener, awstest.ListenerARN))
	request, err := http.NewRequestWithContext(e.context(), http.MethodGet, e.front.URL, nil)
	require.NoError(t, err)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	require.Error(t, err, "the connection is closed")
	require.Contains(t, e.last(1).Problem, "no listener on port 443")
	require.Zero(t, e.last(1).Status)
}

func TestWeights(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, says("one"))
	e.target(awstest.PreviewGroup, "task/2", elb.TargetHealthy, says("two"))
	split := func(first, second int) {
		e.setDefault(map[string]any{"type": "forward", "forward": map[string]any{"targetGroups": []any{
			map[string]any{"arn": awstest.APIGroup, "weight": first}, map[string]any{"arn": awstest.PreviewGroup, "weight": second},
		}}})
	}
	for range 5 {
		split(0, 1)
		require.Equal(t, "two", e.get("/").body)
		split(1, 0)
		require.Equal(t, "one", e.get("/").body)
	}
	split(1, 1)
	seen := map[string]bool{}
	for len(seen) < 2 {
		seen[e.get("/").body] = true
	}
	split(0, 0)
	require.Equal(t, http.StatusInternalServerError, e.get("/").status)
}

func TestFunction(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	require.Equal(t, "the waker", e.get("/api/x").body)
	require.Equal(t, awstest.WakerGroup, e.invoked.GroupARN)
	require.True(t, e.invoked.MultiValueHeaders)
	awstest.Set(e.store, typeGroup, awstest.WakerGroup, "lambdaMultiValueHeadersEnabled", false)
	e.failure = errors.New("it fails")
	e.function = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	require.Equal(t, http.StatusBadGateway, e.get("/api/x").status)
	require.False(t, e.invoked.MultiValueHeaders)
	require.Equal(t, "it fails", e.last(2).Problem)
	require.NoError(t, e.store.Remove("aws:lb/targetGroupAttachment:TargetGroupAttachment", "waker"))
	require.Equal(t, http.StatusServiceUnavailable, e.get("/api/x").status)
}
