package acm

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers AWS Certificate Manager, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "acm", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"ListCertificates":   wire.JSONOperation(listCertificates),
		"RequestCertificate": wire.JSONOperation(requestCertificate),
	}})
}

// usualKeys are the keys of which certificates are listed where none is asked for (ListCertificates, Filters).
var usualKeys = []string{"RSA_1024", "RSA_2048"}

func listCertificates(x *wire.Exchange, in *struct {
	Statuses []string `json:"CertificateStatuses"`
	Includes struct {
		KeyTypes []string `json:"keyTypes"`
	} `json:"Includes"`
	MaxItems int `json:"MaxItems"`
},
) (any, error) {
	if err := x.Allow("acm:ListCertificates", "*", nil); err != nil {
		return nil, err
	}
	keys := in.Includes.KeyTypes
	if len(keys) == 0 {
		keys = usualKeys
	}
	found := []any{}
	for _, r := range x.Store.List(view.TypeCertificate) {
		var state struct {
			ARN    string   `json:"arn"`
			Domain string   `json:"domainName"`
			Names  []string `json:"subjectAlternativeNames"`
			Key    string   `json:"keyAlgorithm"`
			Status string   `json:"status"`
			Type   string   `json:"type"`
		}
		if err := view.Decode(r.State, &state); err != nil {
			return nil, err
		}
		if !slices.Contains(keys, state.Key) || len(in.Statuses) > 0 && !slices.Contains(in.Statuses, state.Status) {
			continue
		}
		found = append(found, map[string]any{
			"CertificateArn": state.ARN, "DomainName": state.Domain, "SubjectAlternativeNameSummaries": state.Names,
			"KeyAlgorithm": state.Key, "Status": state.Status, "Type": state.Type,
		})
	}
	return map[string]any{"CertificateSummaryList": found}, nil
}

// requestCertificate makes a certificate that waits for its validation record. Nobody validates it here.
func requestCertificate(x *wire.Exchange, in *struct {
	DomainName       string `json:"DomainName"`
	ValidationMethod string `json:"ValidationMethod"`
	IdempotencyToken string `json:"IdempotencyToken"`
},
) (any, error) {
	if err := x.Allow("acm:RequestCertificate", "*", nil); err != nil {
		return nil, err
	}
	if !strings.Contains(in.DomainName, ".") {
		return nil, wire.Refuse("InvalidParameterException", "The domain name '%s' is not valid.", in.DomainName)
	}
	arn := view.ARN("acm", "certificate/"+x.RequestID())
	err := x.Store.Put(view.Resource{
		Type: view.TypeCertificate, ID: arn, State: resource.NewPropertyMapFromMap(map[string]any{
			"arn": arn, "domainName": in.DomainName, "subjectAlternativeNames": []any{in.DomainName}, "keyAlgorithm": "RSA_2048",
			"status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED", "validationMethod": in.ValidationMethod,
		}),
	})
	return map[string]string{"CertificateArn": arn}, err
}
