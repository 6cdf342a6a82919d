package infra

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

var errTooFewSubnets = errors.New("too few subnets")

// zonesWithoutFargate are zones in which tasks or load balancers cannot be, by their IDs, as names differ between accounts:
// usw1-az2 and apne1-az3 are left out of the ECS guide's list of Fargate regions, use1-az3 takes no new load balancers.
// Others may follow, which is what subnetIds is for.
var zonesWithoutFargate = []string{"apne1-az3", "use1-az3", "usw1-az2"}

// subnet is what matters of a subnet for choosing it.
type subnet struct {
	id, vpc, zone, zoneID string
	// isDefault says that AWS made it as the zone's default subnet.
	isDefault bool
}

// lookUpSubnets asks AWS about subnets.
func lookUpSubnets(ctx *pulumi.Context, parent pulumi.Resource, ids []string) ([]subnet, error) {
	found := make([]subnet, 0, len(ids))
	for _, id := range ids {
		s, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, pulumi.Parent(parent))
		if err != nil {
			return nil, fmt.Errorf("look up subnet %s: %w", id, err)
		}
		found = append(found, subnet{
			id: s.Id, vpc: s.VpcId, zone: s.AvailabilityZone, zoneID: s.AvailabilityZoneId, isDefault: s.DefaultForAz,
		})
	}
	return found, nil
}

// chooseSubnets picks zoneCount subnets, each in a zone of its own: the zones' default subnets first, then by ID, so that the
// choice is the same on every run and a subnet that somebody adds to the VPC changes nothing (D24).
func chooseSubnets(all []subnet) ([]string, error) {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b subnet) int {
		if a.isDefault != b.isDefault {
			if a.isDefault {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.id, b.id)
	})
	var chosen, zones []string
	for _, s := range sorted {
		if len(chosen) < zoneCount && !slices.Contains(zones, s.zone) && !slices.Contains(zonesWithoutFargate, s.zoneID) {
			chosen, zones = append(chosen, s.id), append(zones, s.zone)
		}
	}
	if len(chosen) < zoneCount {
		return nil, fmt.Errorf("%w: of the default VPC's %d public subnets (those that give public addresses by themselves) %d are in "+
			"different zones that fit; the load balancer needs %d: set subnetIds to two subnets with a route to an internet gateway, "+
			"or dedicatedVpc to true", errTooFewSubnets, len(all), len(chosen), zoneCount)
	}
	return chosen, nil
}

// formerSubnets are what the program took before it looked at zones, the lowest IDs; nil where those do not differ from the
// chosen ones, or could not be deployed.
func formerSubnets(all []subnet, chosen []string) []string {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b subnet) int { return cmp.Compare(a.id, b.id) })
	if len(sorted) < zoneCount || sorted[0].zone == sorted[1].zone {
		return nil
	}
	former := []string{sorted[0].id, sorted[1].id}
	if slices.Equal(former, slices.Sorted(slices.Values(chosen))) {
		return nil
	}
	return former
}

// defaultSubnets chooses among the default VPC's public subnets.
func (n *Network) defaultSubnets(ctx *pulumi.Context, ids []string) ([]string, error) {
	all, err := lookUpSubnets(ctx, n, ids)
	if err != nil {
		return nil, err
	}
	chosen, err := chooseSubnets(all)
	if err != nil {
		return nil, err
	}
	former := formerSubnets(all, chosen)
	if former == nil {
		return chosen, nil
	}
	return chosen, ctx.Log.Warn(fmt.Sprintf("the subnets are %s, the default ones of their zones. A stack that an earlier version of this "+
		"program deployed is in %s: to leave it there, write `%s:subnetIds: [%s]` into Pulumi.%s.yaml; to silence this, the others.",
		strings.Join(chosen, " and "), strings.Join(former, " and "), ctx.Project(), strings.Join(former, ", "), ctx.Stack()),
		&pulumi.LogArgs{Resource: n})
}

// pinned checks the configured subnets, which are used as they are: two zones of one VPC.
func (n *Network) pinned(ctx *pulumi.Context, args *NetworkArgs) (vpc string, err error) {
	var faults []config.Fault
	for _, list := range []struct {
		key string
		ids []string
	}{{"subnetIds", args.SubnetIDs}, {"privateSubnetIds", args.PrivateSubnetIDs}} {
		found, err := lookUpSubnets(ctx, n, list.ids)
		if err != nil {
			return "", fmt.Errorf("%s: %w", list.key, err)
		}
		if len(found) == 0 {
			continue
		}
		value := strings.Join(list.ids, ",")
		if a, b := found[0], found[1]; a.zone == b.zone || a.vpc != b.vpc {
			faults = append(faults, config.Fault{Key: list.key, Value: value, Expected: fmt.Sprintf(
				"two subnets in two zones of one VPC; these are in %s of %s and %s of %s", a.zone, a.vpc, b.zone, b.vpc)})
		}
		if vpc != "" && vpc != found[0].vpc {
			faults = append(faults, config.Fault{
				Key: list.key, Value: value, Expected: "subnets of " + vpc + ", as subnetIds; these are in " + found[0].vpc,
			})
		}
		vpc = cmp.Or(vpc, found[0].vpc)
	}
	if len(faults) > 0 {
		return "", &config.Error{Stack: ctx.Stack(), Faults: faults}
	}
	return vpc, nil
}

// findsByName refuses a VPC of somebody's own in which tasks would not find the file system: they mount it by its name, which a VPC
// resolves only with both of its DNS attributes on (EFS user guide, "Mounting on Amazon EC2 with a DNS name"). A default VPC has both;
// others begin without host names. A look-up that fails refuses nothing.
func (n *Network) findsByName(ctx *pulumi.Context, args *NetworkArgs, id string) error {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &id}, pulumi.Parent(n))
	if err != nil || vpc.EnableDnsHostnames && vpc.EnableDnsSupport {
		return nil //nolint:nilerr // see above
	}
	key, ids := "subnetIds", args.SubnetIDs
	if len(ids) == 0 {
		key, ids = "privateSubnetIds", args.PrivateSubnetIDs
	}
	return &config.Error{Stack: ctx.Stack(), Faults: []config.Fault{{
		Key: key, Value: strings.Join(ids, ","), Expected: fmt.Sprintf("subnets of a VPC with DNS support and DNS host names, by which "+
			"tasks find the file system; %[3]s has them %[1]s and %[2]s: `aws ec2 modify-vpc-attribute --vpc-id %[3]s --enable-dns-support`, "+
			"`aws ec2 modify-vpc-attribute --vpc-id %[3]s --enable-dns-hostnames`", onOff(vpc.EnableDnsSupport), onOff(vpc.EnableDnsHostnames), id),
	}}}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
