package infratest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// lookups answer the program's look-ups, by token: an account with a default VPC, a zone, a certificate and room.
var lookups = map[string]func(resource.PropertyMap) (map[string]any, error){
	"aws:index/getCallerIdentity:getCallerIdentity": func(resource.PropertyMap) (map[string]any, error) {
		return map[string]any{
			"accountId": AccountID, "arn": "arn:aws:iam::" + AccountID + ":user/deployer", "userId": "AIDA", "id": AccountID,
		}, nil
	},
	"aws:acm/getCertificate:getCertificate": func(args resource.PropertyMap) (map[string]any, error) {
		domain := text(args, "domain")
		if !strings.HasPrefix(domain, "*.") {
			return nil, errors.New("no ACM Certificate matching domain (" + domain + ")")
		}
		return Certificate("3f1c9c6e-0000-4000-8000-000000000001", domain)
	},
	"aws:route53/getZone:getZone": func(resource.PropertyMap) (map[string]any, error) {
		return map[string]any{"zoneId": "Z0123456789ABCDEFGHIJ", "name": "ameliastamps.com"}, nil
	},
	"aws:ec2/getVpc:getVpc": func(resource.PropertyMap) (map[string]any, error) {
		return map[string]any{"id": "vpc-0default", "default": true, "enableDnsHostnames": true, "enableDnsSupport": true}, nil
	},
	"aws:ec2/getSubnet:getSubnet": func(args resource.PropertyMap) (map[string]any, error) {
		return Subnet(text(args, "id")), nil
	},
	"aws:servicequotas/getServiceQuota:getServiceQuota": func(resource.PropertyMap) (map[string]any, error) {
		return map[string]any{"value": 4000.0}, nil
	},
}

// Subnet answers the look-up of a subnet: the zone's default one in the default VPC, in the zone that the first digit of its
// ID says, such as subnet-0b... in us-west-2b.
func Subnet(id string) map[string]any {
	digit := strings.TrimPrefix(id, "subnet-0")[:1]
	return map[string]any{
		"id": id, "vpcId": "vpc-0default", "availabilityZone": Region + digit, "availabilityZoneId": "usw2-az" + digit,
		"defaultForAz": true, "mapPublicIpOnLaunch": true,
	}
}

// Certificate answers the look-up of an issued certificate with these names.
func Certificate(id string, names ...string) (map[string]any, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"arn":         ARN("acm", "certificate/"+id),
		"status":      "ISSUED",
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}
