package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// stoppedTask selects ECS's events of stopped tasks (ECS developer guide: "Amazon ECS task state change events").
type stoppedTask struct {
	ClusterArn []string  `json:"clusterArn"`
	Group      []string  `json:"group"`
	LastStatus []string  `json:"lastStatus"`
	Causes     []failure `json:"$or"`
}

// failure is one way in which a task fails.
type failure struct {
	StopCode      []string        `json:"stopCode"`
	StoppedReason oneOf           `json:"stoppedReason,omitempty"`
	Containers    *failedExitCode `json:"containers,omitempty"`
}

type failedExitCode struct {
	ExitCode oneOf `json:"exitCode"`
}

const (
	neverStarted = "TaskFailedToStart"
	exited       = "EssentialContainerExited"
	replaced     = "ServiceSchedulerInitiated"
	// efsReason is in every reason that ECS gives for a file system it could not mount, such as "failed to invoke EFS
	// utils commands to set up EFS volumes".
	efsReason = "*EFS*"
)

// mountFailures are tasks that could not mount the workspace.
func mountFailures() []failure {
	return []failure{{StopCode: []string{neverStarted}, StoppedReason: wildcard(efsReason)}}
}

// taskFailures are tasks that failed in any other way: their image, secrets, network or capacity was missing, the
// container ended with an error, or it did not pass its health check. Tasks that were put to sleep, deployed over or that
// ended by themselves without an error are none.
func taskFailures() []failure {
	return []failure{
		{StopCode: []string{neverStarted}, StoppedReason: notWildcard(efsReason)},
		{StopCode: []string{exited}, Containers: &failedExitCode{ExitCode: anythingBut(0)}},
		{StopCode: []string{replaced}, StoppedReason: wildcard("*health check*")},
	}
}

// addTaskReports reports every task that fails, with ECS's reason. These are events and not alarms: ECS has no metric of
// failed tasks, a metric of our own would cost more than the event, and would not say why.
func (o *Observability) addTaskReports(ctx *pulumi.Context, name string, args *ObservabilityArgs) error {
	for _, report := range []struct {
		suffix, name, description, message string
		causes                             []failure
	}{
		{
			"mount-failed", "edit-mount-failed", "Tasks of the live editor that could not mount the workspace",
			"A task of the live editor could not mount the workspace file system. Check mount targets, security groups and " +
				"the file system's policy (docs/troubleshooting.md).",
			mountFailures(),
		},
		{
			"task-failed", "edit-task-failed", "Tasks of the live editor that failed",
			"A task of the live editor failed. ECS tries again; the scaler gives up after a few failures.",
			taskFailures(),
		},
	} {
		_, err := newEventAlert(ctx, name+"-"+report.suffix, &eventAlertArgs{
			Name:        args.Names.Other(report.name),
			Description: report.description,
			Pattern:     stoppedTasks(args.Service, report.causes),
			Message:     report.message,
			Facts: map[string]string{
				"code": "$.detail.stopCode", "reason": "$.detail.stoppedReason", "containers": "$.detail.containers",
				"task": "$.detail.taskArn", "time": "$.time",
			},
			TopicArn: args.Alerts.TopicArn,
		}, o)
		if err != nil {
			return err
		}
	}
	return nil
}

// stoppedTasks selects the service's tasks that stopped for one of causes.
func stoppedTasks(service *EditService, causes []failure) pulumi.AnyOutput {
	return pulumi.All(service.ClusterArn, service.ServiceName).ApplyT(func(values []any) any {
		cluster, _ := values[0].(string)
		name, _ := values[1].(string)
		return eventPattern{
			Source:     []string{"aws.ecs"},
			DetailType: []string{"ECS Task State Change"},
			Detail: stoppedTask{
				ClusterArn: []string{cluster}, Group: []string{"service:" + name}, LastStatus: []string{"STOPPED"}, Causes: causes,
			},
		}
	}).(pulumi.AnyOutput)
}
