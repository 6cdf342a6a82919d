package account_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

const (
	typeCertificate = "aws:acm/certificate:Certificate"
	typeQuota       = "aws:servicequotas/serviceQuota:ServiceQuota"
)

// certify puts a certificate into the account.
func (p *program) certify(id, key, from, status string, names ...string) {
	p.t.Helper()
	others := list{}
	for _, name := range names {
		others = append(others, name)
	}
	require.NoError(p.t, p.acc.Put(account.Resource{Type: typeCertificate, ID: id, State: resource.NewPropertyMapFromMap(obj{
		"domainName": names[0], "subjectAlternativeNames": others, "keyAlgorithm": key, "status": status, "type": "AMAZON_ISSUED",
		"notBefore": from + "T00:00:00Z", "notAfter": "2031-01-15T23:59:59Z",
	})}))
}

func (p *program) ask(token string, args obj) (resource.PropertyMap, error) {
	result, err := p.acc.Invoke(p.t.Context(), account.InvokeRequest{Token: token, Args: resource.NewPropertyMapFromMap(args)})
	return result.Return, err
}

// As the provider's aws_acm_certificate: primary names only, RSA unless asked, the newest by its first day.
func TestCertificatesAreFoundAsTheProviderFindsThem(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.certify("san", "RSA_2048", "2025-01-01", "ISSUED", "example.com", "*.example.com")
	p.certify("ec", "EC_prime256v1", "2026-01-01", "ISSUED", "example.com", "*.example.com")
	p.certify("old", "RSA_2048", "2024-01-01", "ISSUED", "example.com")
	p.certify("pending", "RSA_2048", "2026-02-01", "PENDING_VALIDATION", "pending.example.com")
	for want, args := range map[string]obj{
		"san":     {"domain": "example.com", "mostRecent": true},
		"ec":      {"domain": "example.com", "mostRecent": true, "keyTypes": list{"RSA_2048", "EC_prime256v1"}},
		"pending": {"domain": "pending.example.com", "statuses": list{"PENDING_VALIDATION"}},
	} {
		got, err := p.ask("aws:acm/getCertificate:getCertificate", args)
		require.NoError(t, err)
		require.Equal(t, props.Of(want), got["arn"])
		body := got["certificate"].StringValue()
		if want == "pending" {
			require.Empty(t, body)
			continue
		}
		block, _ := pem.Decode([]byte(body))
		require.NotNil(t, block)
		leaf, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.Equal(t, []string{"example.com", "*.example.com"}, leaf.DNSNames)
	}
	for want, args := range map[string]obj{
		"no ACM Certificate matching domain (*.example.com)":       {"domain": "*.example.com", "mostRecent": true},
		"no ACM Certificate matching domain (Example.com)":         {"domain": "Example.com"},
		"no ACM Certificate matching domain (pending.example.com)": {"domain": "pending.example.com"},
		"multiple ACM Certificates matching domain (example.com)":  {"domain": "example.com"},
		"no ACM Certificate found matching input criteria":         {"domain": "example.com", "types": list{"IMPORTED"}},
		"multiple ACM Certificates matching input criteria":        {"domain": "example.com", "types": list{"AMAZON_ISSUED"}},
		"expected key_types to be one of":                          {"domain": "example.com", "keyTypes": list{"ECDSA"}},
	} {
		_, err := p.ask("aws:acm/getCertificate:getCertificate", args)
		require.ErrorContains(t, err, want)
	}
}

func TestQuotasHaveTheirDefaultsUnlessTheAccountHasOthers(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	quota := func(args obj) float64 {
		got, err := p.ask("aws:servicequotas/getServiceQuota:getServiceQuota", args)
		require.NoError(t, err)
		return got["value"].NumberValue()
	}
	lambda := obj{"serviceCode": "lambda", "quotaCode": "L-B99A9384"}
	require.InDelta(t, 1000, quota(lambda), 0)
	require.InDelta(t, 64, quota(obj{"serviceCode": "fargate", "quotaName": "Fargate On-Demand vCPU resource count"}), 0)
	require.NoError(t, p.acc.Put(account.Resource{
		Type: typeQuota, ID: "lambda/L-B99A9384", State: resource.NewPropertyMapFromMap(obj{"value": 10}),
	}))
	require.InDelta(t, 10, quota(lambda), 0)
	_, err := p.ask("aws:servicequotas/getServiceQuota:getServiceQuota", obj{"serviceCode": "lambda", "quotaCode": "L-0"})
	require.ErrorContains(t, err, "NoSuchResourceException")
	_, err = p.ask("aws:servicequotas/getServiceQuota:getServiceQuota", obj{"serviceCode": "lambda"})
	require.ErrorContains(t, err, "only one of quota_code, quota_name")
}

// A new account's Lambda refuses every reservation (its quota of 10 is what it keeps).
func TestReservationsAreHeldAgainstTheAccountsQuota(t *testing.T) {
	t.Parallel()
	for quota, kept := range map[float64]string{10: "[10]", 50: "[50]", 150: "[100]"} {
		p := newProgram(t)
		p.deployAll()
		require.NoError(t, p.acc.Put(account.Resource{
			Type: typeQuota, ID: "lambda/L-B99A9384", State: resource.NewPropertyMapFromMap(obj{"value": quota}),
		}))
		_, complaint := p.try(tFunction, "another", p.with("fn", obj{"name": "another", "reservedConcurrentExecutions": 51}))
		require.Contains(t, complaint, "below its minimum value of "+kept)
	}
}
