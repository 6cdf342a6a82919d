package ecs

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

type describeTasksInput struct {
	Cluster string   `json:"cluster"`
	Tasks   []string `json:"tasks"`
	Include []string `json:"include"`
}

type describeTasksOutput struct {
	Tasks    []ecsTaskView `json:"tasks"`
	Failures []ecsFailure  `json:"failures"`
}

// ecsTaskView is a task as DescribeTasks shows it.
type ecsTaskView struct {
	TaskARN            string              `json:"taskArn"`
	ClusterARN         string              `json:"clusterArn"`
	TaskDefinitionARN  string              `json:"taskDefinitionArn"`
	Group              string              `json:"group"`
	StartedBy          string              `json:"startedBy"`
	LaunchType         string              `json:"launchType"`
	AvailabilityZone   string              `json:"availabilityZone,omitempty"`
	LastStatus         string              `json:"lastStatus"`
	DesiredStatus      string              `json:"desiredStatus"`
	HealthStatus       string              `json:"healthStatus"`
	CreatedAt          wire.Epoch          `json:"createdAt"`
	ConnectivityAt     wire.Epoch          `json:"connectivityAt,omitzero"`
	PullStartedAt      wire.Epoch          `json:"pullStartedAt,omitzero"`
	PullStoppedAt      wire.Epoch          `json:"pullStoppedAt,omitzero"`
	StartedAt          wire.Epoch          `json:"startedAt,omitzero"`
	StoppingAt         wire.Epoch          `json:"stoppingAt,omitzero"`
	ExecutionStoppedAt wire.Epoch          `json:"executionStoppedAt,omitzero"`
	StoppedAt          wire.Epoch          `json:"stoppedAt,omitzero"`
	StopCode           string              `json:"stopCode,omitempty"`
	StoppedReason      string              `json:"stoppedReason,omitempty"`
	Attachments        []ecsAttachmentView `json:"attachments"`
	Containers         []ecsContainerView  `json:"containers"`
}

type ecsAttachmentView struct {
	ID      string              `json:"id"`
	Type    string              `json:"type"`
	Status  string              `json:"status"`
	Details []map[string]string `json:"details"`
}

type ecsContainerView struct {
	Name              string              `json:"name"`
	Image             string              `json:"image"`
	ImageDigest       string              `json:"imageDigest,omitempty"`
	TaskARN           string              `json:"taskArn"`
	LastStatus        string              `json:"lastStatus"`
	Reason            string              `json:"reason,omitempty"`
	NetworkInterfaces []map[string]string `json:"networkInterfaces"`
}

func describeTasks(x *wire.Exchange, in *describeTasksInput) (any, error) {
	for _, task := range in.Tasks {
		if err := x.Allow("ecs:DescribeTasks", underCluster(in.Cluster, "task", task), ecsContext(in.Cluster)); err != nil {
			return nil, err
		}
	}
	const most = 100 // DescribeTasks in the API reference
	if len(in.Tasks) == 0 || len(in.Tasks) > most {
		x.AllowAnybody("ecs:DescribeTasks")
		return nil, wire.Refuse("InvalidParameterException", "Tasks cannot be empty or more than %d.", most)
	}
	found, failures, err := pickTasks(x, in.Cluster, in.Tasks)
	if err != nil {
		return nil, err
	}
	out := describeTasksOutput{Tasks: []ecsTaskView{}, Failures: failures}
	for _, task := range found {
		out.Tasks = append(out.Tasks, viewTask(x, task))
	}
	return out, nil
}

// pickTasks finds the named tasks of a cluster; unknown ones are failures, not errors.
func pickTasks(x *wire.Exchange, cluster string, names []string) ([]*scheduler.Task, []ecsFailure, error) {
	if err := clusterExists(x, cluster); err != nil {
		return nil, nil, err
	}
	tasks, err := tasks(x, clusterARN(cluster))
	if err != nil {
		return nil, nil, err
	}
	byARN := map[string]*scheduler.Task{}
	for _, task := range tasks {
		byARN[task.ARN] = task
	}
	var found []*scheduler.Task
	failures := []ecsFailure{}
	for _, name := range names {
		arn := underCluster(cluster, "task", name)
		if task := byARN[arn]; task != nil {
			found = append(found, task)
		} else {
			failures = append(failures, ecsFailure{ARN: arn, Reason: "MISSING"})
		}
	}
	return found, failures, nil
}

func viewTask(x *wire.Exchange, task *scheduler.Task) ecsTaskView {
	answer := ecsTaskView{
		TaskARN: task.ARN, ClusterARN: task.ClusterARN, TaskDefinitionARN: task.TaskDefinitionARN,
		Group: "service:" + task.ServiceName, StartedBy: task.DeploymentID, LaunchType: "FARGATE",
		LastStatus: task.LastStatus, DesiredStatus: task.DesiredStatus, HealthStatus: "UNKNOWN",
		CreatedAt: wire.Stamp(task.CreatedAt), PullStoppedAt: wire.Stamp(task.PullStoppedAt),
		ConnectivityAt: wire.Stamp(task.PullStartedAt), PullStartedAt: wire.Stamp(task.PullStartedAt), // provisioning ends with the network
		StartedAt: wire.Stamp(task.StartedAt), StoppingAt: wire.Stamp(task.StoppingAt), StoppedAt: wire.Stamp(task.StoppedAt),
		StopCode: task.StopCode, StoppedReason: task.StoppedReason,
		Attachments: []ecsAttachmentView{}, Containers: []ecsContainerView{},
	}
	interfaces := []map[string]string{}
	// The network interface is attached at the end of provisioning and kept until the task has stopped.
	if task.LastStatus != scheduler.Provisioning && task.LastStatus != scheduler.Stopped {
		attachment := viewAttachment(task)
		answer.Attachments = append(answer.Attachments, attachment)
		interfaces = append(interfaces, map[string]string{"attachmentId": attachment.ID, "privateIpv4Address": task.PrivateIP})
	}
	for _, definition := range describedContainers(x, task.TaskDefinitionARN) {
		container := ecsContainerView{
			Name: definition.Name, Image: definition.Image, ImageDigest: task.Digest(definition.Name),
			TaskARN: task.ARN, LastStatus: scheduler.Pending, NetworkInterfaces: interfaces,
		}
		if task.LastStatus == scheduler.Running || task.LastStatus == scheduler.Stopped {
			container.LastStatus = task.LastStatus
		}
		if task.StopCode == scheduler.CodeTaskFailedToStart {
			container.Reason = task.StoppedReason
		}
		answer.Containers = append(answer.Containers, container)
	}
	return answer
}

func viewAttachment(task *scheduler.Task) ecsAttachmentView {
	id := task.ARN[strings.LastIndexByte(task.ARN, '/')+1:]
	return ecsAttachmentView{
		ID: id[:8] + "-0000-4000-8000-" + id[:12], Type: "ElasticNetworkInterface", Status: "ATTACHED",
		Details: []map[string]string{
			{"name": "subnetId", "value": task.SubnetID},
			{"name": "networkInterfaceId", "value": "eni-" + id[:17]},
			{"name": "privateIPv4Address", "value": task.PrivateIP},
		},
	}
}

type containerName struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// describedContainers reads the containers of a task definition; a definition that cannot be read has none.
func describedContainers(x *wire.Exchange, taskDefinition string) []containerName {
	var out []containerName
	r, _, _ := scheduler.FindTaskDefinition(x.Store, taskDefinition)
	if json.Unmarshal([]byte(view.Text(r, "containerDefinitions")), &out) != nil {
		return nil
	}
	return out
}

type taskProtectionInput struct {
	Cluster string   `json:"cluster"`
	Tasks   []string `json:"tasks"`
}

type protectedTask struct {
	TaskARN           string     `json:"taskArn"`
	ProtectionEnabled bool       `json:"protectionEnabled"`
	ExpirationDate    wire.Epoch `json:"expirationDate,omitzero"`
}

type taskProtectionOutput struct {
	ProtectedTasks []protectedTask `json:"protectedTasks"`
	Failures       []ecsFailure    `json:"failures"`
}

func getTaskProtection(x *wire.Exchange, in *taskProtectionInput) (any, error) {
	names := in.Tasks
	if len(names) == 0 {
		names = []string{"*"} // all tasks of the cluster
	}
	for _, name := range names {
		if err := x.Allow("ecs:GetTaskProtection", underCluster(in.Cluster, "task", name), ecsContext(in.Cluster)); err != nil {
			return nil, err
		}
	}
	if len(in.Tasks) == 0 {
		tasks, err := tasks(x, clusterARN(in.Cluster))
		if err != nil {
			return nil, err
		}
		names = nil
		for _, task := range tasks {
			if task.DesiredStatus == scheduler.Running {
				names = append(names, task.ARN)
			}
		}
	}
	return viewProtection(x, in.Cluster, names)
}

func viewProtection(x *wire.Exchange, cluster string, names []string) (any, error) {
	found, failures, err := pickTasks(x, cluster, names)
	if err != nil {
		return nil, err
	}
	out := taskProtectionOutput{ProtectedTasks: []protectedTask{}, Failures: failures}
	for _, task := range found {
		answer := protectedTask{TaskARN: task.ARN, ProtectionEnabled: task.Protected(x.Now)}
		if answer.ProtectionEnabled {
			answer.ExpirationDate = wire.Stamp(task.ProtectedUntil)
		}
		out.ProtectedTasks = append(out.ProtectedTasks, answer)
	}
	return out, nil
}

type updateTaskProtectionInput struct {
	Cluster           string   `json:"cluster"`
	Tasks             []string `json:"tasks"`
	ProtectionEnabled *bool    `json:"protectionEnabled"`
	ExpiresInMinutes  *int     `json:"expiresInMinutes"`
}

// Limits of UpdateTaskProtection in the API reference.
const (
	mostProtected    = 10
	defaultProtected = 120 // minutes
	longestProtected = 2880
)

func updateTaskProtection(x *wire.Exchange, in *updateTaskProtectionInput) (any, error) {
	for _, name := range in.Tasks {
		if err := x.Allow("ecs:UpdateTaskProtection", underCluster(in.Cluster, "task", name), ecsContext(in.Cluster)); err != nil {
			return nil, err
		}
	}
	minutes := defaultProtected
	if in.ExpiresInMinutes != nil {
		minutes = *in.ExpiresInMinutes
	}
	switch {
	case len(in.Tasks) == 0 || len(in.Tasks) > mostProtected:
		x.AllowAnybody("ecs:UpdateTaskProtection")
		return nil, wire.Refuse("InvalidParameterException", "Tasks cannot be empty or more than %d.", mostProtected)
	case in.ProtectionEnabled == nil:
		return nil, wire.Refuse("InvalidParameterException", "protectionEnabled cannot be null.")
	case minutes < 1 || minutes > longestProtected:
		return nil, wire.Refuse("InvalidParameterException", "expiresInMinutes must be between 1 and %d.", longestProtected)
	}
	running, err := schedulerOf(x)
	if err != nil {
		return nil, err
	}
	found, _, err := pickTasks(x, in.Cluster, in.Tasks)
	if err != nil {
		return nil, err
	}
	for _, task := range found {
		until := x.Now.Add(time.Duration(minutes) * time.Minute)
		if !*in.ProtectionEnabled {
			until = time.Time{}
		}
		if task.DesiredStatus != scheduler.Running {
			continue
		}
		if err := running.Protect(task.ARN, until); err != nil {
			return nil, err
		}
	}
	return viewProtection(x, in.Cluster, in.Tasks)
}
