package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// securityGroupArgs describes a security group without rules.
type securityGroupArgs struct {
	Name, Description string
	VpcID             pulumi.StringInput
}

// newSecurityGroup registers a group that lets nothing in or out: rules are separate resources only, since rules
// inside the group and beside it undo each other (D13).
func newSecurityGroup(
	ctx *pulumi.Context, name string, args *securityGroupArgs, opts ...pulumi.ResourceOption,
) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(ctx, name, &ec2.SecurityGroupArgs{
		Name:        pulumi.String(args.Name),
		Description: pulumi.String(args.Description),
		VpcId:       args.VpcID.ToStringOutput().ToStringPtrOutput(),
		Tags:        pulumi.StringMap{"Name": pulumi.String(args.Name)},
	}, opts...)
	return group, component.Created(name, err)
}

// anywhere is every IPv4 address. As an ingress source it is allowed on the load balancer's 80 and 443 only.
const anywhere = "0.0.0.0/0"

// ruleArgs describes one TCP port of a security group. Exactly one of Cidr and PeerGroupID is set.
type ruleArgs struct {
	Description string
	// GroupID is the group that gets the rule.
	GroupID pulumi.StringInput
	Port    int
	// Cidr is an address range; empty if the peer is a group.
	Cidr string
	// PeerGroupID is the group on the other side; nil if the peer is an address range.
	PeerGroupID pulumi.StringInput
}

func (a *ruleArgs) peer() (cidr, group pulumi.StringPtrInput) {
	if a.PeerGroupID != nil {
		return nil, a.PeerGroupID.ToStringOutput().ToStringPtrOutput()
	}
	return pulumi.StringPtr(a.Cidr), nil
}

// newIngress lets one TCP port in.
func newIngress(ctx *pulumi.Context, name string, args *ruleArgs, opts ...pulumi.ResourceOption) error {
	cidr, group := args.peer()
	_, err := vpc.NewSecurityGroupIngressRule(ctx, name, &vpc.SecurityGroupIngressRuleArgs{
		Description:               pulumi.String(args.Description),
		SecurityGroupId:           args.GroupID,
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(args.Port),
		ToPort:                    pulumi.Int(args.Port),
		CidrIpv4:                  cidr,
		ReferencedSecurityGroupId: group,
	}, opts...)
	return component.Created(name, err)
}

// newEgress lets one TCP port out.
func newEgress(ctx *pulumi.Context, name string, args *ruleArgs, opts ...pulumi.ResourceOption) error {
	cidr, group := args.peer()
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name, &vpc.SecurityGroupEgressRuleArgs{
		Description:               pulumi.String(args.Description),
		SecurityGroupId:           args.GroupID,
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(args.Port),
		ToPort:                    pulumi.Int(args.Port),
		CidrIpv4:                  cidr,
		ReferencedSecurityGroupId: group,
	}, opts...)
	return component.Created(name, err)
}

// linkArgs describes traffic between two groups on one port.
type linkArgs struct {
	Description string
	From, To    pulumi.StringInput
	Port        int
}

// newLink opens one TCP port from one group to another, on both sides.
func newLink(ctx *pulumi.Context, name string, args *linkArgs, opts ...pulumi.ResourceOption) error {
	if err := newEgress(ctx, name+"-egress", &ruleArgs{
		Description: args.Description, GroupID: args.From, PeerGroupID: args.To, Port: args.Port,
	}, opts...); err != nil {
		return err
	}
	return newIngress(ctx, name+"-ingress", &ruleArgs{
		Description: args.Description, GroupID: args.To, PeerGroupID: args.From, Port: args.Port,
	}, opts...)
}
