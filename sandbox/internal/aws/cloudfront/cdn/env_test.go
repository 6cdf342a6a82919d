package cdn_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront/cdn"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/serve/tlsca"
)

const (
	id         = "E2QWRUHAPOMQZL"
	site       = "www.ameliastamps.com"
	originHost = "edit.ameliastamps.com"
)

// clock is moved by hand; its waits are a hundredth.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(d time.Duration) time.Duration { return d / 100 }

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env is a distribution with the live editor's behaviours in front of an origin that the test plays.
type env struct {
	t         *testing.T
	store     *view.Memory
	clock     *clock
	authority *tlsca.Authority
	front     *httptest.Server // TLS
	plain     *httptest.Server
	origin    http.HandlerFunc
	asked     int    // requests that reached the origin
	sent      int    // requests that send made
	at        string // the origin's address; empty when its name leads nowhere

	mu        sync.Mutex
	exchanges []cdn.Exchange
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, store: &view.Memory{}, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	var err error
	e.authority, err = tlsca.Open(t.TempDir())
	require.NoError(t, err)
	e.configure(config{})
	e.origin = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the editor") }
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.asked++
		e.origin(w, r)
	}))
	e.secure(server, originHost)
	e.at = server.Listener.Addr().String()
	edge := cdn.New(cdn.Options{
		Store: e.store, Clock: e.clock, Report: func(x cdn.Exchange) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.exchanges = append(e.exchanges, x)
		},
		Origins: cdn.Origins{
			Roots: e.authority.Pool(),
			Resolve: func(host string) (string, string, bool) {
				require.Equal(t, originHost, host)
				return e.at, e.at, e.at != ""
			},
		},
	})
	e.front = httptest.NewTLSServer(edge)
	e.plain = httptest.NewServer(edge)
	t.Cleanup(e.front.Close)
	t.Cleanup(e.plain.Close)
	return e
}

// secure starts a server with a certificate for a name.
func (e *env) secure(server *httptest.Server, name string) {
	e.t.Helper()
	certificate, err := e.authority.Issue(tlsca.Request{Names: []string{name}})
	require.NoError(e.t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	e.t.Cleanup(server.Close)
}

// config varies the distribution; zero fields are as the behaviours function makes them.
type config struct {
	disabled               bool
	viewers, requestPolicy string
	errorPages             string
	// readTimeout is in hundredths of a second here. 0 is more than any busy machine takes; a negative one is left out.
	readTimeout int
}

func (e *env) configure(c config) {
	e.t.Helper()
	if c.viewers == "" {
		c.viewers = "redirect-to-https"
	}
	if c.requestPolicy == "" {
		c.requestPolicy = spec.AllViewerExceptHostHeader
	}
	if c.readTimeout == 0 {
		c.readTimeout = 100_000
	}
	readTimeout := fmt.Sprintf("<OriginReadTimeout>%d</OriginReadTimeout>", c.readTimeout)
	if c.readTimeout < 0 {
		readTimeout = ""
	}
	behavior := func(path string, methods []string) string {
		return "<CacheBehavior><PathPattern>" + path + "</PathPattern><TargetOriginId>alb-origin</TargetOriginId><ViewerProtocolPolicy>" +
			c.viewers + "</ViewerProtocolPolicy><AllowedMethods><Items><Method>" + strings.Join(methods, "</Method><Method>") +
			"</Method></Items></AllowedMethods><CachePolicyId>" + spec.CachingDisabled + "</CachePolicyId><OriginRequestPolicyId>" +
			c.requestPolicy + "</OriginRequestPolicyId></CacheBehavior>"
	}
	text := fmt.Sprintf(`<DistributionConfig><Enabled>%t</Enabled><Aliases><Items><CNAME>ameliastamps.com</CNAME><CNAME>%s</CNAME>
		<CNAME>*.stamps.example</CNAME></Items></Aliases><DefaultRootObject>index.html</DefaultRootObject><Origins><Items>
		<Origin><Id>S3-site</Id><DomainName>site.s3.us-west-2.amazonaws.com</DomainName><OriginPath></OriginPath><S3OriginConfig/></Origin>
		<Origin><Id>alb-origin</Id><DomainName>%s</DomainName><CustomHeaders><Items><OriginCustomHeader><HeaderName>X-From</HeaderName>
		<HeaderValue>cdn</HeaderValue></OriginCustomHeader></Items></CustomHeaders><CustomOriginConfig>
		<OriginProtocolPolicy>https-only</OriginProtocolPolicy>%s</CustomOriginConfig></Origin>
		</Items></Origins><DefaultCacheBehavior><TargetOriginId>S3-site</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>
		<AllowedMethods><Items><Method>GET</Method><Method>HEAD</Method></Items></AllowedMethods></DefaultCacheBehavior>
		<CacheBehaviors><Items>%s%s%s</Items></CacheBehaviors><CustomErrorResponses><Items>%s</Items></CustomErrorResponses>
		</DistributionConfig>`, !c.disabled, site, originHost, readTimeout, behavior("/api/*", spec.AllMethods), behavior("preview/*", spec.ReadMethods),
		behavior("/ws/*", spec.OptionsMethods), c.errorPages)
	_, err := cloudfront.PutDistribution(e.store, id, text, e.clock.Now())
	require.NoError(e.t, err)
}

// errorPage is a custom error response; a negative TTL leaves it out.
func errorPage(code int, page string, ttl int) string {
	out := fmt.Sprintf("<CustomErrorResponse><ErrorCode>%d</ErrorCode>", code)
	if page != "" {
		out += "<ResponsePagePath>" + page + "</ResponsePagePath><ResponseCode>200</ResponseCode>"
	}
	if ttl >= 0 {
		out += fmt.Sprintf("<ErrorCachingMinTTL>%d</ErrorCachingMinTTL>", ttl)
	}
	return out + "</CustomErrorResponse>"
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (e *env) get(path string) answer { return e.send(e.front, http.MethodGet, path, nil) }

func (e *env) send(front *httptest.Server, method, path string, header http.Header) answer {
	e.t.Helper()
	request, err := http.NewRequestWithContext(e.t.Context(), method, front.URL+path, nil)
	require.NoError(e.t, err)
	request.Host = site
	for name, values := range header {
		request.Header[name] = values
	}
	if named := header.Get("Host"); named != "" {
		request.Host = named
	}
	e.sent++
	response, err := front.Client().Transport.RoundTrip(request)
	require.NoError(e.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	require.NoError(e.t, response.Body.Close())
	return answer{response.StatusCode, response.Header, string(body)}
}

// last is the exchange of the last request. It is reported when it is over, which its client may know first.
func (e *env) last() cdn.Exchange {
	e.t.Helper()
	require.Eventually(e.t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.exchanges) == e.sent
	}, 10*time.Second, time.Millisecond)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.exchanges[len(e.exchanges)-1]
}
