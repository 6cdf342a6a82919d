package provider

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func specs(types ...string) []subnetSpec {
	var made []subnetSpec
	for _, typ := range types {
		made = append(made, subnetSpec{Type: typ})
	}
	return made
}

func masked(typ string, mask int) subnetSpec { return subnetSpec{Type: typ, CidrMask: &mask} }

func blocks(typ string, cidrs ...string) subnetSpec { return subnetSpec{Type: typ, CidrBlocks: cidrs} }

func TestLayout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cidr  string
		zones int
		specs []subnetSpec
		want  []string
	}{
		"two zones, two subnets": {"10.42.0.0/16", 2, specs("Public", "Private"), []string{
			"vpc-public-1 z1 10.42.0.0/18", "vpc-private-1 z1 10.42.64.0/18",
			"vpc-public-2 z2 10.42.128.0/18", "vpc-private-2 z2 10.42.192.0/18",
		}},
		"three zones leave a quarter": {"10.0.0.0/16", 3, specs("Public"), []string{
			"vpc-public-1 z1 10.0.0.0/18", "vpc-public-2 z2 10.0.64.0/18", "vpc-public-3 z3 10.0.128.0/18",
		}},
		"a wider one starts at its boundary": {"10.0.0.0/16", 1, []subnetSpec{masked("Public", 20), masked("Private", 18)}, []string{
			"vpc-public-1 z1 10.0.0.0/20", "vpc-private-1 z1 10.0.64.0/18",
		}},
		"unused ranges are left out later": {"10.0.0.0/24", 2, []subnetSpec{masked("Public", 26), masked("Unused", 26)}, []string{
			"vpc-public-1 z1 10.0.0.0/26", "vpc-unused-1 z1 10.0.0.64/26",
			"vpc-public-2 z2 10.0.0.128/26", "vpc-unused-2 z2 10.0.0.192/26",
		}},
		"explicit blocks": {"10.0.0.0/16", 2, []subnetSpec{blocks("Public", "10.0.1.0/24", "10.0.2.0/24")}, []string{
			"vpc-public-1 z1 10.0.1.0/24", "vpc-public-2 z2 10.0.2.0/24",
		}},
		"names": {"10.0.0.0/16", 1, []subnetSpec{{Type: "Public", Name: new("web")}}, []string{"vpc-web-1 z1 10.0.0.0/16"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			placed, err := layoutOf(test.cidr, test.zones, test.specs).place()
			require.NoError(t, err)
			var got []string
			for _, p := range placed {
				got = append(got, fmt.Sprintf("%s %s %s", p.name, p.zone, p.cidr))
			}
			require.Equal(t, test.want, got)
		})
	}
}

func layoutOf(cidr string, zones int, specs []subnetSpec) layout {
	l := layout{vpc: "vpc", cidr: netip.MustParsePrefix(cidr), specs: specs}
	for i := range zones {
		l.zones = append(l.zones, fmt.Sprintf("z%d", i+1))
	}
	return l
}

func TestLayoutsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cidr  string
		specs []subnetSpec
		want  string
	}{
		"nothing to lay out": {"10.0.0.0/16", nil, "only the subnets that are given"},
		"too small":          {"10.0.0.0/27", specs("Public", "Private"), "a /29 subnet does not fit into 10.0.0.0/27"},
		"too large": {
			"10.0.0.0/16",
			[]subnetSpec{masked("Public", 17), masked("Private", 17)},
			"the subnets of zone z1 do not fit into its share 10.0.0.0/17 of 10.0.0.0/16",
		},
		"by size": {
			"10.0.0.0/16",
			[]subnetSpec{{Type: "Public", Size: new(256)}},
			"subnetSpecs[0].size: the sandbox knows cidrMask and cidrBlocks only",
		},
		"too few blocks":   {"10.0.0.0/16", []subnetSpec{blocks("Public", "10.0.1.0/24")}, "1 blocks for 2 availability zones"},
		"no block":         {"10.0.0.0/16", []subnetSpec{blocks("Public", "x", "y")}, "cidrBlocks"},
		"blocks that meet": {"10.0.0.0/16", []subnetSpec{blocks("Public", "10.0.1.0/24", "10.0.0.0/23")}, "overlap"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := layoutOf(test.cidr, 2, test.specs).place()
			require.ErrorContains(t, err, test.want)
		})
	}
}
