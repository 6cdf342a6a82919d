package elb

import (
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// HealthCheck is a target group's health check with ELB's defaults filled in. Times are in seconds.
type HealthCheck struct {
	Enabled            *bool  `json:"enabled"`
	Interval           int    `json:"interval"`
	Timeout            int    `json:"timeout"`
	HealthyThreshold   int    `json:"healthyThreshold"`
	UnhealthyThreshold int    `json:"unhealthyThreshold"`
	Path               string `json:"path"`
	Port               string `json:"port"`
	Protocol           string `json:"protocol"`
	Matcher            string `json:"matcher"`
}

// TargetGroup is a deployed target group.
type TargetGroup struct {
	ARN                string      `json:"arn"`
	ARNSuffix          string      `json:"arnSuffix"`
	Name               string      `json:"name"`
	Port               int         `json:"port"`
	Protocol           string      `json:"protocol"`
	VPCID              string      `json:"vpcId"`
	TargetType         string      `json:"targetType"`
	MultiValueHeaders  bool        `json:"lambdaMultiValueHeadersEnabled"`
	HealthCheck        HealthCheck `json:"healthCheck"`
	DeregistrationTime *int        `json:"deregistrationDelay"` // seconds
	// LoadBalancerARNs are those whose listeners or rules forward to the group.
	LoadBalancerARNs []string `json:"-"`
}

// TargetGroups returns the deployed target groups by ARN.
func TargetGroups(store view.Store) (map[string]*TargetGroup, error) {
	out := map[string]*TargetGroup{}
	for _, r := range store.List(view.TypeTargetGroup) {
		group := &TargetGroup{}
		if err := view.Decode(r.State, group); err != nil {
			return nil, fmt.Errorf("target group %s: %w", r.ID, err)
		}
		if group.ARN == "" {
			group.ARN = r.ID
		}
		group.fillDefaults()
		out[group.ARN] = group
	}
	return out, markUsed(store, out)
}

// fillDefaults applies the API's defaults for an IP or instance target group (CreateTargetGroup in the API reference).
func (g *TargetGroup) fillDefaults() {
	check := &g.HealthCheck
	for _, field := range []struct {
		value    *int
		fallback int
	}{{&check.Interval, 30}, {&check.Timeout, 5}, {&check.HealthyThreshold, 5}, {&check.UnhealthyThreshold, 2}} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	for _, field := range []struct {
		value    *string
		fallback string
	}{{&check.Path, "/"}, {&check.Port, "traffic-port"}, {&check.Protocol, "HTTP"}, {&check.Matcher, "200"}} {
		if *field.value == "" {
			*field.value = field.fallback
		}
	}
	if g.ARNSuffix == "" {
		g.ARNSuffix = g.ARN[strings.LastIndexByte(g.ARN, ':')+1:]
	}
}

// Checked says whether the load balancer checks the group's targets: on unless a Lambda group leaves it off.
func (g *TargetGroup) Checked() bool {
	if g.HealthCheck.Enabled != nil {
		return *g.HealthCheck.Enabled
	}
	return g.TargetType != "lambda"
}

// Used says whether a load balancer forwards to the group.
func (g *TargetGroup) Used() bool { return len(g.LoadBalancerARNs) > 0 }

// markUsed notes for each group the load balancers whose listeners, by default action or rule, forward to it.
func markUsed(store view.Store, groups map[string]*TargetGroup) error {
	balancers := map[string]string{} // listener ARN -> load balancer ARN
	for _, r := range store.List(view.TypeListener) {
		var listener struct {
			ARN             string       `json:"arn"`
			LoadBalancerARN string       `json:"loadBalancerArn"`
			Actions         []forwarding `json:"defaultActions"`
		}
		if err := view.Decode(r.State, &listener); err != nil {
			return fmt.Errorf("listener %s: %w", r.ID, err)
		}
		balancers[r.ID], balancers[listener.ARN] = listener.LoadBalancerARN, listener.LoadBalancerARN
		mark(groups, listener.Actions, listener.LoadBalancerARN)
	}
	for _, r := range store.List(view.TypeListenerRule) {
		var rule struct {
			ListenerARN string       `json:"listenerArn"`
			Actions     []forwarding `json:"actions"`
		}
		if err := view.Decode(r.State, &rule); err != nil {
			return fmt.Errorf("listener rule %s: %w", r.ID, err)
		}
		mark(groups, rule.Actions, balancers[rule.ListenerARN])
	}
	return nil
}

type forwarding struct {
	TargetGroupARN string `json:"targetGroupArn"`
	Forward        struct {
		TargetGroups []struct {
			ARN string `json:"arn"`
		} `json:"targetGroups"`
	} `json:"forward"`
}

func mark(groups map[string]*TargetGroup, actions []forwarding, balancer string) {
	for _, a := range actions {
		arns := []string{a.TargetGroupARN}
		for _, g := range a.Forward.TargetGroups {
			arns = append(arns, g.ARN)
		}
		for _, arn := range arns {
			if group := groups[arn]; group != nil && balancer != "" && !has(group.LoadBalancerARNs, balancer) {
				group.LoadBalancerARNs = append(group.LoadBalancerARNs, balancer)
			}
		}
	}
}

func has(list []string, item string) bool {
	for _, have := range list {
		if have == item {
			return true
		}
	}
	return false
}
