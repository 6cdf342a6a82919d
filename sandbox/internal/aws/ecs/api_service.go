package ecs

import (
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// ecsServiceView is a service as DescribeServices shows it.
type ecsServiceView struct {
	ServiceARN           string              `json:"serviceArn"`
	ServiceName          string              `json:"serviceName"`
	ClusterARN           string              `json:"clusterArn"`
	Status               string              `json:"status"`
	DesiredCount         int                 `json:"desiredCount"`
	RunningCount         int                 `json:"runningCount"`
	PendingCount         int                 `json:"pendingCount"`
	LaunchType           string              `json:"launchType"`
	TaskDefinition       string              `json:"taskDefinition"`
	SchedulingStrategy   string              `json:"schedulingStrategy"`
	HealthGrace          int                 `json:"healthCheckGracePeriodSeconds"`
	LoadBalancers        []ecsBalancerView   `json:"loadBalancers"`
	Deployments          []ecsDeploymentView `json:"deployments"`
	DeploymentController map[string]string   `json:"deploymentController"`
	Events               []ecsEventView      `json:"events"`
	CreatedAt            wire.Epoch          `json:"createdAt,omitzero"`
}

type ecsBalancerView struct {
	TargetGroupARN string `json:"targetGroupArn"`
	ContainerName  string `json:"containerName"`
	ContainerPort  int    `json:"containerPort"`
}

type ecsDeploymentView struct {
	ID                 string     `json:"id"`
	Status             string     `json:"status"`
	TaskDefinition     string     `json:"taskDefinition"`
	DesiredCount       int        `json:"desiredCount"`
	PendingCount       int        `json:"pendingCount"`
	RunningCount       int        `json:"runningCount"`
	FailedTasks        int        `json:"failedTasks"`
	CreatedAt          wire.Epoch `json:"createdAt"`
	UpdatedAt          wire.Epoch `json:"updatedAt"`
	LaunchType         string     `json:"launchType"`
	RolloutState       string     `json:"rolloutState"`
	RolloutStateReason string     `json:"rolloutStateReason"`
}

type ecsEventView struct {
	ID        string     `json:"id"`
	CreatedAt wire.Epoch `json:"createdAt"`
	Message   string     `json:"message"`
}

// viewService shows a service; nil when there is none of that ARN.
func viewService(x *wire.Exchange, arn string) (*ecsServiceView, error) {
	service, err := findService(x, arn)
	if err != nil || service == nil {
		return nil, err
	}
	status, err := scheduler.Status(x.Store, arn)
	if err != nil {
		return nil, err
	}
	tasks, err := tasks(x, service.ClusterARN())
	if err != nil {
		return nil, err
	}
	answer := &ecsServiceView{
		ServiceARN: arn, ServiceName: service.Name, ClusterARN: service.ClusterARN(), Status: "ACTIVE",
		DesiredCount: service.DesiredCount, LaunchType: "FARGATE", TaskDefinition: service.TaskDefinitionARN,
		SchedulingStrategy: "REPLICA", HealthGrace: service.GracePeriod, DeploymentController: map[string]string{"type": "ECS"},
		LoadBalancers: []ecsBalancerView{}, Deployments: []ecsDeploymentView{}, Events: []ecsEventView{},
	}
	for _, balancer := range service.LoadBalancers {
		answer.LoadBalancers = append(answer.LoadBalancers, ecsBalancerView(balancer))
	}
	for _, deployment := range status.Deployments {
		answer.Deployments = append(answer.Deployments, viewDeployment(deployment, answer, tasks))
	}
	if n := len(status.Deployments); n > 0 {
		answer.CreatedAt = wire.Stamp(status.Deployments[n-1].CreatedAt)
	}
	for _, event := range status.Events {
		answer.Events = append(answer.Events, ecsEventView{event.ID, wire.Stamp(event.CreatedAt), event.Message})
	}
	return answer, nil
}

// viewDeployment shows a deployment and adds its tasks to the service's counts.
func viewDeployment(d scheduler.Deployment, service *ecsServiceView, tasks []*scheduler.Task) ecsDeploymentView {
	answer := ecsDeploymentView{
		ID: d.ID, Status: d.Status, TaskDefinition: d.TaskDefinitionARN, FailedTasks: d.FailedTasks, LaunchType: "FARGATE",
		CreatedAt: wire.Stamp(d.CreatedAt), UpdatedAt: wire.Stamp(d.UpdatedAt),
		RolloutState: d.RolloutState, RolloutStateReason: d.RolloutStateReason,
	}
	if d.Status == scheduler.DeploymentPrimary {
		answer.DesiredCount = service.DesiredCount
	}
	for _, task := range tasks {
		if task.ServiceARN != service.ServiceARN || task.DeploymentID != d.ID || task.DesiredStatus != scheduler.Running {
			continue
		}
		if task.LastStatus == scheduler.Running {
			answer.RunningCount++
		} else {
			answer.PendingCount++
		}
	}
	service.RunningCount += answer.RunningCount
	service.PendingCount += answer.PendingCount
	return answer
}
