package ec2

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() { kind.Register(ec2Kinds()) }

func ec2Kinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeSecurityGroup: {
			Refs: []kind.Ref{
				{Path: "vpcId", To: ToVPC, OnDelete: kind.Block},
				{Path: "ingress[*].securityGroups[*]", To: ToSecurityGroup, OnDelete: kind.Block},
				{Path: "egress[*].securityGroups[*]", To: ToSecurityGroup, OnDelete: kind.Block},
			},
			Unique: []kind.Unique{{
				Paths: []string{"vpcId", "name"}, Code: "InvalidGroup.Duplicate",
				Message: "The security group '%s' already exists for the VPC",
			}},
			Check:  checkSecurityGroup,
			Verify: verifySecurityGroup,
			Create: createSecurityGroup,
			Delete: deleteSecurityGroup,
		},
		view.TypeIngressRule: securityGroupRule(),
		view.TypeEgressRule:  securityGroupRule(),
	}
}

// groupText is what EC2 allows in names and descriptions of groups and rules.
var groupText = regexp.MustCompile(`^[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)

func checkSecurityGroup(c *kind.Checker) {
	if name, ok := c.Text("name"); ok {
		switch {
		case strings.HasPrefix(name, "sg-"):
			c.Fail("name", "invalid value for name: %q (cannot begin with sg-)", name)
		case name == "default":
			c.Fail("name", "Cannot use reserved security group name: default")
		case !groupText.MatchString(name) || len(name) > 255:
			c.Fail("name", "invalid value for name: %q must be at most 255 of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*", name)
		}
	}
	if d, ok := c.Text("description"); ok && !groupText.MatchString(d) {
		c.Fail("description", "Character sets beyond ASCII are not supported: %q must match %s", d, groupText)
	}
	for _, side := range []string{"ingress", "egress"} {
		for i, rule := range props.Objects(c.In, props.Path(side+"[*]")) {
			at := fmt.Sprintf("%s[%d]", side, i)
			checkPorts(c, at, portRange{rule: rule, protocol: "protocol"})
			for j, cidr := range props.Strings(rule, "cidrBlocks[*]") {
				checkCIDR(c, fmt.Sprintf("%s.cidrBlocks[%d]", at, j), cidr)
			}
		}
	}
}

// portRange is a rule with fromPort and toPort, and the name of its protocol property.
type portRange struct {
	rule     props.Map
	protocol string
}

func checkPorts(c *kind.Checker, at string, r portRange) {
	protocol := props.Str(r.rule, props.Path(r.protocol))
	from, hasFrom := props.Int(r.rule, "fromPort")
	to, hasTo := props.Int(r.rule, "toPort")
	known := slices.Contains([]string{"", "-1", "all", "tcp", "udp", "icmp", "icmpv6", "6", "17", "1", "58"}, protocol)
	if !known {
		c.Fail(kind.Join(at, r.protocol), "invalid protocol %q: expected tcp, udp, icmp, icmpv6 or -1 (all)", protocol)
	}
	if (protocol == "tcp" || protocol == "udp") && hasFrom && hasTo && (from > to || from < 0) {
		c.Fail(kind.Join(at, "fromPort"), "InvalidParameterValue: Invalid TCP/UDP port range (%d:%d)", from, to)
	}
}

func checkCIDR(c *kind.Checker, at, cidr string) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		c.Fail(at, "%q is not a valid CIDR block: expected something like 10.0.0.0/16", cidr)
		return
	}
	if p.Masked() != p {
		c.Fail(at, "%q is not a valid CIDR block; did you mean %q?", cidr, p.Masked())
	}
}

func verifySecurityGroup(c *kind.Call) {
	if !c.Creating() || c.Str("vpcId") != "" || c.DryRun {
		return
	}
	vpc, ok := defaultVPC(c.View)
	if !ok {
		c.Refuse("vpcId", "VPCIdNotSpecified", "No default VPC for this user; give a vpcId")
		return
	}
	for _, r := range c.By(view.TypeSecurityGroup, "vpcId", vpc.ID) {
		if props.Str(r.State, "name") == c.Str("name") {
			c.Refuse("name", "InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s' (%s)", c.Str("name"), vpc.ID,
				kind.Describe(r))
		}
	}
}

func createSecurityGroup(c *kind.Call) error {
	c.ID = c.EC2ID("sg")
	c.Name()
	if vpc, ok := defaultVPC(c.View); ok {
		c.Default("vpcId", vpc.ID)
	}
	return nil
}

func deleteSecurityGroup(c *kind.Call) {
	if props.Str(c.Old.State, "name") == "default" {
		c.Refuse("name", "CannotDelete", "the specified group: %q name: \"default\" cannot be deleted by a user", c.Old.ID)
	}
	releaseInterfaces(c, "securityGroupIds[*]")
}

func securityGroupRule() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{
			{Path: "securityGroupId", To: ToSecurityGroup, OnDelete: kind.Cascade},
			{Path: "referencedSecurityGroupId", To: ToSecurityGroup, OnDelete: kind.Block},
			{Path: "prefixListId", To: toPrefixList},
		},
		Check:  checkRule,
		Verify: verifyRule,
		Create: func(c *kind.Call) error {
			c.ID = c.EC2ID("sgr")
			return nil
		},
	}
}

func checkRule(c *kind.Checker) {
	protocol, ok := c.Text("ipProtocol")
	if ok && (protocol == "-1" || protocol == "all") {
		for _, port := range []string{"fromPort", "toPort"} {
			if n, set := c.Int(port); set && n != -1 {
				c.Fail(port, "ports are not allowed with protocol -1 (all traffic): leave %s out", port)
			}
		}
	} else if ok {
		for _, port := range []string{"fromPort", "toPort"} {
			if c.In[props.Key(port)].IsNull() {
				c.Fail(port, "InvalidParameterValue: protocol %s needs %s", protocol, port)
			}
		}
	}
	checkPorts(c, "", portRange{rule: c.In, protocol: "ipProtocol"})
	for _, cidr := range []string{"cidrIpv4", "cidrIpv6"} {
		if s, ok := c.Text(cidr); ok {
			checkCIDR(c, cidr, s)
		}
	}
	if d, ok := c.Text("description"); ok && !groupText.MatchString(d) {
		c.Fail("description", "Invalid rule description: %q must match %s", d, groupText)
	}
}

// peerPaths are the ways in which a rule names the other side.
var peerPaths = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

func verifyRule(c *kind.Call) {
	group, ok := c.Get(view.TypeSecurityGroup, c.Str("securityGroupId"))
	if !ok {
		return
	}
	if peer, ok := c.Get(view.TypeSecurityGroup, c.Str("referencedSecurityGroupId")); ok {
		if props.Str(peer.State, "vpcId") != props.Str(group.State, "vpcId") {
			c.Refuse("referencedSecurityGroupId", "InvalidGroup.NotFound",
				"You have specified two resources that belong to different networks: %s and %s", group.ID, peer.ID)
		}
	}
	mine := ruleKey(c.In)
	for _, r := range c.By(c.Type, "securityGroupId", group.ID) {
		if r.ID == c.Old.ID || (c.DryRun && r.URN == c.URN) || c.MayMove(r) || ruleKey(r.State) != mine || mine == "" {
			continue
		}
		c.Refuse("securityGroupId", "InvalidPermission.Duplicate", "the specified rule %q already exists on %s: %s", mine, group.ID,
			kind.Describe(r))
	}
}

// ruleKey identifies a rule within its group; "" while parts are unknown.
func ruleKey(m props.Map) string {
	for _, p := range append([]string{"ipProtocol", "fromPort", "toPort"}, peerPaths...) {
		if props.AnyUnknown(m, props.Path(p)) {
			return ""
		}
	}
	peer := ""
	for _, p := range peerPaths {
		peer += props.Str(m, props.Path(p))
	}
	from, _ := props.Int(m, "fromPort")
	to, _ := props.Int(m, "toPort")
	return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", peer, strings.ToUpper(props.Str(m, "ipProtocol")), from, to)
}

var (
	// ToSecurityGroup is a reference to a security group.
	ToSecurityGroup = kind.Target{
		Types: []string{view.TypeSecurityGroup}, By: []string{"id"}, Generated: true,
		Code: "InvalidGroup.NotFound", Message: "The security group '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "resource %s has a dependent object",
	}
	toPrefixList = kind.Target{
		Types: []string{view.TypePrefixList}, By: []string{"id"}, Generated: true,
		Code: "InvalidPrefixListID.NotFound", Message: "The prefix list ID '%s' does not exist",
	}
)

// GroupsInVPC refuses security groups of another VPC.
func GroupsInVPC(c *kind.Call, path, vpc string) {
	for _, f := range props.All(c.In, props.Path(path)) {
		if !f.Value.IsString() || vpc == "" {
			continue
		}
		group, ok := c.Get(view.TypeSecurityGroup, f.Value.StringValue())
		if in := props.Str(group.State, "vpcId"); ok && in != vpc {
			c.Refuse(f.Path, "InvalidConfigurationRequest",
				"One or more security groups are invalid: %s belongs to %s, the subnets to %s", group.ID, in, vpc)
		}
	}
}
