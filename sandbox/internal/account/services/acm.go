package services

var (
	toCertificate = Target{
		Types: []string{typeCertificate}, By: []string{"arn"}, Generated: true,
		Code: "CertificateNotFound", Message: "Certificate '%s' not found in " + Region + "; request or import it there, or configure " +
			"another ARN",
	}
)
