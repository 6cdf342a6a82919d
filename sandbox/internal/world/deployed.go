package world

import (
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Service is the configuration of a deployed service, as far as the world acts on it.
type Service struct {
	ID                string // the resource's ID in the account
	ARN               string `json:"arn"`
	Name              string `json:"name"`
	Cluster           string `json:"cluster"` // ARN or name, as the program wrote it
	TaskDefinitionARN string `json:"taskDefinition"`
	DesiredCount      int    `json:"desiredCount"`
	MinimumPercent    *int   `json:"deploymentMinimumHealthyPercent"`
	MaximumPercent    *int   `json:"deploymentMaximumPercent"`
	GracePeriod       int    `json:"healthCheckGracePeriodSeconds"` // seconds
	Breaker           struct {
		Enable   bool `json:"enable"`
		Rollback bool `json:"rollback"`
	} `json:"deploymentCircuitBreaker"`
	LoadBalancers []struct {
		TargetGroupARN string `json:"targetGroupArn"`
		ContainerName  string `json:"containerName"`
		ContainerPort  int    `json:"containerPort"`
	} `json:"loadBalancers"`
	Network struct {
		Subnets        []string `json:"subnets"`
		AssignPublicIP bool     `json:"assignPublicIp"`
	} `json:"networkConfiguration"`
}

// ClusterARN gives the cluster's ARN whichever way the service names it.
func (s *Service) ClusterARN() string {
	if strings.HasPrefix(s.Cluster, "arn:") {
		return s.Cluster
	}
	prefix, _, _ := strings.Cut(s.ARN, ":service/")
	return prefix + ":cluster/" + s.Cluster
}

// ClusterName gives the cluster's name whichever way the service names it.
func (s *Service) ClusterName() string {
	return s.Cluster[strings.LastIndexByte(s.Cluster, '/')+1:]
}

func percent(value *int, fallback int) int {
	if value == nil {
		return fallback
	}
	return *value
}

// Services lists the deployed services, sorted by ID.
func Services(store view.Store) ([]*Service, error) {
	resources := store.List(view.TypeService)
	out := make([]*Service, 0, len(resources))
	for _, r := range resources {
		service := &Service{}
		if err := view.Decode(r.State, service); err != nil {
			return nil, fmt.Errorf("service %s: %w", r.ID, err)
		}
		service.ID = r.ID
		if service.ARN == "" {
			service.ARN = r.ID
		}
		out = append(out, service)
	}
	return out, nil
}

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

func (g *TargetGroup) used() bool { return len(g.LoadBalancerARNs) > 0 }

// markUsed notes for each group the load balancers whose listeners, by default action or rule, forward to it.
func markUsed(store view.Store, groups map[string]*TargetGroup) error {
	balancers := map[string]string{} // listener ARN -> load balancer ARN
	for _, r := range store.List(view.TypeListener) {
		var listener struct {
			ARN             string   `json:"arn"`
			LoadBalancerARN string   `json:"loadBalancerArn"`
			Actions         []action `json:"defaultActions"`
		}
		if err := view.Decode(r.State, &listener); err != nil {
			return fmt.Errorf("listener %s: %w", r.ID, err)
		}
		balancers[r.ID], balancers[listener.ARN] = listener.LoadBalancerARN, listener.LoadBalancerARN
		mark(groups, listener.Actions, listener.LoadBalancerARN)
	}
	for _, r := range store.List(view.TypeListenerRule) {
		var rule struct {
			ListenerARN string   `json:"listenerArn"`
			Actions     []action `json:"actions"`
		}
		if err := view.Decode(r.State, &rule); err != nil {
			return fmt.Errorf("listener rule %s: %w", r.ID, err)
		}
		mark(groups, rule.Actions, balancers[rule.ListenerARN])
	}
	return nil
}

type action struct {
	TargetGroupARN string `json:"targetGroupArn"`
	Forward        struct {
		TargetGroups []struct {
			ARN string `json:"arn"`
		} `json:"targetGroups"`
	} `json:"forward"`
}

func mark(groups map[string]*TargetGroup, actions []action, balancer string) {
	for _, a := range actions {
		arns := []string{a.TargetGroupARN}
		for _, g := range a.Forward.TargetGroups {
			arns = append(arns, g.ARN)
		}
		for _, arn := range arns {
			if group := groups[arn]; group != nil && balancer != "" && !contains(group.LoadBalancerARNs, balancer) {
				group.LoadBalancerARNs = append(group.LoadBalancerARNs, balancer)
			}
		}
	}
}

func contains(list []string, item string) bool {
	for _, have := range list {
		if have == item {
			return true
		}
	}
	return false
}

func setDesiredTaskDefinition(store view.Store, service *Service, arn string) error {
	return store.Mutate(view.TypeService, service.ID, func(state resource.PropertyMap) error {
		state["taskDefinition"] = resource.NewStringProperty(arn)
		return nil
	})
}

// FindTaskDefinition finds a registered task definition by its ARN, or one that was deregistered, which is not active:
// tasks and services that have it go on with it, and no other service can take it.
func FindTaskDefinition(store view.Store, arn string) (r view.Resource, active, ok bool) {
	if r, ok = view.FindByARN(store, view.TypeTaskDef, arn); ok {
		return r, true, true
	}
	r, ok = view.FindByARN(store, view.RuntimeInactiveTaskDefinition, arn)
	return r, false, ok
}
