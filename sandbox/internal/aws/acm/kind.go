// Package acm is AWS Certificate Manager in the sandbox.
package acm

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// ToCertificate is a reference to a certificate by its ARN.
var ToCertificate = kind.Target{
	Types: []string{view.TypeCertificate}, By: []string{"arn"}, Generated: true,
	Code: "CertificateNotFound", Message: "Certificate '%s' not found in " + view.Region + "; request or import it there, or configure " +
		"another ARN",
}
