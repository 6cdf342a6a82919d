package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const loadBalancerToken = "webordinary:infra:LoadBalancer"

// noTargetMessage is what the listener answers where no rule matches (T00 §4).
const noTargetMessage = "Webordinary ALB - No target configured"

// LoadBalancerArgs describes the application load balancer (T00 §4, D9).
type LoadBalancerArgs struct {
	config.LoadBalancer
	Name              string
	SecurityGroupName string
	Network           *Network
	Site              config.Site
	// AsksIssuer lets it call whoever says who somebody is.
	AsksIssuer bool
	keeping    keeping
}

// LoadBalancerOutputs is what others need of a load balancer, this stack's or another's.
type LoadBalancerOutputs struct {
	Arn, DNSName, ZoneID, HTTPSListenerArn, SecurityGroupID pulumi.StringOutput
	// VpcID is where its targets have to be.
	VpcID pulumi.StringOutput
}

// LoadBalancer is the internet-facing load balancer with its two listeners; services add their rules to the HTTPS one.
type LoadBalancer struct {
	pulumi.ResourceState

	Arn              pulumi.StringOutput `pulumi:"arn"`
	DNSName          pulumi.StringOutput `pulumi:"dnsName"`
	ZoneID           pulumi.StringOutput `pulumi:"zoneId"`
	HTTPSListenerArn pulumi.StringOutput `pulumi:"httpsListenerArn"`
	SecurityGroupID  pulumi.StringOutput `pulumi:"securityGroupId"`

	vpcID pulumi.StringOutput
}

// NewLoadBalancer registers the load balancer, its security group and its listeners.
func NewLoadBalancer(
	ctx *pulumi.Context, name string, args *LoadBalancerArgs, opts ...pulumi.ResourceOption,
) (*LoadBalancer, error) {
	balancer := &LoadBalancer{vpcID: args.Network.VpcID}
	if err := ctx.RegisterComponentResource(loadBalancerToken, name, balancer, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if err := balancer.addSecurityGroup(ctx, name, args); err != nil {
		return nil, err
	}
	alb, err := lb.NewLoadBalancer(ctx, name+"-alb", &lb.LoadBalancerArgs{
		Name:                     pulumi.String(args.Name),
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(false),
		Subnets:                  args.Network.PublicSubnetIDs,
		SecurityGroups:           pulumi.StringArray{balancer.SecurityGroupID},
		IdleTimeout:              pulumi.Int(args.IdleTimeoutSeconds),
		DropInvalidHeaderFields:  pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(args.keeping.protect),
	}, args.keeping.protected(balancer)...)
	if err != nil {
		return nil, component.Created(name+"-alb", err)
	}
	balancer.Arn, balancer.DNSName, balancer.ZoneID = alb.Arn, alb.DnsName, alb.ZoneId
	if err := balancer.addListeners(ctx, name, args); err != nil {
		return nil, err
	}
	return balancer, ctx.RegisterResourceOutputs(balancer, pulumi.Map{
		"arn":              balancer.Arn,
		"dnsName":          balancer.DNSName,
		"zoneId":           balancer.ZoneID,
		"httpsListenerArn": balancer.HTTPSListenerArn,
		"securityGroupId":  balancer.SecurityGroupID,
	})
}

// addSecurityGroup opens 80 and 443 to the world, and nothing outwards: each service adds its own egress (D13).
func (b *LoadBalancer) addSecurityGroup(ctx *pulumi.Context, name string, args *LoadBalancerArgs) error {
	group, err := newSecurityGroup(ctx, name+"-security-group", &securityGroupArgs{
		Name:        args.SecurityGroupName,
		Description: "Load balancer of the live editor",
		VpcID:       args.Network.VpcID,
	}, component.Child(b)...)
	if err != nil {
		return err
	}
	b.SecurityGroupID = group.ID().ToStringOutput()
	if err := newIngress(ctx, name+"-https-ingress", &ruleArgs{
		Description: "HTTPS from editors and CloudFront", GroupID: b.SecurityGroupID, Port: 443, Cidr: anywhere,
	}, component.Child(b)...); err != nil {
		return err
	}
	if err := newIngress(ctx, name+"-http-ingress", &ruleArgs{
		Description: "HTTP, redirected to HTTPS", GroupID: b.SecurityGroupID, Port: 80, Cidr: anywhere,
	}, component.Child(b)...); err != nil || !args.AsksIssuer {
		return err
	}
	// The load balancer itself fetches tokens and what the issuer knows of a visitor, from addresses that are not fixed.
	return newEgress(ctx, name+"-issuer-egress", &ruleArgs{
		Description: "HTTPS to the issuer that says who somebody is", GroupID: b.SecurityGroupID, Port: 443, Cidr: anywhere,
	}, component.Child(b)...)
}

func (b *LoadBalancer) addListeners(ctx *pulumi.Context, name string, args *LoadBalancerArgs) error {
	certificateArn, err := certificateFor(ctx, args.Site)
	if err != nil {
		return err
	}
	https, err := lb.NewListener(ctx, name+"-https-listener", &lb.ListenerArgs{
		LoadBalancerArn: b.Arn,
		Port:            pulumi.Int(443),
		Protocol:        pulumi.String("HTTPS"),
		SslPolicy:       pulumi.String(args.TLSPolicy),
		CertificateArn:  pulumi.String(certificateArn),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type: pulumi.String("fixed-response"),
			FixedResponse: &lb.ListenerDefaultActionFixedResponseArgs{
				StatusCode:  pulumi.String("200"),
				ContentType: pulumi.String("text/plain"),
				MessageBody: pulumi.String(noTargetMessage),
			},
		}},
	}, component.Child(b)...)
	if err != nil {
		return component.Created(name+"-https-listener", err)
	}
	b.HTTPSListenerArn = https.Arn
	_, err = lb.NewListener(ctx, name+"-http-listener", &lb.ListenerArgs{
		LoadBalancerArn: b.Arn,
		Port:            pulumi.Int(80),
		Protocol:        pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: &lb.ListenerDefaultActionRedirectArgs{
				Protocol:   pulumi.String("HTTPS"),
				Port:       pulumi.String("443"),
				StatusCode: pulumi.String("HTTP_301"),
			},
		}},
	}, component.Child(b)...)
	return component.Created(name+"-http-listener", err)
}

// Outputs is what other components take.
func (b *LoadBalancer) Outputs() LoadBalancerOutputs {
	return LoadBalancerOutputs{
		Arn: b.Arn, DNSName: b.DNSName, ZoneID: b.ZoneID,
		HTTPSListenerArn: b.HTTPSListenerArn, SecurityGroupID: b.SecurityGroupID, VpcID: b.vpcID,
	}
}
