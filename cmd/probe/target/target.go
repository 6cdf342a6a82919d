// Package target connects to a deployed site as a user would: by its host name over HTTPS, or, for a stack that a sandbox
// serves on this machine, at the addresses that the sandbox has told.
package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Agent is how the probe names itself. It is none of the names that the waker takes for a robot's.
const Agent = "webordinary-check/1 (go run ./cmd/probe)"

// Pace converts the service's time to the wall clock's.
type Pace interface {
	Wall(time.Duration) time.Duration
}

// Options say where a site is.
type Options struct {
	// URL is https:// and a host name.
	URL string
	// HTTPS and HTTP are addresses to connect to instead of what DNS says; empty means DNS, and ports 443 and 80.
	HTTPS, HTTP string
	// Roots are the certificate authorities to trust; nil means the system's.
	Roots *x509.CertPool
	// Header is sent with every request, such as a session's cookie.
	Header http.Header
	Pace   Pace
}

// Site is one host name of a deployed stack. It is safe for concurrent use.
type Site struct {
	options Options
	base    *url.URL
	http    *http.Client
	socket  *http.Client
}

// New checks the URL and prepares the connections; none is made yet.
func New(options Options) (*Site, error) {
	base, err := url.Parse(options.URL)
	if err != nil {
		return nil, fmt.Errorf("URL %q: %w", options.URL, err)
	}
	switch {
	case base.Scheme != "https" || base.Hostname() == "":
		return nil, fmt.Errorf("URL %q: expected https:// and a host name, such as https://edit.example.com", options.URL)
	case base.Path != "" && base.Path != "/", base.RawQuery != "", base.User != nil:
		return nil, fmt.Errorf("URL %q: give the host only, without path, query or user", options.URL)
	}
	s := &Site{options: options, base: &url.URL{Scheme: "https", Host: base.Host}}
	transport := &http.Transport{
		DialContext: s.dial, ForceAttemptHTTP2: true, TLSClientConfig: s.tls(), MaxIdleConnsPerHost: 8,
		IdleConnTimeout: time.Minute,
	}
	s.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// WebSockets are upgraded from HTTP/1.1; a transport that never speaks HTTP/2 does not offer it either.
	upgrade := transport.Clone()
	upgrade.ForceAttemptHTTP2 = false
	upgrade.Protocols = new(http.Protocols)
	upgrade.Protocols.SetHTTP1(true)
	s.socket = &http.Client{Transport: upgrade}
	return s, nil
}

// URL is the site's address without a slash at the end.
func (s *Site) URL() string { return s.base.String() }

// Host is the site's host name.
func (s *Site) Host() string { return s.base.Hostname() }

// Fixed tells the address that is used instead of what DNS says; empty without one.
func (s *Site) Fixed() string { return s.options.HTTPS }

// Close ends idle connections.
func (s *Site) Close() {
	s.http.CloseIdleConnections()
	s.socket.CloseIdleConnections()
}

func (s *Site) tls() *tls.Config {
	return &tls.Config{RootCAs: s.options.Roots, ServerName: s.Host(), MinVersion: tls.VersionTLS12}
}

// dialLimit is the wall-clock limit for a TCP connection.
const dialLimit = 10 * time.Second

func (s *Site) dial(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if fixed := s.fixed(port); fixed != "" {
		address = fixed
	}
	return (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, network, address)
}

func (s *Site) fixed(port string) string {
	if port == "80" {
		return s.options.HTTP
	}
	return s.options.HTTPS
}

// Resolver looks names up; net.DefaultResolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
}

// Connection is what a TLS handshake came to, verified against nothing yet.
type Connection struct {
	State tls.ConnectionState
	// Untrusted says why the chain is not trusted, and WrongHost why the certificate is not this host's; nil if it is.
	Untrusted, WrongHost error
}

// Handshake connects with at least and at most these TLS versions and examines the certificate. An error means that
// there was no handshake.
func (s *Site) Handshake(ctx context.Context, least, most uint16) (*Connection, error) {
	address := net.JoinHostPort(s.Host(), s.port())
	raw, err := s.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	config := s.tls()
	config.MinVersion, config.MaxVersion = least, most
	config.InsecureSkipVerify = true // so that what is wrong can be told apart below; nothing is sent over it
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	found := &Connection{State: conn.ConnectionState()}
	certificates := found.State.PeerCertificates
	if len(certificates) == 0 {
		return nil, errors.New("the server sent no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range certificates[1:] {
		between.AddCert(c)
	}
	_, found.Untrusted = certificates[0].Verify(x509.VerifyOptions{Roots: s.options.Roots, Intermediates: between})
	found.WrongHost = certificates[0].VerifyHostname(s.Host())
	return found, nil
}

func (s *Site) port() string {
	if port := s.base.Port(); port != "" {
		return port
	}
	return "443"
}
