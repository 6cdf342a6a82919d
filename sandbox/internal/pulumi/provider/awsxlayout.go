package provider

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// Subnet types of awsx. Unused reserves a range without a subnet.
const (
	publicSubnet  = "Public"
	privateSubnet = "Private"
	unusedSubnet  = "Unused"
)

// subnetSpec says what subnets every availability zone gets.
type subnetSpec struct {
	Type       string            `pulumi:"type"`
	Name       *string           `pulumi:"name"`
	CidrBlocks []string          `pulumi:"cidrBlocks"`
	CidrMask   *int              `pulumi:"cidrMask"`
	Size       *int              `pulumi:"size"`
	Tags       map[string]string `pulumi:"tags"`
}

// placedSubnet is one subnet of one zone.
type placedSubnet struct {
	spec subnetSpec
	name string
	zone string
	cidr netip.Prefix
}

func (p placedSubnet) public() bool { return strings.EqualFold(p.spec.Type, publicSubnet) }

func (p placedSubnet) private() bool { return strings.EqualFold(p.spec.Type, privateSubnet) }

// layout places the subnets of a VPC.
type layout struct {
	vpc   string // the VPC's name
	cidr  netip.Prefix
	zones []string
	specs []subnetSpec
}

// place divides the VPC evenly among the zones, and in each zone lays the specs
// out in their order, each as large as its mask says or else as an even share:
// awsx's strategy Auto. Specs with CIDR blocks are taken literally.
func (l layout) place() ([]placedSubnet, error) {
	if len(l.specs) == 0 {
		return nil, errors.New("subnetSpecs: the sandbox lays out only the subnets that are given")
	}
	specs, err := l.withMasks()
	if err != nil {
		return nil, err
	}
	zoneMask := l.cidr.Bits() + extraBits(len(l.zones))
	var placed []placedSubnet
	for i, zone := range l.zones {
		next := nth(netip.PrefixFrom(l.cidr.Addr(), zoneMask), i)
		share := netip.PrefixFrom(next, zoneMask)
		for _, spec := range specs {
			subnet := placedSubnet{spec: spec, name: l.subnetName(spec, i), zone: zone}
			if subnet.cidr, err = l.rangeOf(spec, i, next); err != nil {
				return nil, err
			}
			if spec.CidrBlocks == nil && !share.Contains(last(subnet.cidr)) {
				return nil, fmt.Errorf("subnetSpecs: the subnets of zone %s do not fit into its share %s of %s", zone, share, l.cidr)
			}
			placed = append(placed, subnet)
			next = last(subnet.cidr).Next()
		}
	}
	return placed, overlaps(placed)
}

// withMasks fills in the masks that are not given.
func (l layout) withMasks() ([]subnetSpec, error) {
	even := l.cidr.Bits() + extraBits(len(l.zones)) + extraBits(len(l.specs))
	filled := slices.Clone(l.specs)
	for i := range filled {
		spec := &filled[i]
		if spec.Size != nil {
			return nil, fmt.Errorf("subnetSpecs[%d].size: the sandbox knows cidrMask and cidrBlocks only", i)
		}
		if spec.CidrMask == nil {
			spec.CidrMask = &even
		}
		if *spec.CidrMask < l.cidr.Bits() || *spec.CidrMask > 28 { // AWS: subnets are /28 or larger
			return nil, fmt.Errorf("subnetSpecs[%d]: a /%d subnet does not fit into %s; AWS allows /%d to /28",
				i, *spec.CidrMask, l.cidr, l.cidr.Bits())
		}
		if spec.CidrBlocks != nil && len(spec.CidrBlocks) != len(l.zones) {
			return nil, fmt.Errorf("subnetSpecs[%d].cidrBlocks: %d blocks for %d availability zones",
				i, len(spec.CidrBlocks), len(l.zones))
		}
	}
	return filled, nil
}

// rangeOf is the range of a spec in zone i, at or after next.
func (l layout) rangeOf(spec subnetSpec, i int, next netip.Addr) (netip.Prefix, error) {
	if spec.CidrBlocks != nil {
		block, err := netip.ParsePrefix(spec.CidrBlocks[i])
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("subnetSpecs: cidrBlocks: %w", err)
		}
		return block, nil
	}
	block := netip.PrefixFrom(next, *spec.CidrMask).Masked()
	if block.Addr() != next { // a wider block than the one before starts at the next boundary
		block = netip.PrefixFrom(last(block).Next(), *spec.CidrMask)
	}
	return block, nil
}

func (l layout) subnetName(spec subnetSpec, zone int) string {
	name := strings.ToLower(spec.Type)
	if spec.Name != nil {
		name = *spec.Name
	}
	return fmt.Sprintf("%s-%s-%d", l.vpc, name, zone+1)
}

func overlaps(placed []placedSubnet) error {
	for i, one := range placed {
		for _, other := range placed[:i] {
			if one.cidr.Overlaps(other.cidr) {
				return fmt.Errorf("subnets %s (%s) and %s (%s) overlap", other.name, other.cidr, one.name, one.cidr)
			}
		}
	}
	return nil
}

// extraBits is how many more bits of a mask it takes to make count parts.
func extraBits(count int) int {
	if count <= 1 {
		return 0
	}
	return bits.Len(uint(count - 1))
}

// nth returns the first address of the i-th prefix of that size from prefix on.
func nth(prefix netip.Prefix, i int) netip.Addr {
	at := prefix.Addr()
	for range i {
		at = last(netip.PrefixFrom(at, prefix.Bits())).Next()
	}
	return at
}

// last returns the last address of an IPv4 prefix.
func last(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Masked().Addr().As4()
	host := uint32(1)<<(32-prefix.Bits()) - 1
	for i := range bytes {
		bytes[i] |= byte(host >> (24 - 8*i) & 0xff)
	}
	return netip.AddrFrom4(bytes)
}
