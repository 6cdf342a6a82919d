package ec2

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// ZoneOf gives the availability zone of a subnet.
func ZoneOf(store view.Store, subnet string) string {
	for i, id := range view.DefaultSubnetIDs {
		if id == subnet {
			return view.AvailabilityZones[i]
		}
	}
	if r, ok := store.Get(view.TypeSubnet, subnet); ok {
		if zone := r.State["availabilityZone"]; zone.IsString() {
			return zone.StringValue()
		}
	}
	return view.AvailabilityZones[0]
}

// ResolvesNames says whether the VPC of a subnet lets what is in it find mount targets by name: with DNS support and DNS host names, as the
// default VPC has them.
func ResolvesNames(store view.Store, subnet string) bool {
	id := view.DefaultVPCID
	if r, ok := store.Get(view.TypeSubnet, subnet); ok {
		id = view.Text(r, "vpcId")
	}
	vpc, ok := store.Get(view.TypeVPC, id)
	if !ok {
		return true
	}
	off := func(name resource.PropertyKey) bool { v := vpc.State[name]; return v.IsBool() && !v.BoolValue() }
	return !off("enableDnsSupport") && !off("enableDnsHostnames")
}
