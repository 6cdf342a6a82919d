package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const dnsToken = "webordinary:infra:Dns"

// recordTTLSeconds keeps a changed load balancer from being missed for longer than five minutes.
const recordTTLSeconds = 300

// DnsArgs describes the editors' host name (T02 §7).
type DnsArgs struct {
	Site config.Site
	// Target is the load balancer's DNS name.
	Target pulumi.StringInput
}

// Dns is the CNAME from the editors' host name to the load balancer.
type Dns struct {
	pulumi.ResourceState

	FQDN pulumi.StringOutput `pulumi:"fqdn"`

	record *route53.Record
}

// NewDns registers the record in the configured or looked-up hosted zone.
func NewDns(ctx *pulumi.Context, name string, args *DnsArgs, opts ...pulumi.ResourceOption) (*Dns, error) {
	dns := &Dns{}
	if err := ctx.RegisterComponentResource(dnsToken, name, dns, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	zoneID, err := hostedZoneFor(ctx, args.Site)
	if err != nil {
		return nil, err
	}
	record, err := route53.NewRecord(ctx, name+"-record", &route53.RecordArgs{
		ZoneId:  pulumi.String(zoneID),
		Name:    pulumi.String(args.Site.FQDN()),
		Type:    pulumi.String("CNAME"),
		Ttl:     pulumi.Int(recordTTLSeconds),
		Records: pulumi.StringArray{args.Target},
	}, component.Child(dns)...)
	if err != nil {
		return nil, component.Created(name+"-record", err)
	}
	dns.FQDN, dns.record = record.Fqdn, record
	return dns, ctx.RegisterResourceOutputs(dns, pulumi.Map{"fqdn": dns.FQDN})
}

func hostedZoneFor(ctx *pulumi.Context, site config.Site) (string, error) {
	if site.HostedZoneID != "" {
		return site.HostedZoneID, nil
	}
	private := false
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{Name: &site.Zone, PrivateZone: &private})
	if err != nil {
		return "", fmt.Errorf("look up the public hosted zone %q: %w; create it in Route 53, or set hostedZoneId "+
			"to one of this account: the record is made with the stack's credentials, so a zone of another account cannot be used", site.Zone, err)
	}
	return zone.ZoneId, nil
}
