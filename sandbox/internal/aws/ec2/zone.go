package ec2

import (
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
