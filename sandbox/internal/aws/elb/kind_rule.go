package elb

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Limits of rules (Elastic Load Balancing, "Quotas for your Application Load
// Balancers").
const (
	maxConditionValues = 5
	maxWildcards       = 5
	maxRulesPerLB      = 100
	firstFreePriority  = 1
	lastPriority       = 50000
)

func listenerRuleKind() *kind.Kind {
	return &kind.Kind{
		Refs: append([]kind.Ref{{Path: "listenerArn", To: toListener, OnDelete: kind.Cascade}}, actionRefs("actions")...),
		Unique: []kind.Unique{{
			Paths: []string{"listenerArn", "priority"}, Code: "PriorityInUse",
			Message: "Priority '%s' is currently in use",
		}},
		Check:  checkListenerRule,
		Verify: verifyListenerRule,
		Create: createListenerRule,
		Update: func(c *kind.Call) error { numberActions(c, "actions"); return nil },
	}
}

func checkListenerRule(c *kind.Checker) {
	checkActions(c, "actions")
	values, wildcards := 0, 0
	kinds := map[string]bool{}
	for _, f := range props.All(c.In, "conditions[*]") {
		if !f.Value.IsObject() {
			continue
		}
		v, w := checkCondition(c, f.Path, f.Value.ObjectValue())
		values, wildcards = values+v, wildcards+w
		for kind := range f.Value.ObjectValue() {
			if kinds[string(kind)] && slices.Contains([]string{"hostHeader", "pathPattern", "httpRequestMethod", "sourceIp"}, string(kind)) {
				c.Fail(f.Path, "InvalidLoadBalancerAction: a rule can only have one %q condition; list its values together", kind)
			}
			kinds[string(kind)] = true
		}
	}
	if values > maxConditionValues {
		c.Fail("conditions", "TooManyConditionValues: a rule can have %d condition values, this one has %d", maxConditionValues, values)
	}
	if wildcards > maxWildcards {
		c.Fail("conditions", "TooManyWildcards: a rule can have %d wildcards, this one has %d", maxWildcards, wildcards)
	}
}

// conditionLists are the conditions with a list of values.
var conditionLists = []string{"hostHeader", "httpHeader", "httpRequestMethod", "pathPattern", "sourceIp"}

var (
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9.*?-]+$`)
	pathCharset   = regexp.MustCompile(`^[A-Za-z0-9_.$/~"'@:+&*?\\-]+$`)
	methodPattern = regexp.MustCompile(`^[A-Z_-]{1,40}$`)
)

// checkCondition counts the values and wildcards of one condition.
func checkCondition(c *kind.Checker, at string, cond props.Map) (values, wildcards int) {
	for _, name := range conditionLists {
		for i, v := range props.Strings(cond, props.Path(name+".values[*]")) {
			values++
			wildcards += strings.Count(v, "*") + strings.Count(v, "?")
			checkConditionValue(c, at+"."+name+".values["+props.Number(float64(i))+"]", conditionValue{name, v})
		}
	}
	if props.Has(cond, "queryStrings[*]") {
		for _, q := range props.Objects(cond, "queryStrings[*]") {
			values++
			wildcards += strings.Count(props.Str(q, "value"), "*")
		}
	}
	return values, wildcards
}

type conditionValue struct{ kind, text string }

func checkConditionValue(c *kind.Checker, at string, v conditionValue) {
	if len(v.text) == 0 || len(v.text) > 128 {
		c.Fail(at, "ValidationError: condition value %q must have 1 to 128 characters", v.text)
		return
	}
	switch v.kind {
	case "hostHeader":
		if !hostPattern.MatchString(v.text) || !strings.Contains(v.text, ".") {
			c.Fail(at, "ValidationError: host %q must be a domain of A-Z, a-z, 0-9, - . * ?", v.text)
		}
	case "pathPattern":
		if !pathCharset.MatchString(v.text) {
			c.Fail(at, "ValidationError: path %q has characters other than A-Z, a-z, 0-9, _ - . $ / ~ \" ' @ : + & * ?", v.text)
		}
	case "httpRequestMethod":
		if !methodPattern.MatchString(v.text) {
			c.Fail(at, "ValidationError: method %q must be upper-case letters, hyphens and underscores", v.text)
		}
	case "sourceIp":
		if _, err := netip.ParsePrefix(v.text); err != nil {
			c.Fail(at, "ValidationError: %q is not a CIDR block", v.text)
		}
	}
}

func verifyListenerRule(c *kind.Call) {
	listener, ok := c.Get(view.TypeListener, c.Str("listenerArn"))
	if !ok {
		return
	}
	lb := props.Str(listener.State, "loadBalancerArn")
	verifyForwards(c, "actions", lb)
	verifyAuthentication(c, "actions", props.Str(listener.State, "protocol"))
	if !c.Creating() {
		return
	}
	rules := 0
	for _, l := range c.By(view.TypeListener, "loadBalancerArn", lb) {
		rules += len(c.By(view.TypeListenerRule, "listenerArn", l.ID))
	}
	if rules >= maxRulesPerLB {
		c.Refuse("", "TooManyRules", "load balancer %s has %d rules, the quota is %d", lb, rules, maxRulesPerLB)
	}
}

func createListenerRule(c *kind.Call) error {
	listener := c.Str("listenerArn")
	c.ID = strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + c.Hex("arn", 16)
	if c.State["priority"].IsNull() {
		next := firstFreePriority
		for _, r := range c.By(view.TypeListenerRule, "listenerArn", listener) {
			if p, ok := props.Int(r.State, "priority"); ok && p >= next {
				next = p + 1
			}
		}
		if next > lastPriority {
			c.Refuse("priority", "ValidationError", "no priority is left above the highest one, %d; give one", next-1)
		}
		c.Set("priority", next)
	}
	numberActions(c, "actions")
	return nil
}
