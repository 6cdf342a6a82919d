package cdn

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Clock is the service's clock.
type Clock interface {
	Now() time.Time
	// Wait is how long a time of the service takes on this machine.
	Wait(d time.Duration) time.Duration
}

// Options configure a CDN.
type Options struct {
	// Store is the account.
	Store view.Store
	Clock Clock
	// Origins says where requests go.
	Origins Origins
	// Report, if set, is told about every request when it is over.
	Report func(Exchange)
}

// Exchange is one request as the distribution's log has it.
type Exchange struct {
	At                 time.Time
	Method, Host, Path string
	Status             int
	// Result is the X-Cache header's first word: Miss, Error or Redirect.
	Result  string
	Origin  string
	Problem string
}

// CDN answers for all distributions of the account. It is safe for concurrent use.
type CDN struct {
	options Options

	mu     sync.Mutex
	errors map[string]*cached
}

// New returns a CDN over the account's distributions.
func New(options Options) *CDN {
	if options.Report == nil {
		options.Report = func(Exchange) {}
	}
	return &CDN{options: options, errors: map[string]*cached{}}
}

// Serves says whether a host name leads to one of the distributions; err when they cannot be read.
func (c *CDN) Serves(host string) (bool, error) {
	d, err := c.find(host)
	return d != nil, err
}

// Names are the host names of the distribution that a name leads to, for its certificate.
func (c *CDN) Names(host string) ([]string, error) {
	d, err := c.find(host)
	if d == nil {
		return nil, err
	}
	return append([]string{d.domain}, d.Aliases...), nil
}

// HostOf is the first host name of a distribution with an origin of that domain; "" without one.
func (c *CDN) HostOf(originDomain string) (string, error) {
	all, err := distributions(c.options.Store)
	for _, d := range all {
		if slices.ContainsFunc(d.Origins, func(o origin) bool { return o.Domain == originDomain }) {
			return append(slices.Clone(d.Aliases), d.domain)[0], nil
		}
	}
	return "", err
}

func (c *CDN) find(host string) (*distribution, error) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	all, err := distributions(c.options.Store)
	for _, d := range all {
		if d.serves(host) {
			return d, nil
		}
	}
	return nil, err
}

// exchange is one request on its way through a distribution.
type exchange struct {
	cdn          *CDN
	distribution *distribution
	behavior     *behavior
	origin       *origin
	request      *http.Request
	record       Exchange
}

// ServeHTTP implements http.Handler.
func (c *CDN) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{cdn: c, request: r, record: Exchange{
		At: c.options.Clock.Now(), Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(),
	}}
	defer func() { c.options.Report(x.record) }()
	var err error
	if x.distribution, err = c.find(r.Host); err != nil || x.distribution == nil {
		x.refuse(w, http.StatusForbidden, fmt.Sprintf("no distribution for %s: %v", r.Host, err))
		return
	}
	x.behavior = x.distribution.behaviorOf(r.URL.EscapedPath())
	if x.origin, err = x.distribution.originOf(x.behavior); err != nil {
		x.refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	x.record.Origin = x.origin.ID
	if x.answersItself(w) {
		return
	}
	if known := c.lookUp(x); known != nil {
		x.record.Status, x.record.Result, x.record.Problem = known.status, "Error", "cached"
		known.write(w, r, c.options.Clock.Now())
		return
	}
	x.fetch(w)
}

// answersItself deals with what never reaches an origin.
func (x *exchange) answersItself(w http.ResponseWriter) bool {
	switch r := x.request; {
	case !x.distribution.Enabled:
		x.refuse(w, http.StatusForbidden, "the distribution is disabled")
	case r.TLS == nil && x.behavior.Viewers == "https-only":
		x.refuse(w, http.StatusForbidden, "the behavior takes HTTPS only")
	case r.TLS == nil && x.behavior.Viewers == "redirect-to-https":
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		x.record.Result = "Redirect"
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		x.refuse(w, http.StatusMovedPermanently, "")
	case !slices.Contains(x.behavior.Methods, r.Method):
		x.refuse(w, http.StatusForbidden, "the behavior does not allow the HTTP request method "+r.Method)
	default:
		return false
	}
	return true
}

// refuse answers with a page of CloudFront's own.
func (x *exchange) refuse(w http.ResponseWriter, status int, problem string) {
	x.record.Status, x.record.Problem = status, problem
	if x.record.Result == "" {
		x.record.Result = "Error"
	}
	header := w.Header()
	header.Set("Server", "CloudFront")
	header.Set("Content-Type", "text/html")
	mark(header, x.record.Result)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, ownPage(status)) // the viewer may be gone
}

func ownPage(status int) string {
	return fmt.Sprintf("<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n"+
		"<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n", status, http.StatusText(status))
}

// mark sets what CloudFront adds to every response.
func mark(header http.Header, result string) {
	var id [42]byte
	_, _ = rand.Read(id[:]) // never fails, says its documentation
	header.Set("X-Cache", result+" from cloudfront")
	header.Add("Via", "1.1 sandbox.cloudfront.net (CloudFront)")
	header.Set("X-Amz-Cf-Pop", "SEA73-P1")
	header.Set("X-Amz-Cf-Id", base64.URLEncoding.EncodeToString(id[:]))
}

// fetch asks the origin.
func (x *exchange) fetch(w http.ResponseWriter) {
	proxy := &httputil.ReverseProxy{
		Rewrite:       x.rewrite,
		Transport:     x.cdn.options.Origins.transport(x),
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ModifyResponse: func(response *http.Response) error {
			x.record.Status, x.record.Result = response.StatusCode, "Miss"
			if response.StatusCode >= http.StatusBadRequest {
				return x.replaceError(response)
			}
			mark(response.Header, x.record.Result)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { x.failed(w, err) },
	}
	proxy.ServeHTTP(w, x.request)
}

// failed answers for an origin that did not, which is an error like any other.
func (x *exchange) failed(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	if network := net.Error(nil); errors.As(err, &network) && network.Timeout() {
		status = http.StatusGatewayTimeout
	}
	response := &http.Response{
		StatusCode: status, Header: http.Header{"Server": {"CloudFront"}, "Content-Type": {"text/html"}},
		Body: io.NopCloser(strings.NewReader(ownPage(status))),
	}
	x.record.Status, x.record.Problem = status, err.Error()
	if x.request.Context().Err() != nil {
		return // the viewer is gone
	}
	if err := x.replaceError(response); err != nil {
		x.refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the viewer may be gone
}
