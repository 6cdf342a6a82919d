package provider

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	construct "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// vpcArgs are the inputs of awsx:ec2:Vpc that the sandbox knows.
type vpcArgs struct {
	CidrBlock                 *string               `pulumi:"cidrBlock"`
	AvailabilityZoneNames     []string              `pulumi:"availabilityZoneNames"`
	NumberOfAvailabilityZones *int                  `pulumi:"numberOfAvailabilityZones"`
	EnableDNSHostnames        pulumi.BoolPtrInput   `pulumi:"enableDnsHostnames"`
	EnableDNSSupport          pulumi.BoolPtrInput   `pulumi:"enableDnsSupport"`
	SubnetStrategy            *string               `pulumi:"subnetStrategy"`
	SubnetSpecs               []subnetSpec          `pulumi:"subnetSpecs"`
	NatGateways               *natGateways          `pulumi:"natGateways"`
	Tags                      pulumi.StringMapInput `pulumi:"tags"`
}

type natGateways struct {
	Strategy string `pulumi:"strategy"`
}

var vpcInputs = []string{
	"cidrBlock", "availabilityZoneNames", "numberOfAvailabilityZones", "enableDnsHostnames", "enableDnsSupport",
	"subnetStrategy", "subnetSpecs", "natGateways", "tags",
}

// vpcComponent is awsx:ec2:Vpc: a VPC with subnets in several zones, and the
// routes and NAT gateways that they need.
type vpcComponent struct {
	pulumi.ResourceState

	VpcID             pulumi.IDOutput      `pulumi:"vpcId"`
	PublicSubnetIDs   pulumi.IDArrayOutput `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs  pulumi.IDArrayOutput `pulumi:"privateSubnetIds"`
	IsolatedSubnetIDs pulumi.IDArrayOutput `pulumi:"isolatedSubnetIds"`
}

func newVpc(
	ctx *pulumi.Context, name string, inputs construct.ConstructInputs, options pulumi.ResourceOption,
) (pulumi.ComponentResource, error) {
	if err := onlyInputs(inputs, vpcInputs); err != nil {
		return nil, err
	}
	args := vpcArgs{}
	if err := inputs.CopyTo(&args); err != nil {
		return nil, err
	}
	component := &vpcComponent{}
	if err := ctx.RegisterComponentResource("awsx:ec2:Vpc", name, component, options); err != nil {
		return nil, err
	}
	plan, err := args.plan(ctx, name, component)
	if err != nil {
		return nil, err
	}
	builder := vpcBuilder{ctx: ctx, name: name, component: component, args: args, strategy: plan.strategy}
	if err := builder.build(plan.subnets); err != nil {
		return nil, err
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{
		"vpcId":             component.VpcID,
		"publicSubnetIds":   component.PublicSubnetIDs,
		"privateSubnetIds":  component.PrivateSubnetIDs,
		"isolatedSubnetIds": component.IsolatedSubnetIDs,
	})
}

// onlyInputs refuses what the sandbox does not know: taken and ignored, it would
// make a deployment pass here and differ in reality.
func onlyInputs(inputs construct.ConstructInputs, known []string) error {
	given, err := inputs.Map()
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("the sandbox does not know the input %s; it knows %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// vpcPlan is what the inputs come to.
type vpcPlan struct {
	strategy string
	subnets  []placedSubnet
}

const (
	natNone     = "None"
	natSingle   = "Single"
	natOnePerAz = "OnePerAz"
	// defaultZones is how many zones a VPC spans unless told otherwise.
	defaultZones = 3
)

func (a vpcArgs) plan(ctx *pulumi.Context, name string, parent pulumi.Resource) (vpcPlan, error) {
	if a.SubnetStrategy == nil || *a.SubnetStrategy != "Auto" {
		return vpcPlan{}, errors.New(`subnetStrategy: the sandbox lays out subnets by the strategy "Auto" only; set it`)
	}
	zones, err := a.zones(ctx, parent)
	if err != nil {
		return vpcPlan{}, err
	}
	block := "10.0.0.0/16"
	if a.CidrBlock != nil {
		block = *a.CidrBlock
	}
	cidr, err := netip.ParsePrefix(block)
	if err != nil || !cidr.Addr().Is4() || cidr.Masked() != cidr {
		return vpcPlan{}, fmt.Errorf("cidrBlock: %q is not an IPv4 range such as 10.0.0.0/16", block)
	}
	subnets, err := layout{vpc: name, cidr: cidr, zones: zones, specs: a.SubnetSpecs}.place()
	if err != nil {
		return vpcPlan{}, err
	}
	strategy := natOnePerAz
	if a.NatGateways != nil {
		strategy = a.NatGateways.Strategy
	}
	return vpcPlan{strategy: strategy, subnets: subnets}, checkNat(strategy, subnets)
}

func checkNat(strategy string, subnets []placedSubnet) error {
	switch strategy {
	case natNone:
		return nil
	case natSingle, natOnePerAz:
		if slices.ContainsFunc(subnets, placedSubnet.public) && slices.ContainsFunc(subnets, placedSubnet.private) {
			return nil
		}
		return fmt.Errorf("natGateways.strategy: %s needs public subnets, for the gateways, and private ones that use them", strategy)
	default:
		return fmt.Errorf("natGateways.strategy: %q is none of %s, %s, %s", strategy, natNone, natSingle, natOnePerAz)
	}
}

// zones are the named zones, or the region's first ones.
func (a vpcArgs) zones(ctx *pulumi.Context, parent pulumi.Resource) ([]string, error) {
	if a.AvailabilityZoneNames != nil {
		if a.NumberOfAvailabilityZones != nil {
			return nil, errors.New("only one of availabilityZoneNames and numberOfAvailabilityZones can be specified")
		}
		return a.AvailabilityZoneNames, nil
	}
	count := defaultZones
	if a.NumberOfAvailabilityZones != nil {
		count = *a.NumberOfAvailabilityZones
	}
	var answer struct {
		Names []string `pulumi:"names"`
	}
	err := ctx.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", &struct{}{}, &answer,
		pulumi.Parent(parent), pulumi.Version(awsxAWSVersion))
	if err != nil {
		return nil, err
	}
	if count < 1 || len(answer.Names) < count {
		return nil, fmt.Errorf("numberOfAvailabilityZones: %d, but the region has %d", count, len(answer.Names))
	}
	return answer.Names[:count], nil
}

// vpcBuilder registers the children. Their names and parents are awsx's.
type vpcBuilder struct {
	ctx       *pulumi.Context
	name      string
	component *vpcComponent
	args      vpcArgs
	strategy  string

	vpc, gateway *bare
	nats         map[string]*bare // by zone
	zones        []string         // in the order of their first subnet
}

func (b *vpcBuilder) build(subnets []placedSubnet) error {
	vpc := pulumi.Map{"tags": b.tags(nil)}
	if b.args.CidrBlock != nil {
		vpc["cidrBlock"] = pulumi.String(*b.args.CidrBlock)
	} else {
		vpc["cidrBlock"] = pulumi.String("10.0.0.0/16")
	}
	if b.args.EnableDNSHostnames != nil {
		vpc["enableDnsHostnames"] = b.args.EnableDNSHostnames
	}
	if b.args.EnableDNSSupport != nil {
		vpc["enableDnsSupport"] = b.args.EnableDNSSupport
	}
	var err error
	if b.vpc, err = b.register(view.TypeVPC, b.name, vpc, b.component); err != nil {
		return err
	}
	b.gateway, err = b.register(view.TypeGateway, b.name,
		pulumi.Map{"vpcId": b.vpc.ID(), "tags": b.tags(nil)}, b.vpc)
	if err != nil {
		return err
	}
	b.component.VpcID = b.vpc.ID()
	return b.buildSubnets(subnets)
}

// buildSubnets makes the public subnets of each zone first: the others' routes
// lead through the NAT gateways in them.
func (b *vpcBuilder) buildSubnets(subnets []placedSubnet) error {
	b.nats = map[string]*bare{}
	for _, subnet := range subnets {
		if !slices.Contains(b.zones, subnet.zone) {
			b.zones = append(b.zones, subnet.zone)
		}
	}
	public, private, isolated := pulumi.IDArray{}, pulumi.IDArray{}, pulumi.IDArray{}
	for _, wantPublic := range []bool{true, false} {
		for _, subnet := range subnets {
			if subnet.public() != wantPublic || strings.EqualFold(subnet.spec.Type, unusedSubnet) {
				continue
			}
			id, err := b.buildSubnet(subnet)
			if err != nil {
				return err
			}
			switch {
			case subnet.public():
				public = append(public, id)
			case subnet.private():
				private = append(private, id)
			default:
				isolated = append(isolated, id)
			}
		}
	}
	b.component.PublicSubnetIDs = public.ToIDArrayOutput()
	b.component.PrivateSubnetIDs = private.ToIDArrayOutput()
	b.component.IsolatedSubnetIDs = isolated.ToIDArrayOutput()
	return nil
}

func (b *vpcBuilder) buildSubnet(placed placedSubnet) (pulumi.IDOutput, error) {
	ofSubnet := map[string]string{"Name": placed.name, "SubnetType": placed.spec.Type}
	tags := maps.Clone(placed.spec.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, ofSubnet)
	subnet, err := b.register(view.TypeSubnet, placed.name, pulumi.Map{
		"vpcId":               b.vpc.ID(),
		"availabilityZone":    pulumi.String(placed.zone),
		"mapPublicIpOnLaunch": pulumi.Bool(placed.public()),
		"cidrBlock":           pulumi.String(placed.cidr.String()),
		"tags":                b.tags(tags),
	}, b.vpc)
	if err != nil {
		return pulumi.IDOutput{}, err
	}
	table, err := b.register(view.TypeRouteTable, placed.name,
		pulumi.Map{"vpcId": b.vpc.ID(), "tags": b.tags(ofSubnet)}, subnet)
	if err != nil {
		return pulumi.IDOutput{}, err
	}
	_, err = b.register("aws:ec2/routeTableAssociation:RouteTableAssociation", placed.name,
		pulumi.Map{"routeTableId": table.ID(), "subnetId": subnet.ID()}, table)
	if err != nil {
		return pulumi.IDOutput{}, err
	}
	if err := b.addNat(placed, subnet); err != nil {
		return pulumi.IDOutput{}, err
	}
	return subnet.ID(), b.addRoute(placed, table)
}

// addNat puts a NAT gateway into a public subnet whose zone is to have one.
func (b *vpcBuilder) addNat(placed placedSubnet, subnet *bare) error {
	wanted := b.strategy == natOnePerAz && b.nats[placed.zone] == nil || b.strategy == natSingle && len(b.nats) == 0
	if !placed.public() || !wanted {
		return nil
	}
	name := b.name + "-" + strconv.Itoa(slices.Index(b.zones, placed.zone)+1)
	tags := b.tags(map[string]string{"Name": name})
	address := &struct {
		pulumi.CustomResourceState
		AllocationID pulumi.StringOutput `pulumi:"allocationId"`
	}{}
	err := b.ctx.RegisterResource(view.TypeEIP, name, pulumi.Map{"tags": tags}, address,
		child(subnet, pulumi.DependsOn([]pulumi.Resource{subnet}))...)
	if err != nil {
		return err
	}
	b.nats[placed.zone], err = b.register(view.TypeNAT, name, pulumi.Map{
		"subnetId": subnet.ID(), "allocationId": address.AllocationID, "tags": tags,
	}, subnet)
	return err
}

// addRoute leads a subnet's traffic to the internet: a public one's through the
// gateway, a private one's through a NAT gateway, an isolated one's not at all.
func (b *vpcBuilder) addRoute(placed placedSubnet, table *bare) error {
	route := pulumi.Map{"routeTableId": table.ID(), "destinationCidrBlock": pulumi.String("0.0.0.0/0")}
	switch {
	case placed.public():
		route["gatewayId"] = b.gateway.ID()
	case placed.private() && b.strategy != natNone:
		route["natGatewayId"] = b.natOf(placed.zone).ID()
	default:
		return nil
	}
	_, err := b.register("aws:ec2/route:Route", placed.name, route, table)
	return err
}

// natOf is the zone's own NAT gateway, or the only one.
func (b *vpcBuilder) natOf(zone string) *bare {
	if nat, ok := b.nats[zone]; ok {
		return nat
	}
	for _, nat := range b.nats {
		return nat
	}
	return nil // checkNat has made sure that there is one
}

// register makes a child that also waits for its parent, if that is no component.
func (b *vpcBuilder) register(token, name string, inputs pulumi.Map, parent pulumi.Resource) (*bare, error) {
	var waits []pulumi.ResourceOption
	if _, ok := parent.(pulumi.CustomResource); ok {
		waits = append(waits, pulumi.DependsOn([]pulumi.Resource{parent}))
	}
	resource := &bare{}
	return resource, b.ctx.RegisterResource(token, name, inputs, resource, child(parent, waits...)...)
}

// tags are the component's name and tags, and more.
func (b *vpcBuilder) tags(more map[string]string) pulumi.StringMapOutput {
	given := pulumi.StringMap{}.ToStringMapOutput()
	if b.args.Tags != nil {
		given = b.args.Tags.ToStringMapOutput()
	}
	return given.ApplyT(func(given map[string]string) map[string]string {
		merged := map[string]string{"Name": b.name}
		maps.Copy(merged, given)
		maps.Copy(merged, more)
		return merged
	}).(pulumi.StringMapOutput)
}
