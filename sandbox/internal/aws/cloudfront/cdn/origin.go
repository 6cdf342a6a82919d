package cdn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/sandbox/internal/serve/idle"
)

const (
	// connectTimeout and attempts are an origin's defaults.
	connectTimeout = 10 * time.Second
	leastConnect   = time.Second // a fast clock must not take this machine's slowness for a dead origin
	// defaultReadTimeout is how long CloudFront waits for an origin to answer, and between two packets.
	defaultReadTimeout = 30 * time.Second
	// leastRead is what an origin always gets, as far as its limit allows: a page is not computed faster on a fast clock.
	// At 60 times the speed a dev server would otherwise have one second for its first page.
	leastRead = 5 * time.Second
	// socketIdle is how long a WebSocket may be silent ("Use WebSockets with CloudFront distributions": 10 minutes).
	socketIdle = 10 * time.Minute
)

// Origins says where origins are.
type Origins struct {
	// Resolve gives the addresses of this machine that stand for ports 443 and 80 of a host name; ok is false when the name
	// leads to nothing that is served here.
	Resolve func(host string) (https, http string, ok bool)
	// Roots are the authorities that CloudFront trusts.
	Roots *x509.CertPool
}

// transport reaches the origin of a request.
func (o *Origins) transport(x *exchange) http.RoundTripper {
	if x.origin.Custom == nil {
		return placeholder{x.distribution, x.origin}
	}
	secure, plain, ok := o.Resolve(x.origin.Domain)
	if !ok {
		return unresolved(x.origin.Domain)
	}
	clock := x.cdn.options.Clock
	limit := x.readLimit()
	return &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: -1,
		TLSClientConfig: &tls.Config{RootCAs: o.Roots, ServerName: x.origin.Domain, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := secure
			if strings.HasSuffix(address, ":80") {
				to = plain
			}
			dialer := &net.Dialer{Timeout: max(clock.Wait(connectTimeout), leastConnect)}
			conn, err := dialer.DialContext(ctx, network, to)
			if err != nil {
				return nil, err
			}
			return idle.Limit(conn, limit), nil
		},
	}
}

// readLimit is how long nothing may come from the origin, by this machine's clock.
func (x *exchange) readLimit() time.Duration {
	clock := x.cdn.options.Clock
	if x.request.Header.Get("Upgrade") != "" {
		return clock.Wait(socketIdle)
	}
	limit := time.Duration(x.origin.Custom.ReadTimeout) * time.Second
	if limit == 0 {
		limit = defaultReadTimeout
	}
	return max(clock.Wait(limit), min(limit, leastRead))
}

// rewrite makes the request that the origin gets. What the viewer sent is passed on only as the origin request policy says;
// AllViewerExceptHostHeader passes everything but the Host, which is the origin's.
func (x *exchange) rewrite(p *httputil.ProxyRequest) {
	out, in := p.Out, p.In
	out.URL.Scheme, out.URL.Host, out.Host = "https", x.origin.Domain, x.origin.Domain
	if custom := x.origin.Custom; custom != nil && (custom.Protocol == "http-only" || custom.Protocol == "match-viewer" && in.TLS == nil) {
		out.URL.Scheme = "http"
	}
	path := in.URL.EscapedPath()
	if path == "/" && x.behavior == &x.distribution.Default && x.distribution.Root != "" {
		path = "/" + x.distribution.Root
	}
	if target, err := url.ParseRequestURI(x.origin.Path + path); err == nil {
		out.URL.Path, out.URL.RawPath = target.Path, target.RawPath
	}
	out.URL.RawQuery = in.URL.RawQuery
	if x.behavior.RequestPolicy != spec.AllViewerExceptHostHeader {
		out.URL.RawQuery = ""
		x.keepLittle(out.Header)
	}
	client, _, err := net.SplitHostPort(in.RemoteAddr)
	if err != nil {
		client = in.RemoteAddr
	}
	if before := strings.Join(in.Header.Values("X-Forwarded-For"), ", "); before != "" {
		client = before + ", " + client
	}
	out.Header.Set("X-Forwarded-For", client)
	out.Header.Add("Via", "1.1 sandbox.cloudfront.net (CloudFront)")
	for _, header := range x.origin.Headers {
		out.Header.Set(header.Name, header.Value)
	}
}

// keepLittle removes what CloudFront passes on only if a policy says so ("HTTP request headers and CloudFront behavior").
func (x *exchange) keepLittle(header http.Header) {
	for name := range header {
		switch {
		case name == "Connection", name == "Upgrade", strings.HasPrefix(name, "Sec-Websocket-"), name == "Content-Length", name == "Content-Type",
			name == "Transfer-Encoding", name == "Range", name == "If-None-Match", name == "If-Modified-Since":
		default:
			header.Del(name)
		}
	}
	header.Set("User-Agent", "Amazon CloudFront")
}

// unresolved is an origin whose name leads nowhere.
type unresolved string

// RoundTrip implements http.RoundTripper.
func (u unresolved) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("the origin's name %s does not lead to the stack's load balancer", string(u))
}

// placeholder is an origin of somebody else, such as the site's bucket: its pages exist, and nothing else does.
type placeholder struct {
	distribution *distribution
	origin       *origin
}

// RoundTrip implements http.RoundTripper.
func (p placeholder) RoundTrip(r *http.Request) (*http.Response, error) {
	path := r.URL.Path
	answer := func(status int, kind, body string) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
			Header: http.Header{"Content-Type": {kind}, "Server": {"AmazonS3"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
	known := path == p.origin.Path+"/"+p.distribution.Root
	for _, page := range p.distribution.ErrorPages {
		known = known || page.Page != "" && path == p.origin.Path+page.Page
	}
	if known {
		return answer(http.StatusOK, "text/html", "<!doctype html>\n<title>"+p.origin.ID+"</title>\n<p>Here would be "+path+" of origin "+
			p.origin.ID+".</p>\n")
	}
	return answer(http.StatusForbidden, "application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
}
