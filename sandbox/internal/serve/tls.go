package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/serve/tlsca"
)

// handshake chooses certificate and TLS versions as the deployed listener, or the distribution of that name, says at this
// moment.
func (s *Server) handshake(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if names, err := s.cdn.Names(hello.ServerName); err != nil || len(names) > 0 {
		certificate, issued := s.authority.Issue(tlsca.Request{Names: names})
		if err := errors.Join(err, issued); err != nil {
			return nil, err
		}
		return &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: protocols}, nil
	}
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

// certificateOf says what the certificate in the account says; names of this machine are added, so that a browser gets to
// it without a DNS record.
func (s *Server) certificateOf(arn string) (tlsca.Request, error) {
	for _, r := range s.options.Account.List(view.TypeCertificate) {
		var certificate struct {
			ARN      string    `json:"arn"`
			Domain   string    `json:"domainName"`
			Others   []string  `json:"subjectAlternativeNames"`
			NotAfter time.Time `json:"notAfter"`
		}
		if err := view.Decode(r.State, &certificate); err != nil {
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
