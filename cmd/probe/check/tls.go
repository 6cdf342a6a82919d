package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// tls examines the certificate and the protocol versions. It returns why nothing else can be measured, or "".
func (s *Suite) tls(ctx context.Context) string {
	s.Progress.Begin("TLS")
	connection, faults := s.handshake(ctx, s.Site)
	if connection == nil {
		s.measured(ctx, report.TLS, "no connection", faults...)
		return "there is no TLS connection"
	}
	left := int(time.Until(connection.State.PeerCertificates[0].NotAfter) / day) // certificates live by the wall clock
	measured := fmt.Sprintf("%s, %s, %d days left", tls.VersionName(connection.State.Version),
		strings.Join(connection.State.PeerCertificates[0].DNSNames, " "), left)
	unsafe := connection.Untrusted != nil || connection.WrongHost != nil
	if left < s.Limits.CertificateDays && !isExpired(connection.Untrusted) {
		faults = append(faults, report.Fault{
			Asked: "how long the certificate is valid", Came: fmt.Sprintf("%d days", left),
			Do:      "see why ACM does not renew it: its validation record has to be in the zone",
			Symptom: report.BadCertificate,
		})
	}
	if old, err := s.Site.Handshake(ctx, tls.VersionTLS10, tls.VersionTLS11); err == nil {
		faults = append(faults, report.Fault{
			Asked: "a connection with TLS 1.1 or older", Came: "one with " + tls.VersionName(old.State.Version),
			Do:      "the listener's security policy was changed; `pulumi up` sets it back",
			Symptom: report.Drift,
		})
	}
	s.measured(ctx, report.TLS, measured, faults...)
	if unsafe {
		return "the certificate is not to be trusted, so nothing was sent over that connection"
	}
	return ""
}

const day = 24 * time.Hour

// handshake connects and says what is wrong with the certificate. Without a connection there is one fault.
func (s *Suite) handshake(ctx context.Context, site Site) (*target.Connection, []report.Fault) {
	connection, err := site.Handshake(ctx, tls.VersionTLS12, tls.VersionTLS13)
	if err != nil {
		return nil, []report.Fault{{
			Asked: "a TLS connection to " + site.Host(), Came: err.Error(),
			Do:      "see that the load balancer and its HTTPS listener are there (`pulumi refresh --preview-only`), and that port 443 is open",
			Symptom: report.NoAddress,
		}}
	}
	asked := "the certificate of " + site.Host()
	var faults []report.Fault
	if connection.WrongHost != nil {
		faults = append(faults, report.Fault{
			Asked: asked, Came: connection.WrongHost.Error(),
			Do:      "issue a certificate for the wildcard of the zone, or set certificateArn to the right one, and `pulumi up`",
			Symptom: report.BadCertificate,
		})
	}
	if connection.Untrusted != nil {
		faults = append(faults, report.Fault{
			Asked: asked, Came: connection.Untrusted.Error(),
			Do:      "the listener has to present a certificate that ACM issued; an expired one was not renewed",
			Symptom: report.BadCertificate,
		})
	}
	return connection, faults
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}
