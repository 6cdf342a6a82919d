package infra

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// certificateKeyTypes are the keys that a load balancer's listener takes. ACM lists RSA_1024 and RSA_2048 only where nobody
// asks for more (ACM API reference: Filters), and application load balancers take 2048 bits and more (ELB guide: HTTPS
// listeners).
var certificateKeyTypes = []string{"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}

var errNoCertificate = errors.New("no certificate")

// certificateSearch looks for an issued certificate that has the editors' host name (D7, D24). The provider's look-up
// compares primary domain names only and returns one certificate, so several are asked for, and each one's names are read.
type certificateSearch struct {
	ctx  *pulumi.Context
	host string
	// seen are the certificates that do not have the name, and why, in order of appearance.
	seen  []string
	known map[string]bool
}

// certificateFor returns the configured certificate, or the newest issued one that covers the editors' host name: by its
// primary name `*.<zone>`, then the zone (with the wildcard beside it), then the host itself.
func certificateFor(ctx *pulumi.Context, site config.Site) (string, error) {
	if site.CertificateArn != "" {
		return site.CertificateArn, nil
	}
	search := &certificateSearch{ctx: ctx, host: site.FQDN(), known: map[string]bool{}}
	domains := []string{"*." + site.Zone, site.Zone, site.FQDN()}
	for _, domain := range domains {
		arn, err := search.byDomain(domain)
		if err != nil || arn != "" {
			return arn, err
		}
	}
	found := "none was found"
	if len(search.seen) > 0 {
		found = "found " + strings.Join(search.seen, "; ")
	}
	return "", fmt.Errorf("%w: no issued certificate in the stack's region whose primary name is one of %s has the name %s (%s); "+
		"request one: `aws acm request-certificate --domain-name '*.%s' --validation-method DNS`, or set certificateArn to one whose "+
		"name stands elsewhere", errNoCertificate, strings.Join(domains, ", "), search.host, found, site.Zone)
}

// byDomain asks for the newest certificate with a primary name, and where that one does not fit, for the newest with each
// kind of key: an older one may. The ARN is empty where none fits.
func (s *certificateSearch) byDomain(domain string) (string, error) {
	arn, found, err := s.look(domain, certificateKeyTypes)
	if err != nil || arn != "" || !found {
		return arn, err
	}
	for _, keyType := range certificateKeyTypes {
		if arn, _, err = s.look(domain, []string{keyType}); err != nil || arn != "" {
			return arn, err
		}
	}
	return "", nil
}

func (s *certificateSearch) look(domain string, keyTypes []string) (arn string, found bool, err error) {
	mostRecent := true
	certificate, err := acm.LookupCertificate(s.ctx, &acm.LookupCertificateArgs{
		Domain: &domain, Statuses: []string{"ISSUED"}, KeyTypes: keyTypes, MostRecent: &mostRecent,
	})
	switch {
	case err != nil && strings.Contains(err.Error(), "no ACM Certificate"): // the provider's words for both kinds of none
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("look up an issued certificate for %q in the stack's region: %w; "+
			"mend that, or set certificateArn, which is not looked up", domain, err)
	}
	why := s.unfit(certificate)
	if why == "" {
		return certificate.Arn, true, nil
	}
	if !s.known[certificate.Arn] {
		s.known[certificate.Arn] = true
		s.seen = append(s.seen, certificate.Arn+" "+why)
	}
	return "", true, nil
}

// unfit says why a certificate cannot serve the host; empty where it can.
func (s *certificateSearch) unfit(certificate *acm.LookupCertificateResult) string {
	if certificate.Status != "ISSUED" {
		return "is " + certificate.Status
	}
	block, _ := pem.Decode([]byte(certificate.Certificate))
	if block == nil {
		return "with names that cannot be read"
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Sprintf("with names that cannot be read (%v)", err)
	}
	if leaf.VerifyHostname(s.host) != nil {
		return "for " + strings.Join(leaf.DNSNames, ", ")
	}
	return ""
}
