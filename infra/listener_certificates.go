package infra

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

const certificatesToken = "webordinary:infra:Certificates"

// CertificatesArgs says which certificates a listener gets beside its own.
type CertificatesArgs struct {
	ListenerArn pulumi.StringInput
	// CertificateArns may name one more than once.
	CertificateArns []string
}

// Certificates are what a listener chooses from by the name that a browser asks for (SNI), for hosts that its own certificate does not
// cover.
type Certificates struct{ pulumi.ResourceState }

// NewCertificates registers each certificate once, whoever needs it, and under its own name: a listener has it once, and the client that
// goes must not take it away from the one that stays.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	certificates := &Certificates{}
	if err := ctx.RegisterComponentResource(certificatesToken, name, certificates, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	arns := slices.Clone(args.CertificateArns)
	slices.Sort(arns)
	for _, arn := range slices.Compact(arns) {
		own := name + "-" + arn[strings.LastIndex(arn, "/")+1:]
		if _, err := lb.NewListenerCertificate(ctx, own, &lb.ListenerCertificateArgs{
			ListenerArn: args.ListenerArn, CertificateArn: pulumi.String(arn),
		}, component.Child(certificates)...); err != nil {
			return nil, component.Created(own, err)
		}
	}
	return certificates, ctx.RegisterResourceOutputs(certificates, pulumi.Map{})
}
