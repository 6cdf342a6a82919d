package awsapi

import (
	"github.com/webordinary/live-edit/sandbox/internal/world"
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
	CreatedAt            epoch               `json:"createdAt,omitzero"`
}

type ecsBalancerView struct {
	TargetGroupARN string `json:"targetGroupArn"`
	ContainerName  string `json:"containerName"`
	ContainerPort  int    `json:"containerPort"`
}

type ecsDeploymentView struct {
	ID                 string `json:"id"`
	Status             string `json:"status"`
	TaskDefinition     string `json:"taskDefinition"`
	DesiredCount       int    `json:"desiredCount"`
	PendingCount       int    `json:"pendingCount"`
	RunningCount       int    `json:"runningCount"`
	FailedTasks        int    `json:"failedTasks"`
	CreatedAt          epoch  `json:"createdAt"`
	UpdatedAt          epoch  `json:"updatedAt"`
	LaunchType         string `json:"launchType"`
	RolloutState       string `json:"rolloutState"`
	RolloutStateReason string `json:"rolloutStateReason"`
}

type ecsEventView struct {
	ID        string `json:"id"`
	CreatedAt epoch  `json:"createdAt"`
	Message   string `json:"message"`
}

// viewService shows a service; nil when there is none of that ARN.
func (x *exchange) viewService(arn string) (*ecsServiceView, error) {
	service, err := x.findService(arn)
	if err != nil || service == nil {
		return nil, err
	}
	status, err := world.Status(x.server.options.Store, arn)
	if err != nil {
		return nil, err
	}
	tasks, err := x.tasks(service.ClusterARN())
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
		answer.CreatedAt = stamp(status.Deployments[n-1].CreatedAt)
	}
	for _, event := range status.Events {
		answer.Events = append(answer.Events, ecsEventView{event.ID, stamp(event.CreatedAt), event.Message})
	}
	return answer, nil
}

// viewDeployment shows a deployment and adds its tasks to the service's counts.
func viewDeployment(d world.Deployment, service *ecsServiceView, tasks []*world.Task) ecsDeploymentView {
	answer := ecsDeploymentView{
		ID: d.ID, Status: d.Status, TaskDefinition: d.TaskDefinitionARN, FailedTasks: d.FailedTasks, LaunchType: "FARGATE",
		CreatedAt: stamp(d.CreatedAt), UpdatedAt: stamp(d.UpdatedAt), RolloutState: d.RolloutState, RolloutStateReason: d.RolloutStateReason,
	}
	if d.Status == world.DeploymentPrimary {
		answer.DesiredCount = service.DesiredCount
	}
	for _, task := range tasks {
		if task.ServiceARN != service.ServiceARN || task.DeploymentID != d.ID || task.DesiredStatus != world.Running {
			continue
		}
		if task.LastStatus == world.Running {
			answer.RunningCount++
		} else {
			answer.PendingCount++
		}
	}
	service.RunningCount += answer.RunningCount
	service.PendingCount += answer.PendingCount
	return answer
}
