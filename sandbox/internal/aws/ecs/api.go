package ecs

import (
	"maps"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
)

// The service answers Amazon ECS, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "ecs", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"DescribeServices":         wire.JSONOperation(describeServices),
		"DescribeTaskDefinition":   wire.JSONOperation(describeTaskDefinition),
		"UpdateService":            wire.JSONOperation(updateService),
		"ListTasks":                wire.JSONOperation(listTasks),
		"DescribeTasks":            wire.JSONOperation(describeTasks),
		"GetTaskProtection":        wire.JSONOperation(getTaskProtection),
		"UpdateTaskProtection":     wire.JSONOperation(updateTaskProtection),
		"ListTaskDefinitions":      wire.JSONOperation(listTaskDefinitions),
		"DeregisterTaskDefinition": wire.JSONOperation(deregisterInactive),
	}})
}

// ecsFailure is an entry of a Failures list.
type ecsFailure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

type describeServicesInput struct {
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
	Include  []string `json:"include"`
}

type describeServicesOutput struct {
	Services []ecsServiceView `json:"services"`
	Failures []ecsFailure     `json:"failures"`
}

func ecsARN(kind, path string) string {
	return "arn:" + view.Partition + ":ecs:" + view.Region + ":" + view.AccountID + ":" + kind + "/" + path
}

// clusterARN gives the full ARN of what a client calls the cluster by.
func clusterARN(cluster string) string {
	switch {
	case cluster == "":
		return ecsARN("cluster", "default")
	case strings.HasPrefix(cluster, "arn:"):
		return cluster
	}
	return ecsARN("cluster", cluster)
}

// underCluster gives the ARN of a service or task of a cluster by its name, ID or ARN.
func underCluster(cluster, kind, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	_, clusterName, _ := strings.Cut(clusterARN(cluster), ":cluster/")
	return ecsARN(kind, clusterName+"/"+name)
}

func ecsContext(cluster string) authz.Context {
	return authz.Context{"ecs:cluster": {clusterARN(cluster)}}
}

// clusterExists refuses an unknown cluster, after authorisation as in AWS.
func clusterExists(x *wire.Exchange, cluster string) error {
	want := clusterARN(cluster)
	for _, r := range x.Store.List(view.TypeCluster) {
		if view.Text(r, "arn") == want {
			return nil
		}
	}
	return wire.Refuse("ClusterNotFoundException", "Cluster not found.")
}

func describeServices(x *wire.Exchange, in *describeServicesInput) (any, error) {
	const most = 10 // DescribeServices in the API reference
	for _, name := range in.Services {
		if err := x.Allow("ecs:DescribeServices", underCluster(in.Cluster, "service", name), ecsContext(in.Cluster)); err != nil {
			return nil, err
		}
	}
	if len(in.Services) == 0 || len(in.Services) > most {
		x.AllowAnybody("ecs:DescribeServices")
		return nil, wire.Refuse("InvalidParameterException", "Services cannot be empty or more than %d.", most)
	}
	if err := clusterExists(x, in.Cluster); err != nil {
		return nil, err
	}
	out := describeServicesOutput{Services: []ecsServiceView{}, Failures: []ecsFailure{}}
	for _, name := range in.Services {
		arn := underCluster(in.Cluster, "service", name)
		answer, err := viewService(x, arn)
		if err != nil {
			return nil, err
		}
		if answer == nil {
			out.Failures = append(out.Failures, ecsFailure{ARN: arn, Reason: "MISSING"})
			continue
		}
		out.Services = append(out.Services, *answer)
	}
	return out, nil
}

func findService(x *wire.Exchange, arn string) (*scheduler.Service, error) {
	services, err := scheduler.Services(x.Store)
	if err != nil {
		return nil, err
	}
	for _, service := range services {
		if service.ARN == arn {
			return service, nil
		}
	}
	return nil, nil
}

type updateServiceInput struct {
	Cluster      string `json:"cluster"`
	Service      string `json:"service"`
	DesiredCount *int   `json:"desiredCount"`
	// TaskDefinition is another revision to deploy.
	TaskDefinition string `json:"taskDefinition"`
	// ForceNewDeployment replaces the tasks without any change, for instance to pick up a rotated secret.
	ForceNewDeployment bool `json:"forceNewDeployment"`
}

type updateServiceOutput struct {
	Service *ecsServiceView `json:"service"`
}

func updateService(x *wire.Exchange, in *updateServiceInput) (any, error) {
	arn := underCluster(in.Cluster, "service", in.Service)
	if err := x.Allow("ecs:UpdateService", arn, ecsContext(in.Cluster)); err != nil {
		return nil, err
	}
	if in.DesiredCount != nil && *in.DesiredCount < 0 {
		return nil, wire.Refuse("InvalidParameterException", "desiredCount cannot be negative.")
	}
	if err := clusterExists(x, in.Cluster); err != nil {
		return nil, err
	}
	service, err := findService(x, arn)
	if err != nil {
		return nil, err
	}
	if service == nil {
		return nil, wire.Refuse("ServiceNotFoundException", "Service not found.")
	}
	if err := changeService(x, service, in); err != nil {
		return nil, err
	}
	if in.ForceNewDeployment {
		running, err := schedulerOf(x)
		if err != nil {
			return nil, err
		}
		if err := running.Redeploy(arn); err != nil {
			return nil, err
		}
	}
	if err := x.Step(); err != nil {
		return nil, err
	}
	answer, err := viewService(x, arn)
	return updateServiceOutput{Service: answer}, err
}

// changeService writes what the service is to become; the scheduler acts on it.
func changeService(x *wire.Exchange, service *scheduler.Service, in *updateServiceInput) error {
	change := resource.PropertyMap{}
	if in.DesiredCount != nil {
		change["desiredCount"] = resource.NewNumberProperty(float64(*in.DesiredCount))
	}
	if in.TaskDefinition != "" {
		arn, err := takeTaskDefinition(x, in.TaskDefinition)
		if err != nil {
			return err
		}
		change["taskDefinition"] = resource.NewStringProperty(arn)
	}
	if len(change) == 0 {
		return nil
	}
	return x.Store.Mutate(view.TypeService, service.ID, func(state resource.PropertyMap) error {
		maps.Copy(state, change)
		return nil
	})
}

type listTasksInput struct {
	Cluster       string `json:"cluster"`
	ServiceName   string `json:"serviceName"`
	DesiredStatus string `json:"desiredStatus"`
	MaxResults    int    `json:"maxResults"`
	NextToken     string `json:"nextToken"`
}

type listTasksOutput struct {
	TaskARNs  []string `json:"taskArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTasks has no resource of its own unless a container instance is named: the resource is "*", and policies restrict
// it by ecs:cluster.
func listTasks(x *wire.Exchange, in *listTasksInput) (any, error) {
	if err := x.Allow("ecs:ListTasks", "*", ecsContext(in.Cluster)); err != nil {
		return nil, err
	}
	if err := clusterExists(x, in.Cluster); err != nil {
		return nil, err
	}
	if in.DesiredStatus == "" {
		in.DesiredStatus = scheduler.Running
	}
	if !slices.Contains([]string{scheduler.Running, scheduler.Pending, scheduler.Stopped}, in.DesiredStatus) {
		return nil, wire.Refuse("InvalidParameterException", "desiredStatus %s is not one of RUNNING, PENDING, STOPPED.", in.DesiredStatus)
	}
	service := ""
	if in.ServiceName != "" {
		service = underCluster(in.Cluster, "service", in.ServiceName)
		found, err := findService(x, service)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, wire.Refuse("ServiceNotFoundException", "Service not found.")
		}
	}
	tasks, err := tasks(x, clusterARN(in.Cluster))
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, task := range tasks {
		if task.DesiredStatus == in.DesiredStatus && (service == "" || task.ServiceARN == service) {
			arns = append(arns, task.ARN)
		}
	}
	page, next, err := paginate(arns, in.NextToken, in.MaxResults)
	return listTasksOutput{TaskARNs: page, NextToken: next}, err
}

func tasks(x *wire.Exchange, cluster string) ([]*scheduler.Task, error) {
	tasks, err := scheduler.Tasks(x.Store)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(tasks, func(t *scheduler.Task) bool { return t.ClusterARN != cluster }), nil
}

// paginate cuts a page after the item that the token names.
func paginate(all []string, token string, size int) (page []string, next string, err error) {
	const most = 100
	if size <= 0 || size > most {
		size = most
	}
	start := 0
	if token != "" {
		at := slices.Index(all, token)
		if at < 0 {
			return nil, "", wire.Refuse("InvalidParameterException", "Invalid token.")
		}
		start = at + 1
	}
	page = append([]string{}, all[start:]...)
	if len(page) > size {
		page = page[:size]
		next = page[size-1]
	}
	return page, next, nil
}

// schedulerOf is what runs the account's tasks. Without one there are none to protect or to replace.
func schedulerOf(x *wire.Exchange) (*scheduler.Scheduler, error) {
	if running, ok := x.Scheduler.(*scheduler.Scheduler); ok {
		return running, nil
	}
	return nil, wire.NotSupported("%s needs a scheduler that runs the tasks", x.Operation)
}
