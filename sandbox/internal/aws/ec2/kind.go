// Package ec2 is Amazon EC2's networks in the sandbox.
package ec2

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// zones are the region's availability zones with their IDs in this account.
var zones = []struct{ name, id string }{
	{"us-west-2a", "usw2-az1"}, {"us-west-2b", "usw2-az2"}, {"us-west-2c", "usw2-az3"}, {"us-west-2d", "usw2-az4"},
}

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("ec2", schemaJSON)
	kind.Register(vpcKinds())
}

func vpcKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeVPC: {
			Check:  checkVPC,
			Create: createVPC,
			Owns:   ownedByVPC,
		},
		view.TypeSubnet: {
			Refs:   []kind.Ref{{Path: "vpcId", To: ToVPC, OnDelete: kind.Block}},
			Check:  checkSubnet,
			Verify: verifySubnet,
			Create: createSubnet,
			Delete: func(c *kind.Call) { releaseInterfaces(c, "subnetIds[*]") },
		},
		view.TypeGateway: gatewayKind(),
		view.TypeRouteTable: {
			Refs: []kind.Ref{
				{Path: "vpcId", To: ToVPC, OnDelete: kind.Block},
				{Path: "routes[*].gatewayId", To: toGateway},
				{Path: "routes[*].natGatewayId", To: toNAT},
			},
			Create: func(c *kind.Call) error {
				c.ID = c.EC2ID("rtb")
				return nil
			},
		},
		"aws:ec2/routeTableAssociation:RouteTableAssociation": {
			Refs: []kind.Ref{
				{Path: "routeTableId", To: toRouteTable, OnDelete: kind.Block},
				{Path: "subnetId", To: ToSubnet, OnDelete: kind.Cascade},
			},
			Unique: []kind.Unique{{
				Paths: []string{"subnetId"}, Code: "Resource.AlreadyAssociated",
				Message: "the specified association for the subnet %s conflicts with an existing association",
			}},
			Create:   func(c *kind.Call) error { c.ID = c.EC2ID("rtbassoc"); return nil },
			ImportID: importAssociation,
		},
		"aws:ec2/route:Route": {
			Refs: []kind.Ref{
				{Path: "routeTableId", To: toRouteTable, OnDelete: kind.Cascade},
				{Path: "gatewayId", To: toGateway},
				{Path: "natGatewayId", To: toNAT},
				{Path: "destinationPrefixListId", To: toPrefixList},
			},
			Unique: []kind.Unique{{
				Paths: []string{"routeTableId", "destinationCidrBlock"}, Code: "RouteAlreadyExists",
				Message: "The route identified by %s already exists",
			}},
			Create: createRoute,
		},
		view.TypeNAT:      natGateway(),
		view.TypeEIP:      {Create: createAddress},
		view.TypeEndpoint: vpcEndpoint(),
	}
}

func gatewayKind() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{{Path: "vpcId", To: ToVPC, OnDelete: kind.Block}},
		Unique: []kind.Unique{{
			Paths: []string{"vpcId"}, Code: "Resource.AlreadyAssociated",
			Message: "the vpc %s already has an internet gateway attached",
		}},
		Create: func(c *kind.Call) error {
			c.ID = c.EC2ID("igw")
			return nil
		},
	}
}

var (
	toNAT = kind.Target{
		Types: []string{view.TypeNAT}, By: []string{"id"}, Generated: true,
		Code: "InvalidNatGatewayID.NotFound", Message: "The natGateway ID '%s' does not exist",
	}
	toAddress = kind.Target{
		Types: []string{view.TypeEIP}, By: []string{"id"}, Generated: true,
		Code: "InvalidAllocationID.NotFound", Message: "The allocation ID '%s' does not exist",
		InUseCode: "AuthFailure", InUse: "The address %s is in use; you do not have permission to release it",
	}
)

func checkVPC(c *kind.Checker) {
	cidr, ok := c.Text("cidrBlock")
	if !ok {
		return
	}
	checkCIDR(c, "cidrBlock", cidr)
	checkPrefixLength(c, cidr)
}

// checkPrefixLength: a VPC and a subnet are between /16 and /28 (VPC user guide).
func checkPrefixLength(c *kind.Checker, cidr string) {
	if p, err := netip.ParsePrefix(cidr); err == nil && (p.Bits() < 16 || p.Bits() > 28) {
		c.Fail("cidrBlock", "InvalidVpc.Range: the CIDR '%s' is invalid: its size must be between /16 and /28", cidr)
	}
}

func createVPC(c *kind.Call) error {
	c.ID = c.EC2ID("vpc")
	group, table := "sg-0"+c.Hex("sg", 16), "rtb-0"+c.Hex("rtb", 16)
	c.Default("cidrBlock", "10.0.0.0/16")
	c.Default("enableDnsHostnames", false)
	c.Default("enableNetworkAddressUsageMetrics", false)
	c.Set("defaultSecurityGroupId", group)
	c.Set("defaultRouteTableId", table)
	c.Set("mainRouteTableId", table)
	c.Set("defaultNetworkAclId", "acl-0"+c.Hex("acl", 16))
	c.Set("dhcpOptionsId", "dopt-0"+c.Hex("dopt", 16))
	c.Set("ipv6AssociationId", "")
	if err := c.Tx.Put(kind.Resource{Type: view.TypeSecurityGroup, ID: group, State: props.Map{
		"name": props.Of("default"), "description": props.Of("default VPC security group"), "vpcId": props.Of(c.ID),
		"arn": props.Of(view.ARN("ec2", "security-group/"+group)), "ownerId": props.Of(view.AccountID),
	}}); err != nil {
		return err
	}
	return c.Tx.Put(kind.Resource{Type: view.TypeRouteTable, ID: table, State: props.Map{
		"vpcId": props.Of(c.ID), "arn": props.Of(view.ARN("ec2", "route-table/"+table)),
		"ownerId": props.Of(view.AccountID), "main": props.Of(true),
	}})
}

// ownedByVPC is what EC2 made with the VPC and removes with it.
func ownedByVPC(v kind.View, vpc kind.Resource) []kind.Resource {
	var out []kind.Resource
	if r, ok := v.Get(view.TypeSecurityGroup, props.Str(vpc.State, "defaultSecurityGroupId")); ok {
		out = append(out, r)
	}
	if r, ok := v.Get(view.TypeRouteTable, props.Str(vpc.State, "mainRouteTableId")); ok {
		out = append(out, r)
	}
	return out
}

func checkSubnet(c *kind.Checker) {
	if cidr, ok := c.Text("cidrBlock"); ok {
		checkCIDR(c, "cidrBlock", cidr)
		checkPrefixLength(c, cidr)
	}
	if zone, ok := c.Text("availabilityZone"); ok && ZoneID(zone) == "" {
		c.Fail("availabilityZone", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in "+
			"the following availability zones: us-west-2a, us-west-2b, us-west-2c, us-west-2d", zone)
	}
}

// ZoneID is the ID of an availability zone in this account, "" when the region has no such zone.
func ZoneID(name string) string {
	for _, z := range zones {
		if z.name == name {
			return z.id
		}
	}
	return ""
}

func verifySubnet(c *kind.Call) {
	cidr, err := netip.ParsePrefix(c.Str("cidrBlock"))
	vpc, ok := c.Get(view.TypeVPC, c.Str("vpcId"))
	if err != nil || !ok || !c.Touches("cidrBlock", "vpcId") {
		return
	}
	if whole, err := netip.ParsePrefix(props.Str(vpc.State, "cidrBlock")); err == nil &&
		(!whole.Contains(cidr.Addr()) || cidr.Bits() < whole.Bits()) {
		c.Refuse("cidrBlock", "InvalidSubnet.Range", "The CIDR '%s' is invalid: it is not within %s of %s", cidr, whole, vpc.ID)
	}
	for _, s := range c.By(view.TypeSubnet, "vpcId", vpc.ID) {
		other, err := netip.ParsePrefix(props.Str(s.State, "cidrBlock"))
		if err != nil || s.ID == c.Old.ID || (c.DryRun && s.URN == c.URN) || !other.Overlaps(cidr) {
			continue
		}
		c.Refuse("cidrBlock", "InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet: %s of %s", cidr, other, kind.Describe(s))
	}
}

func createSubnet(c *kind.Call) error {
	c.ID = c.EC2ID("subnet")
	c.Default("availabilityZone", zones[int(c.Hex("zone", 2)[0])%len(zones)].name)
	c.Default("availabilityZoneId", ZoneID(props.Str(c.State, "availabilityZone")))
	c.Default("privateDnsHostnameTypeOnLaunch", "ip-name")
	c.Set("ipv6CidrBlockAssociationId", "")
	return nil
}

func createRoute(c *kind.Call) error {
	h := fnv.New32a()
	fmt.Fprint(h, c.Str("destinationCidrBlock"), c.Str("destinationIpv6CidrBlock"), c.Str("destinationPrefixListId"))
	c.ID = fmt.Sprintf("r-%s%d", c.Str("routeTableId"), h.Sum32())
	c.Default("networkInterfaceId", "")
	return nil
}

// importAssociation: an association is imported as subnet/table.
func importAssociation(v kind.View, id string) string {
	subnet, _, ok := strings.Cut(id, "/")
	if !ok {
		return id
	}
	for _, r := range v.By("aws:ec2/routeTableAssociation:RouteTableAssociation", "subnetId", subnet) {
		return r.ID
	}
	return id
}

func natGateway() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{
			{Path: "subnetId", To: ToSubnet, OnDelete: kind.Block},
			{Path: "allocationId", To: toAddress, OnDelete: kind.Block},
		},
		Verify: func(c *kind.Call) {
			if c.Str("connectivityType") == "public" && c.Str("allocationId") == "" && !props.AnyUnknown(c.In, "allocationId") {
				c.Refuse("allocationId", "MissingParameter", "The request must include the AllocationId parameter for a public NAT gateway")
			}
		},
		Create: func(c *kind.Call) error {
			c.ID = c.EC2ID("nat")
			c.Set("networkInterfaceId", "eni-0"+c.Hex("eni", 16))
			c.Set("associationId", "eipassoc-0"+c.Hex("eipassoc", 16))
			c.Default("privateIp", PrivateIP(c, c.Str("subnetId")))
			if address, ok := c.Get(view.TypeEIP, c.Str("allocationId")); ok {
				c.Set("publicIp", props.Str(address.State, "publicIp"))
			}
			return nil
		},
	}
}

func createAddress(c *kind.Call) error {
	c.ID = c.EC2ID("eipalloc")
	b := c.Sum("ip")
	ip := fmt.Sprintf("44.%d.%d.%d", 224+b[0]%16, b[1], 1+b[2]%254)
	c.Set("publicIp", ip)
	c.Set("publicDns", "ec2-"+strings.ReplaceAll(ip, ".", "-")+"."+view.Region+".compute.amazonaws.com")
	c.Default("domain", "vpc")
	c.Default("vpc", true)
	c.Default("networkBorderGroup", view.Region)
	c.Default("publicIpv4Pool", "amazon")
	for _, empty := range []string{"associationId", "carrierIp", "customerOwnedIp", "privateDns", "privateIp", "ptrRecord"} {
		c.Set(empty, "")
	}
	for _, empty := range []string{"instance", "networkInterface", "ipamPoolId"} {
		c.Default(empty, "")
	}
	return nil
}

// PrivateIP picks an address in a subnet, beyond the five that AWS reserves.
func PrivateIP(c *kind.Call, subnetID string) string {
	subnet, ok := c.Get(view.TypeSubnet, subnetID)
	if !ok {
		return "10.0.0.10"
	}
	p, err := netip.ParsePrefix(props.Str(subnet.State, "cidrBlock"))
	if err != nil || !p.Addr().Is4() {
		return "10.0.0.10"
	}
	b := p.Addr().As4()
	sum := c.Sum("private ip")
	const reserved = 5 // the first four and the last address (VPC user guide)
	size := uint32(1) << (32 - p.Bits())
	offset := reserved + uint32(binary.BigEndian.Uint16(sum[:]))%(size-reserved-1)
	var out [4]byte
	binary.BigEndian.PutUint32(out[:], binary.BigEndian.Uint32(b[:])+offset)
	return netip.AddrFrom4(out).String()
}

func vpcEndpoint() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{
			{Path: "vpcId", To: ToVPC, OnDelete: kind.Block},
			{Path: "subnetIds[*]", To: ToSubnet, OnDelete: kind.Block},
			{Path: "securityGroupIds[*]", To: ToSecurityGroup, OnDelete: kind.Block},
			{Path: "routeTableIds[*]", To: toRouteTable},
		},
		Check: kind.InTurn(checkEndpointName, checkEndpoint),
		Create: func(c *kind.Call) error {
			c.ID = c.EC2ID("vpce")
			c.Default("privateDnsEnabled", false)
			c.Default("ipAddressType", "ipv4")
			c.Default("serviceRegion", view.Region)
			return nil
		},
	}
}

var (
	// ToVPC is a reference to a VPC.
	ToVPC = kind.Target{
		Types: []string{view.TypeVPC}, By: []string{"id"}, Generated: true,
		Code: "InvalidVpcID.NotFound", Message: "The vpc ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The vpc '%s' has dependencies and cannot be deleted",
	}
	// ToSubnet is a reference to a subnet.
	ToSubnet = kind.Target{
		Types: []string{view.TypeSubnet}, By: []string{"id"}, Generated: true,
		Code: "InvalidSubnetID.NotFound", Message: "The subnet ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The subnet '%s' has dependencies and cannot be deleted",
	}
	toRouteTable = kind.Target{
		Types: []string{view.TypeRouteTable}, By: []string{"id"}, Generated: true,
		Code: "InvalidRouteTableID.NotFound", Message: "The routeTable ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The routeTable '%s' has dependencies and cannot be deleted",
	}
	toGateway = kind.Target{
		Types: []string{view.TypeGateway}, By: []string{"id"}, Generated: true,
		Code: "InvalidGatewayID.NotFound", Message: "The gateway ID '%s' does not exist",
	}
)

func defaultVPC(v kind.View) (kind.Resource, bool) {
	for _, r := range v.List(view.TypeVPC) {
		if props.Bool(r.State, "default") {
			return r, true
		}
	}
	return kind.Resource{}, false
}

// ZoneNames are the region's availability zones.
func ZoneNames() []string {
	out := make([]string, len(zones))
	for i, z := range zones {
		out[i] = z.name
	}
	return out
}

// checkEndpoint: a service offers gateways, interfaces, or both.
func checkEndpoint(c *kind.Checker) {
	name, ok := c.Text("serviceName")
	service, ours := strings.CutPrefix(name, "com.amazonaws."+view.Region+".")
	if !ok || !ours {
		return
	}
	var offers []string
	if lists.Has("ec2.GatewayService", service) {
		offers = append(offers, "Gateway")
	}
	if lists.Has("ec2.InterfaceService", service) {
		offers = append(offers, "Interface")
	}
	if len(offers) == 0 {
		c.Fail("serviceName", "InvalidServiceName: The Vpc Endpoint Service '%s' does not exist: %q of com.amazonaws.%s.%[2]s; %s", name, service,
			view.Region, lists.Expect("ec2.InterfaceService", service))
		return
	}
	typ, known := c.Text("vpcEndpointType")
	if !known && !props.AnyUnknown(c.In, "vpcEndpointType") {
		typ = "Gateway" // EC2's own default
	}
	if (typ == "Gateway" || typ == "Interface") && !slices.Contains(offers, typ) {
		c.Fail("vpcEndpointType", "InvalidParameter: Endpoint type (%s) does not match available service types (%v)", typ, offers)
	}
}

func checkEndpointName(c *kind.Checker) {
	name, ok := c.Text("serviceName")
	if ok && !strings.HasPrefix(name, "com.amazonaws."+view.Region+".") && !strings.HasPrefix(name, "com.amazonaws.vpce.") {
		c.Fail("serviceName", "InvalidServiceName: The Vpc Endpoint Service '%s' does not exist in %s", name, view.Region)
	}
}

// releaseInterfaces lets Lambda delete the interfaces that hold a resource which is being deleted. Without the role, or without
// its permission, they stay for as long as it takes AWS to notice, which is longer than the provider waits.
func releaseInterfaces(c *kind.Call, path string) {
	for _, held := range c.By(view.RuntimeInterface, path, c.Old.ID) {
		role, ok := iam.ToRole.Find(c.View, props.Str(held.State, "role"))
		if ok && iam.RoleAllows(c.View, role, "ec2:DeleteNetworkInterface", "*") {
			c.Tx.Remove(held.Type, held.ID)
			continue
		}
		c.Refuse("", "DependencyViolation", "resource %s has a dependent object: a network interface of the deleted function %s, which Lambda "+
			"can't delete without the function's role %s and its permission ec2:DeleteNetworkInterface; delete those after this (dependsOn)",
			c.Old.ID, held.ID, props.Str(held.State, "role"))
	}
}
