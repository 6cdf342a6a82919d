package acm

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:acm/getCertificate:getCertificate": lookupCertificate,
	})
}

// keyAlgorithms are what ACM lists certificates by; without a filter the first two only (ACM API reference: Filters).
var keyAlgorithms = []string{
	"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
}

// lookupCertificate finds a certificate as the provider does (its data source aws_acm_certificate): by the primary name to
// the letter, not by the other names; among the keys asked for; and the newest by its first day of validity.
func lookupCertificate(v kind.View, args props.Map) (props.Map, error) {
	keyTypes := props.Strings(args, "keyTypes[*]")
	for _, k := range keyTypes {
		if !slices.Contains(keyAlgorithms, k) {
			return nil, fmt.Errorf("expected key_types to be one of %q, got %s", keyAlgorithms, k)
		}
	}
	if len(keyTypes) == 0 {
		keyTypes = keyAlgorithms[:2]
	}
	statuses := props.Strings(args, "statuses[*]")
	if len(statuses) == 0 {
		statuses = []string{"ISSUED"}
	}
	domain, types := props.Str(args, "domain"), props.Strings(args, "types[*]")
	list := slices.DeleteFunc(slices.Clone(v.List(view.TypeCertificate)), func(r view.Resource) bool {
		return props.Str(r.State, "domainName") != domain || !slices.Contains(statuses, props.Str(r.State, "status")) ||
			!slices.Contains(keyTypes, props.Str(r.State, "keyAlgorithm"))
	})
	if len(list) == 0 {
		return nil, fmt.Errorf("no ACM Certificate matching domain (%s)", domain)
	}
	recent := props.Bool(args, "mostRecent")
	if len(list) > 1 && !recent && len(types) == 0 {
		return nil, fmt.Errorf("multiple ACM Certificates matching domain (%s)", domain)
	}
	list = slices.DeleteFunc(list, func(r view.Resource) bool {
		return len(types) > 0 && !slices.Contains(types, props.Str(r.State, "type"))
	})
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("no ACM Certificate found matching input criteria")
	case len(list) > 1 && !recent:
		return nil, fmt.Errorf("multiple ACM Certificates matching input criteria")
	}
	newest := slices.MaxFunc(list, func(a, b view.Resource) int {
		return strings.Compare(props.Str(a.State, "notBefore"), props.Str(b.State, "notBefore"))
	})
	return certificateAnswer(newest, args)
}

// certificateAnswer is what the data source returns. Only issued certificates have a body.
func certificateAnswer(r view.Resource, args props.Map) (props.Map, error) {
	status := props.Str(r.State, "status")
	out := props.CopyMap(args)
	out["id"], out["arn"], out["status"] = props.Of(r.ID), props.Of(r.ID), props.Of(status)
	out["certificate"], out["certificateChain"] = props.Of(""), props.Of("")
	if tags, ok := props.Get(r.State, "tags"); ok {
		out["tags"] = tags
	}
	if status != "ISSUED" {
		return out, nil
	}
	body, err := certificateBody(r)
	out["certificate"] = props.Of(body)
	return out, err
}

// certificateBody is the certificate itself, with its names and dates. Whatever the key's algorithm is said to be, it has an
// Ed25519 key: nobody connects with it, and the same certificate is the same text every time.
func certificateBody(r view.Resource) (string, error) {
	names := props.Strings(r.State, "subjectAlternativeNames[*]")
	if primary := props.Str(r.State, "domainName"); !slices.Contains(names, primary) {
		names = append([]string{primary}, names...)
	}
	seed := sha256.Sum256([]byte(r.ID))
	key := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(seed[:16]), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
	}
	for _, date := range []struct {
		property string
		to       *time.Time
	}{{"notBefore", &template.NotBefore}, {"notAfter", &template.NotAfter}} {
		at, err := time.Parse(time.RFC3339, props.Str(r.State, props.Path(date.property)))
		if err != nil {
			return "", fmt.Errorf("certificate %s: %s: %w", r.ID, date.property, err)
		}
		*date.to = at
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("certificate %s: %w", r.ID, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
