package scheduler

import (
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Service is the configuration of a deployed service, as far as the scheduler acts on it.
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
