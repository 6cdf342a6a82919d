package infra

import (
	"fmt"
	"sort"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const networkToken = "webordinary:infra:Network"

// zoneCount is how many availability zones, and so subnets, everything uses: the fewest a load balancer takes. Each
// further one would cost a public IPv4 address of the load balancer, $3.65 a month.
const zoneCount = 2

// NetworkArgs chooses the VPC and its subnets.
type NetworkArgs struct {
	config.Network
	// Region is where the VPC is; a deployed stack stays there.
	Region string
}

// Network is the VPC and the two subnets per role that load balancer, tasks, file system and functions share.
type Network struct {
	pulumi.ResourceState

	VpcID pulumi.StringOutput `pulumi:"vpcId"`
	// PublicSubnetIDs are the load balancer's two subnets.
	PublicSubnetIDs pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	// WorkloadSubnetIDs are where tasks, mount targets and functions live: the public ones, or private ones in the
	// same zones.
	WorkloadSubnetIDs pulumi.StringArrayOutput `pulumi:"workloadSubnetIds"`
	// AssignPublicIP says whether tasks need a public address to reach the internet (D1).
	AssignPublicIP bool
}

// NewNetwork looks up the default VPC or creates a dedicated one, through awsx.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	network := &Network{}
	inputs := pulumi.Map{vpcInput: pulumi.String(args.vpc())}
	if err := ctx.RegisterComponentResourceV2(networkToken, name, inputs, network, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	build := network.useDefault
	if args.Dedicated {
		build = network.createDedicated
	}
	if err := build(ctx, name, args); err != nil {
		return nil, err
	}
	return network, ctx.RegisterResourceOutputs(network, pulumi.Map{
		"vpcId":             network.VpcID,
		"publicSubnetIds":   network.PublicSubnetIDs,
		"workloadSubnetIds": network.WorkloadSubnetIDs,
	})
}

// useDefault takes the pinned subnets with their VPC, or the default VPC.
func (n *Network) useDefault(ctx *pulumi.Context, name string, args *NetworkArgs) error {
	vpc, err := n.pinned(ctx, args)
	if err == nil && vpc != "" {
		err = n.findsByName(ctx, args, vpc)
	}
	if err != nil {
		return err
	}
	if len(args.SubnetIDs) > 0 {
		n.VpcID = pulumi.String(vpc).ToStringOutput()
		n.PublicSubnetIDs = pulumi.ToStringArray(args.SubnetIDs).ToStringArrayOutput()
	} else if err := n.fromDefaultVpc(ctx, name, args, vpc); err != nil {
		return err
	}
	n.WorkloadSubnetIDs = n.PublicSubnetIDs
	n.AssignPublicIP = true
	if len(args.PrivateSubnetIDs) > 0 {
		n.WorkloadSubnetIDs = pulumi.ToStringArray(args.PrivateSubnetIDs).ToStringArrayOutput()
		n.AssignPublicIP = false
	}
	return nil
}

// fromDefaultVpc takes two public subnets of the default VPC. It is looked up here, too, as awsx names no way out where there
// is none. Private subnets, where those are pinned alone, have to be in it.
func (n *Network) fromDefaultVpc(ctx *pulumi.Context, name string, args *NetworkArgs, private string) error {
	isDefault := true
	found, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Default: &isDefault}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("look up the default VPC: %w; where the region has none, set subnetIds to two public subnets of another VPC, "+
			"or dedicatedVpc to true, or make one: `aws ec2 create-default-vpc`", err)
	}
	if private != "" && private != found.Id {
		return &config.Error{Stack: ctx.Stack(), Faults: []config.Fault{{
			Key: "privateSubnetIds", Value: strings.Join(args.PrivateSubnetIDs, ","),
			Expected: "subnets of the default VPC " + found.Id + ", or subnetIds of their VPC " + private + " beside them",
		}}}
	}
	vpc, err := awsxec2.NewDefaultVpc(ctx, name+"-default", &awsxec2.DefaultVpcArgs{}, component.Child(n)...)
	if err != nil {
		return component.Created(name+"-default", err)
	}
	n.VpcID = vpc.VpcId
	n.PublicSubnetIDs = vpc.PublicSubnetIds.ApplyT(func(ids []string) ([]string, error) {
		return n.defaultSubnets(ctx, ids)
	}).(pulumi.StringArrayOutput)
	return nil
}

func (n *Network) createDedicated(ctx *pulumi.Context, name string, args *NetworkArgs) error {
	zones := zoneCount
	strategy := awsxec2.SubnetAllocationStrategyAuto
	vpc, err := awsxec2.NewVpc(ctx, name+"-vpc", &awsxec2.VpcArgs{
		CidrBlock:                 &args.CidrBlock,
		NumberOfAvailabilityZones: &zones,
		EnableDnsHostnames:        pulumi.Bool(true), // EFS mount targets are found by name
		EnableDnsSupport:          pulumi.Bool(true),
		SubnetStrategy:            &strategy,
		SubnetSpecs: []awsxec2.SubnetSpecArgs{
			{Type: awsxec2.SubnetTypePublic},
			{Type: awsxec2.SubnetTypePrivate},
		},
		NatGateways: &awsxec2.NatGatewayConfigurationArgs{Strategy: awsxec2.NatGatewayStrategy(args.NatGateways)},
	}, component.Child(n)...)
	if err != nil {
		return component.Created(name+"-vpc", err)
	}
	n.VpcID = vpc.VpcId
	n.PublicSubnetIDs = firstSubnets(vpc.PublicSubnetIds)
	n.WorkloadSubnetIDs = firstSubnets(vpc.PrivateSubnetIds)
	return nil
}

// firstSubnets picks the same zoneCount subnets of a dedicated VPC on every run, whatever order AWS lists them in. It has one
// a zone.
func firstSubnets(ids pulumi.StringArrayOutput) pulumi.StringArrayOutput {
	return ids.ApplyT(func(all []string) ([]string, error) {
		if len(all) < zoneCount {
			return nil, fmt.Errorf("%w: the dedicated VPC has %d fitting subnets, the load balancer needs %d in different zones; "+
				"choose a region with as many", errTooFewSubnets, len(all), zoneCount)
		}
		sorted := append([]string(nil), all...)
		sort.Strings(sorted)
		return sorted[:zoneCount], nil
	}).(pulumi.StringArrayOutput)
}
