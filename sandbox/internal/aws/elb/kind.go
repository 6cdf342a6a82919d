// Package elb is Elastic Load Balancing in the sandbox. What answers on localhost is in its folder alb.
package elb

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/acm"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda"
	"github.com/webordinary/live-edit/sandbox/internal/aws/s3"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("elb", schemaJSON)
	kind.Register(lbKinds())
}

func lbKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeLoadBalancer: {
			Refs: []kind.Ref{
				{Path: "securityGroups[*]", To: ec2.ToSecurityGroup, OnDelete: kind.Block},
				{Path: "subnets[*]", To: ec2.ToSubnet, OnDelete: kind.Block},
				{Path: "subnetMappings[*].subnetId", To: ec2.ToSubnet},
				{Path: "accessLogs.bucket", To: s3.ToBucket},
				{Path: "connectionLogs.bucket", To: s3.ToBucket},
			},
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "DuplicateLoadBalancerName",
				Message: "A load balancer with the same name '%s' exists, but with different settings",
			}},
			Check:  func(c *kind.Checker) { checkLBName(c, "load balancer") },
			Verify: verifyLoadBalancer,
			Create: createLoadBalancer,
			Update: func(c *kind.Call) error { placeLoadBalancer(c); return nil },
			Delete: deleteLoadBalancer,
		},
		view.TypeTargetGroup: {
			Refs: []kind.Ref{{Path: "vpcId", To: ec2.ToVPC, OnDelete: kind.Block}},
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "DuplicateTargetGroupName",
				Message: "A target group with the same name '%s' exists, but with different settings",
			}},
			Check:  kind.InTurn(checkTargetGroup, checkHealthProtocol),
			Create: createTargetGroup,
		},
		view.TypeListener:     listenerKind(),
		view.TypeListenerRule: listenerRuleKind(),
		view.TypeListenerCertificate: {
			Refs: []kind.Ref{
				{Path: "listenerArn", To: toListener, OnDelete: kind.Cascade},
				{Path: "certificateArn", To: acm.ToCertificate},
			},
			Verify: verifyListenerCertificate,
			Create: func(c *kind.Call) error {
				c.ID = c.Str("listenerArn") + "_" + c.Str("certificateArn")
				return nil
			},
		},
		view.TypeTargetGroupAttachment: {
			Refs:   []kind.Ref{{Path: "targetGroupArn", To: ToTargetGroup, OnDelete: kind.Cascade}},
			Verify: verifyAttachment,
			Create: func(c *kind.Call) error {
				c.ID = c.Str("targetGroupArn") + "-" + c.Digits("time", 20)
				return nil
			},
		},
	}
}

var lbName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// checkLBName applies the naming rules of load balancers and target groups (ELBv2
// API reference, CreateLoadBalancer and CreateTargetGroup).
func checkLBName(c *kind.Checker, what string) {
	name, ok := c.Text("name")
	if !ok {
		return
	}
	switch {
	case len(name) > 32:
		c.Fail("name", "%q has %d characters: the name of a %s cannot be longer than 32", name, len(name), what)
	case !lbName.MatchString(name):
		c.Fail("name", "only alphanumeric characters and hyphens allowed in the name of a %s, got %q", what, name)
	case strings.HasPrefix(name, "-"):
		c.Fail("name", "the name of a %s cannot begin with a hyphen: %q", what, name)
	case strings.HasSuffix(name, "-"):
		c.Fail("name", "the name of a %s cannot end with a hyphen: %q", what, name)
	case what == "load balancer" && strings.HasPrefix(name, "internal-"):
		c.Fail("name", "the name of a load balancer cannot begin with \"internal-\": %q", name)
	}
}

func isApplication(m props.Map) bool {
	t := props.Str(m, "loadBalancerType")
	return t == "" || t == "application"
}

// verifyLoadBalancer checks that the subnets lie in two zones of one VPC which
// reaches the internet if it has to, and that the groups belong to that VPC.
func verifyLoadBalancer(c *kind.Call) {
	ids := attachedSubnets(c)
	if !c.Touches("subnets", "subnetMappings", "securityGroups") || props.AnyUnknown(c.In, "subnets") || props.AnyUnknown(c.In, "subnets[*]") {
		return
	}
	byZone, vpc := map[string]string{}, ""
	for _, id := range ids {
		subnet, ok := c.Get(view.TypeSubnet, id)
		if !ok {
			continue
		}
		zone, in := props.Str(subnet.State, "availabilityZone"), props.Str(subnet.State, "vpcId")
		if other, taken := byZone[zone]; taken {
			c.Refuse("subnets", "InvalidConfigurationRequest",
				"A load balancer cannot be attached to multiple subnets in the same Availability Zone: %s and %s are both in %s", other, id, zone)
		}
		byZone[zone] = id
		if vpc != "" && in != vpc {
			c.Refuse("subnets", "InvalidConfigurationRequest", "All subnets must belong to the same VPC: %s is in %s, others in %s", id, in, vpc)
		}
		vpc = in
	}
	if isApplication(c.In) && len(byZone) < 2 {
		c.Refuse("subnets", "ValidationError", "At least two subnets in two different Availability Zones must be specified, got %q", ids)
	}
	ec2.GroupsInVPC(c, "securityGroups[*]", vpc)
	if vpc != "" && !props.Bool(c.In, "internal") && len(c.By(view.TypeGateway, "vpcId", vpc)) == 0 {
		c.Refuse("internal", "InvalidSubnet", "VPC %s has no internet gateway; an internet-facing load balancer needs one", vpc)
	}
}

// attachedSubnets are the subnets that the program asks for, as a list or as mappings. The state has both, so after a
// change of one the other is still the old one.
func attachedSubnets(c *kind.Call) []string {
	list, mapped := props.Strings(c.In, "subnets[*]"), props.Strings(c.In, "subnetMappings[*].subnetId")
	switch {
	case c.Changed["subnets"] || len(mapped) == 0:
		return list
	case c.Changed["subnetMappings"] || len(list) == 0:
		return mapped
	case c.Changed == nil:
		return append(list, mapped...)
	}
	return list
}

// placeLoadBalancer sets what follows from the subnets: both forms of their list, and the VPC.
func placeLoadBalancer(c *kind.Call) {
	if !c.Touches("subnets", "subnetMappings") {
		return
	}
	attached := attachedSubnets(c)
	c.Set("subnets", attached)
	if c.Changed["subnets"] {
		delete(c.State, "subnetMappings")
	}
	var mappings []any
	for _, id := range attached {
		mappings = append(mappings, map[string]any{"subnetId": id})
		if subnet, ok := c.Get(view.TypeSubnet, id); ok {
			c.Set("vpcId", props.Str(subnet.State, "vpcId"))
		}
	}
	c.Default("subnetMappings", mappings)
}

// hostedZones of load balancers in us-west-2 (AWS general reference, Elastic Load
// Balancing endpoints).
const (
	albZoneID = "Z1H1FL5HABSF5"
	nlbZoneID = "Z18D5FSROUN65G"
)

func createLoadBalancer(c *kind.Call) error {
	name := c.Name()
	prefix, zone := "app", albZoneID
	if !isApplication(c.In) {
		prefix, zone = "net", nlbZoneID
	}
	suffix := prefix + "/" + name + "/" + c.Hex("arn", 16)
	c.ID = view.ARN("elasticloadbalancing", "loadbalancer/"+suffix)
	dns := name + "-" + c.Digits("dns", 10) + "." + view.Region + ".elb.amazonaws.com"
	if props.Bool(c.In, "internal") {
		dns = "internal-" + dns
	}
	c.Set("arnSuffix", suffix)
	c.Set("dnsName", dns)
	c.Set("zoneId", zone)
	c.Default("internal", false)
	c.Default("ipAddressType", "ipv4")
	placeLoadBalancer(c)
	if vpc, ok := c.Get(view.TypeVPC, props.Str(c.State, "vpcId")); ok && !props.Has(c.State, "securityGroups[*]") {
		c.Set("securityGroups", []string{props.Str(vpc.State, "defaultSecurityGroupId")})
	}
	return nil
}

func deleteLoadBalancer(c *kind.Call) {
	if props.Bool(c.Old.State, "enableDeletionProtection") {
		c.Refuse("enableDeletionProtection", "OperationNotPermitted",
			"Load balancer '%s' cannot be deleted because deletion protection is enabled; set enableDeletionProtection to false and deploy first",
			c.Old.ID)
	}
}

// layer7 and layer4 are the protocols of target groups.
var (
	layer7 = []string{"HTTP", "HTTPS"}
	layer4 = []string{"TCP", "TCP_UDP", "TLS", "UDP"}
)

func checkTargetGroup(c *kind.Checker) {
	checkLBName(c, "target group")
	checkHealth(c)
	checkStickiness(c)
	if slow, ok := c.Int("slowStart"); ok && slow != 0 && (slow < 30 || slow > 900) {
		c.Fail("slowStart", "expected slowStart to be 0 or in the range (30 - 900), got %d", slow)
	}
}

// defaultHealthTimeout is ELBv2's for HTTP health checks, in seconds.
const defaultHealthTimeout = 5

func checkHealth(c *kind.Checker) {
	interval, hasInterval := c.Int("healthCheck.interval")
	timeout, hasTimeout := c.Int("healthCheck.timeout")
	if !hasTimeout && !props.AnyUnknown(c.In, "healthCheck.timeout") {
		timeout, hasTimeout = defaultHealthTimeout, true
	}
	if hasInterval && hasTimeout && timeout >= interval {
		c.Fail("healthCheck.timeout", "Health check timeout '%d' must be smaller than the interval '%d'", timeout, interval)
	}
	protocol, _ := c.Text("healthCheck.protocol")
	if path, ok := c.Text("healthCheck.path"); ok {
		if !strings.HasPrefix(path, "/") {
			c.Fail("healthCheck.path", "Health check path '%s' must begin with a '/' character", path)
		}
		if protocol == "TCP" {
			c.Fail("healthCheck.path", "health_check.path is not supported for target_groups with TCP health checks")
		}
	}
	if port, ok := c.Text("healthCheck.port"); ok && port != "traffic-port" && !isPort(port) {
		c.Fail("healthCheck.port", "Health check port '%s' must be a number from 1 to 65535 or traffic-port", port)
	}
}

var portPattern = regexp.MustCompile(`^[1-9]\d{0,4}$`)

func isPort(s string) bool {
	return portPattern.MatchString(s) && (len(s) < 5 || s <= "65535")
}

func checkStickiness(c *kind.Checker) {
	typ, ok := c.Text("stickiness.type")
	if !ok {
		return
	}
	protocol, _ := c.Text("protocol")
	switch cookie := strings.HasSuffix(typ, "_cookie"); {
	case cookie && slices.Contains(layer4, protocol):
		c.Fail("stickiness.type", "Stickiness type '%s' is not supported for target groups with the %s protocol", typ, protocol)
	case !cookie && slices.Contains(layer7, protocol):
		c.Fail("stickiness.type", "Stickiness type '%s' is not supported for target groups with the %s protocol; use lb_cookie or app_cookie",
			typ, protocol)
	}
}

func createTargetGroup(c *kind.Call) error {
	suffix := "targetgroup/" + c.Name() + "/" + c.Hex("arn", 16)
	c.ID = view.ARN("elasticloadbalancing", suffix)
	c.Set("arnSuffix", suffix)
	if props.Str(c.In, "targetType") != "lambda" {
		c.Default("ipAddressType", "ipv4")
		if slices.Contains(layer7, props.Str(c.In, "protocol")) {
			c.Default("protocolVersion", "HTTP1")
		}
	}
	c.Default("loadBalancingAlgorithmType", "round_robin")
	c.Default("loadBalancingAnomalyMitigation", "off")
	c.Default("loadBalancingCrossZoneEnabled", "use_load_balancer_configuration")
	c.FillObject("healthCheck", map[string]any{
		"enabled": props.Str(c.In, "targetType") != "lambda", "healthyThreshold": 3, "interval": 30, "matcher": "200", "path": "/",
		"port": "traffic-port", "protocol": "HTTP", "timeout": defaultHealthTimeout, "unhealthyThreshold": 3,
	})
	c.FillObject("stickiness", map[string]any{"cookieDuration": 86400, "cookieName": "", "enabled": false, "type": "lb_cookie"})
	return nil
}

// verifyAttachment: a target group for Lambda takes one function, which must let
// the load balancer invoke it.
func verifyAttachment(c *kind.Call) {
	group, ok := c.Get(view.TypeTargetGroup, c.Str("targetGroupArn"))
	target := c.Str("targetId")
	if !ok || target == "" || props.Str(group.State, "targetType") != "lambda" {
		return
	}
	function, exists := lambda.ToFunction.Find(c.View, target)
	if !exists {
		if !c.DryRun {
			c.Refuse("targetId", "InvalidTarget", "The following targets are not valid: the function %s does not exist", target)
		}
		return
	}
	if c.DryRun || !c.Creating() {
		return
	}
	if others := c.By(c.Type, "targetGroupArn", group.ID); len(others) > 0 {
		c.Refuse("targetId", "TooManyTargets", "a target group for Lambda takes one function; %s has %s", group.ID,
			props.Str(others[0].State, "targetId"))
	}
	if !lambda.MayInvoke(c.View, function, "elasticloadbalancing.amazonaws.com", group.ID) {
		c.Refuse("targetId", "AccessDenied",
			"elasticloadbalancing principal does not have permission to invoke %s from target group %s; create the lambda permission first "+
				"(dependsOn)",
			target, group.ID)
	}
}

var (
	toLoadBalancer = kind.Target{
		Types: []string{view.TypeLoadBalancer}, By: []string{"id"}, Generated: true,
		Code: "LoadBalancerNotFound", Message: "Load balancer '%s' not found",
	}
	// ToTargetGroup is a reference to a target group.
	ToTargetGroup = kind.Target{
		Types: []string{view.TypeTargetGroup}, By: []string{"id"}, Generated: true,
		Code: "TargetGroupNotFound", Message: "Target group '%s' not found",
		InUseCode: "ResourceInUse", InUse: "Target group '%s' is currently in use by a listener or a rule",
	}
)

// checkHealthProtocol: the target groups of an application load balancer are
// checked by HTTP or HTTPS.
func checkHealthProtocol(c *kind.Checker) {
	protocol, _ := c.Text("protocol")
	check, ok := c.Text("healthCheck.protocol")
	if typ, _ := c.Text("targetType"); ok && check == "TCP" && (typ == "lambda" || protocol == "HTTP" || protocol == "HTTPS") {
		c.Fail("healthCheck.protocol", "InvalidConfigurationRequest: Health check protocol 'TCP' is not supported for target groups with the "+
			"protocol '%s' (target type %s); expected HTTP or HTTPS", protocol, typ)
	}
}
