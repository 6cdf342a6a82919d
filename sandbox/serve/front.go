package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/serve/alb"
	"github.com/webordinary/live-edit/sandbox/serve/tlsca"
	"github.com/webordinary/live-edit/sandbox/world"
)

// Ports of the load balancer's listeners.
const (
	portHTTPS = 443
	portHTTP  = 80
)

// openFronts listens on both ports.
func (s *Server) openFronts(ctx context.Context) error {
	secure, err := listen(ctx, s.options.HTTPS, "--https")
	if err != nil {
		return err
	}
	s.atClose(once(secure))
	plain, err := listen(ctx, s.options.HTTP, "--http")
	if err != nil {
		return err
	}
	s.atClose(once(plain))
	s.options.HTTPS, s.options.HTTP = secure.Addr().String(), plain.Addr().String()
	if err := s.openBalancer(); err != nil {
		return err
	}
	s.atClose(s.balancer.Close)
	settings := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, GetConfigForClient: s.handshake}
	s.serve(plain, s.balancer.Handler(portHTTP))
	s.serve(tls.NewListener(secure, settings), s.balancer.Handler(portHTTPS))
	return nil
}

var protocols = []string{"h2", "http/1.1"}

func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with %s", address, err, flag)
	}
	return listener, nil
}

// once closes a listener that may be closed already.
func once(listener net.Listener) func() error {
	return func() error { return unlessClosed(listener.Close()) }
}

func unlessClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serve answers on a listener until the server is closed, and then cuts what is still under way.
func (s *Server) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 128 << 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // until it is closed
	}()
	s.atClose(func() error {
		err := server.Close()
		<-ended
		return unlessClosed(err)
	})
}

// handshake chooses certificate and TLS versions as the deployed listener says at this moment.
func (s *Server) handshake(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	listeners, err := alb.Listeners(s.options.Account, s.options.output(outputBalancer))
	if err != nil {
		return nil, err
	}
	listener := listeners[portHTTPS]
	if listener == nil {
		return nil, fmt.Errorf("the load balancer has no listener on port %d", portHTTPS)
	}
	request, err := s.certificateOf(listener.CertificateARN)
	if err != nil {
		s.complain(err)
		return nil, err
	}
	certificate, err := s.authority.Issue(request)
	if err != nil {
		return nil, err
	}
	least, most := tlsVersions(listener.TLSPolicy)
	return &tls.Config{
		Certificates: []tls.Certificate{*certificate}, MinVersion: least, MaxVersion: most, NextProtos: protocols,
	}, nil
}

const typeCertificate = "aws:acm/certificate:Certificate"

// certificateOf says what the certificate in the account says; names of this machine are added, so that a browser gets to
// it without a DNS record.
func (s *Server) certificateOf(arn string) (tlsca.Request, error) {
	for _, r := range s.options.Account.List(typeCertificate) {
		var certificate struct {
			ARN      string    `json:"arn"`
			Domain   string    `json:"domainName"`
			Others   []string  `json:"subjectAlternativeNames"`
			NotAfter time.Time `json:"notAfter"`
		}
		if err := world.Decode(r.State, &certificate); err != nil {
			return tlsca.Request{}, fmt.Errorf("certificate %s: %w", r.ID, err)
		}
		if certificate.ARN != arn {
			continue
		}
		names := append([]string{certificate.Domain}, certificate.Others...)
		names = append(names, "localhost", "127.0.0.1", "::1")
		slices.Sort(names)
		return tlsca.Request{Names: slices.Compact(names), NotAfter: certificate.NotAfter}, nil
	}
	return tlsca.Request{}, fmt.Errorf("the listener's certificate %s is not in the account", arn)
}

// tlsVersions are those of a security policy ("Security policies for your Application Load Balancer").
func tlsVersions(policy string) (least, most uint16) {
	switch {
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-3"):
		return tls.VersionTLS13, tls.VersionTLS13
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-2"):
		return tls.VersionTLS12, tls.VersionTLS13
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-1"):
		return tls.VersionTLS11, tls.VersionTLS13
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-"):
		return tls.VersionTLS10, tls.VersionTLS13
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS-1-2-"), strings.HasPrefix(policy, "ELBSecurityPolicy-FS-1-2-"):
		return tls.VersionTLS12, tls.VersionTLS12
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS-1-1-"), strings.HasPrefix(policy, "ELBSecurityPolicy-FS-1-1-"):
		return tls.VersionTLS11, tls.VersionTLS12
	}
	return tls.VersionTLS10, tls.VersionTLS12
}

// transport connects to this server whatever the host, and trusts its authority.
func (s *Server) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := s.options.HTTPS
			if strings.HasSuffix(address, ":80") {
				to = s.options.HTTP
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}
}
