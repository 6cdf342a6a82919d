package elb

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/acm"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cognito"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func listenerKind() *kind.Kind {
	return &kind.Kind{
		Refs: append([]kind.Ref{
			{Path: "loadBalancerArn", To: toLoadBalancer, OnDelete: kind.Cascade},
			{Path: "certificateArn", To: acm.ToCertificate},
		}, actionRefs("defaultActions")...),
		Unique: []kind.Unique{{
			Paths: []string{"loadBalancerArn", "port"}, Code: "DuplicateListener",
			Message: "A listener already exists on port %s for this load balancer",
		}},
		Check: kind.InTurn(checkListener, checkSecurityPolicy),
		Verify: func(c *kind.Call) {
			verifyCertificate(c)
			verifyForwards(c, "defaultActions", c.Str("loadBalancerArn"))
			verifyAuthentication(c, "defaultActions", c.Str("protocol"))
		},
		Create: createListener,
	}
}

func actionRefs(list string) []kind.Ref {
	return append(forwardRefs(list), kind.Ref{Path: list + "[*].authenticateCognito.userPoolArn", To: cognito.ToUserPool})
}

// forwardRefs are the references of an action to target groups.
func forwardRefs(list string) []kind.Ref {
	return []kind.Ref{
		{Path: list + "[*].targetGroupArn", To: ToTargetGroup, OnDelete: kind.Block},
		{Path: list + "[*].forward.targetGroups[*].arn", To: ToTargetGroup, OnDelete: kind.Block},
	}
}

func checkListener(c *kind.Checker) {
	checkActions(c, "defaultActions")
}

// checkActions applies the rules of ELBv2's Action type.
func checkActions(c *kind.Checker, list string) {
	actions := props.All(c.In, props.Path(list+"[*]"))
	for i, f := range actions {
		if !f.Value.IsObject() {
			continue
		}
		a := f.Value.ObjectValue()
		typ := props.Str(a, "type")
		checkActionParts(c, f.Path, a)
		final := typ == "forward" || typ == "redirect" || typ == "fixed-response"
		if typ != "" && final != (i == len(actions)-1) {
			c.Fail(f.Path+".type", "InvalidLoadBalancerAction: the last action, and only that, must be forward, redirect or fixed-response; "+
				"action %d of %d is %s", i+1, len(actions), typ)
		}
	}
}

// actionParts are the properties that belong to each type of action.
var actionParts = map[string][]string{
	"forward": {"targetGroupArn", "forward"}, "redirect": {"redirect"}, "fixed-response": {"fixedResponse"},
	"authenticate-cognito": {"authenticateCognito"}, "authenticate-oidc": {"authenticateOidc"},
}

func checkActionParts(c *kind.Checker, at string, a props.Map) {
	typ := props.Str(a, "type")
	if typ == "" {
		return
	}
	has := false
	for owner, parts := range actionParts {
		for _, p := range parts {
			set := props.Has(a, props.Path(p))
			if owner == typ {
				has = has || set
			} else if set {
				c.Fail(kind.Join(at, p), "Can only specify %q when \"type\" is %q, not %q", p, owner, typ)
			}
		}
	}
	if !has {
		c.Fail(at, "Must specify %s when \"type\" is %q", strings.Join(actionParts[typ], " or "), typ)
	}
	if r, ok := props.Get(a, "redirect"); ok && typ == "redirect" && r.IsObject() && redirectsToItself(r.ObjectValue()) {
		c.Fail(kind.Join(at, "redirect"), "InvalidLoadBalancerAction: a redirect must change at least one of protocol, port, host and path, "+
			"or it loops for ever")
	}
	if code, ok := props.String(a, "fixedResponse.statusCode"); ok && !isStatus(code) {
		c.Fail(kind.Join(at, "fixedResponse.statusCode"), "must be 2XX, 4XX or 5XX, got %q", code)
	}
}

func redirectsToItself(r props.Map) bool {
	for name, same := range map[string]string{"host": "#{host}", "path": "/#{path}", "port": "#{port}", "protocol": "#{protocol}"} {
		if props.AnyUnknown(r, props.Path(name)) {
			return false
		}
		if s := props.Str(r, props.Path(name)); s != "" && s != same {
			return false
		}
	}
	return true
}

func isStatus(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && (n >= 200 && n < 300 || n >= 400 && n < 600)
}

// maxCertificates is how many a load balancer takes beside the default ones (Elastic Load Balancing user guide: "Quotas for your
// Application Load Balancers").
const maxCertificates = 25

// verifyListenerCertificate checks what AddListenerCertificates checks. The default certificate in the list does nothing, and is no fault.
func verifyListenerCertificate(c *kind.Call) {
	verifyCertificate(c)
	listener, ok := toListener.Find(c.View, c.Str("listenerArn"))
	if !ok {
		return
	}
	if protocol := props.Str(listener.State, "protocol"); protocol != "HTTPS" && protocol != "TLS" {
		c.Refuse("listenerArn", "UnsupportedOperation", "Certificates can be added to HTTPS and TLS listeners only; '%s' is %s",
			listener.ID, protocol)
	}
	if others := c.By(view.TypeListenerCertificate, "listenerArn", listener.ID); c.ID == "" && len(others) >= maxCertificates {
		c.Refuse("certificateArn", "TooManyCertificates", "The load balancer has %d certificates already, and can have no more", len(others))
	}
}

func verifyCertificate(c *kind.Call) {
	cert, ok := acm.ToCertificate.Find(c.View, c.Str("certificateArn"))
	if status := props.Str(cert.State, "status"); ok && status != "ISSUED" {
		c.Refuse("certificateArn", "UnsupportedCertificate",
			"The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size: its status is %s, "+
				"not ISSUED",
			c.Str("certificateArn"), status)
	}
}

// verifyForwards checks the target groups that a load balancer's actions use:
// they lie in its VPC and belong to no other load balancer.
func verifyForwards(c *kind.Call, list, lbARN string) {
	lb, ok := c.Get(view.TypeLoadBalancer, lbARN)
	if !ok {
		return
	}
	for _, ref := range forwardRefs(list) {
		for _, f := range props.All(c.In, props.Path(ref.Path)) {
			group, ok := c.Get(view.TypeTargetGroup, kind.TextOf(f.Value))
			if !ok {
				continue
			}
			if vpc := props.Str(group.State, "vpcId"); vpc != "" && vpc != props.Str(lb.State, "vpcId") {
				c.Refuse(f.Path, "InvalidConfigurationRequest", "The target group '%s' is in %s, the load balancer in %s",
					group.ID, vpc, props.Str(lb.State, "vpcId"))
			}
			for _, other := range LoadBalancersOf(c.View, group.ID) {
				if other != lbARN {
					c.Refuse(f.Path, "TargetGroupAssociationLimit",
						"The following target groups cannot be associated with more than one load balancer: %s is used by %s", group.ID, other)
				}
			}
		}
	}
}

// verifyAuthentication checks the actions that authenticate: they are for HTTPS listeners, at most one of them is in a list, and a
// user pool's client has a secret and a domain to sign in at ("Authenticate users using an Application Load Balancer").
func verifyAuthentication(c *kind.Call, list, protocol string) {
	for i, a := range props.Objects(c.In, props.Path(list+"[*]")) {
		typ := props.Str(a, "type")
		if !strings.HasPrefix(typ, "authenticate-") {
			continue
		}
		at := list + "[" + strconv.Itoa(i) + "]"
		if protocol != "HTTPS" {
			c.Refuse(at+".type", "InvalidLoadBalancerAction", "Actions of type '%s' are supported only on HTTPS listeners, this one is %s",
				typ, cmp.Or(protocol, "HTTP"))
		}
		if i > 0 {
			c.Refuse(at+".type", "InvalidLoadBalancerAction", "An action of type '%s' must be the first, and there can be only one", typ)
		}
		if typ == "authenticate-cognito" {
			verifyPool(c, at+".authenticateCognito", a)
		}
	}
}

func verifyPool(c *kind.Call, at string, a props.Map) {
	client, ok := c.Get(view.TypeUserPoolClient, props.Str(a, "authenticateCognito.userPoolClientId"))
	if ok && props.Str(client.State, "clientSecret") == "" {
		c.Refuse(at+".userPoolClientId", "InvalidLoadBalancerAction", "The user pool client '%s' must have a client secret", client.ID)
	}
	domain := props.Str(a, "authenticateCognito.userPoolDomain")
	if _, ok := c.Get(view.TypeUserPoolDomain, domain); !ok && domain != "" && !c.DryRun {
		c.Refuse(at+".userPoolDomain", "InvalidLoadBalancerAction", "The user pool domain '%s' does not exist", domain)
	}
}

// LoadBalancersOf returns the load balancers whose listeners or rules forward to
// a target group.
func LoadBalancersOf(v kind.View, targetGroup string) []string {
	var out []string
	add := func(lb string) {
		if lb != "" && !slices.Contains(out, lb) {
			out = append(out, lb)
		}
	}
	for _, ref := range forwardRefs("defaultActions") {
		for _, l := range v.By(view.TypeListener, ref.Path, targetGroup) {
			add(props.Str(l.State, "loadBalancerArn"))
		}
	}
	for _, ref := range forwardRefs("actions") {
		for _, r := range v.By(view.TypeListenerRule, ref.Path, targetGroup) {
			if l, ok := v.Get(view.TypeListener, props.Str(r.State, "listenerArn")); ok {
				add(props.Str(l.State, "loadBalancerArn"))
			}
		}
	}
	return out
}

func createListener(c *kind.Call) error {
	_, suffix, ok := strings.Cut(c.Str("loadBalancerArn"), ":loadbalancer/")
	if !ok {
		return fmt.Errorf("%s: %q is not the ARN of a load balancer", c.Type, c.Str("loadBalancerArn"))
	}
	c.ID = view.ARN("elasticloadbalancing", "listener/"+suffix+"/"+c.Hex("arn", 16))
	c.Default("protocol", "HTTP")
	if p := props.Str(c.State, "protocol"); p == "HTTPS" || p == "TLS" {
		c.Default("sslPolicy", "ELBSecurityPolicy-2016-08")
	}
	numberActions(c, "defaultActions")
	return nil
}

// numberActions sets the order that ELB gives to actions without one.
func numberActions(c *kind.Call, list string) {
	v := c.State[props.Key(list)]
	if !v.IsArray() {
		return
	}
	actions := make([]props.Value, len(v.ArrayValue()))
	for i, a := range v.ArrayValue() {
		if !a.IsObject() {
			actions[i] = a
			continue
		}
		m := props.CopyMap(a.ObjectValue())
		if m["order"].IsNull() {
			m["order"] = props.Of(i + 1)
		}
		actions[i] = props.Of(m)
	}
	c.State[props.Key(list)] = props.Of(actions)
}

var toListener = kind.Target{
	Types: []string{view.TypeListener}, By: []string{"id"}, Generated: true,
	Code: "ListenerNotFound", Message: "Listener '%s' not found",
}

func checkSecurityPolicy(c *kind.Checker) {
	if policy, ok := c.Text("sslPolicy"); ok && policy != "" && !lists.Has("elb.SecurityPolicy", policy) {
		c.Fail("sslPolicy", "SSLPolicyNotFound: SSL policy '%s' not found; %s", policy, lists.Expect("elb.SecurityPolicy", policy))
	}
	protocol, _ := c.Text("protocol")
	if alpn, ok := c.Text("alpnPolicy"); ok && alpn != "" && protocol != "" && protocol != "TLS" {
		c.Fail("alpnPolicy", "ValidationError: an ALPN policy (%s) is for TLS listeners only, not %s", alpn, protocol)
	}
}
