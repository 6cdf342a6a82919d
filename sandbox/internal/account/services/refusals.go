package services

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// What follows are refusals that cut across kinds, or that data decides; they are
// added to the kinds' own rules.

// moreChecks are further rules about inputs, by type.
var moreChecks = map[string]func(*Checker){
	typeService:                              checkServiceLimits,
	typeTaskDef:                              checkFargateTask,
	typeListener:                             checkSecurityPolicy,
	typeTargetGroup:                          checkHealthProtocol,
	typeFunction:                             checkFunctionLimits,
	typePermission:                           checkPrincipal,
	typeFileSystem:                           checkZoneName,
	typeSecret:                               checkReplicas,
	endpoint:                                 checkEndpoint,
	typeRole:                                 checkRoleLimits,
	typeRecord:                               checkLabels,
	typeMetricFilter:                         checkMetricNamespace,
	"aws:cloudwatch/metricAlarm:MetricAlarm": checkStatistic,
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": checkTransitions,
}

// moreVerifies are further rules against the account, by type.
var moreVerifies = map[string]func(*Call){
	typePermission: verifyPrincipal,
	typeAttachment: verifyAttachments,
}

// addRefusals adds them to the kinds.
func addRefusals(kinds map[string]*Kind) {
	for typ, k := range kinds {
		checks := []func(*Checker){k.Check, moreChecks[typ], checkTags}
		verifies := []func(*Call){k.Verify, moreVerifies[typ]}
		if place, ok := policyPlaces[typ]; ok {
			checks = append(checks, place.check)
			verifies = append(verifies, place.verify)
		}
		changed := *k // a kind may serve two types
		changed.Check, changed.Verify = inTurn(checks), inTurn(verifies)
		kinds[typ] = &changed
	}
}

// inTurn calls one rule after the other; nil ones are skipped.
func inTurn[T any](rules []func(T)) func(T) {
	rules = slices.DeleteFunc(rules, func(r func(T)) bool { return r == nil })
	return func(c T) {
		for _, rule := range rules {
			rule(c)
		}
	}
}

// Limits of tags (Tagging AWS resources, "Tag naming limits and requirements").
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(c *Checker) {
	for _, property := range []string{"tagsAll", "tags"} {
		v, ok := props.Get(c.In, props.Path(property))
		if !ok || !v.IsObject() {
			continue
		}
		tags := v.ObjectValue()
		if len(tags) > maxTags {
			c.Fail("tags", "TooManyTags: a resource can have %d tags, this one has %d with the stack's own", maxTags, len(tags))
		}
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			name, at := string(k), "tags."+string(k)
			if strings.HasPrefix(strings.ToLower(name), "aws:") {
				c.Fail(at, "InvalidTag: tag keys that begin with aws: are reserved for AWS; choose another prefix")
			}
			if name == "" || len(name) > maxTagKey {
				c.Fail(at, "InvalidTag: a tag's key has 1 to %d characters, this one %d", maxTagKey, len(name))
			}
			if n := len(textOf(tags[k])); n > maxTagValue {
				c.Fail(at, "InvalidTag: a tag's value has at most %d characters, this one %d", maxTagValue, n)
			}
		}
		return // tagsAll holds the others, too
	}
}

// checkServiceLimits: the quotas of AwsVpcConfiguration, and what Fargate lacks.
func checkServiceLimits(c *Checker) {
	if v, ok := c.Text("platformVersion"); ok && v != "" && !lists.Has("ecs.PlatformVersion", v) {
		c.Fail("platformVersion", "PlatformUnknownException: The specified platform does not exist: %q; %s", v,
			lists.Expect("ecs.PlatformVersion", v))
	}
	for path, most := range map[string]int{"networkConfiguration.subnets": 16, "networkConfiguration.securityGroups": 5} {
		if n := len(props.All(c.In, props.Path(path+"[*]"))); n > most {
			c.Fail(path, "InvalidParameterException: a service can have %d of them, this one has %d", most, n)
		}
	}
	launch, _ := c.Text("launchType")
	if strategy, ok := c.Text("schedulingStrategy"); ok && strategy == "DAEMON" && launch == "FARGATE" {
		c.Fail("schedulingStrategy", "InvalidParameterException: The daemon scheduling strategy (DAEMON) is not supported by Fargate tasks; "+
			"leave it out")
	}
	for _, path := range []string{"placementConstraints", "orderedPlacementStrategies"} {
		if launch == "FARGATE" && len(props.All(c.In, props.Path(path+"[*]"))) > 0 {
			c.Fail(path, "InvalidParameterException: placement constraints and strategies are not supported with Fargate; leave them out")
		}
	}
}

// checkFargateTask: ECS developer guide, "Task definition differences for Fargate".
func checkFargateTask(c *Checker) {
	if !slices.Contains(props.Strings(c.In, "requiresCompatibilities[*]"), "FARGATE") {
		return
	}
	const sorry = "ClientException: Fargate compatible task definitions do not support %s; leave it out"
	for _, p := range []string{"ipcMode", "placementConstraints", "inferenceAccelerators"} {
		if c.Set(p) && (p == "ipcMode" || len(props.All(c.In, props.Path(p+"[*]"))) > 0) {
			c.Fail(p, sorry, p)
		}
	}
	if mode, ok := c.Text("pidMode"); ok && mode == "host" {
		c.Fail("pidMode", "ClientException: Fargate compatible task definitions support pidMode task only, got %q", mode)
	}
	for i, v := range props.Objects(c.In, "volumes[*]") {
		for _, p := range []string{"hostPath", "dockerVolumeConfiguration"} {
			if value, ok := props.Get(v, props.Path(p)); ok && !props.IsEmpty(value) {
				c.Fail(fmt.Sprintf("volumes[%d].%s", i, p), sorry, p)
			}
		}
	}
}

func checkSecurityPolicy(c *Checker) {
	if policy, ok := c.Text("sslPolicy"); ok && policy != "" && !lists.Has("elb.SecurityPolicy", policy) {
		c.Fail("sslPolicy", "SSLPolicyNotFound: SSL policy '%s' not found; %s", policy, lists.Expect("elb.SecurityPolicy", policy))
	}
	protocol, _ := c.Text("protocol")
	if alpn, ok := c.Text("alpnPolicy"); ok && alpn != "" && protocol != "" && protocol != "TLS" {
		c.Fail("alpnPolicy", "ValidationError: an ALPN policy (%s) is for TLS listeners only, not %s", alpn, protocol)
	}
}

// checkHealthProtocol: the target groups of an application load balancer are
// checked by HTTP or HTTPS.
func checkHealthProtocol(c *Checker) {
	protocol, _ := c.Text("protocol")
	check, ok := c.Text("healthCheck.protocol")
	if typ, _ := c.Text("targetType"); ok && check == "TCP" && (typ == "lambda" || protocol == "HTTP" || protocol == "HTTPS") {
		c.Fail("healthCheck.protocol", "InvalidConfigurationRequest: Health check protocol 'TCP' is not supported for target groups with the "+
			"protocol '%s' (target type %s); expected HTTP or HTTPS", protocol, typ)
	}
}

const maxLayers = 5 // Lambda quotas

func checkFunctionLimits(c *Checker) {
	for _, p := range []string{"applicationLogLevel", "systemLogLevel"} {
		level, ok := c.Text("loggingConfig." + p)
		if format, _ := c.Text("loggingConfig.logFormat"); ok && level != "" && format == "Text" {
			c.Fail("loggingConfig."+p, "%s: %s %s is for functions with logFormat JSON, not %s", invalidParameter, p, level, format)
		}
	}
	layers := props.All(c.In, "layers[*]")
	if len(layers) > maxLayers {
		c.Fail("layers", "%s: a function can have %d layers, this one has %d", invalidParameter, maxLayers, len(layers))
	}
	for _, f := range layers {
		parts := strings.Split(textOf(f.Value), ":")
		const region, versioned = 3, 8
		switch arn := textOf(f.Value); {
		case arn == "":
		case len(parts) != versioned || parts[2] != "lambda" || parts[5] != "layer":
			c.Fail(f.Path, "ValidationException: %q is not the ARN of a layer's version: "+
				"arn:aws:lambda:<region>:<account>:layer:<name>:<version>", arn)
		case parts[region] != Region:
			c.Fail(f.Path, "%s: the layer %s is in region %s, the function in %s", invalidParameter, arn, parts[region], Region)
		}
	}
}

func checkZoneName(c *Checker) {
	if zone, ok := c.Text("availabilityZoneName"); ok && zone != "" && zoneID(zone) == "" {
		c.Fail("availabilityZoneName", "AvailabilityZonesMismatch: the availability zone %q is not in %s; expected one of %s", zone, Region,
			strings.Join(zoneNames(), ", "))
	}
}

func zoneNames() []string {
	out := make([]string, len(zones))
	for i, z := range zones {
		out[i] = z.name
	}
	return out
}

func checkReplicas(c *Checker) {
	for i, r := range props.Objects(c.In, "replicas[*]") {
		if region := props.Str(r, "region"); region == Region {
			c.Fail(fmt.Sprintf("replicas[%d].region", i), "InvalidParameterException: Invalid replica region: the secret itself is in %s", region)
		}
	}
}

// checkEndpoint: a service offers gateways, interfaces, or both.
func checkEndpoint(c *Checker) {
	name, ok := c.Text("serviceName")
	service, ours := strings.CutPrefix(name, "com.amazonaws."+Region+".")
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
			Region, lists.Expect("ec2.InterfaceService", service))
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

const maxPoliciesPerRole = 10 // IAM and STS quotas

func checkRoleLimits(c *Checker) {
	if n := len(props.All(c.In, "managedPolicyArns[*]")); n > maxPoliciesPerRole {
		c.Fail("managedPolicyArns", "LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d; this role has %d", maxPoliciesPerRole, n)
	}
}

func verifyAttachments(c *Call) {
	if !c.Creating() || c.Str("role") == "" {
		return
	}
	others := 0
	for _, r := range c.By(typeAttachment, "role", c.Str("role")) {
		if !c.DryRun || r.URN != c.URN {
			others++
		}
	}
	if others >= maxPoliciesPerRole {
		c.Refuse("policyArn", "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d; role %s has %d policies already", maxPoliciesPerRole,
			c.Str("role"), others)
	}
}

// checkLabels: the limits of DNS names, in Route 53's words.
func checkLabels(c *Checker) {
	name, ok := c.Text("name")
	if !ok {
		return
	}
	const longestLabel, longestName = 63, 255
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(label) > longestLabel {
			c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '%s': "+
				"%q has %d characters, a label has at most %d", name, label, len(label), longestLabel)
		}
		if label == "" && name != "" && name != "." {
			c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '%s'", name)
		}
	}
	if len(name) > longestName {
		c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainNameTooLong: it has %d characters, at most %d are allowed",
			len(name), longestName)
	}
}

func checkMetricNamespace(c *Checker) {
	for _, p := range []string{"metricTransformation.namespace", "metricTransformation.name"} {
		if s, ok := c.Text(p); ok && (s == "" || len(s) > 255 || strings.ContainsAny(s, ":*$")) {
			c.Fail(p, "InvalidParameterException: %q must have 1 to 255 characters, none of them : * or $", s)
		}
	}
}

var (
	percentile = regexp.MustCompile(`^(p|tm|tc|ts|wm)(\d{1,3}(\.\d{1,10})?)$`)
	trimmed    = regexp.MustCompile(`^(TM|TC|TS|WM|PR)\([\d.]*%?:[\d.]*%?\)$`)
)

// checkStatistic: CloudWatch user guide, "CloudWatch statistics definitions".
func checkStatistic(c *Checker) {
	s, ok := c.Text("extendedStatistic")
	if !ok || s == "" || s == "IQM" || trimmed.MatchString(s) {
		return
	}
	if m := percentile.FindStringSubmatch(s); m != nil {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil && v <= 100 {
			return
		}
	}
	c.Fail("extendedStatistic", "ValidationError: invalid statistic %q: expected a percentile from p0 to p100, such as p99.9, a trimmed "+
		"statistic such as tm90 or TM(10%%:90%%), or IQM", s)
}

// checkTransitions: S3 user guide, "Lifecycle and other bucket configurations".
func checkTransitions(c *Checker) {
	for i, rule := range props.Objects(c.In, "rules[*]") {
		at := fmt.Sprintf("rules[%d]", i)
		if e, ok := props.Get(rule, "expiration"); ok && e.IsObject() {
			days, hasDays := props.Int(e.ObjectValue(), "days")
			if hasDays && days < 1 && !props.Has(e.ObjectValue(), "date") && !props.Bool(e.ObjectValue(), "expiredObjectDeleteMarker") {
				c.Fail(at+".expiration.days", "InvalidArgument: 'Days' for Expiration action must be a positive integer, got %d", days)
			}
		}
		for j, t := range props.Objects(rule, "transitions[*]") {
			days, ok := props.Int(t, "days")
			class := props.Str(t, "storageClass")
			if ok && days < 30 && (class == "STANDARD_IA" || class == "ONEZONE_IA") {
				c.Fail(fmt.Sprintf("%s.transitions[%d].days", at, j), "InvalidArgument: 'Days' in Transition action must be greater than or equal to "+
					"30 for storageClass '%s', got %d", class, days)
			}
		}
	}
}
